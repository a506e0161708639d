/// Why a name is not an event.
public enum EventSelectionError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknown(String)
    case noSuchTracepoint(String)
    /// No tracefs is mounted, so that no tracepoint can be looked up.
    case tracingFileSystemMissing(String)
    /// The tracefs mounted here is not for this user to read.
    case permissionDenied(String)

    public var description: String {
        switch self {
        case .unknown(let name):
            "There is no event '\(name)'. Known are "
                + EventSelection.known.map(\.name).joined(separator: ", ")
                + ", and tracepoints as subsystem:name."
        case .noSuchTracepoint(let name):
            "This kernel has no tracepoint '\(name)'; the directories of "
                + "/sys/kernel/tracing/events are the ones it has."
        case .tracingFileSystemMissing(let name):
            "The tracepoint '\(name)' cannot be looked up, for tracefs is not mounted; "
                + "mount it with: mount -t tracefs tracefs /sys/kernel/tracing"
        case .permissionDenied(let path):
            "The tracepoints in \(path) may be read by root only; run this as root (sudo)."
        }
    }
}
