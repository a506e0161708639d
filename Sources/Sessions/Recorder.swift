// A session's sink as the session's rings share it, and the commit after each batch.

internal import LinuxSystem
internal import PerfRecords
internal import PerfRing
internal import Recording

/// The recording of one session, and what its records mean.
final class Recorder {
    private var sink: RecordSink

    var events: EventTable {
        _read { yield sink.events }
        _modify { yield &sink.events }
    }
    /// Samples that had been counted as lost by the writer, by any cause.
    var lost: UInt64 { sink.writer.lostSamples }
    var samples: UInt64 { sink.writer.committedSamples }
    var bytes: Int { sink.writer.committedBytes }
    var threadCount: Int { sink.threads.count }
    var duplicates: UInt64 { sink.duplicates }

    /// - Parameter process: the only one that has samples; nil where its children may.
    init(events: consuming EventTable, writer: consuming RecordingWriter, process: Int32?) {
        sink = RecordSink(events: events, writer: writer, process: process)
    }

    /// Lets `body` add entries outside a drain.
    func write(_ body: (inout RecordingWriter) -> Void) throws(RecordingWriterError) {
        body(&sink.writer)
        try sink.writer.commit()
    }

    /// Adds the records in `words`, whole ones from one ring, and commits them.
    ///
    /// - Throws: `SessionFailure`; what came before the fault is in the recording.
    func record(_ words: Span<UInt64>, cpu: UInt32) throws(SessionFailure) {
        var fault: SessionFailure?
        do throws(RecordError) { try sink.add(words, cpu: cpu) } catch { fault = .record(error) }
        do throws(RecordingWriterError) { try sink.writer.commit() } catch {
            throw .recording(error)
        }
        if let fault { throw fault }
    }

    /// Ends the recording; it can be read whatever happens here.
    func seal(_ reason: EndReason) throws(RecordingWriterError) {
        try sink.writer.seal(at: KernelClock.monotonic(), reason: reason)
    }

    func readOnlyDescriptor() throws(SystemCallError) -> OwnedDescriptor {
        try sink.writer.readOnlyDescriptor()
    }
}

/// Why a session cannot go on.
enum SessionFailure: Error {
    /// A ring or a record was not as the kernel leaves them.
    case ring(RingViolation)
    case record(RecordError)
    case recording(RecordingWriterError)
    case system(SystemCallError)

    var description: String {
        switch self {
        case .ring(let violation): violation.description
        case .record(let error): "\(error)"
        case .recording(let error): error.description
        case .system(let error): "\(error)."
        }
    }

    /// Whether somebody wrote to memory that only the kernel should write.
    var isViolation: Bool {
        switch self {
        case .ring, .record: true
        case .recording, .system: false
        }
    }
}
