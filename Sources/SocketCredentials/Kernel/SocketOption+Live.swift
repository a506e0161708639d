#if os(Linux)
// getsockopt(2) and setsockopt(2) of the options that tell or deliver identity. The kernel's bytes
// become a SocketOption, which decodes them; here is only what each errno means.
//
// The family is asked first: other sockets answer SO_PEERCRED with pid 0 and uid 4294967295, and
// before Linux 6.16 they took SO_PASSCRED and ignored it.

internal import CLinux
public import SystemPackage

extension SocketOption {
    /// Who connected (at an accepted socket), called listen(2) (at a connected one) or made the
    /// pair, with effective ids. The corresponding C constant is `SO_PEERCRED`.
    ///
    /// Says nothing about who writes now; under socket activation the listener is systemd. Ask once
    /// a connection, and check ``Credentials/defect(overflow:)``.
    ///
    /// - Throws: `SocketOptionError`; `noPeer` also where the socket is of another family.
    public static func peerCredentials(
        of descriptor: FileDescriptor
    ) throws(SocketOptionError) -> Credentials {
        let option = try read(.peerCredentials, of: descriptor, capacity: 64)
        guard let peer = try? option.credentials else {
            throw .malformed(option: LiveOption.peerCredentials.constant)
        }
        guard peer.defect() != .noPeer else { throw .noPeer }
        return peer
    }

    /// A pidfd of the process that ``peerCredentials(of:)`` names, close-on-exec. The corresponding
    /// C constant is `SO_PEERPIDFD` (Linux 6.5).
    ///
    /// - Throws: `SocketOptionError`; `peerGone` where the process has ended (before Linux 6.16).
    public static func peerProcessDescriptor(
        of descriptor: FileDescriptor
    ) throws(SocketOptionError) -> OwnedDescriptor {
        let option = try read(.peerProcessDescriptor, of: descriptor, capacity: 4)
        guard let number = option.processDescriptor, number >= 0 else {
            throw .malformed(option: LiveOption.peerProcessDescriptor.constant)
        }
        return OwnedDescriptor(adopting: number)
    }

    /// The supplementary groups of the process that ``peerCredentials(of:)`` names. The
    /// corresponding C constant is `SO_PEERGROUPS` (Linux 4.13).
    ///
    /// - Throws: `SocketOptionError`.
    public static func peerGroups(
        of descriptor: FileDescriptor
    ) throws(SocketOptionError) -> [UInt32] {
        let option = try read(.peerGroups, of: descriptor, capacity: 64 * 4)
        guard let groups = option.groups else {
            throw .malformed(option: LiveOption.peerGroups.constant)
        }
        return groups
    }

    /// The label that a security module gave the peer, often with a zero byte at its end. The
    /// corresponding C constant is `SO_PEERSEC`.
    ///
    /// - Throws: `SocketOptionError`; `noSecurityModule` where none labels sockets.
    public static func peerSecurityLabel(
        of descriptor: FileDescriptor
    ) throws(SocketOptionError) -> [UInt8] {
        let option = try read(.peerSecurityLabel, of: descriptor, capacity: 256)
        guard let label = option.securityLabel else {
            throw .malformed(option: LiveOption.peerSecurityLabel.constant)
        }
        return label
    }

    /// Whether each message is to be delivered with its sender's credentials. The corresponding C
    /// constant is `SO_PASSCRED`.
    ///
    /// What was sent before comes without. An accepted socket inherits it.
    ///
    /// - Throws: `SocketOptionError`.
    public static func setPassCredentials(
        _ enabled: Bool, on descriptor: FileDescriptor
    ) throws(SocketOptionError) {
        try set(.passCredentials, enabled, on: descriptor)
    }

    /// Whether each message is to be delivered with a pidfd of its sender. The corresponding C
    /// constant is `SO_PASSPIDFD` (Linux 6.5).
    ///
    /// - Throws: `SocketOptionError`.
    public static func setPassProcessDescriptor(
        _ enabled: Bool, on descriptor: FileDescriptor
    ) throws(SocketOptionError) {
        try set(.passProcessDescriptor, enabled, on: descriptor)
    }

    /// Whether each message is to be delivered with its sender's security label. The corresponding
    /// C constant is `SO_PASSSEC`.
    ///
    /// - Throws: `SocketOptionError`.
    public static func setPassSecurityLabel(
        _ enabled: Bool, on descriptor: FileDescriptor
    ) throws(SocketOptionError) {
        try set(.passSecurityLabel, enabled, on: descriptor)
    }

    /// Whether peers may send descriptors at all, as they may unless told otherwise; where not,
    /// they get ``SendError/descriptorsRefused``. The corresponding C constant is `SO_PASSRIGHTS`
    /// (Linux 6.16).
    ///
    /// - Throws: `SocketOptionError`.
    public static func setPassRights(
        _ enabled: Bool, on descriptor: FileDescriptor
    ) throws(SocketOptionError) {
        try set(.passRights, enabled, on: descriptor)
    }
}
#endif
