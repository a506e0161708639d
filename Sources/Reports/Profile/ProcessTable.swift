// Processes and threads as they were at a moment of the replay: names, mappings, and what fork and
// exec do to both (perf_event_open(2): PERF_RECORD_COMM, FORK, MMAP2).

/// The processes of a recording while its records are replayed in the order of time.
struct ProcessTable {
    struct Process {
        var space = AddressSpace()
        var name: String?
    }

    private(set) var processes: [UInt32: Process] = [:]
    private var threadNames: [UInt32: String] = [:]
    private var lastGeneration: UInt32 = 0

    /// An address space nothing was mapped into has generation 0.
    func space(of pid: UInt32) -> AddressSpace { processes[pid]?.space ?? AddressSpace() }

    /// The thread's name, else its process's, else its number.
    func name(ofThread tid: UInt32, in pid: UInt32) -> String {
        threadNames[tid] ?? processes[pid]?.name ?? "thread \(tid)"
    }

    func name(ofProcess pid: UInt32) -> String? { processes[pid]?.name }

    mutating func map(_ mapping: MappedFile, in pid: UInt32) {
        let generation = nextGeneration()
        processes[pid, default: Process()].space.map(mapping, generation: generation)
    }

    mutating func comm(pid: UInt32, tid: UInt32, isExec: Bool, name: String) {
        if isExec {
            // The image is a new one and this thread is its only one.
            let generation = nextGeneration()
            processes[pid, default: Process()].space.clear(generation: generation)
            threadNames[pid] = nil
        }
        threadNames[tid] = name
        if isExec || tid == pid { processes[pid, default: Process()].name = name }
    }

    /// A new process, or a new thread of a process when `pid` is the parent's.
    mutating func fork(pid: UInt32, parent: UInt32, tid: UInt32, parentThread: UInt32) {
        let name = self.name(ofThread: parentThread, in: parent)
        if pid != parent {
            processes[pid] = Process(space: space(of: parent), name: name)
        }
        threadNames[tid] = name
    }

    private mutating func nextGeneration() -> UInt32 {
        lastGeneration += 1
        return lastGeneration
    }
}
