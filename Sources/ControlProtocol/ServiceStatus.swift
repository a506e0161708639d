public import Varlink

/// What the service lets its clients use. Charged before use.
public struct Limits: Hashable, Sendable {
    /// Sessions that record at the same time.
    public var sessions = 16
    /// Perf descriptors of one session.
    public var descriptorsPerSession = 16384
    /// Descriptors of one message.
    public var descriptorsPerMessage = ControlInterface.maximumDescriptorsPerMessage
    /// Bytes of all rings of one session together.
    public var ringMemory: UInt64 = 64 << 20
    /// Samples per second of one event on one CPU.
    public var frequency: UInt64 = 20_000
    /// Bytes of one recording.
    public var recordingSize: UInt64 = 1 << 30
    /// Connections at a time of each uid that connects (`SO_PEERCRED`).
    public var connectionsPerUID = 64
    /// Requests a second of each uid that connects; more wait.
    public var requestsPerSecondPerUID = 1000
    /// How long a connection may stay without one complete frame of the own user, in the middle of
    /// a frame, or with many replies unread.
    public var authenticationDeadline = Duration.seconds(5)

    public init() {}

    /// The defaults with what `change` changes.
    public init(_ change: (inout Limits) -> Void) { change(&self) }
}

/// The service's description and counters.
public struct ServiceStatus: Hashable, Sendable {
    public var version: String
    public var pid: Int32
    public var uid: UInt32
    /// Seconds since the epoch.
    public var startedAt: Int64
    /// Sessions that record now.
    public var sessions: Int
    /// Samples recorded since the service started.
    public var samples: UInt64
    public var lost: UInt64
    /// Sessions that ended because somebody had written to their rings.
    public var violations: UInt64
    public var limits: Limits
    public var load: ServiceLoad

    public init(
        version: String, pid: Int32, uid: UInt32, startedAt: Int64, sessions: Int,
        samples: UInt64, lost: UInt64, violations: UInt64, limits: Limits,
        load: ServiceLoad = ServiceLoad()
    ) {
        self.version = version
        self.pid = pid
        self.uid = uid
        self.startedAt = startedAt
        self.sessions = sessions
        self.samples = samples
        self.lost = lost
        self.violations = violations
        self.limits = limits
        self.load = load
    }
}

extension Limits {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        sessions = try reader.int("sessions")
        descriptorsPerSession = try reader.int("descriptorsPerSession")
        descriptorsPerMessage = try reader.int("descriptorsPerMessage")
        ringMemory = try reader.int("ringMemory")
        frequency = try reader.int("frequency")
        recordingSize = try reader.int("recordingSize")
        connectionsPerUID = try reader.int("connectionsPerUid")
        requestsPerSecondPerUID = try reader.int("requestsPerSecondPerUid")
        authenticationDeadline = .nanoseconds(
            try reader.int("authenticationDeadlineNanoseconds", as: Int64.self))
    }

    var json: JSONValue {
        let (seconds, attoseconds) = authenticationDeadline.components
        return [
            "sessions": .int(Int64(sessions)),
            "descriptorsPerSession": .int(Int64(descriptorsPerSession)),
            "descriptorsPerMessage": .int(Int64(descriptorsPerMessage)),
            "ringMemory": .int(Int64(clamping: ringMemory)),
            "frequency": .int(Int64(clamping: frequency)),
            "recordingSize": .int(Int64(clamping: recordingSize)),
            "connectionsPerUid": .int(Int64(connectionsPerUID)),
            "requestsPerSecondPerUid": .int(Int64(requestsPerSecondPerUID)),
            "authenticationDeadlineNanoseconds": .int(
                seconds * 1_000_000_000 + attoseconds / 1_000_000_000),
        ]
    }
}

extension ServiceStatus {
    public init(decoding fields: [String: JSONValue]) throws(InvalidParameter) {
        var reader = ParameterReader(fields)
        self = try reader.object("service") { reader throws(InvalidParameter) in
            ServiceStatus(
                version: try reader.string("version"), pid: try reader.int("pid"),
                uid: try reader.int("uid"), startedAt: try reader.int("startedAt"),
                sessions: try reader.int("sessions"), samples: try reader.int("samples"),
                lost: try reader.int("lost"), violations: try reader.int("violations"),
                limits: try reader.object("limits") { reader throws(InvalidParameter) in
                    try Limits(from: &reader)
                },
                load: try reader.object("load") { reader throws(InvalidParameter) in
                    try ServiceLoad(from: &reader)
                })
        }
    }

    public var json: JSONValue {
        [
            "version": .string(version), "pid": .int(Int64(pid)), "uid": .int(Int64(uid)),
            "startedAt": .int(startedAt), "sessions": .int(Int64(sessions)),
            "samples": .int(Int64(clamping: samples)), "lost": .int(Int64(clamping: lost)),
            "violations": .int(Int64(clamping: violations)), "limits": limits.json,
            "load": load.json,
        ]
    }
}
