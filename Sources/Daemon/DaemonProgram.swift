// The program from its arguments to its end: configuration, socket, state directory, server.

internal import Configuration
internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import Policy
internal import Sessions
internal import SystemPackage
internal import Systemd

/// What the command line and the environment say.
public struct DaemonOptions: Sendable {
    /// The path to listen on; nil where systemd passes the socket.
    public var listen: String?
    /// The configuration files in their order.
    public var configurationFiles: [String]
    /// Somebody named the configuration file, so it has to be there.
    public var mustHaveConfiguration: Bool
    /// Where recordings are kept; nil for what the configuration says.
    public var stateDirectory: String?
    /// Where they are kept if nobody says anything.
    public var defaultStateDirectory: String?

    public init(
        listen: String? = nil, configurationFiles: [String] = [],
        mustHaveConfiguration: Bool = false, stateDirectory: String? = nil,
        defaultStateDirectory: String? = nil
    ) {
        self.listen = listen
        self.configurationFiles = configurationFiles
        self.mustHaveConfiguration = mustHaveConfiguration
        self.stateDirectory = stateDirectory
        self.defaultStateDirectory = defaultStateDirectory
    }
}

/// Why the daemon does not start, as a sentence.
public struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// The daemon.
public enum DaemonProgram {
    public static let version = "0.1.0"

    /// Runs until the process is told to end or has been idle.
    ///
    /// - Throws: `StartError`, `ConfigurationError`, or an error of our own.
    public static func run(_ options: DaemonOptions) throws {
        let configuration: Configuration
        do throws(ConfigurationError) { configuration = try load(options) } catch {
            LogDestination.current.logger().error(
                "The configuration cannot be used.",
                metadata: .refused(error, as: .configurationInvalid))
            throw error
        }
        let logger = LogDestination.current.logger(level: configuration.logLevel)
        let uid = OwnProcess.uid
        let overflow = OverflowIDs.current
        guard uid != overflow.uid else {
            throw StartError(
                """
                profilerd does not run as uid \(uid): that is the number of everyone whom this \
                user namespace does not know. Run it as another user.
                """)
        }
        // Nobody was heard yet. What finds accounts must be loaded, for this configuration or the next.
        UserAccount.loadDatabases()
        try OwnProcess.forbidNewCode()
        // The unit's sandbox may forbid it, and sets the limit itself.
        _ = try? DescriptorLimit.raise()
        let loop = try EventLoop()
        let (listener, stored) = try listener(options)
        defer { if let path = options.listen { try? OwnedDescriptor.removeSocket(path) } }
        let sessions = SessionTable(
            loop: loop, directory: try stateDirectory(options, configuration),
            limits: configuration.limits, uid: uid, version: version, logger: logger,
            budget: configuration.budget, retention: configuration.retention)
        // Before anything else is done: each moment until then is missing in the recordings.
        sessions.resume(stored)
        sessions.sealLeftovers()
        let policy = Policy(
            ownUID: uid, overflow: overflow, limits: configuration.limits,
            rules: configuration.rules)
        let dispatcher = Dispatcher(
            policy: policy, sessions: sessions, loop: loop,
            log: try DecisionLog(logger: logger, ownUID: uid, loop: loop), version: version)
        let server = try Server(
            loop: loop, listener: listener.take(), dispatcher: dispatcher,
            idleExit: configuration.idleExit,
            load: { () throws(ConfigurationError) in try load(options) }, logger: logger)
        sessions.sweep()
        logger.notice(
            "The daemon takes requests.",
            metadata: .journal(
                .daemonStarted, ["version": .string(version), "uid": .stringConvertible(uid)]))
        if options.listen == nil {
            logger.info(
                "The listening socket came from the service manager.",
                metadata: .journal(.connectionActivated))
        }
        try server.run()
    }

    private static func load(
        _ options: DaemonOptions
    ) throws(ConfigurationError) -> Configuration {
        var configuration = try Configuration.load(
            options.configurationFiles, mustExist: options.mustHaveConfiguration)
        // Without a socket unit nobody would start it again.
        if options.listen != nil && !configuration.isIdleExitConfigured {
            configuration.idleExit = nil
        }
        return configuration
    }

    /// A socket on its way; a class because tuples cannot hold it.
    private final class Listener {
        private var socket: UnixSocket?
        init(_ socket: consuming UnixSocket) { self.socket = consume socket }
        func take() -> UnixSocket {
            guard let socket = socket.take() else { preconditionFailure("taken twice") }
            return socket
        }
    }

    /// The socket to listen on, and what the manager has kept.
    private static func listener(
        _ options: DaemonOptions
    ) throws -> (Listener, [StoredDescriptors]) {
        var passed = try ListenDescriptors.receive()
        if let path = options.listen {
            return (Listener(try bind(path)), [])
        }
        guard !passed.isEmpty else {
            throw StartError(
                """
                No socket was passed. Start profilerd through its socket unit (systemctl --user \
                enable --now profilerd.socket), or give it a path with --listen PATH.
                """)
        }
        let descriptor = try passed.takeListener(named: "control")
        let socket = try UnixSocket(checking: descriptor)
        guard socket.kind == .stream else {
            throw StartError(
                """
                The socket that was passed keeps message boundaries, and Varlink has none. Use \
                ListenStream= in the socket unit.
                """)
        }
        return (Listener(socket), passed.takeStored())
    }

    /// Listens at `path`. A socket that nobody listens on any more is replaced.
    private static func bind(_ path: String) throws -> UnixSocket {
        do throws(SystemCallError) {
            return try UnixSocket.listening(at: path)
        } catch {
            guard error.errno == .addressInUse else {
                throw StartError("profilerd cannot listen on \(path): \(error.errno).")
            }
        }
        do throws(SystemCallError) {
            _ = try UnixSocket.connected(to: path)
        } catch {
            guard error.errno == .connectionRefused else {
                throw StartError("\(path) is in the way: \(error.errno).")
            }
            return try replace(path)
        }
        throw StartError("Another daemon listens on \(path) already.")
    }

    /// connect(2) to a file of another kind is refused as well: that one stays.
    private static func replace(_ path: String) throws -> UnixSocket {
        do throws(SystemCallError) {
            try OwnedDescriptor.removeSocket(path)
        } catch {
            throw StartError(
                "\(path) is in the way: \(error.errno). Choose another path, or remove it.")
        }
        return try UnixSocket.listening(at: path)
    }

    private static func stateDirectory(
        _ options: DaemonOptions, _ configuration: Configuration
    ) throws -> OwnedDescriptor {
        let chosen =
            options.stateDirectory ?? configuration.stateDirectory
            ?? options.defaultStateDirectory
        guard let path = chosen else {
            throw StartError(
                """
                There is no place for recordings. Set HOME or XDG_STATE_HOME, or give profilerd \
                --state-directory PATH.
                """)
        }
        do throws(SystemCallError) {
            try OwnedDescriptor.createDirectories(path)
            return try OwnedDescriptor.openDirectory(path)
        } catch {
            throw StartError("The state directory \(path) cannot be used: \(error).")
        }
    }
}
