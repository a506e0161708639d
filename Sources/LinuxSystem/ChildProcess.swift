// A child process: started stopped before its program if that is wanted, waited for without
// polling, never left as a zombie while its owner lives.
//
// Between parent and child there are two pipes. Over the report pipe, close-on-exec in the child,
// come 8 bytes {step, errno}: step 0 when the child has become who it should be and waits, a step
// of ChildStep where it failed; its end without a word means that the program runs. Over the gate
// the parent says go by one byte; its end without one means that the child must not go on.

internal import CLinux
internal import SystemPackage

/// A process that this one started.
public struct ChildProcess: ~Copyable {
    public let processID: Int32
    /// Becomes readable when the child has ended.
    public let pidfd: ProcessDescriptor
    private let report: OwnedDescriptor
    private var gate: OwnedDescriptor?
    private var end: ChildEnd?

    /// Starts a child.
    ///
    /// - Parameter descriptors: what it has as descriptors 0, 1, 2, …; where there are none it
    ///   keeps the three standard ones. Everything else is closed in it.
    /// - Throws: `ChildFailure`. Without `plan.waits` that of the program is here, too.
    public static func start(
        _ plan: ChildPlan, descriptors: borrowing DescriptorList = DescriptorList()
    ) throws(ChildFailure) -> ChildProcess {
        let gate = try ofParent { () throws(SystemCallError) in try Pipe() }
        let report = try ofParent { () throws(SystemCallError) in try Pipe() }
        let processID = try ofParent { () throws(SystemCallError) in
            // The parent's part of it goes at once: its copy of the report's writing end would
            // keep the report from ending.
            let fork = try ChildFork(plan, descriptors, report: report.writer)
            // For the child, whose these are until it has become its user.
            let before = try OwnProcess.raise([.setuid, .setgid, .setpcap])
            defer { OwnProcess.lower(to: before) }
            return try fork.start(gate: gate)
        }
        // The number cannot be another's: nobody else can wait for our child.
        let pidfd = try ofParent { () throws(SystemCallError) in
            try ProcessDescriptor(processID: processID)
        }
        var child = ChildProcess(
            processID: processID, pidfd: pidfd, report: report.takeReader(),
            gate: gate.takeWriter())
        if plan.waits {
            try child.receiveReport(expectsWord: true)
        } else {
            try child.letGo()
        }
        return child
    }

    private init(
        processID: Int32, pidfd: consuming ProcessDescriptor, report: consuming OwnedDescriptor,
        gate: consuming OwnedDescriptor
    ) {
        self.processID = processID
        self.pidfd = pidfd
        self.report = report
        self.gate = consume gate
    }

    deinit {
        // A child that waits ends at the end of its gate; one that runs is left alone.
        guard case .some = gate, end == nil else { return }
        if Self.signal(pidfd, SIGKILL) { _ = Self.reap(processID) }
    }

    /// Lets a child that waits go on, and waits until its program runs.
    ///
    /// - Throws: `ChildFailure`; `isOfProgram` where the program could not be executed.
    public mutating func letGo() throws(ChildFailure) {
        guard let gate = gate.take() else { return }
        try ofParent { () throws(SystemCallError) in try gate.writeAll([1]) }
        try receiveReport(expectsWord: false)
    }

    /// Sends a signal; does nothing where the child has ended.
    public borrowing func send(_ signal: EndSignal) {
        _ = Self.signal(pidfd, signal.rawValue)
    }

    /// Ends the child at once (`SIGKILL`).
    public borrowing func kill() {
        _ = Self.signal(pidfd, SIGKILL)
    }

    /// The child may have become a user whose processes this one may signal with CAP_KILL only.
    private static func signal(
        _ pidfd: borrowing ProcessDescriptor, _ number: Int32
    ) -> Bool {
        guard let before = try? OwnProcess.raise([.kill]) else { return false }
        defer { OwnProcess.lower(to: before) }
        return clinux_pidfd_send_signal(pidfd.descriptor.rawValue, number) == 0
    }

    /// How the child ended; waits for that until `deadline`, nil where it still runs then.
    ///
    /// - Throws: `SystemCallError` of `poll` or `waitpid`.
    public mutating func wait(until deadline: Deadline = .never) throws(SystemCallError)
        -> ChildEnd?
    {
        if let end { return end }
        var set = WaitSet()
        set.add(pidfd.descriptor, for: .reading)
        if try set.wait(until: deadline).isEmpty { return nil }
        end = try Self.reap(processID).get()
        return end
    }

    private static func reap(_ processID: Int32) -> Result<ChildEnd, SystemCallError> {
        var status: CInt = 0
        do throws(SystemCallError) {
            _ = try retryingOnInterrupt("waitpid") {
                // SAFETY: the kernel writes one number.
                unsafe waitpid(processID, &status, 0)
            }
        } catch {
            return .failure(error)
        }
        let isKilled = clinux_has_been_killed(status) != 0
        return .success(
            isKilled
                ? .killed(signal: clinux_killing_signal(status))
                : .exited(clinux_exit_status(status)))
    }

    private mutating func receiveReport(expectsWord: Bool) throws(ChildFailure) {
        let bytes = try ofParent { () throws(SystemCallError) in try report.readSome(8) }
        if bytes.isEmpty && !expectsWord { return }
        guard bytes.count == 8 else {
            // It was killed before it could say anything.
            throw ChildFailure(step: nil, error: SystemCallError("fork", .noChildProcess))
        }
        let step = Self.number(bytes[0..<4])
        if step == 0 { return }
        let childStep = ChildStep(rawValue: step)
        gate = nil
        end = try? Self.reap(processID).get()
        throw ChildFailure(
            step: childStep,
            error: SystemCallError(
                childStep?.call ?? "fork", Errno(rawValue: Self.number(bytes[4..<8]))))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int32 {
        Int32(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
}

private func ofParent<Value: ~Copyable>(
    _ body: () throws(SystemCallError) -> Value
) throws(ChildFailure) -> Value {
    do {
        return try body()
    } catch {
        throw ChildFailure(step: nil, error: error)
    }
}
