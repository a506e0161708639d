// Asking about sessions, and ending them.

internal import ControlProtocol
internal import LinuxSystem
internal import Policy
internal import Sessions
internal import SocketCredentials
internal import Varlink

extension Dispatcher {
    func list(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        try parameters(of: call) { _ throws(InvalidParameter) in }
        try decide(Request(.list), credentials, connection)
        sessions.drainAll()
        reply(
            Reply(["sessions": .array(sessions.statuses.map(\.json))]), to: call, connection)
    }

    func status(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        try parameters(of: call) { _ throws(InvalidParameter) in }
        try decide(Request(.status), credentials, connection)
        sessions.drainAll()
        let totals = sessions.totals
        let service = ServiceStatus(
            version: version, pid: OwnProcess.pid, uid: policy.ownUID, startedAt: startedAt,
            sessions: sessions.recordingCount, samples: totals.samples, lost: totals.lost,
            violations: sessions.violations, limits: policy.limits, load: sessions.load)
        reply(
            Reply([
                "service": service.json, "sessions": .array(sessions.statuses.map(\.json)),
            ]), to: call, connection)
    }

    func monitor(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let (session, adopts) = try parameters(of: call) { reader throws(InvalidParameter) in
            (try reader.string("session"), try reader.optionalBool("adopt") ?? false)
        }
        try decide(about(session, .monitor), credentials, connection)
        let status = try sessions.status(of: session)
        if adopts { sessions.adopt(session, by: connection.number) }
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
            // Of a peer that does not read, one that is stopped perhaps, no heap is made.
            if goesOn && connection.hasOutput { return }
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

    func endMonitor(of connection: Connection) {
        guard let monitor = connection.monitor else { return }
        connection.monitor = nil
        do throws(ControlError) {
            let status = try sessions.status(of: monitor.session)
            connection.send(Reply(["session": status.json]))
        } catch {
            connection.send(error.reply)
        }
    }

    func stop(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let (session, wantsReceipt) = try parameters(of: call) {
            reader throws(InvalidParameter) in
            (try reader.string("session"), try reader.optionalBool("receipt") ?? false)
        }
        try decide(about(session, .stop), credentials, connection)
        let status = try sessions.stop(session)
        // Without a reply nobody has the recording, and the session stays for who asks for it.
        if call.oneway { return }
        if wantsReceipt { return try sendForReceipt(session, status, connection) }
        try sendRecording(of: session, status, connection) { [sessions] in
            sessions.forget(session)
        }
    }

    func fetch(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let session = try name("session", of: call)
        try decide(about(session, .fetch), credentials, connection)
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

    /// The client says later whether it has its report.
    private func sendForReceipt(
        _ session: String, _ status: SessionStatus, _ connection: Connection
    ) throws(ControlError) {
        var descriptors = DescriptorList()
        descriptors.append(try sessions.recording(of: session))
        do throws(SystemCallError) {
            descriptors.append(try receipts.expect(for: session))
        } catch {
            throw .attachFailed(reason: "The recording cannot be handed over: \(error).")
        }
        connection.send(Reply(["session": status.json]), descriptors)
    }

    private func about(_ session: String, _ method: RequestMethod) -> Request {
        Request(method, about: sessions.request(ofSession: session).map(SessionFacts.init))
    }
}
