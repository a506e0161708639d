public import LinuxSystem

/// Why entries could not be recorded. The recording stays valid up to its last commit and can be
/// sealed.
public enum RecordingWriterError: Error, Equatable, Sendable {
    /// The next entries would make the recording longer than its configured limit.
    case limitReached(bytes: Int)
    /// The file system, the quota or RLIMIT_FSIZE has no room (`ENOSPC`, `EDQUOT`, `EFBIG`).
    case outOfSpace(SystemCallError)
    /// Another system call failed.
    case system(SystemCallError)

    init(_ error: SystemCallError) {
        self = error.isOutOfSpace ? .outOfSpace(error) : .system(error)
    }

    /// Whether it helps to make the recording smaller. Offsets do not become smaller by that.
    var isLackOfRoom: Bool {
        switch self {
        case .limitReached: true
        case .outOfSpace(let error): error.errno != .fileTooLarge
        case .system: false
        }
    }

    /// The reason that a recording ends with for this error.
    public var endReason: EndReason {
        switch self {
        case .limitReached: .sizeLimit
        case .outOfSpace: .storageFull
        case .system: .failure
        }
    }
}

extension RecordingWriterError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .limitReached(let bytes):
            "The recording has reached its limit of \(bytes) bytes."
        case .outOfSpace(let error):
            "There is no room for more of the recording (\(error)); free space where recordings "
                + "are kept, or raise the quota or file size limit."
        case .system(let error):
            "The recording cannot be written: \(error)."
        }
    }
}
