// One table of [[policy.rules]].

internal import LinuxSystem
internal import Policy
internal import TOMLKit

extension PolicyRule {
    /// The longest name of a rule in bytes.
    private static let nameLimit = 64

    /// - Parameter others: the rules before it, whose names it cannot have.
    init(
        reading table: inout TableReader, _ names: AccountNames, others: [PolicyRule]
    ) throws(ConfigurationError) {
        let name = try Self.name(&table, others)
        let action = try Self.action(&table)
        self.init(name, action)
        conditions.uids = try table.identifiers("uid", "user", names.user)
        conditions.gids = try table.identifiers("gid", "group", names.group)
        conditions.peerUIDs = try table.identifiers("peer-uid", "user", names.user)
        conditions.peerGroups = try table.identifiers("peer-group", "group", names.group)
        conditions.peerLabels = try table.patterns("peer-label")
        conditions.methods = try table.methods("method")
        conditions.events = try table.patterns("event")
        conditions.kernelFrames = try table.each("kernel-frames", "true or false") { $0.bool }
            .map(Set.init)
        conditions.frequencies = try table.each("frequency", "a number of at least 1") {
            $0.int.flatMap { $0 > 0 ? UInt64($0) : nil }
        }
        conditions.durations = try table.each("duration", "a time such as \"60s\"") { value in
            value.string.flatMap(Quantity.duration).flatMap { $0 > .zero ? $0 : nil }
        }
        conditions.mixedUIDs = try table.each("mixed-uids", "true or false") { $0.bool }
            .map(Set.init)
        try table.finish()
    }

    private static func name(
        _ table: inout TableReader, _ others: [PolicyRule]
    ) throws(ConfigurationError) -> RuleName {
        guard let text = try table.string("name") else {
            throw table.error("has no name. Give it one: name = \"...\".")
        }
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isWord, !text.isEmpty, text.utf8.count <= nameLimit else {
            throw table.error(
                "name", "must have 1 to \(nameLimit) of the characters a-z, A-Z, 0-9, -, _ and .")
        }
        let name = RuleName(rawValue: text)
        if RuleName.reserved.contains(name) {
            throw table.error("name", "is that of a rule which is built in: choose another.")
        }
        if others.contains(where: { $0.name == name }) {
            throw table.error("name", "is that of another rule: choose another.")
        }
        return name
    }

    private static func action(_ table: inout TableReader) throws(ConfigurationError) -> Action {
        guard let text = try table.string("action") else {
            throw table.error("has no action. Give it one: action = \"allow\", or \"deny\".")
        }
        guard let action = Action(rawValue: text) else {
            throw table.error("action", "must be \"allow\" or \"deny\".")
        }
        return action
    }
}

extension TableReader {
    /// The values of `key`, each by `convert`, which has nil for a wrong one.
    fileprivate mutating func each<Value>(
        _ key: String, _ what: String, _ convert: (TOMLValue) -> Value?
    ) throws(ConfigurationError) -> [Value]? {
        guard let values = try values(key) else { return nil }
        var result: [Value] = []
        for value in values {
            guard let converted = convert(value) else {
                throw error(key, "must be \(what), or a list of such.")
            }
            result.append(converted)
        }
        return result
    }

    /// Users or groups, by number or by name.
    fileprivate mutating func identifiers(
        _ key: String, _ kind: String, _ resolve: (String) -> UInt32?
    ) throws(ConfigurationError) -> Set<UInt32>? {
        guard let values = try values(key) else { return nil }
        var result: Set<UInt32> = []
        for value in values {
            if let name = value.string {
                guard let number = resolve(name) else {
                    throw error(
                        key, "names the \(kind) \(quoted(name)), which does not exist here.")
                }
                result.insert(number)
            } else if let number = value.int.flatMap({ UInt32(exactly: $0) }), number != .max {
                result.insert(number)
            } else {
                throw error(
                    key,
                    "must be a \(kind)'s number (0 to 4294967294) or name, or a list of such.")
            }
        }
        return result
    }

    fileprivate mutating func patterns(_ key: String) throws(ConfigurationError) -> [TextPattern]? {
        try each(key, "a text that is not empty") { value in
            value.string.flatMap { $0.isEmpty ? nil : TextPattern($0) }
        }
    }

    fileprivate mutating func methods(_ key: String) throws(ConfigurationError)
        -> Set<RequestMethod>?
    {
        let known = RequestMethod.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        return try each(key, "one of \(known)") { value in
            value.string.flatMap(RequestMethod.init(rawValue:))
        }.map(Set.init)
    }

    /// A name out of the file, fit for one line.
    private func quoted(_ name: String) -> String {
        "'\(String(name.prefix(64).filter { !$0.isNewline }))'"
    }
}
