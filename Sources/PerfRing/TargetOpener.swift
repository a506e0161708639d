// Opens a whole process: every thread on every CPU, because a thread's event with inherit cannot
// have a ring unless it is bound to a CPU, and because only new threads inherit. The list of
// threads is read again until it stands still: what was created meanwhile by a thread that had no
// event yet is found then.
//
// Capabilities are effective only here, as far as the process has them: CAP_SYS_PTRACE to look at
// another user's process, and CAP_PERFMON and CAP_IPC_LOCK while events are opened and mapped.
// CAP_PERFMON makes perf_event_open(2) ask no more who may look at the target (ptrace(2)). So where
// the target must be one user's, the kernel is asked that of its maps, without any capability:
// before an event is opened, and when the last one is. A program that execve(2) gives privilege
// later loses its events by that (fs/exec.c, begin_new_exec).

internal import LinuxSystem

/// Opens the events of a process, on the client's side.
public struct TargetOpener: Sendable {
    let options: OpeningOptions

    /// Each further look finds only what threads without events created since the last one.
    private static let maximumLooks = 16

    public init(_ options: OpeningOptions = OpeningOptions()) {
        self.options = options
    }

    /// Opens every event on every thread of process `processID`, all of them disabled.
    ///
    /// - Throws: `OpeningError`; everything that was opened is closed by then.
    public func open(processID: Int32) throws(OpeningError) -> OpenedTarget {
        try raiseDescriptorLimit()
        var plan = try EventPlan(options, of: .process(processID))
        let before = try raise(options.onlyUser == nil ? [.sysPtrace] : [])
        defer { OwnProcess.lower(to: before) }
        let process = try TargetProcess(processID)
        try process.require(user: options.onlyUser)
        var opened = OpenedEvents(dataPages: options.dataPages)
        let cpus = try onlineCPUs(&plan)
        try openThreads(of: process, on: cpus, by: &plan, into: &opened)
        let maps = try process.openMaps()
        try process.verify()
        return OpenedTarget(process: process, maps: maps, plan: plan, opened: opened)
    }

    func raise(_ wanted: CapabilitySet) throws(OpeningError) -> CapabilitySet {
        do { return try OwnProcess.raise(wanted) } catch { throw OpeningError(error) }
    }

    func raiseDescriptorLimit() throws(OpeningError) {
        do { try DescriptorLimit.raise() } catch { throw OpeningError(error) }
    }

    /// The CPUs to open events on; of the others it is said that they have none.
    func onlineCPUs(_ plan: inout EventPlan) throws(OpeningError) -> [Int32] {
        do throws(SystemCallError) {
            let directory = try SystemDirectory(OnlineCPUs.standardPlace)
            let offline = OnlineCPUs.offline(directory)
            if !offline.isEmpty { plan.note(.cpusOffline(offline)) }
            return try OnlineCPUs.read(directory)
        } catch {
            throw OpeningError(error)
        }
    }

    private func openThreads(
        of process: borrowing TargetProcess, on cpus: [Int32], by plan: inout EventPlan,
        into opened: inout OpenedEvents
    ) throws(OpeningError) {
        let before = try raise([.perfmon, .ipcLock])
        defer { OwnProcess.lower(to: before) }
        var seen: Set<Int32> = []
        for look in 0..<Self.maximumLooks {
            let new = try process.threadIDs().filter { seen.insert($0).inserted }
            if new.isEmpty { break }
            if look == Self.maximumLooks - 1 { plan.note(.threadListUnsettled) }
            for threadID in new {
                try open(
                    threadID, isLate: look > 0, of: process, on: cpus, by: &plan, into: &opened)
            }
        }
        if opened.placements.isEmpty { throw .exited(process.identity.processID) }
    }

    /// Opens one thread's events; does nothing where the thread has gone.
    private func open(
        _ threadID: Int32, isLate: Bool, of process: borrowing TargetProcess, on cpus: [Int32],
        by plan: inout EventPlan, into opened: inout OpenedEvents
    ) throws(OpeningError) {
        var batch = DescriptorList()
        var places: [(event: Int, cpu: Int32)] = []
        for cpu in cpus {
            for event in plan.events.indices {
                let attempt = try plan.open(event) { attributes throws(SystemCallError) in
                    try PerfEvent.open(attributes, threadID: threadID, cpu: cpu)
                }
                switch consume attempt {
                case .opened(let descriptor):
                    batch.append(descriptor)
                    places.append((event, cpu))
                case .threadGone: return
                case .cpuGone: plan.noteOffline(cpu)
                }
            }
        }
        // The number may have become another process's thread before the events were opened.
        guard let name = try process.threadName(threadID) else { return }
        let thread = TargetThread(threadID: threadID, name: name, isLate: isLate)
        try opened.add(thread, batch, places)
    }
}
