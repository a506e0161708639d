// One control message (cmsg(3)): decoded from what recvmsg(2) delivered, or built for sendmsg(2).
// Layout on 64-bit Linux: u64 cmsg_len (header included), i32 cmsg_level, i32 cmsg_type, data,
// padding to 8 bytes. Native byte order.

/// One item of ancillary data on a socket.
public struct AncillaryData: Hashable, Sendable {
    /// The protocol the item belongs to. The corresponding C field is `cmsg_level`.
    public var level: Int32
    /// The item's type within its level. The corresponding C field is `cmsg_type`.
    public var type: Int32
    /// The item's data, without header and padding.
    public var bytes: [UInt8]

    public init(level: Int32, type: Int32, bytes: [UInt8]) {
        self.level = level
        self.type = type
        self.bytes = bytes
    }

    /// The corresponding C constant is `SOL_SOCKET`.
    public static let socketLevel: Int32 = 1
    /// The corresponding C constant is `SCM_RIGHTS`.
    public static let rightsType: Int32 = 1
    /// The corresponding C constant is `SCM_CREDENTIALS`.
    public static let credentialsType: Int32 = 2
    /// The corresponding C constant is `SCM_PIDFD`.
    public static let pidfdType: Int32 = 4
    /// The most descriptors one message can carry. The corresponding C constant is `SCM_MAX_FD`.
    public static let maximumRights = 253

    /// A claim of `pid`, `uid` and `gid` (`SCM_CREDENTIALS`); the kernel refuses it from a sender
    /// that may not become them.
    public static func credentials(pid: Int32, uid: UInt32, gid: UInt32) -> AncillaryData {
        AncillaryData(
            level: socketLevel, type: credentialsType,
            bytes: nativeBytes(of: UInt32(bitPattern: pid)) + nativeBytes(of: uid)
                + nativeBytes(of: gid))
    }

    /// The sender's credentials: present only where this is a `SCM_CREDENTIALS` item of exactly 12
    /// bytes. A truncated item is not an identity.
    public var credentials: Credentials? {
        guard level == Self.socketLevel, type == Self.credentialsType, bytes.count == 12 else {
            return nil
        }
        return Credentials(
            source: .scmCredentials, pid: Int32(bitPattern: Self.word(in: bytes, at: 0)),
            uid: Self.word(in: bytes, at: 4), gid: Self.word(in: bytes, at: 8))
    }

    /// The descriptor numbers of a `SCM_RIGHTS` item in their order; nil for any other item. Every
    /// whole slot is listed. A negative one is an errno that the kernel put there, and nothing to
    /// close.
    package var rights: [Int32]? {
        guard level == Self.socketLevel, type == Self.rightsType else { return nil }
        return (0..<bytes.count / 4).map { Int32(bitPattern: Self.word(in: bytes, at: $0 * 4)) }
    }

    /// The descriptor number of a `SCM_PIDFD` item; nil for any other item. A negative one is an
    /// errno that the kernel put there, and nothing to close.
    package var pidfd: Int32? {
        guard level == Self.socketLevel, type == Self.pidfdType, bytes.count == 4 else {
            return nil
        }
        return Int32(bitPattern: Self.word(in: bytes, at: 0))
    }

    /// A `SCM_RIGHTS` item for descriptors that the caller keeps open until it was sent.
    package static func rights(_ descriptors: [Int32]) -> AncillaryData {
        AncillaryData(
            level: socketLevel, type: rightsType,
            bytes: descriptors.flatMap { nativeBytes(of: UInt32(bitPattern: $0)) })
    }
}

// MARK: - The control buffer

extension AncillaryData {
    private static let headerSize = 16
    private static let alignment = 8

    /// The bytes a control buffer needs for an item of `count` data bytes. The corresponding C
    /// macro is `CMSG_SPACE`.
    public static func space(for count: Int) -> Int {
        headerSize + (count + alignment - 1) / alignment * alignment
    }

    /// The control buffer for sendmsg(2) that holds `items` in their order.
    public static func controlBuffer(of items: [AncillaryData]) -> [UInt8] {
        var buffer: [UInt8] = []
        for item in items {
            let end = buffer.count + space(for: item.bytes.count)
            buffer += nativeBytes(of: UInt64(headerSize + item.bytes.count))
            buffer += nativeBytes(of: UInt32(bitPattern: item.level))
            buffer += nativeBytes(of: UInt32(bitPattern: item.type))
            buffer += item.bytes
            buffer += Array(repeating: 0, count: end - buffer.count)
        }
        return buffer
    }

    /// The items in the first `buffer.count` bytes that recvmsg(2) wrote, in the kernel's order.
    ///
    /// An item whose length is below its header or reaches past the buffer ends the walk: nothing
    /// behind it can be trusted to be an item.
    public static func items(in buffer: [UInt8]) -> [AncillaryData] {
        var items: [AncillaryData] = []
        var offset = 0
        while buffer.count - offset >= headerSize {
            let length =
                UInt64(word(in: buffer, at: offset)) | UInt64(word(in: buffer, at: offset + 4))
                << 32
            guard length >= headerSize, length <= buffer.count - offset else { break }
            let end = offset + Int(length)
            items.append(
                AncillaryData(
                    level: Int32(bitPattern: word(in: buffer, at: offset + 8)),
                    type: Int32(bitPattern: word(in: buffer, at: offset + 12)),
                    bytes: Array(buffer[offset + headerSize..<end])))
            offset += space(for: Int(length) - headerSize)
        }
        return items
    }

    private static func nativeBytes(of value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value.littleEndian >> ($0 * 8)) }
    }

    /// The 32-bit word at `offset`, which the caller has checked to be inside.
    private static func word(in bytes: [UInt8], at offset: Int) -> UInt32 {
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << ($1 * 8) }
        return UInt32(littleEndian: word)
    }
}
