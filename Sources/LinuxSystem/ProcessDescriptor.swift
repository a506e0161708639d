// A pidfd (pidfd_open(2)): names one process for good, whatever becomes of its number.

internal import CLinux
internal import SystemPackage

/// A reference to one process that never comes to mean another.
public struct ProcessDescriptor: ~Copyable, Sendable {
    public let descriptor: OwnedDescriptor

    /// Refers to the process `processID`, which must be a thread group's leader.
    ///
    /// - Throws: `SystemCallError` of `pidfd_open`: ESRCH where there is none, EINVAL or ENOENT
    ///   where the number is that of another thread.
    public init(processID: Int32) throws(SystemCallError) {
        let rawValue = try retryingOnInterrupt("pidfd_open", on: "process \(processID)") {
            clinux_pidfd_open(processID, 0)
        }
        descriptor = OwnedDescriptor(adopting: rawValue)
    }

    /// Whether every thread of the process has exited; a zombie has.
    ///
    /// - Throws: `SystemCallError` of `poll`.
    public borrowing func hasExited() throws(SystemCallError) -> Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        // SAFETY: one entry, which lives through the call.
        return try retryingOnInterrupt("poll") { unsafe poll(&entry, 1, 0) } > 0
    }

    /// Whether there is a process of that number now, in this process' pid namespace (kill(2) with the
    /// signal 0). Where it cannot be asked, there is one.
    public static func exists(_ number: UInt32) -> Bool {
        guard let number = Int32(exactly: number), number > 0 else { return false }
        return kill(number, 0) == 0 || clinux_errno() != ESRCH
    }

    /// Whether every thread of the process that `descriptor`, somebody's pidfd, refers to has
    /// exited; false where it cannot be asked.
    public static func hasExited(_ descriptor: borrowing OwnedDescriptor) -> Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        // SAFETY: one entry, which lives through the call.
        let count = try? retryingOnInterrupt("poll") { unsafe poll(&entry, 1, 0) }
        return (count ?? 0) > 0
    }
}
