import CLinux
import Glibc
import SocketCredentials
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem

/// What one receive gave, without what has an owner.
private struct Seen: Equatable {
    var text: String
    var credentials: Credentials?
    var descriptors: Int
    var isTruncated: Bool
}

extension UnixSocket {
    fileprivate borrowing func see(limit: Int = 4096) throws -> Seen? {
        var buffer: [UInt8] = []
        switch try receive(appendingTo: &buffer, limit: limit) {
        case .none: return nil
        case .some(let message):
            return Seen(
                text: String(decoding: buffer, as: UTF8.self), credentials: message.credentials,
                descriptors: message.descriptors.count, isTruncated: message.isControlTruncated)
        }
    }
}

private let own = Credentials(
    source: .scmCredentials, pid: getpid(), uid: getuid(), gid: getgid())

struct UnixSocketMessagesTests {
    @Test func `a message has its sender's credentials, claimed or not`() throws {
        let pair = try SocketPair()
        try pair.send("a")
        #expect(
            try pair.ours.see()
                == Seen(
                    text: "a", credentials: own, descriptors: 0, isTruncated: false))
        try pair.send("b", claiming: ownClaim, descriptors: 2)
        #expect(
            try pair.ours.see()
                == Seen(
                    text: "b", credentials: own, descriptors: 2, isTruncated: false))
        #expect(try pair.ours.see() == nil)
    }

    @Test func `the end of a stream is nobody`() throws {
        let pair = try SocketPair()
        pair.endTheirs()
        let seen = try #require(try pair.ours.see())
        #expect(seen.text.isEmpty)
        #expect(seen.credentials == nil)
    }

    @Test func `without SO_PASSCRED a message is nobody's, even with a claim`() throws {
        let pair = try SocketPair(passesCredentials: false)
        try pair.send("a", claiming: ownClaim)
        #expect(try pair.ours.see()?.credentials == nil)
    }

    @Test func `what was sent before SO_PASSCRED names nobody`() throws {
        let pair = try SocketPair(passesCredentials: false)
        try pair.send("a")
        try pair.ours.setPassCredentials()
        let credentials = try pair.ours.see()?.credentials
        #expect(credentials?.pid == 0)
        #expect(credentials?.defect() != nil)
    }

    @Test func `bytes with and without a descriptor are glued in front of it only`() throws {
        let pair = try SocketPair()
        try pair.send("AA")
        try pair.send("B", descriptors: 1)
        try pair.send("CC")
        #expect(try pair.ours.see()?.text == "AAB")
        #expect(try pair.ours.see()?.text == "CC")
    }

    @Test func `received descriptors are close-on-exec`() throws {
        let pair = try SocketPair()
        try pair.send("a", descriptors: 3)
        var buffer: [UInt8] = []
        guard let message = try pair.ours.receive(appendingTo: &buffer, limit: 10) else {
            Issue.record("nothing came")
            return
        }
        let numbers = message.descriptors.numbers
        for number in numbers {
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test(.enabled(if: isRoot, "claims of other ids need root to become somebody first"))
    func `the kernel refuses claims of an ordinary user`() throws {
        let pair = try SocketPair()
        let refused = asUser(61001) {
            [
                (getpid(), 0, 61001), (getpid(), 61002, 61001), (getpid(), 61001, 0),
                (1, 61001, 61001),
            ]
            .allSatisfy { (pid: pid_t, uid: UInt32, gid: UInt32) in
                do throws(SystemCallError) {
                    _ = try pair.theirs.send(
                        [1], claiming: .credentials(pid: pid, uid: uid, gid: gid),
                        with: DescriptorList())
                    return false
                } catch { return error.errno == .notPermitted }
            }
        }
        #expect(refused)
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `two writers are never in one message`() throws {
        let pair = try SocketPair()
        #expect(asUser(61001) { (try? pair.theirs.send([65, 66])) == 2 })
        try pair.send("CD")
        let first = try #require(try pair.ours.see())
        #expect(first.text == "AB" && first.credentials?.uid == 61001)
        let second = try #require(try pair.ours.see())
        #expect(second.text == "CD" && second.credentials == own)
    }

    @Test func `a full socket takes part, then none`() throws {
        let pair = try SocketPair()
        try pair.theirs.descriptor.setNonBlocking()
        let bytes = [UInt8](repeating: 7, count: 1 << 22)
        let first = try #require(try pair.theirs.send(bytes[...]))
        #expect(first > 0 && first < bytes.count)
        #expect(try pair.theirs.send(bytes[...]) == nil)
    }

    @Test func `sending to nobody is an error and no signal`() throws {
        let pair = try SocketPair()
        let number = pair.ours.descriptor.rawValue
        #expect(shutdown(number, CInt(SHUT_RDWR)) == 0)
        #expect(throws: SystemCallError("sendmsg", .brokenPipe)) { try pair.theirs.send([1]) }
    }

    @Test func `no descriptor is left, taken or not`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            let before = openDescriptors()
            for _ in 0..<10 {
                try pair.send("a", descriptors: 253)
                demandEqual(try pair.ours.see()?.descriptors, 253)
                demandEqual(openDescriptors(), before)
                // Two messages, one receive: the descriptors come with the second one's first byte.
                try pair.send("a")
                try pair.send("b", descriptors: 5)
                demandEqual(try pair.ours.see()?.descriptors, 5)
                demandEqual(openDescriptors(), before)
            }
        }
    }

    @Test func `descriptors above the limit are dropped, the rest closed, and it is said`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            try pair.send("a", descriptors: 20)
            let before = openDescriptors()
            limitDescriptors(to: before + 8)
            var buffer: [UInt8] = []
            do {
                guard let message = try pair.ours.receive(appendingTo: &buffer, limit: 10) else {
                    demand(false, "something came")
                    return
                }
                demand(message.isControlTruncated, "truncated")
                demand(message.descriptors.count < 20, "some are missing")
                demandEqual(openDescriptors(), before + message.descriptors.count)
            }
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `a pidfd that the listener's owner asked for is not left open`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            let soPassPIDFD: CInt = 76
            var on: CInt = 1
            let number = pair.ours.descriptor.rawValue
            let result = setsockopt(number, SOL_SOCKET, soPassPIDFD, &on, 4)
            // Linux 6.5 has it.
            if result == -1 { return }
            let before = openDescriptors()
            for _ in 0..<5 {
                try pair.send("a", descriptors: 1)
                demandEqual(
                    try pair.ours.see(),
                    Seen(
                        text: "a",
                        credentials: Credentials(
                            source: .scmCredentials, pid: getpid(), uid: getuid(), gid: getgid()),
                        descriptors: 1, isTruncated: false))
                demandEqual(openDescriptors(), before)
            }
        }
    }
}
