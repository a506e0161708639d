// `--unit NAME`: where the processes of a unit are. A manager is asked by a child that has no
// privilege and has become the user whose manager it is, as reports are made by one: what it is
// answered is a user's word, and nothing with a privilege takes D-Bus apart.

internal import LinuxSystem
internal import Systemd

/// Finds a unit's cgroup.
struct UnitLocator {
    let invokingUser: InvokingUser
    /// `--uid`, whose manager may have the unit.
    let uid: UInt32?

    /// The hidden subcommand that the child is.
    static let subcommand = "find-unit"
    /// An answer has at most this many bytes, and comes within this time.
    private static let longestAnswer = 8 << 10
    private static let patience = Duration.seconds(20)

    /// A unit's name with its suffix, `.service` where it has none of systemd's.
    static func fullName(_ name: String) -> String {
        let suffixes = [".service", ".scope", ".slice", ".socket", ".mount", ".swap"]
        return suffixes.contains { name.hasSuffix($0) } ? name : name + ".service"
    }

    /// The managers that are asked, in this order: root's units are the system's first, everybody
    /// else's their own.
    static func managers(ownUID: UInt32, invokedBy: UInt32, uid: UInt32?) -> [ServiceManager] {
        guard ownUID == 0 else { return [.user(ownUID), .system] }
        let user = uid ?? invokedBy
        return user == 0 ? [.system] : [.system, .user(user)]
    }

    /// The cgroup of the unit `name`.
    func cgroup(of name: String) throws(ClientError) -> String {
        let name = Self.fullName(name)
        let managers = Self.managers(
            ownUID: OwnProcess.uid, invokedBy: invokingUser.uid, uid: uid)
        var reasons: [String] = []
        for manager in managers {
            let answer = try ask(manager, name)
            guard let cgroup = answer.cgroup else {
                reasons.append(answer.reason)
                continue
            }
            guard Self.isPlausible(cgroup, of: manager) else {
                throw ClientError(
                    .wrongPeer,
                    "\(Self.words(for: manager)) says that the unit is the cgroup '\(cgroup)', "
                        + "which is none of its own.")
            }
            return cgroup
        }
        throw ClientError(
            .notFound, "The unit \(name) cannot be recorded. " + reasons.joined(separator: " "))
    }

    /// A user's manager has what is below its own unit, and nothing else.
    static func isPlausible(_ cgroup: String, of manager: ServiceManager) -> Bool {
        let parts = cgroup.split(separator: "/", omittingEmptySubsequences: false)
        guard cgroup.hasPrefix("/"), cgroup.utf8.count > 1, !parts.contains(".."),
            !parts.contains(".")
        else { return false }
        guard case .user(let uid) = manager else { return true }
        return parts.dropLast().contains("user@\(uid).service")
    }

    static func words(for manager: ServiceManager) -> String {
        switch manager {
        case .system: "The system's manager"
        case .user(let uid): "The manager of uid \(uid)"
        }
    }

    private func ask(
        _ manager: ServiceManager, _ name: String
    ) throws(ClientError) -> (cgroup: String?, reason: String) {
        let answer = try system { () throws(SystemCallError) in try Pipe() }
        var child = try start(manager, name, answer.writer)
        let reader = answer.takeReader()
        let deadline = Deadline(after: Self.patience)
        var bytes: [UInt8] = []
        while bytes.count < Self.longestAnswer {
            var set = WaitSet()
            set.add(reader, for: .reading)
            let chunk = try system { () throws(SystemCallError) in
                try set.wait(until: deadline).isEmpty ? [] : reader.readSome(4096)
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        if try system({ () throws(SystemCallError) in try child.wait(until: deadline) }) == nil {
            child.kill()
            return (nil, "\(Self.words(for: manager)) did not answer.")
        }
        // A line: "cgroup " and a path, or why there is none.
        let text = String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
        let prefix = FindUnit.foundPrefix
        if text.hasPrefix(prefix) { return (String(text.dropFirst(prefix.count)), "") }
        return (nil, text.isEmpty ? "\(Self.words(for: manager)) could not be asked." : text)
    }

    private func start(
        _ manager: ServiceManager, _ name: String, _ answer: borrowing OwnedDescriptor
    ) throws(ClientError) -> ChildProcess {
        var arguments = ["profilerctl", Self.subcommand]
        // Only root can become somebody else; nobody needs to be root to ask the system's manager.
        var identity = invokingUser.identity
        if case .user(let uid) = manager {
            arguments += ["--uid", "\(uid)"]
            identity =
                UserAccount(uid: uid).map { UserIdentity($0) }
                ?? UserIdentity(uid: uid, otherwise: uid)
        }
        var plan = ChildPlan(.itself, arguments: arguments + ["--", name], environment: [])
        plan.identity = OwnProcess.effectiveUID == 0 ? identity : nil
        plan.isConfined = true
        let descriptors = try system { () throws(SystemCallError) in
            var list = DescriptorList()
            list.append(try OwnedDescriptor.open("/dev/null", for: .reading))
            list.append(try answer.duplicate())
            list.append(try OwnedDescriptor.open("/dev/null", for: .reading))
            return list
        }
        do throws(ChildFailure) {
            return try ChildProcess.start(plan, descriptors: descriptors)
        } catch {
            throw ClientError(error.error)
        }
    }
}

/// The child's side.
enum FindUnit {
    static let foundPrefix = "cgroup "

    /// The line that the child answers with.
    static func answer(_ name: String, at manager: ServiceManager) -> String {
        let words = UnitLocator.words(for: manager)
        do throws(UnitQueryError) {
            return foundPrefix + (try UnitQuery.controlGroup(of: name, at: manager))
        } catch {
            switch error {
            case .noManager(let error): return "\(words) cannot be asked (\(error))."
            case .noSuchUnit: return "\(words) has no unit of that name loaded."
            case .notRunning: return "\(words) has it, and it has no process."
            case .kindWithoutProcesses: return "Units of that kind have no processes."
            case .failed(let reason): return "\(words) says: \(reason)"
            }
        }
    }
}
