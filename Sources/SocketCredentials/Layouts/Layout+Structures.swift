// The structures themselves, of the 64-bit (LP64) ABIs. `pid_t` is an i32, `uid_t` and `gid_t` are
// u32 on every one of these platforms.

extension Layout {
    /// `struct ucred` of a message (include/linux/socket.h): 12 bytes.
    static let scmCredentials = Layout([.pid, .uid, .gid])
    /// `struct ucred` of a connection: the same, with effective ids (net/core/sock.c).
    static let peerCredentials = Layout([.pid, .euid, .egid])
    /// OpenBSD sys/socket.h: 12 bytes.
    static let sockpeercred = Layout([.euid, .egid, .pid])
    /// FreeBSD and DragonFly sys/socket.h: 84 bytes.
    static let cmsgcred = Layout([.pid, .uid, .euid, .gid, .groupCount16, .groupSlots(16)])
    /// FreeBSD sys/socket.h: 20 bytes and the groups (`SOCKCREDSIZE`).
    static let sockcred = Layout([.uid, .euid, .gid, .egid, .groupCount32, .trailingGroups])
    /// FreeBSD sys/socket.h: 28 bytes and the groups (`SOCKCRED2SIZE`).
    static let sockcred2 = Layout([
        .version, .pid, .uid, .euid, .gid, .egid, .groupCount32, .trailingGroups,
    ])
    /// NetBSD sys/socket.h: 24 bytes and the groups. Versions differ in what `SOCKCREDSIZE(0)` is.
    static let netBSDSockcred = Layout([
        .pid, .uid, .euid, .gid, .egid, .groupCount32, .trailingGroupsOrSlot,
    ])
    /// NetBSD compat/sys/socket.h: 20 bytes and the groups, as FreeBSD's (`SOCKCRED70SIZE`).
    static let netBSDSockcred70 = Layout([
        .uid, .euid, .gid, .egid, .groupCount32, .trailingGroupsOrSlot,
    ])
    /// FreeBSD sys/ucred.h: 88 bytes. What holds the pid since 13 is a union with a pointer, zero
    /// before (`cru2x`).
    static let freeBSDXucred = Layout([
        .version, .euid, .groupCount16, .groupSlots(16), .padding(4), .optionalPID, .padding(4),
    ])
    /// DragonFly sys/ucred.h: 88 bytes, of which the last eight are an unused pointer.
    static let dragonFlyXucred = Layout([
        .version, .euid, .groupCount16, .groupSlots(16), .padding(12),
    ])
    /// macOS sys/ucred.h: 76 bytes.
    static let darwinXucred = Layout([.version, .euid, .groupCount16, .groupSlots(16)])
    /// macOS sys/un.h: 4 bytes.
    static let processID = Layout([.pid])
    /// NetBSD sys/un.h: 12 bytes.
    static let unpcbid = Layout([.pid, .euid, .egid])

    /// The layout of `source` on `platform`; nil for what is no structure or has no layout that a
    /// list of fields can say.
    static func of(_ source: Credentials.Source, on platform: Platform) -> Layout? {
        switch source {
        case .scmCredentials: scmCredentials
        case .peerCredentials: peerCredentials
        case .sockpeercred: sockpeercred
        case .cmsgcred: cmsgcred
        case .sockcred: sockcred
        case .sockcred2: sockcred2
        case .netBSDSockcred: netBSDSockcred
        case .netBSDSockcred70: netBSDSockcred70
        case .xucred: platform == .dragonFly ? dragonFlyXucred : freeBSDXucred
        case .darwinXucred: darwinXucred
        case .peerPID, .peerEPID: processID
        case .unpcbid: unpcbid
        case .process, .ucred: nil
        }
    }
}
