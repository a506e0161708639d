// Waiting for descriptors, with a deadline: poll(2).

internal import CLinux
internal import SystemPackage

/// A moment of the monotonic clock by which something must have happened.
public struct Deadline: Hashable, Sendable {
    /// Nanoseconds of `CLOCK_MONOTONIC`; nil is never.
    private let time: UInt64?

    /// A deadline that never comes.
    public static let never = Deadline(time: nil)

    private init(time: UInt64?) { self.time = time }

    public init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = max(seconds, 0) * 1_000_000_000 + attoseconds / 1_000_000_000
        self.init(time: KernelClock.monotonic() + UInt64(max(nanoseconds, 0)))
    }

    public var hasPassed: Bool { time.map { $0 <= KernelClock.monotonic() } ?? false }

    /// What poll(2) takes: milliseconds, rounded up; -1 for never.
    fileprivate var timeout: CInt {
        guard let time else { return -1 }
        let now = KernelClock.monotonic()
        return time <= now ? 0 : CInt(clamping: (time - now + 999_999) / 1_000_000)
    }
}

/// Descriptors that are waited for together. Their owners keep them open meanwhile.
public struct WaitSet {
    public enum Interest: Sendable {
        case reading
        case writing
    }

    private var entries: [pollfd] = []

    public init() {}

    /// Adds a descriptor; its index is the number of those before it.
    public mutating func add(_ descriptor: borrowing OwnedDescriptor, for interest: Interest) {
        let events = interest == .reading ? POLLIN : POLLOUT
        entries.append(pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0))
    }

    /// Waits until one of the descriptors is ready, or has an error or a hangup to tell of.
    ///
    /// - Returns: the indices of those that are ready; none where the deadline has passed.
    /// - Throws: `SystemCallError` of `poll`.
    public mutating func wait(until deadline: Deadline = .never) throws(SystemCallError) -> [Int] {
        while true {
            do throws(SystemCallError) {
                _ = try waitOnce(deadline.timeout)
            } catch {
                if error.errno == .interrupted { continue }
                throw error
            }
            let ready = entries.indices.filter { entries[$0].revents != 0 }
            if !ready.isEmpty || deadline.hasPassed { return ready }
        }
    }

    private mutating func waitOnce(_ timeout: CInt) throws(SystemCallError) -> CInt {
        let count = nfds_t(entries.count)
        return try unsafe entries.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let start = buffer.baseAddress
            // SAFETY: the kernel reads and writes the array's `count` entries.
            return try checked("poll") { unsafe poll(start, count, timeout) }
        }
    }
}
