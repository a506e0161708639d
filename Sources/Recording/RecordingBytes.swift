// The bytes of a recording's file without what it has forgotten: the header, and the entries right
// after it. That is a recording of its own, and what a copy of one is.
//
// A writer forgets while others read. It stores where the recording begins before it gives space
// back, so that who looks at the header once more afterwards knows which bytes were still there when
// they were read.

public import LinuxSystem

public enum RecordingBytes {
    /// How often a reader begins anew that the writer has left behind altogether.
    private static let mostAttempts = 8

    /// Reads the recording up to its last commit. A file that was cut gives what is there.
    ///
    /// - Throws: `RecordingError` of the header, of the system, or `tooLarge` past `limit` bytes.
    public static func read(
        _ descriptor: borrowing OwnedDescriptor, limit: Int = RecordingReader.defaultLimit
    ) throws(RecordingError) -> [UInt8] {
        var attempt = 1
        while true {
            do throws(RecordingError) {
                if let bytes = try attemptToRead(descriptor, limit) { return bytes }
                if attempt == mostAttempts { throw .invalidHeader(field: "first", value: 0) }
            } catch {
                // The header was read while its numbers changed.
                guard case .invalidHeader = error, attempt < mostAttempts else { throw error }
            }
            attempt += 1
        }
    }

    /// Nil where the writer has forgotten everything meanwhile that was to be read.
    private static func attemptToRead(
        _ descriptor: borrowing OwnedDescriptor, _ limit: Int
    ) throws(RecordingError) -> [UInt8]? {
        let page = try read(descriptor, 0..<UInt64(RecordingHeader.size))
        let header = try CheckedHeader(page)
        guard header.size <= UInt64(max(limit, 0)) else {
            throw .tooLarge(bytes: header.size, limit: limit)
        }
        guard BucketTable.isIn(page) else {
            // Nothing of it is ever forgotten. The header is that of the first look.
            var bytes = try read(descriptor, 0..<header.committed)
            bytes.replaceSubrange(0..<min(page.count, bytes.count), with: page)
            return bytes
        }
        let entries = try read(descriptor, header.first..<header.committed)
        let now = try CheckedHeader(read(descriptor, 0..<UInt64(RecordingHeader.size)))
        guard now.first < header.committed else { return nil }
        let forgotten = Int(clamping: now.first - min(header.first, now.first))
        return compact(page, header, entries, forgotten: min(forgotten, entries.count))
    }

    /// Whether the recording keeps only its last time, as the first page of its file says.
    public static func keepsOnlyLast(_ page: [UInt8]) -> Bool {
        page.count >= RecordingHeader.size && BucketTable.isIn(page)
    }

    /// Puts a header and entries together that are a recording.
    ///
    /// - Parameter forgotten: so many bytes of `entries` are not there any more.
    static func compact(
        _ page: [UInt8], _ header: CheckedHeader, _ entries: [UInt8], forgotten: Int
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(page.count + entries.count - forgotten)
        bytes += page
        bytes += entries.dropFirst(forgotten)
        let committed = header.size - UInt64(forgotten)
        for (offset, number) in [
            (RecordingHeader.firstOffset, 0), (RecordingHeader.committedOffset, committed),
            (BucketTable.countOffset, 0),
        ] {
            for index in 0..<8 {
                bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            }
        }
        return bytes
    }

    /// The bytes of `range`, or as many as the file has; memory is taken for those alone.
    static func read(
        _ descriptor: borrowing OwnedDescriptor, _ range: Range<UInt64>
    ) throws(RecordingError) -> [UInt8] {
        do throws(SystemCallError) {
            let size = UInt64(max(try descriptor.fileSize(), 0))
            let range = range.clamped(to: 0..<size)
            return try descriptor.read(count: Int(range.count), at: Int(range.lowerBound))
        } catch {
            throw .system(error)
        }
    }
}
