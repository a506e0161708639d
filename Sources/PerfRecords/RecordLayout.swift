// Where the fields are, computed once from the event's attributes, so that decoding a record
// looks at no flag. perf_event_open(2) gives the order: IDENTIFIER IP TID TIME ADDR ID STREAM_ID
// CPU PERIOD, then the callchain; the trailer that sample_id_all adds to the other records is
// TID TIME ID STREAM_ID CPU IDENTIFIER. Every one of these is one 8-byte word.

/// The places of the fields in the records of one event's ring.
public struct RecordLayout: Hashable, Sendable {
    public let fields: SampleFields

    // Word indices from the start of the sample; the callchain's count is at `callchain`.
    @usableFromInline let identifier: Int
    @usableFromInline let threadID: Int
    @usableFromInline let time: Int
    @usableFromInline let period: Int
    @usableFromInline let callchain: Int

    // The trailer's size in words, and its fields' distances from the record's end.
    let trailerCount: Int
    let trailerThreadID: Int
    let trailerTime: Int

    /// The layout for `SampleFields.profile` with `sample_id_all`.
    public static let profile = RecordLayout()

    private init() {
        self.init(fields: .profile, known: ())
    }

    /// The layout of samples with `fields`, under `sample_id_all`.
    ///
    /// Nil where one of `SampleFields.profile` is missing, or where a field is asked for whose
    /// size is not one word.
    public init?(fields: SampleFields) {
        let skippable: SampleFields = [.instructionPointer, .address, .id, .streamID, .cpu]
        guard fields.isSuperset(of: .profile),
            fields.subtracting(.profile).isSubset(of: skippable)
        else { return nil }
        self.init(fields: fields, known: ())
    }

    private init(fields: SampleFields, known: Void) {
        func count(_ earlier: SampleFields) -> Int {
            fields.intersection(earlier).rawValue.nonzeroBitCount
        }
        self.fields = fields
        identifier = 1
        threadID = 2 + count(.instructionPointer)
        time = threadID + 1
        period = time + 1 + count([.address, .id, .streamID, .cpu])
        callchain = period + 1
        trailerCount = 3 + count([.id, .streamID, .cpu])
        trailerThreadID = trailerCount
        trailerTime = trailerCount - 1
    }
}
