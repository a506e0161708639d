// A conversation over a Unix socket with a program in another language.

import Glibc
import LinuxSystem
import SocketCredentials
import Testing

/// Our end of a socket, and the program that has the other end.
struct PeerExchange: ~Copyable {
    let socket: UnixSocket
    var program: PeerProgram

    /// Makes a pair of sockets, both of which are told the sender of each message.
    ///
    /// - Parameter commands: what the program does, in order (exchange.rb, exchange.py).
    init(
        _ interpreter: Interpreter, _ kind: SocketKind, _ commands: [String],
        passesCredentials: Bool = true
    ) throws {
        let pair = try UnixSocket.pair(kind)
        if passesCredentials {
            try pair.first.setPassCredentials()
            try pair.second.setPassCredentials()
        }
        program = try PeerProgram(
            interpreter, interpreter.exchangeScript,
            input: commands.map { $0 + "\n" }.joined(),
            socket: try pair.second.descriptor.duplicate())
        socket = pair.first
    }

    /// The next message, which nothing is missing of.
    func receive() throws -> Received {
        try Received(from: socket)
    }

    /// Sends text with a claim, and pipes that each have one word to read.
    func send(_ text: String, claiming claim: Claim? = nil, rights words: [String] = []) throws {
        var descriptors = DescriptorList()
        for word in words {
            let pipe = try Pipe()
            try pipe.writer.writeAll(Array(word.utf8))
            descriptors.append(pipe.takeReader())
        }
        let bytes = Array(text.utf8)
        let count = try socket.send(bytes[...], claiming: claim, with: descriptors)
        #expect(count == bytes.count)
    }
}

/// A message as the tests compare it.
struct Received: Equatable {
    var text: String
    var credentials: Credentials?
    /// What could be read from each descriptor that came along.
    var words: [String] = []

    init(text: String, credentials: Credentials?, words: [String] = []) {
        self.text = text
        self.credentials = credentials
        self.words = words
    }

    /// Waits for the next message on `socket`.
    init(from socket: borrowing UnixSocket) throws {
        try waitForReading(socket)
        var buffer: [UInt8] = []
        guard case .message(var message) = try socket.receive(appendingTo: &buffer, limit: 4096)
        else {
            throw NoMessage()
        }
        self.init(text: String(decoding: buffer, as: UTF8.self), credentials: message.credentials)
        while let descriptor = message.descriptors.takeFirst() {
            words.append(String(decoding: try descriptor.readSome(100), as: UTF8.self))
        }
    }
}

private struct NoMessage: Error {}

private func waitForReading(_ socket: borrowing UnixSocket) throws {
    var set = WaitSet()
    set.add(socket.descriptor, for: .reading)
    guard try !set.wait(until: Deadline(after: .seconds(30))).isEmpty else { throw NoMessage() }
}

/// Waits for a connection.
func accepted(from listener: borrowing UnixSocket) throws -> UnixSocket {
    try waitForReading(listener)
    guard let socket = try listener.accept() else { throw NoMessage() }
    return socket
}

extension Interpreter {
    fileprivate var exchangeScript: String {
        switch self {
        case .ruby: "exchange.rb"
        case .python: "exchange.py"
        }
    }
}

/// What the kernel says of `pid` with this user's real ids.
func sentCredentials(of pid: Int32) -> Credentials {
    Credentials(source: .scmCredentials, pid: pid, uid: getuid(), gid: getgid())
}

/// Ids at the edges of their range that a user namespace has, and that root may therefore claim.
let claimableIDs: [UInt32] = [
    0, 1, 1000, 65533, 2_147_483_647, 2_147_483_648, 4_000_000_000, 4_294_967_294,
]
