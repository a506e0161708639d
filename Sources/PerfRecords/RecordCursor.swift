// Walks the records of a private copy of a ring. The words come from the kernel, but through
// memory that others can write the control page of: nothing is read before it is compared with
// the record's own end, and the record's end with the end of the words.

/// A place in a run of records.
public struct RecordCursor: Sendable {
    public let layout: RecordLayout
    /// The word at which the next record starts.
    public var position: Int
    /// How many records were passed over because this version has no use for their type.
    public private(set) var skippedCount = 0

    public init(_ layout: RecordLayout = .profile, position: Int = 0) {
        self.layout = layout
        self.position = position
    }

    /// Decodes the next record of `words`; nil at their end.
    ///
    /// After an error the cursor stays at the record in question.
    ///
    /// - Throws: `RecordError` where a record is not as it should be.
    public mutating func next(in words: Span<UInt64>) throws(RecordError) -> PerfRecord? {
        while position < words.count {
            if let sample = try nextSample(in: words) { return .sample(sample) }
            let start = position
            let header = RecordHeader(words[start])
            guard let count = header.wordCount(limit: words.count - start) else {
                throw RecordError(.size(header.size), header, at: start)
            }
            let end = start + count
            let body = RecordBody(header: header, start: start, end: end, layout: layout)
            let record = try body.decode(in: words)
            position = end
            if let record { return record }
            skippedCount += 1
        }
        return nil
    }

    /// Decodes the next record of `words` if it is a sample; nil at their end, and in front of any
    /// other record. A drain meets millions of samples to a few of the others, and for these this
    /// is inlined into its loop.
    ///
    /// After an error the cursor stays at the record in question.
    ///
    /// - Throws: `RecordError` where a sample is not as it should be.
    @inlinable @inline(__always)
    public mutating func nextSample(in words: Span<UInt64>) throws(RecordError) -> SampleView? {
        guard position < words.count else { return nil }
        let header = RecordHeader(words[position])
        guard header.type.rawValue == RecordType.sample.rawValue else { return nil }
        guard let count = header.wordCount(limit: words.count &- position) else {
            throw RecordError(.size(header.size), header, at: position)
        }
        let record = words.extracting(position..<position &+ count)
        let sample = try layout.sample(header, record, at: position)
        position &+= count
        return sample
    }
}

extension RecordLayout {
    /// The sample that `record`, which starts at word `start`, consists of.
    @inlinable @inline(__always)
    func sample(
        _ header: RecordHeader, _ record: Span<UInt64>, at start: Int
    ) throws(RecordError) -> SampleView {
        let chain = callchain &+ 1
        guard chain <= record.count else { throw RecordError(.truncated, header, at: start) }
        let count = record[callchain]
        guard count <= UInt64(record.count &- chain) else {
            throw RecordError(.callchain(count: count), header, at: start)
        }
        return SampleView(
            identifier: record[identifier], ids: record[threadID], time: record[time],
            period: record[period], mode: header.cpuMode,
            callchain: start &+ chain..<start &+ chain &+ Int(count))
    }
}
