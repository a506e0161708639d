// The listening socket and what comes of it. The server owns every connection; it ends when it is
// told to, or when it has been idle: no session and no connection for the configured time.

internal import Configuration
internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import Policy
internal import Sessions
internal import SocketCredentials
internal import Systemd
internal import Varlink

final class Server {
    /// How long connections are accepted in one go; those that wait longer have their turn again.
    private static let acceptTurn: UInt64 = 1_000_000
    /// How long nobody is accepted after the kernel had no descriptor or memory for it.
    private static let acceptPause = Duration.seconds(1)

    private let loop: EventLoop
    private let listener: UnixSocket
    private let spare = SpareDescriptor()
    let dispatcher: Dispatcher
    private let sessions: SessionTable
    private var idleExit: Duration?
    private let load: () throws(ConfigurationError) -> Configuration
    private let logger: Logger
    private let status: StatusLine
    private let heartbeat: Heartbeat
    private let turns: Turns
    private var patience: Patience?
    private var connections: [UInt64: Connection] = [:]
    private var nextNumber: UInt64 = 1
    private var sources: [EventSource] = []
    private var listening: IOSource?
    private var acceptTimer: TimerSource?
    private var idleTimer: TimerSource?

    init(
        loop: EventLoop, listener: consuming UnixSocket, dispatcher: Dispatcher,
        idleExit: Duration?, load: @escaping () throws(ConfigurationError) -> Configuration,
        logger: Logger
    ) throws(SystemCallError) {
        self.loop = loop
        self.listener = listener
        self.dispatcher = dispatcher
        sessions = dispatcher.sessions
        self.idleExit = idleExit
        self.load = load
        self.logger = logger
        status = try StatusLine(sessions: dispatcher.sessions, loop: loop)
        heartbeat = try Heartbeat(sessions: dispatcher.sessions, loop: loop)
        let policy = dispatcher.policy
        turns = try Turns(
            ledger: PeerLedger(ownUID: policy.ownUID, limits: policy.limits), loop: loop)
        patience = try Patience(deadline: policy.limits.authenticationDeadline, loop: loop) {
            [unowned self] connection, awaited, waited in
            giveUp(connection, awaited, waited)
        }
    }

    /// Serves until the process is told to end or has been idle.
    ///
    /// - Throws: an error of our own; the sessions have been sealed.
    func run() throws {
        try listener.setPassCredentials()
        try listener.descriptor.setNonBlocking()
        try listener.descriptor.setCloseOnExec()
        listening = try loop.addIO(listener.descriptor, .readable) { [unowned self] _ in
            acceptAll()
        }
        acceptTimer = try loop.addTimer { [unowned self] in listening?.setEnabled(true) }
        for signal in [OwnProcess.terminate, OwnProcess.interrupt] {
            sources.append(try loop.addSignal(signal) { [unowned self] in loop.stop() })
        }
        sources.append(try loop.addSignal(OwnProcess.hangUp) { [unowned self] in reload() })
        idleTimer = try loop.addTimer(accuracy: .milliseconds(250)) { [unowned self] in
            if isIdle {
                logger.info("The daemon ends, for nobody needs it now.")
                loop.stop()
            }
        }
        sessions.onChange = { [unowned self] in changed() }
        armIdleTimer()
        try status.ready()
        heartbeat.start()
        defer { stop() }
        try loop.run()
    }

    private func stop() {
        heartbeat.stop()
        try? status.stopping()
        // Whoever watches a session hears of its end.
        sessions.onChange = { [unowned self] in dispatcher.tellMonitors(of: connections.values) }
        sessions.suspendAll()
        sessions.onChange = {}
        dispatcher.log.reportDropped()
        logger.notice("The daemon ends.", metadata: .journal(.daemonStopping))
        for connection in connections.values { connection.close() }
        sources.removeAll()
        listening = nil
    }

    /// Reads the configuration again. What cannot be used is said, and changes nothing.
    private func reload() {
        // The manager going away is not our end.
        try? status.reloading()
        do throws(ConfigurationError) {
            let configuration = try load()
            dispatcher.adopt(configuration)
            turns.ledger.limits = configuration.limits
            patience?.deadline = configuration.limits.authenticationDeadline
            idleExit = configuration.idleExit
            armIdleTimer()
            status.problem = nil
            logger.notice("The configuration was read again.", metadata: .reloaded(configuration))
        } catch {
            status.problem = "the old configuration holds, for the new one is wrong: \(error)"
            logger.error(
                "The configuration cannot be used; the old one holds.",
                metadata: .refused(error, as: .reloadRefused))
        }
        try? status.ready()
    }

    private func acceptAll() {
        let end = KernelClock.monotonic() + Self.acceptTurn
        repeat {
            let accepted: UnixSocket?
            do throws(SystemCallError) { accepted = try listener.accept() } catch {
                let isFull = error.errno == .tooManyOpenFiles
                if isFull { spare.refuseNext(of: listener) }
                let reason = isFull ? "\(SpareDescriptor.refusal)" : "\(error)"
                logger.error(
                    "A connection could not be accepted.", metadata: ["error": .string(reason)])
                // It still waits, and would wake us at once and for nothing.
                listening?.setEnabled(false)
                acceptTimer?.arm(after: Self.acceptPause)
                return
            }
            switch consume accepted {
            case .none: return
            case .some(let socket): admit(socket)
            }
        } while KernelClock.monotonic() < end
    }

    /// Charges the connection to who made it, before anything is done for it.
    private func admit(_ socket: consuming UnixSocket) {
        let credentials = try? socket.peerCredentials()
        let now = KernelClock.monotonic()
        if let refusal = turns.ledger.connect(credentials?.euid, at: now) {
            dispatcher.log.record(refusal, uid: credentials?.euid, pid: credentials?.pid)
            // Its buffer is empty, so that this takes all of it or none.
            _ = try? socket.send(refusal.error.reply.encoded()[...])
            return
        }
        do { try add(socket, credentials) } catch {
            turns.ledger.disconnect(credentials?.euid)
            logger.error("A connection could not be served.", metadata: ["error": "\(error)"])
        }
    }

    /// - Throws: `SocketOptionError`, `SystemCallError`; nobody is served.
    private func add(_ socket: consuming UnixSocket, _ credentials: Credentials?) throws {
        guard let patience else { return }
        // Inherited from the listener; set again before a byte is read, whoever made the listener.
        try socket.setPassCredentials()
        let number = nextNumber
        nextNumber += 1
        let peer = Peer(of: socket, credentials)
        let connection = Connection(
            number: number, socket: socket, peer: peer,
            frameLimit: ControlInterface.maximumRequestSize, owner: self, turns: turns,
            patience: patience)
        try connection.start(on: loop)
        connections[number] = connection
        idleTimer?.disarm()
    }

    private func changed() {
        dispatcher.tellMonitors(of: connections.values)
        armIdleTimer()
        heartbeat.sessionsChanged()
        status.changed()
    }

    private var isIdle: Bool {
        connections.isEmpty && sessions.count == 0 && sessions.pendingCount == 0
    }

    private func armIdleTimer() {
        guard let idleExit, isIdle else {
            idleTimer?.disarm()
            return
        }
        idleTimer?.arm(after: idleExit)
    }
}

extension Server: ConnectionOwner {
    func handle(_ frame: consuming Frame, on connection: Connection) {
        dispatcher.handle(frame, on: connection)
    }

    func violate(_ violation: FrameViolation, on connection: Connection) {
        dispatcher.violate(connection, violation.explanation)
    }

    func isWelcome(_ writer: Credentials?) -> Bool {
        dispatcher.policy.authenticate(writer) == nil
    }

    func closed(_ connection: Connection) {
        // Later: the connection's own handler may be running.
        loop.post { [weak self] in self?.forget(connection) }
    }

    private func forget(_ connection: Connection) {
        guard connections.removeValue(forKey: connection.number) != nil else { return }
        turns.ledger.disconnect(connection.peer.uid)
        sessions.connectionClosed(connection.number)
        armIdleTimer()
    }

    /// Ends a connection that has been waited for longer than the deadline.
    private func giveUp(_ connection: Connection, _ awaited: Awaited, _ waited: UInt64) {
        let refusal = Refusal(
            awaited, waited: waited, deadline: dispatcher.policy.limits.authenticationDeadline)
        dispatcher.log.record(refusal, uid: connection.peer.uid, pid: connection.peer.pid)
        if awaited == .reader || awaited == .passage { return connection.close() }
        connection.send(refusal.error.reply)
        connection.end()
    }
}

extension Refusal {
    init(_ awaited: Awaited, waited: UInt64, deadline: Duration) {
        let what =
            switch awaited {
            case .authentication: "without one complete request of the daemon's own user"
            case .rest: "in the middle of a request"
            case .reader: "without reading its replies"
            case .passage:
                """
                with a recording that could not be sent (other programs of this user have as many \
                descriptors under way as RLIMIT_NOFILE allows)
                """
            }
        self.init(
            limit: .deadlineLimit, value: waited, maximum: deadline.nanoseconds,
            reason: """
                The connection was open for \(waited / 1_000_000) ms \(what), and the limit is \
                \(deadline.nanoseconds / 1_000_000). It is set by 'authentication-deadline' under \
                [policy.limits] in the daemon's configuration.
                """)
    }
}

extension FrameViolation {
    /// A sentence for the peer and the journal.
    var explanation: String {
        switch self {
        case .controlTruncated:
            """
            The kernel could not deliver all descriptors of the message: the daemon has as many \
            open as RLIMIT_NOFILE allows, which is \(DescriptorLimit.current). Stop a session, \
            profile fewer threads or events, or raise it: LimitNOFILE= in the daemon's unit, or \
            'ulimit -n' where it was started.
            """
        case .oversized(let limit): "The message is longer than \(limit) bytes."
        case .mixedCredentials: "The message was written by more than one sender."
        case .strayDescriptors: "Descriptors came in the middle of a message."
        case .unfinished: "The connection ended in the middle of a message."
        }
    }
}
