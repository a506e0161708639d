import Testing

@testable import Symbols

struct RangeIndexTests {
    private let index = RangeIndex<String>([
        .init(low: 40, high: 50, value: "inner"), .init(low: 10, high: 20, value: "first"),
        .init(low: 30, high: 90, value: "outer"), .init(low: 30, high: 35, value: "start"),
        .init(low: 60, high: 60, value: "empty"), .init(low: 95, high: 91, value: "reversed"),
    ])

    @Test(
        arguments: [
            (9, []), (10, ["first"]), (19, ["first"]), (20, []), (30, ["start", "outer"]),
            (35, ["outer"]), (45, ["inner", "outer"]), (60, ["outer"]), (89, ["outer"]), (90, []),
            (95, []), (UInt64.max, []),
        ] as [(UInt64, [String])])
    func `the ranges around an address come with the nearest start first`(
        address: UInt64, expected: [String]
    ) {
        #expect(index.values(around: address) == expected)
    }

    @Test func `no more values than asked for are returned`() {
        let many = RangeIndex((0..<100).map { .init(low: UInt64($0), high: 200, value: $0) })
        #expect(many.values(around: 150, limit: 3) == [99, 98, 97])
    }
}
