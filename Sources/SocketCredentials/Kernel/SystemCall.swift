#if os(Linux)
// The one place where a libc result becomes a value or an error, and where EINTR is retried.

internal import CLinux
package import SystemPackage

/// The calling thread's `errno` of the call that has just failed.
package var currentErrno: Errno { Errno(rawValue: clinux_errno()) }

/// Runs `body`, a system call that returns -1 and sets `errno` on failure, until it is not
/// interrupted.
///
/// - Throws: `SystemCallError` with the call's name and errno.
@inline(__always)
package func retryingOnInterrupt<Result: FixedWidthInteger & SignedInteger>(
    _ call: StaticString, on subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemCallError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let error = currentErrno
        if error != .interrupted {
            throw SystemCallError("\(call)", error, on: subject())
        }
    }
}

/// Runs `body` once: for calls that must not be repeated after EINTR (close(2), connect(2)).
@inline(__always)
package func checked<Result: FixedWidthInteger & SignedInteger>(
    _ call: StaticString, on subject: @autoclosure () -> String? = nil, _ body: () -> Result
) throws(SystemCallError) -> Result {
    let result = body()
    if result == -1 { throw SystemCallError("\(call)", currentErrno, on: subject()) }
    return result
}
#endif
