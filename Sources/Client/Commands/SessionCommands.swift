// The commands that take one session: `fetch` and `stop`. A session's name is unique on the host,
// so for root every daemon is asked until one knows it.

internal import ArgumentParser
internal import ControlProtocol
internal import LinuxSystem
internal import Reports

/// `profilerctl fetch`.
struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Write a report of a session as it is now; it goes on.",
        discussion: """
            EXAMPLES
              sudo profilerctl fetch SESSION --output now.folded
              profilerctl fetch SESSION                            # a table
            """)

    @Argument(help: "The session, as 'start' and 'list' have it.")
    var session: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var names: KernelNameOptions
    @OptionGroup var options: SessionOptions

    func run() throws {
        try running(with: SessionWriting.needed(names)) { () throws(ClientError) in
            let writing = try SessionWriting(output, names)
            try writing.perform(session, options.daemons) {
                (connection: inout ControlConnection, session) throws(ClientError) in
                try connection.fetch(session)
            }
        }
    }
}

/// `profilerctl stop`.
struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End a session, or take one that has ended, and write its report.",
        discussion: """
            The daemon forgets the session. Without --output the table is printed.

            EXAMPLES
              sudo profilerctl stop SESSION --output cpu.html
              sudo profilerctl stop SESSION --discard
            """)

    @Argument(help: "The session, as 'start' and 'list' have it.")
    var session: String

    @Flag(help: "Make no report: what was recorded is gone.")
    var discard = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var names: KernelNameOptions
    @OptionGroup var options: SessionOptions

    func validate() throws {
        if discard, output.output != nil || output.format != nil || names.kernel {
            throw ValidationError(
                "--discard makes no report: leave --output, --format and --kernel out.")
        }
    }

    func run() throws {
        if discard {
            try running(with: Privileges.connecting, forget)
            return
        }
        try running(with: SessionWriting.needed(names)) { () throws(ClientError) in
            let writing = try SessionWriting(output, names)
            try writing.perform(session, options.daemons) {
                (connection: inout ControlConnection, session) throws(ClientError) in
                try connection.take(session)
            }
        }
    }

    private func forget() throws(ClientError) {
        try withSession(session, options.daemons) {
            (connection: inout ControlConnection) throws(ClientError) in
            let status = try connection.stop(session).status
            try printLine(
                "\(status.session) ended after "
                    + "\(elapsedText(nanoseconds: status.elapsedNanoseconds)): "
                    + "\(status.samples) samples, \(status.lost) lost")
        }
    }
}

/// Takes a session's recording and writes its report.
private struct SessionWriting {
    private let format: ReportFormat
    private let output: String?
    private let names: KernelNameOptions

    /// The capabilities that it takes.
    static func needed(_ names: KernelNameOptions) -> CapabilitySet {
        Privileges.connecting.union(Privileges.reporting)
            .union(Privileges.files(of: .current()))
            .union(names.kernel ? Privileges.kernelNames : [])
    }

    init(_ options: OutputOptions, _ names: KernelNameOptions) throws(ClientError) {
        self.names = names
        format = try reportFormat(
            word: options.format, output: options.output,
            standardOutputIsTerminal: StandardOutput.isTerminal)
        output = options.output
    }

    func perform(
        _ session: String, _ daemons: Daemons,
        _ take: (inout ControlConnection, String) throws(ClientError) -> RecordedSession
    ) throws(ClientError) {
        let user = InvokingUser.current()
        var file = try OutputFile(output, for: user)
        let symbols = names.kernel ? try KernelSymbolFile() : nil
        let signals = try system { () throws(SystemCallError) in try SignalDescriptor() }
        try withSession(session, daemons) {
            (connection: inout ControlConnection) throws(ClientError) in
            let recorded = try take(&connection, session)
            let writer = RecordedSessionWriter(
                format: format, invokingUser: user, user: connection.daemonUser,
                kernelSymbols: symbols)
            try writer.write(recorded, signals: signals, into: &file)
        }
    }
}

/// Runs `body` at the daemon that knows a session.
private func withSession(
    _ session: String, _ daemons: Daemons,
    _ body: (inout ControlConnection) throws(ClientError) -> Void
) throws(ClientError) {
    var isFound = false
    try daemons.forEach { (connection: inout ControlConnection) throws(ClientError) -> Bool in
        do throws(ClientError) {
            try body(&connection)
            isFound = true
        } catch {
            guard case .noSuchSession? = error.refusal else { throw error }
        }
        return isFound
    }
    guard isFound else {
        throw ClientError(
            .notFound,
            "There is no session '\(session)'. 'profilerctl list' shows those there are.")
    }
}
