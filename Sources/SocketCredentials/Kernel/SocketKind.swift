#if os(Linux)
internal import CLinux
public import SystemPackage

/// How a Unix socket keeps what is written to it (unix(7)).
public enum SocketKind: String, Hashable, Sendable, CaseIterable {
    /// Bytes without boundaries. The corresponding C constant is `SOCK_STREAM`.
    case stream
    /// Messages without a connection. The corresponding C constant is `SOCK_DGRAM`.
    case datagram
    /// Messages in a connection. The corresponding C constant is `SOCK_SEQPACKET`.
    case sequencedPacket

    init?(rawType: CInt) {
        guard let kind = Self.allCases.first(where: { $0.rawType == rawType }) else { return nil }
        self = kind
    }

    /// The number that socket(2) and `SO_TYPE` have for it.
    var rawType: CInt {
        switch self {
        case .stream: CInt(SOCK_STREAM.rawValue)
        case .datagram: CInt(SOCK_DGRAM.rawValue)
        case .sequencedPacket: CInt(SOCK_SEQPACKET.rawValue)
        }
    }
}

/// Why a descriptor is no Unix socket of a known kind.
public enum SocketKindError: Error, Hashable, Sendable {
    /// It is something else than a socket.
    case notSocket
    /// It is a socket of this address family (`AF_INET` is 2), not of `AF_UNIX`.
    case otherFamily(Int32)
    /// It is a Unix socket of this `SO_TYPE`, which this library does not know.
    case otherType(Int32)
    /// The kernel could not be asked.
    case failed(Errno)
}

extension SocketKindError: CustomStringConvertible {
    /// A full sentence.
    public var description: String {
        switch self {
        case .notSocket: "The descriptor is not a socket."
        case .otherFamily(let family):
            "The descriptor is a socket of address family \(family), not a Unix socket."
        case .otherType(let type): "The descriptor is a Unix socket of the unknown type \(type)."
        case .failed(let errno): "The kernel does not say what the descriptor is: \(errno)."
        }
    }
}
#endif
