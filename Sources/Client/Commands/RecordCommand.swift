internal import ArgumentParser
internal import LinuxSystem

/// `profilerctl record`.
struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record a process, a unit or a command, and write a report.",
        discussion: """
            Without --output the hottest functions are printed as a table. Ctrl-C ends the \
            recording and writes the report; a second Ctrl-C quits without one, also while a \
            command does not end.

            A command is run as the user who called sudo, or as --user says, and is counted from \
            its execve(2) on. If the recording ends before the command does, the command gets \
            SIGTERM. Its exit status does not become this program's.

            EXAMPLES
              sudo profilerctl record --pid 4242 --duration 10s --output cpu.html
              sudo profilerctl record -F 999 -o cpu.pb.gz -- ./my-server --port 8080
              sudo profilerctl record --unit my-server.service --duration 30s -o cpu.html
              profilerctl record -e page-faults --pid $(pidof my-server) -d 5s
            """)

    @OptionGroup var target: TargetOptions

    @Option(
        help: ArgumentHelp(
            "Run the command as this user (default: who called sudo).", valueName: "name"))
    var user: String?

    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var daemon: DaemonOptions

    @Argument(parsing: .postTerminator, help: "The command to run and record, after '--'.")
    var command: [String] = []

    func validate() throws {
        guard target.count + (command.isEmpty ? 0 : 1) == 1 else {
            throw ValidationError(
                "Give --pid PID, --unit NAME, --cgroup PATH or a command after '--', one of them.")
        }
        try target.validate(sampling)
        if user != nil && command.isEmpty { throw ValidationError("--user goes with a command.") }
    }

    func run() throws {
        let user = InvokingUser.current()
        let needed = RecordingRun.needed(
            by: user, forKernel: sampling.kernel, forCommand: !command.isEmpty)
        // A command's process has what its user has, so it is started first.
        try running(with: needed, isSealed: command.isEmpty) { () throws(ClientError) in
            try recordingRun(for: user).perform()
        }
    }

    private func recordingRun(for invokingUser: InvokingUser) throws(ClientError) -> RecordingRun {
        let format = try reportFormat(
            word: output.format, output: output.output,
            standardOutputIsTerminal: StandardOutput.isTerminal)
        var plan = RecordingPlan(lifetime: .connection)
        plan.opening = try sampling.openingOptions()
        plan.duration = sampling.duration
        plan.last = sampling.last
        plan.commandLine = CommandLine.arguments
        var subject = RecordingRun.Subject.process(target.pid ?? 0)
        if let group = target.group(for: invokingUser) { subject = .group(group) }
        if !command.isEmpty {
            plan.opening.enablesOnExec = true
            subject = .command(command, try account(otherwise: invokingUser))
        }
        return RecordingRun(
            subject: subject, plan: plan, daemons: Daemons(locator: daemon.locator, uid: nil),
            format: format, output: output.output, user: invokingUser)
    }

    /// Whom the command runs as; nil is as this process.
    private func account(
        otherwise invoking: InvokingUser
    ) throws(ClientError) -> UserAccount? {
        guard let user else {
            guard invoking.identity != nil else { return nil }
            guard let account = UserAccount(uid: invoking.uid) else {
                throw ClientError(
                    .usage, "The user who called sudo (uid \(invoking.uid)) has no account.")
            }
            return account
        }
        guard let account = UserAccount(name: user) else {
            throw ClientError(.usage, "There is no user '\(user)'.")
        }
        // The real uid: a file with CAP_SETUID must not make everybody somebody else.
        guard OwnProcess.uid == 0 || account.uid == OwnProcess.uid else {
            throw ClientError(
                .noPermission, "Only root (sudo) may run a command as user '\(user)'.")
        }
        return OwnProcess.uid == 0 ? account : nil
    }
}
