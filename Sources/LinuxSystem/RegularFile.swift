// Opening files that somebody else named. A path out of a recording may be a FIFO, a device or a
// directory by now; nothing here blocks on one or reads from one.

internal import CLinux
internal import SystemPackage

/// A file that could not be opened or read.
public enum RegularFileError: Error, Sendable, Equatable, CustomStringConvertible {
    case failed(SystemCallError)
    /// It exists, and is a directory, a FIFO, a socket or a device.
    case notRegular(path: String)
    /// It is longer than the reader's limit, in bytes.
    case tooLong(limit: Int)

    public var description: String {
        switch self {
        case .failed(let error): "\(error)"
        case .notRegular(let path): "\(path) is not a regular file"
        case .tooLong(let limit): "the file is longer than the limit of \(limit) bytes"
        }
    }
}

/// Reading regular files by name.
public enum RegularFile {
    /// Opens `path` for reading, if it is a regular file: open(2) with `O_NONBLOCK`, so that a FIFO
    /// cannot hold the caller, and close-on-exec.
    public static func open(_ path: String) throws(RegularFileError) -> OwnedDescriptor {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let rawValue: CInt
        var status = stat()
        do throws(SystemCallError) {
            // SAFETY: the string lives as long as the call.
            rawValue = try retryingOnInterrupt("open", on: path) {
                unsafe clinux_openat(AT_FDCWD, path, flags, 0)
            }
        } catch {
            throw .failed(error)
        }
        let descriptor = OwnedDescriptor(adopting: rawValue)
        do throws(SystemCallError) {
            // SAFETY: fstat fills the structure that lives on this frame.
            _ = try retryingOnInterrupt("fstat", on: path) { unsafe fstat(rawValue, &status) }
        } catch {
            throw .failed(error)
        }
        guard status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) else {
            throw .notRegular(path: path)
        }
        return descriptor
    }

    /// Fills `buffer` from byte `offset` of the file on (pread(2)); returns the number of bytes
    /// read, 0 at the file's end.
    public static func read(
        _ descriptor: borrowing OwnedDescriptor, into buffer: inout [UInt8], at offset: Int
    ) throws(RegularFileError) -> Int {
        let rawValue = descriptor.rawValue
        do throws(SystemCallError) {
            // SAFETY: pread writes at most `count` bytes into the array.
            return try unsafe buffer.withUnsafeMutableBufferPointer {
                bytes throws(SystemCallError) in
                try retryingOnInterrupt("pread") {
                    unsafe pread(rawValue, bytes.baseAddress, bytes.count, off_t(offset))
                }
            }
        } catch {
            throw .failed(error)
        }
    }

    /// Everything `descriptor` holds, also where its size is not known beforehand (proc(5)).
    ///
    /// - Throws: `RegularFileError.tooLong` past `limit` bytes.
    public static func contents(
        of descriptor: borrowing OwnedDescriptor, limit: Int
    ) throws(RegularFileError) -> [UInt8] {
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try read(descriptor, into: &chunk, at: contents.count)
            if count == 0 { return contents }
            guard count <= limit - contents.count else { throw .tooLong(limit: limit) }
            contents.append(contentsOf: chunk[..<count])
        }
    }

    /// `path` without symbolic links (realpath(3)), or nil when that fails.
    public static func canonicalPath(_ path: String) -> String? {
        // SAFETY: a null buffer makes realpath allocate; the result is freed below.
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
