import PerfRecords
import Testing

private let userMarker = UInt64(bitPattern: -512)
private let kernelMarker = UInt64(bitPattern: -128)

struct RecordCursorTests {
    @Test func `a sample gives its fields and its callchain`() throws {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [userMarker, 0x4000, 0x5000])
        guard case .sample(let sample)? = try decode(builder.words).first else {
            Issue.record("no sample")
            return
        }
        #expect(sample.identifier == 3)
        #expect(sample.processID == 10)
        #expect(sample.threadID == 11)
        #expect(sample.time == 1_000)
        #expect(sample.period == 250)
        #expect(sample.mode == .user)
        #expect(!sample.isKernelMode)
        #expect(Array(builder.words[sample.callchain]) == [userMarker, 0x4000, 0x5000])
    }

    @Test func `the processor mode is the low three bits of misc alone`() throws {
        var builder = RecordBuilder()
        builder.appendSample(misc: 1 | 1 << 14, callchain: [])
        guard case .sample(let sample)? = try decode(builder.words).first else {
            Issue.record("no sample")
            return
        }
        #expect(sample.isKernelMode)
    }

    @Test func `records of unknown types are passed over and counted`() throws {
        var builder = RecordBuilder()
        builder.append(RecordType(rawValue: 4_000), [1, 2, 3])
        builder.append(RecordType(rawValue: 1), [])
        builder.appendSample(callchain: [])
        var cursor = RecordCursor()
        #expect(try cursor.next(in: builder.words.span) != nil)
        #expect(cursor.skippedCount == 2)
        #expect(try cursor.next(in: builder.words.span) == nil)
        #expect(cursor.position == builder.words.count)
    }

    @Test(arguments: [0, 7, 9, 15, 56, 64, UInt16.max - 7, UInt16.max] as [UInt16])
    func `a size that is not the record's is refused`(size: UInt16) {
        // A sample of 48 bytes, at the end of the words.
        var builder = RecordBuilder()
        builder.appendSample(callchain: [])
        var words = builder.words
        words[0] = RecordHeader(type: .sample, size: size).word
        #expect(throws: RecordError(.size(size), .sample, offset: 0)) { try decode(words) }
    }

    @Test(arguments: [8, 16, 40] as [UInt16])
    func `a sample that is too short for its fields is refused`(size: UInt16) {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [])
        var words = builder.words
        words[0] = RecordHeader(type: .sample, size: size).word
        #expect(throws: RecordError(.truncated, .sample, offset: 0)) { try decode(words) }
    }

    @Test(arguments: [3, 4, 1 << 13, 1 << 61, 1 << 63, .max] as [UInt64])
    func `a callchain count beyond the record is refused`(count: UInt64) {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [1, 2])
        builder.appendSample(callchain: [3, 4, 5])
        var words = builder.words
        words[5] = count
        #expect(throws: RecordError(.callchain(count: count), .sample, offset: 0)) {
            try decode(words)
        }
    }

    @Test func `an error names the place and keeps the cursor there`() throws {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [])
        let words = builder.words + [0]
        var cursor = RecordCursor()
        _ = try cursor.next(in: words.span)
        for _ in 0..<2 {
            #expect(throws: RecordError(.size(0), RecordType(rawValue: 0), offset: 48)) {
                try cursor.next(in: words.span)
            }
        }
    }

    @Test func `every truncation of a run of records is refused or ends at a record`() throws {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [userMarker, 1, 2])
        builder.append(.comm, [7 | 8 << 32] + RecordBuilder.name("worker") + RecordBuilder.trailer)
        builder.append(.lost, [1, 2] + RecordBuilder.trailer)
        let ends = [0, 9, 15, 21]
        #expect(builder.words.count == 21)
        for count in 0...21 {
            let part = Array(builder.words[..<count])
            if let whole = ends.firstIndex(of: count) {
                #expect(try decode(part).count == whole)
            } else {
                #expect(throws: RecordError.self) { try decode(part) }
            }
        }
    }

    @Test func `random words never trap`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var words = (0..<24).map { _ in generator.next() & 0xffff_ffff_ffff }
            for place in stride(from: 0, to: 24, by: 6) {
                words[place] =
                    RecordHeader(
                        type: RecordType(rawValue: .random(in: 0...14)),
                        misc: .random(in: 0 ... .max),
                        size: .random(in: 0...8) * 8
                    ).word
            }
            _ = try? decode(words)
        }
    }
}

struct CallchainTests {
    @Test(
        arguments: [
            ([], [], []),
            ([userMarker], [], []),
            ([userMarker, 1, 2], [1, 2], []),
            ([kernelMarker, 8, 9, userMarker, 1], [1], [8, 9]),
            ([kernelMarker, 8], [], [8]),
            ([5, 6], [], []),
            ([userMarker, 1, UInt64(bitPattern: -4095), 2], [1], []),
            (
                [userMarker, 1, UInt64(bitPattern: -4096), 2], [1, UInt64(bitPattern: -4096), 2], []
            ),
        ] as [([UInt64], [UInt64], [UInt64])])
    func `frames are told apart by their context`(
        callchain: [UInt64], user: [UInt64], kernel: [UInt64]
    ) throws {
        var builder = RecordBuilder()
        builder.appendSample(callchain: callchain)
        let words = builder.words
        guard case .sample(let sample)? = try decode(words).first else {
            Issue.record("no sample")
            return
        }
        #expect(Array(words[sample.frames(of: .user, in: words.span)]) == user)
        #expect(Array(words[sample.frames(of: .kernel, in: words.span)]) == kernel)
    }
}

struct SampleCursorTests {
    @Test func `the samples up to another record come one by one`() throws {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [userMarker, 1])
        builder.appendSample(callchain: [])
        builder.append(.lost, [1, 2] + RecordBuilder.trailer)
        builder.appendSample(callchain: [])
        let words = builder.words
        var cursor = RecordCursor()
        #expect(try cursor.nextSample(in: words.span)?.callchain.count == 2)
        #expect(try cursor.nextSample(in: words.span)?.callchain.count == 0)
        let place = cursor.position
        #expect(try cursor.nextSample(in: words.span) == nil)
        #expect(cursor.position == place)
        guard case .lost? = try cursor.next(in: words.span) else {
            Issue.record("no loss")
            return
        }
        #expect(try cursor.nextSample(in: words.span) != nil)
        #expect(try cursor.nextSample(in: words.span) == nil)
        #expect(cursor.position == words.count)
    }

    @Test(arguments: [0, 7, 40, 56] as [UInt16])
    func `a malformed sample is refused where it starts`(size: UInt16) {
        var builder = RecordBuilder()
        builder.appendSample(callchain: [])
        var words = builder.words
        words[0] = RecordHeader(type: .sample, size: size).word
        var cursor = RecordCursor()
        #expect(throws: RecordError.self) { try cursor.nextSample(in: words.span) }
        #expect(cursor.position == 0)
    }
}
