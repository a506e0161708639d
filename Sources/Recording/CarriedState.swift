// What a bucket says of the target before its first sample: the session's facts, its events, and its
// threads and processes as they are then. The rings of several CPUs are emptied one after the other, so
// that a child's name may come before its birth: changes wait until everything of their time has
// come, and are made in the order of their times.

/// What is true of the target, as far as entries have told.
struct CarriedState: Sendable {
    /// The most bytes of names and mappings: some ten thousand.
    private static let mostOfProcesses = 2 << 20
    /// Of changes that wait.
    private static let mostPending = 1 << 20

    private var facts: [SessionFact] = []
    private(set) var events: [EventDefinition] = []
    private(set) var processes: CarriedProcesses
    /// In the order in which they came.
    private var pending: [TargetChange] = []
    private var pendingSize = 0

    /// - Parameter limit: of what a bucket may begin with, in bytes.
    init(limit: Int) {
        processes = CarriedProcesses(limit: min(limit, Self.mostOfProcesses))
    }

    /// The first entry's; later ones are notes, and belong to their time.
    mutating func note(session facts: [SessionFact]) {
        if self.facts.isEmpty { self.facts = facts }
    }

    mutating func note(event: EventDefinition) { events.append(event) }

    mutating func note(_ change: TargetChange) {
        pending.append(change)
        pendingSize += change.size
        // Better in a wrong order than without bounds.
        if pendingSize > Self.mostPending { settle(before: .max) }
    }

    /// Makes the changes of before `time`: all of them have come.
    mutating func settle(before time: UInt64) {
        guard !pending.isEmpty else { return }
        // Stable: of one moment they stay in their order.
        pending.sort { $0.time < $1.time }
        let count = pending.firstIndex { $0.time >= time } ?? pending.count
        for change in pending[..<count] {
            processes.apply(change)
            pendingSize -= change.size
        }
        pending.removeFirst(count)
    }

    /// To be called once a bucket: see `CarriedProcesses.removeGone`.
    mutating func removeGone(_ isAlive: (UInt32) -> Bool) { processes.removeGone(isAlive) }

    private static let incompleteness =
        "The target has had too many threads and mappings of code to say again who they are: some "
        + "functions and threads may be without names."

    /// Stages all of it, as of `time`; what waits is said as it came.
    func restate(at time: UInt64, in writer: inout RecordingWriter) {
        writer.stage(session: facts)
        if processes.isIncomplete {
            writer.stage(session: [SessionFact(SessionKey.note, Self.incompleteness)])
        }
        for event in events { writer.stage(event: event) }
        processes.restate(at: time, in: &writer)
        for change in pending { writer.stage(change) }
    }

    /// Takes up what the entries of a recording have told, to go on with it.
    mutating func take(_ entry: Entry) {
        switch entry {
        case .session(let facts): note(session: facts)
        case .event(let event): note(event: event)
        case .comm(let comm): note(.comm(comm))
        case .mapping(let mapping): note(.mapping(mapping))
        case .fork(let fork): note(.fork(fork))
        case .exit(let exit): note(.exit(exit))
        case .stack, .thread, .sample, .lost, .throttle, .gap, .cpu, .bucket, .end: break
        }
    }
}
