// Why a recording cannot be read. Whoever made the file is at fault, never the reader.

public import LinuxSystem

/// What is wrong with a recording, and where.
public enum RecordingError: Error, Equatable, Sendable {
    /// The file has fewer bytes than a header.
    case tooShort(bytes: Int)
    /// The file does not begin with a recording's magic.
    case notARecording
    /// The format's version is not one that this reader knows.
    case unsupportedVersion(UInt32)
    /// A header field has a value that no writer stores.
    case invalidHeader(field: String, value: UInt64)
    /// The recording is larger than the reader was told to take into memory.
    case tooLarge(bytes: UInt64, limit: Int)
    /// The entry at hand cannot be what a writer wrote; `offset` is the field's, in the file.
    case damaged(Damage, offset: Int)
    /// The file could not be read.
    case system(SystemCallError)

    public enum Damage: String, Sendable {
        case incomplete = "an entry goes past the recording's end"
        case bodyTooShort = "an entry's fields go past its length"
        case varintTooLarge = "a number has more than 64 bits"
        case valueOutOfRange = "a field's value is out of its range"
        case countTooLarge = "a count is larger than the entry's remaining bytes"
        case unknownParent = "a stack's parent is not defined before it"
        case unknownStack = "a sample's stack is not defined before it"
        case unknownThread = "a sample's thread is not defined before it"
        case unknownEvent = "a sample's event is not defined before it"
        case indexOutOfOrder = "a definition's index is not the next one"
        case tooManyStacks = "there are more stack nodes than 32 bits can number"
        case reservedSampleFlags = "a sample has flags that this version does not define"
    }
}

extension RecordingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooShort(let bytes):
            "The file has \(bytes) bytes, fewer than a recording's header of 4096; it is not a "
                + "recording, or it was cut."
        case .notARecording:
            "The file is not a recording: it does not begin with \"PROFREC\"."
        case .unsupportedVersion(let version):
            "The recording has format version \(version); this program reads version 1. Use the "
                + "profilerctl that belongs to the daemon that recorded it."
        case .invalidHeader(let field, let value):
            "The recording's header is damaged: \(field) is \(value)."
        case .tooLarge(let bytes, let limit):
            "The recording has \(bytes) bytes, more than the limit of \(limit)."
        case .damaged(let damage, let offset):
            "The recording is damaged at byte \(offset): \(damage.rawValue)."
        case .system(let error):
            "The recording cannot be read: \(error)."
        }
    }
}
