// Why a target could not be opened, each with what the user can do about it.

public import LinuxSystem
internal import SystemPackage

/// A target that could not be opened.
public enum OpeningError: Error, Equatable, Sendable, CustomStringConvertible {
    case noSuchProcess(Int32)
    /// The number is that of a thread which is not its process's first.
    case notAProcess(threadID: Int32, processID: Int32)
    case kernelThread(Int32, name: String)
    case zombie(Int32, name: String)
    /// The process ended before everything was open.
    case exited(Int32)
    /// Real, effective, saved and file-system uid are not all the same: a set-user-ID program.
    case mixedIdentity(Int32, userIDs: [UInt32])
    /// It belongs to another user than `OpeningOptions.onlyUser`.
    case otherUser(Int32, userID: UInt32)
    /// It belongs to that user, who may not look at it.
    case hidden(Int32)
    /// The process changed its uid or gid before everything was open.
    case identityChanged(Int32)
    /// Not one of real use: 0, or with the highest bit set.
    case invalidRate(UInt64)
    case frequencyTooHigh(UInt64, limit: UInt64)
    case invalidPageCount(Int)
    case eventUnsupported(String, SystemCallError)
    case permissionDenied(Int32, SystemCallError, paranoid: String)
    /// It is no name of a cgroup, or of none that is there.
    case noSuchCgroup(String)
    /// No hierarchy of version 2 is mounted where it should be.
    case cgroupsMissing
    /// The root has every process of the machine.
    case rootCgroup
    /// It has no process, or has been removed.
    case cgroupEmpty(String)
    /// It has threads and not processes (cgroups(7), thread mode).
    case cgroupThreaded(String)
    /// A process in it is not of the daemon's user.
    case cgroupOfOthers(String, processID: Int32, userIDs: [UInt32], userID: UInt32)
    /// Processes of several users are in it, and nobody said whose daemon is to have it.
    case cgroupOwnerUnknown(String, userIDs: [UInt32])
    /// One of its processes is not of this pid namespace.
    case cgroupHidden(String)
    /// This user's program has been given privilege for their processes, and a cgroup may come to
    /// have others'.
    case cgroupPrivileged(String)
    case cgroupDenied(String, SystemCallError, paranoid: String)
    /// The kernel counts by another hierarchy than the unified one.
    case cgroupUncounted(String)
    /// The rings are more than the user may lock in memory.
    case ringMemory(dataPages: Int, limitKilobytes: String)
    case tooManyDescriptors(limit: UInt64)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .noSuchProcess(let id):
            "There is no process \(id)."
        case .notAProcess(let threadID, let processID):
            "\(threadID) is a thread of process \(processID); name the process instead."
        case .kernelThread(let id, let name):
            "Process \(id) (\(name)) is a thread of the kernel, which has no user to profile for."
        case .zombie(let id, let name):
            "Process \(id) (\(name)) has ended and waits for its parent to notice."
        case .exited(let id):
            "Process \(id) ended while it was being opened."
        case .mixedIdentity(let id, let userIDs):
            "Process \(id) runs as several users at once (uids "
                + userIDs.map { "\($0)" }.joined(separator: ", ")
                + "), as a set-user-ID program does; none of them may be shown its profile."
        case .otherUser(let id, let userID):
            "Process \(id) belongs to uid \(userID): only root (sudo) may profile other users' "
                + "processes."
        case .hidden(let id):
            "Process \(id) lets its own user not look at it: its program was given privilege when "
                + "it was started, or has asked for that (PR_SET_DUMPABLE). Run this as root (sudo)."
        case .identityChanged(let id):
            "Process \(id) changed its user while it was being opened; try again."
        case .invalidRate(let value):
            "A sampling rate of \(value) is not possible: it must be from 1 to 2^63 - 1."
        case .frequencyTooHigh(let frequency, let limit):
            "A frequency of \(frequency) Hz is above kernel.perf_event_max_sample_rate, "
                + "which is \(limit). Ask for \(limit) or less, or raise it: "
                + "sysctl kernel.perf_event_max_sample_rate=\(frequency)"
        case .invalidPageCount(let count):
            "A ring of \(count) data pages is not possible: it must be a power of two up to 65536."
        case .eventUnsupported(let name, let error):
            "This machine cannot sample the event '\(name)' (\(error)); cpu-clock works on all."
        case .permissionDenied(let id, let error, let paranoid):
            "The kernel does not let this user profile process \(id) (\(error)); "
                + "kernel.perf_event_paranoid is \(paranoid). Run this as root (sudo), give it "
                + "the capability CAP_PERFMON (and CAP_SYS_PTRACE for other users' processes), or "
                + "lower the setting: sysctl kernel.perf_event_paranoid=1"
        case .ringMemory, .tooManyDescriptors, .system: limitDescription
        default: cgroupDescription
        }
    }

    private var limitDescription: String {
        switch self {
        case .ringMemory(let dataPages, let limit):
            "Rings of \(dataPages) pages are more than this user may lock in memory: "
                + "kernel.perf_event_mlock_kb is \(limit) KiB a CPU for all of a user's events, and "
                + "RLIMIT_MEMLOCK is \(ResourceLimit.lockedMemory.text) bytes beside that. End "
                + "another recording, run this as root (sudo), or raise one of them: "
                + "sysctl kernel.perf_event_mlock_kb=2048"
        case .tooManyDescriptors(let limit):
            "The target needs more descriptors than RLIMIT_NOFILE allows: one for each thread, "
                + "CPU and event, and the limit is \(limit). Raise it (ulimit -Hn), or profile "
                + "fewer events."
        case .system(let error):
            "\(error)."
        default: ""
        }
    }

    private var cgroupDescription: String {
        switch self {
        case .noSuchCgroup(let name):
            "There is no cgroup '\(name)'; 'systemd-cgls' shows those there are."
        case .cgroupsMissing:
            "No cgroup hierarchy of version 2 is mounted at or below /sys/fs/cgroup."
        case .rootCgroup:
            "The root cgroup has every process of this machine; name one below it."
        case .cgroupEmpty(let path):
            "There is no process in the cgroup \(path)."
        case .cgroupThreaded(let path):
            "The cgroup \(path) has threads and not processes; name the one above it."
        case .cgroupOfOthers(let path, let processID, let userIDs, let userID):
            "Process \(processID) in the cgroup \(path) belongs to uid \(Self.list(userIDs)), and "
                + "the samples would be for the daemon of uid \(userID). --mixed-uids gives them to "
                + "it all the same."
        case .cgroupOwnerUnknown(let path, let userIDs):
            "The processes in the cgroup \(path) belong to several users (uids "
                + "\(Self.list(userIDs))): say with --uid whose daemon is to have the samples of "
                + "all of them."
        case .cgroupHidden(let path):
            "The cgroup \(path) has a process that cannot be seen from here (it is of another pid "
                + "namespace), so whose it is cannot be known. --mixed-uids records it all the same."
        case .cgroupPrivileged(let path):
            "Only root (sudo) may profile a cgroup: other users' processes may come to be in "
                + "\(path)."
        case .cgroupDenied(let path, let error, let paranoid):
            "The kernel does not let this user profile the cgroup \(path) (\(error)); "
                + "kernel.perf_event_paranoid is \(paranoid). Run this as root (sudo), or lower the "
                + "setting: sysctl kernel.perf_event_paranoid=0"
        case .cgroupUncounted(let path):
            "The kernel does not count by the cgroup \(path): the controller perf_event is mounted "
                + "as a hierarchy of its own (version 1), or was left out of this kernel."
        default: ""
        }
    }

    private static func list(_ numbers: [UInt32]) -> String {
        numbers.map { "\($0)" }.joined(separator: ", ")
    }
}

extension OpeningError {
    /// The error for a call that is not about the target.
    init(_ error: SystemCallError) {
        self =
            error.errno == .tooManyOpenFiles
            ? .tooManyDescriptors(limit: DescriptorLimit.current) : .system(error)
    }
}
