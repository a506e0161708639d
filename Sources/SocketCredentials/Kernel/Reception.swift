#if os(Linux)
// What one recvmsg(2) gave. The type makes a receiver answer four questions: did anything come, is
// it the end, is it whole, and if not, what is missing. A message that lost something is not a
// `message`, so that no switch takes it for one by accident.

public import SystemPackage

/// The outcome of one receive.
@frozen public enum Reception: ~Copyable, Sendable {
    /// The socket does not block, and nothing has come yet.
    case nothingYet
    /// The peer sends no more. Nobody's credentials belong to that, though the kernel delivers
    /// zeros with the end of a stream (af_unix.c).
    ///
    /// On a `sequencedPacket` socket without `SO_PASSCRED` this is also what a message of no bytes
    /// and without descriptors looks like: set the option, then the credentials tell them apart.
    case endOfStream
    /// A message of which nothing is missing.
    case message(ReceivedMessage)
    /// A message that has lost something.
    case truncated(ReceivedMessage, Truncation)
}

/// What came with one receive besides its bytes. Whatever descriptors nobody takes are closed with
/// it.
@frozen public struct ReceivedMessage: ~Copyable, Sendable {
    /// The sender's pidfd (`SCM_PIDFD`), where `SO_PASSPIDFD` asks for it.
    ///
    /// Refers to the process that the credentials name, which is a claim where the sender may make
    /// one.
    @frozen public enum ProcessDescriptor: ~Copyable, Sendable {
        /// None came.
        case none
        /// A pidfd, close-on-exec; the process may have ended.
        case descriptor(OwnedDescriptor)
        /// The kernel put an error in its place: EMFILE where the descriptor table is full, ESRCH
        /// or EINVAL where the process has ended (before Linux 6.16).
        case failed(Errno)
    }

    /// How many bytes were appended to the caller's buffer.
    public let byteCount: Int
    /// The sender's, as the kernel let it claim them; nil unless one complete item came.
    public let credentials: Credentials?
    /// The descriptors that came along in their order, close-on-exec.
    public var descriptors: DescriptorList
    /// The sender's pidfd.
    public var processDescriptor: ProcessDescriptor
    /// The sender's label as its security module writes it, often with a zero byte at its end; nil
    /// unless `SO_PASSSEC` is on and a module labels sockets (`SCM_SECURITY`).
    public let securityLabel: [UInt8]?
    /// Items of any other kind, in the kernel's order.
    public let others: [AncillaryData]
}

extension ReceivedMessage {
    /// Takes the descriptors out of the message.
    public mutating func takeDescriptors() -> DescriptorList {
        var taken = DescriptorList()
        swap(&taken, &descriptors)
        return taken
    }

    /// Takes the sender's pidfd out of the message.
    public mutating func takeProcessDescriptor() -> ProcessDescriptor {
        var taken = ProcessDescriptor.none
        swap(&taken, &processDescriptor)
        return taken
    }
}
#endif
