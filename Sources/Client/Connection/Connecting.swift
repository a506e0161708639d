// From a socket's path to a connected socket, with a sentence for each way in which that fails.
//
// The path is opened first, only to refer to the file (O_PATH), and the connection goes through
// that reference: so what is looked at is what is connected to, and a path may be longer than
// sockaddr_un's 107 bytes.
//
// Root reaches the socket with the rights that the daemon's user has, and not with its own: so a
// path leads nowhere that this user could not have gone. The peer sees root, as ever.

internal import LinuxSystem
internal import SystemPackage

extension UnixSocket {
    /// Connects to an instance.
    ///
    /// - Returns: nil where there is no such file.
    static func connected(to instance: DaemonInstance, within patience: Duration)
        throws(ClientError) -> UnixSocket?
    {
        guard let reference = try reference(to: instance) else { return nil }
        return try connected(through: reference, to: instance, within: patience)
    }

    /// Connects to an instance through the file that it was found at. Directories on the way to it
    /// are not entered again, so that this takes fewer rights than the first time.
    static func connected(
        through reference: borrowing OwnedDescriptor, to instance: DaemonInstance,
        within patience: Duration
    ) throws(ClientError) -> UnixSocket {
        let facts = try system { () throws(SystemCallError) in try FileFacts(of: reference) }
        guard facts.kind == .socket else {
            throw ClientError(.unavailable, "\(instance.path) is not a socket.")
        }
        guard !instance.isInUserDirectory || facts.uid == instance.uid else {
            throw ClientError(
                .wrongPeer,
                """
                The socket \(instance.path) belongs to uid \(facts.uid) and not to uid \
                \(instance.uid), so nothing was sent to it.
                """)
        }
        do throws(SystemCallError) {
            let path = reference.path
            return try OwnProcess.reaching(filesOf: instance.uid) {
                () throws(SystemCallError) in
                try UnixSocket.connected(to: path, within: patience)
            }
        } catch {
            throw unreachable(instance, error.errno)
        }
    }

    /// The file itself; nil where there is none.
    static func reference(
        to instance: DaemonInstance
    ) throws(ClientError) -> OwnedDescriptor? {
        do throws(SystemCallError) {
            return try OwnProcess.reaching(filesOf: instance.uid) {
                () throws(SystemCallError) in
                try OwnedDescriptor.open(instance.path, for: .reference)
            }
        } catch {
            if [.noSuchFileOrDirectory, .notDirectory].contains(error.errno) { return nil }
            throw unreachable(instance, error.errno)
        }
    }

    private static func unreachable(_ instance: DaemonInstance, _ errno: Errno) -> ClientError {
        switch errno {
        case .connectionRefused:
            ClientError(
                .unavailable,
                """
                Nobody listens on the socket \(instance.path) any more: the daemon or its socket \
                unit was stopped. Start it with \(startCommand(instance)).
                """, isAbsence: true)
        case .permissionDenied where OwnProcess.effectiveUID == 0,
            .notPermitted where OwnProcess.effectiveUID == 0:
            ClientError(
                .wrongPeer,
                """
                The user of the daemon that was expected at \(instance.path) (uid \(instance.uid)) \
                may not connect to it, so it is another's, and nothing was sent to it.
                """)
        case .permissionDenied, .notPermitted:
            ClientError(
                .noPermission,
                """
                This user may not connect to \(instance.path): run this as the socket's owner or \
                as root (sudo).
                """)
        case .resourceTemporarilyUnavailable:
            ClientError(
                .unavailable,
                "The daemon at \(instance.path) does not accept connections: its queue is full.")
        default:
            ClientError(.unavailable, "\(instance.path) cannot be connected to: \(errno).")
        }
    }

    private static func startCommand(_ instance: DaemonInstance) -> String {
        if instance.isInUserDirectory {
            return "'systemctl --user restart profilerd.socket' as uid \(instance.uid)"
        }
        return instance.path.hasSuffix("/profilerd/\(instance.uid)/control.sock")
            ? "'systemctl restart profilerd@\(instance.uid).socket' as root"
            : "'profilerd --listen \(instance.path)' as uid \(instance.uid)"
    }
}
