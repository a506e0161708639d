import Glibc
import LinuxSystem
import SocketCredentials
import TestSupport
import Testing

@testable import Varlink

/// A frame without what has an owner.
private struct Seen: Equatable {
    var text: String
    var uid: UInt32?
    var descriptors: Int
}

/// Real messages over a real socket, into an assembler.
private final class Receiver {
    let pair: SocketPair
    private var assembler: FrameAssembler
    private(set) var frames: [Seen] = []

    init(limit: Int = 64) throws {
        pair = try SocketPair()
        assembler = FrameAssembler(limit: limit)
    }

    /// Takes all that has come.
    func receive(_ size: Int = 1 << 17) throws {
        while true {
            var chunk: [UInt8] = []
            let reception = try pair.ours.receive(appendingTo: &chunk, limit: size)
            let state = try assembler.add(chunk[...], reception) { [self] frame in
                frames.append(
                    Seen(
                        text: String(decoding: frame.bytes, as: UTF8.self),
                        uid: frame.credentials?.uid, descriptors: frame.descriptors.count))
            }
            if state != .open { return }
        }
    }

    /// Sends each part and takes it before the next one.
    func send(_ parts: (String, Int)...) throws {
        for (text, descriptors) in parts {
            try pair.send(text, descriptors: descriptors)
            try receive()
        }
    }

    var isInsideFrame: Bool { assembler.isInsideFrame }
}

private let uid = getuid()

struct FrameAssemblerTests {
    @Test func `a frame in one message`() throws {
        let receiver = try Receiver()
        try receiver.send(("{}\0", 2))
        #expect(receiver.frames == [Seen(text: "{}", uid: uid, descriptors: 2)])
        #expect(!receiver.isInsideFrame)
    }

    @Test(arguments: Array(1...12))
    func `frames in pieces of any size`(size: Int) throws {
        let receiver = try Receiver()
        try receiver.pair.send("abc\0\0defgh\0")
        try receiver.receive(size)
        #expect(receiver.frames.map(\.text) == ["abc", "", "defgh"])
        #expect(receiver.frames.allSatisfy { $0.uid == uid })
    }

    @Test func `descriptors belong to the frame they were sent with, glued or not`() throws {
        let receiver = try Receiver()
        try receiver.pair.send("a\0b\0")
        try receiver.pair.send("c\0", descriptors: 3)
        try receiver.pair.send("d\0")
        try receiver.receive()
        #expect(receiver.frames.map(\.text) == ["a", "b", "c", "d"])
        #expect(receiver.frames.map(\.descriptors) == [0, 0, 3, 0])
    }

    @Test func `descriptors come with the first byte of a frame in pieces`() throws {
        let receiver = try Receiver()
        try receiver.pair.send("x\0")
        try receiver.pair.send("abc", descriptors: 1)
        try receiver.receive(2)
        try receiver.pair.send("def\0")
        try receiver.receive(2)
        #expect(
            receiver.frames == [
                Seen(text: "x", uid: uid, descriptors: 0),
                Seen(text: "abcdef", uid: uid, descriptors: 1),
            ])
    }

    @Test func `descriptors in the middle of a frame are refused`() throws {
        let receiver = try Receiver()
        try receiver.send(("ab", 0))
        #expect(throws: FrameViolation.strayDescriptors) { try receiver.send(("c\0", 1)) }
        let other = try Receiver()
        try other.send(("ab", 1))
        #expect(throws: FrameViolation.strayDescriptors) { try other.send(("c\0", 1)) }
    }

    @Test(arguments: [64, 65_536])
    func `the longest frame passes, one byte more does not`(limit: Int) throws {
        let receiver = try Receiver(limit: limit)
        let text = String(repeating: "x", count: limit)
        try receiver.send((text + "\0", 0))
        #expect(receiver.frames.map(\.text.count) == [limit])
        #expect(throws: FrameViolation.oversized(limit: limit)) {
            try receiver.send((text + "x\0", 0))
        }
    }

    @Test func `a frame without an end is refused as soon as it is too long`() throws {
        let receiver = try Receiver(limit: 10)
        try receiver.send(("12345", 0), ("67890", 0))
        #expect(throws: FrameViolation.oversized(limit: 10)) { try receiver.send(("1", 0)) }
    }

    @Test func `frames in front of a violation are delivered`() throws {
        let receiver = try Receiver(limit: 4)
        #expect(throws: FrameViolation.oversized(limit: 4)) {
            try receiver.send(("a\0toolong\0", 0))
        }
        #expect(receiver.frames.map(\.text) == ["a"])
    }

    @Test func `an end between frames is fine, in the middle it is not`() throws {
        let receiver = try Receiver()
        try receiver.send(("a\0", 0))
        receiver.pair.endTheirs()
        try receiver.receive()
        let other = try Receiver()
        try other.send(("a", 0))
        other.pair.endTheirs()
        #expect(throws: FrameViolation.unfinished) { try other.receive() }
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `a frame of two writers is refused, in either order`() throws {
        let receiver = try Receiver()
        try receiver.send(("AB", 0))
        #expect(asUser(61001) { (try? receiver.pair.theirs.send([67, 0])) == 2 })
        #expect { try receiver.receive() } throws: { error in
            guard case .mixedCredentials(let first, let second) = error as? FrameViolation else {
                return false
            }
            return first?.uid == 0 && second?.uid == 61001
        }
        let other = try Receiver()
        #expect(asUser(61001) { (try? other.pair.theirs.send([67])) == 1 })
        try other.pair.send("D\0")
        #expect(throws: FrameViolation.self) { try other.receive() }
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `each frame has its own writer's identity`() throws {
        let receiver = try Receiver()
        try receiver.pair.send("a\0")
        #expect(asUser(61001) { (try? receiver.pair.theirs.send([98, 0])) == 2 })
        try receiver.pair.send("c\0")
        try receiver.receive()
        #expect(receiver.frames.map(\.uid) == [0, 61001, 0])
    }

    @Test func `no violation leaves a descriptor open`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            for parts in [
                [("ab", 3), ("c\0", 3)], [("ab", 0), ("c\0", 3)],
                [
                    ("0123456789012345678901234567890123456789", 3),
                    ("01234567890123456789012345", 0),
                ],
                [("ab", 3)], [("a\0b\0", 3), ("c", 2)],
            ] {
                let receiver = try Receiver()
                for (text, descriptors) in parts {
                    try? receiver.send((text, descriptors))
                }
            }
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `what the kernel could not deliver whole is a violation`() async {
        await #expect(processExitsWith: .success) {
            let receiver = try Receiver()
            try receiver.pair.send("{}\0", descriptors: 20)
            let before = openDescriptors()
            limitDescriptors(to: before + 8)
            do {
                try receiver.receive()
                demand(false, "it was refused")
            } catch {
                demandEqual(error as? FrameViolation, .controlTruncated)
            }
            demandEqual(receiver.frames, [])
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `a pidfd that is missing does not break the frame`() async {
        await #expect(processExitsWith: .success) {
            let receiver = try Receiver()
            // Linux 6.5 has it.
            guard (try? receiver.pair.ours.setPassProcessDescriptor()) != nil else { return }
            try receiver.pair.send("{}\0")
            limitDescriptors(to: openDescriptors() + 1)
            let filling = fillTable()
            try receiver.receive()
            demandEqual(receiver.frames, [Seen(text: "{}", uid: uid, descriptors: 0)])
            _ = consume filling
        }
    }
}
