// One ring of a session: waits for the kernel's wakeup (the watermark, or the end of a thread) and
// empties it. Every event that writes to the ring can be polled for it. An event whose thread has
// ended polls as hung up for ever, so the next one takes its place; when all have hung up, every
// thread of the target that was followed on this CPU has ended.

internal import LinuxSystem
internal import PerfRing
internal import Systemd

/// Drains one ring.
final class RingDrain {
    /// Words copied out in one go: 64 KiB, which a processor keeps near and whose space the kernel
    /// has back soon.
    private static let batch = Ring.longestRecord + 1

    let cpu: UInt32
    private var ring: Ring
    /// Places in the session's event table of the events that write to this ring.
    private let events: [Int]
    private var polled = 0
    private var source: IOSource?
    /// Every thread that was followed here has ended.
    private(set) var isHungUp = false
    /// The ring was not as the kernel leaves it; it is not looked at any more.
    private var isBroken = false
    /// What the kernel had counted as lost, by kind of event, before this ring was mapped.
    private(set) var lostBefore: [UInt32: UInt64] = [:]

    /// Nothing waits in the ring, as of the last drain.
    var isEmpty: Bool { ring.unreadSize == 0 }

    /// Somebody else had the ring before, and keeps it.
    var isFound: Bool { ring.isFound }

    init(ring: consuming Ring, cpu: UInt32, events: [Int]) {
        self.ring = ring
        self.cpu = cpu
        self.events = events
    }

    /// Waits for wakeups from now on, and calls `wake` at each.
    func start(
        on loop: EventLoop, _ recorder: Recorder, wake: @escaping (RingDrain) -> Void
    ) throws(SystemCallError) {
        stop()
        if polled == 0 { lostBefore = recorder.events.lostCounts(ofEventsAt: events) }
        while polled < events.count {
            source = try recorder.events.descriptors.withDescriptor(at: events[polled]) {
                descriptor throws(SystemCallError) in
                try loop.addIO(descriptor, .readable) { [weak self, weak recorder] ready in
                    guard let self, let recorder else { return }
                    if !ready.isDisjoint(with: [.hangUp, .error]) {
                        polled += 1
                        try start(on: loop, recorder, wake: wake)
                    }
                    wake(self)
                }
            }
            return
        }
        isHungUp = true
    }

    /// Stops waiting at once, also inside the source's own handler.
    func stop() {
        source?.cancel()
        source = nil
    }

    /// Records all that is in the ring. Each batch is committed before its space goes back to the
    /// kernel, so that nothing drained can be lost with this process.
    func drain(
        into recorder: Recorder, using buffer: inout [UInt64]
    ) throws(SessionFailure) {
        // The kernel writes on meanwhile; what it adds waits for its next wakeup, lest every few
        // records cost a commit. After two rings full others get their turn.
        var budget = 2 * ring.dataSize / 8
        if isBroken { return }
        repeat {
            let count: Int
            do throws(RingViolation) {
                count = try ring.copyOut(into: &buffer, maximumWords: Self.batch)
            } catch {
                isBroken = true
                throw .ring(error)
            }
            if count == 0 { return }
            try recorder.record(buffer.span.extracting(first: count), cpu: cpu)
            ring.release()
            budget -= count
        } while budget > 0 && ring.unreadSize > 0
    }

    /// What the kernel has counted as lost since the start, by kind of event.
    func lossCounts(of table: borrowing EventTable) -> [UInt32: UInt64] {
        var counts = table.lostCounts(ofEventsAt: events)
        for (kind, count) in lostBefore {
            let now = counts[kind] ?? 0
            counts[kind] = now > count ? now - count : 0
        }
        return counts
    }
}
