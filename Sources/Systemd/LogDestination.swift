// Where log lines go. systemd sets JOURNAL_STREAM to the device and inode of the stream it gave
// the service as its standard error (systemd.exec(5)). The variable alone is not enough: a child
// whose standard error was redirected inherits it, so the two are compared.

internal import CSystemd
internal import LinuxSystem
public import Logging

/// Where this process's log lines belong.
public enum LogDestination: Sendable, Equatable {
    case journal
    case terminal

    /// The journal where standard error is connected to it, standard error as text elsewhere.
    public static var current: LogDestination {
        // SAFETY: the environment is not changed by another thread: the program has one.
        let variable = unsafe getenv("JOURNAL_STREAM").map { unsafe String(cString: $0) }
        guard let identity = StandardError.fileIdentity else { return .terminal }
        return of(journalStream: variable, device: identity.device, inode: identity.inode)
    }

    static func of(journalStream: String?, device: UInt64, inode: UInt64) -> LogDestination {
        journalStream == "\(device):\(inode)" ? .journal : .terminal
    }

    /// A logger that writes here.
    ///
    /// - Parameter identifier: the program's name in each line.
    public func logger(identifier: String = "profilerd", level: Logger.Level = .info) -> Logger {
        Logger(label: identifier) { _ in
            switch self {
            case .journal: JournalLogHandler(identifier: identifier, level: level)
            case .terminal: TerminalLogHandler(identifier: identifier, level: level)
            }
        }
    }
}
