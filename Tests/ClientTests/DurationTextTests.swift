import Testing

@testable import Client

struct DurationTextTests {
    @Test(arguments: [
        ("1ms", Duration.milliseconds(1)), ("500ms", .milliseconds(500)), ("10s", .seconds(10)),
        ("2m", .seconds(120)), ("1h", .seconds(3600)), ("007s", .seconds(7)),
        ("8760h", .seconds(8760 * 3600)),
    ])
    func `a number and a unit are a duration`(text: String, expected: Duration) throws {
        #expect(try Duration(text: text) == expected)
    }

    @Test(arguments: [
        "", "s", "10", "10 s", " 10s", "10s ", "+10s", "-10s", "1.5s", "10S", "10sec", "0s", "0ms",
        "8761h", "99999999999999999999s", "18446744073709551615h", "1d", "١٠s", "10s5s", "0x1s",
    ])
    func `nothing else is one`(text: String) {
        #expect(throws: DurationTextError(text: text)) { try Duration(text: text) }
    }

    @Test(arguments: [
        (UInt64(0), "0.0 s"), (450_000_000, "0.4 s"), (9_990_000_000, "9.9 s"),
        (10_000_000_000, "10 s"), (59_999_999_999, "59 s"), (60_000_000_000, "1 min 00 s"),
        (185_000_000_000, "3 min 05 s"), (7_800_000_000_000, "2 h 10 min"),
        (.max, "5124095 h 34 min"),
    ])
    func `elapsed time is written for people`(nanoseconds: UInt64, expected: String) {
        #expect(elapsedText(nanoseconds: nanoseconds) == expected)
    }
}
