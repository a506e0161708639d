// What the service tells about its sessions and itself.

public import Varlink

/// Why a session ended.
public enum EndReason: String, Hashable, Sendable {
    case stopped
    case durationOver
    case targetGone
    case connectionClosed
    case serviceStopping
    /// An error of its own; `SessionStatus.error` says which.
    case failed
}

/// A session's description and counters.
public struct SessionStatus: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case recording
        case ended
    }

    public var session: String
    /// Nil where the target is a cgroup.
    public var pid: Int32?
    /// Nil where the target is a process.
    public var cgroup: TargetCgroup?
    public var command: String
    public var uid: UInt32
    public var state: State
    public var events: [Event]
    public var kernel: KernelDetail
    public var lifetime: Lifetime
    /// Seconds since the epoch.
    public var startedAt: Int64
    public var elapsedNanoseconds: UInt64
    public var durationNanoseconds: UInt64?
    /// How much of its last time the recording keeps; nil where it keeps everything.
    public var lastNanoseconds: UInt64?
    /// Threads seen so far.
    public var threads: Int
    public var descriptors: Int
    /// Samples taken so far, kept or not.
    public var samples: UInt64
    /// Samples that the kernel or the service had to drop.
    public var lost: UInt64
    /// The lost samples by their causes, and what else is missing.
    public var losses: SessionLosses
    /// Size of the recording.
    public var bytes: UInt64
    /// Services that took the session up after another had gone. The time between them is among
    /// the gaps of `losses`.
    public var restarts: Int
    public var endReason: EndReason?
    public var error: String?
    /// The service lets the events rest, for they took more than its budget.
    public var isPaused: Bool
    /// What the service had to do to keep its budget, and what the kernel did, as sentences.
    public var notices: [String]
    /// No session has more notices.
    public static let mostNotices = 32

    public init(
        session: String, pid: Int32?, cgroup: TargetCgroup? = nil, command: String, uid: UInt32,
        state: State, events: [Event],
        kernel: KernelDetail, lifetime: Lifetime, startedAt: Int64, elapsedNanoseconds: UInt64,
        durationNanoseconds: UInt64?, lastNanoseconds: UInt64? = nil, threads: Int,
        descriptors: Int, samples: UInt64,
        lost: UInt64, losses: SessionLosses = SessionLosses(), bytes: UInt64, restarts: Int = 0,
        endReason: EndReason?, error: String?, isPaused: Bool = false, notices: [String] = []
    ) {
        self.session = session
        self.pid = pid
        self.cgroup = cgroup
        self.command = command
        self.uid = uid
        self.state = state
        self.events = events
        self.kernel = kernel
        self.lifetime = lifetime
        self.startedAt = startedAt
        self.elapsedNanoseconds = elapsedNanoseconds
        self.durationNanoseconds = durationNanoseconds
        self.lastNanoseconds = lastNanoseconds
        self.threads = threads
        self.descriptors = descriptors
        self.samples = samples
        self.lost = lost
        self.losses = losses
        self.bytes = bytes
        self.restarts = restarts
        self.endReason = endReason
        self.error = error
        self.isPaused = isPaused
        self.notices = notices
    }
}

extension SessionStatus {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        session = try reader.string("session")
        pid = try reader.optionalInt("pid")
        cgroup = try TargetCgroup(optionalIn: &reader)
        command = try reader.string("command")
        uid = try reader.int("uid")
        state = try reader.word("state")
        events = try reader.array("events", limit: BeginRequest.maximumEvents) {
            reader throws(InvalidParameter) in try Event(from: &reader)
        }
        kernel = try reader.word("kernel")
        lifetime = try reader.word("lifetime")
        startedAt = try reader.int("startedAt")
        elapsedNanoseconds = try reader.int("elapsedNanoseconds")
        durationNanoseconds = try reader.optionalInt("durationNanoseconds")
        lastNanoseconds = try reader.optionalInt("lastNanoseconds")
        threads = try reader.int("threads")
        descriptors = try reader.int("descriptors")
        samples = try reader.int("samples")
        lost = try reader.int("lost")
        losses = try reader.object("losses") { reader throws(InvalidParameter) in
            try SessionLosses(from: &reader)
        }
        bytes = try reader.int("bytes")
        restarts = try reader.optionalInt("restarts") ?? 0
        endReason = try reader.optionalString("endReason").flatMap(EndReason.init)
        error = try reader.optionalString("error")
        isPaused = try reader.bool("paused")
        notices = try reader.strings("notices", limit: Self.mostNotices)
    }

    /// The status in a reply's or a script's JSON.
    public var json: JSONValue {
        var fields: [String: JSONValue] = [
            "session": .string(session), "command": .string(command), "uid": .int(Int64(uid)),
            "state": .string(state.rawValue),
            "events": .array(events.map(\.json)), "kernel": .string(kernel.rawValue),
            "lifetime": .string(lifetime.rawValue), "startedAt": .int(startedAt),
            "elapsedNanoseconds": .int(Int64(clamping: elapsedNanoseconds)),
            "threads": .int(Int64(threads)), "descriptors": .int(Int64(descriptors)),
            "samples": .int(Int64(clamping: samples)), "lost": .int(Int64(clamping: lost)),
            "losses": losses.json, "bytes": .int(Int64(clamping: bytes)),
            "restarts": .int(Int64(restarts)),
            "paused": .bool(isPaused), "notices": .array(notices.map { .string($0) }),
        ]
        if let pid { fields["pid"] = .int(Int64(pid)) }
        if let cgroup { fields["cgroup"] = cgroup.json }
        if let durationNanoseconds {
            fields["durationNanoseconds"] = .int(Int64(clamping: durationNanoseconds))
        }
        if let lastNanoseconds {
            fields["lastNanoseconds"] = .int(Int64(clamping: lastNanoseconds))
        }
        if let endReason { fields["endReason"] = .string(endReason.rawValue) }
        if let error { fields["error"] = .string(error) }
        return .object(fields)
    }

    /// Decodes a reply that has one session.
    public init(decoding fields: [String: JSONValue]) throws(InvalidParameter) {
        var reader = ParameterReader(fields)
        self = try reader.object("session") { reader throws(InvalidParameter) in
            try SessionStatus(from: &reader)
        }
    }

    /// Decodes a reply that has a list of sessions.
    public static func list(decoding fields: [String: JSONValue]) throws(InvalidParameter)
        -> [SessionStatus]
    {
        var reader = ParameterReader(fields)
        return try reader.array("sessions", limit: 1 << 16) { reader throws(InvalidParameter) in
            try SessionStatus(from: &reader)
        }
    }
}
