/// A configuration file that cannot be used.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let file: String
    /// Counted from 1; nil where it is not known.
    public let line: Int?
    /// The key with its tables, `policy.limits.sessions` or `policy.rules[2].action`, whose rules
    /// are counted from 1; nil where the text is not TOML.
    public let key: String?
    /// A sentence, or where there is a key, one whose subject it is.
    public let reason: String

    public init(file: String, line: Int? = nil, key: String? = nil, reason: String) {
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason
    }

    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.map { "\(place): '\($0)' \(reason)" } ?? "\(place): \(reason)"
    }
}
