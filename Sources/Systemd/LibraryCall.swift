// libsystemd returns a negative errno on failure and sets no errno: here that becomes an error.

internal import LinuxSystem
internal import SystemPackage

/// The result of a libsystemd call, or its error under the call's name.
@discardableResult
func checkedResult(
    _ call: StaticString, _ result: CInt, on subject: @autoclosure () -> String? = nil
) throws(SystemCallError) -> CInt {
    if result < 0 {
        throw SystemCallError("\(call)", Errno(rawValue: -result), on: subject())
    }
    return result
}

extension Duration {
    /// Whole microseconds, rounded up so that a timer never fires early; 0 where negative.
    var microsecondsRoundedUp: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        let part = UInt64((attoseconds + 999_999_999_999) / 1_000_000_000_000)
        let (sum, carried) = whole.addingReportingOverflow(part)
        // UINT64_MAX is libsystemd's "infinity", a timer that never fires.
        return overflow || carried ? .max : sum
    }
}
