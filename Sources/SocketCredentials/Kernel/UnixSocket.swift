#if os(Linux)
// A socket of the Unix domain with one owner: made, paired, or taken over. Addresses are in
// UnixSocket+Addresses.swift, what travels in UnixSocket+Receive.swift and UnixSocket+Send.swift,
// options in UnixSocket+Options.swift.

internal import CLinux
internal import SystemPackage

/// A socket of `AF_UNIX`, close-on-exec when it was made here (unix(7)).
public struct UnixSocket: ~Copyable, Sendable {
    /// The socket itself.
    public let descriptor: OwnedDescriptor
    /// How it keeps what is written to it.
    public let kind: SocketKind

    /// Takes over a descriptor that the caller knows to be such a socket.
    public init(adopting descriptor: consuming OwnedDescriptor, kind: SocketKind = .stream) {
        self.descriptor = descriptor
        self.kind = kind
    }

    /// Takes over a descriptor from elsewhere, after asking the kernel what it is (`SO_DOMAIN`,
    /// `SO_TYPE`).
    ///
    /// - Throws: `SocketKindError`; the descriptor has been closed.
    public init(checking descriptor: consuming OwnedDescriptor) throws(SocketKindError) {
        let family = try Self.option(SO_DOMAIN, of: descriptor)
        guard family == AF_UNIX else { throw .otherFamily(family) }
        let type = try Self.option(SO_TYPE, of: descriptor)
        guard let kind = SocketKind(rawType: type) else { throw .otherType(type) }
        self.init(adopting: descriptor, kind: kind)
    }

    /// An unconnected, unbound socket.
    public init(_ kind: SocketKind = .stream) throws(SystemCallError) {
        let type = kind.rawType | CInt(SOCK_CLOEXEC.rawValue)
        self.init(
            adopting: OwnedDescriptor(
                adopting: try checked("socket") { socket(AF_UNIX, type, 0) }), kind: kind)
    }

    /// Two sockets that are connected to each other; whoever has the pair may take it apart.
    @frozen public struct Pair: ~Copyable, Sendable {
        /// One end.
        public let first: UnixSocket
        /// The other end.
        public let second: UnixSocket
    }

    /// Makes a pair of connected sockets. Each is the other's peer with this process' ids (socketpair(2)).
    ///
    /// - Throws: `SystemCallError` of `socketpair`.
    public static func pair(_ kind: SocketKind = .stream) throws(SystemCallError) -> Pair {
        var numbers: (CInt, CInt) = (-1, -1)
        let type = kind.rawType | CInt(SOCK_CLOEXEC.rawValue)
        try unsafe withUnsafeMutableBytes(of: &numbers) { numbers throws(SystemCallError) in
            // SAFETY: the kernel writes two ints to the tuple of two.
            let start = unsafe numbers.assumingMemoryBound(to: CInt.self).baseAddress
            _ = try checked("socketpair") { unsafe socketpair(AF_UNIX, type, 0, start) }
        }
        return Pair(
            first: UnixSocket(adopting: OwnedDescriptor(adopting: numbers.0), kind: kind),
            second: UnixSocket(adopting: OwnedDescriptor(adopting: numbers.1), kind: kind))
    }

    /// Says that this end sends no more; the peer sees the end when it has read the rest. The
    /// corresponding C function is shutdown(2) with `SHUT_WR`.
    public borrowing func finishSending() throws(SystemCallError) {
        let number = descriptor.rawValue
        _ = try checked("shutdown") { shutdown(number, CInt(SHUT_WR)) }
    }

    private static func option(
        _ name: CInt, of descriptor: borrowing OwnedDescriptor
    ) throws(SocketKindError) -> CInt {
        let number = descriptor.rawValue
        var value: CInt = 0
        // SAFETY: the kernel fills in the int.
        guard unsafe clinux_get_option(number, name, &value) == 0 else {
            let error = currentErrno
            throw error == .notSocket ? .notSocket : .failed(error)
        }
        return value
    }
}
#endif
