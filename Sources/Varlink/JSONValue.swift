// JSON as a value, decoded by JSONReader and encoded by FoundationEssentials. Integers stay integers:
// a uid of 4294967295 or a counter of nanoseconds must not pass through a Double.

internal import FoundationEssentials

/// Any JSON value.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

/// Text that is not one complete JSON value.
public struct JSONError: Error, Hashable, Sendable {
    /// The byte at which it can no longer be one.
    public let offset: Int
}

extension JSONValue {
    /// How deep arrays and objects may be in each other.
    public static let maximumDepth = 128

    /// Decodes one JSON text in UTF-8. A number without a fraction that fits 64 bits is an `int`,
    /// however it is written, and every other one a `double`.
    ///
    /// - Throws: `JSONError` for anything else, also for a name that an object has twice, for
    ///   nesting deeper than `maximumDepth`, and for more than 30 combining marks in a row.
    public init(decoding bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.document()
    }

    /// The JSON text in UTF-8, with the names of objects in order and no white space. A double that
    /// is not finite, for which JSON has no word, becomes a string.
    public func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("a JSONValue always encodes")
        }
        return Array(data)
    }
}

extension JSONValue: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { $1 })
    }
}
