// The other direction of ControlCursor: one array, into which each item is written in place.

/// Writes the items of a control buffer for sendmsg(2), one behind the other.
struct ControlWriter: Sendable {
    private let platform: Platform
    private let format: ControlFormat
    /// What has been written.
    private(set) var bytes: [UInt8] = []

    /// - Parameter capacity: bytes that the items are going to take (`CMSG_SPACE` of each).
    init(on platform: Platform = .current, capacity: Int) {
        self.platform = platform
        format = platform.controlFormat
        bytes.reserveCapacity(capacity)
    }

    /// Writes an item whose `count` bytes of data `body` appends.
    mutating func append(
        level: Int32, type: Int32, count: Int, _ body: (inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        let length = format.dataOffset + count
        if format.lengthSize == 8 {
            bytes.append(native: UInt64(length))
        } else {
            bytes.append(native: UInt32(length))
        }
        bytes.append(native: UInt32(bitPattern: level))
        bytes.append(native: UInt32(bitPattern: type))
        bytes.append(zeros: start + format.dataOffset - bytes.count)
        body(&bytes)
        bytes.append(zeros: start + format.aligned(length) - bytes.count)
    }

    mutating func append(_ item: AncillaryData) {
        append(level: item.level, type: item.type, count: item.bytes.count) { $0 += item.bytes }
    }

    /// Writes a `SCM_RIGHTS` item.
    mutating func append(rights descriptors: [Int32]) {
        append(
            level: platform.socketLevel, type: platform.rightsType, count: descriptors.count * 4
        ) { $0.append(rights: descriptors) }
    }

    /// Writes a Linux `SCM_CREDENTIALS` item.
    mutating func append(pid: Int32, uid: UInt32, gid: UInt32) {
        append(
            level: AncillaryData.socketLevel, type: AncillaryData.credentialsType, count: 12
        ) { $0.append(pid: pid, uid: uid, gid: gid) }
    }
}

extension [UInt8] {
    /// Appends Linux's `struct ucred`.
    mutating func append(pid: Int32, uid: UInt32, gid: UInt32) {
        append(native: UInt32(bitPattern: pid))
        append(native: uid)
        append(native: gid)
    }

    /// Appends an array of C `int`s.
    mutating func append(rights descriptors: [Int32]) {
        for descriptor in descriptors { append(native: UInt32(bitPattern: descriptor)) }
    }
}
