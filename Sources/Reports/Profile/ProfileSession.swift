// What a report says about the recording as a whole: who was recorded, when, and what is missing.

/// The facts of the session that made the recording.
public struct ProfileSession: Sendable, Equatable {
    /// The program's name: its command's last path component, or its main thread's name.
    public internal(set) var program = ""
    public internal(set) var command = ""
    public internal(set) var pid: UInt32?
    public internal(set) var host = ""
    /// Nanoseconds since 1970, nil if the recording does not say.
    public internal(set) var startRealtime: UInt64?
    /// From the session's start to the recording's end, in nanoseconds.
    public internal(set) var duration: UInt64 = 0
    /// Full sentences about what the reader of a report should know: a recording cut short, a
    /// binary that has changed since.
    public internal(set) var notes: [String] = []
    /// Bytes that were committed are missing at the recording's end: what there was counts up to
    /// the last whole entry.
    public internal(set) var isCut = false
    /// What is wrong with the recording, where it could not be read to its end.
    public internal(set) var damage: String?
}

/// What the recording is known to lack.
public struct ProfileLosses: Sendable, Equatable {
    public struct Loss: Sendable, Equatable {
        /// Where it was lost: `ring`, `samples`, `daemon`.
        public var cause: String
        public var count: UInt64
    }

    /// One for each cause, the greatest first.
    public internal(set) var losses: [Loss] = []
    /// Lost samples by the event's index.
    private var countsByEvent: [Int: UInt64] = [:]
    /// How often the kernel throttled the event because it interrupted too often.
    public internal(set) var throttleCount: UInt64 = 0
    /// Nanoseconds of that, summed over CPUs and events.
    public internal(set) var throttledNanoseconds: UInt64 = 0
    /// Nanoseconds in which nothing was collected.
    public internal(set) var gapNanoseconds: UInt64 = 0

    /// Lost samples of all causes.
    public var count: UInt64 { losses.reduce(0) { $0.addingSaturated($1.count) } }

    /// Lost samples of one event.
    public func count(ofEvent event: Int) -> UInt64 { countsByEvent[event] ?? 0 }

    /// The causes with their counts, `ring full 3, dropped by the kernel 2`.
    public var causes: String {
        losses.map { "\($0.cause) \(grouped($0.count))" }.joined(separator: ", ")
    }

    mutating func add(_ count: UInt64, cause: String, event: Int) {
        guard count > 0 else { return }
        countsByEvent[event] = self.count(ofEvent: event).addingSaturated(count)
        if let index = losses.firstIndex(where: { $0.cause == cause }) {
            losses[index].count = losses[index].count.addingSaturated(count)
        } else {
            losses.append(Loss(cause: cause, count: count))
        }
        losses.sort { ($1.count, $0.cause) < ($0.count, $1.cause) }
    }
}
