// The names of the threads that live, and the code that their processes have mapped, as a bucket says
// them again. It is bounded: what does not fit is said once, in the bucket of its time, and not again
// in later ones. An exit may be lost, as every record may, and who leaves a cgroup alive has none: so
// those who are not there any more are looked for where there are many.

/// What becomes of threads and processes.
enum TargetChange: Sendable {
    case comm(Comm)
    case mapping(MemoryMapping)
    case fork(TaskChange)
    case exit(TaskChange)

    /// Nanoseconds of CLOCK_MONOTONIC.
    var time: UInt64 {
        switch self {
        case .comm(let comm): comm.time
        case .mapping(let mapping): mapping.time
        case .fork(let change), .exit(let change): change.time
        }
    }

    /// About as many bytes as its entry has.
    var size: Int {
        switch self {
        case .comm(let comm): CarriedProcesses.size(of: comm.name)
        case .mapping(let mapping): CarriedProcesses.size(of: mapping)
        case .fork, .exit: 32
        }
    }
}

/// Threads and processes after every change so far.
struct CarriedProcesses: Sendable {
    fileprivate struct Process: Sendable {
        /// By tid.
        private(set) var names: [UInt32: String] = [:]
        private(set) var mappings = MappedRanges<MemoryMapping>()
        /// About as many bytes as a bucket has of them.
        private(set) var namesSize = 0
        private(set) var mappingsSize = 0
        var size: Int { namesSize + mappingsSize }
    }

    private var processes: [UInt32: Process] = [:]
    private(set) var size = 0
    /// Something did not fit.
    private(set) var isIncomplete = false
    /// The greatest `size`.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Changes come in the order of their times.
    mutating func apply(_ change: TargetChange) {
        switch change {
        case .comm(let comm): name(comm)
        case .mapping(let mapping): map(mapping)
        case .fork(let task): fork(task)
        case .exit(let task): exit(task)
        }
    }

    private mutating func name(_ comm: Comm) {
        if comm.isExec { forget(comm.pid) }
        let old = processes[comm.pid]?.names[comm.tid].map(Self.size(of:)) ?? 0
        update(comm.pid, adding: Self.size(of: comm.name) - old) { $0.name(comm.tid, comm.name) }
    }

    private mutating func map(_ mapping: MemoryMapping) {
        guard mapping.length > 0 else { return }
        // It may cut another one in two.
        update(mapping.pid, adding: 2 * Self.size(of: mapping)) { $0.map(mapping) }
    }

    /// A thread has its parent's name, and a process its parent's mappings, too.
    private mutating func fork(_ task: TaskChange) {
        // One without a name lives all the same.
        let name = processes[task.parentPid]?.names[task.parentTid] ?? ""
        if task.pid != task.parentPid {
            forget(task.pid)
            let size = processes[task.parentPid]?.mappingsSize ?? 0
            let mappings = processes[task.parentPid]?.mappings ?? MappedRanges()
            update(task.pid, adding: size) { $0.inherit(mappings, size: size) }
        }
        update(task.pid, adding: Self.size(of: name)) { $0.name(task.tid, name) }
    }

    private mutating func exit(_ task: TaskChange) {
        guard processes[task.pid] != nil else { return }
        update(task.pid, adding: 0) { $0.forgetName(of: task.tid) }
        if processes[task.pid]?.names.isEmpty == true { forget(task.pid) }
    }

    private mutating func forget(_ pid: UInt32) {
        if let process = processes.removeValue(forKey: pid) { size -= process.size }
    }

    /// - Parameter bytes: how much larger it may become.
    private mutating func update(
        _ pid: UInt32, adding bytes: Int, _ body: (inout Process) -> Void
    ) {
        guard bytes <= 0 || size + bytes <= limit else {
            isIncomplete = true
            return
        }
        let before = processes[pid]?.size ?? 0
        body(&processes[pid, default: Process()])
        size += (processes[pid]?.size ?? 0) - before
    }

    /// Forgets the processes that are not there any more, where there are many.
    mutating func removeGone(_ isAlive: (UInt32) -> Bool) {
        guard size > limit / 2 else {
            isIncomplete = false
            return
        }
        for pid in Array(processes.keys) where !isAlive(pid) { forget(pid) }
    }

    /// Stages all of it, as of `time`.
    func restate(at time: UInt64, in writer: inout RecordingWriter) {
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

    fileprivate static func size(of name: String) -> Int { 32 + name.utf8.count }

    fileprivate static func size(of mapping: MemoryMapping) -> Int {
        96 + mapping.path.utf8.count + mapping.buildID.count
    }
}

extension CarriedProcesses.Process {
    mutating func name(_ tid: UInt32, _ name: String) {
        forgetName(of: tid)
        names[tid] = name
        namesSize += CarriedProcesses.size(of: name)
    }

    mutating func forgetName(of tid: UInt32) {
        if let old = names.removeValue(forKey: tid) { namesSize -= CarriedProcesses.size(of: old) }
    }

    mutating func map(_ mapping: MemoryMapping) {
        let (before, after) = mappings.map(mapping)
        for old in before { mappingsSize -= CarriedProcesses.size(of: old) }
        for new in after { mappingsSize += CarriedProcesses.size(of: new) }
    }

    mutating func inherit(_ mappings: MappedRanges<MemoryMapping>, size: Int) {
        self.mappings = mappings
        mappingsSize = size
    }
}
