#if os(Linux)
// sendmsg(2) with a claim and descriptors.

internal import CLinux
internal import SystemPackage

extension UnixSocket {
    /// Sends `bytes` with a claim of who sends them and with `descriptors`, which stay the
    /// caller's.
    ///
    /// On a stream as much goes as the socket takes; claim and descriptors go with the first of
    /// these bytes, the claim with all of them. On the other kinds it is one message.
    ///
    /// - Parameters:
    ///   - bytes: on a stream at least one where a claim or descriptors go along.
    ///   - claim: nil leaves it to the kernel, which says the process and its real ids.
    ///   - descriptors: at most 253.
    /// - Returns: how many bytes went; nil where the socket does not block and is full.
    /// - Throws: `SendError`; nothing was sent.
    public borrowing func send(
        _ bytes: ArraySlice<UInt8>, claiming claim: Claim? = nil,
        with descriptors: borrowing DescriptorList
    ) throws(SendError) -> Int? {
        guard descriptors.count <= AncillaryData.maximumRights else {
            throw .tooManyDescriptors(count: descriptors.count)
        }
        if kind == .stream, bytes.isEmpty, claim != nil || !descriptors.isEmpty {
            throw .noBytesToCarryIt
        }
        do throws(SystemCallError) {
            return try Self.sendMessage(
                descriptor.rawValue, bytes, claim: claim, descriptors.numbers)
        } catch {
            if error.errno == .wouldBlock { return nil }
            throw SendError(
                error, byteCount: bytes.count, claim: claim,
                hasDescriptors: !descriptors.isEmpty)
        }
    }

    /// Sends `bytes` without descriptors.
    ///
    /// - Returns: how many bytes went; nil where the socket does not block and is full.
    /// - Throws: `SendError`; nothing was sent.
    public borrowing func send(
        _ bytes: ArraySlice<UInt8>, claiming claim: Claim? = nil
    ) throws(SendError) -> Int? {
        try send(bytes, claiming: claim, with: DescriptorList())
    }

    /// Sends a whole array with a claim of who sends it and with `descriptors`, which stay the
    /// caller's.
    ///
    /// - Parameters:
    ///   - bytes: what is sent.
    ///   - claim: nil leaves it to the kernel, which says the process and its real ids.
    ///   - descriptors: at most 253.
    /// - Returns: how many bytes went; nil where the socket does not block and is full.
    /// - Throws: `SendError`; nothing was sent.
    public borrowing func send(
        _ bytes: [UInt8], claiming claim: Claim? = nil, with descriptors: borrowing DescriptorList
    ) throws(SendError) -> Int? {
        try send(bytes[...], claiming: claim, with: descriptors)
    }

    /// Sends a whole array without descriptors.
    ///
    /// - Parameters:
    ///   - bytes: what is sent.
    ///   - claim: nil leaves it to the kernel, which says the process and its real ids.
    /// - Returns: how many bytes went; nil where the socket does not block and is full.
    /// - Throws: `SendError`; nothing was sent.
    public borrowing func send(
        _ bytes: [UInt8], claiming claim: Claim? = nil
    ) throws(SendError) -> Int? {
        try send(bytes[...], claiming: claim, with: DescriptorList())
    }

    /// Runs sendmsg(2).
    static func sendMessage(
        _ number: CInt, _ bytes: ArraySlice<UInt8>, claim: Claim?, _ descriptors: [CInt]
    ) throws(SystemCallError) -> Int {
        let control = controlBuffer(claim, descriptors)
        // SAFETY: sendmsg only reads the two arrays, which outlive the call.
        return try unsafe bytes.withUnsafeBufferPointer { data throws(SystemCallError) in
            try unsafe control.withUnsafeBufferPointer { control throws(SystemCallError) in
                try unsafe sendMessage(
                    number, UnsafeRawBufferPointer(data), control: UnsafeRawBufferPointer(control))
            }
        }
    }

    private static func controlBuffer(_ claim: Claim?, _ descriptors: [CInt]) -> [UInt8] {
        if claim == nil && descriptors.isEmpty { return [] }
        var writer = ControlWriter(
            on: .linux,
            capacity: AncillaryData.space(for: 12, on: .linux)
                + AncillaryData.space(for: descriptors.count * 4, on: .linux))
        if let claim { writer.append(pid: claim.pid, uid: claim.uid, gid: claim.gid) }
        if !descriptors.isEmpty { writer.append(rights: descriptors) }
        return writer.bytes
    }

    private static func sendMessage(
        _ number: CInt, _ data: UnsafeRawBufferPointer, control: UnsafeRawBufferPointer
    ) throws(SystemCallError) -> Int {
        var vector = unsafe iovec(
            iov_base: UnsafeMutableRawPointer(mutating: data.baseAddress), iov_len: data.count)
        // SAFETY: as above.
        return try unsafe withUnsafeMutablePointer(to: &vector) {
            vector throws(SystemCallError) in
            var message = unsafe msghdr()
            unsafe message.msg_iov = vector
            unsafe message.msg_iovlen = 1
            unsafe message.msg_control = UnsafeMutableRawPointer(mutating: control.baseAddress)
            unsafe message.msg_controllen = control.count
            return try retryingOnInterrupt("sendmsg") {
                unsafe sendmsg(number, &message, CInt(MSG_NOSIGNAL))
            }
        }
    }
}
#endif
