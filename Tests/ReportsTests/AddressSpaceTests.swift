import Testing

@testable import Reports

struct AddressSpaceTests {
    /// Maps each range under its own letter and spells what each address belongs to then.
    private func spelled(_ ranges: [Range<UInt64>], upTo end: UInt64 = 10) -> String {
        var space = AddressSpace()
        for (index, range) in ranges.enumerated() {
            let length = range.upperBound - range.lowerBound
            let file = MappedFile(start: range.lowerBound, length: length, record: index)
            space.map(file, generation: 1)
        }
        return (0..<end).map { address in
            space.mapping(containing: address).map { ["a", "b", "c", "d"][$0.record] } ?? "."
        }.joined()
    }

    @Test(
        arguments: [
            ([2..<5], "..aaa....."),
            ([2..<5, 5..<7], "..aaabb..."),
            ([2..<8, 4..<6], "..aabbaa.."),
            ([2..<5, 0..<10], "bbbbbbbbbb"),
            ([0..<3, 3..<6, 6..<9, 2..<7], "aadddddcc."),
            ([0..<4, 6..<10, 2..<8], "aaccccccbb"),
            ([2..<5, 2..<5], "..bbb....."),
            ([2..<5, 3..<3], "..aaa....."),
        ] as [([Range<UInt64>], String)])
    func `a later mapping replaces what it overlaps`(ranges: [Range<UInt64>], expected: String) {
        #expect(spelled(ranges) == expected)
    }

    @Test func `a mapping that would wrap ends at the last address`() {
        var space = AddressSpace()
        space.map(MappedFile(start: 100, length: .max, record: 0), generation: 1)
        #expect(space.mapping(containing: .max - 1) != nil)
        #expect(space.mapping(containing: 99) == nil)
    }
}
