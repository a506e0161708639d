// A report is made by a child that can do nothing but compute (ChildFork.swift): it has become the
// user whose process was recorded, has no capability and no way to any, no terminal, an empty
// environment, and five descriptors: nothing to read, the pipe its bytes go to, a pipe for its
// words, the recording and perhaps /proc/kallsyms. It opens the files that the process had mapped,
// and those may be hostile. The parent reads nothing of the recording, not even to keep it as it
// is: it copies bytes, and shows of the words what is fit to be shown.

internal import LinuxSystem
internal import Reports

/// A report that is to be made of a recording.
struct ReportJob {
    let format: ReportFormat
    /// Whose the output is.
    let invokingUser: InvokingUser
    /// Of a table, in columns.
    var width = 100
    /// What gives the recording's kernel addresses names, if they are to get any.
    var kernelSymbols: KernelSymbolFile?
    /// Whom the child becomes; nil is this process' own user.
    var identity: UserIdentity?

    init(format: ReportFormat, invokingUser: InvokingUser) {
        self.format = format
        self.invokingUser = invokingUser
    }

    /// The hidden subcommand that the child is.
    static let subcommand = "make-report"
    /// Where the child has the recording and /proc/kallsyms.
    static let recordingNumber: Int32 = 3
    static let kallsymsNumber: Int32 = 4
    /// What the child's last word begins with when it could not make the report.
    static let failurePrefix = "error: "

    /// No report is longer; what would be is none.
    private static let longestReport = 4 << 30
    /// Of what the child says no more is read.
    private static let longestWords = 64 << 10

    /// Makes the report and writes it to `output`, which is not published yet. Once the child
    /// runs, this process has no privilege any more.
    ///
    /// - Parameter signals: those that end it.
    /// - Returns: what is to be said about the recording.
    func run(
        _ recording: borrowing OwnedDescriptor, signals: borrowing SignalDescriptor,
        into output: inout OutputFile
    ) throws(ClientError) -> ReportFindings {
        let bytes = try system { () throws(SystemCallError) in try Pipe() }
        let words = try system { () throws(SystemCallError) in try Pipe() }
        var child = try start(recording, bytes: bytes.writer, words: words.writer)
        try Privileges.finish(as: invokingUser)
        let bytesReader = bytes.takeReader()
        let wordsReader = words.takeReader()
        var said: [UInt8] = []
        do throws(ClientError) {
            try copy(bytesReader, wordsReader, signals, into: &output, said: &said)
        } catch {
            child.kill()
            throw error
        }
        let end = try system { () throws(SystemCallError) in try child.wait() }
        let lines = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        try judge(end, lines)
        return ReportFindings(lines)
    }

    private func start(
        _ recording: borrowing OwnedDescriptor, bytes: borrowing OwnedDescriptor,
        words: borrowing OwnedDescriptor
    ) throws(ClientError) -> ChildProcess {
        var arguments = [
            "profilerctl", Self.subcommand, "--format", format.word, "--width", "\(width)",
        ]
        if kernelSymbols != nil { arguments.append("--kernel") }
        var plan = ChildPlan(.itself, arguments: arguments, environment: [])
        plan.identity = identity
        plan.isConfined = true
        let descriptors = try system { () throws(SystemCallError) in
            let null = try OwnedDescriptor.open("/dev/null", for: .reading)
            var list = DescriptorList()
            list.append(try null.duplicate())
            list.append(try bytes.duplicate())
            list.append(try words.duplicate())
            list.append(try recording.duplicate())
            if let kernelSymbols {
                list.append(try kernelSymbols.descriptor.duplicate())
            } else {
                list.append(null)
            }
            return list
        }
        do throws(ChildFailure) {
            return try ChildProcess.start(plan, descriptors: descriptors)
        } catch {
            guard error.isOfProgram, let identity else { throw ClientError(error.error) }
            throw ClientError(
                .noPermission,
                """
                The report could not be made: uid \(identity.uid), which makes it, may not execute \
                profilerctl (\(error.error.errno)). Install it where everybody may, mode 0755.
                """)
        }
    }

    /// Copies until both pipes have ended.
    private func copy(
        _ bytes: borrowing OwnedDescriptor, _ words: borrowing OwnedDescriptor,
        _ signals: borrowing SignalDescriptor, into output: inout OutputFile, said: inout [UInt8]
    ) throws(ClientError) {
        var (total, isWhole, isSilent) = (0, false, false)
        while !isWhole || !isSilent {
            var set = WaitSet()
            set.add(signals.descriptor, for: .reading)
            // A pipe that has ended is always ready: the other takes its place.
            if isWhole { set.add(words, for: .reading) } else { set.add(bytes, for: .reading) }
            if isSilent { set.add(bytes, for: .reading) } else { set.add(words, for: .reading) }
            let ready = try system { () throws(SystemCallError) in try set.wait() }
            if ready.contains(0), let signal = signals.next() { throw ClientError(endedBy: signal) }
            if ready.contains(1), !isWhole {
                let chunk = try system { () throws(SystemCallError) in
                    try bytes.readSome(1 << 16)
                }
                isWhole = chunk.isEmpty
                total += chunk.count
                guard total <= Self.longestReport else {
                    throw ClientError(
                        .failure, "The report has more than \(Self.longestReport) bytes.")
                }
                try output.write(chunk) { stream throws(ClientError) in
                    try Self.wait(for: stream, signals)
                }
            }
            if ready.contains(2), !isSilent {
                let chunk = try system { () throws(SystemCallError) in
                    try words.readSome(1 << 12)
                }
                isSilent = chunk.isEmpty
                said += chunk.prefix(Self.longestWords - said.count)
            }
        }
    }

    /// Waits until whoever reads the report takes more of it, or the user wants no more.
    private static func wait(
        for stream: borrowing OwnedDescriptor, _ signals: borrowing SignalDescriptor
    ) throws(ClientError) {
        var set = WaitSet()
        set.add(signals.descriptor, for: .reading)
        set.add(stream, for: .writing)
        let ready = try system { () throws(SystemCallError) in try set.wait() }
        if ready.contains(0), let signal = signals.next() { throw ClientError(endedBy: signal) }
    }

    /// Whether the report is whole, by how its child ended.
    private func judge(_ end: ChildEnd?, _ lines: [String]) throws(ClientError) {
        let reason = lines.last.flatMap { line in
            line.hasPrefix(Self.failurePrefix) ? line.dropFirst(Self.failurePrefix.count) : nil
        }
        switch end {
        case .exited(0)?: return
        case .exited(let status)?:
            throw ClientError(
                ExitStatus(rawValue: status) == .badData ? .badData : .failure,
                reason.map(String.init) ?? "The report could not be made (status \(status)).")
        case .killed(let signal)?:
            throw ClientError(
                .failure,
                """
                The process that makes the report crashed (signal \(signal)); the recording itself \
                may be kept with --output FILE.recording.
                """)
        case nil: throw ClientError(.failure, "The process that makes the report went on.")
        }
    }
}

extension ClientError {
    /// The user wants no more.
    init(endedBy signal: EndSignal) {
        self.init(
            signal == .interrupt ? .interrupted : .terminated, "Ended before the report was whole.")
    }
}
