// Every way in which profilerctl fails: an exit status for scripts and one sentence for people.

public import ControlProtocol
public import LinuxSystem
internal import Reports

/// What profilerctl exits with; docs/exit-codes.md. Numbers from 64 on are those of sysexits(3).
public enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// The daemon could not do it, a limit was reached, or the session failed.
    case failure = 1
    /// The command line makes no sense, or asks for what this machine cannot do.
    case usage = 64
    /// The recording is damaged, or is none.
    case badData = 65
    /// There is no such process, session or file.
    case notFound = 66
    /// No daemon is there, or it does not answer.
    case unavailable = 69
    /// A system call failed that should not have.
    case systemError = 71
    /// The output could not be written.
    case cannotCreate = 73
    /// Something answers that is not the daemon asked for: another uid, another program, another
    /// version.
    case wrongPeer = 76
    /// The kernel or the daemon does not allow it, or the policy that was asked about.
    case noPermission = 77
    /// The configuration of a daemon is not valid.
    case configuration = 78
    /// COMMAND was found but cannot be executed.
    case commandNotExecutable = 126
    /// COMMAND was not found.
    case commandNotFound = 127
    /// Ended by a second Ctrl-C.
    case interrupted = 130
    /// Ended by a second SIGTERM.
    case terminated = 143
}

/// Why profilerctl could not do what it was asked for.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    public let status: ExitStatus
    /// A full sentence, fit for a terminal.
    public let description: String
    /// The error that the daemon answered with.
    public let refusal: ControlError?
    /// No daemon runs where one was looked for.
    public let isAbsence: Bool

    public init(
        _ status: ExitStatus, _ sentence: String, refusal: ControlError? = nil,
        isAbsence: Bool = false
    ) {
        self.isAbsence = isAbsence
        self.status = status
        self.description = visibleText(sentence)
        self.refusal = refusal
    }

    /// A system call that failed where nothing better can be said.
    public init(_ error: SystemCallError) {
        self.init(.systemError, "\(error).")
    }

    /// An error that the daemon answered with.
    public init(_ error: ControlError) {
        let status: ExitStatus =
            switch error {
            case .permissionDenied: .noPermission
            case .noSuchSession: .notFound
            case .interfaceNotFound, .methodNotFound, .invalidParameter, .expectedMore, .other:
                .wrongPeer
            default: .failure
            }
        self.init(status, error.description, refusal: error)
    }
}

/// Runs `body`; a failing system call becomes a client's error.
func system<Value: ~Copyable>(
    _ body: () throws(SystemCallError) -> Value
) throws(ClientError) -> Value {
    do { return try body() } catch { throw ClientError(error) }
}
