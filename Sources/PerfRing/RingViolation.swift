public import LinuxSystem

/// A ring whose control page or records are not as the kernel leaves them.
///
/// Whoever else holds the event's descriptor can write the control page, so this is a peer's
/// fault and the end of the session, never a crash.
public enum RingViolation: Error, Hashable, Sendable, CustomStringConvertible {
    /// `data_head` lies before where it was.
    case headRanBackwards(from: UInt64, to: UInt64)
    /// More unread bytes than the ring has.
    case headBeyondRing(unread: UInt64, ringSize: Int)
    /// `data_tail`, which only the reader writes, is not what was written.
    case tailMoved(from: UInt64, to: UInt64)
    /// `data_offset` and `data_size`, which the kernel writes once, are not those of the mapping.
    case dataMoved(offset: UInt64, size: UInt64)
    /// `data_head` or `data_tail` is no multiple of 8.
    case unaligned(UInt64)
    /// A record's size is 0, no multiple of 8, or reaches past `data_head`.
    case recordSize(UInt16, position: UInt64)

    public var description: String {
        switch self {
        case .headRanBackwards(let old, let new):
            "The ring's data_head went back from \(old) to \(new)."
        case .headBeyondRing(let unread, let ringSize):
            "The ring's data_head is \(unread) bytes ahead in a ring of \(ringSize) bytes."
        case .tailMoved(let old, let new):
            "The ring's data_tail was changed from \(old) to \(new) by somebody else."
        case .dataMoved(let offset, let size):
            """
            The ring's data are said to be \(size) bytes at \(offset), which is not where they are.
            """
        case .unaligned(let position):
            "The ring's position \(position) is no multiple of 8."
        case .recordSize(let size, let position):
            "The record at position \(position) of the ring has a size of \(size) bytes."
        }
    }
}

/// Why a received descriptor did not become a ring.
public enum RingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The descriptor is of something else.
    case notAPerfEvent(kind: String)
    /// The number of data pages is no power of two from 1 to 65,536.
    case pageCount(Int)
    case violation(RingViolation)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .notAPerfEvent(let kind): "The descriptor is not a perf event but \(kind)."
        case .pageCount(let count): "A ring of \(count) pages: it must be a power of two."
        case .violation(let violation): violation.description
        case .system(let error): "\(error)."
        }
    }
}
