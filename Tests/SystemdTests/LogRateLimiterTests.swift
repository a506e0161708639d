import Logging
import Synchronization
import Testing

@testable import Systemd

@Suite struct LogRateLimiterTests {
    @Test func `the burst passes, the rest is counted with the next line`() {
        var limiter = LogRateLimiter(burst: 2, interval: 100)
        let verdicts = [0, 1, 2, 99, 100].map { limiter.admit("denied", at: $0) }
        #expect(
            verdicts == [.log(dropped: 0), .log(dropped: 0), .drop, .drop, .log(dropped: 2)])
        #expect(limiter.admit("denied", at: 101) == .log(dropped: 0))
    }

    @Test func `keys do not share a limit`() {
        var limiter = LogRateLimiter(burst: 1, interval: 100)
        #expect(limiter.admit("a", at: 0) == .log(dropped: 0))
        #expect(limiter.admit("b", at: 0) == .log(dropped: 0))
        #expect(limiter.admit("a", at: 0) == .drop)
        #expect(limiter.takeDropped().map(\.key) == ["a"])
        #expect(limiter.takeDropped().isEmpty)
    }

    @Test func `past so many keys the new ones share one`() {
        var limiter = LogRateLimiter(burst: 1, interval: 100)
        var passed = 0
        for index in 0..<10_000 where limiter.admit("uid \(index)", at: 0) != .drop {
            passed += 1
        }
        #expect(passed == LogRateLimiter.keyLimit + 1)
        #expect(limiter.takeDropped().map(\.count) == [UInt64(10_000 - passed)])
        #expect(limiter.admit("another", at: 100) == .log(dropped: 0))
    }

    @Test func `a limited logger says how many lines it left out`() {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        var limited = RateLimitedLogger(logger, limiter: LogRateLimiter(burst: 1, interval: 10))
        for now in [0, 1, 2, 10] as [UInt64] {
            limited.log(.notice, "Denied.", key: "k", at: now, metadata: ["now": "\(now)"])
        }
        limited.log(.notice, "Denied.", key: "k", at: 11)
        limited.reportDropped()
        #expect(
            lines.all.withLock { $0 } == [
                "Denied. now=0", "Denied. dropped=2 now=10",
                "Log lines were dropped. dropped=1 key=k",
            ])
    }
}

private final class Lines: Sendable {
    let all = Mutex<[String]>([])
}

private struct Recorder: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }
        let text = ([event.message.description] + metadata.map { "\($0)=\($1)" })
        lines.all.withLock { $0.append(text.joined(separator: " ")) }
    }
}
