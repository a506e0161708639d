// A recording as it is, up to its last commit. A file that is still written has space reserved
// behind that, which is nobody's; the header's own word for where it ends is read with the header,
// so that header and entries are of one moment.

internal import LinuxSystem
internal import Recording

enum RecordingCopy {
    private static let headerSize = 4096
    /// Byte offset of the u64 `committed`, little-endian (docs/recording-format.md).
    private static let committedOffset = 16

    /// Copies a recording to standard output, what was cut off or not.
    static func copy(_ recording: borrowing OwnedDescriptor) throws(ClientError) -> ReportFindings {
        let header = try system { () throws(SystemCallError) in
            try recording.read(count: headerSize, at: 0)
        }
        do throws(RecordingError) {
            _ = try RecordingReader(bytes: header)
        } catch {
            throw ClientError(.badData, "\(error)")
        }
        if RecordingBytes.keepsOnlyLast(header) { return try copyLast(recording) }
        let committed = (0..<8).reduce(UInt64(0)) {
            $0 | UInt64(header[committedOffset + $1]) << ($1 * 8)
        }
        var offset = headerSize
        try system { () throws(SystemCallError) in
            let end = Int(clamping: min(committed, UInt64(try recording.fileSize())))
            try StandardOutput.write(header)
            while offset < end {
                let chunk = try recording.read(count: min(1 << 20, end - offset), at: offset)
                if chunk.isEmpty { break }
                try StandardOutput.write(chunk)
                offset += chunk.count
            }
        }
        var findings = ReportFindings()
        if UInt64(offset) < committed { findings.cut = ReportFindings.cutSentence }
        return findings
    }

    /// Its beginning may go away while it is read, so that all of it is read before any is written.
    private static func copyLast(
        _ recording: borrowing OwnedDescriptor
    ) throws(ClientError) -> ReportFindings {
        let bytes: [UInt8]
        let reader: RecordingReader
        do throws(RecordingError) {
            bytes = try RecordingBytes.read(recording)
            reader = try RecordingReader(bytes: bytes)
        } catch {
            throw ClientError(.badData, "\(error)")
        }
        try system { () throws(SystemCallError) in try StandardOutput.write(bytes) }
        var findings = ReportFindings()
        if reader.isTruncated { findings.cut = ReportFindings.cutSentence }
        return findings
    }
}
