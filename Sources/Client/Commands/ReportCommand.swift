internal import ArgumentParser
internal import LinuxSystem
internal import Reports
internal import SystemPackage

/// `profilerctl report`.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a report of a recording that was kept as a file.",
        discussion: """
            It needs no daemon and no privilege. Run as root, it makes the report with the rights \
            of the recording's owner.

            EXAMPLES
              profilerctl report cpu.recording
              profilerctl report cpu.recording --output cpu.html
              sudo profilerctl report cpu.recording --kernel --output cpu.pb.gz
            """)

    @Argument(help: "The recording.", completion: .file(extensions: ["recording"]))
    var file: String

    @Flag(
        help: """
            Name kernel addresses by /proc/kallsyms; only of this boot, and only root may read it.
            """)
    var kernel = false

    @OptionGroup var output: OutputOptions

    func run() throws {
        let user = InvokingUser.current()
        let needed = Privileges.reporting.union(Privileges.files(of: user))
            .union(kernel ? Privileges.kernelNames : [])
        try running(with: needed) { () throws(ClientError) in
            let format = try reportFormat(
                word: output.format, output: output.output,
                standardOutputIsTerminal: StandardOutput.isTerminal)
            let recording = try open(as: user)
            var job = ReportJob(format: format, invokingUser: user)
            job.kernelSymbols = kernel ? try KernelSymbolFile() : nil
            job.identity = try identity(recording, user)
            var output = try OutputFile(output.output, for: user)
            job.width = output.width ?? job.width
            let signals = try system { () throws(SystemCallError) in try SignalDescriptor() }
            let findings: ReportFindings
            do throws(ClientError) {
                findings = try job.run(recording, signals: signals, into: &output)
            } catch {
                guard error.status == .badData else { throw error }
                throw ClientError(.badData, "No report of \(file): \(error.description)")
            }
            try output.publish(isSecret: kernel || format == .recording)
            for sentence in (findings.cut.map { [$0] } ?? []) + findings.missing {
                Console.say(sentence)
            }
            try findings.requireSoundness()
        }
    }

    private func open(as user: InvokingUser) throws(ClientError) -> OwnedDescriptor {
        do throws(SystemCallError) {
            let file = self.file
            return try user.withRights { () throws(SystemCallError) in
                // A FIFO would keep us waiting: looked at by reference first.
                guard try FileFacts(path: file).kind == .regular else {
                    throw SystemCallError("open", .invalidArgument, on: file)
                }
                return try OwnedDescriptor.open(file, for: .reading)
            }
        } catch {
            switch error.errno {
            case .invalidArgument:
                throw ClientError(.badData, "\(file) is not a regular file, so no recording.")
            case .permissionDenied, .notPermitted:
                throw ClientError(
                    .noPermission, "This user may not read the recording \(file).")
            default:
                throw ClientError(
                    .notFound, "The recording \(file) cannot be opened: \(error.errno).")
            }
        }
    }

    /// Whom the report is made as: nobody is root who need not be.
    private func identity(
        _ recording: borrowing OwnedDescriptor, _ user: InvokingUser
    ) throws(ClientError) -> UserIdentity? {
        guard OwnProcess.effectiveUID == 0 else { return nil }
        let facts = try system { () throws(SystemCallError) in try FileFacts(of: recording) }
        if facts.uid != 0 { return UserIdentity(uid: facts.uid, otherwise: facts.gid) }
        return user.identity
    }
}

/// The child that makes a report; hidden, for nobody calls it by hand.
struct MakeReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ReportJob.subcommand, abstract: "Make a report of descriptor 3.",
        shouldDisplay: false)

    @Option var format: String
    @Option var width = 100
    @Flag var kernel = false

    func run() throws {
        do throws(ClientError) {
            // Who calls it by hand may have some.
            try Privileges.start(with: [])
            try Privileges.seal(keeping: [])
            // Its user's other processes have no business in it.
            try system { () throws(SystemCallError) in try OwnProcess.hide() }
            let format = try reportFormat(
                word: format, output: "-", standardOutputIsTerminal: false)
            try ReportMaker.run(format, width: width, hasKernel: kernel)
        } catch {
            StandardError.write(Array("\(ReportJob.failurePrefix)\(error.description)\n".utf8))
            throw ExitCode(error.status.rawValue)
        }
    }
}
