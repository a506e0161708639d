// The kinds of event sources: descriptors, timers, signals, deferred work.

internal import CSystemd
public import LinuxSystem

/// What a descriptor is ready for (epoll_ctl(2)).
public struct IOEvents: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The corresponding C constant is `EPOLLIN`.
    public static let readable = IOEvents(rawValue: EPOLLIN.rawValue)
    /// The corresponding C constant is `EPOLLOUT`.
    public static let writable = IOEvents(rawValue: EPOLLOUT.rawValue)
    /// An exceptional condition: for a file of a cgroup, that it has changed. The C constant is
    /// `EPOLLPRI`.
    public static let priority = IOEvents(rawValue: EPOLLPRI.rawValue)
    /// The peer has closed its end or will write no more. The C constant is `EPOLLRDHUP`.
    public static let readHangUp = IOEvents(rawValue: EPOLLRDHUP.rawValue)
    /// Always reported, never asked for. The corresponding C constant is `EPOLLHUP`.
    public static let hangUp = IOEvents(rawValue: EPOLLHUP.rawValue)
    /// Always reported, never asked for. The corresponding C constant is `EPOLLERR`.
    public static let error = IOEvents(rawValue: EPOLLERR.rawValue)
    /// Asks for edges instead of levels. The corresponding C constant is `EPOLLET`.
    public static let edgeTriggered = IOEvents(rawValue: EPOLLET.rawValue)
}

/// Waits for a descriptor to become ready.
public final class IOSource: EventSource {
    /// Waits for `events` from now on; none of them pauses the source but for hang-up and error.
    public func setEvents(_ events: IOEvents) {
        // SAFETY: the source is our own and live.
        unsafe withSource { source in unsafe sd_event_source_set_io_events(source, events.rawValue)
        }
    }

    /// Pauses the source altogether, or resumes it.
    public func setEnabled(_ enabled: Bool) {
        setState(enabled ? SD_EVENT_ON : SD_EVENT_OFF)
    }
}

/// Fires once each time it is armed, on `CLOCK_MONOTONIC`.
public final class TimerSource: EventSource {
    /// Fires `delay` after this round of the loop woke up, in place of any earlier arming.
    public func arm(after delay: Duration) {
        let microseconds = delay.microsecondsRoundedUp
        // SAFETY: the source is our own and live.
        unsafe withSource { source in unsafe sd_event_source_set_time_relative(source, microseconds)
        }
        setState(SD_EVENT_ONESHOT)
    }

    /// Fires at `deadline`, nanoseconds of `CLOCK_MONOTONIC`, in place of any earlier arming.
    public func arm(at deadline: UInt64) {
        let microseconds = deadline / 1000 + (deadline % 1000 == 0 ? 0 : 1)
        // SAFETY: the source is our own and live.
        unsafe withSource { source in unsafe sd_event_source_set_time(source, microseconds) }
        setState(SD_EVENT_ONESHOT)
    }

    /// Forgets the arming; the timer can be armed again.
    public func disarm() {
        setState(SD_EVENT_OFF)
    }
}

/// Receives a signal.
public final class SignalSource: EventSource {}

/// Runs once, in the next round of the loop, each time it is scheduled.
public final class DeferredSource: EventSource {
    public func schedule() {
        setState(SD_EVENT_ONESHOT)
    }
}

extension EventLoop {
    /// Calls `handler` with what `descriptor` is ready for, as long as it is.
    ///
    /// The source borrows the descriptor's number: call `cancel()` before the descriptor is closed.
    /// To drop the source is not enough where its own handler runs, for that keeps it alive.
    ///
    /// - Throws: `SystemCallError` of `sd_event_add_io`: `permissionDenied` (EPERM) for a
    ///   descriptor that cannot be polled, such as a regular file.
    public func addIO(
        _ descriptor: borrowing OwnedDescriptor, _ events: IOEvents,
        handler: @escaping (IOEvents) throws -> Void
    ) throws(SystemCallError) -> IOSource {
        let number = descriptor.rawValue
        return try unsafe IOSource(
            state, call: "sd_event_add_io",
            handler: { detail in try handler(IOEvents(rawValue: detail)) }
        ) { event, source, object in
            // SAFETY: the callback gets `object` back, see EventSource.
            unsafe sd_event_add_io(
                event, &source, number, events.rawValue,
                { _, _, revents, object in unsafe dispatchEvent(object, detail: revents) }, object)
        }
    }

    /// A timer that calls `handler` when it fires. Not armed yet.
    ///
    /// - Parameter accuracy: how late the timer may fire so that wakeups can be shared; at least
    ///   a microsecond.
    public func addTimer(
        accuracy: Duration = .milliseconds(1), handler: @escaping () throws -> Void
    ) throws(SystemCallError) -> TimerSource {
        // 0 would mean the library's default, 250 ms.
        let accuracy = max(1, accuracy.microsecondsRoundedUp)
        let timer = try unsafe TimerSource(
            state, call: "sd_event_add_time", handler: { _ in try handler() }
        ) { event, source, object in
            // SAFETY: the callback gets `object` back, see EventSource.
            unsafe sd_event_add_time(
                event, &source, CLOCK_MONOTONIC, .max, accuracy,
                { _, _, object in unsafe dispatchEvent(object) }, object)
        }
        timer.disarm()
        return timer
    }

    /// Blocks `signal` in the calling thread and calls `handler` each time it arrives.
    ///
    /// The signal stays blocked when the source is cancelled, so that one that comes late does
    /// not end the process. Call it before any other thread is started.
    public func addSignal(
        _ signal: CInt, handler: @escaping () throws -> Void
    ) throws(SystemCallError) -> SignalSource {
        try blockSignal(signal)
        return try unsafe SignalSource(
            state, call: "sd_event_add_signal", handler: { _ in try handler() }
        ) { event, source, object in
            // SAFETY: the callback gets `object` back, see EventSource.
            unsafe sd_event_add_signal(
                event, &source, signal, { _, _, object in unsafe dispatchEvent(object) }, object)
        }
    }

    /// Calls `handler` once in the next round after each `schedule()`. Not scheduled yet.
    public func addDeferred(
        handler: @escaping () throws -> Void
    ) throws(SystemCallError) -> DeferredSource {
        let deferred = try unsafe DeferredSource(
            state, call: "sd_event_add_defer", handler: { _ in try handler() }
        ) { event, source, object in
            // SAFETY: the callback gets `object` back, see EventSource.
            unsafe sd_event_add_defer(
                event, &source, { _, object in unsafe dispatchEvent(object) }, object)
        }
        deferred.setState(SD_EVENT_OFF)
        return deferred
    }
}
