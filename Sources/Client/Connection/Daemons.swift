// Finding and connecting in one: which daemon a command talks to.

internal import ControlProtocol
internal import LinuxSystem

/// The daemons that the command line means.
struct Daemons {
    let locator: DaemonLocator
    /// `--uid`.
    let uid: UInt32?

    /// Connects to the daemon of `uid`: the user's own, else the system's for that user.
    func connect(to uid: UInt32) throws(ClientError) -> ControlConnection {
        try permit(uid)
        var failure: ClientError?
        for instance in locator.candidates(for: uid) {
            do throws(ClientError) {
                if let connection = try ControlConnection.open(instance) { return connection }
            } catch {
                // Another one may be there in place of one that was stopped.
                guard error.status == .unavailable else { throw error }
                failure = failure ?? error
            }
        }
        throw failure ?? locator.missing(uid)
    }

    /// The daemons that a command about sessions asks: the one that was named, a user's own, or
    /// for root all there are.
    func instances() throws(ClientError) -> [DaemonInstance] {
        if let path = locator.explicitPath {
            if let uid {
                try permit(uid)
                return [DaemonInstance(path: path, uid: uid)]
            }
            return [DaemonInstance(path: path, uid: try uidBehind(path))]
        }
        guard uid == nil, locator.ownUID == 0 else { return [] }
        let instances = locator.existing()
        guard !instances.isEmpty else {
            throw ClientError(
                .unavailable,
                """
                There is no profilerd of any user (no socket under \
                \(locator.userRuntimeDirectory) or \(locator.systemDirectory)): enable one with \
                'systemctl enable --now profilerd@UID.socket', or name one with --socket PATH.
                """)
        }
        return instances
    }

    /// Asks every daemon that the command line means, until `body` returns true.
    ///
    /// - Throws: what `body` throws; that a daemon cannot be reached only where it is the one that
    ///   was meant. Of several the others count: one that does not run is no instance, and of one
    ///   that does not answer it is said.
    func forEach(
        _ body: (inout ControlConnection) throws(ClientError) -> Bool
    ) throws(ClientError) {
        let instances = try instances()
        guard !instances.isEmpty else {
            var connection = try connect(to: uid ?? locator.ownUID)
            _ = try body(&connection)
            return
        }
        for instance in instances {
            do throws(ClientError) {
                guard var connection = try ControlConnection.open(instance) else {
                    if instances.count > 1 { continue }
                    throw locator.missing(instance.uid)
                }
                if try body(&connection) { return }
            } catch {
                guard instances.count > 1, error.refusal == nil,
                    [.unavailable, .wrongPeer].contains(error.status)
                else { throw error }
                if !error.isAbsence { Console.say(error.description) }
            }
        }
    }

    /// The kernel decides who may speak for whom; but where the file of this program has been given
    /// CAP_SETUID it lets every user speak for every other, which is not what that was meant for.
    private func permit(_ uid: UInt32) throws(ClientError) {
        guard locator.ownUID == 0 || uid == locator.ownUID else {
            throw ClientError(
                .noPermission,
                "Only root (sudo) may speak to the daemon of another user (uid \(uid)).")
        }
    }

    /// Without --uid, root expects at a socket the daemon of the user who owns it.
    private func uidBehind(_ path: String) throws(ClientError) -> UInt32 {
        guard locator.ownUID == 0 else { return locator.ownUID }
        do throws(SystemCallError) {
            return try OwnProcess.raising([.dacReadSearch]) { () throws(SystemCallError) in
                try FileFacts(path: path).uid
            }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw ClientError(error) }
            throw ClientError(
                .unavailable,
                "There is no socket \(path): start the daemon with 'profilerd --listen \(path)'.")
        }
    }
}
