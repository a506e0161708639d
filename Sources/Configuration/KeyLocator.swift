// On which line a key stands. The parser tells the place of what is not TOML, and no place of a
// value that it could read; so the headers and keys of a text that is known to be TOML are read
// once more, roughly: what it does not find by itself, as in a table within one line, it finds by
// the longest beginning of its path.

/// The path of a key from the root, as in `policy.rules[2].action`.
struct KeyPath: Hashable, CustomStringConvertible {
    enum Step: Hashable {
        case key(String)
        /// Counted from 0.
        case index(Int)
    }

    private(set) var steps: [Step] = []

    func appending(_ key: String) -> KeyPath { appending(.key(key)) }
    func appending(_ index: Int) -> KeyPath { appending(.index(index)) }

    private func appending(_ step: Step) -> KeyPath {
        var path = self
        path.steps.append(step)
        return path
    }

    /// Indices are counted from 1, as people do.
    var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index + 1)]"
            }
        }
        return text
    }
}

/// The lines of the headers and keys of one text.
struct KeyLocator {
    private var places: [(path: KeyPath, line: Int)] = []
    /// How many tables each list of tables has so far.
    private var counts: [KeyPath: Int] = [:]

    init(_ text: String) {
        var table = KeyPath()
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (number, line) in lines.enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.hasPrefix("[") {
                table = header(line)
                places.append((table, number + 1))
            } else if let end = line.firstIndex(of: "="), !line.hasPrefix("#") {
                places.append((resolve(Self.parts(line[..<end]), from: table), number + 1))
            }
        }
    }

    /// The line of `path`, counted from 1; else that of what surrounds it, or is the first in it.
    func line(of path: KeyPath) -> Int? {
        var best: (length: Int, line: Int)?
        for place in places {
            let length = zip(place.path.steps, path.steps).prefix { $0 == $1 }.count
            let isAround = length == place.path.steps.count
            let isInside = length == path.steps.count
            guard isAround || isInside, length > best?.length ?? 0 else { continue }
            best = (length, place.line)
        }
        return best?.line
    }

    /// The path of `[a.b]`, or of the table that `[[a.b]]` adds.
    private mutating func header(_ line: Substring) -> KeyPath {
        let isList = line.hasPrefix("[[")
        let path = resolve(
            Self.parts(line.drop { $0 == "[" }.prefix { $0 != "]" }), from: KeyPath())
        if !isList { return path }
        // The last step of a list that is there already is its newest table.
        var list = path
        if case .index? = path.steps.last { list = KeyPath(Array(path.steps.dropLast())) }
        let count = counts[list, default: 0]
        counts[list] = count + 1
        return list.appending(count)
    }

    /// The keys one after the other, each list of tables by its newest table.
    private func resolve(_ keys: [String], from table: KeyPath) -> KeyPath {
        var path = table
        for key in keys {
            path = path.appending(key)
            if let count = counts[path] { path = path.appending(count - 1) }
        }
        return path
    }

    /// `a . "b"` as `a` and `b`. A dot within quotes parts as well, and is not found.
    private static func parts(_ text: Substring) -> [String] {
        text.split(separator: ".").map { part in
            String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" })
        }
    }
}

extension KeyPath {
    fileprivate init(_ steps: [Step]) { self.steps = steps }
}
