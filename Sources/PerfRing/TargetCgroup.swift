// A cgroup looked at before it is profiled: whose its processes are. Its events count whatever runs
// in it, or below it, from then on; so the look is had twice, before the first event is opened and
// after the last, and tells of a moment. What comes later is in docs/threat-model.md.

internal import LinuxSystem
internal import SystemPackage

/// What the client is to do about a cgroup's users.
public struct CgroupOptions: Hashable, Sendable {
    /// Whose daemon gets the samples; nil is the user of all processes in it.
    public var user: UInt32?
    /// Processes of other users are sampled, too.
    public var allowsOthers = false

    public init(user: UInt32? = nil, allowsOthers: Bool = false) {
        self.user = user
        self.allowsOthers = allowsOthers
    }
}

/// What was found in a cgroup at one moment.
struct CgroupCensus {
    /// The processes that live, by number, with all their uids.
    var userIDs: [Int32: Set<UInt32>] = [:]
    /// A process has no number here.
    var hasStranger = false

    /// Nobody can be asked of a process that has ended, and a thread of the kernel is not sampled
    /// in user mode.
    init(_ cgroup: borrowing ControlGroup) throws(OpeningError) {
        for processID in try processes(of: cgroup) {
            if processID == 0 {
                hasStranger = true
                continue
            }
            do throws(OpeningError) {
                userIDs[processID] = [try TargetProcess(processID).identity.userID]
            } catch {
                switch error {
                case .noSuchProcess, .exited, .zombie, .kernelThread: continue
                case .mixedIdentity(_, let all): userIDs[processID] = Set(all)
                default: throw error
                }
            }
        }
    }

    /// Whose daemon gets the samples.
    ///
    /// - Throws: `OpeningError` where it must not be: somebody else's process is in the cgroup.
    func owner(of path: String, _ options: CgroupOptions) throws(OpeningError) -> UInt32 {
        let users = userIDs.values.reduce(into: Set<UInt32>()) { $0.formUnion($1) }.sorted()
        guard let first = users.first else { throw .cgroupEmpty(path) }
        if hasStranger && !options.allowsOthers { throw .cgroupHidden(path) }
        if options.allowsOthers {
            guard let owner = options.user ?? (users.count == 1 ? first : nil) else {
                throw .cgroupOwnerUnknown(path, userIDs: users)
            }
            return owner
        }
        // Of several the one with most processes is whose the others are not.
        let owner = options.user ?? users.max { count(of: $0) < count(of: $1) } ?? first
        if let other = others(than: owner).first {
            throw .cgroupOfOthers(
                path, processID: other.processID, userIDs: other.userIDs, userID: owner)
        }
        return owner
    }

    private func count(of user: UInt32) -> Int { userIDs.values.count { $0 == [user] } }

    /// The processes that are not `owner`'s with all their uids, by number.
    func others(than owner: UInt32) -> [(processID: Int32, userIDs: [UInt32])] {
        userIDs.filter { $0.value != [owner] }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.sorted()) }
    }

    /// Whether a process is of another user than `owner`.
    func hasOthers(than owner: UInt32) -> Bool {
        hasStranger || !others(than: owner).isEmpty
    }
}

/// The numbers of a cgroup's processes.
func processes(of cgroup: borrowing ControlGroup) throws(OpeningError) -> [Int32] {
    do {
        return try cgroup.processIDs().sorted()
    } catch {
        switch error.errno {
        case .operationNotSupportedByDevice, .noSuchFileOrDirectory:
            throw .cgroupEmpty(cgroup.path)
        case .notSupported: throw .cgroupThreaded(cgroup.path)
        default: throw OpeningError(error)
        }
    }
}
