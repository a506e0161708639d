// The protocol by hand: a client that claims what it is told to, or nothing.

import Glibc
import LinuxSystem
import SocketCredentials
import SystemPackage
import Testing
import Varlink

/// A connection that sends frames as they are.
struct RawClient: ~Copyable {
    private let socket: UnixSocket
    private var arrived: [UInt8] = []

    init(_ path: String) throws {
        socket = try UnixSocket.connected(to: path)
    }

    /// Sends one call and waits for its reply.
    ///
    /// - Parameter user: whose uid and gid are claimed; nil leaves the credentials to the kernel.
    mutating func call(
        _ method: String, _ parameters: [String: JSONValue] = [:], claiming user: TestUser?,
        with descriptors: borrowing DescriptorList = DescriptorList()
    ) throws -> Reply {
        try send(
            Call(method: method, parameters: parameters).encoded(), claiming: user,
            with: descriptors)
        return try nextReply()
    }

    /// Sends bytes, the descriptors with the first of them.
    func send(
        _ bytes: [UInt8], claiming user: TestUser?,
        with descriptors: borrowing DescriptorList = DescriptorList()
    ) throws {
        let claim = user.map { Claim(pid: OwnProcess.pid, uid: $0.uid, gid: $0.gid) }
        let none = DescriptorList()
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent =
                rest.count == bytes.count
                ? try socket.send(rest, claiming: claim, with: descriptors)
                : try socket.send(rest, claiming: claim, with: none)
            rest = rest.dropFirst(sent ?? 0)
        }
    }

    /// The next reply.
    mutating func nextReply() throws -> Reply {
        var end = arrived.firstIndex(of: 0)
        while end == nil {
            guard try receive() else { throw Failure("the daemon closed the connection") }
            end = arrived.firstIndex(of: 0)
        }
        let frame = Array(arrived.prefix { $0 != 0 })
        arrived.removeFirst(frame.count + 1)
        return try Reply(decoding: frame)
    }

    /// Waits until the daemon closes the connection; what it sends meanwhile is dropped.
    mutating func awaitClose() throws {
        var isOpen = true
        while isOpen { isOpen = try receive() }
    }

    /// Takes in what comes next; false where the peer has closed the connection.
    private mutating func receive() throws -> Bool {
        var set = WaitSet()
        set.add(socket.descriptor, for: .reading)
        guard try !set.wait(until: Deadline(after: .seconds(10))).isEmpty else {
            throw Failure("nothing came within 10 s")
        }
        return try !Self.isAtEnd(socket, &arrived)
    }

    private static func isAtEnd(
        _ socket: borrowing UnixSocket, _ bytes: inout [UInt8]
    ) throws -> Bool {
        switch try socket.receive(appendingTo: &bytes, limit: 1 << 16) {
        case .nothingYet: return false
        case .message: return false
        case .truncated(_, let truncation): throw Failure("a reply lost something: \(truncation)")
        case .endOfStream: return true
        }
    }
}

/// A server that is not profilerd: answers the first frame of the first connection with what it is
/// told, and counts the descriptors it is sent until the peer goes away.
final class Impostor {
    private let listener: UnixSocket
    /// Whom the kernel says it is.
    private let claim: Claim?
    private(set) var connectionCount = 0
    private(set) var descriptorCount = 0
    private var received: [UInt8] = []

    /// - Parameter user: whose the socket is and who answers, and everybody may connect; nil is
    ///   who runs the test, and only they may.
    init(at path: String, as user: TestUser? = nil) throws {
        listener = try UnixSocket.listening(at: path)
        claim = user.map {
            Claim(pid: OwnProcess.pid, uid: $0.uid, gid: $0.gid)
        }
        if let user {
            chown(path, user.uid, user.gid)
            chmod(path, 0o666)
        }
        try listener.descriptor.setNonBlocking()
    }

    /// All that came.
    var text: String { String(decoding: received, as: UTF8.self) }

    /// Serves one connection while `client` runs.
    func serve(_ answer: [UInt8], to client: Running) throws {
        while client.poll() == nil, connectionCount == 0 {
            switch try listener.accept() {
            case .none: usleep(2_000)
            case .some(let connection):
                connectionCount += 1
                try serve(answer, on: connection)
            }
        }
    }

    private func serve(_ answer: [UInt8], on connection: borrowing UnixSocket) throws {
        var hasAnswered = false
        var isOpen = true
        while isOpen {
            try waitForBytes(connection)
            isOpen = try take(connection)
            if !hasAnswered, received.contains(0) {
                hasAnswered = true
                _ = try connection.send(answer[...], claiming: claim, with: DescriptorList())
            }
        }
    }

    private func waitForBytes(_ connection: borrowing UnixSocket) throws {
        var set = WaitSet()
        set.add(connection.descriptor, for: .reading)
        guard try !set.wait(until: Deadline(after: .seconds(20))).isEmpty else {
            throw Failure("nothing came within 20 s")
        }
    }

    private func take(_ connection: borrowing UnixSocket) throws -> Bool {
        switch try connection.receive(appendingTo: &received, limit: 1 << 16) {
        case .nothingYet: return true
        case .endOfStream: return false
        case .message(let message):
            descriptorCount += message.descriptors.count
            return true
        case .truncated(_, let truncation): throw Failure("a call lost something: \(truncation)")
        }
    }
}
