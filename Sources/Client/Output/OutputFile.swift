// Where a report goes. A file appears under its name only when it is complete, and is the invoking
// user's: made, and given its name, with their rights. What is no regular file (a terminal, a pipe,
// /dev/null) is written to as it is, since nothing could take its place.

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
    private let user: InvokingUser

    /// Makes sure that the place can be written to, before anything else is done.
    ///
    /// - Parameters:
    ///   - path: nil or `-` is standard output.
    ///   - user: with whose rights.
    init(_ path: String?, for user: InvokingUser) throws(ClientError) {
        self.user = user
        guard let path, path != "-" else {
            self.path = nil
            return
        }
        self.path = path
        do throws(SystemCallError) {
            try user.withRights { () throws(SystemCallError) in try open(path) }
        } catch {
            throw Self.failure(path, error)
        }
    }

    private mutating func open(_ path: String) throws(SystemCallError) {
        if let facts = try? FileFacts(path: path) {
            switch facts.kind {
            case .regular: break
            case .directory: throw SystemCallError("open", .isDirectory, on: path)
            case .socket, .other:
                stream = try OwnedDescriptor.open(path, for: .writing)
                return
            }
        }
        let (directory, name) = Self.split(path)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw SystemCallError("open", .isDirectory, on: path)
        }
        file = try TemporaryFile(in: directory, for: name)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
    }

    /// The columns of the terminal that it is; nil where it is none.
    var width: Int? { path == nil ? StandardOutput.terminalWidth : nil }

    mutating func write(_ bytes: [UInt8]) throws(ClientError) {
        do throws(SystemCallError) {
            if let written = try file?.descriptor.writeAll(bytes) { return written }
            if let written = try stream?.writeAll(bytes) { return written }
            try StandardOutput.write(bytes)
        } catch {
            throw Self.failure(path, error)
        }
    }

    /// Gives the file its name. To be called once, when everything is written.
    ///
    /// - Parameter isSecret: only its owner may read it, whatever the umask; it has addresses of
    ///   the kernel.
    mutating func publish(isSecret: Bool) throws(ClientError) {
        guard var file = file.take() else { return }
        let mode = (isSecret ? 0o600 : 0o666) & ~OwnProcess.creationMask
        do throws(SystemCallError) {
            try user.withRights { () throws(SystemCallError) in try file.publish(mode: mode) }
        } catch {
            throw Self.failure(path, error)
        }
    }

    private static func failure(_ path: String?, _ error: SystemCallError) -> ClientError {
        let name = path.map { "The output \($0)" } ?? "Standard output"
        let sentence =
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory:
                "\(name) cannot be created, for its directory does not exist: create it first."
            case .permissionDenied, .notPermitted, .readOnlyFileSystem:
                "\(name) cannot be created: this user may not write there (\(error.errno))."
            case .isDirectory: "\(name) is a directory: name a file in it."
            case .noSpace, .diskQuotaExceeded, .fileTooLarge:
                "\(name) was not written, for there is no room for it (\(error.errno)): free some, "
                    + "or name a file elsewhere."
            case .brokenPipe: "\(name) was not written whole: its reader has gone."
            default: "\(name) cannot be written: \(error.errno)."
            }
        return ClientError(.cannotCreate, sentence)
    }
}
