import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

struct UnixSocketTests {
    private let path = temporaryDirectory() + "/control.sock"

    @Test func `a listener's file is its owner's alone`() throws {
        let listener = try UnixSocket.listening(at: path)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        _ = consume listener
    }

    @Test func `what is sent before the accept has its credentials`() throws {
        let listener = try UnixSocket.listening(at: path)
        try listener.descriptor.setNonBlocking()
        guard try listener.accept() == nil else {
            Issue.record("nobody has connected")
            return
        }
        let client = try UnixSocket.connected(to: path)
        #expect(try client.send([65]) == 1)
        guard let accepted = try listener.accept() else {
            Issue.record("nobody was accepted")
            return
        }
        #expect(try accepted.see(limit: 1) == .message(.init("A", .own)))
        #expect(try accepted.peerCredentials().euid == geteuid())
        #expect(try client.peerCredentials().source == .peerCredentials)
    }

    @Test func `packets keep their boundaries from the connection on`() throws {
        let listener = try UnixSocket.listening(at: path, .sequencedPacket)
        let client = try UnixSocket.connected(to: path, .sequencedPacket)
        _ = try client.send([65])
        _ = try client.send([66])
        guard let accepted = try listener.accept() else {
            Issue.record("nobody was accepted")
            return
        }
        #expect(accepted.kind == .sequencedPacket)
        #expect(try accepted.see() == .message(.init("A", .own)))
        #expect(try accepted.see() == .message(.init("B", .own)))
        #expect(try accepted.see() == .nothingYet)
    }

    @Test func `a bound datagram socket has each sender's credentials`() throws {
        let receiver = try UnixSocket.bound(to: path)
        let sender = try UnixSocket.connected(to: path, .datagram)
        _ = try sender.send([65], claiming: .own, with: nullDescriptors(2))
        #expect(try receiver.see() == .message(.init("A", .own, descriptors: 2)))
    }

    @Test func `a socket of another kind cannot be connected to`() throws {
        let listener = try UnixSocket.listening(at: path)
        let path = path
        #expect(throws: SystemCallError("connect", .protocolWrongTypeForSocket, on: path)) {
            _ = try UnixSocket.connected(to: path, .sequencedPacket)
        }
        _ = consume listener
    }

    @Test func `a path in use is refused`() throws {
        let listener = try UnixSocket.listening(at: path)
        let path = path
        #expect(throws: SystemCallError("bind", .addressInUse, on: path)) {
            _ = try UnixSocket.listening(at: path)
        }
        _ = consume listener
    }

    @Test(arguments: ["", String(repeating: "x", count: 108), "/tmp/a\0b"])
    func `a path that no address holds is refused`(path: String) {
        #expect(throws: SystemCallError("bind or connect", .fileNameTooLong, on: path)) {
            _ = try UnixSocket.connected(to: path)
        }
    }

    @Test func `nobody listens`() {
        let path = path
        #expect(throws: SystemCallError("connect", .noSuchFileOrDirectory, on: path)) {
            _ = try UnixSocket.connected(to: path)
        }
    }
}
