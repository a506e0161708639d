// One connection to a daemon, authenticated both ways before anything of value goes over it.
//
// The daemon believes only what the kernel says of each message: so every message carries a claim
// of the target's uid, which the kernel lets nobody make who may not become that uid. The client
// believes only that, too: SO_PASSCRED is on before the first byte is sent, and the first reply,
// to a harmless question, and each one after it must carry credentials with that same uid.
// SO_PEERCRED would show who called listen(2), which is systemd. No descriptor is sent before.

internal import ControlProtocol
internal import LinuxSystem
internal import Reports
internal import SocketCredentials
internal import SystemPackage
internal import Varlink

/// An authenticated connection to the daemon of one user.
public struct ControlConnection: ~Copyable {
    let instance: DaemonInstance
    /// Who answers, by the kernel's word.
    private(set) var daemon: Credentials
    let socket: UnixSocket
    let claim: Claim
    private let overflow: OverflowIDs
    /// How long an answer may take.
    let patience: Duration
    var inbox = Inbox(limit: ControlInterface.maximumReplySize)

    /// How long an answer may take unless told otherwise.
    static let defaultPatience = Duration.seconds(10)

    /// Connects to an instance and authenticates it.
    ///
    /// - Returns: nil where there is no such socket.
    /// - Throws: `ClientError`; nothing but GetInfo was sent.
    static func open(
        _ instance: DaemonInstance, patience: Duration = Self.defaultPatience
    ) throws(ClientError) -> ControlConnection? {
        guard let socket = try UnixSocket.connected(to: instance, within: patience) else {
            return nil
        }
        return try authenticated(instance, socket, patience)
    }

    /// Connects to an instance through the file that it was found at, and authenticates it.
    static func open(
        _ instance: DaemonInstance, through reference: borrowing OwnedDescriptor,
        patience: Duration = Self.defaultPatience
    ) throws(ClientError) -> ControlConnection {
        let socket = try UnixSocket.connected(through: reference, to: instance, within: patience)
        return try authenticated(instance, socket, patience)
    }

    private static func authenticated(
        _ instance: DaemonInstance, _ socket: consuming UnixSocket, _ patience: Duration
    ) throws(ClientError) -> ControlConnection {
        do throws(SocketOptionError) { try socket.setPassCredentials() } catch {
            throw ClientError(.systemError, "\(error)")
        }
        var connection = ControlConnection(instance, socket, patience)
        try connection.authenticate()
        return connection
    }

    private init(
        _ instance: DaemonInstance, _ socket: consuming UnixSocket, _ patience: Duration
    ) {
        self.instance = instance
        self.socket = socket
        self.patience = patience
        overflow = .current
        claim = Claim(pid: OwnProcess.pid, uid: instance.uid, gid: OwnProcess.gid)
        daemon = Credentials(source: .scmCredentials)
    }

    /// The user that the daemon runs as.
    var daemonUser: UserIdentity {
        UserIdentity(uid: instance.uid, otherwise: daemon.gid ?? overflow.gid)
    }

    /// Asks who it is, and checks what the kernel says of the answer.
    private mutating func authenticate() throws(ClientError) {
        try send(Call(method: "org.varlink.service.GetInfo"), with: DescriptorList())
        let answer = try reply(until: Deadline(after: patience))
        daemon = answer.credentials
        var reader = ParameterReader(answer.parameters)
        let interfaces = try? reader.strings("interfaces", limit: 1024)
        let product = (try? reader.optionalString("product")) ?? nil
        guard let interfaces else {
            throw violation("it does not say which interfaces it has")
        }
        guard interfaces.contains(ControlInterface.name) else {
            throw ClientError(
                .wrongPeer,
                """
                What answers at \(instance.path) (\(product?.prefix(64) ?? "a nameless service")) \
                has no interface \(ControlInterface.name): it is not profilerd, or one that is too \
                old for this profilerctl. Install both of the same version.
                """)
        }
    }

    /// What can be waited for: readable when a reply has begun to arrive.
    var descriptor: OwnedDescriptor {
        _read { yield socket.descriptor }
    }
}

// MARK: - Calls

/// A reply that carried no error.
struct Answer: ~Copyable {
    let parameters: [String: JSONValue]
    let continues: Bool
    let credentials: Credentials
    var descriptors: DescriptorList
}

extension ControlConnection {
    /// Calls a method and waits for its one reply.
    ///
    /// - Throws: `ClientError`, with `refusal` where the daemon answered with an error.
    mutating func call(
        _ method: ControlMethod, _ parameters: [String: JSONValue] = [:],
        with descriptors: borrowing DescriptorList = DescriptorList(), takesDescriptors: Int = 0
    ) throws(ClientError) -> Answer {
        try send(Call(method: method.fullName, parameters: parameters), with: descriptors)
        return try reply(until: Deadline(after: patience), takesDescriptors: takesDescriptors)
    }

    /// Calls a method that answers again and again; `nextReply` has the replies.
    mutating func callForMany(
        _ method: ControlMethod, _ parameters: [String: JSONValue]
    ) throws(ClientError) {
        try send(
            Call(method: method.fullName, parameters: parameters, more: true),
            with: DescriptorList())
    }

    /// The next reply, if it is complete. To be called when `descriptor` is readable, until nil.
    mutating func nextReply() throws(ClientError) -> Answer? {
        if let frame = inbox.takeFirst() { return try answer(frame, takesDescriptors: 0) }
        guard try receive() else { return nil }
        guard let frame = inbox.takeFirst() else { return nil }
        return try answer(frame, takesDescriptors: 0)
    }

    private mutating func reply(
        until deadline: Deadline, takesDescriptors: Int = 0
    ) throws(ClientError) -> Answer {
        while true {
            if let frame = inbox.takeFirst() {
                return try answer(frame, takesDescriptors: takesDescriptors)
            }
            try wait(for: .reading, until: deadline)
            _ = try receive()
        }
    }

    func answer(
        _ frame: consuming ArrivedFrame, takesDescriptors: Int
    ) throws(ClientError) -> Answer {
        let credentials = try authenticated(frame.credentials)
        let reply: Reply
        do throws(EnvelopeError) {
            reply = try Reply(decoding: frame.bytes)
        } catch {
            throw violation("it does not speak Varlink: \(error)")
        }
        if let error = ControlError(reply) { throw ClientError(error) }
        guard frame.descriptors.count <= takesDescriptors else {
            throw violation("it sent \(frame.descriptors.count) descriptors that nobody asked for")
        }
        return Answer(
            parameters: reply.parameters, continues: reply.continues, credentials: credentials,
            descriptors: frame.descriptors)
    }

    /// The sender of a reply, if it is the daemon that this connection is for.
    private func authenticated(_ sender: Credentials?) throws(ClientError) -> Credentials {
        guard let sender, sender.source == .scmCredentials, let uid = sender.uid else {
            throw impostor("the kernel does not say who answered")
        }
        guard uid == instance.uid else {
            throw impostor(
                "it is served by uid \(uid), and the daemon for uid \(instance.uid) was "
                    + "expected")
        }
        guard sender.defect(overflow: overflow) == nil else {
            throw impostor(
                "what answers is outside this process' user or pid namespace (\(sender))")
        }
        return sender
    }

    private func impostor(_ why: String) -> ClientError {
        ClientError(
            .wrongPeer,
            "The socket \(instance.path) is not to be trusted: \(why). No descriptor was sent.")
    }

    /// The peer broke the rules of the protocol.
    func violation(_ what: String) -> ClientError {
        ClientError(
            .wrongPeer,
            """
            What answers at \(instance.path) is not profilerd, or not of this version: \(what). \
            No profile was made.
            """)
    }
}
