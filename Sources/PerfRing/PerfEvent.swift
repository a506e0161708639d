// perf_event_open(2) and the ioctl(2) requests on its descriptors. Who opens an event needs
// privilege; who holds its descriptor needs none for the rest.

internal import CLinux
public import LinuxSystem

/// The calls on a perf event, which is an `OwnedDescriptor`.
public enum PerfEvent {
    /// Opens an event on one thread and one CPU, close-on-exec.
    ///
    /// - Throws: `SystemCallError` of `perf_event_open`.
    public static func open(
        _ attributes: PerfEventAttributes, threadID: Int32, cpu: Int32
    ) throws(SystemCallError) -> OwnedDescriptor {
        try open(attributes, threadID, cpu, flags: UInt(PERF_FLAG_FD_CLOEXEC))
    }

    /// Opens an event on one CPU for whatever runs there of a cgroup and those below it,
    /// close-on-exec.
    ///
    /// - Parameter cgroup: its directory.
    /// - Throws: `SystemCallError` of `perf_event_open`.
    public static func open(
        _ attributes: PerfEventAttributes, cgroup: borrowing OwnedDescriptor, cpu: Int32
    ) throws(SystemCallError) -> OwnedDescriptor {
        let flags = UInt(PERF_FLAG_FD_CLOEXEC) | UInt(PERF_FLAG_PID_CGROUP)
        return try open(attributes, cgroup.rawValue, cpu, flags: flags)
    }

    private static func open(
        _ attributes: PerfEventAttributes, _ subject: Int32, _ cpu: Int32, flags: UInt
    ) throws(SystemCallError) -> OwnedDescriptor {
        var value = attributes.kernelValue
        let rawValue = try retryingOnInterrupt("perf_event_open") {
            // SAFETY: the kernel reads `size` bytes, and on E2BIG writes that one field.
            unsafe clinux_perf_event_open(&value, subject, cpu, -1, flags)
        }
        return OwnedDescriptor(adopting: rawValue)
    }

    /// Whether `descriptor` is of a perf event at all, which whoever receives one asks first.
    ///
    /// - Throws: `SystemCallError` of `readlink`.
    public static func isPerfEvent(
        _ descriptor: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> Bool {
        try descriptor.kindLink() == kind
    }

    /// What `/proc/self/fd/N` links to. An opened file's link begins with "/", so no path can
    /// pass for this.
    static let kind = "anon_inode:[perf_event]"

    /// Starts the event and what inherited it. `PERF_EVENT_IOC_ENABLE`.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    public static func enable(_ event: borrowing OwnedDescriptor) throws(SystemCallError) {
        try request(event, clinux_perf_ioc_enable(), "PERF_EVENT_IOC_ENABLE")
    }

    /// Stops the event and what inherited it. `PERF_EVENT_IOC_DISABLE`.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    public static func disable(_ event: borrowing OwnedDescriptor) throws(SystemCallError) {
        try request(event, clinux_perf_ioc_disable(), "PERF_EVENT_IOC_DISABLE")
    }

    /// Has `event` write to the ring of `owner`, an event of the same CPU.
    /// `PERF_EVENT_IOC_SET_OUTPUT`.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    public static func setOutput(
        _ event: borrowing OwnedDescriptor, to owner: borrowing OwnedDescriptor
    ) throws(SystemCallError) {
        let argument = UInt(owner.rawValue)
        try request(event, clinux_perf_ioc_set_output(), "PERF_EVENT_IOC_SET_OUTPUT", argument)
    }

    /// Whether the event has a ring to write to, and the thread that it counts is there: without
    /// either it polls as hung up (perf_poll).
    ///
    /// - Throws: `SystemCallError` of `poll`.
    public static func isAttached(
        _ event: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> Bool {
        var entry = pollfd(fd: event.rawValue, events: Int16(POLLIN), revents: 0)
        _ = try retryingOnInterrupt("poll") {
            // SAFETY: one entry, which outlives the call.
            unsafe poll(&entry, 1, 0)
        }
        return entry.revents & Int16(POLLHUP) == 0
    }

    /// The number that the event's records carry. `PERF_EVENT_IOC_ID`.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    public static func identifier(
        of event: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> UInt64 {
        let rawValue = event.rawValue
        var identifier: UInt64 = 0
        _ = try retryingOnInterrupt("ioctl", on: "PERF_EVENT_IOC_ID") {
            // SAFETY: the kernel writes one 64-bit number.
            unsafe clinux_ioctl_pointer(rawValue, clinux_perf_ioc_id(), &identifier)
        }
        return identifier
    }

    private static func request(
        _ event: borrowing OwnedDescriptor, _ request: UInt, _ name: String, _ argument: UInt = 0
    ) throws(SystemCallError) {
        let rawValue = event.rawValue
        _ = try retryingOnInterrupt("ioctl", on: name) {
            clinux_ioctl(rawValue, request, argument)
        }
    }
}
