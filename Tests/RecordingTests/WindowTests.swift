import Glibc
import LinuxSystem
import Synchronization
import Testing

@testable import Recording

private let second: UInt64 = 1_000_000_000

extension ScratchDirectory {
    /// A recording of session `s` that keeps its last `seconds`, from the time 0 on.
    func windowed(
        seconds: UInt64 = 2, limits: RecordingWriter.Limits = .init()
    ) throws -> RecordingWriter {
        var writer = try writer(
            limits: limits, window: RecordingWindow(length: seconds * second, beginningAt: 0))
        writer.append(session: [SessionFact(SessionKey.session, "s")])
        writer.append(event: .cpuClock)
        writer.append(Comm(time: 0, pid: 7, tid: 7, isExec: false, name: "main"))
        writer.append(code(at: 0x1000, "/bin/first"))
        try writer.commit()
        return writer
    }
}

private func code(at start: UInt64, _ path: String, pid: UInt32 = 7) -> MemoryMapping {
    MemoryMapping(
        time: 0, pid: pid, tid: pid, start: start, length: 0x1000, fileOffset: 0, protection: 5,
        flags: 2, path: path)
}

extension RecordingWriter {
    /// Records a sample each hundredth of a second, as a drain ten times a second does.
    fileprivate mutating func record(
        from start: UInt64 = 0, seconds: UInt64, distinct: UInt64 = 50
    ) throws {
        for tenth in start * 10..<(start + seconds) * 10 {
            for step in 0..<10 as Range<UInt64> {
                let number = tenth * 10 + step
                appendSample(
                    time: number * second / 100, tid: UInt32(number % 3), cpu: UInt32(number % 2),
                    weight: number % 5, [0x1000 + number % distinct, 0x1100])
            }
            try commit()
            let time = (tenth + 1) * second / 10
            noteDrained(at: time)
            try keepWindow(drained: time, now: time)
        }
    }
}

/// What a recording that keeps only its last time has.
private struct Kept {
    private(set) var times: [UInt64] = []
    private(set) var stacks: [[UInt64]] = []
    private(set) var names: [UInt32: Set<String>] = [:]
    private(set) var paths: Set<String> = []
    private(set) var sessions = 0
    private(set) var events = 0
    private(set) var buckets: [Bucket] = []
    let reader: RecordingReader

    init(_ reading: consuming RecordingReader) throws {
        var reader = reading
        while let entry = try reader.next() {
            switch entry {
            case .sample(let sample):
                times.append(sample.time)
                stacks.append(reader.callchain(of: sample.stack))
                // Each is of the thread that it was recorded of.
                let number = sample.time / (second / 100)
                #expect(reader.threads[Int(sample.thread)].tid == UInt32(number % 3))
                #expect(sample.cpu == UInt32(number % 2) && sample.weight == number % 5)
            case .comm(let comm): names[comm.pid, default: []].insert(comm.name)
            case .mapping(let mapping): paths.insert(mapping.path)
            case .session: sessions += 1
            case .event: events += 1
            case .bucket(let bucket): buckets.append(bucket)
            default: break
            }
        }
        self.reader = reader
    }

    init(_ scratch: ScratchDirectory) throws { try self.init(scratch.reader()) }
}

struct WindowTests {
    @Test(arguments: [1, 2, 5, 60] as [UInt64])
    func `what is kept is the last time and no more than a quarter beyond`(
        seconds: UInt64
    ) throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed(seconds: 2)
        try writer.record(seconds: seconds)
        let kept = try Kept(scratch)
        let newest = seconds * 100
        let oldest = newest - min(newest, 200)
        let numbers = kept.times.map { $0 / (second / 100) }
        #expect(numbers == Array((numbers.first ?? .max)..<newest))
        #expect(numbers.first.map { $0 <= oldest && $0 + 60 >= oldest } == true)
        for (number, stack) in zip(numbers, kept.stacks) {
            #expect(stack == [0x1000 + number % 50, 0x1100])
        }
        #expect(kept.sessions == 1 && kept.events == 1 && kept.paths == ["/bin/first"])
        #expect(kept.reader.drainedAt == seconds * second)
        try writer.seal(at: newest * second / 100, reason: .stopped)
        #expect(writer.committedSamples == newest)
        let sealed = try Kept(scratch)
        #expect(sealed.reader.isSealed && sealed.reader.isConsistent)
        #expect(sealed.reader.end?.samples == newest)
        #expect(sealed.buckets.first?.earlierSamples == numbers.first)
    }

    @Test func `the file's space is the same after a minute and after an hour`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed()
        func allocated() throws -> UInt64 {
            let directory = try scratch.open()
            return try FileFacts(of: "a.recording", in: directory).allocated
        }
        try writer.record(seconds: 60)
        let (minute, size) = (try allocated(), writer.committedBytes)
        try writer.record(from: 60, seconds: 3540)
        let hour = try allocated()
        #expect(hour <= minute + 64 << 10)
        #expect(writer.committedBytes < 2 * size)
        // No number has become too large for its field.
        let kept = try Kept(scratch)
        #expect(kept.reader.threads.allSatisfy { $0.index < 64 })
        #expect(kept.reader.stackNodeCount < 1000)
    }

    @Test func `who reads while the beginning goes away reads what was still there`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed()
        try writer.record(seconds: 10)
        let file = try writer.readOnlyDescriptor()
        let before = try RecordingBytes.read(file)
        try writer.record(from: 10, seconds: 10)
        let after = try RecordingBytes.read(file)
        let kept = try Kept(RecordingReader(bytes: before))
        #expect(kept.times.last == 999 * second / 100)
        #expect(try Kept(RecordingReader(bytes: after)).times.last == 1999 * second / 100)
        // A copy is a recording that begins after its header.
        #expect(!RecordingBytes.keepsOnlyLast(before))
        #expect(RecordingBytes.keepsOnlyLast(try scratch.bytes()))
    }

    @Test func `a reader beside a writer that forgets always reads whole buckets`() async throws {
        let scratch = try ScratchDirectory()
        let directory = try scratch.open()
        var writer = try scratch.windowed()
        try writer.record(seconds: 3)
        let file = try OwnedDescriptor.openFile(named: "a.recording", in: directory)
        let isOver = Atomic(false)
        async let reads = Task.detached {
            var count = 0
            while !isOver.load(ordering: .acquiring) || count == 0 {
                let kept = try Kept(RecordingReader(reading: file))
                let numbers = kept.times.map { $0 / (second / 100) }
                #expect(numbers == Array((numbers.first ?? 0)..<(numbers.last ?? 0) + 1))
                #expect(!kept.reader.isTruncated)
                count += 1
            }
            return count
        }.value
        try writer.record(from: 3, seconds: 3000)
        isOver.store(true, ordering: .releasing)
        #expect(try await reads > 0)
    }

    @Test(arguments: [false, true])
    func `another writer goes on with what there is`(isSealed: Bool) throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed()
        writer.append(code(at: 0x5000, "/lib/second"))
        try writer.record(seconds: 7)
        if isSealed { try writer.seal(at: 7 * second, reason: .daemonStopped) }
        _ = consume writer
        var next = try scratch.continuing()
        #expect(next.windowLength == 2 * second && next.committedSamples == 700)
        _ = next.appendGap(until: 8 * second)
        try next.commit()
        let both = try Kept(scratch)
        #expect(both.times.contains(500 * second / 100) && both.times.last == 699 * second / 100)
        try next.record(from: 8, seconds: 7)
        let kept = try Kept(scratch)
        #expect(kept.times.last == 1499 * second / 100)
        #expect((kept.times.first ?? 0) >= 12 * second)
        // What the first writer was told is said by the second.
        #expect(kept.paths == ["/bin/first", "/lib/second"] && kept.names[7] == ["main"])
        try next.seal(at: 15 * second, reason: .stopped)
        #expect(try Kept(scratch).reader.isConsistent)
    }

    @Test func `where there is no room less is kept, and nothing ends`() throws {
        let scratch = try ScratchDirectory()
        let limits = RecordingWriter.Limits(bytes: 32 << 10)
        var writer = try scratch.windowed(seconds: 3600, limits: limits)
        // New stacks all the time.
        try writer.record(seconds: 600, distinct: .max)
        #expect(!writer.hasFailed && writer.committedBytes <= 32 << 10)
        let kept = try Kept(scratch)
        #expect(kept.times.last == 59_999 * second / 100)
        #expect(kept.times.count > 500 && kept.times.count < 10_000)
        try writer.seal(at: 600 * second, reason: .stopped)
        #expect(try Kept(scratch).reader.end?.reason == .stopped)
    }

    @Test func `a recording that is cut anywhere has what is before, and says so`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed()
        try writer.record(seconds: 5)
        let file = try writer.readOnlyDescriptor()
        let bytes = try RecordingBytes.read(file)
        let whole = try Kept(RecordingReader(bytes: bytes))
        for count in stride(from: 4096, to: bytes.count, by: 7) {
            let kept = try Kept(RecordingReader(bytes: Array(bytes.prefix(count))))
            #expect(kept.reader.isTruncated && whole.times.starts(with: kept.times))
        }
    }

    /// A writer that is killed while it notes its 17th bucket, or its 40th.
    @Test(arguments: [17, 40])
    func `a bucket that is half noted does not matter`(count: Int) throws {
        let scratch = try ScratchDirectory()
        let limits = RecordingWriter.Limits(bytes: 128 << 10)
        var writer = try scratch.windowed(seconds: 3600, limits: limits)
        var second: UInt64 = 0
        while CheckedHeader.number(try scratch.bytes(), at: 80) < UInt64(count) {
            try writer.record(from: second, seconds: 1, distinct: .max)
            second += 1
        }
        let bytes = try scratch.bytes()
        _ = consume writer
        let noted = CheckedHeader.number(bytes, at: 80)
        let committed = Array(bytes[16..<24])
        try scratch.overwrite(committed, at: 640 + Int(noted % 16) * 16)
        var next = try scratch.continuing(limits: limits)
        try next.record(from: second + 1, seconds: 1)
        let kept = try Kept(scratch)
        #expect(kept.times.contains((second - 1) * 1_000_000_000))
    }

    @Test func `a header that contradicts itself is refused`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.windowed()
        try writer.record(seconds: 5)
        _ = consume writer
        let good = try scratch.bytes()
        let fields = [72..<80, 80..<88, 640..<648, 648..<656, 656..<664]
        for field in fields {
            for value in [0, 1, 0x7f, 0xff] as [UInt8] {
                try scratch.overwrite(
                    [UInt8](repeating: value, count: field.count), at: field.lowerBound)
                // Refused or not: it must come to an end, and nothing else.
                _ = try? Kept(scratch)
                _ = try? RecordingWriter.sealLeftover("a.recording", of: "s", in: scratch.open())
                try scratch.overwrite(Array(good.prefix(4096)), at: 0)
            }
        }
        #expect(throws: RecordingError.invalidHeader(field: "first", value: 1)) {
            var page = Array(good.prefix(4096))
            page[72] = 1
            for index in 73..<80 { page[index] = 0 }
            _ = try RecordingReader(bytes: page)
        }
    }
}
