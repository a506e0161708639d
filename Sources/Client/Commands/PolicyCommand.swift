// `profilerctl policy check`: how a request would be decided.

internal import ArgumentParser
internal import ControlProtocol
internal import LinuxSystem
internal import Policy

/// `profilerctl policy`.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Ask what the policy of a daemon says.",
        subcommands: [PolicyCheckCommand.self])
}

/// `profilerctl policy check`.
struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Show how a request would be decided, and by which rule.",
        discussion: """
            Reads the configuration as the daemon does, and needs no daemon. Users and groups are \
            given by number or by name. What is used already (sessions, descriptors, memory) is \
            taken to be nothing.

            The exit status is 0 where the request is allowed, 77 where it is denied, and 78 where \
            the configuration is not valid.

            EXAMPLES
              profilerctl policy check --uid 1000 --peer-uid 0 --method Begin --duration 10s
              profilerctl policy check --uid 1000 --peer-uid 1000 --method Begin --kernel-frames
              profilerctl policy check --uid 992 --peer-uid 0 --method List --config new.toml
            """)

    @Option(
        help: ArgumentHelp("The uid that the request claims.", valueName: "user"),
        transform: userNumber)
    var uid: UInt32

    @Option(
        help: ArgumentHelp("The uid of who connects: 0 under sudo.", valueName: "user"),
        transform: userNumber)
    var peerUid: UInt32

    @Option(
        help: ArgumentHelp(
            "What is called: \(RequestMethod.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "method"), transform: knownMethod)
    var method: RequestMethod

    @Option(
        help: ArgumentHelp(
            "The gid that the request claims (default: that of the account).", valueName: "group"),
        transform: groupNumber)
    var gid: UInt32?

    @Option(
        help: ArgumentHelp(
            "A group of who connects; may be given several times (default: those of the account).",
            valueName: "group"), transform: groupNumber)
    var peerGroup: [UInt32] = []

    @Option(
        help: ArgumentHelp(
            "The security label of who connects (default: none).", valueName: "label"))
    var peerLabel: String?

    @OptionGroup var session: CheckedSession

    @Option(
        help: ArgumentHelp(
            "The uid of the daemon (default: the one that the request claims).", valueName: "user"),
        transform: userNumber)
    var ownUid: UInt32?

    @Option(
        help: ArgumentHelp(
            "Read this file only (default: those that the daemon of that uid reads).",
            valueName: "file"))
    var config: String?

    @Flag(help: "Print a JSON object for scripts.")
    var json = false

    func validate() throws {
        if !method.concernsSession, session.isGiven {
            throw ValidationError(
                "\(method.rawValue) concerns no session: it has no event, kernel frames, "
                    + "frequency, duration or mixed uids.")
        }
    }

    func run() throws {
        var isAllowed = false
        // The files of another user are read with their rights.
        let needed = Privileges.reporting.union(Privileges.files(of: .current()))
        try running(with: needed) { () throws(ClientError) in
            let verdict = try check.verdict()
            isAllowed = verdict.isAllowed
            try printText(json ? SessionText.json(verdict.json) : verdict.text)
        }
        if !isAllowed { throw ExitCode(ExitStatus.noPermission.rawValue) }
    }

    private var check: PolicyCheck {
        let daemon = ownUid ?? uid
        let groups = peerGroup.isEmpty ? UserAccount(uid: peerUid)?.groups ?? [] : peerGroup
        return PolicyCheck(
            ownUID: daemon, uid: uid, gid: gid ?? UserAccount(uid: uid)?.gid,
            connection: ConnectionFacts(uid: peerUid, groups: Set(groups), label: peerLabel),
            request: Request(
                method, about: method.concernsSession ? session.facts : nil,
                demanding: method == .begin ? .session(running: 0, pending: 0) : .nothing),
            files: config.map { [$0] } ?? PolicyCheck.files(of: daemon), mustExist: config != nil)
    }
}

/// The session that a request is about.
struct CheckedSession: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "An event of the session; may be given several times (default: cycles).",
            valueName: "name"))
    var event: [String] = []

    @Flag(help: "The session has the kernel's call chains.")
    var kernelFrames = false

    @Flag(help: "The session has the processes of other users in a cgroup.")
    var mixedUids = false

    @Option(
        help: ArgumentHelp("Samples a second of each event (default: 99).", valueName: "hertz"))
    var frequency: UInt64?

    @Option(
        help: ArgumentHelp(
            "How long the session lasts (default: until it is ended).", valueName: "time"),
        transform: parsedDuration)
    var duration: Duration?

    var isGiven: Bool {
        !event.isEmpty || kernelFrames || mixedUids || frequency != nil || duration != nil
    }

    var facts: SessionFacts {
        let names = event.isEmpty ? ["cycles"] : event
        return SessionFacts(
            // Of an event the policy sees its name and its frequency.
            events: names.map {
                Event(
                    name: $0, type: 0, config: 0, sampling: .frequency(frequency ?? 99),
                    unit: .count)
            }, hasKernelFrames: kernelFrames, duration: duration,
            // Of a cgroup the policy sees whose processes may be in it.
            cgroup: mixedUids ? TargetCgroup(path: "/", hasMixedUIDs: true) : nil)
    }

    func validate() throws {
        if frequency == 0 { throw ValidationError("--frequency is at least 1.") }
        if event.contains("") { throw ValidationError("An event has a name.") }
    }
}

private func userNumber(_ text: String) throws -> UInt32 {
    if let number = UInt32(text) { return number }
    guard let account = UserAccount(name: text) else {
        throw ValidationError("There is no user '\(text)'.")
    }
    return account.uid
}

private func groupNumber(_ text: String) throws -> UInt32 {
    if let number = UInt32(text) { return number }
    guard let account = GroupAccount(name: text) else {
        throw ValidationError("There is no group '\(text)'.")
    }
    return account.gid
}

private func knownMethod(_ text: String) throws -> RequestMethod {
    guard let method = RequestMethod(rawValue: text) ?? RequestMethod(fullName: text) else {
        let known = RequestMethod.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("There is no method '\(text)': it is one of \(known).")
    }
    return method
}
