// The numbers of asm-generic/socket.h, which every architecture that Swift runs on has.

extension SocketOption {
    /// Linux's `SO_TYPE`.
    public static let socketType: Int32 = 3
    /// Linux's `SO_PASSCRED`.
    public static let passCredentials: Int32 = 16
    /// Linux's `SO_PEERCRED`.
    public static let peerCredentials: Int32 = 17
    /// Linux's `SO_PEERSEC`.
    public static let peerSecurityLabel: Int32 = 31
    /// Linux's `SO_PASSSEC`.
    public static let passSecurityLabel: Int32 = 34
    /// Linux's `SO_DOMAIN`.
    public static let domain: Int32 = 39
    /// Linux's `SO_PEERGROUPS` (4.13).
    public static let peerGroups: Int32 = 59
    /// Linux's `SO_PASSPIDFD` (6.5).
    public static let passProcessDescriptor: Int32 = 76
    /// Linux's `SO_PEERPIDFD` (6.5).
    public static let peerProcessDescriptor: Int32 = 77
    /// Linux's `SO_PASSRIGHTS` (6.16).
    public static let passRights: Int32 = 83
}
