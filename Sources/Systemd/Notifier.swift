// sd_notify(3): what the service tells its manager. Without NOTIFY_SOCKET in the environment
// every call does nothing, so the program runs the same in a terminal.

internal import CSystemd
public import LinuxSystem

/// Tells the service manager how the service is doing.
public struct Notifier: Sendable {
    public init() {}

    /// The service can take requests (`READY=1`), and what it is doing.
    ///
    /// - Throws: `SystemCallError` of `sd_notify`: the manager's socket is set but cannot be used.
    public func ready(status: String) throws(SystemCallError) {
        try send("READY=1\nSTATUS=\(Self.line(status))")
    }

    /// The one line that `systemctl status` shows (`STATUS=`).
    public func status(_ status: String) throws(SystemCallError) {
        try send("STATUS=\(Self.line(status))")
    }

    /// The service reads its configuration again (`RELOADING=1`), until it says that it is ready.
    ///
    /// - Parameter now: nanoseconds of `CLOCK_MONOTONIC`. The manager takes the message for an
    ///   answer to its own request only where it is not older than that.
    public func reloading(at now: UInt64) throws(SystemCallError) {
        try send("RELOADING=1\nMONOTONIC_USEC=\(now / 1000)")
    }

    /// The service is about to end (`STOPPING=1`), and what it does until then.
    public func stopping(status: String) throws(SystemCallError) {
        try send("STOPPING=1\nSTATUS=\(Self.line(status))")
    }

    /// The service still does its work (`WATCHDOG=1`).
    public func watchdog() throws(SystemCallError) {
        try send("WATCHDOG=1")
    }

    /// How long the manager waits for a sign of life before it ends the service and starts it again
    /// (`WatchdogSec=`); nil where it does not wait.
    public static var watchdogPeriod: Duration? {
        var microseconds: UInt64 = 0
        // SAFETY: the call writes one integer in this frame.
        let result = unsafe sd_watchdog_enabled(0, &microseconds)
        return result > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    private func send(_ state: String) throws(SystemCallError) {
        // SAFETY: the library reads the string during the call only.
        let result = unsafe sd_notify(0, state)
        try checkedResult("sd_notify", result, on: "the service manager's socket")
    }

    /// A newline would begin another assignment.
    static func line(_ status: String) -> String {
        String(String.UnicodeScalarView(status.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
    }
}
