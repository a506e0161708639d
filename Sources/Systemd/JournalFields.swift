// The fields of one journal entry, systemd.journal-fields(7), built from a log event.
//
// A value may hold any byte: the library sends a field with a newline in it under its length, so
// text from a peer cannot begin a field of its own. Names are ours: whatever the metadata keys
// are, a name is PROFILERD_ and then only A-Z, 0-9 and underscores, so no key can pose as one of
// journald's own fields.

internal import Logging

/// `NAME=value` fields, one after the other in one buffer.
struct JournalFields {
    /// What a single value may take; a longer one is cut at a character.
    static let valueLimit = 4096
    /// journald ignores fields of longer names.
    static let nameLimit = 64

    private(set) var bytes: [UInt8] = []
    /// Where each field ends in `bytes`.
    private(set) var ends: [Int] = []

    init() { bytes.reserveCapacity(512) }

    mutating func append(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes.append(contentsOf: Self.cut(value).utf8)
        ends.append(bytes.count)
    }

    /// A list becomes several fields of one name, a dictionary one field for each key.
    mutating func append(metadata value: Logger.MetadataValue, key: String) {
        switch value {
        case .string(let text): append(Self.name(key), text)
        case .stringConvertible(let text): append(Self.name(key), text.description)
        case .array(let values):
            for value in values { append(metadata: value, key: key) }
        case .dictionary(let values):
            for (inner, value) in values.sorted(by: { $0.key < $1.key }) {
                append(metadata: value, key: "\(key)_\(inner)")
            }
        }
    }

    /// `peer.pid` is PROFILERD_PEER_PID.
    static func name(_ key: String) -> String {
        var name = "PROFILERD_"
        for byte in key.utf8.prefix(nameLimit - name.utf8.count) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                name.unicodeScalars.append(Unicode.Scalar(byte - 0x20))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                name.unicodeScalars.append("_")
            }
        }
        return name
    }

    private static func cut(_ value: String) -> Substring {
        if value.utf8.count <= valueLimit { return value[...] }
        var end = value.utf8.index(value.startIndex, offsetBy: valueLimit)
        while end.samePosition(in: value.unicodeScalars) == nil {
            end = value.utf8.index(before: end)
        }
        return value[..<end]
    }
}

extension JournalFields {
    /// The whole entry of `event`, with the metadata that applies to it.
    init(_ event: LogEvent, metadata: Logger.Metadata, identifier: String) {
        self.init()
        append("MESSAGE", event.message.description)
        append("PRIORITY", String(event.level.syslogPriority))
        append("SYSLOG_IDENTIFIER", identifier)
        append("CODE_FILE", event.file)
        append("CODE_LINE", String(event.line))
        append("CODE_FUNC", event.function)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            if key == JournalMessage.metadataKey {
                append("MESSAGE_ID", value.description)
            } else {
                append(metadata: value, key: key)
            }
        }
        if let error = event.error { append("PROFILERD_ERROR", "\(error)") }
    }
}

extension Logger.Level {
    /// The level of syslog(3).
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

extension LogHandler {
    /// The handler's metadata, the provider's over it, and the event's over both.
    func effectiveMetadata(of event: LogEvent) -> Logger.Metadata {
        var result = metadata
        if let provided = metadataProvider?.get() { result.merge(provided) { $1 } }
        if let own = event.metadata { result.merge(own) { $1 } }
        return result
    }
}
