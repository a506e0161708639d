import ControlProtocol
import Glibc
import LinuxSystem
import PerfRecords
import Recording
import Testing

@testable import Sessions

/// A recording without a name, and a sink that has no event of its own.
private func sink(of process: Int32? = nil) throws -> RecordSink {
    RecordSink(
        events: EventTable(), writer: try writer(), subjects: process.map { .only($0) } ?? .all)
}

private func smallestWriter() throws -> RecordingWriter {
    try writer(limits: RecordingWriter.Limits(bytes: 1))
}

private func writer(
    limits: RecordingWriter.Limits = RecordingWriter.Limits()
) throws -> RecordingWriter {
    var template = Array("/tmp/sink-tests-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { rmdir(path) }
    let directory = try OwnedDescriptor.openDirectory(path)
    var writer = try RecordingWriter(creating: "it", in: directory, limits: limits)
    try OwnedDescriptor.removeFile(named: "it", in: directory)
    writer.append(
        event: EventDefinition(
            index: 0, name: "event", type: 1, config: 0, isFrequency: true,
            periodOrFrequency: 99, unit: .count))
    return writer
}

/// A record as the kernel writes it, with the trailer of thread 8 of process 7.
private func record(_ type: RecordType, _ body: [UInt64]) -> [UInt64] {
    let words = body + [7 | 8 << 32, 99, 55]
    return [RecordHeader(type: type, size: UInt16(8 * (1 + words.count))).word] + words
}

/// What only someone who forges a ring's records brings about.
struct RecordSinkTests {
    @Test func `that the recording is full ends the session at the next drain, once`() throws {
        let recorder = Recorder(
            events: EventTable(), writer: try smallestWriter(), subjects: .all)
        let name = String(repeating: "n", count: 20 << 10)
        // As where the target's mappings are read, which no session ends for.
        try? recorder.write {
            $0.append(Comm(time: 1, pid: 7, tid: 7, isExec: false, name: name))
        }
        let none: [UInt64] = []
        #expect(throws: SessionFailure.self) { try recorder.record(none.span, cpu: 0) }
        try recorder.record(none.span, cpu: 0)
    }

    @Test func `losses without end are counted to the greatest number`() throws {
        var sink = try sink()
        let words = record(.lost, [55, .max]) + record(.lostSamples, [.max])
        for _ in 0..<3 { try sink.add(words.span, cpu: 0) }
        #expect(sink.writer.lostSamples == .max)
    }

    @Test func `threads without end are told apart up to a limit`() throws {
        var sink = try sink()
        for thread in 0..<UInt64(RecordSink.mostThreads + 100) {
            let words = record(.fork, [7 | 7 << 32, thread | 8 << 32, 1])
            try sink.add(words.span, cpu: 0)
            if sink.writer.stagedBytes > 1 << 16 { try sink.writer.commit() }
        }
        #expect(sink.threads.count == RecordSink.mostThreads)
    }

    @Test func `a sample of an event that nobody declared is lost, and counted`() throws {
        var sink = try sink()
        let sample = [3, 7 | 8 << 32, 1_000, 250, 0] as [UInt64]
        let header = RecordHeader(type: .sample, size: UInt16(8 * (1 + sample.count))).word
        try sink.add(([header] + sample).span, cpu: 0)
        try sink.writer.commit()
        #expect(sink.writer.lostSamples == 1 && sink.writer.committedSamples == 0)
    }

    /// The kind of the target decides, which its client declares, and not what the events deliver.
    @Test(
        arguments: [
            (.only(7), 7, true), (.only(7), 9, false), (.only(7), -1, false), (.only(7), 0, false),
            (.all, 7, true), (.all, 9, true), (.all, -1, false), (.all, 0, false),
        ] as [(RecordedProcesses, Int32, Bool)])
    func `whose samples are recorded is the target's kind`(
        subjects: RecordedProcesses, process: Int32, isRecorded: Bool
    ) {
        #expect(subjects.contains(process) == isRecorded)
    }

    @Test func `a process stays one process, and a cgroup is all that come`() {
        func request(_ target: Target, children: Bool) -> BeginRequest {
            BeginRequest(
                target: target, events: [PerfTarget.clock], kernel: .mode, lifetime: .detached,
                ringPages: 8, followChildren: children)
        }
        let process = Target(pid: 7, command: "a")
        let cgroup = Target(.cgroup(TargetCgroup(path: "/a")), command: "a")
        #expect(RecordedProcesses(request(process, children: false)) == .only(7))
        #expect(RecordedProcesses(request(process, children: true)) == .all)
        #expect(RecordedProcesses(request(cgroup, children: false)) == .all)
    }

    @Test(arguments: [7, 9, nil] as [Int32?])
    func `names and tasks of another process are not recorded`(process: Int32?) throws {
        var sink = try sink(of: process)
        let before = sink.writer.stagedBytes
        let words =
            record(.comm, [7 | 8 << 32, 0x61])
            + record(.fork, [7 | 7 << 32, 8 | 8 << 32, 1]) + record(.exit, [7 | 7 << 32, 8, 1])
        try sink.add(words.span, cpu: 0)
        #expect((sink.writer.stagedBytes > before) == (process != 9))
        #expect(sink.threads.isEmpty == (process == 9))
        // A child of the target is told of, though it is not recorded.
        let child = record(.fork, [11 | UInt64(process ?? 7) << 32, 11 | 8 << 32, 1])
        let staged = sink.writer.stagedBytes
        try sink.add(child.span, cpu: 0)
        #expect(sink.writer.stagedBytes > staged)
    }
}

/// What a ring lost and did not tell, and what was left out.
extension RecordSinkTests {
    @Test func `what the kernel counted beyond what the ring told is lost, too`() throws {
        var sink = try sink()
        try sink.add(record(.lost, [55, 10]).span, cpu: 3)
        sink.addUntold([0: 17], cpu: 3, at: 100)
        sink.addUntold([0: 4], cpu: 4, at: 100)
        #expect(sink.writer.losses.ring == 21)
    }

    @Test func `of a recording that takes no more, samples are counted and nothing is kept`() throws
    {
        let recorder = Recorder(
            events: EventTable(), writer: try smallestWriter(), subjects: .all)
        let words = (0..<4000).flatMap { number in
            record(.comm, [7 | 8 << 32, 0x61 + UInt64(number % 26)])
        }
        var failures = 0
        for _ in 0..<100 where failures == 0 {
            do throws(SessionFailure) { try recorder.record(words.span, cpu: 0) } catch {
                failures += 1
            }
        }
        #expect(failures == 1)
        let sample = [3, 7 | 8 << 32, 1_000, 250, 0] as [UInt64]
        let header = RecordHeader(type: .sample, size: UInt16(8 * (1 + sample.count))).word
        try recorder.record(([header] + sample).span, cpu: 0)
        try recorder.record(words.span, cpu: 0)
        #expect(recorder.losses.lost == 1)
        try recorder.settle([])
        try recorder.seal(.stopped)
    }
}
