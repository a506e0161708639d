import LinuxSystem
import Testing

@testable import Recording

struct RecordingWriterTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private let filler = Comm(
        time: 0, pid: 0, tid: 0, isExec: false, name: String(repeating: "f", count: 30_000))

    /// Stages a batch of samples whose encoding takes some hundred bytes.
    private func stageBatch(_ writer: inout RecordingWriter, _ number: UInt64) {
        for index in 0..<32 as Range<UInt64> {
            let chain = [number << 20 | index, number << 4, 1].map { $0 << 8 }
            writer.appendSample(time: number << 10 | index, chain)
        }
    }

    @Test func `a recording of several windows comes back whole`() throws {
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        var batches: UInt64 = 0
        while writer.committedBytes < 5 << 20 {
            stageBatch(&writer, batches)
            writer.append(filler)
            try writer.commit()
            batches += 1
        }
        try writer.seal(at: 1, reason: .stopped)
        #expect(try scratch.bytes().count == writer.committedBytes)
        var reader = try scratch.reader()
        var samples: UInt64 = 0
        while let entry = try reader.next() {
            guard case .sample(let sample) = entry else { continue }
            let (number, index) = (samples / 32, samples % 32)
            #expect(sample.time == number << 10 | index)
            let chain = [number << 20 | index, number << 4, 1].map { $0 << 8 }
            #expect(reader.callchain(of: sample.stack) == chain)
            samples += 1
        }
        #expect(samples == batches * 32)
        #expect(reader.isSealed && !reader.isTruncated)
    }

    @Test func `a commit larger than a window comes back whole`() throws {
        var writer = try scratch.writer()
        let name = String(repeating: "n", count: 3 << 20)
        writer.append(session: [SessionFact("name", name)])
        try writer.commit()
        var reader = try scratch.reader()
        #expect(try reader.readAll() == [.session([SessionFact("name", name)])])
    }

    @Test func `space is reserved ahead in steps of 64 KiB to 1 MiB`() throws {
        var writer = try scratch.writer()
        #expect(try scratch.bytes().count == 64 << 10)
        writer.append(event: .cpuClock)
        var sizes: [Int] = []
        while writer.committedBytes < 4 << 20 {
            writer.append(filler)
            try writer.commit()
            let directory = try scratch.open()
            let size = try OwnedDescriptor.openFile(named: "a.recording", in: directory).fileSize()
            if size != sizes.last { sizes.append(size) }
        }
        let steps = zip(sizes, sizes.dropFirst()).map { $1 - $0 }
        #expect(steps.starts(with: [128 << 10, 256 << 10, 512 << 10, 1 << 20, 1 << 20]))
    }

    @Test func `a recording at its limit is sealed with what it has`() throws {
        var writer = try scratch.writer(limits: .init(bytes: 200_000))
        writer.append(event: .cpuClock)
        var number: UInt64 = 0
        var committed: UInt64 = 0
        #expect(throws: RecordingWriterError.limitReached(bytes: 200_000)) {
            while true {
                stageBatch(&writer, number)
                number += 1
                try writer.commit()
                committed += 32
            }
        }
        // It stays so, whatever else is staged.
        writer.appendSample()
        #expect(throws: RecordingWriterError.limitReached(bytes: 200_000)) { try writer.commit() }
        #expect(writer.committedSamples == committed)
        #expect(writer.lostSamples == 33)
        try writer.seal(at: 5, reason: .stopped)
        var reader = try scratch.reader()
        let entries = try reader.readAll()
        #expect(
            entries.last
                == .end(End(time: 5, reason: .sizeLimit, samples: committed, lost: 33)))
        #expect(try scratch.bytes().count <= 200_000)
        #expect(reader.isSealed)
    }

    @Test func `forged counts of lost samples stop at the greatest number`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        for count in [1, .max, .max] as [UInt64] {
            writer.append(Lost(time: 1, cpu: 0, event: 0, count: count, cause: .ring))
        }
        #expect(writer.lostSamples == .max)
        try writer.seal(at: 2, reason: .stopped)
        var reader = try scratch.reader()
        #expect(
            try reader.readAll().last
                == .end(End(time: 2, reason: .stopped, samples: 0, lost: .max)))
    }

    @Test func `a descriptor that was handed out reads and cannot write`() throws {
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        try writer.commit()
        let descriptor = try writer.readOnlyDescriptor()
        var reader = try RecordingReader(reading: descriptor)
        #expect(try reader.readAll() == [.event(.cpuClock)])
        #expect(throws: SystemCallError("ftruncate", .invalidArgument)) {
            try descriptor.truncate(to: 0)
        }
    }

    @Test func `a name that is taken is refused and left alone`() throws {
        var writer = try scratch.writer()
        try writer.seal(at: 0, reason: .stopped)
        #expect(
            throws: RecordingWriterError.system(
                SystemCallError("openat", .fileExists, on: "a.recording"))
        ) {
            _ = try scratch.writer()
        }
        #expect(try scratch.reader().isSealed)
    }

    @Test func `a recording that is too large is refused before it is read`() throws {
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        try writer.commit()
        let descriptor = try writer.readOnlyDescriptor()
        let size = writer.committedBytes
        #expect(throws: RecordingError.tooLarge(bytes: UInt64(size), limit: size - 1)) {
            try RecordingReader(reading: descriptor, limit: size - 1)
        }
    }

    @Test func `threads that are forgotten are defined again`() throws {
        var writer = try scratch.writer(limits: .init(threads: 4))
        writer.append(event: .cpuClock)
        for round in 0..<3 as Range<UInt64> {
            for tid in 0..<10 as Range<UInt32> {
                writer.appendSample(time: round, tid: tid)
                writer.appendSample(time: round, tid: tid)
            }
        }
        try writer.commit()
        var reader = try scratch.reader()
        var tids: [UInt32] = []
        while let entry = try reader.next() {
            guard case .sample(let sample) = entry else { continue }
            tids.append(reader.threads[Int(sample.thread)].tid)
        }
        let round = (0..<10 as Range<UInt32>).flatMap { [$0, $0] }
        #expect(tids == round + round + round)
    }

    @Test func `events get the indices that the writer returns`() throws {
        var writer = try scratch.writer()
        #expect(writer.append(event: .cpuClock) == 0)
        #expect(writer.append(event: .cpuClock) == 1)
        writer.appendSample(event: 1)
        try writer.seal(at: 0, reason: .stopped)
        var reader = try scratch.reader()
        _ = try reader.readAll()
        #expect(reader.events.map(\.index) == [0, 1])
    }

    @Test func `a sealed recording is sealed once`() throws {
        var writer = try scratch.writer()
        try writer.seal(at: 1, reason: .targetExited)
        try writer.seal(at: 2, reason: .failure)
        var reader = try scratch.reader()
        #expect(
            try reader.readAll() == [
                .end(End(time: 1, reason: .targetExited, samples: 0, lost: 0))
            ])
    }
}
