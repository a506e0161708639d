// Where a report goes. A file appears under its name only when it is complete, and is the invoking
// user's: made, and given its name, with their rights. A symbolic link stays, and the file that it
// leads to is replaced. What is no regular file (a terminal, a pipe, /dev/null) is written to as it
// is, since nothing could take its place; whoever reads there may be slow, and never holds up who
// wants to end this program.

internal import LinuxSystem
internal import SystemPackage

/// The place that a report is written to.
struct OutputFile: ~Copyable {
    /// What the user called it; nil is standard output.
    let path: String?
    /// The file in the making, if it is one.
    private var file: TemporaryFile?
    /// What is no regular file.
    private var stream: OwnedDescriptor?
    /// What the stream is a terminal for.
    private var filter: TerminalFilter?
    private let user: InvokingUser

    /// Makes sure that the place can be written to, before anything else is done.
    ///
    /// - Parameters:
    ///   - path: nil or `-` is standard output.
    ///   - user: with whose rights.
    init(_ path: String?, for user: InvokingUser) throws(ClientError) {
        self.user = user
        guard let path, !Self.standardOutputs.contains(path) else {
            self.path = nil
            stream = try system { () throws(SystemCallError) in try StandardOutput.duplicate() }
            if StandardOutput.isTerminal { filter = TerminalFilter() }
            return
        }
        self.path = path
        do throws(SystemCallError) {
            try user.withRights { () throws(SystemCallError) in try open(path) }
        } catch {
            throw Self.failure(path, error)
        }
    }

    /// A link to where it is would have a file take its place.
    private static let standardOutputs = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]

    private mutating func open(_ path: String) throws(SystemCallError) {
        var place = path
        var isLink = false
        if let existing = try Self.reference(to: path, isLink: &isLink) {
            switch try FileFacts(of: existing).kind {
            case .regular: place = isLink ? try existing.kindLink() : path
            case .directory: throw SystemCallError("open", .isDirectory, on: path)
            case .socket: throw SystemCallError("open", .notSupported, on: path)
            case .symbolicLink, .other:
                stream = try OwnedDescriptor.open(existing.path, for: .streaming)
                if stream?.isTerminal() == true { filter = TerminalFilter() }
                return
            }
        }
        let (directory, name) = Self.split(place)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw SystemCallError("open", .isDirectory, on: path)
        }
        file = try TemporaryFile(in: directory, for: name)
    }

    /// What is there already, behind every link; nil where nothing is.
    private static func reference(
        to path: String, isLink: inout Bool
    ) throws(SystemCallError) -> OwnedDescriptor? {
        do throws(SystemCallError) {
            let place = try OwnedDescriptor.open(path, for: .reference)
            let facts = try FileFacts(of: place)
            isLink = facts.kind == .symbolicLink
            guard isLink else { return place }
            try permitFollowing(facts, in: split(path).directory)
        } catch {
            // Whether there is a directory for it is seen when the file is made.
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
        do throws(SystemCallError) {
            return try OwnedDescriptor.open(path, for: .referenceThroughLinks)
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            throw SystemCallError("open", .tooManySymbolicLinkLevels, on: path)
        }
    }

    /// In a directory like /tmp somebody else's link may lead to a file of this user's: as with
    /// `fs.protected_symlinks` (proc(5)), whether that is set or not.
    private static func permitFollowing(
        _ link: FileFacts, in directory: String
    ) throws(SystemCallError) {
        let facts = try FileFacts(path: directory)
        let isShared = facts.permissions & 0o1002 == 0o1002
        guard isShared, link.uid != OwnProcess.effectiveUID, link.uid != facts.uid else { return }
        throw SystemCallError("open", .permissionDenied, on: directory)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
    }

    /// The columns of the terminal that it is; nil where it is none.
    var width: Int? { path == nil ? StandardOutput.terminalWidth : nil }

    /// Writes all of `bytes`.
    ///
    /// - Parameter wait: waits until what is no regular file takes some more, or throws.
    mutating func write(
        _ bytes: [UInt8],
        waiting wait: (borrowing OwnedDescriptor) throws(ClientError) -> Void
    ) throws(ClientError) {
        let bytes = filter?.visible(bytes) ?? bytes
        switch stream {
        case .some(let stream):
            var rest = bytes[...]
            while !rest.isEmpty {
                try wait(stream)
                // No more than what a pipe that is ready takes without blocking (PIPE_BUF), since
                // standard output is shared and stays as it is.
                let written = try writing { () throws(SystemCallError) in
                    try stream.writeSome(rest.prefix(4096))
                }
                rest = rest.dropFirst(written)
            }
        case .none:
            _ = try writing { () throws(SystemCallError) in try file?.descriptor.writeAll(bytes) }
        }
    }

    private func writing<Result>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(ClientError) -> Result {
        do { return try body() } catch { throw Self.failure(path, error, room) }
    }

    /// The room of the file system that it is on.
    private var room: FileSystemRoom? {
        switch file {
        case .none: nil
        case .some(let file): try? FileSystemRoom(of: file.descriptor)
        }
    }

    /// Gives the file its name. To be called once, when everything is written.
    ///
    /// - Parameter isSecret: only its owner may read it, whatever the umask; it has addresses of
    ///   the kernel.
    mutating func publish(isSecret: Bool) throws(ClientError) {
        if let rest = filter?.end() {
            _ = try writing { () throws(SystemCallError) in try stream?.writeAll(rest) }
        }
        let room = room
        guard var file = file.take() else { return }
        let mode = (isSecret ? 0o600 : 0o666) & ~OwnProcess.creationMask
        do throws(SystemCallError) {
            try user.withRights { () throws(SystemCallError) in try file.publish(mode: mode) }
        } catch {
            throw Self.failure(path, error, room)
        }
    }

    /// Why there is no room, with the limit and its value.
    private static func want(_ error: SystemCallError, _ room: FileSystemRoom?) -> String {
        switch error.errno {
        case .fileTooLarge:
            let limit = ResourceLimit.fileSize
            return "\(limit.rawValue) is \(limit.text) bytes, which 'ulimit -f' raises"
        case .diskQuotaExceeded:
            return "the quota of uid \(OwnProcess.effectiveUID) is used up, which 'quota' shows"
        default:
            guard let room else { return "\(error.errno)" }
            return "of the file system's \(room.size) bytes \(room.available) are free"
        }
    }

    private static func failure(
        _ path: String?, _ error: SystemCallError, _ room: FileSystemRoom? = nil
    ) -> ClientError {
        let name = path.map { "The output \($0)" } ?? "Standard output"
        let sentence =
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory:
                "\(name) cannot be created, for its directory does not exist: create it first."
            case .permissionDenied, .notPermitted, .readOnlyFileSystem:
                "\(name) cannot be created: this user may not write there (\(error.errno))."
            case .tooManySymbolicLinkLevels:
                "\(name) is a symbolic link that leads to no file: name the file itself."
            case .noSuchAddressOrDevice:
                "\(name) has nobody who reads from it: start the reader first."
            case .isDirectory: "\(name) is a directory: name a file in it."
            case .noSpace, .diskQuotaExceeded, .fileTooLarge:
                "\(name) was not written, for there is no room for it (\(want(error, room))): free "
                    + "some, or name a file elsewhere."
            case .brokenPipe: "\(name) was not written whole: its reader has gone."
            default: "\(name) cannot be written: \(error.errno)."
            }
        return ClientError(.cannotCreate, sentence)
    }
}
