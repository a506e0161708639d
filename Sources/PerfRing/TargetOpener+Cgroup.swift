// Opens a cgroup: one event of each kind on each CPU (perf_event_open(2), PERF_FLAG_PID_CGROUP),
// which counts whatever runs there of the cgroup and those below it. Such an event is one of a CPU,
// so that the kernel asks for CAP_PERFMON or a low perf_event_paranoid, and never who may look at
// the processes. Whose they are is looked at here, before and after.

internal import LinuxSystem
internal import SystemPackage

extension TargetOpener {
    /// Opens every event on a cgroup, all of them disabled.
    ///
    /// - Parameter name: its place in the hierarchy, or the path of its directory.
    /// - Throws: `OpeningError`; everything that was opened is closed by then.
    public func open(
        cgroup name: String, _ choice: CgroupOptions
    ) throws(OpeningError) -> OpenedCgroup {
        try raiseDescriptorLimit()
        let cgroup = try Self.cgroup(name)
        // Somebody else's process may come into a user's own cgroup, a set-user-ID program say:
        // the kernel takes a process's events off it then, and a cgroup's not.
        if options.onlyUser != nil, try hasPrivilege() { throw .cgroupPrivileged(cgroup.path) }
        var plan = try EventPlan(options, of: .cgroup(cgroup.path))
        let before = try raise(options.onlyUser == nil ? [.sysPtrace] : [])
        defer { OwnProcess.lower(to: before) }
        _ = try CgroupCensus(cgroup).owner(of: cgroup.path, choice)
        var opened = OpenedEvents(dataPages: options.dataPages)
        try openCPUs(of: cgroup, by: &plan, into: &opened)
        let census = try CgroupCensus(cgroup)
        let owner = try census.owner(of: cgroup.path, choice)
        var members = CgroupMembers()
        for processID in census.userIDs.keys.sorted() {
            try members.add(processID, onlyUser: options.onlyUser)
        }
        if members.leftOut > 0 { plan.note(.mappingsLeftOut(processes: members.leftOut)) }
        return members.opened(
            cgroup, of: owner, hasOthers: census.hasOthers(than: owner),
            state: try Self.state(of: cgroup), OpenedSampling(plan, opened))
    }

    private func hasPrivilege() throws(OpeningError) -> Bool {
        do {
            return try !OwnProcess.permittedCapabilities().isDisjoint(with: [.perfmon])
        } catch {
            throw OpeningError(error)
        }
    }

    private func openCPUs(
        of cgroup: borrowing ControlGroup, by plan: inout EventPlan,
        into opened: inout OpenedEvents
    ) throws(OpeningError) {
        let cpus = try onlineCPUs(&plan)
        let before = try raise([.perfmon, .ipcLock])
        defer { OwnProcess.lower(to: before) }
        for cpu in cpus {
            var batch = DescriptorList()
            var places: [(event: Int, cpu: Int32)] = []
            for event in plan.events.indices {
                let attempt: EventPlan.Attempt
                do throws(OpeningError) {
                    attempt = try Self.open(event, of: cgroup, cpu, by: &plan)
                } catch {
                    // Of a cgroup that was removed meanwhile the kernel says what it says of an
                    // unknown event.
                    _ = try processes(of: cgroup)
                    throw error
                }
                switch consume attempt {
                case .opened(let descriptor):
                    batch.append(descriptor)
                    places.append((event, cpu))
                case .threadGone: break
                case .cpuGone: plan.noteOffline(cpu)
                }
            }
            try opened.add(batch, places, threadID: 0)
        }
    }

    private static func open(
        _ event: Int, of cgroup: borrowing ControlGroup, _ cpu: Int32, by plan: inout EventPlan
    ) throws(OpeningError) -> EventPlan.Attempt {
        try plan.open(event) { attributes throws(SystemCallError) in
            try PerfEvent.open(attributes, cgroup: cgroup.descriptor, cpu: cpu)
        }
    }

    private static func cgroup(_ name: String) throws(OpeningError) -> ControlGroup {
        let cgroup: ControlGroup
        do {
            cgroup = try ControlGroup(name)
        } catch {
            switch error.errno {
            case .operationNotSupportedByDevice: throw .cgroupsMissing
            case .noSuchFileOrDirectory, .notDirectory, .invalidArgument: throw .noSuchCgroup(name)
            default: throw OpeningError(error)
            }
        }
        if cgroup.isRoot { throw .rootCgroup }
        return cgroup
    }

    private static func state(
        of cgroup: borrowing ControlGroup
    ) throws(OpeningError) -> OwnedDescriptor {
        do { return try cgroup.openEvents() } catch { throw .cgroupEmpty(cgroup.path) }
    }
}
