// A file that appears under its name only when it is complete. Until then it has no name
// (open(2), O_TMPFILE), or on a file system that cannot do that, a hidden one of its own.

internal import CLinux
internal import SystemPackage

/// A file in the making, gone when its owner lets go of it before it was published.
public struct TemporaryFile: ~Copyable {
    public let descriptor: OwnedDescriptor
    private let directory: OwnedDescriptor
    private let name: String
    private var hiddenName: String?

    /// Makes a file of mode 0600 that is to become `name` in the directory `directory`.
    ///
    /// - Throws: `SystemCallError` of `openat`.
    public init(in directory: String, for name: String) throws(SystemCallError) {
        let parent = try OwnedDescriptor.openDirectory(directory)
        let number = parent.rawValue
        let flags = O_WRONLY | O_CLOEXEC
        do throws(SystemCallError) {
            descriptor = OwnedDescriptor(
                adopting: try retryingOnInterrupt("openat", on: directory) {
                    // SAFETY: the string lives through the call.
                    unsafe clinux_openat(number, ".", flags | clinux_o_tmpfile(), 0o600)
                })
            hiddenName = nil
        } catch {
            // EISDIR is what a kernel or file system without O_TMPFILE says.
            guard [.notSupported, .isDirectory, .invalidArgument].contains(error.errno) else {
                throw error
            }
            let hidden = Self.hiddenName(for: name)
            descriptor = OwnedDescriptor(
                adopting: try retryingOnInterrupt("openat", on: "\(directory)/\(hidden)") {
                    // SAFETY: as above.
                    unsafe clinux_openat(number, hidden, flags | O_CREAT | O_EXCL, 0o600)
                })
            hiddenName = hidden
        }
        self.directory = parent
        self.name = name
    }

    deinit {
        if let hiddenName { try? OwnedDescriptor.removeFile(named: hiddenName, in: directory) }
    }

    /// Gives the file its name and `mode`, in place of what had that name before.
    ///
    /// - Throws: `SystemCallError` of `fchmod`, `linkat` or `renameat`; nothing has changed then.
    public mutating func publish(mode: UInt32) throws(SystemCallError) {
        let (file, parent) = (descriptor.rawValue, directory.rawValue)
        _ = try checked("fchmod", on: name) { fchmod(file, mode_t(mode)) }
        let hidden: String
        if let hiddenName {
            hidden = hiddenName
        } else {
            hidden = try linkHidden(file, parent)
            hiddenName = hidden
        }
        _ = try checked("renameat", on: name) {
            // SAFETY: the strings live through the call.
            unsafe renameat(parent, hidden, parent, name)
        }
        hiddenName = nil
    }

    /// linkat(2) replaces nothing, so the nameless file gets a name to be renamed from.
    private func linkHidden(_ file: CInt, _ parent: CInt) throws(SystemCallError) -> String {
        let hidden = Self.hiddenName(for: name)
        _ = try checked("linkat", on: name) {
            // SAFETY: the strings live through the call.
            unsafe linkat(
                AT_FDCWD, "/proc/self/fd/\(file)", parent, hidden, AT_SYMLINK_FOLLOW)
        }
        return hidden
    }

    /// Not to be guessed, so that nobody can be there first on purpose.
    private static func hiddenName(for name: String) -> String {
        let random = UInt64.random(in: .min ... .max)
        // NAME_MAX is 255 bytes.
        let start = String(decoding: name.utf8.prefix(200), as: UTF8.self)
        return ".\(start).\(String(random, radix: 36)).part"
    }
}

/// What stat(2) says of a file.
public struct FileFacts: Hashable, Sendable {
    public enum Kind: Sendable {
        case regular
        case directory
        case socket
        case symbolicLink
        case other
    }

    public let kind: Kind
    /// The nine bits of chmod(1) and the three above them.
    public let permissions: UInt32
    public let uid: UInt32
    public let gid: UInt32
    /// Bytes that it takes on its file system (`st_blocks`).
    public let allocated: UInt64
    /// Nanoseconds since the epoch (`st_mtim`).
    public let modified: UInt64

    /// Of the file at `path`, through symbolic links.
    ///
    /// - Throws: `SystemCallError` of `stat`.
    public init(path: String) throws(SystemCallError) {
        var facts = clinux_file_facts()
        // SAFETY: the string lives through the call, which fills in the structure.
        _ = try retryingOnInterrupt("stat", on: path) { unsafe clinux_stat(path, &facts) }
        self.init(facts)
    }

    /// Of an open file.
    ///
    /// - Throws: `SystemCallError` of `fstat`.
    public init(of descriptor: borrowing OwnedDescriptor) throws(SystemCallError) {
        let number = descriptor.rawValue
        var facts = clinux_file_facts()
        // SAFETY: the call fills in the structure.
        _ = try retryingOnInterrupt("fstat") { unsafe clinux_fstat(number, &facts) }
        self.init(facts)
    }

    /// Of the file `name` in `directory`; of a link itself.
    ///
    /// - Throws: `SystemCallError` of `fstatat`.
    public init(of name: String, in directory: borrowing OwnedDescriptor) throws(SystemCallError) {
        let number = directory.rawValue
        var facts = clinux_file_facts()
        // SAFETY: the string lives through the call, which fills in the structure.
        _ = try retryingOnInterrupt("fstatat", on: name) {
            unsafe clinux_stat_at(number, name, &facts)
        }
        self.init(facts)
    }

    private init(_ facts: clinux_file_facts) {
        permissions = facts.mode & 0o7777
        uid = facts.uid
        gid = facts.gid
        allocated = facts.allocated
        modified = facts.modified
        switch facts.mode & UInt32(S_IFMT) {
        case UInt32(S_IFREG): kind = .regular
        case UInt32(S_IFDIR): kind = .directory
        case UInt32(S_IFSOCK): kind = .socket
        case UInt32(S_IFLNK): kind = .symbolicLink
        default: kind = .other
        }
    }
}

extension OwnedDescriptor {
    /// How a descriptor is opened by path.
    public enum OpeningMode: Sendable {
        case reading
        case writing
        /// Writing to what may be a pipe or a device, without waiting for it, now or later. The
        /// corresponding C constant is `O_NONBLOCK`.
        case streaming
        /// Only to refer to the file; links in the last component are not followed. The
        /// corresponding C constant is `O_PATH`.
        case reference
        /// The same, of what a link leads to.
        case referenceThroughLinks
    }

    /// Opens the file at `path`, close-on-exec.
    ///
    /// - Throws: `SystemCallError` of `open`.
    public static func open(_ path: String, for mode: OpeningMode) throws(SystemCallError)
        -> OwnedDescriptor
    {
        let flags =
            switch mode {
            case .reading: O_RDONLY
            case .writing: O_WRONLY
            case .streaming: O_WRONLY | O_NONBLOCK
            case .reference: clinux_o_path() | O_NOFOLLOW
            case .referenceThroughLinks: clinux_o_path()
            }
        let number = try retryingOnInterrupt("open", on: path) {
            // SAFETY: the string lives through the call.
            unsafe clinux_openat(AT_FDCWD, path, flags | O_CLOEXEC | O_NOCTTY, 0)
        }
        return OwnedDescriptor(adopting: number)
    }

    /// A path to this very file (`/proc/self/fd/N`), valid in this process while it is open.
    public var path: String { "/proc/self/fd/\(rawValue)" }
}

extension OwnProcess {
    /// The file mode creation mask (umask(2)).
    public static var creationMask: UInt32 {
        let mask = umask(0o077)
        _ = umask(mask)
        return UInt32(mask)
    }
}
