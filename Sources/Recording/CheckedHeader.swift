// The first page of a recording, as a reader takes it.

/// A recording's header, checked.
struct CheckedHeader: Equatable {
    /// The offset after the last committed entry; the file may be shorter.
    var committed: UInt64
    var isSealed: Bool

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
        let low = Self.word(bytes, at: RecordingHeader.committedOffset)
        let high = Self.word(bytes, at: RecordingHeader.committedOffset + 4)
        committed = UInt64(low) | UInt64(high) << 32
        guard committed >= UInt64(RecordingHeader.size) else {
            throw .invalidHeader(field: "committed", value: committed)
        }
        let state = Self.word(bytes, at: RecordingHeader.stateOffset)
        guard state <= RecordingHeader.stateSealed else {
            throw .invalidHeader(field: "state", value: UInt64(state))
        }
        isSealed = state == RecordingHeader.stateSealed
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(bytes[offset + index]) << (8 * UInt32(index)) }
        return word
    }
}
