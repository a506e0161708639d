// sendmsg(2) and recvmsg(2) with ancillary data. Everything that the kernel installs in our
// descriptor table is owned before anything else is looked at, so that no path out of here can
// leak it.

internal import CLinux
internal import SystemPackage

/// What one recvmsg(2) delivered besides its data.
public struct ReceivedMessage: ~Copyable {
    /// How many bytes were appended to the caller's buffer.
    public let byteCount: Int
    /// The descriptors that came along, close-on-exec.
    public var descriptors: DescriptorList
    /// The sender's credentials: nil unless data came with exactly one complete item. The end of a
    /// stream never has any, though the kernel delivers zeros there (af_unix.c).
    public let credentials: Credentials?
    /// Whether descriptors or credentials were dropped. The corresponding C constant is
    /// `MSG_CTRUNC`.
    public let isControlTruncated: Bool

    /// The peer will send nothing more.
    public var isEndOfStream: Bool { byteCount == 0 }
}

extension UnixSocket {
    /// Room for credentials, a security label of 4 KiB, a pidfd, and as many descriptors as one
    /// message can carry, so that only the descriptor limit or a security module can truncate.
    private static let controlCapacity =
        AncillaryData.space(for: 12) + AncillaryData.space(for: 4096) + AncillaryData.space(for: 4)
        + AncillaryData.space(for: AncillaryData.maximumRights * 4)

    /// Receives up to `limit` bytes and appends them to `buffer`.
    ///
    /// - Returns: nil where the socket does not block and nothing has come yet.
    public borrowing func receive(appendingTo buffer: inout [UInt8], limit: Int)
        throws(SystemCallError) -> ReceivedMessage?
    {
        let number = descriptor.rawValue
        let before = buffer.count
        var control = [UInt8](repeating: 0, count: Self.controlCapacity)
        buffer.append(contentsOf: repeatElement(0, count: limit))
        let result: Received
        do throws(SystemCallError) {
            result = try Self.receiveMessage(
                number, into: &buffer, offset: before, control: &control)
        } catch {
            buffer.removeLast(limit)
            if error.errno == .wouldBlock { return nil }
            throw error
        }
        buffer.removeLast(limit - result.byteCount)
        let items = AncillaryData.items(in: Array(control.prefix(result.controlCount)))
        let descriptors = Self.adopt(items)
        let claims = items.filter { $0.type == AncillaryData.credentialsType }
        let isIdentity = result.byteCount > 0 && claims.count == 1
        return ReceivedMessage(
            byteCount: result.byteCount, descriptors: descriptors,
            credentials: isIdentity ? try? claims[0].credentials : nil,
            isControlTruncated: result.flags & CInt(MSG_CTRUNC) != 0)
    }

    /// Takes over every descriptor among `items`. The sender's pidfd, which a listener with
    /// `SO_PASSPIDFD` asks for, is closed: it may be a claim, and nothing is decided by it.
    private static func adopt(_ items: [AncillaryData]) -> DescriptorList {
        var descriptors = DescriptorList()
        for number in items.compactMap(\.rights).joined() where number >= 0 {
            descriptors.append(OwnedDescriptor(adopting: number))
        }
        for number in items.compactMap(\.processDescriptor) where number >= 0 {
            _ = OwnedDescriptor(adopting: number)
        }
        return descriptors
    }

    /// Sends as much of `bytes` as the socket takes, with `credentials` as the sender's claim and
    /// `descriptors`, which stay the caller's.
    ///
    /// - Returns: how many bytes went; nil where the socket does not block and is full. The
    ///   ancillary data went with the first of them.
    /// - Throws: `SystemCallError`: `EPERM` where the kernel refuses the claim, `EPIPE` where the
    ///   peer has gone.
    public borrowing func send(
        _ bytes: ArraySlice<UInt8>, claiming credentials: AncillaryData? = nil,
        with descriptors: borrowing DescriptorList
    ) throws(SystemCallError) -> Int? {
        precondition(descriptors.count <= AncillaryData.maximumRights)
        var items: [AncillaryData] = []
        if let credentials { items.append(credentials) }
        if !descriptors.isEmpty { items.append(.rights(descriptors.numbers)) }
        do throws(SystemCallError) {
            return try Self.sendMessage(
                descriptor.rawValue, bytes, control: AncillaryData.controlBuffer(of: items))
        } catch {
            if error.errno == .wouldBlock { return nil }
            throw error
        }
    }

    /// Sends as much of `bytes` as the socket takes, without ancillary data.
    public borrowing func send(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) -> Int? {
        try send(bytes, with: DescriptorList())
    }

    private struct Received {
        var byteCount: Int
        var controlCount: Int
        var flags: CInt
    }

    private static func receiveMessage(
        _ number: CInt, into buffer: inout [UInt8], offset: Int, control: inout [UInt8]
    ) throws(SystemCallError) -> Received {
        // SAFETY: the vectors describe the two arrays, which outlive the call and are not touched
        // during it.
        try unsafe buffer.withUnsafeMutableBufferPointer { data throws(SystemCallError) in
            let data = unsafe UnsafeMutableBufferPointer(rebasing: data[offset...])
            return try unsafe control.withUnsafeMutableBufferPointer {
                control throws(SystemCallError) in
                var vector = unsafe iovec(iov_base: data.baseAddress, iov_len: data.count)
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
                    return unsafe Received(
                        byteCount: count, controlCount: message.msg_controllen,
                        flags: message.msg_flags)
                }
            }
        }
    }

    private static func sendMessage(
        _ number: CInt, _ bytes: ArraySlice<UInt8>, control: [UInt8]
    ) throws(SystemCallError) -> Int {
        // SAFETY: sendmsg only reads the two arrays, which outlive the call.
        try unsafe bytes.withUnsafeBufferPointer { data throws(SystemCallError) in
            try unsafe control.withUnsafeBufferPointer { control throws(SystemCallError) in
                var vector = unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: data.baseAddress),
                    iov_len: data.count)
                return try unsafe withUnsafeMutablePointer(to: &vector) {
                    vector throws(SystemCallError) in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    if !control.isEmpty {
                        unsafe message.msg_control = UnsafeMutableRawPointer(
                            mutating: control.baseAddress)
                        unsafe message.msg_controllen = control.count
                    }
                    return try retryingOnInterrupt("sendmsg") {
                        unsafe sendmsg(number, &message, CInt(MSG_NOSIGNAL))
                    }
                }
            }
        }
    }
}
