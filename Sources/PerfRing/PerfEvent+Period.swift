// Sampling less often, by whoever holds the descriptor.

internal import CLinux
public import LinuxSystem

extension PerfEvent {
    /// Has the event sample at `value` from now on: a frequency or a period, as it was opened.
    /// Threads that inherited it before keep their rate, those that do later have the new one.
    /// `PERF_EVENT_IOC_PERIOD`.
    ///
    /// The clocks have a fixed period from the beginning, also where a frequency was asked for
    /// (perf_swevent_init_hrtimer).
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    public static func setPeriod(
        _ value: UInt64, of event: borrowing OwnedDescriptor
    ) throws(SystemCallError) {
        let number = event.rawValue
        var value = value
        _ = try retryingOnInterrupt("ioctl", on: "PERF_EVENT_IOC_PERIOD") {
            // SAFETY: the kernel reads one 64-bit number.
            unsafe clinux_ioctl_pointer(number, clinux_perf_ioc_period(), &value)
        }
    }
}
