// One peer. Bytes come in, frames are authenticated one by one and handed to the dispatcher, and
// replies go out in their order. Nothing about the peer is remembered from one frame to the next.
//
// Output is bounded: a peer that does not read its replies is disconnected. After a violation, or
// when the peer writes no more, what is queued is still sent, and the connection ends. No frame is
// handled after that, not even one that had arrived already.

internal import LinuxSystem
internal import Systemd
internal import Varlink

final class Connection {
    /// What waits to be sent: the bytes of one reply, and the descriptor that rides with it.
    private struct Output {
        var bytes: ArraySlice<UInt8>
        var descriptors: SharedDescriptors?
        /// Called once the descriptors have gone, or never.
        var delivered: (() -> Void)?
    }

    /// Descriptors of a queued reply; a class because arrays cannot hold them.
    private final class SharedDescriptors {
        let list: DescriptorList
        init(_ list: consuming DescriptorList) { self.list = list }
    }

    /// Bytes of replies that may wait for the peer.
    private static let outputLimit = 4 << 20
    /// Replies with a descriptor that may wait for the peer: the descriptors are ours until then.
    private static let outputDescriptorLimit = 16
    /// Bytes read in one go, and how often before others get their turn.
    private static let readSize = 64 << 10
    private static let readsPerTurn = 8

    let number: UInt64
    let socket: UnixSocket
    /// Who made the connection.
    let peer: Peer
    private var assembler: FrameAssembler
    private var output: [Output] = []
    /// How many at the start of `output` have been sent and not been removed yet.
    private var sentCount = 0
    private var outputSize = 0
    private var outputDescriptors = 0
    private var source: IOSource?
    private var isEnding = false
    private(set) var isClosed = false
    /// The stream of replies that a call has asked for, while it goes on.
    var monitor: Monitor?

    private let handle: (Connection, consuming Frame) -> Void
    private let violate: (Connection, FrameViolation) -> Void
    private let closed: (Connection) -> Void

    init(
        number: UInt64, socket: consuming UnixSocket, peer: Peer = Peer(), frameLimit: Int,
        handle: @escaping (Connection, consuming Frame) -> Void,
        violate: @escaping (Connection, FrameViolation) -> Void,
        closed: @escaping (Connection) -> Void
    ) {
        self.number = number
        self.socket = socket
        self.peer = peer
        assembler = FrameAssembler(limit: frameLimit)
        self.handle = handle
        self.violate = violate
        self.closed = closed
    }

    func start(on loop: EventLoop) throws(SystemCallError) {
        source = try loop.addIO(socket.descriptor, .readable) { [weak self] ready in
            self?.dispatch(ready)
        }
    }

    private func dispatch(_ ready: IOEvents) {
        if ready.contains(.writable) || isEnding { flush() }
        if !isEnding && !ready.isDisjoint(with: [.readable, .hangUp, .error]) { read() }
        if isEnding && !hasOutput { close() }
    }

    private func read() {
        for _ in 0..<Self.readsPerTurn where !isEnding && !isClosed {
            var chunk: [UInt8] = []
            do throws(SystemCallError) {
                let reception = try socket.receive(appendingTo: &chunk, limit: Self.readSize)
                guard take(chunk, reception) else { return }
            } catch {
                close()
            }
        }
    }

    /// Returns false where nothing has come.
    private func take(_ chunk: [UInt8], _ reception: consuming Reception) -> Bool {
        do throws(FrameViolation) {
            var frames: [Box] = []
            // Also those in front of a violation.
            defer { for box in frames { handle(box) } }
            switch try assembler.add(chunk[...], reception, deliver: { frames.append(Box($0)) }) {
            case .waiting: return false
            case .open: break
            case .ended: end()
            }
        } catch {
            if isEnding || isClosed { return true }
            violate(self, error)
            end()
        }
        return true
    }

    private func handle(_ box: Box) {
        if isEnding || isClosed { return }
        if let frame = box.frame.take() { handle(self, frame) }
    }

    /// A frame on its way from the assembler to its handler.
    private final class Box {
        var frame: Frame?
        init(_ frame: consuming Frame) { self.frame = consume frame }
    }

    /// Queues a reply and sends what the socket takes.
    ///
    /// - Parameter delivered: called once the reply has been handed to the kernel.
    func send(
        _ reply: Reply, _ descriptors: consuming DescriptorList = DescriptorList(),
        delivered: (() -> Void)? = nil
    ) {
        guard !isClosed else { return }
        let bytes = reply.encoded()
        let shared = descriptors.isEmpty ? nil : SharedDescriptors(descriptors)
        outputSize += bytes.count
        outputDescriptors += shared == nil ? 0 : 1
        output.append(Output(bytes: bytes[...], descriptors: shared, delivered: delivered))
        flush()
        if outputSize > Self.outputLimit || outputDescriptors > Self.outputDescriptorLimit {
            close()
        }
    }

    /// Reads no more; ends when what is queued has been sent.
    func end() {
        isEnding = true
        monitor = nil
        if hasOutput { waitForPeer() } else { close() }
    }

    private var hasOutput: Bool { sentCount < output.count }

    /// Waits for what can be done next. What the peer has written is no event while it is ending:
    /// it would be one for ever, for nobody reads it.
    private func waitForPeer() {
        let reading: IOEvents = isEnding ? [] : .readable
        source?.setEvents(hasOutput ? reading.union(.writable) : reading)
    }

    private func flush() {
        while !isClosed, hasOutput {
            var next = output[sentCount]
            let count: Int?
            do throws(SendError) {
                if let descriptors = next.descriptors {
                    count = try socket.send(next.bytes, with: descriptors.list)
                } else {
                    count = try socket.send(next.bytes)
                }
            } catch {
                close()
                return
            }
            guard let count else { break }
            if next.descriptors != nil { outputDescriptors -= 1 }
            next.descriptors = nil
            next.bytes = next.bytes.dropFirst(count)
            outputSize -= count
            output[sentCount] = next
            if next.bytes.isEmpty {
                removeSent()
                // May send, and so come back here.
                next.delivered?()
            }
        }
        waitForPeer()
    }

    /// One reply more has gone. Half of the queue is removed at a time, so that a long one does
    /// not move at each.
    private func removeSent() {
        output[sentCount] = Output(bytes: [])
        sentCount += 1
        if sentCount * 2 < output.count { return }
        output.removeFirst(sentCount)
        sentCount = 0
    }

    func close() {
        if isClosed { return }
        isClosed = true
        source?.cancel()
        source = nil
        output = []
        sentCount = 0
        monitor = nil
        closed(self)
    }
}
