// What Linux and glibc call families, levels, options and items, where Ruby's socket library knows
// them. The numbers are those of the kernel's headers (x86-64 and arm64 agree); a number that two
// constants share has the name that Ruby gives it.

/// Names of Linux's socket constants without their prefixes, as Ruby prints them.
enum RubyLinuxNames {
    /// The corresponding C constants are `AF_*`.
    static let families: [Int32: String] = [
        0: "UNSPEC", 1: "UNIX", 2: "INET", 3: "AX25", 4: "IPX", 5: "APPLETALK", 10: "INET6",
        12: "DECnet", 15: "KEY", 16: "ROUTE", 17: "PACKET", 21: "RDS", 22: "SNA", 24: "PPPOX",
        26: "LLC", 27: "IB", 28: "MPLS", 29: "CAN", 30: "TIPC", 31: "BLUETOOTH", 34: "ISDN",
        38: "ALG", 40: "VSOCK", 41: "KCM", 44: "XDP", 46: "MAX",
    ]

    /// Of `SOL_SOCKET`. The corresponding C constants are `SO_*`.
    static let options: [Int32: String] = [
        1: "DEBUG", 2: "REUSEADDR", 3: "TYPE", 4: "ERROR", 5: "DONTROUTE", 6: "BROADCAST",
        7: "SNDBUF", 8: "RCVBUF", 9: "KEEPALIVE", 10: "OOBINLINE", 11: "NO_CHECK", 12: "PRIORITY",
        13: "LINGER", 15: "REUSEPORT", 16: "PASSCRED", 17: "PEERCRED", 18: "RCVLOWAT",
        19: "SNDLOWAT", 20: "RCVTIMEO", 21: "SNDTIMEO", 22: "SECURITY_AUTHENTICATION",
        23: "SECURITY_ENCRYPTION_TRANSPORT", 24: "SECURITY_ENCRYPTION_NETWORK", 25: "BINDTODEVICE",
        26: "ATTACH_FILTER", 27: "DETACH_FILTER", 28: "PEERNAME", 29: "TIMESTAMP", 30: "ACCEPTCONN",
        31: "PEERSEC", 32: "SNDBUFFORCE", 33: "RCVBUFFORCE", 34: "PASSSEC", 35: "TIMESTAMPNS",
        36: "MARK", 37: "TIMESTAMPING", 38: "PROTOCOL", 39: "DOMAIN", 40: "RXQ_OVFL",
        41: "WIFI_STATUS", 42: "PEEK_OFF", 43: "NOFCS", 44: "LOCK_FILTER", 45: "SELECT_ERR_QUEUE",
        46: "BUSY_POLL", 47: "MAX_PACING_RATE", 48: "BPF_EXTENSIONS",
    ]

    /// Of `SOL_SOCKET`. The corresponding C constants are `SCM_*`.
    static let items: [Int32: String] = [
        1: "RIGHTS", 2: "CREDENTIALS", 29: "TIMESTAMP", 35: "TIMESTAMPNS", 37: "TIMESTAMPING",
        41: "WIFI_STATUS",
    ]

    /// The corresponding C constants are `IPPROTO_*` and `SOL_SOCKET`.
    static let levels: [Int32: String] = [
        0: "IP", 1: "SOCKET", 2: "IGMP", 6: "TCP", 8: "EGP", 12: "PUP", 17: "UDP", 22: "IDP",
        29: "TP", 41: "IPV6", 43: "ROUTING", 44: "FRAGMENT", 50: "ESP", 51: "AH", 58: "ICMPV6",
        59: "NONE", 60: "DSTOPTS", 255: "RAW",
    ]

    /// Of `IPPROTO_IP`. The corresponding C constants are `IP_*`.
    static let ip: [Int32: String] = [
        0: "PMTUDISC_DONT", 1: "TOS", 2: "TTL", 3: "HDRINCL", 4: "OPTIONS", 5: "ROUTER_ALERT",
        6: "RECVOPTS", 7: "RECVRETOPTS", 8: "PKTINFO", 9: "PKTOPTIONS", 10: "MTU_DISCOVER",
        11: "RECVERR", 12: "RECVTTL", 13: "RECVTOS", 14: "MTU", 15: "FREEBIND", 16: "IPSEC_POLICY",
        17: "XFRM_POLICY", 18: "PASSSEC", 19: "TRANSPARENT", 20: "MAX_MEMBERSHIPS", 21: "MINTTL",
        32: "MULTICAST_IF", 33: "MULTICAST_TTL", 34: "MULTICAST_LOOP", 35: "ADD_MEMBERSHIP",
        36: "DROP_MEMBERSHIP", 37: "UNBLOCK_SOURCE", 38: "BLOCK_SOURCE",
        39: "ADD_SOURCE_MEMBERSHIP", 40: "DROP_SOURCE_MEMBERSHIP", 41: "MSFILTER",
    ]

    /// Of `IPPROTO_IPV6`. The corresponding C constants are `IPV6_*`.
    static let ipv6: [Int32: String] = [
        0: "RTHDR_TYPE_0", 7: "CHECKSUM", 9: "NEXTHOP", 16: "UNICAST_HOPS", 17: "MULTICAST_IF",
        18: "MULTICAST_HOPS", 19: "MULTICAST_LOOP", 20: "JOIN_GROUP", 21: "LEAVE_GROUP",
        26: "V6ONLY", 49: "RECVPKTINFO", 50: "PKTINFO", 51: "RECVHOPLIMIT", 52: "HOPLIMIT",
        53: "RECVHOPOPTS", 54: "HOPOPTS", 55: "RTHDRDSTOPTS", 56: "RECVRTHDR", 57: "RTHDR",
        58: "RECVDSTOPTS", 59: "DSTOPTS", 60: "RECVPATHMTU", 61: "PATHMTU", 62: "DONTFRAG",
        66: "RECVTCLASS", 67: "TCLASS",
    ]

    /// Of `IPPROTO_TCP`. The corresponding C constants are `TCP_*`.
    static let tcp: [Int32: String] = [
        1: "NODELAY", 2: "MAXSEG", 3: "CORK", 4: "KEEPIDLE", 5: "KEEPINTVL", 6: "KEEPCNT",
        7: "SYNCNT", 8: "LINGER2", 9: "DEFER_ACCEPT", 10: "WINDOW_CLAMP", 11: "INFO",
        12: "QUICKACK", 13: "CONGESTION", 14: "MD5SIG", 15: "COOKIE_TRANSACTIONS",
        16: "THIN_LINEAR_TIMEOUTS", 17: "THIN_DUPACK", 18: "USER_TIMEOUT", 19: "REPAIR",
        20: "REPAIR_QUEUE", 21: "QUEUE_SEQ", 22: "REPAIR_OPTIONS", 23: "FASTOPEN", 24: "TIMESTAMP",
    ]

    /// Of `IPPROTO_UDP`. The corresponding C constants are `UDP_*`.
    static let udp: [Int32: String] = [
        1: "CORK"
    ]

    /// The corresponding C constants have the same names.
    static let socketTypes: [Int32: String] = [
        1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET",
        10: "SOCK_PACKET", 2048: "SOCK_NONBLOCK", 524288: "SOCK_CLOEXEC",
    ]
}
