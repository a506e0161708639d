// What goes to standard error. Everything is made fit for a terminal here, whoever it is from.

internal import LinuxSystem
internal import Reports

enum Console {
    /// A line that begins with the program's name.
    static func say(_ sentence: String) {
        StandardError.write(Array("profilerctl: \(visibleText(sentence))\n".utf8))
    }

    /// Replaces the line the cursor is on; only for terminals.
    static func replaceLine(_ text: String) {
        let width = max((StandardError.terminalWidth ?? 80) - 1, 1)
        // Erase to the end of the line (ECMA-48, EL).
        StandardError.write(Array("\r\(visibleText(text).prefix(width))\u{1B}[K".utf8))
    }

    static func clearLine() { StandardError.write(Array("\r\u{1B}[K".utf8)) }
}
