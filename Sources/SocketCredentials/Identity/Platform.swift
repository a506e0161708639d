/// A system whose socket credentials can be decoded from their bytes, on whatever machine.
///
/// Layouts are those of the 64-bit (LP64) ABI, in the byte order of the machine that decodes.
public enum Platform: String, Hashable, Sendable, CaseIterable {
    case linux
    case freeBSD
    case dragonFly
    case macOS
    case openBSD
    case netBSD
    case illumos

    /// The system that this code was built for; Linux where it is none of the others.
    public static var current: Platform {
        #if os(FreeBSD)
        .freeBSD
        #elseif os(OpenBSD)
        .openBSD
        #elseif canImport(Darwin)
        .macOS
        #else
        .linux
        #endif
    }
}
