#if os(Linux)
public import SystemPackage

/// Why a socket option could not be read or set.
public enum SocketOptionError: Error, Hashable, Sendable {
    /// This kernel has it not: which option, and since which Linux there is one (`ENOPROTOOPT`).
    case notSupportedByKernel(option: String, since: String)
    /// No security module of this kernel labels sockets, so that `SO_PEERSEC` has no answer
    /// (`ENOPROTOOPT`).
    case noSecurityModule
    /// The socket has no peer: it is not connected, or is not of a kind whose peers the kernel
    /// knows, as TCP.
    case noPeer
    /// The peer's process has ended, and this kernel gives no pidfd of it (before Linux 6.16).
    case peerGone
    /// The option is one of Unix sockets, and this is none: of another address family, whose number
    /// is told (`AF_INET` is 2), or no socket at all.
    case notUnixSocket(family: Int32?)
    /// The kernel's answer is not what it should be.
    case malformed(option: String)
    /// Anything else.
    case system(SystemCallError)

    /// What the kernel said; nil where it did answer.
    public var errno: Errno? {
        switch self {
        case .notSupportedByKernel, .noSecurityModule: .protocolNotAvailable
        case .noPeer, .notUnixSocket, .malformed: nil
        case .peerGone: .noSuchProcess
        case .system(let error): error.errno
        }
    }
}

extension SocketOptionError: CustomStringConvertible {
    /// A full sentence: what happened, and what to do where something can be done.
    public var description: String {
        switch self {
        case .notSupportedByKernel(let option, let since):
            "This kernel has no \(option): it came with Linux \(since)."
        case .noSecurityModule:
            "No security module of this kernel labels sockets, so SO_PEERSEC has no answer."
        case .noPeer: "The socket has no peer whose identity the kernel knows."
        case .peerGone: "The peer's process has ended, and this kernel gives no pidfd of it."
        case .notUnixSocket(.some(let family)):
            "The socket is of address family \(family), and the option is one of Unix sockets."
        case .notUnixSocket(.none): "The descriptor is not a socket."
        case .malformed(let option): "The kernel's answer to \(option) cannot be understood."
        case .system(let error): "\(error)."
        }
    }
}
#endif
