// Names of the constants that the BSDs, macOS and illumos give their sockets: those that carry
// identity, and those that all of them share. Families beyond the common three, and levels of IP,
// keep their numbers.

/// Names of other systems' socket constants without their prefixes, as Ruby prints them.
enum RubyBSDNames {
    static let families: [Int32: String] = [0: "UNSPEC", 1: "UNIX", 2: "INET"]

    /// Of `SOL_SOCKET` (0xffff). The corresponding C constants are `SO_*`.
    static func options(on platform: Platform) -> [Int32: String] {
        var names = common
        if platform == .openBSD { names[0x1022] = "PEERCRED" }
        if platform == .illumos { names[0x0400] = "RECVUCRED" }
        if platform == .netBSD {
            // NetBSD 6 moved the two intervals when time_t grew.
            names[0x1005] = nil
            names[0x1006] = nil
            names[0x100b] = "SNDTIMEO"
            names[0x100c] = "RCVTIMEO"
        }
        return names
    }

    private static let common: [Int32: String] = [
        0x0001: "DEBUG", 0x0002: "ACCEPTCONN", 0x0004: "REUSEADDR", 0x0008: "KEEPALIVE",
        0x0010: "DONTROUTE", 0x0020: "BROADCAST", 0x0040: "USELOOPBACK", 0x0080: "LINGER",
        0x0100: "OOBINLINE", 0x1001: "SNDBUF", 0x1002: "RCVBUF", 0x1003: "SNDLOWAT",
        0x1004: "RCVLOWAT", 0x1005: "SNDTIMEO", 0x1006: "RCVTIMEO", 0x1007: "ERROR",
        0x1008: "TYPE",
    ]

    /// Items of `SOL_SOCKET`. The corresponding C constants are `SCM_*`.
    static func items(on platform: Platform) -> [Int32: String] {
        switch platform {
        case .linux: RubyLinuxNames.items
        case .freeBSD: [1: "RIGHTS", 2: "TIMESTAMP", 3: "CREDS", 4: "BINTIME"]
        case .dragonFly, .macOS: [1: "RIGHTS", 2: "TIMESTAMP", 3: "CREDS"]
        case .openBSD: [1: "RIGHTS", 4: "TIMESTAMP"]
        case .netBSD: [1: "RIGHTS", 8: "TIMESTAMP", 0x10: "CREDS"]
        case .illumos: [0x1010: "RIGHTS", 0x1012: "UCRED", 0x1013: "TIMESTAMP"]
        }
    }

    /// Options of level 0 of a Unix socket. The corresponding C constants are `LOCAL_*`.
    static func local(on platform: Platform) -> [Int32: String] {
        switch platform {
        case .linux, .openBSD, .illumos: [:]
        case .freeBSD: [1: "PEERCRED", 2: "CREDS", 4: "CONNWAIT"]
        case .dragonFly, .macOS: [1: "PEERCRED"]
        case .netBSD: [2: "CONNWAIT", 4: "CREDS"]
        }
    }
}
