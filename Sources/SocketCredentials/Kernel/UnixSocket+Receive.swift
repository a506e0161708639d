#if os(Linux)
// recvmsg(2) with ancillary data. Everything that the kernel installs in our descriptor table is
// owned before anything else is looked at, so that no path out of here can leak it. MSG_PEEK is
// never used: it would install the descriptors once more at each look.

internal import CLinux
internal import SystemPackage

extension UnixSocket {
    /// Receives up to `limit` bytes and appends them to `buffer`.
    ///
    /// On a stream, bytes of two senders never come together while `SO_PASSCRED` is on; descriptors
    /// come with the first byte of what they were sent with, and nothing behind that comes along,
    /// but plain bytes in front of it may. On the other kinds this is exactly one message; one of
    /// no bytes is a message too, see ``Reception/endOfStream``.
    ///
    /// - Parameters:
    ///   - buffer: keeps what is in it; grows by what has come.
    ///   - limit: the most bytes that are received; at least 1.
    /// - Throws: `SystemCallError` of `recvmsg`; nothing was appended.
    public borrowing func receive(appendingTo buffer: inout [UInt8], limit: Int)
        throws(SystemCallError) -> Reception
    {
        precondition(limit > 0, "a receive of no bytes would take a stream's descriptors only")
        let number = descriptor.rawValue
        var call = ReceiveResult(byteCount: 0, controlCount: 0, flags: 0)
        do throws(SystemCallError) {
            let control = try [UInt8](capacity: controlCapacity) { output throws(SystemCallError) in
                // SAFETY: recvmsg says how many control bytes it has written.
                try unsafe output.withUnsafeMutableBufferPointer {
                    control, written throws(SystemCallError) in
                    call = try unsafe Self.receiveMessage(
                        number, appendingTo: &buffer, limit, control: control)
                    written = call.controlCount
                }
            }
            return ReceivedItems(in: control).reception(call, kind)
        } catch {
            if error.errno == .wouldBlock { return .nothingYet }
            throw error
        }
    }

    /// What recvmsg(2) said of one receive.
    struct ReceiveResult {
        var byteCount: Int
        var controlCount: Int
        var flags: CInt
    }

    private static func receiveMessage(
        _ number: CInt, appendingTo buffer: inout [UInt8], _ limit: Int,
        control: UnsafeMutableBufferPointer<UInt8>
    ) throws(SystemCallError) -> ReceiveResult {
        var result = ReceiveResult(byteCount: 0, controlCount: 0, flags: 0)
        try buffer.append(addingCapacity: limit) { output throws(SystemCallError) in
            // SAFETY: recvmsg writes its result's number of bytes to the free memory, and that
            // many are said to be initialized.
            try unsafe output.withUnsafeMutableBufferPointer {
                free, initialized throws(SystemCallError) in
                let data = unsafe UnsafeMutableRawBufferPointer(
                    start: free.baseAddress, count: limit)
                result = try unsafe receiveMessage(number, into: data, control: control)
                initialized = result.byteCount
            }
        }
        return result
    }

    private static func receiveMessage(
        _ number: CInt, into data: UnsafeMutableRawBufferPointer,
        control: UnsafeMutableBufferPointer<UInt8>
    ) throws(SystemCallError) -> ReceiveResult {
        var vector = unsafe iovec(iov_base: data.baseAddress, iov_len: data.count)
        // SAFETY: the vectors describe memory that outlives the call and that nobody else touches
        // during it.
        return try unsafe withUnsafeMutablePointer(to: &vector) {
            vector throws(SystemCallError) in
            var message = unsafe msghdr()
            unsafe message.msg_iov = vector
            unsafe message.msg_iovlen = 1
            unsafe message.msg_control = UnsafeMutableRawPointer(control.baseAddress)
            unsafe message.msg_controllen = control.count
            let count = try retryingOnInterrupt("recvmsg") {
                unsafe recvmsg(number, &message, CInt(MSG_CMSG_CLOEXEC))
            }
            return unsafe ReceiveResult(
                byteCount: count, controlCount: message.msg_controllen, flags: message.msg_flags)
        }
    }
}

/// Room for everything that one receive may deliver, so that only the descriptor limit or a
/// security module can truncate: credentials, a security label of 4 KiB, the most descriptors that
/// a message carries, a pidfd, and the timestamps and counters that an owner may have switched on
/// (`SO_TIMESTAMPING`, `SCM_INQ`).
private let controlCapacity =
    AncillaryData.space(for: 12) + AncillaryData.space(for: 4096)
    + AncillaryData.space(for: AncillaryData.maximumRights * 4) + AncillaryData.space(for: 4)
    + 2 * AncillaryData.space(for: 48)
#endif
