// `record -- COMMAND`: a child that waits, as the right user, until its events are open and the
// daemon has them. The kernel starts the events at its execve(2), so that nothing of profilerctl is
// in the recording.

internal import LinuxSystem
internal import SystemPackage

/// A command that is started to be profiled.
struct Command: ~Copyable {
    let arguments: [String]
    private(set) var child: ChildProcess

    /// How long a command may take to end after SIGTERM before it is left alone.
    static let endingTime = Duration.seconds(5)

    /// Starts the command's process, which waits.
    ///
    /// - Parameter user: whom it runs as; nil is as this process.
    init(_ arguments: [String], as user: UserAccount?) throws(ClientError) {
        guard let program = arguments.first else {
            throw ClientError(.usage, "There is no command after '--'.")
        }
        var plan = ChildPlan(
            .named(program), arguments: arguments,
            environment: Self.environment(OwnProcess.environment, for: user))
        plan.identity = user.map { UserIdentity($0) }
        plan.waits = true
        do throws(ChildFailure) {
            child = try ChildProcess.start(plan)
        } catch {
            throw Self.error(error, program: program)
        }
        self.arguments = arguments
    }

    /// The name that the process will have (`/proc/PID/comm`): 15 bytes of the file's name.
    var name: String {
        let last = arguments[0].split(separator: "/").last.map(String.init) ?? arguments[0]
        return String(decoding: last.utf8.prefix(15), as: UTF8.self)
    }

    /// Executes the command.
    ///
    /// - Throws: exit status 126 or 127, as env(1) has it, where that is not possible.
    mutating func execute() throws(ClientError) {
        do throws(ChildFailure) {
            try child.letGo()
        } catch {
            throw Self.error(error, program: arguments[0])
        }
    }

    /// Ends the command, if it still runs, as perf record does: by SIGTERM.
    ///
    /// - Parameter signals: a second Ctrl-C, which ends the waiting.
    /// - Returns: how it ended; nil where it goes on in spite of that.
    mutating func end(unless signals: borrowing SignalDescriptor) throws(ClientError) -> ChildEnd? {
        // After Ctrl-C on a terminal it has had its own SIGINT a moment ago.
        try wait(.milliseconds(100), unless: signals)
        if let end = try ending() { return end }
        child.send(.terminate)
        try wait(Self.endingTime, unless: signals)
        return try ending()
    }

    private mutating func ending() throws(ClientError) -> ChildEnd? {
        do throws(SystemCallError) {
            return try child.wait(until: Deadline(after: .zero))
        } catch {
            throw ClientError(error)
        }
    }

    /// Waits for the command's end, or until the user does not want to any more.
    private func wait(
        _ duration: Duration, unless signals: borrowing SignalDescriptor
    ) throws(ClientError) {
        var set = WaitSet()
        set.add(child.pidfd.descriptor, for: .reading)
        set.add(signals.descriptor, for: .reading)
        let deadline = Deadline(after: duration)
        let ready = try system { () throws(SystemCallError) in try set.wait(until: deadline) }
        guard ready.contains(1), let signal = signals.next() else { return }
        child.send(.terminate)
        throw ClientError(endedBy: signal)
    }

    private static func error(_ failure: ChildFailure, program: String) -> ClientError {
        guard failure.isOfProgram else {
            let hint =
                failure.step == nil
                ? "" : " Only root may run a command as another user."
            return ClientError(
                failure.step == nil ? .systemError : .noPermission,
                "The command's process could not be started: \(failure.error).\(hint)")
        }
        switch (failure.error.errno, program.utf8.contains(UInt8(ascii: "/"))) {
        case (.noSuchFileOrDirectory, true):
            return ClientError(.commandNotFound, "There is no command '\(program)'.")
        case (.noSuchFileOrDirectory, false):
            return ClientError(
                .commandNotFound, "The command '\(program)' was not found in PATH.")
        case (.permissionDenied, false):
            // execvp(3) says so, too, where PATH has a directory that the user may not enter.
            return ClientError(
                .commandNotExecutable,
                "The command '\(program)' was not found in PATH, or its user may not execute it.")
        case (let errno, _):
            return ClientError(
                .commandNotExecutable, "The command '\(program)' cannot be executed: \(errno).")
        }
    }

    /// The environment for a command of `user`; unchanged for this process' own.
    static func environment(_ own: [String], for user: UserAccount?) -> [String] {
        guard let user else { return own }
        let replaced = ["HOME", "USER", "LOGNAME", "SHELL", "MAIL", "XDG_RUNTIME_DIR"]
        let kept = own.filter { entry in
            let name = entry.prefix { $0 != "=" }
            return !name.hasPrefix("SUDO_") && !replaced.contains(String(name))
        }
        return kept + [
            "HOME=\(user.home)", "USER=\(user.name)", "LOGNAME=\(user.name)",
            "SHELL=\(user.shell)",
        ]
    }
}
