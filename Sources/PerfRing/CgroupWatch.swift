// Whose processes are in a cgroup while it is recorded. The kernel takes the events off a process
// that gains privilege (execve(2) of a set-user-ID program), but a cgroup's are of no process: whoever
// comes in is sampled. So who opened them looks again, as long as they are there.

public import LinuxSystem

/// Looks for other users' processes in a cgroup.
public final class CgroupWatch {
    private let cgroup: ControlGroup
    private let owner: UInt32

    /// - Parameter owner: whose processes belong there.
    /// - Throws: `SystemCallError` where there is no such cgroup.
    public init(_ path: String, of owner: UInt32) throws(SystemCallError) {
        cgroup = try ControlGroup(path)
        self.owner = owner
    }

    /// A process that is not the owner's, with its uids; nil where none is seen.
    public func stranger() -> (processID: Int32, userIDs: [UInt32])? {
        do throws(OpeningError) {
            return try CgroupCensus(cgroup).others(than: owner).first
        } catch {
            // What has gone has nobody in it.
            return nil
        }
    }
}
