// Memory that is a file (memfd_create(2)) and can no longer be changed by anybody, whoever holds its
// descriptor: what was written is what will be read.

internal import CLinux
internal import SystemPackage

/// Why a descriptor is not one of sealed memory.
public enum SealedMemoryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It is a file of another kind.
    case notMemory(kind: String)
    /// Its content can still be changed.
    case unsealed
    case tooLong(bytes: Int, limit: Int)
    case system(SystemCallError)

    public var description: String {
        switch self {
        case .notMemory(let kind): "It is not memory but \(kind.prefix(64))"
        case .unsealed: "It is memory that is not sealed"
        case .tooLong(let bytes, let limit): "It has \(bytes) bytes, more than \(limit)"
        case .system(let error): "\(error)"
        }
    }
}

/// Memory files whose content is sealed.
public enum SealedMemory {
    /// A memory file that holds `bytes` for good.
    ///
    /// - Parameter name: what `/proc/PID/fd` shows, for people.
    /// - Throws: `SystemCallError` of `memfd_create`, `write` or `fcntl`.
    public static func containing(
        _ bytes: [UInt8], name: String
    ) throws(SystemCallError) -> OwnedDescriptor {
        let rawValue = try retryingOnInterrupt("memfd_create") {
            // SAFETY: the string lives through the call.
            unsafe clinux_memory_file(name)
        }
        let file = OwnedDescriptor(adopting: rawValue)
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            done += try unsafe rest.withUnsafeBufferPointer { bytes throws(SystemCallError) in
                // SAFETY: the kernel reads `count` bytes of the array, which outlives the call.
                try retryingOnInterrupt("write") {
                    unsafe write(rawValue, bytes.baseAddress, bytes.count)
                }
            }
        }
        _ = try retryingOnInterrupt("fcntl", on: "F_ADD_SEALS") { clinux_seal(rawValue) }
        return file
    }

    /// Whether `descriptor` is a memory file, by this process' own table of descriptors.
    public static func isMemory(_ descriptor: borrowing OwnedDescriptor) -> Bool {
        // A path cannot begin like this but in the root directory, where only root makes files.
        (try? descriptor.kindLink().hasPrefix("/memfd:")) == true
    }

    /// The content of a memory file that nobody can change any more.
    ///
    /// - Throws: `SealedMemoryError`, also past `limit` bytes.
    public static func contents(
        of descriptor: borrowing OwnedDescriptor, limit: Int
    ) throws(SealedMemoryError) -> [UInt8] {
        guard isMemory(descriptor) else {
            throw .notMemory(kind: (try? descriptor.kindLink()) ?? "unknown")
        }
        let seals = clinux_seals(descriptor.rawValue)
        let needed = clinux_content_seals()
        guard seals >= 0, seals & needed == needed else { throw .unsealed }
        let size: Int
        do throws(SystemCallError) { size = try descriptor.fileSize() } catch {
            throw .system(error)
        }
        guard size <= limit else { throw .tooLong(bytes: size, limit: limit) }
        do throws(SystemCallError) { return try descriptor.read(count: size, at: 0) } catch {
            throw .system(error)
        }
    }
}
