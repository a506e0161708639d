// Parameters of a call or a reply, taken out one by one. What nobody took is unknown to the
// method; a call with such a parameter is refused, since its sender expects something of it.

/// A parameter that is missing, of another type or out of range, or that the method does not have.
public struct InvalidParameter: Error, Hashable, Sendable {
    /// The parameter's name, with the path to it (`events[0].frequency`).
    public let name: String

    public init(_ name: String) { self.name = name }
}

/// Takes typed values out of a JSON object.
public struct ParameterReader {
    private var fields: [String: JSONValue]
    private let path: String

    public init(_ fields: [String: JSONValue], path: String = "") {
        self.fields = fields
        self.path = path
    }

    /// What `InvalidParameter` calls the field `key`.
    public func parameterName(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Whether the field is there and has not been taken.
    public func has(_ key: String) -> Bool { (fields[key] ?? .null) != .null }

    private mutating func take(_ key: String) -> JSONValue? {
        let value = fields.removeValue(forKey: key)
        return value == .null ? nil : value
    }

    public mutating func optionalInt<Value: FixedWidthInteger>(
        _ key: String, as _: Value.Type = Value.self
    ) throws(InvalidParameter) -> Value? {
        guard let value = take(key) else { return nil }
        guard case .int(let number) = value, let result = Value(exactly: number) else {
            throw InvalidParameter(parameterName(key))
        }
        return result
    }

    public mutating func optionalString(_ key: String) throws(InvalidParameter) -> String? {
        guard let value = take(key) else { return nil }
        guard case .string(let string) = value else { throw InvalidParameter(parameterName(key)) }
        return string
    }

    public mutating func optionalBool(_ key: String) throws(InvalidParameter) -> Bool? {
        guard let value = take(key) else { return nil }
        guard case .bool(let flag) = value else { throw InvalidParameter(parameterName(key)) }
        return flag
    }

    public mutating func int<Value: FixedWidthInteger>(
        _ key: String, as type: Value.Type = Value.self
    ) throws(InvalidParameter) -> Value {
        guard let value = try optionalInt(key, as: type) else {
            throw InvalidParameter(parameterName(key))
        }
        return value
    }

    public mutating func string(_ key: String) throws(InvalidParameter) -> String {
        guard let value = try optionalString(key) else {
            throw InvalidParameter(parameterName(key))
        }
        return value
    }

    public mutating func bool(_ key: String) throws(InvalidParameter) -> Bool {
        guard let value = try optionalBool(key) else { throw InvalidParameter(parameterName(key)) }
        return value
    }

    /// A string that is one of the enumeration's words.
    public mutating func word<Value: RawRepresentable<String>>(
        _ key: String, as _: Value.Type = Value.self
    ) throws(InvalidParameter) -> Value {
        guard let value = Value(rawValue: try string(key)) else {
            throw InvalidParameter(parameterName(key))
        }
        return value
    }

    /// The object under `key`; nil where it is absent or null.
    public mutating func optionalObject<Value>(
        _ key: String,
        _ body: (inout ParameterReader) throws(InvalidParameter) -> Value
    ) throws(InvalidParameter) -> Value? {
        switch fields[key] {
        case nil: return nil
        case .null?:
            _ = take(key)
            return nil
        case _?: return try object(key, body)
        }
    }

    /// An object, decoded by `body`, which must take every field of it.
    public mutating func object<Value>(
        _ key: String, _ body: (inout ParameterReader) throws(InvalidParameter) -> Value
    ) throws(InvalidParameter) -> Value {
        guard case .object(let fields)? = take(key) else {
            throw InvalidParameter(parameterName(key))
        }
        var reader = ParameterReader(fields, path: parameterName(key))
        let value = try body(&reader)
        try reader.finish()
        return value
    }

    /// An array of objects of at most `limit` elements, each decoded by `body`.
    public mutating func array<Value>(
        _ key: String, limit: Int,
        _ body: (inout ParameterReader) throws(InvalidParameter) -> Value
    ) throws(InvalidParameter) -> [Value] {
        guard case .array(let elements)? = take(key), elements.count <= limit else {
            throw InvalidParameter(parameterName(key))
        }
        var values: [Value] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let elementName = "\(parameterName(key))[\(index)]"
            guard case .object(let fields) = element else { throw InvalidParameter(elementName) }
            var reader = ParameterReader(fields, path: elementName)
            values.append(try body(&reader))
            try reader.finish()
        }
        return values
    }

    /// An array of at most `limit` strings.
    public mutating func strings(_ key: String, limit: Int) throws(InvalidParameter) -> [String] {
        guard case .array(let elements)? = take(key), elements.count <= limit else {
            throw InvalidParameter(parameterName(key))
        }
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let string) = element else {
                throw InvalidParameter("\(parameterName(key))[\(index)]")
            }
            strings.append(string)
        }
        return strings
    }

    /// Refuses what was not taken.
    public func finish() throws(InvalidParameter) {
        if let key = fields.keys.min() {
            throw InvalidParameter(parameterName(String(key.prefix(64))))
        }
    }
}
