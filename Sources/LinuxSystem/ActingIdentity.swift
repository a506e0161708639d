// Doing something with another user's rights: the effective ids and the groups change, and come
// back (credentials(7), setfsuid(2)). The real and the saved uid stay root's, which is how the
// way back is open; so this guards against mistakes with files, not against hostile code.

internal import CLinux
internal import SystemPackage

extension OwnProcess {
    /// Runs `body` with the effective ids and the groups of `identity`, so that the kernel checks
    /// what it opens and creates as it would for that user; nil changes nothing.
    ///
    /// The way back must not fail: a process that could not get it would go on as somebody else.
    ///
    /// - Throws: what `body` throws, and `SystemCallError` of `setgroups`, `setegid` or `seteuid`.
    public static func acting<Result: ~Copyable>(
        as identity: UserIdentity?, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        guard let identity else { return try body() }
        let own = UserIdentity(uid: geteuid(), gid: getegid(), groups: try ownGroups())
        defer {
            // Only the effective uid 0 may change groups: it goes last, and comes back first.
            precondition(seteuid(own.uid) == 0, "seteuid back to \(own.uid)")
            precondition(setegid(own.gid) == 0, "setegid back to \(own.gid)")
            // SAFETY: the kernel reads `count` numbers of the array.
            precondition(unsafe setgroups(own.groups.count, own.groups) == 0, "setgroups back")
        }
        // SAFETY: as above.
        _ = try checked("setgroups") { unsafe setgroups(identity.groups.count, identity.groups) }
        _ = try checked("setegid", on: "gid \(identity.gid)") { setegid(identity.gid) }
        _ = try checked("seteuid", on: "uid \(identity.uid)") { seteuid(identity.uid) }
        return try body()
    }

    private static func ownGroups() throws(SystemCallError) -> [UInt32] {
        let count = try checked("getgroups") { getgroups(0, nil) }
        var groups = [gid_t](repeating: 0, count: Int(count))
        let written = try unsafe groups.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let start = buffer.baseAddress
            // SAFETY: at most `count` numbers are written.
            return try checked("getgroups") { unsafe getgroups(count, start) }
        }
        return Array(groups.prefix(Int(written)))
    }
}
