// Handing a session over: Begin, Add, Commit. What Begin has described is what the policy sees of
// the others, so that a rule about an event holds for the whole of it.

internal import ControlProtocol
internal import LinuxSystem
internal import Policy
internal import Sessions
internal import SocketCredentials
internal import Varlink

extension Dispatcher {
    func begin(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let request: BeginRequest
        do throws(InvalidParameter) { request = try BeginRequest(decoding: call.parameters) } catch
        {
            throw .invalidParameter(error.name)
        }
        try decide(
            Request(
                .begin, about: SessionFacts(request),
                demanding: .session(
                    running: sessions.recordingCount, pending: sessions.pendingCount)),
            credentials, connection)
        let transaction = sessions.begin(request, owner: connection.number)
        reply(Reply(["transaction": .string(transaction)]), to: call, connection)
    }

    func add(
        _ call: Call, _ credentials: Credentials?, _ descriptors: consuming DescriptorList,
        _ connection: Connection
    ) throws(ControlError) {
        let request: AddRequest
        do throws(InvalidParameter) { request = try AddRequest(decoding: call.parameters) } catch {
            throw .invalidParameter(error.name)
        }
        // Of a transaction that is not there nothing is used.
        let usage = try? sessions.usage(adding: request, owner: connection.number)
        let demand = usage.map { usage in
            Demand.descriptors(
                message: max(request.descriptors.count, descriptors.count),
                total: usage.descriptors, threads: usage.threads, ringMemory: usage.ringMemory)
        }
        try decide(
            Request(
                .add, about: facts(ofTransaction: request.transaction, connection),
                demanding: demand ?? .nothing),
            credentials, connection)
        try sessions.add(request, descriptors, owner: connection.number)
        reply(Reply(), to: call, connection)
    }

    func commit(
        _ call: Call, _ credentials: Credentials?, _ connection: Connection
    ) throws(ControlError) {
        let transaction = try name("transaction", of: call)
        try decide(
            Request(.commit, about: facts(ofTransaction: transaction, connection)), credentials,
            connection)
        let status = try sessions.commit(transaction, owner: connection.number)
        reply(Reply(["session": .string(status.session)]), to: call, connection)
    }

    private func facts(ofTransaction name: String, _ connection: Connection) -> SessionFacts? {
        sessions.request(ofTransaction: name, owner: connection.number).map(SessionFacts.init)
    }
}
