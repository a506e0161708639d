import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem

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
        var buffer: [UInt8] = []
        let message = try accepted.receive(appendingTo: &buffer, limit: 1)
        switch message {
        case .none: Issue.record("nothing came")
        case .some(let message):
            #expect(message.credentials?.pid == getpid())
            #expect(message.credentials?.source == .scmCredentials)
        }
        #expect(try accepted.peerCredentials()?.source == .peerCredentials)
        #expect(try accepted.peerCredentials()?.euid == geteuid())
    }

    @Test func `a socket without a peer has no peer's credentials`() throws {
        #expect(try UnixSocket().peerCredentials() == nil)
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
