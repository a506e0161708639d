// The methods of io.profilerd.Control, typed.

internal import ControlProtocol
internal import LinuxSystem
internal import Varlink

/// A session and a read-only descriptor of its recording.
struct RecordedSession: ~Copyable {
    let status: SessionStatus
    let recording: OwnedDescriptor
    /// The daemon keeps the session until it is given; nil where it does not.
    var receipt: Receipt?
}

extension ControlConnection {
    /// - Returns: the transaction.
    mutating func begin(_ request: BeginRequest) throws(ClientError) -> String {
        let answer = try call(.begin, request.parameters)
        return try string("transaction", in: answer.parameters)
    }

    mutating func add(
        _ request: AddRequest, _ descriptors: borrowing DescriptorList
    ) throws(ClientError) {
        _ = try call(.add, request.parameters, with: descriptors)
    }

    /// - Returns: the session.
    mutating func commit(_ transaction: String) throws(ClientError) -> String {
        let answer = try call(.commit, ["transaction": .string(transaction)])
        return try string("session", in: answer.parameters)
    }

    mutating func list() throws(ClientError) -> [SessionStatus] {
        let parameters = try call(.list).parameters
        return try decoded { () throws(InvalidParameter) in
            try SessionStatus.list(decoding: parameters)
        }
    }

    mutating func status() throws(ClientError) -> (ServiceStatus, [SessionStatus]) {
        let parameters = try call(.status).parameters
        return try decoded { () throws(InvalidParameter) in
            (try ServiceStatus(decoding: parameters), try SessionStatus.list(decoding: parameters))
        }
    }

    /// Asks for a session's counters every second; `nextStatus` has them.
    mutating func monitor(_ session: String) throws(ClientError) {
        try callForMany(.monitor, ["session": .string(session)])
    }

    /// A session's counters; the session lives as long as this connection from now on, if it ended
    /// with one to a daemon that has gone.
    mutating func adopt(_ session: String) throws(ClientError) -> SessionStatus {
        let parameters = try call(
            .monitor, ["session": .string(session), "adopt": .bool(true)]
        ).parameters
        return try decoded { () throws(InvalidParameter) in
            try SessionStatus(decoding: parameters)
        }
    }

    /// A session's next counters, if they have come.
    mutating func nextStatus() throws(ClientError) -> (status: SessionStatus, isLast: Bool)? {
        guard let answer = try nextReply() else { return nil }
        let (parameters, isLast) = (answer.parameters, !answer.continues)
        let status = try decoded { () throws(InvalidParameter) in
            try SessionStatus(decoding: parameters)
        }
        return (status, isLast)
    }

    /// Ends a session and takes its recording.
    mutating func stop(_ session: String) throws(ClientError) -> RecordedSession {
        try recorded(.stop, session)
    }

    /// Ends a session and takes its recording, which the daemon keeps until the receipt is given.
    mutating func take(_ session: String) throws(ClientError) -> RecordedSession {
        try recorded(.stop, session, withReceipt: true)
    }

    /// The recording of a session as it is now.
    mutating func fetch(_ session: String) throws(ClientError) -> RecordedSession {
        try recorded(.fetch, session)
    }

    private mutating func recorded(
        _ method: ControlMethod, _ session: String, withReceipt: Bool = false
    ) throws(ClientError) -> RecordedSession {
        var parameters: [String: JSONValue] = ["session": .string(session)]
        if withReceipt { parameters["receipt"] = true }
        var answer = try call(method, parameters, takesDescriptors: withReceipt ? 2 : 1)
        parameters = answer.parameters
        let status = try decoded { () throws(InvalidParameter) in
            try SessionStatus(decoding: parameters)
        }
        guard let recording = answer.descriptors.takeFirst() else {
            throw violation("its reply to \(method.rawValue) has no descriptor of the recording")
        }
        let defect = try system { () throws(SystemCallError) in
            try recording.receivedFileDefect()
        }
        if let defect { throw violation("the recording that it sent is \(defect)") }
        return RecordedSession(
            status: status, recording: recording, receipt: try receipt(&answer.descriptors))
    }

    private func receipt(_ descriptors: inout DescriptorList) throws(ClientError) -> Receipt? {
        guard let descriptor = descriptors.takeFirst() else { return nil }
        do throws(SocketKindError) { return try Receipt(descriptor) } catch {
            throw violation("its receipt is no socket")
        }
    }

    private func string(
        _ key: String, in parameters: [String: JSONValue]
    ) throws(ClientError) -> String {
        try decoded { () throws(InvalidParameter) in
            var reader = ParameterReader(parameters)
            return try reader.string(key)
        }
    }

    private func decoded<Value>(
        _ body: () throws(InvalidParameter) -> Value
    ) throws(ClientError) -> Value {
        do {
            return try body()
        } catch {
            throw violation("its reply has no proper '\(error.name)'")
        }
    }
}
