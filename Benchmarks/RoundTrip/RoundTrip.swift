// What roundtrip.c does, with SocketCredentials: a message of 256 bytes goes over a pair of stream
// sockets with its sender's credentials and one descriptor, and the same comes back. Whoever
// receives looks at the credentials and closes the descriptor. Reads a line, makes its round trips,
// prints "done", and ends with its input.
//
//     RoundTrip COUNT              both ends, by turns
//     RoundTrip COUNT SOCKET       asks at this descriptor
//     RoundTrip answer SOCKET      answers until the stream ends

import SocketCredentials
import SystemPackage

@main
enum RoundTrip {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { fatalError("RoundTrip COUNT|answer [SOCKET]") }
        let count = Int(arguments[1])
        if arguments.count == 2 {
            let pair = try UnixSocket.pair(.stream)
            var asking = try End(of: pair.first)
            var answering = try End(of: pair.second)
            try measure(count ?? 0) {
                try asking.ask()
                _ = try answering.hear()
                try answering.ask()
                _ = try asking.hear()
            }
            return
        }
        guard let number = CInt(arguments[2]) else { fatalError("SOCKET is a number") }
        let descriptor = OwnedDescriptor(adopting: FileDescriptor(rawValue: number))
        var end = try End(of: UnixSocket(adopting: descriptor))
        if let count {
            try measure(count) {
                try end.ask()
                _ = try end.hear()
            }
        } else {
            while try end.hear() { try end.ask() }
        }
    }

    static func measure(_ count: Int, _ trip: () throws -> Void) throws {
        try say("ready\n")
        while readLine() != nil {
            for _ in 0..<count { try trip() }
            try say("done\n")
        }
    }

    static func say(_ line: String) throws {
        try FileDescriptor.standardOutput.writeAll(line.utf8)
    }
}

/// One end of the pair, with what it sends.
struct End: ~Copyable {
    static let readSize = 4096

    let socket: UnixSocket
    let own = Claim.own
    let message = [UInt8](repeating: 0, count: 256)
    let descriptors: DescriptorList
    var buffer: [UInt8] = []

    init(of socket: consuming UnixSocket) throws {
        let null = try FileDescriptor.open(
            FilePath("/dev/null"), .readOnly, options: .closeOnExec)
        var descriptors = DescriptorList()
        descriptors.append(OwnedDescriptor(adopting: null))
        try socket.setPassCredentials()
        self.socket = socket
        self.descriptors = descriptors
    }

    borrowing func ask() throws {
        guard try socket.send(message[...], claiming: own, with: descriptors) == message.count
        else { fatalError("a message did not go at once") }
    }

    /// Returns false where the stream has ended.
    mutating func hear() throws -> Bool {
        buffer.removeAll(keepingCapacity: true)
        switch try socket.receive(appendingTo: &buffer, limit: Self.readSize) {
        case .endOfStream: return false
        case .message(let message):
            guard buffer.count == self.message.count, message.descriptors.count == 1,
                let sender = message.credentials, sender.uid == own.uid, sender.gid == own.gid
            else { fatalError("a message did not come as it was sent") }
            return true
        case .nothingYet: fatalError("the socket does not block")
        case .truncated(_, let truncation): fatalError("something was cut off: \(truncation)")
        }
    }
}
