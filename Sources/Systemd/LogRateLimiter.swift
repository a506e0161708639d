// Keeps peers from filling the journal: so many lines of one key in so much time, the rest are
// counted, and the count goes with the next line of that key.

public import Logging

/// Decides which lines are logged. The number of keys is bounded; past it all new keys share one.
public struct LogRateLimiter: Sendable {
    public enum Verdict: Equatable, Sendable {
        /// Log the line; so many before it were dropped.
        case log(dropped: UInt64)
        case drop
    }

    private struct Window {
        var start: UInt64
        var lines: Int
        var dropped: UInt64
    }

    /// How many keys are told apart.
    static let keyLimit = 256
    private static let sharedKey = "(others)"

    private let burst: Int
    private let interval: UInt64
    private var windows: [String: Window] = [:]

    /// - Parameters:
    ///   - burst: how many lines of one key pass in an interval, at least 1.
    ///   - interval: nanoseconds.
    public init(burst: Int = 10, interval: UInt64 = 30_000_000_000) {
        precondition(burst > 0, "a limiter that passes nothing")
        self.burst = burst
        self.interval = interval
    }

    /// Decides about a line of `key` at `now`, nanoseconds of any clock that does not go back.
    public mutating func admit(_ key: String, at now: UInt64) -> Verdict {
        let key = slot(for: key, at: now)
        var window = windows[key] ?? Window(start: now, lines: 0, dropped: 0)
        if hasEnded(window, at: now) {
            window = Window(start: now, lines: 0, dropped: window.dropped)
        }
        defer { windows[key] = window }
        guard window.lines < burst else {
            window.dropped += 1
            return .drop
        }
        window.lines += 1
        let dropped = window.dropped
        window.dropped = 0
        return .log(dropped: dropped)
    }

    /// What was dropped and not reported yet, by key; forgets it.
    public mutating func takeDropped() -> [(key: String, count: UInt64)] {
        let dropped = windows.filter { $0.value.dropped > 0 }.sorted { $0.key < $1.key }
        for (key, _) in dropped { windows[key]?.dropped = 0 }
        return dropped.map { ($0.key, $0.value.dropped) }
    }

    private func hasEnded(_ window: Window, at now: UInt64) -> Bool {
        now >= window.start && now - window.start >= interval
    }

    private mutating func slot(for key: String, at now: UInt64) -> String {
        if windows[key] != nil || windows.count < Self.keyLimit { return key }
        windows = windows.filter { $0.value.dropped > 0 || !hasEnded($0.value, at: now) }
        return windows.count < Self.keyLimit ? key : Self.sharedKey
    }
}

/// A logger whose lines pass a limiter.
public struct RateLimitedLogger {
    public var logger: Logger
    private var limiter: LogRateLimiter

    public init(_ logger: Logger, limiter: LogRateLimiter = LogRateLimiter()) {
        self.logger = logger
        self.limiter = limiter
    }

    /// Logs the line unless `key` has had its share; `dropped` in the metadata counts the lines
    /// of the key that were not logged since the last one.
    ///
    /// - Parameters:
    ///   - key: what shares a limit, such as the kind of event and the peer's uid.
    ///   - now: nanoseconds of `CLOCK_MONOTONIC`.
    /// - Returns: false where the line was dropped, and counted.
    @discardableResult
    public mutating func log(
        _ level: Logger.Level, _ message: Logger.Message, key: String, at now: UInt64,
        metadata: @autoclosure () -> Logger.Metadata = [:], file: String = #fileID,
        function: String = #function, line: UInt = #line
    ) -> Bool {
        if level < logger.logLevel { return true }
        guard case .log(let dropped) = limiter.admit(key, at: now) else { return false }
        var metadata = metadata()
        if dropped > 0 { metadata["dropped"] = .stringConvertible(dropped) }
        logger.log(
            level: level, message, metadata: metadata, file: file, function: function, line: line)
        return true
    }

    /// Logs one line for each key of which lines were dropped and not counted in another one since.
    public mutating func reportDropped() {
        for (key, count) in limiter.takeDropped() {
            logger.notice(
                "Log lines were dropped.",
                metadata: ["key": .string(key), "dropped": .stringConvertible(count)])
        }
    }
}
