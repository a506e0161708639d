// The command line. Each subcommand is a file of its own; what several share is in
// CommonOptions.swift. A failure is one sentence on standard error and an exit status
// (ClientError.swift, docs/exit-codes.md).

public import ArgumentParser
internal import LinuxSystem

/// `profilerctl`.
public struct Profilerctl: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "profilerctl",
        abstract: "Profile programs with a profiler that has no privilege.",
        discussion: """
            profilerctl opens the perf events of a process and hands them to profilerd, which \
            runs as the process' own user and has no capability at all. It is run as root (sudo); \
            for one's own processes without privilege, or with what setcap(8) gave its file.

            EXAMPLES
              sudo profilerctl record --pid 4242 --duration 10s --output cpu.html
              sudo profilerctl record --frequency 999 --output cpu.pb.gz -- ./my-server --port 8080
              sudo profilerctl record --unit my-server.service --output cpu.html
              sudo profilerctl start --pid 4242
              sudo profilerctl list
              sudo profilerctl fetch SESSION --output now.folded
              sudo profilerctl stop SESSION --output cpu.html
              profilerctl report cpu.recording --output cpu.txt

            EXIT STATUS
              0    done
              1    the daemon could not do it, a limit was reached, or the session failed
              64   the command line makes no sense, or asks for what this machine cannot do
              65   the recording is damaged, or is none
              66   there is no such process, session or file
              69   no daemon is there, or it does not answer
              71   a system call failed that should not have
              73   the output cannot be written
              76   something else than the expected daemon answers: another uid, or version
              77   the kernel or the daemon does not allow it; 'policy check': it is denied
              78   the configuration that 'policy check' reads is not valid
              126  the command to record cannot be executed; 127: it was not found
              130  ended by a second Ctrl-C; 143: by a second SIGTERM
            """,
        version: profilerctlVersion,
        subcommands: [
            RecordCommand.self, StartCommand.self, StopCommand.self, ListCommand.self,
            StatusCommand.self, FetchCommand.self, ReportCommand.self, PolicyCommand.self,
            MakeReportCommand.self, FindUnitCommand.self,
        ])

    public init() {}

    /// Runs the program, with no more privilege than it needs (Privileges.swift).
    public static func start() {
        do throws(ClientError) {
            try Privileges.begin()
        } catch {
            Console.say(error.description)
            exit(withError: ExitCode(error.status.rawValue))
        }
        main()
    }
}

/// The version that `--version` tells.
public let profilerctlVersion = "0.1.0"

/// Runs a subcommand's work, and ends the program the documented way where it fails.
///
/// - Parameters:
///   - needed: the capabilities that the work takes.
///   - isSealed: no child is to have what this process' user has.
func running(
    with needed: CapabilitySet, isSealed: Bool = true, _ body: () throws(ClientError) -> Void
) throws {
    ignoreBrokenPipeSignal()
    ignoreFileSizeSignal()
    do {
        try Privileges.start(with: needed)
        if isSealed { try Privileges.seal(keeping: needed) }
        try body()
    } catch {
        Console.say(error.description)
        throw ExitCode(error.status.rawValue)
    }
}
