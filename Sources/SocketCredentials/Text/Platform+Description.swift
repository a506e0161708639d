extension Platform: CustomStringConvertible {
    /// The system's name as it writes it.
    public var description: String {
        switch self {
        case .linux: "Linux"
        case .freeBSD: "FreeBSD"
        case .dragonFly: "DragonFly BSD"
        case .macOS: "macOS"
        case .openBSD: "OpenBSD"
        case .netBSD: "NetBSD"
        case .illumos: "illumos"
        }
    }
}
