#if os(Linux)
public import SystemPackage

/// What the kernel dropped of a message. At least one of the facts holds.
public struct Truncation: Hashable, Sendable {
    /// A slot of `SCM_RIGHTS` that holds no descriptor.
    public struct MissingDescriptor: Hashable, Sendable {
        /// Where among the message's descriptors it was to be, counted from 0.
        public let index: Int
        /// Why the kernel did not install it.
        public let errno: Errno

        /// A slot and the errno in it.
        public init(index: Int, errno: Errno) {
            self.index = index
            self.errno = errno
        }
    }

    /// The message was longer than the limit, and the rest of it is lost. Never so on a stream. The
    /// corresponding C constant is `MSG_TRUNC`.
    public var lostData: Bool
    /// Descriptors, credentials or other items were dropped: the descriptor limit was reached, or a
    /// security module refused. The corresponding C constant is `MSG_CTRUNC`.
    public var lostControl: Bool
    /// Slots without a descriptor. They are not in the message's list, whose later descriptors
    /// therefore stand further to the front than they were sent.
    public var missingDescriptors: [MissingDescriptor]
    /// Why the sender's pidfd was asked for and is missing; nil where it is not.
    public var missingProcessDescriptor: Errno?

    /// The facts; none of them unless said.
    public init(
        lostData: Bool = false, lostControl: Bool = false,
        missingDescriptors: [MissingDescriptor] = [], missingProcessDescriptor: Errno? = nil
    ) {
        self.lostData = lostData
        self.lostControl = lostControl
        self.missingDescriptors = missingDescriptors
        self.missingProcessDescriptor = missingProcessDescriptor
    }

    /// Whether nothing was dropped that the sender had put into the message: only the pidfd, which
    /// the kernel adds for the receiver, is missing.
    public var sparesTheMessage: Bool {
        !lostData && !lostControl && missingDescriptors.isEmpty
    }
}

extension Truncation: CustomStringConvertible {
    /// The facts that hold, in words.
    public var description: String {
        var facts: [String] = []
        if lostData { facts.append("the message was longer than the buffer (MSG_TRUNC)") }
        if lostControl { facts.append("ancillary data was dropped (MSG_CTRUNC)") }
        for missing in missingDescriptors {
            facts.append("descriptor \(missing.index) was not installed (\(missing.errno))")
        }
        if let errno = missingProcessDescriptor {
            facts.append("the sender's pidfd was not installed (\(errno))")
        }
        return facts.joined(separator: "; ")
    }
}
#endif
