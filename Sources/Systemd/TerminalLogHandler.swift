// Log lines as text for people, where no journal listens.

public import Logging
internal import LinuxSystem

/// Writes each log event to standard error as one line:
/// `profilerd: warning: A request was denied. claimed.uid=0 rule=own-uid`.
///
/// Whatever could steer a terminal or fake another line is escaped, and long values are cut.
public struct TerminalLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let identifier: String

    /// - Parameter identifier: the program's name at the head of each line.
    public init(identifier: String = "profilerd", level: Logger.Level = .info) {
        self.identifier = identifier
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        StandardError.write(Array(line(of: event).utf8))
    }

    /// The event's line with its newline.
    func line(of event: LogEvent) -> String {
        var line = "\(identifier): \(event.level): "
        line += PrintableText.escaped(event.message.description, limit: 1000)
        let metadata = effectiveMetadata(of: event)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key })
        where key != JournalMessage.metadataKey {
            line += " \(PrintableText.escaped(key))=\(PrintableText.quoted(value.description))"
        }
        if let error = event.error { line += " error=\(PrintableText.quoted("\(error)"))" }
        return line + "\n"
    }
}

/// Text from anywhere made safe to print on one line of a terminal.
public enum PrintableText {
    /// How many characters of a value are shown.
    public static let limit = 200

    /// The text with control and invisible characters as `\u{…}`, cut to `limit` scalars.
    public static func escaped(_ text: String, limit: Int = limit) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit { return result + "…" }
            count += 1
            if isPrintable(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                result += escape(scalar)
            }
        }
        return result
    }

    /// The escaped text, in quotes where it would not stand as one word.
    static func quoted(_ text: String) -> String {
        let isWord = !text.isEmpty && text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" }
        let escaped = escaped(text)
        if isWord { return escaped }
        return "\""
            + escaped.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\\\"") + "\""
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters turn the direction of the text around, among other things.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            false
        default: scalar != "\\"
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\\": "\\\\"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}
