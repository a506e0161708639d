import PerfRecords
import Testing

struct RecordLayoutTests {
    @Test(
        arguments: [
            [], SampleFields.profile.subtracting(.identifier), .profile.subtracting(.callchain),
            .profile.union(SampleFields(rawValue: 1 << 4)),
            .profile.union(SampleFields(rawValue: 1 << 10)),
            .profile.union(SampleFields(rawValue: 1 << 63)),
        ] as [SampleFields])
    func `fields that cannot be decoded give no layout`(fields: SampleFields) {
        #expect(RecordLayout(fields: fields) == nil)
    }

    @Test func `the profile's fields give the profile's layout`() {
        #expect(RecordLayout(fields: .profile) == .profile)
    }

    @Test func `fields between those of use are passed over`() throws {
        let fields: SampleFields = [
            .profile, .instructionPointer, .address, .id, .streamID, .cpu,
        ]
        let layout = try #require(RecordLayout(fields: fields))
        var builder = RecordBuilder()
        // IDENTIFIER IP TID TIME ADDR ID STREAM_ID CPU PERIOD nr ips
        builder.append(.sample, [1, 2, 3 | 4 << 32, 5, 6, 7, 8, 9, 10, 1, 0xabc])
        // lost, then TID TIME ID STREAM_ID CPU IDENTIFIER
        builder.append(.lostSamples, [42, 3 | 4 << 32, 5, 7, 8, 9, 1])
        let records = try decode(builder.words, layout)
        guard case .sample(let sample) = records[0], case .lostSamples(let loss) = records[1]
        else {
            Issue.record("other records")
            return
        }
        #expect(sample.identifier == 1)
        #expect(sample.threadID == 4)
        #expect(sample.time == 5)
        #expect(sample.period == 10)
        #expect(Array(builder.words[sample.callchain]) == [0xabc])
        #expect(loss.count == 42)
        #expect(loss.origin.threadID == 4)
        #expect(loss.origin.time == 5)
        #expect(loss.origin.identifier == 1)
    }
}
