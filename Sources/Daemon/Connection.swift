// One peer. Bytes come in, frames are authenticated one by one and handed to the dispatcher, and
// replies go out in their order. Nothing about the peer is remembered from one frame to the next,
// but that it was once authenticated, which spares it the deadline and nothing else.
//
// Output is bounded: a peer that does not read its replies is not asked for more, and in the end
// disconnected. After a violation, or when the peer writes no more, what is queued is still sent,
// and the connection ends. No frame is handled after that, not even one that had arrived already.

internal import LinuxSystem
internal import SocketCredentials
internal import Systemd
internal import Varlink

/// What a connection is part of.
protocol ConnectionOwner: AnyObject {
    /// Answers the frame.
    func handle(_ frame: consuming Frame, on connection: Connection)
    /// Tells the peer, once, before the connection ends.
    func violate(_ violation: FrameViolation, on connection: Connection)
    /// Whether a frame of this writer will be answered with more than a denial.
    func isWelcome(_ writer: Credentials?) -> Bool
    /// The connection is closed. Its own handlers may be running.
    func closed(_ connection: Connection)
}

final class Connection {
    /// Bytes of replies that may wait for the peer before no more is read from it.
    private static let outputMark = 64 << 10
    /// Bytes of replies at which the peer is disconnected: one reply may be that long.
    private static let outputLimit = 4 << 20
    /// Replies with a descriptor that may wait for the peer: half of them before no more is read.
    private static let outputDescriptorLimit = 16
    /// Bytes read in one go.
    private static let readSize = 16 << 10
    /// Nanoseconds of a turn, after which the others have theirs; a frame that has begun to be
    /// handled is handled to its end.
    private static let turnLength: UInt64 = 200_000

    let number: UInt64
    let socket: UnixSocket
    /// Who made the connection.
    let peer: Peer
    private let frameLimit: Int
    private var assembler: FrameAssembler
    private let outbox = Outbox()
    private var source: IOSource?
    private var isEnding = false
    private(set) var isClosed = false
    /// Stands in a queue for its next turn, and no event of its socket is looked at.
    private var isPostponed = false
    /// A frame of the own user has come.
    var isAuthenticated = false
    /// The stream of replies that a call has asked for, while it goes on.
    var monitor: Monitor?
    /// What the daemon waits for, and since when in nanoseconds of `CLOCK_MONOTONIC`.
    private(set) var awaited: (what: Awaited, since: UInt64)?
    private let begun = KernelClock.monotonic()
    /// What had been sent when the reader was first waited for.
    private var awaitedSentSize: UInt64 = 0

    // The owner has them all, and closes the connection before it goes. Who waits is kept by turns
    // and patience, so that they are not kept here.
    private unowned let owner: any ConnectionOwner
    private unowned let turns: Turns
    private unowned let patience: Patience

    init(
        number: UInt64, socket: consuming UnixSocket, peer: Peer = Peer(), frameLimit: Int,
        owner: any ConnectionOwner, turns: Turns, patience: Patience
    ) {
        self.number = number
        self.socket = socket
        self.peer = peer
        self.frameLimit = frameLimit
        assembler = FrameAssembler(limit: frameLimit)
        self.owner = owner
        self.turns = turns
        self.patience = patience
    }

    func start(on loop: EventLoop) throws(SystemCallError) {
        source = try loop.addIO(socket.descriptor, .readable) { [weak self] _ in self?.turn() }
        expect(.authentication)
    }

    /// Has a turn that it had to wait for.
    func resume() {
        if isClosed { return }
        isPostponed = false
        source?.setEnabled(true)
        turn()
    }

    private func turn() {
        flush()
        if isPostponed { return }
        var now = KernelClock.monotonic()
        let end = now + Self.turnLength
        while mayReceive, now < end {
            guard turns.mayReceive(self, at: now) else { return postpone(at: now) }
            do throws(FrameViolation) {
                guard try step(at: now) else { return settle() }
            } catch {
                owner.violate(error, on: self)
                self.end()
            }
            now = KernelClock.monotonic()
        }
        if mayReceive && assembler.hasUnread { postpone(at: now) } else { settle() }
    }

    /// Handles the next frame, or receives something.
    ///
    /// - Returns: false where nothing has come, and nothing will.
    private func step(at now: UInt64) throws(FrameViolation) -> Bool {
        if let frame = try assembler.next() {
            if awaited?.what == .rest { awaited = nil }
            turns.charge(self, bytes: frame.bytes.count, at: now)
            owner.handle(frame, on: self)
            return true
        }
        if assembler.hasDescriptors && !owner.isWelcome(assembler.writer) {
            assembler.closeDescriptors()
        }
        return try receive()
    }

    private func receive() throws(FrameViolation) -> Bool {
        var chunk: [UInt8] = []
        let reception: Reception
        do throws(SystemCallError) {
            reception = try socket.receive(appendingTo: &chunk, limit: Self.readSize)
        } catch {
            close()
            return false
        }
        switch try assembler.take(chunk[...], reception) {
        case .waiting: return false
        case .open: return true
        case .ended:
            end()
            return false
        }
    }

    private var mayReceive: Bool {
        !isClosed && !isEnding && !isPostponed && outbox.size < Self.outputMark
            && outbox.descriptorCount < Self.outputDescriptorLimit / 2
    }

    /// Waits for another turn; until then the socket has no events, not even that of its end.
    private func postpone(at now: UInt64) {
        isPostponed = true
        source?.setEnabled(false)
        if !isAuthenticated {
            expect(.authentication)
        } else if awaited?.what != .rest || !turns.mayReceive(self, at: now) {
            // For what is not read the peer is not to blame. But the rest of a frame is only late
            // by a turn: its time goes on, or bytes that come as turns end would begin it anew.
            expect(nil)
        }
        turns.postpone(self, at: now)
    }

    /// Waits for what can be done next. What the peer has written is no event while nobody would
    /// read it: it would be one for ever.
    private func settle() {
        if isClosed { return }
        if isEnding && outbox.isEmpty { return close() }
        if isPostponed { return }
        let reading: IOEvents = mayReceive ? .readable : []
        source?.setEvents(outbox.isEmpty ? reading : reading.union(.writable))
        if isEnding {
            expect(.reader)
        } else if !isAuthenticated {
            expect(.authentication)
        } else if !mayReceive {
            expect(.reader)
        } else {
            expect(assembler.isInsideFrame ? .rest : nil)
        }
    }

    private func expect(_ what: Awaited?) {
        switch what {
        case nil: awaited = nil
        case .authentication?: awaited = (.authentication, begun)
        case .rest?: if awaited?.what != .rest { awaited = (.rest, KernelClock.monotonic()) }
        case .passage?:
            if awaited?.what != .passage { awaited = (.passage, KernelClock.monotonic()) }
        case .reader?:
            if awaited?.what == .reader && outbox.sentSize == awaitedSentSize { break }
            awaited = (.reader, KernelClock.monotonic())
            awaitedSentSize = outbox.sentSize
        }
        patience.changed(self)
    }
}

// MARK: - Output and the end

extension Connection {
    var hasOutput: Bool { !outbox.isEmpty }

    /// Queues a reply and sends what the socket takes.
    ///
    /// - Parameter delivered: called once the reply has been handed to the kernel.
    func send(
        _ reply: Reply, _ descriptors: consuming DescriptorList = DescriptorList(),
        delivered: (() -> Void)? = nil
    ) {
        guard !isClosed else { return }
        outbox.append(reply.encoded(), descriptors, delivered: delivered)
        flush()
        if outbox.size > Self.outputLimit || outbox.descriptorCount > Self.outputDescriptorLimit {
            close()
        }
        settle()
    }

    private func flush() {
        if isClosed { return }
        do throws(SendError) {
            try outbox.flush(to: socket)
        } catch .tooManyInFlight {
            // Of this user's other programs, perhaps; what they hold is theirs to take back.
            hold()
        } catch {
            close()
        }
    }

    /// Tries again later; the socket has no event that would tell when.
    private func hold() {
        expect(.passage)
        if isPostponed { return }
        isPostponed = true
        source?.setEnabled(false)
        turns.hold(self)
    }

    /// Reads no more; ends when what is queued has been sent.
    func end() {
        if isClosed { return }
        isEnding = true
        monitor = nil
        // With the descriptors that it may have.
        assembler = FrameAssembler(limit: frameLimit)
        settle()
    }

    func close() {
        if isClosed { return }
        isClosed = true
        source?.cancel()
        source = nil
        assembler = FrameAssembler(limit: frameLimit)
        outbox.removeAll()
        monitor = nil
        patience.changed(self)
        owner.closed(self)
    }
}
