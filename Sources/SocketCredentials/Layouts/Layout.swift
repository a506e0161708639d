// A C structure as a list of its fields in their order. One list serves decoding and encoding, so
// that they cannot disagree.

/// How a structure of fixed fields and a list of groups lies in memory.
struct Layout: Sendable {
    enum Field: Sendable {
        case pid
        /// 0 where the kernel is too old to fill it.
        case optionalPID
        case uid, euid, gid, egid
        /// Must be 0.
        case version
        /// A `short` and the two bytes that align what follows.
        case groupCount16
        case groupCount32
        /// Room for so many groups, of which the count says how many are there. The first is the
        /// effective group.
        case groupSlots(Int)
        /// As many groups as the count says, up to the end.
        case trailingGroups
        /// The same, but where there are none, the one slot that the C declaration has may be there
        /// and unused.
        case trailingGroupsOrSlot
        case padding(Int)

        /// Bytes; 0 for what has no fixed number of them.
        var size: Int {
            switch self {
            case .groupSlots(let count): count * 4
            case .padding(let count): count
            case .trailingGroups, .trailingGroupsOrSlot: 0
            default: 4
            }
        }
    }

    /// The most groups that the kernel puts into any of these structures: `CMGROUP_MAX` of FreeBSD
    /// and DragonFly, `XU_NGROUPS` of FreeBSD, `NGROUPS` of macOS, `NGROUPS_MAX` of NetBSD.
    static let maximumGroups = 16

    let fields: [Field]
    /// Bytes without the groups at the end.
    let fixedSize: Int
    let hasTrailingGroups: Bool

    init(_ fields: [Field]) {
        self.fields = fields
        fixedSize = fields.reduce(0) { $0 + $1.size }
        hasTrailingGroups = fields.contains {
            switch $0 {
            case .trailingGroups, .trailingGroupsOrSlot: true
            default: false
            }
        }
    }
}

// MARK: - Decoding

extension Layout {
    /// What has been read so far.
    private struct Values {
        var pid: Int32?
        var uid: UInt32?
        var gid: UInt32?
        var euid: UInt32?
        var egid: UInt32?
        var groupCount = 0
        var groups: [UInt32]?
    }

    /// The credentials that `bytes`, the whole structure, hold.
    func decode(
        _ bytes: ArraySlice<UInt8>, as source: Credentials.Source
    ) throws(Malformation) -> Credentials {
        if hasTrailingGroups {
            guard bytes.count >= fixedSize else {
                throw .tooShort(found: bytes.count, minimum: fixedSize)
            }
        } else if bytes.count != fixedSize {
            throw .length(found: bytes.count, expected: fixedSize)
        }
        var cursor = ByteCursor(bytes)
        var values = Values()
        for field in fields {
            try Self.read(field, from: &cursor, into: &values, length: bytes.count)
        }
        return Credentials(
            source: source, pid: values.pid, uid: values.uid, gid: values.gid, euid: values.euid,
            egid: values.egid, groups: values.groups)
    }

    private static func read(
        _ field: Field, from cursor: inout ByteCursor, into values: inout Values, length: Int
    ) throws(Malformation) {
        switch field {
        case .pid: values.pid = try cursor.int32()
        case .optionalPID:
            let pid = try cursor.int32()
            values.pid = pid == 0 ? nil : pid
        case .uid: values.uid = try cursor.uint32()
        case .euid: values.euid = try cursor.uint32()
        case .gid: values.gid = try cursor.uint32()
        case .egid: values.egid = try cursor.uint32()
        case .version:
            let version = try cursor.uint32()
            guard version == 0 else { throw .version(version) }
        case .groupCount16:
            values.groupCount = try checked(Int(Int16(bitPattern: try cursor.uint16())))
            try cursor.skip(2)
        case .groupCount32: values.groupCount = try checked(Int(try cursor.int32()))
        case .groupSlots(let capacity):
            let groups = try cursor.uint32s(values.groupCount)
            try cursor.skip((capacity - values.groupCount) * 4)
            values.egid = groups.first
            values.groups = groups
        case .trailingGroups, .trailingGroupsOrSlot:
            if case .trailingGroupsOrSlot = field, values.groupCount == 0, cursor.remaining == 4 {
                try cursor.skip(4)
            }
            let expected = length - cursor.remaining + values.groupCount * 4
            guard length == expected else { throw .length(found: length, expected: expected) }
            values.groups = try cursor.uint32s(values.groupCount)
        case .padding(let count): try cursor.skip(count)
        }
    }

    private static func checked(_ count: Int) throws(Malformation) -> Int {
        guard 0...maximumGroups ~= count else {
            throw .groupCount(found: count, maximum: maximumGroups)
        }
        return count
    }
}

// MARK: - Encoding

extension Layout {
    /// The structure that `credentials` decode from; nil where they lack one of its fields or have
    /// more groups than it can hold.
    func encode(_ credentials: Credentials) -> [UInt8]? {
        let groups = credentials.groups ?? credentials.egid.map { [$0] } ?? []
        guard groups.count <= Self.maximumGroups else { return nil }
        var bytes: [UInt8] = []
        for field in fields {
            switch field {
            case .pid:
                guard let pid = credentials.pid else { return nil }
                bytes.append(native: UInt32(bitPattern: pid))
            case .optionalPID: bytes.append(native: UInt32(bitPattern: credentials.pid ?? 0))
            case .uid, .euid, .gid, .egid:
                guard let number = Self.number(of: field, in: credentials) else { return nil }
                bytes.append(native: number)
            case .version: bytes.append(native: UInt32(0))
            case .groupCount16:
                bytes.append(native: UInt16(groups.count))
                bytes.append(zeros: 2)
            case .groupCount32: bytes.append(native: UInt32(groups.count))
            case .groupSlots(let capacity):
                guard groups.first == credentials.egid else { return nil }
                for group in groups { bytes.append(native: group) }
                bytes.append(zeros: (capacity - groups.count) * 4)
            case .trailingGroups, .trailingGroupsOrSlot:
                for group in groups { bytes.append(native: group) }
                if case .trailingGroupsOrSlot = field, groups.isEmpty { bytes.append(zeros: 4) }
            case .padding(let count): bytes.append(zeros: count)
            }
        }
        return bytes
    }

    private static func number(of field: Field, in credentials: Credentials) -> UInt32? {
        switch field {
        case .uid: credentials.uid
        case .euid: credentials.euid
        case .gid: credentials.gid
        case .egid: credentials.egid
        default: nil
        }
    }
}
