// pipe2(2), and blocking reads and writes of streams.

internal import CLinux
internal import SystemPackage

/// Both ends of a pipe, close-on-exec.
public struct Pipe: ~Copyable {
    public let reader: OwnedDescriptor
    public let writer: OwnedDescriptor

    public init() throws(SystemCallError) {
        var numbers: [CInt] = [-1, -1]
        _ = try unsafe numbers.withUnsafeMutableBufferPointer { buffer throws(SystemCallError) in
            let start = buffer.baseAddress
            // SAFETY: pipe2 writes two numbers.
            return try checked("pipe2") { unsafe clinux_pipe2(start, O_CLOEXEC) }
        }
        reader = OwnedDescriptor(adopting: numbers[0])
        writer = OwnedDescriptor(adopting: numbers[1])
    }

    /// Lets go of the writing end.
    public consuming func takeReader() -> OwnedDescriptor { reader }

    /// Lets go of the reading end.
    public consuming func takeWriter() -> OwnedDescriptor { writer }
}

extension OwnedDescriptor {
    /// Reads up to `count` bytes of a stream; none where it has ended.
    public borrowing func readSome(_ count: Int) throws(SystemCallError) -> [UInt8] {
        let number = rawValue
        var bytes = [UInt8](repeating: 0, count: count)
        let length = try unsafe bytes.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let start = buffer.baseAddress
            // SAFETY: read writes at most `count` bytes into the array.
            return try retryingOnInterrupt("read") { unsafe CLinux.read(number, start, count) }
        }
        bytes.removeLast(count - length)
        return bytes
    }

    /// Writes all of `bytes` to a file or stream that blocks.
    ///
    /// - Throws: `SystemCallError` of `write`: `ENOSPC`, `EPIPE`, …
    public borrowing func writeAll(_ bytes: [UInt8]) throws(SystemCallError) {
        try LinuxSystem.writeAll(bytes, to: rawValue)
    }
}

extension OwnedDescriptor {
    /// Whether it is a terminal (isatty(3)).
    public borrowing func isTerminal() -> Bool { isatty(rawValue) == 1 }

    /// Writes as many of `bytes` as are taken at once.
    ///
    /// - Returns: how many; 0 where the stream does not block and is full.
    /// - Throws: `SystemCallError` of `write`: `EPIPE` where the reader has gone.
    public borrowing func writeSome(_ bytes: ArraySlice<UInt8>) throws(SystemCallError) -> Int {
        let number = rawValue
        do throws(SystemCallError) {
            return try unsafe bytes.withUnsafeBufferPointer { bytes throws(SystemCallError) in
                let (start, count) = (bytes.baseAddress, bytes.count)
                // SAFETY: the pointer and the count are those of the slice, for the call only.
                return try retryingOnInterrupt("write") {
                    unsafe CLinux.write(number, start, count)
                }
            }
        } catch {
            if error.errno == .wouldBlock { return 0 }
            throw error
        }
    }
}

private func writeAll(_ bytes: [UInt8], to number: CInt) throws(SystemCallError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = try unsafe rest.withUnsafeBufferPointer {
            bytes throws(SystemCallError) in
            let (start, count) = (bytes.baseAddress, bytes.count)
            // SAFETY: the pointer and the count are those of the slice, for the call only.
            return try retryingOnInterrupt("write") { unsafe CLinux.write(number, start, count) }
        }
        rest = rest.dropFirst(written)
    }
}

/// Descriptor 1, which the process is born with and nobody owns.
public enum StandardOutput {
    /// - Throws: `SystemCallError` of `write`: `EPIPE` where the reader has gone.
    public static func write(_ bytes: [UInt8]) throws(SystemCallError) {
        try writeAll(bytes, to: STDOUT_FILENO)
    }

    /// A second descriptor for it, close-on-exec.
    ///
    /// - Throws: `SystemCallError` of `fcntl`.
    public static func duplicate() throws(SystemCallError) -> OwnedDescriptor {
        OwnedDescriptor(
            adopting: try checked("fcntl", on: "standard output") {
                clinux_fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, CLong(STDERR_FILENO) + 1)
            })
    }

    public static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    /// The terminal's columns; nil where it is none.
    public static var terminalWidth: Int? { LinuxSystem.terminalWidth(STDOUT_FILENO) }
}

extension StandardError {
    public static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    /// The terminal's columns; nil where it is none.
    public static var terminalWidth: Int? { LinuxSystem.terminalWidth(STDERR_FILENO) }
}

private func terminalWidth(_ number: CInt) -> Int? {
    var size = winsize()
    // SAFETY: the kernel fills in the structure.
    let result = unsafe clinux_ioctl_pointer(number, UInt(TIOCGWINSZ), &size)
    return result == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
}
