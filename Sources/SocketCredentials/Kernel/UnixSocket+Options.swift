#if os(Linux)
extension UnixSocket {
    /// Who connected, called listen(2) or made the pair: ``SocketOption/peerCredentials(of:)``.
    public borrowing func peerCredentials() throws(SocketOptionError) -> Credentials {
        try SocketOption.peerCredentials(of: descriptor.fileDescriptor)
    }

    /// A pidfd of that process: ``SocketOption/peerProcessDescriptor(of:)``.
    public borrowing func peerProcessDescriptor() throws(SocketOptionError) -> OwnedDescriptor {
        try SocketOption.peerProcessDescriptor(of: descriptor.fileDescriptor)
    }

    /// The supplementary groups of that process: ``SocketOption/peerGroups(of:)``.
    public borrowing func peerGroups() throws(SocketOptionError) -> [UInt32] {
        try SocketOption.peerGroups(of: descriptor.fileDescriptor)
    }

    /// The security label of the peer: ``SocketOption/peerSecurityLabel(of:)``.
    public borrowing func peerSecurityLabel() throws(SocketOptionError) -> [UInt8] {
        try SocketOption.peerSecurityLabel(of: descriptor.fileDescriptor)
    }

    /// Asks for the sender's credentials with each message:
    /// ``SocketOption/setPassCredentials(_:on:)``.
    public borrowing func setPassCredentials(_ enabled: Bool = true) throws(SocketOptionError) {
        try SocketOption.setPassCredentials(enabled, on: descriptor.fileDescriptor)
    }

    /// Asks for a pidfd of the sender with each message:
    /// ``SocketOption/setPassProcessDescriptor(_:on:)``.
    public borrowing func setPassProcessDescriptor(
        _ enabled: Bool = true
    ) throws(SocketOptionError) {
        try SocketOption.setPassProcessDescriptor(enabled, on: descriptor.fileDescriptor)
    }

    /// Asks for the sender's security label with each message:
    /// ``SocketOption/setPassSecurityLabel(_:on:)``.
    public borrowing func setPassSecurityLabel(_ enabled: Bool = true) throws(SocketOptionError) {
        try SocketOption.setPassSecurityLabel(enabled, on: descriptor.fileDescriptor)
    }

    /// Says whether peers may send descriptors: ``SocketOption/setPassRights(_:on:)``.
    public borrowing func setPassRights(_ enabled: Bool = true) throws(SocketOptionError) {
        try SocketOption.setPassRights(enabled, on: descriptor.fileDescriptor)
    }
}
#endif
