#if os(Linux)
internal import CLinux
internal import SystemPackage

extension UnixSocket {
    /// Binds a new socket to `path`, which only the own user may connect to (mode 0600), and
    /// listens. Credentials are recorded from the first connection on (`SO_PASSCRED`).
    ///
    /// - Parameters:
    ///   - path: where no file is yet.
    ///   - kind: `stream` or `sequencedPacket`.
    ///   - backlog: how many connections may wait to be accepted (listen(2)).
    /// - Throws: `SystemCallError`; `EADDRINUSE` where the path exists.
    public static func listening(
        at path: String, _ kind: SocketKind = .stream, backlog: Int = 128
    ) throws(SystemCallError) -> UnixSocket {
        let socket = try bound(to: path, kind)
        let number = socket.descriptor.rawValue
        _ = try checked("listen", on: path) { listen(number, CInt(backlog)) }
        return socket
    }

    /// Binds a new socket to `path`, which only the own user may send to (mode 0600). Credentials
    /// are recorded with everything that arrives (`SO_PASSCRED`).
    ///
    /// - Throws: `SystemCallError`; `EADDRINUSE` where the path exists.
    public static func bound(
        to path: String, _ kind: SocketKind = .datagram
    ) throws(SystemCallError) -> UnixSocket {
        let socket = try UnixSocket(kind)
        let number = socket.descriptor.rawValue
        // Before the name exists: whoever finds it must not get something unrecorded in.
        _ = try checked("setsockopt") { clinux_set_option(number, SO_PASSCRED, 1) }
        // unix_bind() makes the file with the mode of the socket's inode.
        _ = try checked("fchmod", on: path) { fchmod(number, 0o600) }
        try unsafe socket.withAddress(path) { address, length throws(SystemCallError) in
            // SAFETY: the address is complete and outlives the call.
            _ = try checked("bind", on: path) { unsafe clinux_bind(number, address, length) }
        }
        return socket
    }

    /// Connects a new socket to `path`.
    ///
    /// - Throws: `SystemCallError`: `ENOENT` and `ECONNREFUSED` where nobody listens, `EPROTOTYPE`
    ///   where the socket there is of another kind.
    public static func connected(
        to path: String, _ kind: SocketKind = .stream
    ) throws(SystemCallError) -> UnixSocket {
        let socket = try UnixSocket(kind)
        try socket.connect(to: path)
        return socket
    }

    /// Connects a new stream socket to `path`, which does not block from then on.
    ///
    /// - Parameters:
    ///   - path: where somebody listens.
    ///   - patience: how long a listener whose queue is full is waited for (`SO_SNDTIMEO`,
    ///     unix_stream_connect).
    /// - Throws: `SystemCallError`: `EAGAIN` where the listener accepted nobody in that time.
    public static func connected(to path: String, within patience: Duration)
        throws(SystemCallError) -> UnixSocket
    {
        let socket = try UnixSocket()
        let number = socket.descriptor.rawValue
        let (seconds, attoseconds) = patience.components
        var time = timeval(
            tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        _ = try checked("setsockopt") {
            // SAFETY: the value is a structure that outlives the call.
            unsafe setsockopt(
                number, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        try socket.connect(to: path)
        try socket.descriptor.setNonBlocking()
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
            return UnixSocket(adopting: OwnedDescriptor(adopting: accepted), kind: kind)
        } catch {
            if error.errno == .wouldBlock || error.errno == .connectionAbort { return nil }
            throw error
        }
    }

    private borrowing func connect(to path: String) throws(SystemCallError) {
        let number = descriptor.rawValue
        try unsafe withAddress(path) { address, length throws(SystemCallError) in
            // SAFETY: the address is complete and outlives the call.
            _ = try checked("connect", on: path) { unsafe clinux_connect(number, address, length) }
        }
    }

    /// Calls `body` with a complete `sockaddr_un` for `path`.
    private borrowing func withAddress(
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
#endif
