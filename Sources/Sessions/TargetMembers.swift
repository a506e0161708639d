// What a target's kind decides about its session: whose records are recorded, and whose mappings
// came along.

internal import ControlProtocol
internal import LinuxSystem

/// The processes of a target whose `/proc/PID/maps` was handed over.
struct TargetMembers: ~Copyable {
    private(set) var pids: [Int32] = []
    private(set) var maps = DescriptorList()

    var count: Int { pids.count }

    mutating func append(_ descriptor: consuming OwnedDescriptor, of pid: Int32) {
        pids.append(pid)
        maps.append(descriptor)
    }
}

/// Whose records are recorded, of those that the rings have. A descriptor does not tell whether its
/// event is one of a thread, a cgroup or a whole CPU; what the client declares does.
enum RecordedProcesses: Hashable {
    /// The target and nobody else, whatever its events deliver.
    case only(Int32)
    /// Whoever has a number: the target's descendants, or the processes of a cgroup, of which the
    /// daemon cannot know who they are before they have a record.
    case all

    init(_ request: BeginRequest) {
        switch request.target.kind {
        case .process(let pid): self = request.followChildren ? .all : .only(pid)
        case .cgroup: self = .all
        }
    }

    /// A task that is about to be gone has the number -1, the idle one 0.
    @inline(__always)
    func contains(_ processID: Int32) -> Bool {
        switch self {
        case .only(let process): process == processID
        case .all: processID > 0
        }
    }
}
