import Glibc
import LinuxSystem
import Recording
import Symbols
import Testing

@testable import Reports

/// Makes a recording with the writer and reads it back.
func recording(
    isSealed: Bool = true, window: RecordingWindow? = nil,
    limits: RecordingWriter.Limits = .init(), _ body: (inout RecordingWriter) throws -> Void
) throws -> RecordingReader {
    try RecordingReader(
        bytes: recordingBytes(isSealed: isSealed, window: window, limits: limits, body))
}

/// Makes a recording with the writer.
func recordingBytes(
    isSealed: Bool = true, window: RecordingWindow? = nil,
    limits: RecordingWriter.Limits = .init(), _ body: (inout RecordingWriter) throws -> Void
) throws -> [UInt8] {
    var template = Array("/tmp/reports-tests-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { rmdir(path) }
    let directory = try OwnedDescriptor.openDirectory(path)
    var writer = try RecordingWriter(
        creating: "test.recording", in: directory, limits: limits, window: window)
    defer { try? OwnedDescriptor.removeFile(named: "test.recording", in: directory) }
    try body(&writer)
    if isSealed {
        try writer.seal(at: 10_000_000_000, reason: .stopped)
    } else {
        try writer.commit()
    }
    let file = try writer.readOnlyDescriptor()
    return try file.read(count: try file.fileSize(), at: 0)
}

extension RecordingWriter {
    mutating func appendSession(command: String = "/usr/bin/server --port 80") {
        append(session: [
            SessionFact(SessionKey.pid, "10"), SessionFact(SessionKey.command, command),
            SessionFact(SessionKey.hostname, "host"),
            SessionFact(SessionKey.startRealtime, "1700000000000000000"),
            SessionFact(SessionKey.startMonotonic, "0"),
            SessionFact(SessionKey.kernelFrames, "mode"),
        ])
        append(event: .cpuClock)
    }

    mutating func map(
        _ path: String, at start: UInt64, length: UInt64 = 0x1000, offset: UInt64 = 0,
        time: UInt64 = 0, pid: UInt32 = 10, buildID: [UInt8] = []
    ) {
        append(
            MemoryMapping(
                time: time, pid: pid, tid: pid, start: start, length: length, fileOffset: offset,
                protection: 5, flags: 2, buildID: buildID, path: path))
    }

    mutating func name(
        _ name: String, tid: UInt32 = 10, pid: UInt32 = 10, time: UInt64 = 0, isExec: Bool = false
    ) {
        append(Comm(time: time, pid: pid, tid: tid, isExec: isExec, name: name))
    }

    /// `callchain` has the innermost address first.
    mutating func sample(
        _ callchain: [UInt64], time: UInt64 = 100, tid: UInt32 = 10, pid: UInt32 = 10,
        isKernel: Bool = false, event: UInt32 = 0, weight: UInt64 = 1_000_000
    ) {
        appendSample(
            time: time, pid: pid, tid: tid, cpu: 0, event: event, weight: weight,
            isKernelMode: isKernel, callchain: callchain.span)
    }
}

extension EventDefinition {
    static let cpuClock = EventDefinition(
        index: 0, name: "cpu-clock", type: 1, config: 0, isFrequency: true, periodOrFrequency: 999,
        unit: .nanoseconds)
}

/// Names by (file offset / 0x10), so that offset 0x20 to 0x2F of a file is `names[2]`.
struct TestSymbols: FrameSource {
    var names: [String: [UInt64: [SourceFrame]]] = [:]
    var kernel: [UInt64: String] = [:]

    func frames(in module: Module, fileOffset: UInt64) -> [SourceFrame] {
        names[module.path]?[fileOffset / 0x10] ?? []
    }

    func kernelFrame(at runtimeAddress: UInt64) -> SourceFrame? {
        kernel[runtimeAddress].map { SourceFrame(function: $0) }
    }

    /// One module with plain functions at 0x10, 0x20, …
    static func functions(_ functions: [String], in path: String) -> TestSymbols {
        var symbols = TestSymbols()
        for (index, name) in functions.enumerated() {
            symbols.names[path, default: [:]][UInt64(index + 1)] = [SourceFrame(function: name)]
        }
        return symbols
    }
}

extension Profile {
    init(_ reader: RecordingReader, _ symbols: some FrameSource = NoSymbols()) {
        self.init(reading: reader, symbols: symbols)
    }

    func text(_ format: ReportFormat, options: ReportOptions = ReportOptions()) throws -> String {
        String(decoding: try Report.render(self, as: format, options: options), as: UTF8.self)
    }

    /// The folded stacks without their counts' order.
    var foldedLines: Set<String> {
        get throws { Set(try text(.folded).split(separator: "\n").map(String.init)) }
    }
}
