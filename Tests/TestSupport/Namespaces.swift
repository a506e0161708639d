// Children in namespaces of their own. Only for exit tests: the process has no thread that holds a
// lock when it forks.

import CLinux
import Glibc

/// What a child is to have for itself (namespaces(7)).
public struct Namespaces: OptionSet, Sendable {
    public let rawValue: CInt
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// C: `CLONE_NEWUSER`.
    public static let user = Namespaces(rawValue: 0x1000_0000)
    /// C: `CLONE_NEWPID`.
    public static let process = Namespaces(rawValue: 0x2000_0000)
}

/// A child process whose end somebody waits for.
public struct Child: ~Copyable {
    let pid: pid_t

    /// What it ended with; nil where a signal ended it.
    public consuming func status() -> Int32? {
        var status: CInt = 0
        while waitpid(pid, &status, 0) == -1 {
            precondition(errno == EINTR)
        }
        return clinux_has_been_killed(status) == 0 ? clinux_exit_status(status) : nil
    }
}

/// Runs `body` in a child in new namespaces; what it returns is the child's exit status.
///
/// - Parameter mapsOwnUser: in the user namespace this process' effective ids are 0; without, none
///   has a number.
public func inChild(
    _ namespaces: Namespaces, mapsOwnUser: Bool = false, _ body: () -> Int32
) -> Child {
    let (uid, gid) = (geteuid(), getegid())
    let pid = clinux_fork()
    precondition(pid >= 0)
    if pid > 0 { return Child(pid: pid) }
    guard unshareNamespaces(namespaces.rawValue) == 0 else { _exit(101) }
    if mapsOwnUser {
        let isMapped =
            write("deny", to: "/proc/self/setgroups")
            && write("0 \(uid) 1", to: "/proc/self/uid_map")
            && write("0 \(gid) 1", to: "/proc/self/gid_map")
        if !isMapped { _exit(102) }
    }
    guard namespaces.contains(.process) else { _exit(body()) }
    // The one who unshares stays outside: its children are inside.
    let inner = clinux_fork()
    if inner == 0 { _exit(body()) }
    _exit(inner > 0 ? Child(pid: inner).status() ?? 103 : 104)
}

/// Whether this user may make user namespaces at all.
public let hasUserNamespaces: Bool = {
    let pid = clinux_fork()
    if pid == 0 { _exit(unshareNamespaces(Namespaces.user.rawValue) == 0 ? 0 : 1) }
    return pid > 0 && Child(pid: pid).status() == 0
}()

private func unshareNamespaces(_ flags: CInt) -> CInt {
    let call = unsafeBitCast(
        dlsym(nil, "unshare"), to: (@convention(c) (CInt) -> CInt).self)
    return call(flags)
}

private func write(_ text: String, to path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    defer { close(file) }
    return file >= 0 && Glibc.write(file, text, text.utf8.count) == text.utf8.count
}
