// What the service may use of the machine for all of its sessions, and what it uses.

internal import Varlink

/// What the service may use for all of its sessions together.
public struct Budget: Hashable, Sendable {
    /// CPU time for emptying rings, in millionths of one core; nil for as much as it takes.
    public var cpu: UInt64? = 20_000
    /// Bytes of memory of its own; nil for as much as it takes.
    public var memory: UInt64? = 64 << 20

    public init() {}
}

/// Which recordings are kept where the service keeps them.
public struct Retention: Hashable, Sendable {
    /// Bytes of all recordings together; nil for as many as there is room for.
    public var totalSize: UInt64? = 4 << 30
    /// How long nobody may have written to a recording; nil for ever.
    public var age: Duration? = .seconds(30 * 86400)

    public init() {}
}

/// What the service uses, beside its budget.
public struct ServiceLoad: Hashable, Sendable {
    public var budget: Budget
    public var retention: Retention
    /// Nanoseconds of CPU time that emptying rings took since the service started.
    public var drainNanoseconds: UInt64
    /// Bytes of memory of its own, as of the last look.
    public var memory: UInt64
    /// Bytes of all recordings, as of the last look.
    public var recordings: UInt64

    public init(
        budget: Budget = Budget(), retention: Retention = Retention(),
        drainNanoseconds: UInt64 = 0, memory: UInt64 = 0, recordings: UInt64 = 0
    ) {
        self.budget = budget
        self.retention = retention
        self.drainNanoseconds = drainNanoseconds
        self.memory = memory
        self.recordings = recordings
    }
}

extension ServiceLoad {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        var budget = Budget()
        budget.cpu = try reader.optionalInt("cpuBudget")
        budget.memory = try reader.optionalInt("memoryBudget")
        var retention = Retention()
        retention.totalSize = try reader.optionalInt("totalSize")
        retention.age = try reader.optionalInt("ageNanoseconds", as: Int64.self)
            .map { .nanoseconds($0) }
        self.init(
            budget: budget, retention: retention,
            drainNanoseconds: try reader.int("drainNanoseconds"),
            memory: try reader.int("memory"), recordings: try reader.int("recordings"))
    }

    var json: JSONValue {
        var fields: [String: JSONValue] = [
            "drainNanoseconds": .int(Int64(clamping: drainNanoseconds)),
            "memory": .int(Int64(clamping: memory)),
            "recordings": .int(Int64(clamping: recordings)),
        ]
        fields["cpuBudget"] = budget.cpu.map { .int(Int64(clamping: $0)) }
        fields["memoryBudget"] = budget.memory.map { .int(Int64(clamping: $0)) }
        fields["totalSize"] = retention.totalSize.map { .int(Int64(clamping: $0)) }
        fields["ageNanoseconds"] = retention.age.map { age in
            let (seconds, attoseconds) = age.components
            return .int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        }
        return .object(fields)
    }
}
