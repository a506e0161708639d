// Which structures a platform puts where: the constants of each one's sys/socket.h and sys/un.h.

extension Credentials.Source {
    /// The systems whose kernel writes the structure; empty for ``process``.
    public var platforms: [Platform] {
        switch self {
        case .scmCredentials, .peerCredentials: [.linux]
        case .sockpeercred: [.openBSD]
        case .cmsgcred, .xucred: [.freeBSD, .dragonFly]
        case .sockcred, .sockcred2: [.freeBSD]
        case .netBSDSockcred, .netBSDSockcred70, .unpcbid: [.netBSD]
        case .darwinXucred, .peerPID, .peerEPID: [.macOS]
        case .ucred: [.illumos]
        case .process: []
        }
    }

    /// The structure's C name; nil for ``process``.
    public var structureName: String? {
        switch self {
        case .scmCredentials, .peerCredentials: "ucred"
        case .sockpeercred: "sockpeercred"
        case .cmsgcred: "cmsgcred"
        case .sockcred, .netBSDSockcred: "sockcred"
        case .sockcred2: "sockcred2"
        case .netBSDSockcred70: "sockcred70"
        case .xucred, .darwinXucred: "xucred"
        case .peerPID, .peerEPID: "pid_t"
        case .unpcbid: "unpcbid"
        case .ucred: "ucred_t"
        case .process: nil
        }
    }

    /// What a control message of this level and type can be, which is more than one thing where
    /// the platform uses a number twice.
    static func carried(level: Int32, type: Int32, on platform: Platform) -> [Self] {
        guard level == platform.socketLevel else { return [] }
        return switch (platform, type) {
        case (.linux, 2): [.scmCredentials]
        case (.freeBSD, 0x03): [.cmsgcred, .sockcred]
        case (.freeBSD, 0x08): [.sockcred2]
        case (.dragonFly, 0x03): [.cmsgcred]
        case (.netBSD, 0x04): [.netBSDSockcred70]
        case (.netBSD, 0x10): [.netBSDSockcred]
        case (.illumos, 0x1012): [.ucred]
        default: []
        }
    }

    /// What the value of this socket option is.
    static func carried(level: Int32, option: Int32, on platform: Platform) -> [Self] {
        switch (platform, level, option) {
        case (.linux, 1, 17): [.peerCredentials]
        case (.openBSD, 0xffff, 0x1022): [.sockpeercred]
        case (.freeBSD, 0, 1), (.dragonFly, 0, 1): [.xucred]
        case (.macOS, 0, 1): [.darwinXucred]
        case (.macOS, 0, 2): [.peerPID]
        case (.macOS, 0, 3): [.peerEPID]
        case (.netBSD, 0, 3): [.unpcbid]
        default: []
        }
    }
}
