// Stream sockets of the Unix domain: made, listened on, connected, and what can be asked of them.
// What travels over them is in UnixSocket+Messages.swift.

internal import CLinux
internal import SystemPackage

/// A `SOCK_STREAM` socket of `AF_UNIX`, close-on-exec (unix(7)).
public struct UnixSocket: ~Copyable, Sendable {
    public let descriptor: OwnedDescriptor

    /// Takes over a descriptor that is known to be such a socket.
    public init(adopting descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// An unconnected, unbound socket.
    public init() throws(SystemCallError) {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        self.init(
            adopting: OwnedDescriptor(
                adopting: try checked("socket") { socket(AF_UNIX, type, 0) }))
    }

    /// Binds a new socket to `path`, which only the own user may connect to (mode 0600), and
    /// listens. Credentials are recorded from the first connection on (`SO_PASSCRED`).
    ///
    /// - Throws: `SystemCallError`; `EADDRINUSE` where the path exists.
    public static func listening(at path: String, backlog: Int = 128) throws(SystemCallError)
        -> UnixSocket
    {
        let socket = try UnixSocket()
        let number = socket.descriptor.rawValue
        try socket.setPassCredentials()
        // unix_bind() makes the file with the mode of the socket's inode.
        _ = try checked("fchmod", on: path) { fchmod(number, 0o600) }
        try unsafe socket.withAddress(path) { address, length throws(SystemCallError) in
            // SAFETY: the address is complete and outlives the call.
            _ = try checked("bind", on: path) { unsafe clinux_bind(number, address, length) }
        }
        _ = try checked("listen", on: path) { listen(number, CInt(backlog)) }
        return socket
    }

    /// Connects a new socket to `path`.
    ///
    /// - Throws: `SystemCallError`: `ENOENT` and `ECONNREFUSED` where nobody listens.
    public static func connected(to path: String) throws(SystemCallError) -> UnixSocket {
        let socket = try UnixSocket()
        let number = socket.descriptor.rawValue
        try unsafe socket.withAddress(path) { address, length throws(SystemCallError) in
            // SAFETY: the address is complete and outlives the call.
            _ = try checked("connect", on: path) { unsafe clinux_connect(number, address, length) }
        }
        return socket
    }

    /// Accepts a connection; nil where none waits (the listener does not block).
    ///
    /// The new socket does not block. Errors that belong to the peer that just went away
    /// (`ECONNABORTED`) count as none.
    public borrowing func accept() throws(SystemCallError) -> UnixSocket? {
        let number = descriptor.rawValue
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        do throws(SystemCallError) {
            let accepted = try retryingOnInterrupt("accept4") {
                clinux_accept4(number, flags)
            }
            return UnixSocket(adopting: OwnedDescriptor(adopting: accepted))
        } catch {
            if error.errno == .wouldBlock || error.errno == .connectionAbort { return nil }
            throw error
        }
    }

    /// Asks the kernel to deliver the sender's credentials with every message. The corresponding C
    /// constant is `SO_PASSCRED`.
    public borrowing func setPassCredentials() throws(SystemCallError) {
        let number = descriptor.rawValue
        var on: CInt = 1
        _ = try checked("setsockopt") {
            // SAFETY: the value is an int that outlives the call.
            unsafe setsockopt(
                number, SOL_SOCKET, SO_PASSCRED, &on, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    /// Who connected (at an accepted socket) or called listen(2) (at a connected one), with
    /// effective ids; nil where there is no peer. The corresponding C constant is `SO_PEERCRED`.
    ///
    /// Under socket activation the listener is systemd, not the daemon: never authenticate a
    /// server by this.
    public borrowing func peerCredentials() throws(SystemCallError) -> Credentials? {
        let number = descriptor.rawValue
        var peer = clinux_ucred()
        var length = socklen_t(MemoryLayout<clinux_ucred>.size)
        _ = try checked("getsockopt") {
            // SAFETY: the value has the size that `length` says.
            unsafe getsockopt(number, SOL_SOCKET, SO_PEERCRED, &peer, &length)
        }
        guard length == MemoryLayout<clinux_ucred>.size, peer.uid != UInt32.max else { return nil }
        return Credentials(
            source: .peerCredentials, pid: peer.pid, euid: peer.uid, egid: peer.gid)
    }

    /// Calls `body` with a complete `sockaddr_un` for `path`.
    borrowing func withAddress(
        _ path: String,
        _ body: (UnsafeRawPointer, socklen_t) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < capacity, !bytes.contains(0) else {
            throw SystemCallError("bind or connect", .fileNameTooLong, on: path)
        }
        // SAFETY: the bytes fit and a zero byte is left behind them.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        try unsafe withUnsafePointer(to: &address) { pointer throws(SystemCallError) in
            try unsafe body(UnsafeRawPointer(pointer), socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
