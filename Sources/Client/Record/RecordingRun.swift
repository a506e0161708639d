// `record` from its target to its report. What can fail for reasons of the user's is tried before
// the recording, so that nobody waits ten seconds to hear of a missing directory; and whatever
// fails, the daemon forgets the session, since it ends with this connection.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Reports

/// One run of `record`.
struct RecordingRun {
    enum Subject {
        case process(Int32)
        case group(GroupChoice)
        case command([String], UserAccount?)
    }

    let subject: Subject
    let plan: RecordingPlan
    let daemons: Daemons
    let format: ReportFormat
    let output: String?
    let user: InvokingUser

    /// The capabilities that a run takes.
    static func needed(
        by user: InvokingUser, forKernel: Bool, forCommand: Bool
    ) -> CapabilitySet {
        Privileges.opening.union(Privileges.connecting).union(Privileges.reporting)
            .union(Privileges.files(of: user))
            .union(forKernel ? Privileges.kernelNames : [])
            .union(forCommand ? Privileges.command : [])
    }

    func perform() throws(ClientError) {
        var output = try OutputFile(output, for: user)
        switch subject {
        case .process(let processID):
            let target = try openTarget(processID, plan.opening)
            try record(.process(target), executing: nil, into: &output)
        case .group(let choice):
            let group = try choice.open(plan.opening)
            try record(.group(group), executing: nil, into: &output)
        case .command(let arguments, let account):
            var command = try Command(arguments, as: account)
            // The command is to have what its user has: it was started before.
            try Privileges.seal(
                keeping: Self.needed(
                    by: user, forKernel: plan.opening.includesKernelFrames, forCommand: true))
            let target = try openTarget(command.child.processID, plan.opening)
            let name = command.name
            var end: ChildEnd?
            try record(.process(target), executing: name, into: &output) {
                phase, signals throws(ClientError) in
                switch phase {
                case .committed: try command.execute()
                case .ended: end = try command.end(unless: signals)
                }
            }
            sayEnd(end, of: name)
        }
    }

    /// When something is to be done about the command.
    private enum Phase {
        case committed
        case ended
    }

    private func record(
        _ subject: consuming OpenedSubject, executing name: String?, into output: inout OutputFile,
        _ body: (Phase, borrowing SignalDescriptor) throws(ClientError) -> Void = {
            _, _ throws(ClientError) in
        }
    ) throws(ClientError) {
        let owner = subject.owner
        let notes = subject.notes
        let isProcess = subject.isProcess
        let watch = try subject.watch()
        let symbols = plan.opening.includesKernelFrames ? try KernelSymbolFile() : nil
        var connection = try daemons.connect(to: owner.uid)
        let handover = Handover(plan: plan, command: name)
        let session = try handover.perform(subject, over: &connection)
        // From here on a signal ends the recording and not the program.
        let signals = try system { () throws(SystemCallError) in try SignalDescriptor() }
        do throws(ClientError) {
            try body(.committed, signals)
        } catch {
            // Nothing was executed: nothing is to be kept.
            _ = try? connection.stop(session)
            throw error
        }
        // Not before: who hears that it failed need not hear what it would have been like.
        for note in notes { Console.say(note) }
        // The recording outlives its daemon for whoever holds it open.
        let early = try connection.fetch(session)
        let writer = RecordedSessionWriter(
            format: format, invokingUser: user, user: owner, kernelSymbols: symbols)
        do throws(ClientError) {
            // A command may write to the same terminal, and the line would be in the midst of it.
            var progress = Progress(isShown: name == nil && StandardError.isTerminal)
            var link = try SessionLink(session, over: connection, watch)
            // The last connection is found. What remains speaks for the target's user, makes the
            // report as them, and writes it as this one.
            try Privileges.drop(
                Privileges.connecting.subtracting(Privileges.claiming)
                    .subtracting(Privileges.files(of: user)))
            try link.waitForEnd(signals, &progress)
            let recorded = try link.stop(signals)
            do throws(ClientError) { try body(.ended, signals) } catch {
                throw recorded.kept(after: error)
            }
            try Privileges.drop(Privileges.command)
            // A command's end is what the user waited for; another process' may surprise.
            if name == nil, recorded.status.endReason == .targetGone {
                Console.say(
                    isProcess
                        ? "The recording ended with its process."
                        : "The recording ended with the last process of its cgroup.")
            }
            try writer.write(recorded, signals: signals, into: &output)
            if recorded.status.samples == 0, isProcess, !plan.opening.followsChildren {
                Console.say("The processes that it started are recorded with --follow-children.")
            }
        } catch {
            guard error.status == .unavailable else { throw error }
            Console.say(error.description)
            try body(.ended, signals)
            try writer.rescue(early, signals: signals, into: &output)
        }
    }

    private func sayEnd(_ end: ChildEnd?, of name: String) {
        switch end {
        case nil:
            Console.say("The command '\(name)' goes on in spite of SIGTERM; it was left alone.")
        case .exited(0)?, .killed(EndSignal.terminate.rawValue)?,
            .killed(EndSignal.interrupt.rawValue)?:
            return
        case .exited(let status)?:
            Console.say("The command '\(name)' ended with status \(status).")
        case .killed(let signal)?:
            Console.say("The command '\(name)' was killed by signal \(signal).")
        }
    }
}

/// Opens a process's events; nothing more can be opened afterwards.
///
/// - Throws: `ClientError`; also where the kernel would allow it, but only because the program's
///   file has capabilities, which were not given to this user to watch others with.
func openTarget(
    _ processID: Int32, _ options: OpeningOptions
) throws(ClientError) -> OpenedTarget {
    var options = options
    options.onlyUser = OwnProcess.uid == 0 ? nil : OwnProcess.uid
    let target: OpenedTarget
    do throws(OpeningError) {
        target = try TargetOpener(options).open(processID: processID)
    } catch {
        throw ClientError(error)
    }
    try Privileges.drop(Privileges.opening)
    return target
}
