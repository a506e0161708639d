// Why a session ends before its time. A limit is said with its name, its value and what raises it:
// the sentence goes to the journal, to the session's status and from there to the client.

internal import LinuxSystem
internal import PerfRecords
internal import PerfRing
internal import Recording

/// Why a session cannot go on.
enum SessionFailure: Error {
    /// A ring or a record was not as the kernel leaves them.
    case ring(RingViolation)
    case record(RecordError)
    case recording(RecordingWriterError)
    case system(SystemCallError)
    case limit(ReachedLimit)

    var description: String {
        switch self {
        case .ring(let violation): violation.description
        case .record(let error): "\(error)"
        case .recording(let error): error.description
        case .system(let error): "\(error)."
        case .limit(let limit): limit.sentence
        }
    }

    /// Whether somebody wrote to memory that only the kernel should write.
    var isViolation: Bool {
        switch self {
        case .ring, .record: true
        case .recording, .system, .limit: false
        }
    }

    /// The limit that was reached; nil where it was another failure.
    var limit: ReachedLimit? {
        if case .limit(let limit) = self { return limit }
        return nil
    }

    /// What the recording says of it.
    var recorded: Recording.EndReason {
        switch self {
        case .ring, .record, .system: .failure
        case .recording(let error): error.endReason
        case .limit(let limit): limit.endReason
        }
    }

    /// The same, as the limit that it comes from where there is one.
    func explained(in directory: StateDirectory) -> SessionFailure {
        switch self {
        case .recording(let error): directory.limit(behind: error).map { .limit($0) } ?? self
        case .ring, .record, .system, .limit: self
        }
    }
}

/// A limit that ends a session, or keeps one from beginning.
struct ReachedLimit: Error, Hashable {
    /// What it is called where it is set: `RLIMIT_FSIZE`, `recording-size`, `ENOSPC`.
    let name: String
    /// In the limit's own unit; nil where it cannot be asked for.
    let value: UInt64?
    /// What happened, the limit, its value, and what to do.
    let sentence: String
    /// What the recording says of it.
    var endReason = EndReason.failure

    /// The daemon has no descriptor left.
    static var openFiles: ReachedLimit {
        let limit = ResourceLimit.openFiles
        return ReachedLimit(
            name: limit.rawValue, value: limit.current,
            sentence: """
                The daemon has as many descriptors open as \(limit.rawValue) allows, which is \
                \(limit.text). Stop a session, profile fewer threads or events, or raise it: \
                LimitNOFILE= in the daemon's unit, or 'ulimit -n' where it was started.
                """)
    }

    /// The kernel refused to lock a ring's memory for the daemon's user.
    static func lockedMemory(pages: Int) -> ReachedLimit {
        let limit = ResourceLimit.lockedMemory
        return ReachedLimit(
            name: limit.rawValue, value: limit.current,
            sentence: """
                A ring of \(pages) pages is more than the daemon's user may lock in memory: \
                kernel.perf_event_mlock_kb is \(KernelSettings.mlockKilobytes()) KiB a CPU for all \
                of a user's events, and \(limit.rawValue) is \(limit.text) bytes beside that. Stop \
                a session, or raise one of them: sysctl kernel.perf_event_mlock_kb=2048, or \
                LimitMEMLOCK= in the daemon's unit.
                """)
    }
}

extension RingError {
    /// What keeps a ring of that many pages from being mapped, as a sentence.
    func sentence(pages: Int) -> String {
        guard case .system(let error) = self else { return "\(self)" }
        switch error.errno {
        case .notPermitted: return ReachedLimit.lockedMemory(pages: pages).sentence
        case .tooManyOpenFiles: return ReachedLimit.openFiles.sentence
        default: return "\(self)"
        }
    }
}
