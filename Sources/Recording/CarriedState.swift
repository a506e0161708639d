// What a bucket says of the target before its first sample: the session's facts, its events, the
// names of the threads that live, and the code that their processes have mapped. It is kept up to date
// with every entry that is appended, and bounded: what does not fit is said once, in the bucket of
// its time, and not again in later ones.

/// What is true of the target now, as far as entries have told.
struct CarriedState: Sendable {
    fileprivate struct Process {
        /// By tid.
        private(set) var names: [UInt32: String] = [:]
        private(set) var mappings = MappedRanges<MemoryMapping>()
        /// About as many bytes as a bucket has of it.
        private(set) var size = 0
    }

    /// Bytes of all processes together: some ten thousand names and mappings.
    static let most = 2 << 20

    private var facts: [SessionFact] = []
    private var events: [EventDefinition] = []
    private var processes: [UInt32: Process] = [:]
    private(set) var size = 0
    /// Something did not fit.
    private(set) var isIncomplete = false

    /// The first entry's; later ones are notes, and belong to their time.
    mutating func note(session facts: [SessionFact]) {
        if self.facts.isEmpty { self.facts = facts }
    }

    mutating func note(event: EventDefinition) { events.append(event) }

    mutating func note(_ comm: Comm) {
        if comm.isExec { forget(comm.pid) }
        change(comm.pid, adding: Self.size(of: comm.name)) { $0.name(comm.tid, comm.name) }
    }

    mutating func note(_ mapping: MemoryMapping) {
        guard mapping.length > 0 else { return }
        // It may cut another one in two.
        change(mapping.pid, adding: 2 * Self.size(of: mapping)) { $0.map(mapping) }
    }

    /// A thread has its parent's name, and a process its parent's mappings, too.
    mutating func note(fork: TaskChange) {
        let parent = processes[fork.parentPid]
        // One without a name lives all the same.
        let name = parent?.names[fork.parentTid] ?? ""
        if fork.pid != fork.parentPid {
            forget(fork.pid)
            if let parent {
                change(fork.pid, adding: parent.size) { $0 = parent.withoutNames }
            }
        }
        change(fork.pid, adding: Self.size(of: name)) { $0.name(fork.tid, name) }
    }

    mutating func note(exit: TaskChange) {
        guard processes[exit.pid]?.names[exit.tid] != nil else { return }
        change(exit.pid, adding: 0) { $0.forgetName(of: exit.tid) }
        if processes[exit.pid]?.names.isEmpty == true { forget(exit.pid) }
    }

    private mutating func forget(_ pid: UInt32) {
        if let process = processes.removeValue(forKey: pid) { size -= process.size }
    }

    /// - Parameter most: how many bytes there may be more afterwards.
    private mutating func change(_ pid: UInt32, adding most: Int, _ body: (inout Process) -> Void) {
        guard most == 0 || size + most <= Self.most else {
            isIncomplete = true
            return
        }
        let before = processes[pid]?.size ?? 0
        body(&processes[pid, default: Process()])
        size += (processes[pid]?.size ?? 0) - before
    }

    fileprivate static func size(of name: String) -> Int { 32 + name.utf8.count }

    fileprivate static func size(of mapping: MemoryMapping) -> Int {
        96 + mapping.path.utf8.count + mapping.buildID.count
    }
}

extension CarriedState.Process {
    fileprivate mutating func name(_ tid: UInt32, _ name: String) {
        forgetName(of: tid)
        names[tid] = name
        size += CarriedState.size(of: name)
    }

    fileprivate mutating func forgetName(of tid: UInt32) {
        if let old = names.removeValue(forKey: tid) { size -= CarriedState.size(of: old) }
    }

    fileprivate mutating func map(_ mapping: MemoryMapping) {
        let (before, after) = mappings.map(mapping)
        for old in before { size -= CarriedState.size(of: old) }
        for new in after { size += CarriedState.size(of: new) }
    }

    /// What a child has of its parent.
    fileprivate var withoutNames: Self {
        var child = Self()
        child.mappings = mappings
        child.size = names.values.reduce(size) { $0 - CarriedState.size(of: $1) }
        return child
    }
}

extension CarriedState {
    private static let incompleteness = """

        The target has had too many threads and mappings of code to say again who they are: some \
        functions and threads may be without names.
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
