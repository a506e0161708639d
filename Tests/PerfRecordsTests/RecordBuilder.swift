import PerfRecords

/// Builds records as the kernel writes them, word by word.
struct RecordBuilder {
    private(set) var words: [UInt64] = []

    /// The values that `sample_id_all` appends: pid 7 and tid 8, time 99, identifier 55.
    static let trailer: [UInt64] = [7 | 8 << 32, 99, 55]

    /// A record whose size is that of `body`.
    mutating func append(_ type: RecordType, misc: UInt16 = 0, _ body: [UInt64]) {
        let size = UInt16((1 + body.count) * 8)
        words.append(RecordHeader(type: type, misc: misc, size: size).word)
        words += body
    }

    mutating func appendSample(
        identifier: UInt64 = 3, time: UInt64 = 1_000, period: UInt64 = 250, misc: UInt16 = 2,
        callchain: [UInt64]
    ) {
        append(
            .sample, misc: misc,
            [identifier, 10 | 11 << 32, time, period, UInt64(callchain.count)] + callchain)
    }

    /// `text`, its NUL and the padding to a multiple of 8.
    static func name(_ text: String) -> [UInt64] {
        var bytes = Array(text.utf8) + [0]
        while bytes.count % 8 != 0 { bytes.append(0) }
        return stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) }
        }
    }
}

/// Every record of `words`, or the error that ends them.
func decode(
    _ words: [UInt64], _ layout: RecordLayout = .profile
) throws(RecordError) -> [PerfRecord] {
    var cursor = RecordCursor(layout)
    var records: [PerfRecord] = []
    while let record = try cursor.next(in: words.span) { records.append(record) }
    return records
}

/// The only record of `body` under `type`.
func decodeOne(
    _ type: RecordType, misc: UInt16 = 0, _ body: [UInt64]
) throws(RecordError) -> PerfRecord? {
    var builder = RecordBuilder()
    builder.append(type, misc: misc, body)
    return try decode(builder.words).first
}
