import Glibc
import LinuxSystem

@testable import Recording

/// A directory of its own for one test, removed with what is in it.
final class ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/recording-tests-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw SystemCallError("mkdtemp", .init(rawValue: errno))
        }
        path = String(cString: made)
    }

    deinit {
        for name in ["a.recording", "b.recording", "filler"] { unlink(path + "/" + name) }
        rmdir(path)
    }

    func open() throws -> OwnedDescriptor { try .openDirectory(path) }

    func writer(
        _ name: String = "a.recording", limits: RecordingWriter.Limits = .init(),
        window: RecordingWindow? = nil
    ) throws -> RecordingWriter {
        let directory = try open()
        return try RecordingWriter(creating: name, in: directory, limits: limits, window: window)
    }

    func reader(_ name: String = "a.recording") throws -> RecordingReader {
        let directory = try open()
        let file = try OwnedDescriptor.openFile(named: name, in: directory)
        return try RecordingReader(reading: file)
    }

    func bytes(_ name: String = "a.recording") throws -> [UInt8] {
        let directory = try open()
        let file = try OwnedDescriptor.openFile(named: name, in: directory)
        return try file.read(count: try file.fileSize(), at: 0)
    }
}

extension EventDefinition {
    static let cpuClock = EventDefinition(
        index: 0, name: "cpu-clock", type: 1, config: 0, isFrequency: true,
        periodOrFrequency: 999, unit: .nanoseconds)
}

extension RecordingWriter {
    /// A sample of event 0 whose other fields do not matter to the test.
    mutating func appendSample(
        time: UInt64 = 1000, tid: UInt32 = 100, cpu: UInt32 = 0, event: UInt32 = 0,
        weight: UInt64 = 1, isKernelMode: Bool = false, _ callchain: [UInt64] = []
    ) {
        appendSample(
            time: time, pid: 100, tid: tid, cpu: cpu, event: event, weight: weight,
            isKernelMode: isKernelMode, callchain: callchain.span)
    }
}

extension RecordingWriter {
    /// Commits a short recording in which every kind of entry and of sample occurs.
    mutating func appendEverything() throws {
        append(session: [SessionFact(SessionKey.session, "1"), SessionFact("key", "value")])
        append(event: .cpuClock)
        append(event: .cpuClock)
        append(Comm(time: 1, pid: 2, tid: 3, isExec: true, name: "name"))
        append(
            MemoryMapping(
                time: 4, pid: 5, tid: 6, start: 1 << 46, length: 1 << 12, fileOffset: 7,
                protection: 5, flags: 2, inode: 300, buildID: Array(0..<20), path: "/bin/sh"))
        append(fork: TaskChange(time: 1, pid: 2, parentPid: 3, tid: 4, parentTid: 5))
        append(exit: TaskChange(time: 1, pid: 2, parentPid: 3, tid: 4, parentTid: 5))
        append(Lost(time: 1, cpu: 2, event: 1, count: 300, cause: .samples))
        append(Throttle(time: 1, cpu: 2, isThrottled: false, event: 1))
        append(Gap(start: 1, end: 1 << 40, cause: .paused))
        try commit()
        for step in 0..<8 as Range<UInt64> {
            appendSample(
                time: step << (8 * step), tid: UInt32(step % 3), cpu: UInt32(step / 2),
                event: UInt32(step % 2), weight: step / 3, isKernelMode: step % 2 == 0,
                (0..<step).map { $0 << 44 }.reversed())
            try commit()
        }
    }
}
