// The daemon's configuration: /etc/profilerd/profilerd.toml, then the user's own file, each key of
// the second in place of the first's, its rules behind the first's. A file that is not right is not
// used at all, because a limit that silently does not hold is worse than none.

public import ControlProtocol
public import Logging
public import Policy

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
    public var budget = Budget()
    public var retention = Retention()
    /// The list of rules that the files have together; nil where no file has one.
    public var configuredRules: [PolicyRule]?

    public init() {}

    /// The rules that hold: those of the files, or else those that are built in.
    public var rules: [PolicyRule] { configuredRules ?? Policy.builtInRules }
}

extension Configuration {
    /// Reads `paths` in their order; a file that does not exist is passed over, unless somebody
    /// named it.
    ///
    /// - Parameters:
    ///   - names: resolves names of users and groups.
    ///   - read: reads a whole file; nil for one that does not exist.
    /// - Throws: `ConfigurationError`.
    public static func load(
        _ paths: [String], mustExist: Bool = false, names: AccountNames = .system,
        read: (String) throws(ConfigurationError) -> [UInt8]? = ConfigurationFile.read
    ) throws(ConfigurationError) -> Configuration {
        var configuration = Configuration()
        for path in paths {
            guard let bytes = try read(path) else {
                if !mustExist { continue }
                throw ConfigurationError(file: path, reason: "There is no such file.")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ConfigurationError(file: path, reason: "The file is not UTF-8.")
            }
            try configuration.apply(text, file: path, names: names)
        }
        return configuration
    }

    /// Puts the keys of `text` in place of what is there, and its rules behind those there are.
    mutating func apply(
        _ text: String, file: String, names: AccountNames = .system
    ) throws(ConfigurationError) {
        var root = try TableReader(parsing: text, file: file)
        if let value = try root.string("idle-exit") {
            isIdleExitConfigured = true
            idleExit = value == "never" ? nil : try root.duration(value, "idle-exit", orNever: true)
        }
        if let value = try root.string("state-directory"), !value.isEmpty {
            guard value.hasPrefix("/") else {
                throw root.error("state-directory", "must be an absolute path.")
            }
            stateDirectory = value
        }
        if let value = try root.string("log-level") {
            guard let level = Logger.Level(rawValue: value) else {
                let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw root.error("log-level", "must be one of \(known).")
            }
            logLevel = level
        }
        if let policy = try root.table("policy") { try apply(policy, names) }
        if var table = try root.table("budget") {
            try budget.apply(&table)
            try table.finish()
        }
        if var table = try root.table("recordings") {
            try retention.apply(&table)
            try table.finish()
        }
        try root.finish()
    }

    private mutating func apply(
        _ policy: TableReader, _ names: AccountNames
    ) throws(ConfigurationError) {
        var policy = policy
        if let table = try policy.table("limits") {
            var table = table
            try limits.apply(&table)
            try table.finish()
        }
        for table in try policy.tables("rules") ?? [] {
            var table = table
            let rule = try PolicyRule(reading: &table, names, others: configuredRules ?? [])
            configuredRules = (configuredRules ?? []) + [rule]
        }
        if policy.has("rules") { configuredRules = configuredRules ?? [] }
        try policy.finish()
    }
}

extension Limits {
    fileprivate mutating func apply(_ table: inout TableReader) throws(ConfigurationError) {
        try table.number("sessions", 1...4096) { sessions = $0 }
        try table.number("descriptors-per-session", 1...1_000_000) { descriptorsPerSession = $0 }
        // A session begins with a message of its pidfd and its mappings.
        try table.number("descriptors-per-message", 2...253) { descriptorsPerMessage = $0 }
        try table.size("ring-memory") { ringMemory = $0 }
        try table.number("frequency", 1...1_000_000) { frequency = UInt64($0) }
        // What a session says of itself must fit in.
        try table.size("recording-size", atLeast: 16 << 10) { recordingSize = $0 }
        try table.number("connections-per-uid", 1...4096) { connectionsPerUID = $0 }
        try table.number("requests-per-second-per-uid", 1...1_000_000) {
            requestsPerSecondPerUID = $0
        }
        if let value = try table.string("authentication-deadline") {
            authenticationDeadline = try table.duration(value, "authentication-deadline")
        }
    }
}

extension Budget {
    fileprivate mutating func apply(_ table: inout TableReader) throws(ConfigurationError) {
        if let value = try table.string("cpu") {
            cpu = nil
            if value != TableReader.unlimited {
                guard let share = Quantity.millionths(value), share > 0, share <= 1_000_000 else {
                    throw table.error(
                        "cpu",
                        "must be a share of one core such as \"2 %\", or \"unlimited\".")
                }
                cpu = share
            }
        }
        // With less than that it could not do anything.
        try table.sizeOrUnlimited("memory", atLeast: 1 << 20) { memory = $0 }
    }
}

extension Retention {
    fileprivate mutating func apply(_ table: inout TableReader) throws(ConfigurationError) {
        try table.sizeOrUnlimited("total-size", atLeast: 64 << 10) { totalSize = $0 }
        if let value = try table.string("age") {
            age = value == "never" ? nil : try table.duration(value, "age", orNever: true)
        }
    }
}
