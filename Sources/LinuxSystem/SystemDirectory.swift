// A directory of /proc or /sys, held open. A name looked up through it cannot come to mean another
// process: once the process behind /proc/PID is gone, every lookup fails with ESRCH or ENOENT
// (proc(5)). Reads are whole, small and blocking.

internal import CLinux
internal import SystemPackage

/// A directory of the kernel's file systems, and the small text files in it.
public struct SystemDirectory: ~Copyable, Sendable {
    public let path: String
    let descriptor: OwnedDescriptor

    /// No text that this type is for is longer.
    private static var textLimit: Int { 1 << 20 }

    /// Opens `path`, an absolute path.
    ///
    /// - Throws: `SystemCallError` of `openat`, ENOTDIR where it is no directory.
    public init(_ path: String) throws(SystemCallError) {
        self.path = path
        let rawValue = try retryingOnInterrupt("openat", on: path) {
            // SAFETY: the string lives through the call.
            unsafe clinux_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        descriptor = OwnedDescriptor(adopting: rawValue)
    }

    /// Opens the file `name`, a path relative to this directory, for reading.
    ///
    /// - Throws: `SystemCallError` of `openat`.
    public borrowing func open(_ name: String) throws(SystemCallError) -> OwnedDescriptor {
        let directory = descriptor.rawValue
        let rawValue = try retryingOnInterrupt("openat", on: "\(path)/\(name)") {
            // SAFETY: the string lives through the call.
            unsafe clinux_openat(directory, name, O_RDONLY | O_CLOEXEC, 0)
        }
        return OwnedDescriptor(adopting: rawValue)
    }

    /// The whole text of the file `name`, cut at 1 MiB; bytes that are no UTF-8 are repaired.
    ///
    /// - Throws: `SystemCallError` of `openat` or `read`.
    public borrowing func text(of name: String) throws(SystemCallError) -> String {
        let file = try open(name)
        let rawValue = file.rawValue
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < Self.textLimit {
            let count = try unsafe chunk.withUnsafeMutableBufferPointer {
                buffer throws(SystemCallError) in
                let (start, count) = (buffer.baseAddress, buffer.count)
                // SAFETY: read writes at most `count` bytes into the array.
                return try retryingOnInterrupt("read", on: "\(path)/\(name)") {
                    unsafe read(rawValue, start, count)
                }
            }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The names in the directory `name`, without `.` and `..`, in the kernel's order.
    ///
    /// - Throws: `SystemCallError` of `openat`, `fdopendir` or `readdir`.
    public borrowing func entries(of name: String) throws(SystemCallError) -> [String] {
        let subject = "\(path)/\(name)"
        let rawValue = try open(name).release()
        guard let stream = unsafe fdopendir(rawValue) else {
            let error = SystemCallError("fdopendir", currentErrno, on: subject)
            _ = OwnedDescriptor(adopting: rawValue)
            throw error
        }
        // SAFETY: the stream is ours, owns the descriptor, and is used until here only.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            clinux_clear_errno()
            // SAFETY: the entry is valid until the next readdir on this stream; its name is
            // copied before that, and ends with a NUL.
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe String(cString: clinux_dirent_name(entry))
            if name != ".", name != ".." { names.append(name) }
        }
        let errno = currentErrno
        guard errno.rawValue == 0 else { throw SystemCallError("readdir", errno, on: subject) }
        return names
    }
}
