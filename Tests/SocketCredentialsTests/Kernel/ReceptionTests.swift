import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

struct ReceptionTests {
    @Test(arguments: SocketKind.allCases)
    func `a message has its sender's credentials, claimed or not`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        try pair.send("a")
        #expect(try pair.ours.see() == .message(.init("a", .own)))
        try pair.send("b", claiming: .own, descriptors: 2)
        #expect(try pair.ours.see() == .message(.init("b", .own, descriptors: 2)))
        #expect(try pair.ours.see() == .nothingYet)
    }

    @Test(arguments: [true, false])
    func `the end of a stream is nobody`(passesCredentials: Bool) throws {
        let pair = try SocketPair(passesCredentials: passesCredentials)
        try pair.send("a")
        pair.endTheirs()
        #expect(try pair.ours.see().contents?.text == "a")
        #expect(try pair.ours.see() == .end)
        #expect(try pair.ours.see() == .end)
    }

    @Test func `a receiver that shut its own end down is at the end, and nobody is there`() throws {
        let pair = try SocketPair()
        #expect(shutdown(pair.ours.descriptor.rawValue, CInt(SHUT_RD)) == 0)
        #expect(try pair.ours.see() == .end)
    }

    @Test func `the end of sequenced packets is none, and an empty one is a message`() throws {
        let pair = try SocketPair(.sequencedPacket)
        try pair.send("")
        try pair.send("", descriptors: 3)
        pair.endTheirs()
        #expect(try pair.ours.see() == .message(.init("", .own)))
        #expect(try pair.ours.see() == .message(.init("", .own, descriptors: 3)))
        #expect(try pair.ours.see() == .end)
    }

    @Test func `without SO_PASSCRED an empty packet looks like the end unless descriptors come`()
        throws
    {
        let pair = try SocketPair(.sequencedPacket, passesCredentials: false)
        try pair.send("", descriptors: 1)
        try pair.send("")
        try pair.send("a")
        #expect(try pair.ours.see() == .message(.init("", nil, descriptors: 1)))
        #expect(try pair.ours.see() == .end)
        #expect(try pair.ours.see() == .message(.init("a")))
    }

    @Test(arguments: [true, false])
    func `an empty datagram is a message`(passesCredentials: Bool) throws {
        let pair = try SocketPair(.datagram, passesCredentials: passesCredentials)
        try pair.send("")
        try pair.send("", descriptors: 2)
        let sender = passesCredentials ? Credentials.own : nil
        #expect(try pair.ours.see() == .message(.init("", sender)))
        #expect(try pair.ours.see() == .message(.init("", sender, descriptors: 2)))
        #expect(try pair.ours.see() == .nothingYet)
    }

    @Test(arguments: SocketKind.allCases)
    func `without SO_PASSCRED a message is nobody's, even with a claim`(kind: SocketKind) throws {
        let pair = try SocketPair(kind, passesCredentials: false)
        try pair.send("a", claiming: .own)
        #expect(try pair.ours.see() == .message(.init("a")))
    }

    @Test(arguments: SocketKind.allCases)
    func `what was sent before SO_PASSCRED names nobody`(kind: SocketKind) throws {
        let pair = try SocketPair(kind, passesCredentials: false)
        try pair.send("a")
        try pair.ours.setPassCredentials()
        let credentials = try #require(try pair.ours.see().contents?.credentials)
        #expect(credentials.pid == 0)
        #expect(credentials.defect() == .userUnknown)
    }

    @Test func `what is received goes behind what the buffer has`() throws {
        let pair = try SocketPair()
        try pair.send("cdef")
        var bytes = Array("ab".utf8)
        _ = try pair.ours.receive(appendingTo: &bytes, limit: 3)
        #expect(bytes == Array("abcde".utf8))
        _ = try pair.ours.receive(appendingTo: &bytes, limit: 3)
        #expect(bytes == Array("abcdef".utf8))
        _ = try pair.ours.receive(appendingTo: &bytes, limit: 3)
        #expect(bytes == Array("abcdef".utf8))
    }

    @Test func `a receive of no bytes is our own mistake`() async {
        await #expect(processExitsWith: .failure) {
            let pair = try SocketPair()
            var bytes: [UInt8] = []
            _ = try pair.ours.receive(appendingTo: &bytes, limit: 0)
        }
    }

    @Test func `received descriptors are close-on-exec and their owner's`() throws {
        let pair = try SocketPair()
        try pair.send("a", descriptors: 3)
        var bytes: [UInt8] = []
        guard case .message(var message) = try pair.ours.receive(appendingTo: &bytes, limit: 10)
        else {
            Issue.record("no message came")
            return
        }
        let descriptors = message.takeDescriptors()
        #expect(descriptors.numbers.count == 3)
        for number in descriptors.numbers { #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0) }
        let rest = message.descriptors.count
        #expect(rest == 0)
    }

    @Test func `a descriptor is the same file, whatever its number`() throws {
        let pair = try SocketPair()
        try pair.send("a", descriptors: 1)
        var bytes: [UInt8] = []
        guard case .message(let message) = try pair.ours.receive(appendingTo: &bytes, limit: 10)
        else {
            Issue.record("no message came")
            return
        }
        let link = try message.descriptors.withDescriptor(at: 0) { descriptor in
            try descriptor.kindLink()
        }
        #expect(link == "/dev/null")
    }
}

// MARK: - What a stream glues and what it keeps apart (af_unix.c)

struct GluingTests {
    @Test func `bytes with and without a descriptor are glued in front of it only`() throws {
        let pair = try SocketPair()
        try pair.send("AA")
        try pair.send("B", descriptors: 1)
        try pair.send("CC")
        #expect(try pair.ours.see() == .message(.init("AAB", .own, descriptors: 1)))
        #expect(try pair.ours.see() == .message(.init("CC", .own)))
    }

    @Test func `descriptors come with the first byte of what they were sent with`() throws {
        let pair = try SocketPair()
        try pair.send("ABC", descriptors: 2)
        #expect(try pair.ours.see(limit: 1) == .message(.init("A", .own, descriptors: 2)))
        #expect(try pair.ours.see(limit: 9) == .message(.init("BC", .own)))
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `two writers are never in one message`() throws {
        let pair = try SocketPair()
        #expect(asUser(61001) { (try? pair.theirs.send([65, 66])) == 2 })
        try pair.send("CD")
        let first = try #require(try pair.ours.see().contents)
        #expect(first.text == "AB" && first.credentials?.uid == 61001)
        #expect(try pair.ours.see() == .message(.init("CD", .own)))
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `without SO_PASSCRED two writers are in one message`() throws {
        let pair = try SocketPair(passesCredentials: false)
        #expect(asUser(61001) { (try? pair.theirs.send([65, 66])) == 2 })
        try pair.send("CD")
        #expect(try pair.ours.see() == .message(.init("ABCD")))
    }

    @Test(arguments: [SocketKind.datagram, .sequencedPacket])
    func `messages with boundaries are never glued`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        try pair.send("AA")
        try pair.send("B", descriptors: 1)
        #expect(try pair.ours.see() == .message(.init("AA", .own)))
        #expect(try pair.ours.see() == .message(.init("B", .own, descriptors: 1)))
    }
}
