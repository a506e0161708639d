// The envelope of Varlink's calls and replies (https://varlink.org/Method-Call).

/// What the client sends: `{"method", "parameters", "more", "oneway"}`.
public struct Call: Hashable, Sendable {
    /// The interface's name, a dot, the method's name.
    public var method: String
    public var parameters: [String: JSONValue]
    /// The client takes several replies.
    public var more: Bool
    /// The client wants no reply.
    public var oneway: Bool

    public init(
        method: String, parameters: [String: JSONValue] = [:], more: Bool = false,
        oneway: Bool = false
    ) {
        self.method = method
        self.parameters = parameters
        self.more = more
        self.oneway = oneway
    }

    /// The part of the method's name before its last dot.
    public var interface: String {
        method.lastIndex(of: ".").map { String(method[..<$0]) } ?? ""
    }
}

/// What the service answers: `{"parameters", "continues"}` or `{"error", "parameters"}`.
public struct Reply: Hashable, Sendable {
    public var parameters: [String: JSONValue]
    /// The error's full name, `org.varlink.service.MethodNotFound`; nil where the call succeeded.
    public var error: String?
    /// More replies to the same call follow.
    public var continues: Bool

    public init(
        _ parameters: [String: JSONValue] = [:], error: String? = nil, continues: Bool = false
    ) {
        self.parameters = parameters
        self.error = error
        self.continues = continues
    }
}

/// A frame that is no envelope, and why.
public struct EnvelopeError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

extension Call {
    /// Decodes a frame's bytes.
    ///
    /// - Throws: `EnvelopeError`; the peer does not speak Varlink.
    public init(decoding bytes: [UInt8]) throws(EnvelopeError) {
        var fields = try envelope(bytes)
        guard case .string(let method)? = fields.removeValue(forKey: "method") else {
            throw EnvelopeError(description: "The call has no method.")
        }
        self.init(method: method)
        parameters = try object("parameters", of: &fields)
        more = try flag("more", of: &fields)
        oneway = try flag("oneway", of: &fields)
        if try flag("upgrade", of: &fields) {
            throw EnvelopeError(description: "The call asks for an upgrade, which no method has.")
        }
        if let key = fields.keys.min() {
            throw EnvelopeError(description: "The call has the unknown key '\(key.prefix(64))'.")
        }
    }

    /// The frame's bytes, with the zero byte.
    public func encoded() -> [UInt8] {
        var fields: [String: JSONValue] = [
            "method": .string(method), "parameters": .object(parameters),
        ]
        if more { fields["more"] = true }
        if oneway { fields["oneway"] = true }
        return JSONValue.object(fields).encoded() + [0]
    }
}

extension Reply {
    /// Decodes a frame's bytes. Keys that this version does not know are ignored.
    ///
    /// - Throws: `EnvelopeError`; the peer does not speak Varlink.
    public init(decoding bytes: [UInt8]) throws(EnvelopeError) {
        var fields = try envelope(bytes)
        self.init(try object("parameters", of: &fields))
        continues = try flag("continues", of: &fields)
        switch fields["error"] {
        case nil, .null?: break
        case .string(let name)?: error = name
        default: throw EnvelopeError(description: "The reply's error is not a string.")
        }
    }

    /// The frame's bytes, with the zero byte.
    public func encoded() -> [UInt8] {
        var fields: [String: JSONValue] = ["parameters": .object(parameters)]
        if let error { fields["error"] = .string(error) }
        if continues { fields["continues"] = true }
        return JSONValue.object(fields).encoded() + [0]
    }
}

private func envelope(_ bytes: [UInt8]) throws(EnvelopeError) -> [String: JSONValue] {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(decoding: bytes) } catch {
        throw EnvelopeError(description: "The frame is not JSON: see its byte \(error.offset).")
    }
    guard case .object(let fields) = value else {
        throw EnvelopeError(description: "The frame is not a JSON object.")
    }
    return fields
}

private func object(_ key: String, of fields: inout [String: JSONValue])
    throws(EnvelopeError) -> [String: JSONValue]
{
    switch fields.removeValue(forKey: key) {
    case nil, .null?: return [:]
    case .object(let value)?: return value
    default: throw EnvelopeError(description: "The key '\(key)' is not an object.")
    }
}

private func flag(_ key: String, of fields: inout [String: JSONValue])
    throws(EnvelopeError) -> Bool
{
    switch fields.removeValue(forKey: key) {
    case nil, .null?: return false
    case .bool(let value)?: return value
    default: throw EnvelopeError(description: "The key '\(key)' is not true or false.")
    }
}
