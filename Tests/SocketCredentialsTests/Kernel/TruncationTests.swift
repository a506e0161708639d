import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

struct TruncationTests {
    @Test(arguments: [SocketKind.datagram, .sequencedPacket])
    func `the rest of a message that is too long is lost, and it is said`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        try pair.send("ABCD", descriptors: 1)
        try pair.send("E")
        let seen = try pair.ours.see(limit: 3)
        #expect(seen == .truncated(.init("ABC", .own, descriptors: 1), Truncation(lostData: true)))
        #expect(try pair.ours.see(limit: 1) == .message(.init("E", .own)))
    }

    @Test func `a stream loses no data`() throws {
        let pair = try SocketPair()
        try pair.send("ABCD")
        #expect(try pair.ours.see(limit: 3) == .message(.init("ABC", .own)))
        #expect(try pair.ours.see(limit: 3) == .message(.init("D", .own)))
    }

    @Test(arguments: SocketKind.allCases)
    func `253 descriptors, credentials and a pidfd fit`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        try? pair.ours.setPassProcessDescriptor()
        try pair.send("a", descriptors: 253)
        let contents = try #require(try pair.ours.see().contents)
        #expect(contents.descriptors == 253 && contents.credentials == .own)
    }

    @Test(arguments: SocketKind.allCases)
    func `254 descriptors are refused before the call`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        #expect(throws: SendError.tooManyDescriptors(count: 254)) {
            try pair.send("a", descriptors: 254)
        }
        #expect(try pair.ours.see() == .nothingYet)
    }

    @Test(arguments: SocketKind.allCases)
    func `descriptors above the limit are dropped, the rest closed, and it is said`(
        kind: SocketKind
    ) async {
        await #expect(processExitsWith: .success) {
            [name = kind.rawValue as String] in
            let pair = try SocketPair(SocketKind(rawValue: name) ?? .stream)
            try pair.send("a", descriptors: 20)
            let before = openDescriptors()
            limitDescriptors(to: before + 8)
            let seen = try pair.ours.see()
            demandEqual(seen.truncation, Truncation(lostControl: true))
            demand((seen.contents?.descriptors ?? 20) < 20, "some are missing")
            demandEqual(seen.contents?.credentials, .own)
            demandEqual(openDescriptors(), before)
            // What was dropped is closed: there is room for as many once more.
            try pair.send("b")
            demandEqual(try pair.ours.see(), .message(.init("b", .own)))
        }
    }

    @Test func `a pidfd that no slot is left for is said to be missing`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            // Linux 6.5 has it.
            guard (try? pair.ours.setPassProcessDescriptor()) != nil else { return }
            try pair.send("a")
            let before = openDescriptors()
            limitDescriptors(to: before + 1)
            let filling = fillTable()
            let seen = try pair.ours.see()
            demandEqual(
                seen,
                .truncated(
                    .init("a", .own),
                    Truncation(missingProcessDescriptor: .tooManyOpenFiles)))
            demand(seen.truncation?.sparesTheMessage == true, "the message is whole")
            _ = consume filling
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `an errno in a slot is skipped, and its place is said`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            var null = nullDescriptors(2)
            guard let first = null.takeFirst()?.release(), let second = null.takeFirst()?.release()
            else { return demand(false, "two descriptors") }
            let control = AncillaryData.controlBuffer(of: [
                .credentials(pid: 1, uid: 2, gid: 3), .rights([first, -24]), .rights([-9, second]),
                .int(-3, level: 1, type: AncillaryData.pidfdType),
            ])
            let call = UnixSocket.ReceiveResult(
                byteCount: 1, controlCount: control.count, flags: 0)
            switch ReceivedItems(in: control).reception(call, .stream) {
            case .truncated(let message, let truncation):
                demandEqual(
                    truncation,
                    Truncation(
                        missingDescriptors: [
                            .init(index: 1, errno: .tooManyOpenFiles),
                            .init(index: 2, errno: .badFileDescriptor),
                        ], missingProcessDescriptor: .noSuchProcess))
                demand(!truncation.sparesTheMessage, "descriptors are missing")
                demandEqual(message.descriptors.numbers, [first, second])
                demandEqual(openDescriptors(), before + 2)
            default: demand(false, "truncated")
            }
            demandEqual(openDescriptors(), before)
        }
    }

    @Test(arguments: 0..<12)
    func `a cut credentials item is no identity`(count: Int) {
        let whole = AncillaryData.credentials(pid: 1, uid: 0, gid: 0)
        let cut = AncillaryData(
            level: whole.level, type: whole.type, bytes: Array(whole.bytes.prefix(count)))
        let control = AncillaryData.controlBuffer(of: [cut])
        let call = UnixSocket.ReceiveResult(
            byteCount: 1, controlCount: control.count, flags: CInt(MSG_CTRUNC))
        switch ReceivedItems(in: control).reception(call, .stream) {
        case .truncated(let message, let truncation):
            #expect(message.credentials == nil)
            #expect(truncation == Truncation(lostControl: true))
        default: Issue.record("not said to be truncated")
        }
    }

    @Test func `two credentials items are no identity`() {
        let control = AncillaryData.controlBuffer(of: [
            .credentials(pid: 1, uid: 0, gid: 0), .credentials(pid: 1, uid: 5, gid: 5),
        ])
        let call = UnixSocket.ReceiveResult(byteCount: 1, controlCount: control.count, flags: 0)
        switch ReceivedItems(in: control).reception(call, .stream) {
        case .message(let message): #expect(message.credentials == nil)
        default: Issue.record("no message")
        }
    }

    @Test func `what was dropped is told in words`() {
        let truncation = Truncation(
            lostData: true, lostControl: true,
            missingDescriptors: [.init(index: 2, errno: .tooManyOpenFiles)],
            missingProcessDescriptor: .noSuchProcess)
        #expect(
            "\(truncation)" == """
                the message was longer than the buffer (MSG_TRUNC); ancillary data was dropped \
                (MSG_CTRUNC); descriptor 2 was not installed (Too many open files); the sender's \
                pidfd was not installed (No such process)
                """)
    }
}
