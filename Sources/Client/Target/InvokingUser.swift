// On whose behalf the program runs. With sudo(8) that is not root but the user who called it: the
// output is theirs, the kernel checks with their rights where it may be written, and a command
// runs as them.

internal import LinuxSystem

/// The user behind this process.
struct InvokingUser: Sendable {
    /// Who it is; nil where that is who this process runs as anyway.
    let identity: UserIdentity?
    let uid: UInt32

    /// - Parameters:
    ///   - realUID: only root can have been somebody else before. The real uid and not the
    ///     effective one: the environment of a set-user-ID program is its caller's.
    ///   - environment: looks a variable up; `SUDO_UID` and `SUDO_GID` are sudo's.
    init(realUID: UInt32, environment: (String) -> String?) {
        guard realUID == 0, let uid = environment("SUDO_UID").flatMap({ UInt32($0) }), uid != 0,
            uid != UInt32.max
        else {
            self.uid = realUID
            identity = nil
            return
        }
        self.uid = uid
        let account = UserAccount(uid: uid)
        let gid = environment("SUDO_GID").flatMap { UInt32($0) } ?? account?.gid ?? uid
        identity = UserIdentity(uid: uid, gid: gid, groups: account?.groups ?? [gid])
    }

    static func current() -> InvokingUser {
        InvokingUser(realUID: OwnProcess.uid, environment: OwnProcess.environment)
    }
}
