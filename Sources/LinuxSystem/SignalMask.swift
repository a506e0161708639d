// The calling thread's signal mask: a signal that is read from a descriptor (signalfd(2)) must be
// blocked first, or its default action ends the process.

internal import CLinux
internal import SystemPackage

/// Blocks `signal` in the calling thread and in every thread it starts from now on
/// (pthread_sigmask(3)).
package func blockSignal(_ signal: CInt) throws(SystemCallError) {
    var set = sigset_t()
    // SAFETY: both calls only write the set, which lives in this frame.
    unsafe sigemptyset(&set)
    guard unsafe sigaddset(&set, signal) == 0 else {
        throw SystemCallError("sigaddset", currentErrno, on: "signal \(signal)")
    }
    // SAFETY: the set is read during the call only; no old mask is asked for.
    let result = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    guard result == 0 else {
        throw SystemCallError("pthread_sigmask", Errno(rawValue: result), on: "signal \(signal)")
    }
}
