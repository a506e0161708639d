internal import Varlink

/// How much of the kernel is in a session's samples.
public enum KernelDetail: String, Hashable, Sendable, CaseIterable {
    /// Only user mode is counted.
    case none
    /// Kernel time is counted, but no sample has a kernel address.
    case mode
    /// Kernel call chains are in the samples.
    case addresses
}

/// What a sample's weight counts.
public enum WeightUnit: String, Hashable, Sendable {
    case nanoseconds
    case cycles
    case count
}

/// One kind of perf event, as the client opened it (perf_event_open(2)).
public struct Event: Hashable, Sendable {
    /// How often a sample is taken.
    public enum Sampling: Hashable, Sendable {
        /// Samples per second; the kernel adapts the period. C: `freq`, `sample_freq`.
        case frequency(UInt64)
        /// Events per sample. C: `sample_period`.
        case period(UInt64)
    }

    /// The name the user knows, `cpu-clock`.
    public var name: String
    /// C: `perf_event_attr.type`.
    public var type: UInt32
    /// C: `perf_event_attr.config`.
    public var config: UInt64
    public var sampling: Sampling
    public var unit: WeightUnit

    public init(name: String, type: UInt32, config: UInt64, sampling: Sampling, unit: WeightUnit) {
        self.name = name
        self.type = type
        self.config = config
        self.sampling = sampling
        self.unit = unit
    }
}

extension Event {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        name = try reader.name("name")
        type = try reader.int("type")
        config = UInt64(bitPattern: try reader.int("config", as: Int64.self))
        let frequency = try reader.optionalInt("frequency", as: UInt64.self)
        let period = try reader.optionalInt("period", as: UInt64.self)
        switch (frequency, period) {
        case (let frequency?, nil) where frequency > 0: sampling = .frequency(frequency)
        case (nil, let period?) where period > 0: sampling = .period(period)
        default: throw InvalidParameter(reader.parameterName("frequency"))
        }
        unit = try reader.word("unit")
    }

    var json: JSONValue {
        var fields: [String: JSONValue] = [
            "name": .string(name), "type": .int(Int64(type)),
            "config": .int(Int64(bitPattern: config)), "unit": .string(unit.rawValue),
        ]
        switch sampling {
        case .frequency(let value): fields["frequency"] = .int(Int64(clamping: value))
        case .period(let value): fields["period"] = .int(Int64(clamping: value))
        }
        return .object(fields)
    }
}
