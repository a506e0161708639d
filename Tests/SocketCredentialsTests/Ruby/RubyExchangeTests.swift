// Messages between a Ruby process and this one, in both directions.

import Glibc
import SocketCredentials
import TestSupport
import Testing

@Suite(.enabled(if: Interpreter.ruby.isInstalled, "there is no /usr/bin/ruby (package ruby)"))
struct RubyExchangeTests {
    @Test(arguments: SocketKind.allCases)
    func `Ruby receives and prints what this process sends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.ruby, kind, ["receive"])
        try exchange.send("hello", claiming: .own, rights: ["one", "two"])
        let lines = try #require(try exchange.program.lines())
        try #require(lines.count == 5)
        let claim = AncillaryData.credentials(pid: getpid(), uid: getuid(), gid: getgid())
        #expect(lines[0] == "hello")
        #expect(lines[1] == claim.rubyInspect)
        // The numbers are Ruby's own.
        let numbers = lines[3].split(separator: " ").compactMap { Int32($0) }
        #expect(numbers.count == 2)
        #expect(lines[2] == AncillaryData.rights(numbers).rubyInspect)
        #expect(lines[4] == "one two")
    }

    @Test(arguments: SocketKind.allCases)
    func `Ruby receives the sender that the kernel tells it`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.ruby, kind, ["receive"])
        try exchange.send("hello")
        let claim = AncillaryData.credentials(pid: getpid(), uid: getuid(), gid: getgid())
        #expect(try exchange.program.lines() == ["hello", claim.rubyInspect])
    }

    @Test(arguments: SocketKind.allCases)
    func `this process receives what Ruby sends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.ruby, kind, ["both one two three"])
        let pid = exchange.program.processID
        #expect(
            try exchange.receive()
                == Received(
                    text: "both", credentials: sentCredentials(of: pid),
                    words: ["one", "two", "three"]))
        let lines = try #require(try exchange.program.lines())
        let claim = AncillaryData.credentials(pid: pid, uid: getuid(), gid: getgid())
        try #require(lines.count == 3)
        #expect(lines[0] == claim.rubyInspect)
        #expect(lines[1].hasPrefix("#<Socket::AncillaryData: UNIX SOCKET RIGHTS "))
        #expect(lines[2] == "4")
    }

    @Test(arguments: SocketKind.allCases)
    func `rights alone come from Ruby with the sender that the kernel tells`(kind: SocketKind)
        throws
    {
        var exchange = try PeerExchange(.ruby, kind, ["rights one"])
        #expect(
            try exchange.receive()
                == Received(
                    text: "rights", credentials: sentCredentials(of: exchange.program.processID),
                    words: ["one"]))
        #expect(try exchange.program.lines()?.last == "6")
    }

    @Test(.enabled(if: isRoot, "only root may claim another's ids"), arguments: claimableIDs)
    func `root's claim of another id arrives in both directions`(id: UInt32) throws {
        var exchange = try PeerExchange(
            .ruby, .sequencedPacket, ["claim 1 \(id) \(id)", "receive"])
        let expected = Credentials(source: .scmCredentials, pid: 1, uid: id, gid: id)
        #expect(try exchange.receive().credentials == expected)
        try exchange.send("claimed", claiming: Claim(pid: 1, uid: id, gid: id))
        let text = AncillaryData.credentials(pid: 1, uid: id, gid: id).rubyInspect
        #expect(try exchange.program.lines() == [text, "7", "claimed", text])
    }

    @Test(.enabled(if: isRoot, "root may claim any id but this, others hardly any"))
    func `neither Ruby nor this process can claim to be nobody`() throws {
        let nobody = UInt32.max
        var exchange = try PeerExchange(.ruby, .stream, ["claim own \(nobody) 0"])
        let lines = try #require(try exchange.program.lines())
        #expect(lines.last == "Errno::EINVAL")
        #expect(throws: SendError.claimedIDUnmapped([.uid(nobody)])) {
            try exchange.socket.send(
                [1], claiming: Claim(pid: getpid(), uid: nobody, gid: 0))
        }
    }
}
