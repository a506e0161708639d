// One table of a file, taken key by key: what is asked for must have the type that is asked for,
// and what nobody asked for is a key that this version does not have. Every error has its line.

internal import TOMLKit

/// A table that is being taken apart.
struct TableReader {
    /// What all tables of a file share. The root keeps the parsed nodes alive.
    private final class Document {
        let root: TOMLTable
        let file: String
        let locator: KeyLocator

        init(_ root: TOMLTable, file: String, locator: KeyLocator) {
            self.root = root
            self.file = file
            self.locator = locator
        }
    }

    private let document: Document
    private let table: TOMLTable
    private let path: KeyPath
    /// The keys that were asked for.
    private var taken: Set<String> = []

    /// Reads a file's text.
    init(parsing text: String, file: String) throws(ConfigurationError) {
        do {
            let root = try TOMLTable(string: text)
            document = Document(root, file: file, locator: KeyLocator(text))
            table = root
            path = KeyPath()
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                file: file, line: Int(error.source.begin.line),
                reason: "The file is not TOML: \(error.description).")
        } catch {
            throw ConfigurationError(file: file, reason: "The file is not TOML: \(error).")
        }
    }

    private init(_ table: TOMLTable, at path: KeyPath, of document: Document) {
        self.table = table
        self.path = path
        self.document = document
    }

    /// Ends the reading.
    ///
    /// - Throws: an error about the first key that was not asked for.
    func finish() throws(ConfigurationError) {
        let unknown = table.keys.filter { !taken.contains($0) }
            .map { error($0, "is not a key of this version.") }
        if let first = unknown.min(by: { ($0.line ?? .max) < ($1.line ?? .max) }) { throw first }
    }

    func has(_ key: String) -> Bool { table[key] != nil }

    /// An error about a key of the table.
    func error(_ key: String, _ reason: String) -> ConfigurationError {
        error(at: path.appending(key), reason)
    }

    /// An error about the table itself.
    func error(_ reason: String) -> ConfigurationError { error(at: path, reason) }

    private func error(at path: KeyPath, _ reason: String) -> ConfigurationError {
        ConfigurationError(
            file: document.file, line: document.locator.line(of: path), key: "\(path)",
            reason: reason)
    }

    /// The value of `key` by `convert`, which has nil for a wrong type.
    private mutating func take<Value>(
        _ key: String, _ type: String, _ convert: (TOMLValue) -> Value?
    ) throws(ConfigurationError) -> Value? {
        taken.insert(key)
        guard let value = table[key]?.tomlValue else { return nil }
        guard let result = convert(value) else {
            throw error(key, "must be \(type), and is \(Self.name(of: value.type)).")
        }
        return result
    }

    private static func name(of type: TOMLType) -> String {
        switch type {
        case .table: "a table"
        case .array: "a list"
        case .string: "a text"
        case .int: "a whole number"
        case .double: "a number with a fraction"
        case .bool: "true or false"
        case .date, .time, .dateTime: "a date or a time"
        }
    }
}

// MARK: - Values

extension TableReader {
    mutating func string(_ key: String) throws(ConfigurationError) -> String? {
        try take(key, "a text in quotes") { $0.string }
    }

    /// Gives a whole number of `range` to `set`, if the key is there.
    mutating func number(
        _ key: String, _ range: ClosedRange<Int>, set: (Int) -> Void
    ) throws(ConfigurationError) {
        guard let value = try take(key, "a whole number", { $0.int }) else { return }
        guard range.contains(value) else {
            throw error(key, "must be from \(range.lowerBound) to \(range.upperBound).")
        }
        set(value)
    }

    /// Gives a number of bytes to `set`, if the key is there.
    mutating func size(
        _ key: String, atLeast least: UInt64 = 1, set: (UInt64) -> Void
    ) throws(ConfigurationError) {
        guard let value = try take(key, "a size such as \"64 MiB\"", { $0.string }) else { return }
        set(try size(value, key, atLeast: least))
    }

    /// The word for no limit at all.
    static let unlimited = "unlimited"

    /// The same, or nil for `unlimited`.
    mutating func sizeOrUnlimited(
        _ key: String, atLeast least: UInt64, set: (UInt64?) -> Void
    ) throws(ConfigurationError) {
        guard let value = try take(key, "a size such as \"64 MiB\"", { $0.string }) else { return }
        set(value == Self.unlimited ? nil : try size(value, key, atLeast: least))
    }

    private func size(
        _ text: String, _ key: String, atLeast least: UInt64
    ) throws(ConfigurationError) -> UInt64 {
        guard let size = Quantity.size(text), size > 0, size <= 1 << 40 else {
            throw error(key, "must be a size of at most 1024 GiB such as \"64 MiB\".")
        }
        guard size >= least else {
            throw error(key, "must be at least \(least >> 10) KiB.")
        }
        return size
    }

    /// What the text of `key` says as a time.
    func duration(
        _ text: String, _ key: String, orNever: Bool = false
    ) throws(ConfigurationError) -> Duration {
        guard let duration = Quantity.duration(text), duration > .zero else {
            throw error(
                key, "must be a time such as \"60s\"\(orNever ? ", or \"never\"" : "").")
        }
        return duration
    }

    mutating func table(_ key: String) throws(ConfigurationError) -> TableReader? {
        let (inner, document) = (path.appending(key), document)
        return try take(key, "a table") { value in
            value.table.map { TableReader($0, at: inner, of: document) }
        }
    }

    /// The tables of a list of tables.
    mutating func tables(_ key: String) throws(ConfigurationError) -> [TableReader]? {
        let (inner, document) = (path.appending(key), document)
        return try take(key, "a list of tables, each under [[\(inner)]]") { value in
            value.array.flatMap { array in
                let tables = array.enumerated().compactMap { index, value in
                    value.tomlValue.table.map {
                        TableReader($0, at: inner.appending(index), of: document)
                    }
                }
                return tables.count == array.count ? tables : nil
            }
        }
    }

    /// The values of a key that has one or a list of them, at least one.
    mutating func values(_ key: String) throws(ConfigurationError) -> [TOMLValue]? {
        let values = try take(key, "a value or a list of values") { value in
            value.array.map { $0.map(\.tomlValue) } ?? [value]
        }
        if values?.isEmpty == true {
            throw error(key, "is an empty list, which would match nothing: leave it out.")
        }
        return values
    }
}
