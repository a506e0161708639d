// Options that several subcommands have.

internal import ArgumentParser
internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

/// Where the daemon is.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's socket, in place of those that units make.", valueName: "path"))
    var socket: String?

    var locator: DaemonLocator { DaemonLocator(explicitPath: socket) }
}

/// Which daemon, for the commands about sessions.
struct SessionOptions: ParsableArguments {
    @OptionGroup var daemon: DaemonOptions

    @Option(
        help: ArgumentHelp(
            "The daemon of this user. Otherwise a user's own; for root every one there is.",
            valueName: "uid"))
    var uid: UInt32?

    var daemons: Daemons { Daemons(locator: daemon.locator, uid: uid) }
}

/// What is sampled, and for how long.
struct SamplingOptions: ParsableArguments {
    @Option(
        name: [.customShort("d", allowingJoined: true), .long],
        help: ArgumentHelp(
            "End after this time, as in 500ms, 10s, 2m or 1h. Otherwise it goes on until it is "
                + "ended.", valueName: "time"),
        transform: parsedDuration)
    var duration: Duration?

    @Option(
        help: ArgumentHelp(
            """
            Keep only the last of it, as in 30s, for as long as it goes on (1s or more): a flight \
            recorder, which 'fetch' reads at any moment.
            """, valueName: "time"),
        transform: parsedDuration)
    var last: Duration?

    @Option(
        name: [.customShort("F", allowingJoined: true), .long],
        help: ArgumentHelp("Samples a second on each CPU (default: 99).", valueName: "hertz"))
    var frequency: UInt64?

    @Option(
        help: ArgumentHelp(
            "One sample every so many events; nanoseconds for a clock.", valueName: "events"))
    var period: UInt64?

    @Option(
        name: [.customShort("e", allowingJoined: true), .long],
        help: ArgumentHelp(
            """
            What to sample; may be given several times. cpu-clock, task-clock, cycles, \
            instructions, page-faults, context-switches, cache-misses, or a tracepoint as \
            subsystem:name (default: cycles where the machine counts them, else cpu-clock).
            """, valueName: "name"))
    var event: [String] = []

    @Flag(
        help: """
            Record the kernel's call chains, too, which shows kernel addresses to the process' \
            user. Without it kernel time is counted as one [kernel] frame.
            """)
    var kernel = false

    @Flag(help: "Record the processes that the process starts from now on, too.")
    var followChildren = false

    func validate() throws {
        if let last, last.nanoseconds < BeginRequest.shortestLast {
            throw ValidationError("--last is 1s at least.")
        }
        if frequency != nil && period != nil {
            throw ValidationError("Give --frequency or --period, not both.")
        }
        if frequency == 0 || period == 0 {
            throw ValidationError("--frequency and --period are at least 1.")
        }
        if event.count > BeginRequest.maximumEvents {
            throw ValidationError("There are at most \(BeginRequest.maximumEvents) events.")
        }
    }

    /// What to ask the kernel for.
    func openingOptions() throws(ClientError) -> OpeningOptions {
        var options = OpeningOptions()
        if let frequency { options.rate = .frequency(frequency) }
        if let period { options.rate = .period(period) }
        options.includesKernelFrames = kernel
        options.followsChildren = followChildren
        if event.isEmpty { return options }
        options.events = []
        for name in event {
            do throws(EventSelectionError) {
                options.events.append(try EventSelection(named: name))
            } catch {
                if case .permissionDenied = error {
                    throw ClientError(.noPermission, error.description)
                }
                throw ClientError(.usage, error.description)
            }
        }
        return options
    }
}

/// Names for the kernel's addresses, for the commands that make a report of a session.
struct KernelNameOptions: ParsableArguments {
    @Flag(
        help: """
            Name kernel addresses by /proc/kallsyms, which only root may read: it shows them to \
            the session's user, as 'start --kernel' does.
            """)
    var kernel = false
}

/// The transformation of `--duration`.
func parsedDuration(_ text: String) throws -> Duration {
    do throws(DurationTextError) {
        return try Duration(text: text)
    } catch {
        throw ValidationError(error.description)
    }
}

/// Where a report goes, and as what.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o", allowingJoined: true), .long],
        help: ArgumentHelp(
            """
            The file to write. Its name tells the format: .html a flame graph, .pb.gz pprof, \
            .folded stacks, .txt a table, .recording the recording itself.
            """, valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The format in place of what the name says: html, pprof, folded, table, recording.",
            valueName: "format"))
    var format: String?
}
