// illumos keeps ucred_t opaque: programs ask the functions of ucred(3C). What these read is a
// header (`struct ucred_s`, sys/ucred.h) whose offsets say where the parts are. The one part
// decoded here is `prcred_t` (sys/procfs.h), which programs may also read from /proc.

/// `ucred_t` of `SCM_UCRED`.
enum IllumosUcred {
    /// Bytes of `struct ucred_s`.
    static let headerSize = 32
    /// Bytes of `prcred_t` without its groups.
    static let credentialsSize = 28
    /// The corresponding C constant is `NGROUPS_UMAX`.
    static let maximumGroups = 1024

    /// The credentials that `bytes`, the whole structure, hold. Without a `prcred_t` (the peer is
    /// on another machine) only the process is known, and that not always.
    static func decode(_ bytes: ArraySlice<UInt8>) throws(Malformation) -> Credentials {
        var cursor = ByteCursor(bytes)
        guard bytes.count >= headerSize else {
            throw .tooShort(found: bytes.count, minimum: headerSize)
        }
        let size = try cursor.uint32()
        guard size == bytes.count else {
            throw .length(found: bytes.count, expected: Int(clamping: size))
        }
        let offset = try cursor.uint32()
        try cursor.skip(4)
        let number = try cursor.int32()
        let pid = number == -1 ? nil : number
        if offset == 0 { return Credentials(source: .ucred, pid: pid) }
        guard offset >= headerSize, offset.isMultiple(of: 4),
            offset <= bytes.count - credentialsSize
        else { throw .offset(found: offset) }
        return try decodeCredentials(bytes.dropFirst(Int(offset)), pid: pid)
    }

    private static func decodeCredentials(
        _ bytes: ArraySlice<UInt8>, pid: Int32?
    ) throws(Malformation) -> Credentials {
        var cursor = ByteCursor(bytes)
        let euid = try cursor.uint32()
        let uid = try cursor.uint32()
        try cursor.skip(4)
        let egid = try cursor.uint32()
        let gid = try cursor.uint32()
        try cursor.skip(4)
        let count = Int(try cursor.int32())
        let maximum = min(maximumGroups, cursor.remaining / 4)
        guard 0...maximum ~= count else { throw .groupCount(found: count, maximum: maximum) }
        return Credentials(
            source: .ucred, pid: pid, uid: uid, gid: gid, euid: euid, egid: egid,
            groups: try cursor.uint32s(count))
    }
}
