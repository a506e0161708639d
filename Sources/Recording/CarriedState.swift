// What a bucket says of the target before its first sample: the session's facts, its events, the
// names of the threads that live, and the code that their processes have mapped. It is kept up to date
// with every entry that is appended, and bounded: what does not fit is said once, in the bucket of
// its time, and not again in later ones.

/// What is true of the target now, as far as entries have told.
struct CarriedState: Sendable {
    private struct Process {
        /// By tid.
        var names: [UInt32: String] = [:]
        var mappings = MappedRanges<MemoryMapping>()

        var count: Int { names.count + mappings.elements.count }
    }

    /// Names and mappings, of all processes together.
    static let most = 16_384

    private var facts: [SessionFact] = []
    private var events: [EventDefinition] = []
    private var processes: [UInt32: Process] = [:]
    private(set) var count = 0
    /// Something did not fit.
    private(set) var isIncomplete = false

    /// The first entry's; later ones are notes, and belong to their time.
    mutating func note(session facts: [SessionFact]) {
        if self.facts.isEmpty { self.facts = facts }
    }

    mutating func note(event: EventDefinition) { events.append(event) }

    mutating func note(_ comm: Comm) {
        if comm.isExec { forget(comm.pid) }
        change(comm.pid, adding: 1) { $0.names[comm.tid] = comm.name }
    }

    mutating func note(_ mapping: MemoryMapping) {
        // It may cut one in two.
        change(mapping.pid, adding: 2) { $0.mappings.map(mapping) }
    }

    /// A thread has its parent's name, and a process its parent's mappings, too.
    mutating func note(fork: TaskChange) {
        let parent = processes[fork.parentPid]
        // One without a name lives all the same.
        let name = parent?.names[fork.parentTid] ?? ""
        if fork.pid != fork.parentPid {
            forget(fork.pid)
            let mappings = parent?.mappings ?? MappedRanges()
            change(fork.pid, adding: mappings.elements.count) { $0.mappings = mappings }
        }
        change(fork.pid, adding: 1) { $0.names[fork.tid] = name }
    }

    mutating func note(exit: TaskChange) {
        guard processes[exit.pid]?.names[exit.tid] != nil else { return }
        change(exit.pid, adding: 0) { $0.names[exit.tid] = nil }
        if processes[exit.pid]?.names.isEmpty == true { forget(exit.pid) }
    }

    private mutating func forget(_ pid: UInt32) {
        if let process = processes.removeValue(forKey: pid) { count -= process.count }
    }

    /// - Parameter most: how many names and mappings there may be more afterwards.
    private mutating func change(_ pid: UInt32, adding most: Int, _ body: (inout Process) -> Void) {
        guard count + most <= Self.most else {
            isIncomplete = true
            return
        }
        let before = processes[pid]?.count ?? 0
        body(&processes[pid, default: Process()])
        count += (processes[pid]?.count ?? 0) - before
    }
}

extension CarriedState {
    private static let incompleteness = """

        The target has had more than \(most) threads and mappings of code at a time: some functions \
        and threads may be without names.
        """

    /// Stages all of it, as of `time`.
    func restate(at time: UInt64, in writer: inout RecordingWriter) {
        writer.stage(session: facts)
        if isIncomplete {
            writer.stage(session: [SessionFact(SessionKey.note, Self.incompleteness)])
        }
        for event in events { writer.stage(event: event) }
        for (pid, process) in processes {
            for (tid, name) in process.names where !name.isEmpty {
                writer.stage(Comm(time: time, pid: pid, tid: tid, isExec: false, name: name))
            }
            for mapping in process.mappings.elements {
                var mapping = mapping
                mapping.time = time
                mapping.pid = pid
                writer.stage(mapping)
            }
        }
    }

    /// Takes up what the entries of a recording have told, to go on with it.
    mutating func note(_ entry: Entry) {
        switch entry {
        case .session(let facts): note(session: facts)
        case .event(let event): note(event: event)
        case .comm(let comm): note(comm)
        case .mapping(let mapping): note(mapping)
        case .fork(let fork): note(fork: fork)
        case .exit(let exit): note(exit: exit)
        case .stack, .thread, .sample, .lost, .throttle, .gap, .cpu, .bucket, .end: break
        }
    }
}
