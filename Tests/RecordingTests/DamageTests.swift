import Testing

@testable import Recording

/// A recording made by hand: a sound header, then whatever bytes the test wants.
private func recording(
    _ entries: [UInt8], committed: UInt64? = nil, state: UInt8 = 1,
    _ change: (inout [UInt8]) -> Void = { _ in }
) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    bytes.replaceSubrange(0..<8, with: "PROFREC\n".utf8)
    bytes[8] = 1
    bytes[13] = 0x10
    store(committed ?? UInt64(4096 + entries.count), at: 16, in: &bytes)
    bytes[24] = state
    change(&bytes)
    return bytes + entries
}

private func store(_ value: UInt64, at offset: Int, count: Int = 8, in bytes: inout [UInt8]) {
    for index in 0..<count {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
}

private func readAll(_ bytes: [UInt8]) throws -> [Entry] {
    var reader = try RecordingReader(bytes: bytes)
    return try reader.readAll()
}

/// Event 0 "" of type 0 and thread 0 of pid 1: what a sample needs.
private let event: [UInt8] = [2, 7, 0, 0, 0, 0, 0, 0, 0]
private let thread: [UInt8] = [4, 3, 0, 1, 1]
private let prologue = event + thread
private let bucket: [UInt8] = [14, 4, 0, 0, 0, 0]
private let longest = [UInt8](repeating: 0xff, count: 9) + [0x01]

struct HeaderDamageTests {
    @Test func `an empty recording has no entry`() throws {
        #expect(try readAll(recording([])).isEmpty)
    }

    @Test func `fewer bytes than a header are refused`() {
        let whole = recording([])
        for count in 0..<4096 {
            #expect(throws: RecordingError.tooShort(bytes: count)) {
                try RecordingReader(bytes: Array(whole.prefix(count)))
            }
        }
    }

    @Test(arguments: 0..<8)
    func `another magic is refused`(index: Int) {
        #expect(throws: RecordingError.notARecording) {
            try RecordingReader(bytes: recording([]) { $0[index] ^= 0x20 })
        }
        #expect(throws: RecordingError.notARecording) {
            try RecordingReader(bytes: Array(recording([]) { $0[index] ^= 0x20 }.prefix(100)))
        }
    }

    @Test(arguments: [0, 2, 7, .max] as [UInt32])
    func `another version is refused`(version: UInt32) {
        #expect(throws: RecordingError.unsupportedVersion(version)) {
            try RecordingReader(
                bytes: recording([]) { store(UInt64(version), at: 8, count: 4, in: &$0) })
        }
    }

    @Test(arguments: [0, 7, 4095, 4097, 0xffff_ffff] as [UInt64])
    func `another header size is refused`(size: UInt64) {
        #expect(throws: RecordingError.invalidHeader(field: "header size", value: size)) {
            try RecordingReader(bytes: recording([]) { store(size, at: 12, count: 4, in: &$0) })
        }
    }

    @Test(arguments: [0, 7, 4095] as [UInt64])
    func `a commit point inside the header is refused`(committed: UInt64) {
        #expect(throws: RecordingError.invalidHeader(field: "committed", value: committed)) {
            try RecordingReader(bytes: recording([], committed: committed))
        }
    }

    @Test(arguments: [4106, UInt64(Int.max), .max] as [UInt64])
    func `a commit point past the file is a truncated recording`(committed: UInt64) throws {
        var reader = try RecordingReader(bytes: recording(event, committed: committed))
        #expect(reader.isTruncated)
        #expect(try reader.readAll().count == 1)
    }

    @Test(arguments: [2, 7, 0xff] as [UInt8])
    func `another state is refused`(state: UInt8) {
        #expect(throws: RecordingError.invalidHeader(field: "state", value: UInt64(state))) {
            try RecordingReader(bytes: recording([], state: state))
        }
    }

    @Test func `bytes after the commit point are not read`() throws {
        #expect(try readAll(recording(event + [0xff, 0xff], committed: 4096 + 9)).count == 1)
    }
}

/// Bytes of entries, what is wrong with them, and where, from the first entry on.
struct Damaged: Sendable {
    var entries: [UInt8]
    var damage: RecordingError.Damage
    var offset: Int

    init(_ entries: [UInt8], _ damage: RecordingError.Damage, at offset: Int) {
        self.entries = entries
        self.damage = damage
        self.offset = offset
    }
}

private let damagedEntries: [Damaged] = [
    // A body's length: past the recording, past every integer.
    Damaged([2, 8, 0, 0, 0, 0, 0, 0, 0], .incomplete, at: 1),
    Damaged([2] + longest, .incomplete, at: 1),
    Damaged([2, 0x80], .incomplete, at: 2),
    Damaged([2], .incomplete, at: 1),
    // A body of length 0 and one too short.
    Damaged([2, 0], .bodyTooShort, at: 2),
    Damaged([4, 2, 0, 1], .bodyTooShort, at: 4),
    Damaged([12, 1, 0x80], .bodyTooShort, at: 3),
    Damaged([12, 11] + [UInt8](repeating: 0x80, count: 11), .varintTooLarge, at: 2),
    Damaged([12, 10] + longest, .valueOutOfRange, at: 2),
    // Lengths and counts inside a body.
    Damaged([2, 7, 0, 6, 0, 0, 0, 0, 0], .countTooLarge, at: 3),
    Damaged([2, 12, 0] + longest + [0], .countTooLarge, at: 3),
    Damaged([1, 1, 1], .countTooLarge, at: 2),
    Damaged([1, 10] + longest, .countTooLarge, at: 2),
    Damaged([1, 3, 1, 0, 7], .countTooLarge, at: 4),
    Damaged([3, 2, 0, 1], .countTooLarge, at: 3),
    Damaged([3, 11, 0] + longest, .countTooLarge, at: 3),
    // A flag that is neither 0 nor 1.
    Damaged([5, 5, 0, 0, 0, 2, 0], .valueOutOfRange, at: 5),
    // Indices that are not the next ones, parents that are not there.
    Damaged([2, 7, 1, 0, 0, 0, 0, 0, 0], .indexOutOfOrder, at: 2),
    Damaged([4, 3, 1, 0, 0], .indexOutOfOrder, at: 2),
    Damaged([3, 3, 1, 1, 0], .unknownParent, at: 2),
    Damaged([3, 7, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0], .unknownParent, at: 2),
    Damaged([3, 3, 0, 1, 0, 3, 3, 2, 1, 0], .unknownParent, at: 7),
    // Samples.
    Damaged([0x80, 0], .unknownThread, at: 0),
    Damaged(thread + [0x80, 0], .unknownEvent, at: 5),
    Damaged(event + [0x80, 0], .unknownThread, at: 9),
    Damaged(prologue + [0xa0, 0, 1], .unknownThread, at: 14),
    Damaged(prologue + [0x90, 0, 1], .unknownEvent, at: 14),
    Damaged(prologue + [0x84, 0, 1], .unknownStack, at: 14),
    Damaged(prologue + [0x84, 0] + longest, .valueOutOfRange, at: 16),
    Damaged(prologue + [0x81, 0], .reservedSampleFlags, at: 14),
    Damaged(prologue + [0x82, 0], .reservedSampleFlags, at: 14),
    Damaged(prologue + [0x80], .incomplete, at: 15),
    Damaged(prologue + [0xfc, 0, 0, 0], .incomplete, at: 18),
    Damaged(prologue + [0x80] + [UInt8](repeating: 0x80, count: 11), .varintTooLarge, at: 15),
    // Buckets: what was defined before one is not after it.
    Damaged([14, 3, 0, 0, 0], .bodyTooShort, at: 5),
    Damaged(prologue + bucket + event + [0x80, 0], .unknownThread, at: 29),
    Damaged(prologue + bucket + thread + [0x80, 0], .unknownEvent, at: 25),
    Damaged(prologue + bucket + [4, 3, 1, 0, 0], .indexOutOfOrder, at: 22),
    Damaged(prologue + bucket + [2, 7, 0, 0, 1, 0, 0, 0, 0], .indexOutOfOrder, at: 22),
    Damaged(prologue + bucket + event + event, .indexOutOfOrder, at: 31),
    Damaged([3, 3, 0, 1, 0] + bucket + [3, 3, 1, 1, 0], .unknownParent, at: 13),
    Damaged(
        [3, 3, 0, 1, 0] + bucket + event + thread + [0x84, 0, 1], .unknownStack, at: 25),
]

struct EntryDamageTests {
    @Test(arguments: damagedEntries)
    func `a damaged entry is refused at its offset`(damaged: Damaged) throws {
        var reader = try RecordingReader(bytes: recording(damaged.entries))
        let expected = RecordingError.damaged(damaged.damage, offset: 4096 + damaged.offset)
        #expect(throws: expected) { _ = try reader.readAll() }
        // There is no way past it.
        #expect(throws: expected) { _ = try reader.next() }
    }

    @Test func `unknown entries are skipped and counted`() throws {
        let entries: [UInt8] = [15, 0, 0x7f, 3, 1, 2, 3] + event
        var reader = try RecordingReader(bytes: recording(entries))
        #expect(try reader.readAll().count == 1)
        #expect(reader.skippedEntries == 2)
    }

    @Test func `unknown bytes at a body's end are ignored`() throws {
        #expect(try readAll(recording([12, 3, 5, 0xff, 0xff])) == [.cpu(5)])
    }

    @Test func `space that was never written ends the recording`() throws {
        var reader = try RecordingReader(bytes: recording(event + [0, 0, 0, 0]))
        #expect(try reader.readAll().count == 1)
        #expect(reader.isTruncated)
        #expect(try reader.next() == nil)
    }

    @Test func `text that is not UTF-8 is repaired`() throws {
        let entries = try readAll(recording([5, 6, 0, 0, 0, 0, 1, 0xff]))
        #expect(entries == [.comm(Comm(time: 0, pid: 0, tid: 0, isExec: false, name: "\u{fffd}"))])
    }

    @Test func `random damage is an entry or an error, never a trap`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        try writer.appendEverything()
        try writer.seal(at: 9, reason: .stopped)
        let whole = try scratch.bytes()
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<4) {
                bytes[Int.random(in: 4096..<bytes.count)] = .random(in: 0...255)
            }
            var reader = try RecordingReader(bytes: bytes)
            do throws(RecordingError) {
                while let entry = try reader.next() {
                    if case .sample(let sample) = entry { _ = reader.callchain(of: sample.stack) }
                }
            } catch {
                guard case .damaged(_, let offset) = error else {
                    Issue.record(error)
                    continue
                }
                #expect(offset >= 4096 && offset <= bytes.count)
            }
        }
    }
}

struct TruncationTests {
    @Test func `a recording cut at any byte has its entries up to there`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        try writer.appendEverything()
        try writer.seal(at: 9, reason: .stopped)
        let whole = try scratch.bytes()
        let entries = try readAll(whole)
        var longest = 0
        for count in 4096..<whole.count {
            var reader = try RecordingReader(bytes: Array(whole.prefix(count)))
            let some = try reader.readAll()
            #expect(reader.isTruncated)
            #expect(some == Array(entries.prefix(some.count)))
            #expect(some.count >= longest)
            longest = some.count
        }
        #expect(longest == entries.count - 1)
        #expect(entries.count > 20)
    }
}
