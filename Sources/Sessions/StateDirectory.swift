// The directory that recordings are made in: what its limits are when one is reached, and which of
// the files in it go when they are too many or too old.
//
// A recording is in use while somebody who has to do with its session holds it open: the file is
// locked (flock(2)) by the descriptor that the session keeps for its readers, and with it by all
// that were handed out. So another daemon of this user does not take away what this one records, nor
// what a client makes a report of; nor does it go on with it or seal it.

internal import ControlProtocol
internal import LinuxSystem
internal import Recording

/// The directory of the recordings, held open.
final class StateDirectory {
    let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    private var path: String { (try? descriptor.kindLink()) ?? "the state directory" }

    /// A recording in it.
    struct File: Hashable {
        let name: String
        let bytes: UInt64
        /// Nanoseconds since the epoch.
        let modified: UInt64
    }

    static let suffix = ".recording"

    /// All recordings, the oldest first.
    func files() throws(SystemCallError) -> [File] {
        var files: [File] = []
        for name in try descriptor.names() where name.hasSuffix(Self.suffix) {
            // One that has just gone is none.
            guard let facts = try? FileFacts(of: name, in: descriptor), facts.kind == .regular
            else { continue }
            files.append(File(name: name, bytes: facts.allocated, modified: facts.modified))
        }
        return files.sorted { ($0.modified, $0.name) < ($1.modified, $1.name) }
    }

    /// Whether a session, or who reads it, has the file.
    func isInUse(_ file: File) -> Bool {
        do throws(SystemCallError) {
            let opened = try OwnedDescriptor.openFile(named: file.name, in: descriptor)
            return try !opened.tryLock()
        } catch {
            return true
        }
    }

    /// - Throws: `SystemCallError` of `unlinkat`.
    func remove(_ name: String) throws(SystemCallError) {
        try OwnedDescriptor.removeFile(named: name, in: descriptor)
    }
}

// MARK: - Limits

extension StateDirectory {
    /// The limit that a recording in this directory has met; nil where it is another error.
    func limit(behind error: RecordingWriterError) -> ReachedLimit? {
        switch error {
        case .limitReached(let bytes): recordingSize(bytes)
        case .outOfSpace(let error): room(error)
        case .system(let error): error.errno == .tooManyOpenFiles ? .openFiles : nil
        }
    }

    /// What to say of it.
    func sentence(for error: RecordingWriterError) -> String {
        if case .system(let error) = error, error.errno == .notSupportedOnSocket {
            return """
                The file system of \(path) cannot do what a recording needs there (\(error)). Keep \
                recordings on ext4, XFS, btrfs or tmpfs, with 'state-directory' in the daemon's \
                configuration.
                """

        }
        return limit(behind: error)?.sentence ?? error.description
    }

    private func recordingSize(_ bytes: Int) -> ReachedLimit {
        ReachedLimit(
            name: "recording-size", value: UInt64(bytes),
            sentence: """
                The recording has reached its limit of \(bytes) bytes. Record for a shorter time or \
                at a lower frequency, or raise 'recording-size' under [policy.limits] in the \
                daemon's configuration.
                """, endReason: .sizeLimit)
    }

    private func room(_ error: SystemCallError) -> ReachedLimit {
        switch error.errno {
        case .fileTooLarge: fileSize()
        case .diskQuotaExceeded: quota()
        default: fileSystem()
        }
    }

    private func fileSize() -> ReachedLimit {
        let limit = ResourceLimit.fileSize
        return ReachedLimit(
            name: limit.rawValue, value: limit.current,
            sentence: """
                The recording cannot become larger: \(limit.rawValue) of the daemon is \
                \(limit.text) bytes. Raise it: LimitFSIZE= in the daemon's unit, or 'ulimit -f' \
                where it was started.
                """, endReason: .storageFull)
    }

    private func quota() -> ReachedLimit {
        ReachedLimit(
            name: "EDQUOT", value: nil,
            sentence: """
                There is no room for more of the recording: uid \(OwnProcess.uid) has used up its \
                quota on the file system of \(path) (EDQUOT; 'quota -u \(OwnProcess.uid)' shows \
                it). \(Self.remedy)
                """, endReason: .storageFull)
    }

    private func fileSystem() -> ReachedLimit {
        let room = try? FileSystemRoom(of: descriptor)
        let size = room.map { " of \($0.size) bytes, of which \($0.available) are free," } ?? ""
        return ReachedLimit(
            name: "ENOSPC", value: room?.size,
            sentence: """
                There is no room for more of the recording: the file system of \(path)\(size) is \
                full (ENOSPC). \(Self.remedy)
                """, endReason: .storageFull)
    }

    private static let remedy =
        "Remove what is not needed there, or keep recordings elsewhere with 'state-directory' in the "
        + "daemon's configuration."
}
