// Which socket to connect to. A user's own daemon comes before the system's daemon for that user.
// The directories are parameters so that a test can have its own.

internal import LinuxSystem

/// A socket that a daemon of one user should listen on.
public struct DaemonInstance: Hashable, Sendable {
    public let path: String
    /// The uid that the daemon must have.
    public let uid: UInt32
    /// The directory around the socket is the user's: whatever is there must be theirs, too.
    public let isInUserDirectory: Bool

    public init(path: String, uid: UInt32, isInUserDirectory: Bool = false) {
        self.path = path
        self.uid = uid
        self.isInUserDirectory = isInUserDirectory
    }
}

/// Finds daemons.
public struct DaemonLocator: Sendable {
    /// `/run/user`, with a directory for each user that is logged in.
    public var userRuntimeDirectory = "/run/user"
    /// `/run/profilerd`, with a directory for each uid.
    public var systemDirectory = "/run/profilerd"
    /// The socket that the user named.
    public var explicitPath: String?
    /// `XDG_RUNTIME_DIR`; nil where it is not set, or not to be trusted.
    public var ownRuntimeDirectory: String?
    /// The real uid of this process.
    public var ownUID: UInt32

    public init(explicitPath: String? = nil) {
        self.explicitPath = explicitPath
        ownUID = OwnProcess.uid
        let directory = OwnProcess.isSecure ? nil : OwnProcess.environment("XDG_RUNTIME_DIR")
        ownRuntimeDirectory = directory.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Where the daemon for `uid` may be, in the order to try.
    public func candidates(for uid: UInt32) -> [DaemonInstance] {
        if let explicitPath { return [DaemonInstance(path: explicitPath, uid: uid)] }
        var directories = ["\(userRuntimeDirectory)/\(uid)"]
        if uid == ownUID, uid != 0, let own = ownRuntimeDirectory, own != directories[0] {
            directories.insert(own, at: 0)
        }
        return directories.map {
            DaemonInstance(
                path: "\($0)/profilerd/control.sock", uid: uid, isInUserDirectory: true)
        } + [DaemonInstance(path: "\(systemDirectory)/\(uid)/control.sock", uid: uid)]
    }

    /// Every socket there is, of all users, by uid.
    public func existing() -> [DaemonInstance] {
        let users = instances(in: userRuntimeDirectory) {
            DaemonInstance(
                path: "\(userRuntimeDirectory)/\($0)/profilerd/control.sock", uid: $0,
                isInUserDirectory: true)
        }
        let system = instances(in: systemDirectory) {
            DaemonInstance(path: "\(systemDirectory)/\($0)/control.sock", uid: $0)
        }
        return (users + system).sorted { ($0.uid, $0.path) < ($1.uid, $1.path) }
    }

    private func instances(
        in directory: String, _ instance: (UInt32) -> DaemonInstance
    ) -> [DaemonInstance] {
        let names = try? SystemDirectory(directory).entries(of: ".")
        return (names ?? []).compactMap { UInt32($0) }.map(instance)
            .filter { instance in
                let facts = try? OwnProcess.raising([.dacReadSearch]) {
                    () throws(SystemCallError) in try FileFacts(path: instance.path)
                }
                return facts?.kind == .socket
            }
    }

    /// The sentence for a user whose daemon is nowhere.
    public func missing(_ uid: UInt32) -> ClientError {
        if let explicitPath {
            return ClientError(
                .unavailable,
                """
                There is no socket \(explicitPath): start the daemon with \
                'profilerd --listen \(explicitPath)' as uid \(uid).
                """)
        }
        let paths = candidates(for: uid).map(\.path).joined(separator: " nor ")
        return ClientError(
            .unavailable,
            """
            There is no profilerd for uid \(uid) (neither \(paths) exists): enable it with \
            'systemctl --user enable --now profilerd.socket' as that user, or with \
            'systemctl enable --now profilerd@\(uid).socket' as root; without systemd, run \
            'profilerd --listen PATH' as that user and give --socket PATH here.
            """)
    }
}
