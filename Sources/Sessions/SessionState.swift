// What a session is, beside its descriptors and its recording, as the manager's store has it: JSON in
// sealed memory. It is read as what a client sends is read, by the same decoders: a name that becomes
// a file's, a call of Begin, calls of Add. What changes while a session records is not in it: that is
// in the recording.

internal import ControlProtocol
internal import LinuxSystem
internal import Recording
internal import Varlink

/// A session as the next daemon gets to know it.
struct SessionState {
    /// 16,384 events of 80 bytes, and room for names.
    static let sizeLimit = 4 << 20
    private static let version = 1
    /// The declarations are those of calls of Add, which have a limit each.
    private static let mostAdds = 1 << 10

    let identifier: String
    /// Seconds since the epoch.
    let startedAt: Int64
    /// Nanoseconds of CLOCK_MONOTONIC.
    let startTime: UInt64
    let request: BeginRequest
    var threadCount = 0
    /// What each descriptor is.
    var declarations: [DescriptorDeclaration] = []
    /// The kernel's numbers of those that are events, in their order.
    var eventIdentifiers: [UInt64] = []
    /// Nil while it records.
    var end: SessionEnd?
}

/// How a session has ended.
struct SessionEnd {
    let reason: ControlProtocol.EndReason
    let error: String?
    let isViolated: Bool
    let counters: SessionCounters
    /// The limit that ended it, as far as this daemon knows.
    var limit: ReachedLimit?
}

// MARK: - JSON

extension SessionState {
    func encoded() -> [UInt8] {
        var fields: [String: JSONValue] = [
            "version": .int(Int64(Self.version)), "session": .string(identifier),
            "startedAt": .int(startedAt), "startTime": .int(Int64(clamping: startTime)),
            "begin": .object(request.parameters), "threads": .int(Int64(threadCount)),
            "adds": .array(adds.map { .object($0.parameters) }),
            "identifiers": .array(eventIdentifiers.map { .string("\($0)") }),
        ]
        if let end { fields["end"] = end.json }
        return JSONValue.object(fields).encoded()
    }

    private var adds: [AddRequest] {
        let size = ControlInterface.maximumDescriptorsPerMessage
        return stride(from: 0, to: declarations.count, by: size).map { start in
            AddRequest(
                transaction: identifier,
                descriptors: Array(declarations[start..<min(start + size, declarations.count)]))
        }
    }

    init(decoding bytes: [UInt8]) throws(InvalidParameter) {
        guard case .object(var fields)? = try? JSONValue(decoding: bytes),
            case .object(let begin)? = fields.removeValue(forKey: "begin"),
            case .array(let adds)? = fields.removeValue(forKey: "adds"), adds.count <= Self.mostAdds
        else { throw InvalidParameter("begin") }
        request = try BeginRequest(decoding: begin)
        for add in adds {
            guard case .object(let add) = add else { throw InvalidParameter("adds") }
            declarations += try AddRequest(decoding: add).descriptors
        }
        var reader = ParameterReader(fields)
        guard try reader.int("version") == Self.version else { throw InvalidParameter("version") }
        identifier = try reader.string("session")
        guard SessionIdentifier.isValid(identifier) else { throw InvalidParameter("session") }
        startedAt = try reader.int("startedAt")
        startTime = try reader.int("startTime")
        threadCount = try reader.int("threads")
        for text in try reader.strings("identifiers", limit: declarations.count) {
            guard let identifier = UInt64(text) else { throw InvalidParameter("identifiers") }
            eventIdentifiers.append(identifier)
        }
        end = try SessionEnd(from: &reader)
        try reader.finish()
        guard Set(eventIdentifiers).count == events.count,
            eventIdentifiers.count == events.count
        else { throw InvalidParameter("identifiers") }
    }

    /// The declarations that are events.
    var events: [EventDescriptor] {
        declarations.compactMap { if case .event(let event) = $0 { event } else { nil } }
    }
}

extension SessionEnd {
    fileprivate var json: JSONValue {
        var fields: [String: JSONValue] = [
            "reason": .string(reason.rawValue), "violated": .bool(isViolated),
            "elapsed": .int(Int64(clamping: counters.elapsed)),
            "threads": .int(Int64(counters.threads)),
            "descriptors": .int(Int64(counters.descriptors)),
            "samples": .int(Int64(clamping: counters.samples)),
            "losses": .array(counters.losses.words.map { .string("\($0)") }),
            "bytes": .int(Int64(clamping: counters.bytes)),
            "restarts": .int(Int64(counters.restarts)),
        ]
        if let error { fields["error"] = .string(error) }
        return .object(fields)
    }

    fileprivate init?(from reader: inout ParameterReader) throws(InvalidParameter) {
        guard reader.has("end") else { return nil }
        self = try reader.object("end") { reader throws(InvalidParameter) in
            SessionEnd(
                reason: try reader.word("reason"), error: try reader.optionalString("error"),
                isViolated: try reader.bool("violated"),
                counters: SessionCounters(
                    elapsed: try reader.int("elapsed"), threads: try reader.int("threads"),
                    descriptors: try reader.int("descriptors"),
                    samples: try reader.int("samples"), losses: try Self.losses(from: &reader),
                    bytes: try reader.int("bytes"), restarts: try reader.int("restarts")))
        }
    }

    private static func losses(
        from reader: inout ParameterReader
    ) throws(InvalidParameter) -> LossTotals {
        let words = try reader.strings("losses", limit: LossTotals.wordCount)
            .compactMap(UInt64.init)
        guard let losses = LossTotals(words: words) else { throw InvalidParameter("losses") }
        return losses
    }
}
