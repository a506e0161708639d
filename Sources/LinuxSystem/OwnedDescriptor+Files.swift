// Regular files and directories by descriptor: create, open, read at an offset, reserve, cut.
// Every open is relative to a directory that the caller holds, follows no link in the last
// component and is close-on-exec. See openat(2), pread(2), posix_fallocate(3), fallocate(2) and
// ftruncate(2).

internal import CLinux
internal import SystemPackage

extension OwnedDescriptor {
    /// Opens the directory at `path` (`O_DIRECTORY`), to create and open files in.
    public static func openDirectory(_ path: String) throws(SystemCallError) -> OwnedDescriptor {
        try open(path, at: AT_FDCWD, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Opens the file `name` of `directory` for reading.
    public static func openFile(
        named name: String, in directory: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> OwnedDescriptor {
        // O_NONBLOCK: a fifo of that name must not hold us up.
        try open(name, at: directory.rawValue, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    }

    /// Creates the file `name` in `directory`, readable and writable by its owner alone (0600).
    ///
    /// - Throws: `SystemCallError` of `openat`; `EEXIST` if there is such a file or link.
    public static func createFile(
        named name: String, in directory: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> OwnedDescriptor {
        try open(
            name, at: directory.rawValue, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
            mode: 0o600)
    }

    /// Opens the file `name` of `directory` for reading and writing.
    public static func openFile(
        toAppend name: String, in directory: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> OwnedDescriptor {
        try open(name, at: directory.rawValue, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    }

    /// Removes the file `name` from `directory` (`unlinkat`).
    public static func removeFile(
        named name: String, in directory: borrowing OwnedDescriptor
    ) throws(SystemCallError) {
        let rawValue = directory.rawValue
        // SAFETY: the string lives through the call.
        _ = try retryingOnInterrupt("unlinkat", on: name) { unsafe unlinkat(rawValue, name, 0) }
    }

    /// A new open file description of the same file that can only read.
    ///
    /// Goes through `/proc/self/fd`, so it is the same inode whatever its name is by now.
    public borrowing func reopenedForReading() throws(SystemCallError) -> OwnedDescriptor {
        try Self.open("/proc/self/fd/\(rawValue)", at: AT_FDCWD, flags: O_RDONLY)
    }

    private static func open(
        _ path: String, at directory: CInt, flags: CInt, mode: mode_t = 0
    ) throws(SystemCallError) -> OwnedDescriptor {
        // SAFETY: the string lives through the call.
        let rawValue = try retryingOnInterrupt("openat", on: path) {
            unsafe clinux_openat(directory, path, flags | O_CLOEXEC, mode)
        }
        return OwnedDescriptor(adopting: rawValue)
    }
}

extension OwnedDescriptor {
    /// Whether it only names a file, and is no access to it (`O_PATH`, open(2)). Asks our own
    /// descriptor table; the file itself is not touched.
    public borrowing func isPath() -> Bool {
        let flags = clinux_fcntl(rawValue, F_GETFL, 0)
        return flags >= 0 && flags & clinux_o_path() != 0
    }

    /// Whether it is a file with content, and no pipe, device or directory (`S_ISREG`).
    public borrowing func isRegularFile() throws(SystemCallError) -> Bool {
        let rawValue = self.rawValue
        var status = stat()
        // SAFETY: the kernel fills the structure whose address it gets.
        _ = try retryingOnInterrupt("fstat") { unsafe fstat(rawValue, &status) }
        return status.st_mode & mode_t(S_IFMT) == mode_t(S_IFREG)
    }

    /// The file's size in bytes (`st_size`).
    public borrowing func fileSize() throws(SystemCallError) -> Int {
        let rawValue = self.rawValue
        var status = stat()
        // SAFETY: the kernel fills the structure whose address it gets.
        _ = try retryingOnInterrupt("fstat") { unsafe fstat(rawValue, &status) }
        return Int(status.st_size)
    }

    /// Up to `count` bytes of the file from `offset`; fewer only where the file ends.
    public borrowing func read(count: Int, at offset: Int) throws(SystemCallError) -> [UInt8] {
        let rawValue = self.rawValue
        var failure: SystemCallError?
        // SAFETY: pread writes at most the bytes left in the buffer; `done` of them are set.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                guard let start = buffer.baseAddress else { return }
                do throws(SystemCallError) {
                    let length = try retryingOnInterrupt("pread") {
                        unsafe pread(rawValue, start + done, count - done, off_t(offset + done))
                    }
                    if length == 0 { return }
                    done += length
                } catch {
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Gives the file real space for `count` bytes at `offset` and makes it that long, so that a
    /// store to a mapping of it cannot meet a full disk (posix_fallocate(3)).
    ///
    /// RLIMIT_FSIZE is looked at first: the kernel would send SIGXFSZ, which ends the process.
    ///
    /// - Throws: `ENOSPC`, `EDQUOT`, `EFBIG` (`isOutOfSpace`) and what else `posix_fallocate` has.
    public borrowing func reserve(offset: Int, count: Int) throws(SystemCallError) {
        if UInt64(offset + count) > ResourceLimit.fileSize.current ?? .max {
            throw SystemCallError("posix_fallocate", .fileTooLarge)
        }
        while true {
            // It returns the error; errno is not set.
            let result = posix_fallocate(rawValue, off_t(offset), off_t(count))
            if result == 0 { return }
            if result != EINTR {
                throw SystemCallError("posix_fallocate", Errno(rawValue: result))
            }
        }
    }

    /// Gives the space of `count` bytes at `offset` back to the file system; they read as zeros from
    /// then on, and the file stays as long as it is (fallocate(2), `FALLOC_FL_PUNCH_HOLE`). Where
    /// there is no space, as behind the end, this only tells whether the file system can do it.
    ///
    /// - Throws: `EOPNOTSUPP` where it cannot, and what else `fallocate` has.
    public borrowing func punchHole(offset: Int, count: Int) throws(SystemCallError) {
        let rawValue = self.rawValue
        _ = try retryingOnInterrupt("fallocate") {
            clinux_punch_hole(rawValue, off_t(offset), off_t(count))
        }
    }

    /// Makes the file `size` bytes long (`ftruncate`).
    public borrowing func truncate(to size: Int) throws(SystemCallError) {
        let rawValue = self.rawValue
        _ = try retryingOnInterrupt("ftruncate") { ftruncate(rawValue, off_t(size)) }
    }

    /// Waits until the file's data is on its device (`fdatasync`).
    public borrowing func synchronize() throws(SystemCallError) {
        let rawValue = self.rawValue
        _ = try retryingOnInterrupt("fdatasync") { fdatasync(rawValue) }
    }
}

extension SystemCallError {
    /// Whether the file system, the quota or RLIMIT_FSIZE has no room (`ENOSPC`, `EDQUOT`,
    /// `EFBIG`).
    public var isOutOfSpace: Bool {
        errno == .noSpace || errno == .diskQuotaExceeded || errno == .fileTooLarge
    }
}
