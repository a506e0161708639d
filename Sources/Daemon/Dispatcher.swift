// From a frame to a reply: authenticate, decode, decide, do. The order is the point. Nothing in
// the frame is looked at before the kernel's word about its sender has been compared with the own
// uid, and nothing is done before the policy has allowed it.

internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import Policy
internal import Sessions
internal import SocketCredentials
internal import Systemd
internal import Varlink

/// Answers the frames of all connections.
final class Dispatcher {
    let policy: Policy
    let sessions: SessionTable
    private let loop: EventLoop
    private let logger: Logger
    private var limited: RateLimitedLogger
    private let version: String
    private let startedAt = Int64(KernelClock.realtime() / 1_000_000_000)

    init(
        policy: Policy, sessions: SessionTable, loop: EventLoop, logger: Logger, version: String
    ) {
        self.policy = policy
        self.sessions = sessions
        self.loop = loop
        self.logger = logger
        limited = RateLimitedLogger(logger)
        self.version = version
    }

    /// Answers one frame. Its descriptors are closed on every path that does not keep them.
    func handle(_ frame: consuming Frame, on connection: Connection) {
        let credentials = frame.credentials
        if case .deny(let denial) = policy.decide(.nothing, from: credentials) {
            log(denial, method: nil, credentials, connection)
            connection.send(denial.error(credentials: credentials, ownUID: policy.ownUID).reply)
            return
        }
        let call: Call
        do throws(EnvelopeError) { call = try Call(decoding: frame.bytes) } catch {
            violate(connection, error.description)
            connection.end()
            return
        }
        endMonitor(of: connection)
        var frame = frame
        var descriptors = DescriptorList()
        swap(&descriptors, &frame.descriptors)
        do throws(ControlError) {
            try answer(call, credentials, descriptors, connection)
        } catch {
            reply(error.reply, to: call, connection)
        }
    }

    /// Answers the call, unless it wants no reply.
    private func reply(_ reply: Reply, to call: Call, _ connection: Connection) {
        if !call.oneway { connection.send(reply) }
    }

    private func answer(
        _ call: Call, _ credentials: Credentials?, _ descriptors: consuming DescriptorList,
        _ connection: Connection
    ) throws(ControlError) {
        guard call.interface == ControlInterface.name else {
            try requireNone(descriptors)
            guard call.interface == ServiceInterface.name else {
                throw .interfaceNotFound(String(call.interface.prefix(255)))
            }
            reply(try ServiceInterface.answer(call, version: version), to: call, connection)
            return
        }
        guard let method = ControlMethod(fullName: call.method) else {
            throw .methodNotFound(String(call.method.prefix(255)))
        }
        if method == .add {
            try add(call, credentials, descriptors, connection)
        } else {
            try requireNone(descriptors)
            try answer(method, call, credentials, connection)
        }
    }

    private func requireNone(_ descriptors: borrowing DescriptorList) throws(ControlError) {
        guard descriptors.isEmpty else {
            throw .descriptorRefused(
                index: -1, reason: "\(descriptors.count) descriptors came with a call of none.")
        }
    }

    private func answer(
        _ method: ControlMethod, _ call: Call, _ credentials: Credentials?,
        _ connection: Connection
    ) throws(ControlError) {
        switch method {
        case .begin: try begin(call, credentials, connection)
        case .add: break
        case .commit: try commit(call, connection)
        case .list: try list(call, connection)
        case .status: try status(call, connection)
        case .monitor: try monitor(call, connection)
        case .stop: try stop(call, connection)
        case .fetch: try fetch(call, connection)
        }
    }

    /// Says that the peer broke the protocol, once, and tells it.
    func violate(_ connection: Connection, _ reason: String) {
        limited.log(
            .warning, "A peer broke the protocol and was disconnected.", key: "violation",
            at: KernelClock.monotonic(),
            metadata: .journal(
                .peerViolation, ["reason": .string(reason)].merging(peer(connection)) { $1 }))
        connection.send(ControlError.invalidMessage(reason: reason).reply)
    }
}

// MARK: - Handing over a session

extension Dispatcher {
    private func begin(_ call: Call, _ credentials: Credentials?, _ connection: Connection)
        throws(ControlError)
    {
        let request: BeginRequest
        do throws(InvalidParameter) { request = try BeginRequest(decoding: call.parameters) } catch
        {
            throw .invalidParameter(error.name)
        }
        let demand = Demand.session(
            running: sessions.recordingCount, pending: sessions.pendingCount, events: request.events
        )
        try decide(demand, .begin, credentials, connection)
        let transaction = sessions.begin(request, owner: connection.number)
        reply(Reply(["transaction": .string(transaction)]), to: call, connection)
    }

    private func add(
        _ call: Call, _ credentials: Credentials?, _ descriptors: consuming DescriptorList,
        _ connection: Connection
    ) throws(ControlError) {
        let request: AddRequest
        do throws(InvalidParameter) { request = try AddRequest(decoding: call.parameters) } catch {
            throw .invalidParameter(error.name)
        }
        let usage = try sessions.usage(adding: request, owner: connection.number)
        try decide(
            .descriptors(
                total: usage.descriptors, threads: usage.threads, ringMemory: usage.ringMemory),
            .add, credentials, connection)
        try sessions.add(request, descriptors, owner: connection.number)
        reply(Reply(), to: call, connection)
    }

    private func commit(_ call: Call, _ connection: Connection) throws(ControlError) {
        let transaction = try name("transaction", of: call)
        let status = try sessions.commit(transaction, owner: connection.number)
        reply(Reply(["session": .string(status.session)]), to: call, connection)
    }

    private func decide(
        _ demand: Demand, _ method: ControlMethod, _ credentials: Credentials?,
        _ connection: Connection
    ) throws(ControlError) {
        guard case .deny(let denial) = policy.decide(demand, from: credentials) else { return }
        log(denial, method: method, credentials, connection)
        throw denial.error(credentials: credentials, ownUID: policy.ownUID)
    }

    private func name(_ key: String, of call: Call) throws(ControlError) -> String {
        try parameters(of: call) { reader throws(InvalidParameter) in try reader.string(key) }
    }
}

// MARK: - Asking about sessions, and ending them

extension Dispatcher {
    private func list(_ call: Call, _ connection: Connection) throws(ControlError) {
        try parameters(of: call) { _ throws(InvalidParameter) in }
        sessions.drainAll()
        reply(
            Reply(["sessions": .array(sessions.statuses.map(\.json))]), to: call, connection)
    }

    private func status(_ call: Call, _ connection: Connection) throws(ControlError) {
        try parameters(of: call) { _ throws(InvalidParameter) in }
        sessions.drainAll()
        let totals = sessions.totals
        let service = ServiceStatus(
            version: version, pid: OwnProcess.pid, uid: policy.ownUID, startedAt: startedAt,
            sessions: sessions.recordingCount, samples: totals.samples, lost: totals.lost,
            limits: policy.limits)
        reply(
            Reply([
                "service": service.json, "sessions": .array(sessions.statuses.map(\.json)),
            ]), to: call, connection)
    }

    private func monitor(_ call: Call, _ connection: Connection) throws(ControlError) {
        let session = try name("session", of: call)
        let status = try sessions.status(of: session)
        if call.oneway { return }
        let goesOn = call.more && status.state == .recording
        connection.send(Reply(["session": status.json], continues: goesOn))
        if !goesOn { return }
        do throws(SystemCallError) {
            connection.monitor = try Monitor(session: session, on: loop) {
                [weak self, weak connection] monitor in
                guard let self, let connection else { return }
                tell(monitor, connection)
            }
        } catch {
            throw .attachFailed(reason: "The daemon has no timer for the call: \(error).")
        }
    }

    private func tell(_ monitor: Monitor, _ connection: Connection) {
        do throws(ControlError) {
            let status = try sessions.status(of: monitor.session)
            // Emptying the rings may have ended the session, and then the peer knows it already.
            if connection.monitor !== monitor { return }
            let goesOn = status.state == .recording
            if !goesOn { connection.monitor = nil }
            connection.send(Reply(["session": status.json], continues: goesOn))
        } catch {
            if connection.monitor !== monitor { return }
            connection.monitor = nil
            connection.send(error.reply)
        }
    }

    /// A session has ended: whoever watches it hears of it at once.
    func tellMonitors(of connections: some Sequence<Connection>) {
        for connection in connections {
            guard let monitor = connection.monitor, !sessions.isRecording(monitor.session) else {
                continue
            }
            tell(monitor, connection)
        }
    }

    private func endMonitor(of connection: Connection) {
        guard let monitor = connection.monitor else { return }
        connection.monitor = nil
        do throws(ControlError) {
            let status = try sessions.status(of: monitor.session)
            connection.send(Reply(["session": status.json]))
        } catch {
            connection.send(error.reply)
        }
    }

    private func stop(_ call: Call, _ connection: Connection) throws(ControlError) {
        let session = try name("session", of: call)
        let status = try sessions.stop(session)
        // Without a reply nobody has the recording, and the session stays for who asks for it.
        if call.oneway { return }
        try sendRecording(of: session, status, connection) { [sessions] in
            sessions.forget(session)
        }
    }

    private func fetch(_ call: Call, _ connection: Connection) throws(ControlError) {
        let session = try name("session", of: call)
        let status = try sessions.status(of: session)
        if !call.oneway { try sendRecording(of: session, status, connection) }
    }

    private func sendRecording(
        of session: String, _ status: SessionStatus, _ connection: Connection,
        delivered: (() -> Void)? = nil
    ) throws(ControlError) {
        var descriptors = DescriptorList()
        descriptors.append(try sessions.recording(of: session))
        connection.send(Reply(["session": status.json]), descriptors, delivered: delivered)
    }
}

// MARK: - The journal

extension Dispatcher {
    private func log(
        _ denial: Denial, method: ControlMethod?, _ credentials: Credentials?,
        _ connection: Connection
    ) {
        var metadata: Logger.Metadata = [
            "rule": .string(denial.rule.rawValue), "reason": .string(denial.reason),
            "own.uid": .stringConvertible(policy.ownUID),
        ]
        if let method { metadata["method"] = .string(method.rawValue) }
        metadata["claimed.uid"] = credentials?.uid.map { .stringConvertible($0) }
        metadata["claimed.pid"] = credentials?.pid.map { .stringConvertible($0) }
        limited.log(
            .warning, "A request was denied.",
            key: "denied \(denial.rule.rawValue) \(credentials?.uid ?? .max)",
            at: KernelClock.monotonic(),
            metadata: .journal(.requestDenied, metadata.merging(peer(connection)) { $1 }))
    }

    /// Who made the connection: a label for the journal, and never a reason.
    private func peer(_ connection: Connection) -> Logger.Metadata {
        guard let peer = try? connection.socket.peerCredentials() else { return [:] }
        var metadata: Logger.Metadata = [:]
        metadata["peer.pid"] = peer.pid.map { .stringConvertible($0) }
        metadata["peer.uid"] = peer.euid.map { .stringConvertible($0) }
        return metadata
    }
}
