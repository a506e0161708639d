#if os(Linux)
internal import CLinux

/// Who a sender says it is. The kernel delivers it only if the sender may become that
/// (`SCM_CREDENTIALS`, unix(7), scm_check_creds).
public struct Claim: Hashable, Sendable {
    /// The own process; another one needs `CAP_SYS_ADMIN` in the user namespace that owns the pid
    /// namespace.
    public var pid: Int32
    /// The own real, effective or saved user id; another one needs `CAP_SETUID`.
    public var uid: UInt32
    /// The own real, effective or saved group id; another one needs `CAP_SETGID`.
    public var gid: UInt32

    /// A claim of these three numbers.
    public init(pid: Int32, uid: UInt32, gid: UInt32) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
    }

    /// This process with its real ids: what the kernel says of a sender that claims nothing.
    public static var own: Claim { Claim(pid: getpid(), uid: getuid(), gid: getgid()) }

    /// One number of a claim.
    public enum Part: Hashable, Sendable {
        /// The process id.
        case pid(Int32)
        /// The user id.
        case uid(UInt32)
        /// The group id.
        case gid(UInt32)

        /// What a sender needs that claims a number other than its own.
        public var capability: Capability {
            switch self {
            case .pid: .sysAdmin
            case .uid: .setUID
            case .gid: .setGID
            }
        }
    }

    /// The three numbers, each by itself.
    public var parts: [Part] { [.pid(pid), .uid(uid), .gid(gid)] }

    /// The own process, but for `part`.
    init(own: Claim, except part: Part) {
        self = own
        switch part {
        case .pid(let pid): self.pid = pid
        case .uid(let uid): self.uid = uid
        case .gid(let gid): self.gid = gid
        }
    }
}

/// A capability that the kernel asks a sender for (capabilities(7)).
public enum Capability: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// To claim another user id.
    case setUID = "CAP_SETUID"
    /// To claim another group id.
    case setGID = "CAP_SETGID"
    /// To claim another process.
    case sysAdmin = "CAP_SYS_ADMIN"

    /// Its name in capabilities(7).
    public var description: String { rawValue }
}

extension Claim.Part: CustomStringConvertible {
    /// Its kind and its number, `uid 0`.
    public var description: String {
        switch self {
        case .pid(let pid): "pid \(pid)"
        case .uid(let uid): "uid \(uid)"
        case .gid(let gid): "gid \(gid)"
        }
    }
}
#endif
