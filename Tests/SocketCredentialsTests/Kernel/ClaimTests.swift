import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

/// What sending `bytes` fails with; nil where it does not.
private func sendError(
    _ socket: borrowing UnixSocket, _ bytes: [UInt8] = [1], _ claim: Claim? = nil,
    descriptors: Int = 0
) -> SendError? {
    do throws(SendError) {
        _ = try socket.send(bytes[...], claiming: claim, with: nullDescriptors(descriptors))
        return nil
    } catch { return error }
}

struct ClaimTests {
    /// A claim of an ordinary user's process, and the parts of it that need a capability.
    struct Case: Sendable, CustomTestStringConvertible {
        let pid: Int32?
        let uid: UInt32
        let gid: UInt32
        let refused: [Claim.Part]
        var testDescription: String { "\(refused)" }
    }

    static let user: UInt32 = 61001

    static let cases: [Case] = [
        Case(pid: nil, uid: user, gid: user, refused: []),
        Case(pid: nil, uid: 0, gid: user, refused: [.uid(0)]),
        Case(pid: nil, uid: user, gid: 0, refused: [.gid(0)]),
        Case(pid: 1, uid: user, gid: user, refused: [.pid(1)]),
        Case(pid: nil, uid: 61002, gid: 61003, refused: [.uid(61002), .gid(61003)]),
        Case(pid: 1, uid: 0, gid: 0, refused: [.pid(1), .uid(0), .gid(0)]),
        Case(pid: nil, uid: 4_000_000_000, gid: user, refused: [.uid(4_000_000_000)]),
    ]

    @Test(.enabled(if: isRoot, "becoming an ordinary user needs root"), arguments: cases)
    func `the kernel refuses a user's claims, and the error says which`(one: Case) throws {
        for kind in SocketKind.allCases {
            let pair = try SocketPair(kind)
            let claim = Claim(pid: one.pid ?? getpid(), uid: one.uid, gid: one.gid)
            let expected = one.refused.isEmpty ? nil : SendError.claimRefused(one.refused)
            #expect(asUser(Self.user) { sendError(pair.theirs, [1], claim) == expected })
            // Also where descriptors go along.
            #expect(
                asUser(Self.user) { sendError(pair.theirs, [1], claim, descriptors: 1) == expected }
            )
        }
    }

    @Test(
        .enabled(if: isRoot, "claiming other ids needs CAP_SETUID, CAP_SETGID and CAP_SYS_ADMIN"),
        arguments: [
            (1, 0, 0), (1, 61001, 61002), (nil, 2_147_483_648, 4_000_000_000),
            (nil, 4_294_967_294, 4_294_967_294),
        ] as [(Int32?, UInt32, UInt32)])
    func `what root claims arrives as claimed`(pid: Int32?, uid: UInt32, gid: UInt32) throws {
        for kind in SocketKind.allCases {
            let pair = try SocketPair(kind)
            let claim = Claim(pid: pid ?? getpid(), uid: uid, gid: gid)
            try pair.send("a", claiming: claim)
            #expect(
                try pair.ours.see().contents?.credentials
                    == Credentials(
                        source: .scmCredentials, pid: claim.pid, uid: claim.uid, gid: claim.gid))
        }
    }

    @Test(.enabled(if: isRoot, "claiming another pid needs CAP_SYS_ADMIN"), arguments: [0, -1])
    func `a pid that no process has is said to be missing`(pid: Int32) throws {
        let pair = try SocketPair()
        let claim = Claim(pid: pid, uid: getuid(), gid: getgid())
        #expect(sendError(pair.theirs, [1], claim) == .claimedProcessMissing(pid: pid))
    }

    @Test func `ids that no namespace has are said to be unmapped`() throws {
        let pair = try SocketPair()
        var claim = Claim.own
        claim.uid = .max
        #expect(sendError(pair.theirs, [1], claim) == .claimedIDUnmapped([.uid(.max)]))
        claim.gid = .max
        #expect(
            sendError(pair.theirs, [1], claim) == .claimedIDUnmapped([.uid(.max), .gid(.max)]))
        claim.uid = getuid()
        #expect(sendError(pair.theirs, [1], claim) == .claimedIDUnmapped([.gid(.max)]))
    }

    @Test(.enabled(if: isRoot, "becoming an ordinary user needs root"))
    func `where no socket can be made to ask, every foreign id is named`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            limitDescriptors(to: openDescriptors() + 1)
            let filling = fillTable()
            let claim = Claim(pid: getpid(), uid: 0, gid: 61001)
            demand(
                asUser(61001) { sendError(pair.theirs, [1], claim) == .claimRefused([.uid(0)]) },
                "the uid is named")
            _ = consume filling
        }
    }
}

struct SendErrorTests {
    @Test func `a stream without bytes carries nothing, and that is an error`() throws {
        let pair = try SocketPair()
        #expect(sendError(pair.theirs, [], .own) == .noBytesToCarryIt)
        #expect(sendError(pair.theirs, [], descriptors: 1) == .noBytesToCarryIt)
        #expect(sendError(pair.theirs, []) == nil)
        #expect(try pair.ours.see() == .nothingYet)
    }

    @Test func `a receiver that takes no descriptors is told of`() throws {
        let pair = try SocketPair()
        // Linux 6.16 has it.
        guard (try? pair.ours.setPassRights(false)) != nil else { return }
        #expect(sendError(pair.theirs, descriptors: 1) == .descriptorsRefused)
        #expect(sendError(pair.theirs, [1], .own, descriptors: 1) == .descriptorsRefused)
        #expect(sendError(pair.theirs) == nil)
        try pair.ours.setPassRights(true)
        #expect(sendError(pair.theirs, descriptors: 1) == nil)
    }

    @Test(arguments: SocketKind.allCases)
    func `sending to a peer that has gone is an error and no signal`(kind: SocketKind) throws {
        let pair = try UnixSocket.pair(kind)
        let theirs = pair.second
        pair.first.letGo()
        let error = sendError(theirs)
        #expect(error == .peerGone(kind == .datagram ? .connectionRefused : .brokenPipe))
    }

    @Test func `a socket that has no peer sends to nobody`() throws {
        let socket = try UnixSocket(.datagram)
        #expect(sendError(socket)?.errno == .socketNotConnected)
    }

    @Test(arguments: [SocketKind.datagram, .sequencedPacket])
    func `a message beyond the buffer is said to be too long`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        let bytes = [UInt8](repeating: 0, count: 8 << 20)
        #expect(sendError(pair.theirs, bytes) == .messageTooLong(byteCount: 8 << 20))
    }

    @Test func `a full socket takes part, then none`() throws {
        let pair = try SocketPair()
        try pair.theirs.descriptor.setNonBlocking()
        let bytes = [UInt8](repeating: 7, count: 1 << 22)
        let first = try #require(try pair.theirs.send(bytes[...]))
        #expect(first > 0 && first < bytes.count)
        #expect(try pair.theirs.send(bytes[...]) == nil)
    }

    @Test(.enabled(if: isRoot, "becoming an ordinary user needs root"))
    func `too many descriptors under way are an error of their own`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            limitDescriptors(to: 64)
            let isRefused = asUser(61004) {
                (0..<8).contains { _ in
                    sendError(pair.theirs, descriptors: 20) == .tooManyInFlight
                }
            }
            demand(isRefused, "some were refused")
        }
    }

    @Test(arguments: [
        (SendError.tooManyDescriptors(count: 254), "253"), (.noBytesToCarryIt, "one byte"),
        (.claimRefused([.uid(0)]), "uid 0 needs CAP_SETUID"),
        (.claimRefused([.pid(1), .gid(0)]), "claim pid 1 and gid 0 (EPERM): pid 1 needs CAP_SYS"),
        (.claimedProcessMissing(pid: 77), "pid 77"), (.claimedIDUnmapped([.gid(5)]), "gid 5"),
        (.descriptorsRefused, "SO_PASSRIGHTS"), (.tooManyInFlight, "RLIMIT_NOFILE"),
        (.peerGone(.brokenPipe), "Broken pipe"), (.messageTooLong(byteCount: 9), "9 bytes"),
    ])
    func `an error is a sentence that says what to do`(error: SendError, part: String) {
        #expect("\(error)".contains(part))
        #expect("\(error)".hasSuffix("."))
    }
}
