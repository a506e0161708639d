import Testing

@testable import Configuration

struct QuantityTests {
    @Test(
        arguments: [
            ("60s", 60_000_000_000), ("500ms", 500_000_000), ("5min", 300_000_000_000),
            ("1h", 3_600_000_000_000), ("60 s", 60_000_000_000), ("0s", 0),
        ] as [(String, Int64)])
    func `times`(text: String, nanoseconds: Int64) {
        #expect(Quantity.duration(text) == .nanoseconds(nanoseconds))
    }

    @Test(arguments: [
        "", "s", "60", "-1s", "+1s", "1.5s", "1e3s", " 60s", "60s ", "60S", "60sec", "１s",
        "9223372037s", "18446744073709551616ms", "9223372036854775808ms",
    ])
    func `what is no time`(text: String) {
        #expect(Quantity.duration(text) == nil)
    }

    @Test(
        arguments: [
            ("64 MiB", 64 << 20), ("1GiB", 1 << 30), ("4096 B", 4096), ("2KiB", 2048), ("0 B", 0),
        ] as [(String, UInt64)])
    func `sizes`(text: String, bytes: UInt64) {
        #expect(Quantity.size(text) == bytes)
    }

    @Test(arguments: ["", "64", "64M", "64 MB", "-1 B", "MiB", "17179869184 GiB", "1 GiB x"])
    func `what is no size`(text: String) {
        #expect(Quantity.size(text) == nil)
    }
}
