// The first page of a recording, as a reader takes it.

/// A recording's header, checked.
struct CheckedHeader: Equatable {
    /// The offset after the last committed entry; the file may be shorter.
    var committed: UInt64
    /// The offset of the first entry.
    var first: UInt64
    /// When every ring had last been emptied, in nanoseconds of CLOCK_MONOTONIC; 0 before.
    var drainedAt: UInt64
    var isSealed: Bool
    /// The header and the entries, in bytes.
    var size: UInt64 { committed - first + UInt64(RecordingHeader.size) }

    init(_ bytes: [UInt8]) throws(RecordingError) {
        guard bytes.count >= RecordingHeader.size else {
            throw bytes.starts(with: RecordingHeader.magic.prefix(bytes.count))
                ? .tooShort(bytes: bytes.count) : .notARecording
        }
        guard bytes.starts(with: RecordingHeader.magic) else { throw .notARecording }
        let version = Self.word(bytes, at: RecordingHeader.versionOffset)
        guard version == RecordingHeader.version else { throw .unsupportedVersion(version) }
        let size = Self.word(bytes, at: RecordingHeader.sizeOffset)
        guard size == RecordingHeader.size else {
            throw .invalidHeader(field: "header size", value: UInt64(size))
        }
        committed = Self.number(bytes, at: RecordingHeader.committedOffset)
        guard committed >= UInt64(RecordingHeader.size) else {
            throw .invalidHeader(field: "committed", value: committed)
        }
        let first = Self.number(bytes, at: RecordingHeader.firstOffset)
        self.first = first == 0 ? UInt64(RecordingHeader.size) : first
        guard (UInt64(RecordingHeader.size)...committed).contains(self.first) else {
            throw .invalidHeader(field: "first", value: first)
        }
        drainedAt = Self.number(bytes, at: RecordingNotes.drainedOffset)
        let state = Self.word(bytes, at: RecordingHeader.stateOffset)
        guard state <= RecordingHeader.stateSealed else {
            throw .invalidHeader(field: "state", value: UInt64(state))
        }
        isSealed = state == RecordingHeader.stateSealed
    }

    /// 64 bits, little-endian.
    static func number(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        UInt64(word(bytes, at: offset)) | UInt64(word(bytes, at: offset + 4)) << 32
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(bytes[offset + index]) << (8 * UInt32(index)) }
        return word
    }
}
