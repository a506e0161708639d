// An opened /proc/PID/maps. Whoever opened it had the right to; its holder needs none, so a
// process that is not dumpable can be looked at through a passed descriptor (proc(5)).

internal import CLinux
internal import SystemPackage

/// An opened `/proc/PID/maps`, read through a borrowed descriptor.
public enum ProcessMaps {
    /// More text than this is not read: about 40,000 mappings.
    public static let maximumSize = 4 << 20

    /// Whether `descriptor` is what it should be: a file of procfs, `/proc/…/maps`.
    ///
    /// The name comes first, because the kernel alone tells it: fstatfs(2) asks the file system,
    /// and one that the sender serves could let us wait for ever.
    public static func isMaps(_ descriptor: borrowing OwnedDescriptor) -> Bool {
        guard let link = try? descriptor.kindLink(), link.hasPrefix("/proc/"),
            // The directory of a process that has gone is said to be deleted.
            link.hasSuffix("/maps") || link.hasSuffix("/maps (deleted)")
        else { return false }
        let number = descriptor.rawValue
        var status = statfs()
        // SAFETY: the call fills in the structure that outlives it.
        return unsafe fstatfs(number, &status) == 0 && status.f_type == PROC_SUPER_MAGIC
    }

    /// Whose mappings they are, as the procfs numbers processes that they were opened in.
    public static func processID(of descriptor: borrowing OwnedDescriptor) -> Int32? {
        guard let link = try? descriptor.kindLink() else { return nil }
        // /proc/PID/maps
        return link.split(separator: "/").dropFirst().first.flatMap { Int32($0) }
    }

    /// The text, from its beginning, up to ``maximumSize`` bytes; a partial last line is cut.
    ///
    /// - Throws: `SystemCallError` of `pread`, `ESRCH` where the process has gone.
    public static func text(of descriptor: borrowing OwnedDescriptor)
        throws(SystemCallError) -> [UInt8]
    {
        var text: [UInt8] = []
        let chunk = 1 << 16
        let number = descriptor.rawValue
        while text.count < maximumSize {
            let offset = text.count
            text.append(contentsOf: repeatElement(0, count: chunk))
            let count = try unsafe text.withUnsafeMutableBufferPointer {
                buffer throws(SystemCallError) in
                // SAFETY: `chunk` bytes behind `offset` were appended above.
                let start = unsafe buffer.baseAddress.map { unsafe $0 + offset }
                return try retryingOnInterrupt("pread", on: "/proc/PID/maps") {
                    unsafe pread(number, start, chunk, off_t(offset))
                }
            }
            text.removeLast(chunk - count)
            if count == 0 { break }
        }
        let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        text.removeLast(text.count - end)
        return text
    }

    /// The build ID of the file mapped at `address`; nil where it has none, or where the kernel is
    /// older than 6.11 (`PROCMAP_QUERY`).
    public static func buildID(
        of descriptor: borrowing OwnedDescriptor, at address: UInt64
    ) -> [UInt8]? {
        let number = descriptor.rawValue
        var bytes = [UInt8](repeating: 0, count: 64)
        let capacity = UInt32(bytes.count)
        let count = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> Int in
            var query = clinux_procmap_query()
            query.size = UInt64(MemoryLayout<clinux_procmap_query>.size)
            query.query_addr = address
            query.build_id_size = capacity
            query.build_id_addr = UInt64(UInt(bitPattern: buffer.baseAddress))
            // SAFETY: the kernel writes at most `capacity` bytes to the array and the answer to
            // the structure; both outlive the call.
            let result = unsafe clinux_ioctl_pointer(number, clinux_procmap_query_request(), &query)
            return result == 0 ? Int(query.build_id_size) : 0
        }
        return count > 0 && count <= bytes.count ? Array(bytes.prefix(count)) : nil
    }
}
