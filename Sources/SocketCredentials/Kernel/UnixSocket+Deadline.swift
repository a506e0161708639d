internal import CLinux
internal import SystemPackage

extension UnixSocket {
    /// Connects a new socket to `path`, which does not block from then on.
    ///
    /// - Parameter patience: how long a listener whose queue is full is waited for
    ///   (`SO_SNDTIMEO`, unix_stream_connect).
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
        try unsafe socket.withAddress(path) { address, length throws(SystemCallError) in
            // SAFETY: the address is complete and outlives the call.
            _ = try checked("connect", on: path) { unsafe clinux_connect(number, address, length) }
        }
        try socket.descriptor.setNonBlocking()
        return socket
    }
}
