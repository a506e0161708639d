// Messages between a Python process and this one, in both directions.

import Glibc
import LinuxSystem
import SocketCredentials
import TestSupport
import Testing

@Suite(.enabled(if: Interpreter.python.isInstalled, "there is no /usr/bin/python3"))
struct PythonExchangeTests {
    @Test(arguments: SocketKind.allCases)
    func `Python receives what this process sends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.python, kind, ["receive"])
        try exchange.send("hello", claiming: .own)
        let claim = AncillaryData.credentials(pid: getpid(), uid: getuid(), gid: getgid())
        let data = claim.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(try exchange.program.lines() == ["hello 0", "item 1 2 \(data)"])
    }

    @Test(arguments: SocketKind.allCases)
    func `recv_fds takes the descriptors that this process sends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(
            .python, kind, ["receive-rights"], passesCredentials: false)
        try exchange.send("hello", rights: ["one", "two"])
        #expect(try exchange.program.lines() == ["hello", "one two"])
    }

    @Test(arguments: SocketKind.allCases)
    func `this process receives what Python sends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.python, kind, ["both one two three"])
        let received = try exchange.receive()
        #expect(
            received
                == Received(
                    text: "both", credentials: sentCredentials(of: exchange.program.processID),
                    words: ["one", "two", "three"]))
        #expect(try exchange.program.lines() == ["4"])
    }

    @Test(arguments: SocketKind.allCases)
    func `this process takes the descriptors of send_fds`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.python, kind, ["rights one two"])
        #expect(try exchange.receive().words == ["one", "two"])
        #expect(try exchange.program.lines() == ["6"])
    }

    @Test(.enabled(if: isRoot, "only root may claim another's ids"), arguments: claimableIDs)
    func `root's claim of another id arrives in both directions`(id: UInt32) throws {
        var exchange = try PeerExchange(
            .python, .datagram, ["claim 1 \(id) \(id)", "receive"])
        let expected = Credentials(source: .scmCredentials, pid: 1, uid: id, gid: id)
        #expect(try exchange.receive().credentials == expected)
        try exchange.send("claimed", claiming: Claim(pid: 1, uid: id, gid: id))
        let word = (0..<4).map { UInt8(truncatingIfNeeded: id >> ($0 * 8)) }
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(
            try exchange.program.lines() == ["7", "claimed 0", "item 1 2 01000000\(word)\(word)"])
    }

    @Test func `each end of a connection knows the other`() throws {
        let directory = temporaryDirectory()
        defer { rmdir(directory) }
        let path = directory + "/socket"
        let listener = try UnixSocket.listening(at: path)
        defer { unlink(path) }
        var program = try PeerProgram(
            .python, "exchange.py", input: "connect \(path)\npeer\nreceive\n")
        let socket = try accepted(from: listener)
        #expect(
            try socket.peerCredentials()
                == Credentials(
                    source: .peerCredentials, pid: program.processID, euid: geteuid(),
                    egid: getegid()))
        #expect(try program.line() == "peer \(getpid()) \(geteuid()) \(getegid())")
        _ = try socket.send([0x62, 0x79, 0x65])
        #expect(try program.lines() == ["bye 0"])
    }
}
