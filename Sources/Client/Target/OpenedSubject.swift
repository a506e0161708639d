// A target as it is handed over, whatever its kind.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

/// A unit or a cgroup that is to be profiled.
struct GroupChoice {
    let name: String
    let isUnit: Bool
    let options: CgroupOptions
    let invokingUser: InvokingUser

    /// Opens its events; nothing more can be opened afterwards.
    func open(_ options: OpeningOptions) throws(ClientError) -> OpenedGroup {
        var options = options
        options.onlyUser = OwnProcess.uid == 0 ? nil : OwnProcess.uid
        var path = name
        if isUnit {
            path = try UnitLocator(invokingUser: invokingUser, uid: self.options.user)
                .cgroup(of: name)
        }
        let cgroup: OpenedCgroup
        do throws(OpeningError) {
            cgroup = try TargetOpener(options).open(cgroup: path, self.options)
        } catch {
            throw ClientError(error)
        }
        try Privileges.drop(Privileges.opening)
        return OpenedGroup(cgroup: cgroup, choice: self)
    }
}

/// A cgroup with what the user called it, and what they said about other users.
struct OpenedGroup: ~Copyable {
    let cgroup: OpenedCgroup
    let choice: GroupChoice
}

/// What has been opened.
enum OpenedSubject: ~Copyable {
    case process(OpenedTarget)
    case group(OpenedGroup)

    /// Whose daemon gets the samples.
    var owner: UserIdentity {
        switch self {
        case .process(let target):
            UserIdentity(uid: target.identity.userID, otherwise: target.identity.groupID)
        case .group(let group):
            UserIdentity(uid: group.cgroup.userID, otherwise: group.cgroup.userID)
        }
    }

    var isProcess: Bool {
        switch self {
        case .process: true
        case .group: false
        }
    }

    var sampling: OpenedSampling {
        _read {
            switch self {
            case .process(let target): yield target.sampling
            case .group(let group): yield group.cgroup.sampling
            }
        }
    }

    /// Who looks whether other users come into it; nil where they may, and for a process, which the
    /// kernel looks after.
    func watch() throws(ClientError) -> CgroupWatch? {
        switch self {
        case .process: return nil
        case .group(let group):
            if group.choice.options.allowsOthers { return nil }
            let (path, owner) = (group.cgroup.path, group.cgroup.userID)
            return try system { () throws(SystemCallError) in
                try CgroupWatch(path, of: owner)
            }
        }
    }

    /// What the user is to know of it.
    var notes: [String] {
        switch self {
        case .process(let target): return target.notes.map(\.description)
        case .group(let group):
            let notes = group.cgroup.sampling.notes.map(\.description)
            guard group.cgroup.hasOthers else { return notes }
            return notes + [
                "Processes of other users are in the cgroup \(group.cgroup.path): "
                    + "uid \(group.cgroup.userID) gets their samples, too."
            ]
        }
    }

    /// - Parameter command: the name that a process will have after its execve(2).
    func target(command: String?) -> Target {
        switch self {
        case .process(let target):
            Target(pid: target.identity.processID, command: command ?? target.identity.name)
        case .group(let group):
            Target(
                .cgroup(
                    TargetCgroup(
                        path: group.cgroup.path, hasMixedUIDs: group.choice.options.allowsOthers)),
                command: String(
                    decoding: group.choice.name.utf8.suffix(ControlInterface.maximumNameSize),
                    as: UTF8.self))
        }
    }

    /// The threads to name.
    func threads(command: String?) -> [ControlProtocol.TargetThread] {
        switch self {
        case .process(let target):
            target.threads.map {
                ControlProtocol.TargetThread(tid: $0.threadID, name: command ?? $0.name)
            }
        case .group(let group): group.cgroup.processes.flatMap(Self.threads)
        }
    }

    private static func threads(of process: CgroupProcess) -> [ControlProtocol.TargetThread] {
        let pid = process.processID
        let first = ControlProtocol.TargetThread(tid: pid, name: process.name, pid: pid)
        return [first]
            + process.threads.map { thread in
                ControlProtocol.TargetThread(tid: thread.threadID, name: thread.name, pid: pid)
            }
    }
}
