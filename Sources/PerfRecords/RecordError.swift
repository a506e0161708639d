/// A record that is not as `perf_event.h` describes it.
///
/// The kernel writes no such record: whoever reads a ring treats it as the end of that ring.
public struct RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// The size is 0, no multiple of 8, or reaches past the end of the words.
        case size(UInt16)
        /// The record ends before the fields that its type has.
        case truncated
        /// The callchain's `nr` counts more entries than the record has words.
        case callchain(count: UInt64)
        /// A name has no NUL inside the record.
        case unterminatedName
        /// A build ID that is longer than its 20 bytes.
        case buildID(count: UInt8)
    }

    public let reason: Reason
    public let type: RecordType
    /// Where the record starts, in bytes from the start of the words.
    public let offset: Int

    public init(_ reason: Reason, _ type: RecordType, offset: Int) {
        self.reason = reason
        self.type = type
        self.offset = offset
    }

    @usableFromInline
    init(_ reason: Reason, _ header: RecordHeader, at word: Int) {
        self.init(reason, header.type, offset: word * 8)
    }

    public var description: String {
        let record = "The record of type \(type.rawValue) at byte \(offset)"
        return switch reason {
        case .size(let size): "\(record) has a size of \(size) bytes."
        case .truncated: "\(record) ends before its last field."
        case .callchain(let count): "\(record) has a callchain of \(count) entries that is cut."
        case .unterminatedName: "\(record) has a name without an end."
        case .buildID(let count): "\(record) has a build ID of \(count) bytes."
        }
    }
}
