// Descriptor 2, which the process is born with and nobody owns: what it is, and writing to it.

internal import CLinux

/// The process's standard error.
public enum StandardError {
    /// The device and inode of the file behind standard error; nil where it is closed.
    public static var fileIdentity: (device: UInt64, inode: UInt64)? {
        var (device, inode): (UInt64, UInt64) = (0, 0)
        // SAFETY: the call writes two integers in this frame.
        guard unsafe clinux_file_identity(STDERR_FILENO, &device, &inode) == 0 else { return nil }
        return (device, inode)
    }

    /// Writes all of `bytes`. Whoever reports on standard error has nowhere else to report to,
    /// so a failure is not an error here: what could not be written is lost.
    public static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the pointer and the count are those of the slice, for the call only.
            let written = try? unsafe rest.withUnsafeBytes { bytes throws(SystemCallError) in
                try retryingOnInterrupt("write") {
                    unsafe CLinux.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
                }
            }
            guard let written, written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
