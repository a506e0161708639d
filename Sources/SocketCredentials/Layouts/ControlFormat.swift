/// How a platform lays out a control buffer: `struct cmsghdr` and the macros of cmsg(3).
struct ControlFormat: Sendable {
    /// Bytes of `cmsg_len`; `cmsg_level` and `cmsg_type` follow, an i32 each.
    let lengthSize: Int
    /// Where an item's data begin, counted from its header, and so the least `cmsg_len`. The
    /// corresponding C macro is `CMSG_LEN(0)`.
    let dataOffset: Int
    /// Items begin at multiples of this.
    let alignment: Int

    /// Bytes of `struct cmsghdr`.
    var headerSize: Int { lengthSize + 8 }

    /// The corresponding C macro is `CMSG_ALIGN`.
    func aligned(_ count: Int) -> Int {
        (count + alignment - 1) / alignment * alignment
    }

    /// `size_t cmsg_len` (include/linux/socket.h).
    static let linux = ControlFormat(lengthSize: 8, dataOffset: 16, alignment: 8)
    /// `socklen_t cmsg_len`, and everything aligned to a `long` (`_ALIGN`, `__CMSG_ALIGN`).
    static let bsd = ControlFormat(lengthSize: 4, dataOffset: 16, alignment: 8)
    /// `socklen_t cmsg_len`, and everything aligned to an `int` (macOS `__DARWIN_ALIGN32`, illumos
    /// `_CMSG_HDR_ALIGNMENT`).
    static let packed = ControlFormat(lengthSize: 4, dataOffset: 12, alignment: 4)
}

extension Platform {
    var controlFormat: ControlFormat {
        switch self {
        case .linux: .linux
        case .freeBSD, .dragonFly, .openBSD, .netBSD: .bsd
        case .macOS, .illumos: .packed
        }
    }

    /// The level of what belongs to the socket itself. The corresponding C constant is
    /// `SOL_SOCKET`.
    public var socketLevel: Int32 { self == .linux ? 1 : 0xffff }

    /// The level of what belongs to Unix sockets (`LOCAL_PEERCRED` and its like). The corresponding
    /// C constant is `SOL_LOCAL` where it has a name.
    public var localLevel: Int32 { 0 }

    /// The type of an item that carries descriptors. The corresponding C constant is `SCM_RIGHTS`.
    public var rightsType: Int32 { self == .illumos ? 0x1010 : 1 }
}
