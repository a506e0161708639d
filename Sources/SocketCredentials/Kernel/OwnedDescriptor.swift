#if os(Linux)
// A file descriptor with one owner. Whoever holds the value holds the descriptor; when the value
// goes, the descriptor is closed. Everything else borrows. The bare number leaves this type only
// for the fenced targets of this package that hand it to a C library.

internal import CLinux
public import SystemPackage

/// An open file descriptor, closed when its owner lets go of it.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid while this value lives.
    package let rawValue: CInt

    /// Takes ownership of `rawValue`, which nobody else may close from now on.
    package init(adopting rawValue: CInt) {
        precondition(rawValue >= 0, "a negative number is not a descriptor")
        self.rawValue = rawValue
    }

    /// Takes ownership of `descriptor`, which nobody else may close from now on.
    public init(adopting descriptor: FileDescriptor) {
        self.init(adopting: descriptor.rawValue)
    }

    /// The descriptor for calls that borrow it, valid while this value lives.
    public var fileDescriptor: FileDescriptor { FileDescriptor(rawValue: rawValue) }

    deinit {
        // close(2): EBADF is our own bug; any other result still releases the descriptor.
        if close(rawValue) == -1 { precondition(currentErrno != .badFileDescriptor) }
    }

    /// Gives the ownership to the caller, who closes it.
    package consuming func release() -> CInt {
        let rawValue = self.rawValue
        discard self
        return rawValue
    }

    /// Gives the ownership to the caller, who closes it.
    public consuming func releaseFileDescriptor() -> FileDescriptor {
        FileDescriptor(rawValue: release())
    }

    /// A second descriptor for the same open file description, close-on-exec.
    public borrowing func duplicate() throws(SystemCallError) -> OwnedDescriptor {
        let rawValue = self.rawValue
        return OwnedDescriptor(
            adopting: try retryingOnInterrupt("fcntl") {
                clinux_fcntl(rawValue, F_DUPFD_CLOEXEC, 0)
            })
    }

    /// Sets close-on-exec (`FD_CLOEXEC`).
    public borrowing func setCloseOnExec(_ enabled: Bool = true) throws(SystemCallError) {
        let rawValue = self.rawValue
        _ = try retryingOnInterrupt("fcntl") {
            clinux_fcntl(rawValue, F_SETFD, enabled ? CLong(FD_CLOEXEC) : 0)
        }
    }

    /// Sets `O_NONBLOCK` on the open file description, which every duplicate shares.
    public borrowing func setNonBlocking(_ enabled: Bool = true) throws(SystemCallError) {
        let rawValue = self.rawValue
        let flags = try retryingOnInterrupt("fcntl") { clinux_fcntl(rawValue, F_GETFL, 0) }
        let wanted = enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        _ = try retryingOnInterrupt("fcntl") { clinux_fcntl(rawValue, F_SETFL, CLong(wanted)) }
    }

    /// What kind of file this is: the target of `/proc/self/fd/N`, such as
    /// `anon_inode:[perf_event]`, `socket:[1234]` or a path. Cut at 4,095 bytes.
    ///
    /// Looks at our own descriptor table only; the file itself is not touched (proc(5)).
    public borrowing func kindLink() throws(SystemCallError) -> String {
        let path = "/proc/self/fd/\(rawValue)"
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: readlink writes at most `count` bytes into the array.
        let length = try unsafe buffer.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let count = buffer.count
            guard let start = buffer.baseAddress else { return 0 }
            return try retryingOnInterrupt("readlink", on: path) {
                unsafe readlink(path, start, count)
            }
        }
        return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
#endif
