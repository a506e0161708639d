import Glibc
import LinuxSystem
import Testing

@testable import Recording

extension ScratchDirectory {
    func continuing(
        of session: String = "s", limits: RecordingWriter.Limits = .init()
    ) throws -> RecordingWriter {
        let directory = try open()
        return try RecordingWriter(
            continuing: "a.recording", of: session, in: directory, limits: limits)
    }

    /// A recording of session `s` with samples at the times 1 to `count`.
    func begin(count: UInt64 = 3) throws -> RecordingWriter {
        var writer = try writer()
        writer.noteDrained(at: 100)
        writer.append(session: [SessionFact(SessionKey.session, "s")])
        writer.append(event: .cpuClock)
        for time in 1..<count + 1 as Range<UInt64> {
            writer.appendSample(time: time, tid: 7, cpu: 1, weight: 9, [time, 0x1000])
        }
        try writer.commit()
        return writer
    }

    /// Overwrites bytes of the file.
    func overwrite(_ bytes: [UInt8], at offset: Int) throws {
        let file = Glibc.open(path + "/a.recording", O_RDWR)
        defer { close(file) }
        try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    }
}

/// What a recording has, for comparing.
private func content(_ reader: consuming RecordingReader) throws -> [String] {
    var lines: [String] = []
    while let entry = try reader.next() {
        switch entry {
        case .sample(let sample):
            let thread = reader.threads[Int(sample.thread)]
            lines.append(
                "\(sample.time) \(thread.tid) \(sample.cpu) \(sample.weight) "
                    + "\(reader.callchain(of: sample.stack))")
        case .gap(let gap): lines.append("gap \(gap.start) \(gap.end)")
        case .end(let end): lines.append("end \(end.samples) \(end.lost)")
        default: break
        }
    }
    return lines
}

struct ReopeningTests {
    static let first = ["1 7 1 9 [1, 4096]", "2 7 1 9 [2, 4096]", "3 7 1 9 [3, 4096]"]

    @Test(arguments: [false, true])
    func `a recording goes on where its writer left it, sealed or not`(isSealed: Bool) throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.begin()
        writer.append(Lost(time: 3, cpu: 1, event: 0, count: 5, cause: .ring))
        try writer.commit()
        if isSealed { try writer.seal(at: 110, reason: .daemonStopped) }
        _ = consume writer
        var next = try scratch.continuing()
        #expect(next.committedSamples == 3 && next.lostSamples == 5)
        #expect(next.eventDefinitionCount == 1)
        #expect(try !scratch.reader().isSealed)
        #expect(next.appendGap(until: 250) == 150)
        // The stack and the thread were known before, and the CPU and the weight are the same.
        next.appendSample(time: 300, tid: 7, cpu: 1, weight: 9, [3, 0x1000])
        try next.commit()
        #expect(next.losses.gaps == 1 && next.losses.gapNanoseconds == 150)
        #expect(next.notes.reopenings == 1)
        try next.seal(at: 400, reason: .stopped)
        let reader = try scratch.reader()
        #expect(reader.isSealed)
        #expect(
            try content(reader) == Self.first + ["gap 100 250", "300 7 1 9 [3, 4096]", "end 4 5"])
    }

    @Test func `it goes on any number of times, and counts them until it was drained`() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        for round in 1...5 as ClosedRange<UInt64> {
            var writer = try scratch.continuing()
            #expect(writer.notes.reopenings == round)
            #expect(writer.notes.attempts == (round < 4 ? round : round - 3))
            writer.appendSample(time: 1000 * round, tid: UInt32(round), [round])
            try writer.commit()
            if round == 3 { writer.noteDrained(at: 3000) }
            if round == 4 { try writer.seal(at: 4000, reason: .daemonStopped) }
        }
        let lines = try content(try scratch.reader())
        #expect(lines == Self.first + (1...5).map { "\($0 * 1000) \($0) 0 1 [\($0)]" })
    }

    @Test func `what was staged and not committed is not there`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.begin()
        writer.appendSample(time: 50, tid: 8, cpu: 2, [50])
        _ = consume writer
        var next = try scratch.continuing()
        next.appendSample(time: 60, tid: 8, cpu: 2, [60])
        try next.commit()
        #expect(try content(try scratch.reader()) == Self.first + ["60 8 2 1 [60]"])
    }

    @Test func `it goes on within its limit, and beyond the space that was reserved`() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        var count: UInt64 = 3
        for _ in 0..<3 {
            var writer = try scratch.continuing(limits: .init(bytes: 1 << 20))
            for _ in 0..<20_000 {
                count += 1
                writer.appendSample(time: count, tid: 7, [count])
                if count % 100 == 0 { try writer.commit() }
            }
            try writer.commit()
        }
        #expect(try content(try scratch.reader()).count == Int(count))
        #expect(throws: RecordingWriterError.self) {
            var writer = try scratch.continuing(limits: .init(bytes: 1 << 20))
            for _ in 0..<1_000_000 { writer.appendSample(time: 1, [count]) }
            try writer.commit()
        }
    }

    @Test func `a recording whose writers are killed again and again keeps every commit`()
        async throws
    {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        let path = scratch.path
        let rounds = getenv("KILL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 10
        for round in 0..<rounds {
            let milliseconds = 1 + round * 7 % 23
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, milliseconds = milliseconds as Int] in
                let directory = try OwnedDescriptor.openDirectory(path)
                try dieAfter(milliseconds: milliseconds)
                while true {
                    var writer = try RecordingWriter(
                        continuing: "a.recording", of: "s", in: directory)
                    var number = writer.committedSamples
                    for _ in 0..<200 {
                        for _ in 0..<10 {
                            number += 1
                            writer.appendSample(
                                time: number, tid: 7, cpu: 1, weight: 9, [number, 0x1000])
                        }
                        try writer.commit()
                    }
                    if number % 3 == 0 { try writer.seal(at: 1, reason: .daemonStopped) }
                }
            }
        }
        var reader = try scratch.reader()
        var last: UInt64 = 0
        while let entry = try reader.next() {
            guard case .sample(let sample) = entry else { continue }
            last += 1
            #expect(sample.time == last && reader.callchain(of: sample.stack) == [last, 0x1000])
        }
        #expect(!reader.isTruncated && last >= 3)
        #expect(try scratch.continuing().committedSamples == last)
    }
}
