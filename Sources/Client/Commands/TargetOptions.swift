// What `record` and `start` profile, but for a command of their own.

internal import ArgumentParser
internal import LinuxSystem
internal import PerfRing

/// A process, a unit or a cgroup.
struct TargetOptions: ParsableArguments {
    @Option(
        name: [.customShort("p", allowingJoined: true), .long], help: "The process to record.")
    var pid: Int32?

    @Option(
        help: ArgumentHelp(
            """
            Record all processes of this systemd unit, of the system's manager or of the user's, \
            and those that it starts meanwhile. Ends when none is left.
            """, valueName: "name"))
    var unit: String?

    @Option(
        help: ArgumentHelp(
            "Record all processes in this cgroup (version 2) and in those below it.",
            valueName: "path"))
    var cgroup: String?

    @Flag(
        help: """
            Record a unit or cgroup also where processes of other users are in it. Their samples, \
            with addresses and names, are for the user of the daemon as well.
            """)
    var mixedUids = false

    @Option(
        help: ArgumentHelp(
            """
            The user whose daemon records the unit or cgroup (default: that of all its processes).
            """, valueName: "uid"))
    var uid: UInt32?

    /// How many targets are named.
    var count: Int { (pid == nil ? 0 : 1) + (unit == nil ? 0 : 1) + (cgroup == nil ? 0 : 1) }

    private var isGroup: Bool { unit != nil || cgroup != nil }

    func validate() throws {
        if !isGroup && mixedUids {
            throw ValidationError("--mixed-uids goes with --unit or --cgroup.")
        }
        if !isGroup && uid != nil {
            throw ValidationError("--uid goes with --unit or --cgroup; a process has one.")
        }
        if unit == "" || cgroup == "" { throw ValidationError("A unit or cgroup has a name.") }
    }

    /// What goes with a process only.
    func validate(_ sampling: SamplingOptions) throws {
        if isGroup && sampling.followChildren {
            throw ValidationError(
                "A unit's or cgroup's new processes are recorded without --follow-children.")
        }
    }

    /// The group to record; nil where it is a process.
    func group(for user: InvokingUser) -> GroupChoice? {
        guard let name = unit ?? cgroup else { return nil }
        return GroupChoice(
            name: name, isUnit: unit != nil,
            options: CgroupOptions(user: uid, allowsOthers: mixedUids), invokingUser: user)
    }
}
