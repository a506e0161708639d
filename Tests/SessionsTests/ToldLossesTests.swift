import Testing

@testable import Sessions

struct ToldLossesTests {
    private func untold(
        _ told: [(UInt64, cpu: UInt32, event: UInt32)], of counted: [UInt32: UInt64]
    ) -> [UInt32: UInt64] {
        var losses = ToldLosses()
        for (count, cpu, event) in told { losses.add(count, cpu: cpu, event: event) }
        return Dictionary(
            uniqueKeysWithValues: losses.untold(of: counted, cpu: 0).map { ($0.event, $0.count) })
    }

    @Test func `what no record told is the difference to what the kernel counted`() {
        #expect(untold([], of: [0: 7]) == [0: 7])
        #expect(untold([(5, 0, 0)], of: [0: 7]) == [0: 2])
        #expect(untold([(7, 0, 0)], of: [0: 7]) == [:])
        // Another ring's losses are not this one's.
        #expect(untold([(5, 1, 0)], of: [0: 7]) == [0: 7])
    }

    @Test func `a record that names one event tells of all of its ring`() {
        #expect(untold([(10, 0, 0)], of: [0: 4, 1: 6]) == [:])
        #expect(untold([(10, 0, 0)], of: [0: 4, 1: 9]) == [1: 3])
        #expect(untold([(4, 0, 1)], of: [0: 4, 1: 6]) == [0: 4, 1: 2])
    }

    @Test func `a kernel that counts nothing, and records without end, add nothing`() {
        #expect(untold([(5, 0, 0)], of: [:]) == [:])
        #expect(untold([(5, 0, 0)], of: [0: 0]) == [:])
        #expect(untold([(.max, 0, 0), (.max, 0, 1)], of: [0: .max, 1: .max]) == [:])
    }
}
