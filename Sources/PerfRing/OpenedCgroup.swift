// A cgroup as the client hands it over: one event of each kind on each CPU, and of each process
// that is in it now its name, its threads' names and its mappings.

public import LinuxSystem

/// A process that was in a cgroup when it was opened.
public struct CgroupProcess: Hashable, Sendable {
    public let processID: Int32
    public let name: String
    /// The threads' names by their numbers, without the first thread.
    public let threads: [TargetThread]
}

/// A cgroup whose events are open, disabled, and joined into one ring a CPU.
public struct OpenedCgroup: ~Copyable {
    /// Its place in the hierarchy.
    public let path: String
    /// Whose daemon gets the samples.
    public let userID: UInt32
    /// Processes of other users were in it.
    public let hasOthers: Bool
    /// `cgroup.events`, which tells of its end.
    public let state: OwnedDescriptor
    public let processes: [CgroupProcess]
    /// `/proc/PID/maps` of the processes in `mapped`, in that order.
    public let maps: DescriptorList
    public let mapped: [Int32]
    public let sampling: OpenedSampling
}

/// The processes of a cgroup, collected.
struct CgroupMembers: ~Copyable {
    private(set) var processes: [CgroupProcess] = []
    private(set) var maps = DescriptorList()
    private(set) var mapped: [Int32] = []
    private(set) var leftOut = 0

    /// More mappings than of so many processes are not sent: each is a descriptor of the daemon's.
    static let mostMapped = 1000

    /// Takes a process in; does nothing where it has ended.
    mutating func add(_ processID: Int32, onlyUser: UInt32?) throws(OpeningError) {
        do throws(OpeningError) {
            let process = try TargetProcess(processID, ofAnyUsers: true)
            try process.require(user: onlyUser)
            var threads: [TargetThread] = []
            for threadID in try process.threadIDs() where threadID != processID {
                guard let name = try process.threadName(threadID) else { continue }
                threads.append(TargetThread(threadID: threadID, name: name, isLate: false))
            }
            processes.append(
                CgroupProcess(
                    processID: processID, name: process.identity.name, threads: threads))
            guard mapped.count < Self.mostMapped else {
                leftOut += 1
                return
            }
            maps.append(try process.openMaps())
            mapped.append(processID)
        } catch {
            switch error {
            case .noSuchProcess, .exited, .zombie, .kernelThread: return
            default: throw error
            }
        }
    }

    consuming func opened(
        _ cgroup: borrowing ControlGroup, of owner: UInt32, hasOthers: Bool,
        state: consuming OwnedDescriptor, _ sampling: consuming OpenedSampling
    ) -> OpenedCgroup {
        OpenedCgroup(
            path: cgroup.path, userID: owner, hasOthers: hasOthers, state: state,
            processes: processes, maps: maps, mapped: mapped, sampling: sampling)
    }
}
