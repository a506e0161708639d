// From a recording that the daemon handed out to the finished output: what `record`, `fetch` and
// `stop` end with.

internal import ControlProtocol
internal import LinuxSystem
internal import Reports

struct RecordedSessionWriter {
    let format: ReportFormat
    let invokingUser: InvokingUser
    /// Whose recording it is, and whom the report is made as.
    let user: UserIdentity
    /// Names for kernel addresses; nil where nobody asked for them. It is not for the daemon to
    /// say that there are any: its user could look at them in the child that makes the report.
    let kernelSymbols: KernelSymbolFile?

    /// Writes the report, says what is to be said of the session, and fails if the session did.
    func write(
        _ recorded: borrowing RecordedSession, signals: borrowing SignalDescriptor,
        into output: inout OutputFile
    ) throws(ClientError) {
        let status = recorded.status
        let findings: ReportFindings
        do throws(ClientError) {
            findings = try makeReport(recorded, signals: signals, into: &output)
        } catch {
            throw recorded.kept(after: error)
        }
        recorded.giveReceipt()
        for note in closingNotes(status) { Console.say(note) }
        if StandardError.isTerminal, let path = output.path {
            let last = status.lastNanoseconds.map {
                "the last \(elapsedText(nanoseconds: $0)) of "
            }
            Console.say(
                "\(last ?? "")\(status.samples) samples in "
                    + "\(elapsedText(nanoseconds: status.elapsedNanoseconds)), \(status.lost) lost; "
                    + "the \(format.rawValue) is in \(path)")
        }
        guard status.endReason != .failed else {
            throw ClientError(
                .failure,
                "The session failed, and what it had until then was written: "
                    + (status.error ?? "the daemon does not say why."))
        }
        try findings.requireSoundness()
    }

    /// Writes the report of a recording whose daemon has gone, with what it had until then.
    ///
    /// - Throws: `ClientError`, in any case: the session is not what it should have been.
    func rescue(
        _ recorded: borrowing RecordedSession, signals: borrowing SignalDescriptor,
        into output: inout OutputFile
    ) throws(ClientError) {
        try system { () throws(SystemCallError) in try signals.holdBack() }
        let findings = try makeReport(recorded, signals: signals, into: &output)
        // There is no last status to say it from.
        for sentence in findings.missing { Console.say(sentence) }
        try findings.requireSoundness()
        throw ClientError(
            .failure, "The daemon went away; the report has what was recorded until then.")
    }

    private func makeReport(
        _ recorded: borrowing RecordedSession, signals: borrowing SignalDescriptor,
        into output: inout OutputFile
    ) throws(ClientError) -> ReportFindings {
        let hasKernel = recorded.status.kernel == .addresses
        var job = ReportJob(format: format, invokingUser: invokingUser)
        job.kernelSymbols = hasKernel ? kernelSymbols : nil
        if hasKernel, kernelSymbols == nil, format != .recording {
            Console.say(
                """
                The kernel's addresses are without names, which '--kernel' gives them; it lets uid \
                \(user.uid) see where the kernel's functions are.
                """)
        }
        job.width = output.width ?? job.width
        // Only root can become somebody else, and only a privileged client has another target.
        job.identity = OwnProcess.effectiveUID == 0 ? user : nil
        let findings = try job.run(recorded.recording, signals: signals, into: &output)
        try output.publish(isSecret: hasKernel || format == .recording)
        if let cut = findings.cut { Console.say(cut) }
        return findings
    }
}
