// The links in a process' directory, proc(5).

internal import CLinux

/// What links of `/proc/PID` say.
public enum ProcessLink {
    /// The longest path that is read.
    private static let capacity = 4096

    /// The path of the executable of process `pid`, as the kernel has it: it may have been deleted
    /// since, and may mean something else here.
    ///
    /// - Throws: `SystemCallError` of `readlink`: EACCES for another user's process.
    public static func executable(of pid: Int32) throws(SystemCallError) -> String {
        let path = "/proc/\(pid)/exe"
        var bytes = [CChar](repeating: 0, count: capacity)
        let count = try unsafe bytes.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            guard let start = buffer.baseAddress else { return 0 }
            let capacity = buffer.count
            // SAFETY: at most `capacity` bytes are written to the array.
            return try retryingOnInterrupt("readlink", on: path) {
                unsafe readlink(path, start, capacity)
            }
        }
        return String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
