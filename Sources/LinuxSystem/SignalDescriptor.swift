// Signals as something to read: signalfd(2). A signal must be blocked to arrive there; a child
// inherits the mask, so whoever forks gives the old one back (ChildProcess.swift).

internal import CLinux
internal import SystemPackage

/// A signal that asks the program to end.
public enum EndSignal: Int32, Sendable, CaseIterable {
    /// Ctrl-C. The corresponding C constant is `SIGINT`.
    case interrupt = 2
    /// The corresponding C constant is `SIGTERM`.
    case terminate = 15
    /// The terminal has gone. The corresponding C constant is `SIGHUP`.
    case hangUp = 1
}

/// Receives the signals that ask the program to end, in place of their default action.
public struct SignalDescriptor: ~Copyable {
    public let descriptor: OwnedDescriptor
    private let signals: [EndSignal]

    /// Blocks the signals and receives them from now on. One that the program was started to
    /// ignore is received, too, since a script that starts it in the background ends it by SIGINT;
    /// but not the terminal's end, which is what nohup(1) is for.
    ///
    /// - Throws: `SystemCallError` of `signalfd`.
    public init() throws(SystemCallError) {
        let isKept = clinux_signal_is_ignored(SIGHUP) != 0
        signals = EndSignal.allCases.filter { $0 != .hangUp || !isKept }
        for signal in signals { try blockSignal(signal.rawValue) }
        var set = sigset_t()
        // SAFETY: the calls only read and write the set, which lives in this frame.
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        let flags = CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK)
        descriptor = OwnedDescriptor(
            adopting: try checked("signalfd") { unsafe signalfd(-1, &set, flags) })
    }

    /// Has the signals end the program, also those that have come and were not read.
    ///
    /// - Throws: `SystemCallError` of `pthread_sigmask`.
    public borrowing func letThrough() throws(SystemCallError) {
        var set = sigset_t()
        // SAFETY: the calls only read and write the set, which lives in this frame.
        unsafe sigemptyset(&set)
        for signal in signals {
            _ = clinux_signal_default(signal.rawValue)
            unsafe sigaddset(&set, signal.rawValue)
        }
        let result = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        guard result == 0 else { throw SystemCallError("pthread_sigmask", Errno(rawValue: result)) }
    }

    /// Ends what `letThrough` began.
    ///
    /// - Throws: `SystemCallError` of `pthread_sigmask`.
    public borrowing func holdBack() throws(SystemCallError) {
        for signal in signals { try blockSignal(signal.rawValue) }
    }

    /// The next signal that has come; nil where none waits.
    public borrowing func next() -> EndSignal? {
        let number = descriptor.rawValue
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // SAFETY: the kernel writes one structure of that size.
        let count = unsafe CLinux.read(number, &information, size)
        guard count == size else { return nil }
        return EndSignal(rawValue: Int32(bitPattern: information.ssi_signo))
    }
}

/// Has a write to a pipe without a reader fail with `EPIPE` instead of ending the process.
public func ignoreBrokenPipeSignal() { _ = clinux_signal_ignore(SIGPIPE) }

/// Has a write beyond RLIMIT_FSIZE fail with `EFBIG` instead of ending the process (`SIGXFSZ`).
public func ignoreFileSizeSignal() { _ = clinux_signal_ignore(SIGXFSZ) }
