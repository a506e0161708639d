// One thread's event loop over sd-event(3).
//
// Who owns what: the loop owns the `sd_event`; each `EventSource` owns its `sd_event_source` and
// its handler, and its owner is whoever asked for it. Nothing keeps a source alive but that
// owner, so a source whose owner lets go of it is cancelled. A source keeps the `sd_event` alive,
// never the other way round: no cycle runs through the loop.
//
// A handler that throws ends `run()` with its error: what is the peer's fault must be dealt with
// inside the handler, and what is ours travels to `main`.

internal import CSystemd
public import LinuxSystem

/// What the loop and its sources share.
@safe
final class LoopState {
    let event: OpaquePointer
    /// The first error that a handler threw.
    var failure: (any Error)?

    init() throws(SystemCallError) {
        var event: OpaquePointer?
        // SAFETY: the call writes one pointer to a new reference, which is ours.
        let result = unsafe sd_event_new(&event)
        try checkedResult("sd_event_new", result)
        guard let event = unsafe event else {
            throw SystemCallError("sd_event_new", .noMemory)
        }
        unsafe self.event = unsafe event
    }

    deinit {
        // SAFETY: the reference is ours and the last use of it.
        _ = unsafe sd_event_unref(event)
    }

    /// Ends the loop with `error`, or with the one that came first.
    func fail(_ error: any Error) {
        if failure == nil { failure = error }
        // SAFETY: the reference is ours. The call only fails once the loop has finished.
        _ = unsafe sd_event_exit(event, 0)
    }
}

/// An event loop of one thread. All of its methods, and those of its sources, are called on the
/// thread that runs it.
public final class EventLoop {
    let state: LoopState
    private var posted: [() throws -> Void] = []
    private var postedSource: DeferredSource?

    /// - Throws: `SystemCallError` of `sd_event_new`.
    public init() throws(SystemCallError) {
        state = try LoopState()
        postedSource = try addDeferred { [unowned self] in try runPosted() }
    }

    /// Dispatches events until `stop()` is called or a handler throws.
    ///
    /// A loop runs once: after it has ended it cannot be started again.
    ///
    /// - Throws: the error that a handler threw, or `SystemCallError` of `sd_event_loop`.
    public func run() throws {
        // SAFETY: the reference is ours; the handlers run inside this call, on this thread.
        let result = unsafe sd_event_loop(state.event)
        posted.removeAll()
        if let failure = state.failure { throw failure }
        try checkedResult("sd_event_loop", result)
    }

    /// Ends `run()` after the handler that is running now; no other handler runs after it.
    public func stop() {
        // SAFETY: the reference is ours. The call only fails once the loop has finished.
        _ = unsafe sd_event_exit(state.event, 0)
    }

    /// Nanoseconds of `CLOCK_MONOTONIC` when this round of the loop woke up: the same for every
    /// handler of a round, and read without a system call. Before the first round, the time now.
    public var now: UInt64 {
        var microseconds: UInt64 = 0
        // SAFETY: the call writes one integer in this frame.
        let result = unsafe sd_event_now(state.event, CLOCK_MONOTONIC, &microseconds)
        precondition(result >= 0, "sd_event_now knows CLOCK_MONOTONIC")
        return microseconds * 1000
    }

    /// Runs `body` once, in a later round of the loop, in the order of the calls.
    ///
    /// Bodies that have not run when the loop ends are dropped.
    public func post(_ body: @escaping () throws -> Void) {
        posted.append(body)
        postedSource?.schedule()
    }

    private func runPosted() throws {
        // What is posted by a body waits for the next round, so that descriptors get their turn.
        let bodies = posted
        posted.removeAll()
        for (index, body) in bodies.enumerated() {
            do {
                try body()
            } catch {
                posted.insert(contentsOf: bodies[(index + 1)...], at: 0)
                throw error
            }
        }
    }
}
