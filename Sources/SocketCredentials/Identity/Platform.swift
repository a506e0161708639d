/// A system whose socket credentials can be decoded from their bytes, on whatever machine.
///
/// Layouts are those of the 64-bit (LP64) ABI, in the byte order of the machine that decodes.
public enum Platform: String, Hashable, Sendable, CaseIterable {
    /// Linux (unix(7), include/net/scm.h).
    case linux
    /// FreeBSD (unix(4), sys/socket.h).
    case freeBSD
    /// DragonFly BSD (unix(4), sys/socket.h).
    case dragonFly
    /// macOS and Apple's other systems (unix(4), sys/un.h).
    case macOS
    /// OpenBSD (unix(4), sys/socket.h).
    case openBSD
    /// NetBSD (unix(4), sys/un.h).
    case netBSD
    /// illumos and Solaris (socket.h(3HEAD), ucred(3C)).
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
