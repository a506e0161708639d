// What an event source is, whatever it waits for: a handler, and a reference to the
// `sd_event_source` that calls it.
//
// sd-event calls back with a pointer to the `EventSource`. That pointer is good whenever it is
// used: the source is disconnected from its loop before the object goes, and the callback holds
// the object while the handler runs, so a handler may cancel and forget its own source.

internal import CSystemd
internal import LinuxSystem

/// Something the loop waits for. Cancelled by `cancel()`, or when the object goes.
@safe
public class EventSource {
    private let loop: LoopState
    private var source: OpaquePointer?
    private var handler: ((_ detail: UInt32) throws -> Void)?

    /// Creates the source through `add`, which gets a pointer to this object for its callback.
    init(
        _ loop: LoopState, call: StaticString,
        handler: @escaping (UInt32) throws -> Void,
        add: (
            _ event: OpaquePointer, _ source: inout OpaquePointer?,
            _ object: UnsafeMutableRawPointer
        ) -> CInt
    ) throws(SystemCallError) {
        self.loop = loop
        self.handler = handler
        unsafe source = nil
        // SAFETY: the pointer to this object is used by the callback only, which cannot run once
        // `cancel()` has disconnected the source; deinit calls it.
        let object = unsafe Unmanaged.passUnretained(self).toOpaque()
        var source: OpaquePointer?
        let result = unsafe add(loop.event, &source, object)
        try checkedResult(call, result)
        unsafe self.source = unsafe source
    }

    deinit { cancel() }

    /// Stops waiting for good and lets go of the handler. Does nothing the second time.
    ///
    /// May be called by any handler, this source's own included. A cancelled source's handler
    /// does not run again, even if its event has already been seen.
    public func cancel() {
        guard let source = unsafe source else { return }
        unsafe self.source = nil
        handler = nil
        // SAFETY: the reference is ours and this was the last use of it; sd-event keeps what it
        // needs while the source's own callback is running.
        _ = unsafe sd_event_source_disable_unref(source)
    }

    /// Whether `cancel()` has been called.
    public var isCancelled: Bool { unsafe source == nil }

    /// Lets sources of a smaller number run first when several are ready. Normally 0.
    public func setPriority(_ priority: Int64) {
        // SAFETY: the source is our own and live.
        unsafe withSource { source in unsafe sd_event_source_set_priority(source, priority) }
    }

    /// Runs `body`, which must not fail, on the source unless it is cancelled.
    func withSource(_ body: (OpaquePointer) -> CInt) {
        guard let source = unsafe source else { return }
        let result = unsafe body(source)
        // A call on our own live source fails only for arguments that are our own bug.
        precondition(result >= 0 || loopHasFinished, "sd-event refused our own source: \(result)")
    }

    /// Pauses or resumes the source: `SD_EVENT_OFF`, `SD_EVENT_ON` or `SD_EVENT_ONESHOT`.
    func setState(_ state: Int) {
        // SAFETY: the source is our own and live.
        unsafe withSource { source in unsafe sd_event_source_set_enabled(source, CInt(state)) }
    }

    private var loopHasFinished: Bool {
        // SAFETY: the reference is ours.
        unsafe sd_event_get_state(loop.event) == CInt(SD_EVENT_FINISHED)
    }

    /// Runs the handler; its error ends the loop. The result is what sd-event wants: 0.
    fileprivate func dispatch(_ detail: UInt32) -> CInt {
        do {
            try handler?(detail)
        } catch {
            loop.fail(error)
        }
        return 0
    }
}

/// The object behind a callback's pointer runs its handler.
func dispatchEvent(_ object: UnsafeMutableRawPointer?, detail: UInt32 = 0) -> CInt {
    guard let object = unsafe object else { return 0 }
    // SAFETY: the pointer is that of a live `EventSource` (see the head of this file), and this
    // reference keeps it alive while the handler runs.
    return unsafe Unmanaged<EventSource>.fromOpaque(object).takeUnretainedValue().dispatch(detail)
}
