#if os(Linux)
public import SystemPackage

/// A system call that failed: which, with which error, and on what.
///
/// Its text is a full sentence; whoever knows what the user can do about it appends that.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name as its man page has it, `perf_event_open`.
    public let call: String
    /// What it set `errno` to.
    public let errno: Errno
    /// What the call was about (a path, a descriptor's role); nil where the call says it all.
    public let subject: String?

    /// A failure of `call` with `errno`.
    public init(_ call: String, _ errno: Errno, on subject: String? = nil) {
        self.call = call
        self.errno = errno
        self.subject = subject
    }

    /// The call, what it was about, and the errno in words.
    public var description: String {
        guard let subject else { return "\(call) failed: \(errno)" }
        return "\(call) failed on \(subject): \(errno)"
    }
}
#endif
