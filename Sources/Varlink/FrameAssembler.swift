// Bytes become frames. A Varlink frame is one JSON text and a zero byte. Here a frame is also the
// unit of identity: the kernel never returns bytes of different senders from one recvmsg(2) while
// SO_PASSCRED is on, but one frame may arrive in several, and its parts may have been written by
// different processes. So each part's credentials are compared with those of the frame's first.
//
// Descriptors arrive with the first byte of the segment they were sent with, and recvmsg(2) returns
// no byte behind that segment. Plain bytes sent earlier may be glued in front of it. Descriptors
// therefore belong to the last frame that begins in what recvmsg returned (unix(7); af_unix.c).

internal import LinuxSystem
public import SocketCredentials

/// One frame with the identity of its sender and the descriptors that rode with it.
public struct Frame: ~Copyable {
    /// The JSON text, without the zero byte.
    public let bytes: [UInt8]
    /// The kernel's word on who sent every byte of it; nil where it had none.
    public let credentials: Credentials?
    public var descriptors: DescriptorList
}

/// A peer that broke the rules of the wire. The connection ends.
public enum FrameViolation: Error, Hashable, Sendable {
    /// The kernel dropped descriptors or credentials (`MSG_CTRUNC`, or an errno in a slot).
    case controlTruncated
    /// The frame is longer than the limit, in bytes.
    case oversized(limit: Int)
    /// Two parts of one frame came from different senders.
    case mixedCredentials(first: Credentials?, second: Credentials?)
    /// Descriptors arrived in the middle of a frame, or two groups of them for one frame.
    case strayDescriptors
    /// The stream ended in the middle of a frame.
    case unfinished
}

/// What one receive meant to the stream.
public enum StreamState: Hashable, Sendable {
    /// Nothing has come yet.
    case waiting
    /// Something has come, and more may.
    case open
    /// The peer writes no more, and no frame is left unfinished.
    case ended
}

/// Assembles the frames of one connection, in their order. Nothing is taken apart before somebody
/// asks for it, so that a peer that sends many frames at once costs no more than one that does not.
public struct FrameAssembler: ~Copyable {
    private let limit: Int
    private var partial: [UInt8] = []
    private var credentials: Credentials?
    private var descriptors = DescriptorList()

    // What the last receive delivered and nobody has asked for yet.
    private var unread: ArraySlice<UInt8> = []
    private var sender: Credentials?
    private var lastFrameStart: Int?
    private var arrived = DescriptorList()

    /// - Parameter limit: the longest frame in bytes, without its zero byte.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether a frame has begun and not ended.
    public var isInsideFrame: Bool { !partial.isEmpty || !descriptors.isEmpty }

    /// Whether something was received that `next()` has not looked at.
    public var hasUnread: Bool { !unread.isEmpty }

    /// Who writes the frame that has begun, which no byte to come can change; nil where none has
    /// begun, or the kernel does not say.
    public var writer: Credentials? { isInsideFrame ? credentials : nil }

    /// Whether descriptors have come with the frame that has begun.
    public var hasDescriptors: Bool { !descriptors.isEmpty }

    /// Closes the descriptors of the frame that has begun.
    public mutating func closeDescriptors() { descriptors = DescriptorList() }

    /// Adds what one recvmsg(2) delivered and hands each frame that it completes to `deliver`.
    ///
    /// - Throws: `FrameViolation`; the connection cannot go on. All descriptors are closed.
    public mutating func add(
        _ chunk: ArraySlice<UInt8>, _ reception: consuming Reception,
        deliver: (consuming Frame) -> Void
    ) throws(FrameViolation) -> StreamState {
        let state = try take(chunk, reception)
        while let frame = try next() { deliver(frame) }
        return state
    }

    /// Takes what one recvmsg(2) delivered, of which nothing may be unread before. `next()` has
    /// the frames.
    ///
    /// - Throws: `FrameViolation`; the connection cannot go on. All descriptors are closed.
    public mutating func take(
        _ chunk: ArraySlice<UInt8>, _ reception: consuming Reception
    ) throws(FrameViolation) -> StreamState {
        precondition(!hasUnread, "what came before has not been read")
        switch consume reception {
        case .nothingYet: return .waiting
        case .endOfStream:
            if isInsideFrame { throw .unfinished }
            return .ended
        case .message(let message): try take(chunk, message)
        case .truncated(let message, let truncation):
            // A pidfd is asked for by whoever made the listener, and nothing is decided by it.
            guard truncation.sparesTheMessage else { throw .controlTruncated }
            try take(chunk, message)
        }
        return .open
    }

    private mutating func take(
        _ chunk: ArraySlice<UInt8>, _ message: consuming ReceivedMessage
    ) throws(FrameViolation) {
        lastFrameStart = startOfLastFrame(in: chunk)
        if !message.descriptors.isEmpty && lastFrameStart == nil { throw .strayDescriptors }
        unread = chunk
        sender = message.credentials
        swap(&arrived, &message.descriptors)
    }

    /// The next frame that is complete; nil where more has to be received.
    ///
    /// - Throws: `FrameViolation`; the connection cannot go on.
    public mutating func next() throws(FrameViolation) -> Frame? {
        if unread.isEmpty { return nil }
        try begin(sender)
        if unread.startIndex == lastFrameStart { swap(&descriptors, &arrived) }
        guard let end = unread.firstIndex(of: 0) else {
            defer { unread = [] }
            try extend(with: unread)
            return nil
        }
        try extend(with: unread[..<end])
        unread = end + 1 < unread.endIndex ? unread[(end + 1)...] : []
        return takeFrame()
    }

    /// Where the last frame that begins in `chunk` begins; nil where none does.
    private func startOfLastFrame(in chunk: ArraySlice<UInt8>) -> Int? {
        guard let end = chunk.dropLast().lastIndex(of: 0) else {
            return isInsideFrame ? nil : chunk.startIndex
        }
        return end + 1
    }

    /// Checks that the bytes to come have the identity of the frame they belong to.
    private mutating func begin(_ sender: Credentials?) throws(FrameViolation) {
        if !isInsideFrame {
            credentials = sender
        } else if credentials != sender {
            throw .mixedCredentials(first: credentials, second: sender)
        }
    }

    private mutating func extend(with bytes: ArraySlice<UInt8>) throws(FrameViolation) {
        if partial.count + bytes.count > limit { throw .oversized(limit: limit) }
        partial += bytes
    }

    private mutating func takeFrame() -> Frame {
        var taken = DescriptorList()
        swap(&taken, &descriptors)
        defer {
            partial = []
            credentials = nil
        }
        return Frame(bytes: partial, credentials: credentials, descriptors: taken)
    }
}
