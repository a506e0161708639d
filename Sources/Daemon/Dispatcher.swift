// From a frame to a reply: authenticate, decode, decide, do. The order is the point. Nothing in
// the frame is looked at before the kernel's word about its sender has been compared with the own
// uid, and nothing is done before the policy has allowed it.

internal import Configuration
internal import ControlProtocol
internal import LinuxSystem
internal import Policy
internal import Sessions
internal import SocketCredentials
internal import Systemd
internal import Varlink

/// Answers the frames of all connections.
final class Dispatcher {
    private(set) var policy: Policy
    let sessions: SessionTable
    let loop: EventLoop
    let log: DecisionLog
    let version: String
    /// Sessions whose recordings clients have, until they say that they need them no more.
    let receipts: Receipts
    let startedAt = Int64(KernelClock.realtime() / 1_000_000_000)

    init(
        policy: Policy, sessions: SessionTable, loop: EventLoop, log: DecisionLog, version: String
    ) {
        self.policy = policy
        self.sessions = sessions
        self.loop = loop
        self.log = log
        self.version = version
        receipts = Receipts(sessions: sessions, loop: loop)
    }

    /// Decides by the configuration from the next request on. Sessions that record go on.
    func adopt(_ configuration: Configuration) {
        policy = Policy(
            ownUID: policy.ownUID, overflow: policy.overflow, limits: configuration.limits,
            rules: configuration.rules)
        sessions.limits = configuration.limits
        sessions.budget = configuration.budget
        sessions.retention = configuration.retention
    }

    /// Answers one frame. Its descriptors are closed on every path that does not keep them.
    func handle(_ frame: consuming Frame, on connection: Connection) {
        let credentials = frame.credentials
        if let denial = policy.authenticate(credentials) {
            log.record(.deny(denial), nil, credentials, connection.peer)
            connection.send(denial.error(credentials: credentials, ownUID: policy.ownUID).reply)
            return
        }
        connection.isAuthenticated = true
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
    func reply(_ reply: Reply, to call: Call, _ connection: Connection) {
        if !call.oneway { connection.send(reply) }
    }

    private func answer(
        _ call: Call, _ credentials: Credentials?, _ descriptors: consuming DescriptorList,
        _ connection: Connection
    ) throws(ControlError) {
        guard let method = RequestMethod(fullName: call.method) else {
            try requireNone(descriptors)
            guard [ControlInterface.name, ServiceInterface.name].contains(call.interface) else {
                throw .interfaceNotFound(String(call.interface.prefix(255)))
            }
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
        _ method: RequestMethod, _ call: Call, _ credentials: Credentials?,
        _ connection: Connection
    ) throws(ControlError) {
        switch method {
        case .getInfo, .getInterfaceDescription:
            try decide(Request(method), credentials, connection)
            reply(try ServiceInterface.answer(call, version: version), to: call, connection)
        case .begin: try begin(call, credentials, connection)
        case .add: break
        case .commit: try commit(call, credentials, connection)
        case .list: try list(call, credentials, connection)
        case .status: try status(call, credentials, connection)
        case .monitor: try monitor(call, credentials, connection)
        case .stop: try stop(call, credentials, connection)
        case .fetch: try fetch(call, credentials, connection)
        }
    }

    /// Asks the policy, each time anew.
    ///
    /// - Throws: the denial as the client gets it.
    func decide(
        _ request: Request, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let decision = policy.decide(request, from: credentials, over: connection.peer.facts)
        log.record(decision, request, credentials, connection.peer)
        guard case .deny(let denial) = decision else { return }
        throw denial.error(credentials: credentials, ownUID: policy.ownUID)
    }

    /// The parameter that names a session or a transaction, and is the only one.
    func name(_ key: String, of call: Call) throws(ControlError) -> String {
        try parameters(of: call) { reader throws(InvalidParameter) in try reader.string(key) }
    }

    /// Says that the peer broke the protocol, and tells it.
    func violate(_ connection: Connection, _ reason: String) {
        log.record(violation: reason, connection.peer)
        connection.send(ControlError.invalidMessage(reason: reason).reply)
    }
}
