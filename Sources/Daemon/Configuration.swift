// The daemon's configuration: /etc/profilerd/profilerd.toml, then the user's own file, each key of
// the second in place of the first's. A file that is not right keeps the daemon from starting,
// because a limit that silently does not hold is worse than no daemon.

public import ControlProtocol
internal import LinuxSystem
public import Logging
internal import SystemPackage
internal import TOMLKit

/// What an administrator can set.
public struct Configuration: Equatable, Sendable {
    /// How long the daemon stays with no session and no connection; nil for ever.
    public var idleExit: Duration? = .seconds(60)
    /// Whether a file says so; a daemon that nobody would start again stays unless one does.
    public var isIdleExitConfigured = false
    /// Where recordings are kept; nil for the place that systemd or the user's home gives.
    public var stateDirectory: String?
    public var logLevel: Logger.Level = .info
    public var limits = Limits()

    public init() {}
}

/// A configuration file that cannot be used.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public let file: String
    /// Counted from 1; nil where it is not known.
    public let line: Int?
    /// The key with its table, `limits.sessions`; nil where the text is not TOML.
    public let key: String?
    public let reason: String

    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.map { "\(place): '\($0)' \(reason)" } ?? "\(place): \(reason)"
    }
}

extension Configuration {
    /// The keys of a file as they are written; each may be missing.
    private struct File: Decodable {
        struct Limits: Decodable {
            var sessions: Int?
            var descriptorsPerSession: Int?
            var ringMemory: String?
            var frequency: Int?
            var recordingSize: String?

            enum CodingKeys: String, CodingKey {
                case sessions
                case descriptorsPerSession = "descriptors-per-session"
                case ringMemory = "ring-memory"
                case frequency
                case recordingSize = "recording-size"
            }
        }

        var idleExit: String?
        var stateDirectory: String?
        var logLevel: String?
        var limits: Limits?

        enum CodingKeys: String, CodingKey {
            case idleExit = "idle-exit"
            case stateDirectory = "state-directory"
            case logLevel = "log-level"
            case limits
        }
    }

    /// Reads `paths` in their order; a file that does not exist is passed over, unless somebody
    /// named it.
    ///
    /// - Throws: `ConfigurationError`.
    public static func load(
        _ paths: [String], mustExist: Bool = false
    ) throws(ConfigurationError) -> Configuration {
        var configuration = Configuration()
        for path in paths {
            let text: [UInt8]
            do throws(SystemCallError) {
                text = try SmallFile.read(path)
            } catch {
                if error.errno == .noSuchFileOrDirectory && !mustExist { continue }
                throw ConfigurationError(
                    file: path, line: nil, key: nil, reason: "The file cannot be read: \(error).")
            }
            try configuration.apply(String(decoding: text, as: UTF8.self), file: path)
        }
        return configuration
    }

    /// Puts the keys of `text` in place of what is there.
    mutating func apply(_ text: String, file: String) throws(ConfigurationError) {
        let source = Source(text: text, file: file)
        let values = try source.decode(File.self)
        if let value = values.idleExit {
            isIdleExitConfigured = true
            idleExit = value == "never" ? nil : try source.duration(value, "idle-exit")
        }
        if let value = values.stateDirectory, !value.isEmpty {
            guard value.hasPrefix("/") else {
                throw source.error("state-directory", "must be an absolute path.")
            }
            stateDirectory = value
        }
        if let value = values.logLevel {
            guard let level = Logger.Level(rawValue: value) else {
                let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw source.error("log-level", "must be one of \(known).")
            }
            logLevel = level
        }
        if let limits = values.limits { try apply(limits, source) }
    }

    private mutating func apply(_ values: File.Limits, _ source: Source)
        throws(ConfigurationError)
    {
        if let value = values.sessions {
            limits.sessions = try source.number(value, "limits.sessions", 1...4096)
        }
        if let value = values.descriptorsPerSession {
            limits.descriptorsPerSession = try source.number(
                value, "limits.descriptors-per-session", 1...1_000_000)
        }
        if let value = values.frequency {
            limits.frequency = UInt64(try source.number(value, "limits.frequency", 1...1_000_000))
        }
        if let value = values.ringMemory {
            limits.ringMemory = try source.size(value, "limits.ring-memory")
        }
        if let value = values.recordingSize {
            limits.recordingSize = try source.size(value, "limits.recording-size")
        }
    }
}

/// One file's text, and what is said about its errors.
private struct Source {
    let text: String
    let file: String

    func decode<Value: Decodable>(_ type: Value.Type) throws(ConfigurationError) -> Value {
        do {
            return try TOMLDecoder(strictDecoding: true).decode(type, from: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                file: file, line: Int(error.source.begin.line), key: nil,
                reason: "The file is not TOML: \(error.description).")
        } catch let error as UnexpectedKeysError {
            let path = error.keys.values.map { $0.map(\.stringValue).joined(separator: ".") }.min()
            throw self.error(path ?? "?", "is not a key of this version.")
        } catch let error as DecodingError {
            throw self.error(Self.key(of: error), "has a value of another type.")
        } catch {
            throw ConfigurationError(file: file, line: nil, key: nil, reason: "\(error)")
        }
    }

    private static func key(of error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .keyNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.map(\.stringValue).joined(separator: ".")
        @unknown default: "?"
        }
    }

    func number(_ value: Int, _ key: String, _ range: ClosedRange<Int>)
        throws(ConfigurationError) -> Int
    {
        guard range.contains(value) else {
            throw error(key, "must be from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func size(_ value: String, _ key: String) throws(ConfigurationError) -> UInt64 {
        guard let size = Quantity.size(value), size > 0, size <= 1 << 40 else {
            throw error(key, "must be a size of at most 1024 GiB such as \"64 MiB\".")
        }
        return size
    }

    func duration(_ value: String, _ key: String) throws(ConfigurationError) -> Duration {
        guard let duration = Quantity.duration(value), duration > .zero else {
            throw error(key, "must be a time such as \"60s\", or \"never\".")
        }
        return duration
    }

    /// An error with the line on which the key stands: the first that begins with its last part.
    func error(_ key: String, _ reason: String) -> ConfigurationError {
        let name = key.split(separator: ".").last.map(String.init) ?? key
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let line = lines.firstIndex { line in
            let line = line.drop { $0 == " " || $0 == "\t" || $0 == "\"" || $0 == "[" }
            let rest = line.dropFirst(name.count)
            return line.hasPrefix(name) && rest.first.map { " =\"]\t".contains($0) } == true
        }
        return ConfigurationError(file: file, line: line.map { $0 + 1 }, key: key, reason: reason)
    }
}
