// Doing something with another user's rights: the effective ids and the groups change, and come
// back (credentials(7), setfsuid(2)). The real and the saved uid stay root's, which is how the
// way back is open; so this guards against mistakes with files, not against hostile code. Who
// becomes another user for good has no way back.

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
        guard let identity, identity.uid != geteuid() else { return try body() }
        // The change of uid takes the capabilities away, so that `body` has none; the way back
        // makes all effective that are permitted, which `raising` undoes.
        return try raising([.setuid, .setgid]) { () throws(SystemCallError) in
            try changed(to: identity, body)
        }
    }

    private static func changed<Result: ~Copyable>(
        to identity: UserIdentity, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
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

    /// Becomes `identity` with all its ids, for good, and gives up every capability; nil, and an
    /// identity that this process has, change no id.
    ///
    /// - Parameter kept: the capabilities that stay where no id changes.
    /// - Throws: `SystemCallError` of `setgroups`, `setresgid`, `setresuid` or `capset`.
    public static func become(
        _ identity: UserIdentity?, keeping kept: CapabilitySet
    ) throws(SystemCallError) {
        guard let identity, identity.uid != getuid() else { return try keepCapabilities(kept) }
        try raising([.setuid, .setgid]) { () throws(SystemCallError) in
            // SAFETY: the kernel reads `count` numbers of the array.
            _ = try checked("setgroups") {
                unsafe setgroups(identity.groups.count, identity.groups)
            }
            let (uid, gid) = (identity.uid, identity.gid)
            _ = try checked("setresgid", on: "gid \(gid)") { clinux_setresgid(gid, gid, gid) }
            _ = try checked("setresuid", on: "uid \(uid)") { clinux_setresuid(uid, uid, uid) }
        }
        try keepCapabilities([])
    }

    /// Runs `body`, which looks a path up, with the rights to files of `uid` (setfsuid(2)) and the
    /// right to enter every directory on the way. Without the privilege for that, and for its own
    /// uid, this process' own rights count. What a peer sees of a connection stays as it is.
    ///
    /// - Throws: what `body` throws, and `SystemCallError` of `setfsuid`.
    public static func reaching<Result: ~Copyable>(
        filesOf uid: UInt32, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        guard uid != geteuid(), try permittedCapabilities().contains(.setuid) else {
            return try raising([.dacReadSearch], body)
        }
        return try raising([.setuid]) { () throws(SystemCallError) in
            _ = clinux_setfsuid(uid)
            // To one's own effective uid everybody may.
            defer { _ = clinux_setfsuid(geteuid()) }
            // It says what was, and never that it failed.
            guard clinux_setfsuid(.max) == uid else {
                throw SystemCallError("setfsuid", .notPermitted, on: "uid \(uid)")
            }
            return try raising([.dacReadSearch], body)
        }
    }

    /// Gives up a real uid or gid that is another than the effective one, as a set-user-ID program
    /// has: this process becomes who called it, for good.
    ///
    /// - Throws: `SystemCallError` of `setresgid` or `setresuid`.
    public static func becomeCaller() throws(SystemCallError) {
        let (uid, gid) = (getuid(), getgid())
        if gid != getegid() { _ = try checked("setresgid") { clinux_setresgid(gid, gid, gid) } }
        if uid != geteuid() { _ = try checked("setresuid") { clinux_setresuid(uid, uid, uid) } }
    }
}
