import LinuxSystem
import Testing

@testable import Recording

struct RoundTripTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    static let entries: [Entry] = [
        .session([SessionFact(SessionKey.session, "42"), SessionFact("", "é\n")]),
        .event(.cpuClock),
        .comm(Comm(time: 1, pid: 2, tid: 3, isExec: true, name: "sh")),
        .mapping(
            MemoryMapping(
                time: .max, pid: .max, tid: .max, start: .max, length: .max, fileOffset: .max,
                protection: .max, flags: .max, deviceMajor: .max, deviceMinor: .max, inode: .max,
                buildID: Array(0..<20), path: "/usr/lib/libc.so.6")),
        .mapping(
            MemoryMapping(
                time: 0, pid: 0, tid: 0, start: 0, length: 0, fileOffset: 0, protection: 0,
                flags: 0, path: "")),
        .fork(TaskChange(time: 5, pid: 6, parentPid: 7, tid: 8, parentTid: 9)),
        .exit(TaskChange(time: 5, pid: 6, parentPid: 7, tid: 8, parentTid: 9)),
        .lost(Lost(time: 1, cpu: 2, event: 0, count: 4, cause: .ring)),
        .throttle(Throttle(time: 1, cpu: 2, isThrottled: true, event: 0)),
        .gap(Gap(start: 1, end: 2, cause: .daemonRestarted)),
    ]

    private func write(_ entry: Entry, to writer: inout RecordingWriter) {
        switch entry {
        case .session(let facts): writer.append(session: facts)
        case .event(let event): writer.append(event: event)
        case .comm(let comm): writer.append(comm)
        case .mapping(let mapping): writer.append(mapping)
        case .fork(let change): writer.append(fork: change)
        case .exit(let change): writer.append(exit: change)
        case .lost(let lost): writer.append(lost)
        case .throttle(let throttle): writer.append(throttle)
        case .gap(let gap): writer.append(gap)
        case .stack, .thread, .sample, .cpu, .bucket, .end: break
        }
    }

    @Test func `every entry comes back as it was written`() throws {
        var writer = try scratch.writer()
        for entry in Self.entries { write(entry, to: &writer) }
        try writer.seal(at: 77, reason: .targetExited)
        var reader = try scratch.reader()
        #expect(
            try reader.readAll() == Self.entries + [
                .end(End(time: 77, reason: .targetExited, samples: 0, lost: 4))
            ])
        #expect(reader.isSealed && !reader.isTruncated)
    }

    @Test func `samples come back with what they share resolved`() throws {
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        let kernel: UInt64 = 0xffff_ffff_8100_0000
        writer.appendSample(time: 5000, [0x30, 0x20, 0x10])
        writer.appendSample(time: 4000, isKernelMode: true, [kernel, 0x20, 0x10])
        writer.appendSample(time: .max, tid: 101, cpu: 3, weight: .max, [])
        writer.appendSample(time: 0, tid: 100, cpu: 3, weight: .max, [0x30, 0x20, 0x10])
        try writer.commit()
        var reader = try scratch.reader()
        let entries = try reader.readAll()
        func sample(
            _ time: UInt64, _ thread: UInt32, _ stack: UInt32, weight: UInt64 = 1,
            isKernelMode: Bool = false, cpu: UInt32 = 0
        ) -> Entry {
            .sample(
                Sample(
                    time: time, thread: thread, event: 0, weight: weight, stack: stack,
                    isKernelMode: isKernelMode, cpu: cpu))
        }
        #expect(
            entries == [
                .event(.cpuClock),
                .thread(ThreadDefinition(index: 0, pid: 100, tid: 100)),
                .stack(StackDefinition(firstID: 1, parent: 0, addresses: [0x10, 0x20, 0x30])),
                sample(5000, 0, 3),
                .stack(StackDefinition(firstID: 4, parent: 2, addresses: [kernel])),
                sample(4000, 0, 4, isKernelMode: true),
                .thread(ThreadDefinition(index: 1, pid: 100, tid: 101)),
                .cpu(3),
                sample(.max, 1, 0, weight: .max, cpu: 3),
                sample(0, 0, 3, weight: .max, cpu: 3),
            ])
        #expect(!reader.isSealed)
        #expect(reader.callchain(of: 4) == [kernel, 0x20, 0x10])
        #expect(reader.callchain(of: 0).isEmpty)
    }

    @Test func `what is not committed is not in the recording`() throws {
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        try writer.commit()
        writer.appendSample()
        #expect(writer.stagedBytes > 0)
        var reader = try scratch.reader()
        #expect(try reader.readAll() == [.event(.cpuClock)])
        try writer.commit()
        #expect(writer.committedSamples == 1)
        reader = try scratch.reader()
        #expect(try reader.readAll().count == 3)
    }
}
