// A descriptor that a peer sent and says to be a file. What it is, is found out from this process'
// own tables and from what the kernel has cached: a file system may be the peer's (FUSE), and one
// that is asked may never answer.

internal import CLinux
internal import SystemPackage

/// Why a received descriptor is not one of a file to read.
public enum ReceivedFileDefect: Hashable, Sendable, CustomStringConvertible {
    /// A pipe, a socket or a device could keep its reader for ever; a directory is none.
    case notRegular
    /// It was opened for writing, too, or only to refer to the file (`O_PATH`).
    case notReadOnly
    /// It is memory (memfd_create(2)) that the sender can still change.
    case unsealed

    public var description: String {
        switch self {
        case .notRegular: "not a regular file"
        case .notReadOnly: "not opened for reading alone"
        case .unsealed: "memory that is not sealed"
        }
    }
}

extension OwnedDescriptor {
    /// What is wrong with it as a file to read; nil where nothing is.
    ///
    /// - Throws: `SystemCallError` of `fcntl`, `statx` or `readlink`.
    public borrowing func receivedFileDefect() throws(SystemCallError) -> ReceivedFileDefect? {
        let number = rawValue
        let flags = try checked("fcntl", on: "F_GETFL") { clinux_fcntl(number, F_GETFL, 0) }
        guard flags & (O_ACCMODE | clinux_o_path()) == O_RDONLY else { return .notReadOnly }
        var mode: UInt32 = 0
        // SAFETY: the call writes one number in this frame.
        _ = try checked("statx") { unsafe clinux_cached_mode(number, &mode) }
        guard mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { return .notRegular }
        // A path cannot begin like this but in the root directory, where only root makes files.
        guard try kindLink().hasPrefix("/memfd:") else { return nil }
        let seals = clinux_seals(number)
        let needed = clinux_content_seals()
        return seals >= 0 && seals & needed == needed ? nil : .unsealed
    }
}
