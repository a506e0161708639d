import Glibc
import Logging
import Testing

@testable import Systemd

private let journaldListens = access("/run/systemd/journal/socket", W_OK) == 0

/// What journalctl prints: one field of the entries that match.
private func journal(_ field: String, _ match: String) throws -> String {
    let command =
        "journalctl --sync; journalctl --no-pager -q -o cat --output-fields=\(field) \(match)"
    let stream = try #require(popen(command, "r"))
    var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 {
        text += buffer.prefix(count)
    }
    pclose(stream)
    return String(decoding: text, as: UTF8.self)
}

@Suite(.enabled(if: journaldListens, "no journald listens at /run/systemd/journal/socket"))
struct JournalLogHandlerTests {
    let session = "test-\(getpid())-\(UInt64.random(in: 0 ... .max))"

    @Test(arguments: [
        "one line", "two\nlines", "a\nMESSAGE_ID=8bbd74e1c91b4398a955b8cf3c133ad8\nb\n",
        "\u{1b}]0;title\u{7}", "=", "ü\u{202e}",
    ])
    func `whatever a value is, it arrives as the value of its field`(value: String) throws {
        let logger = LogDestination.journal.logger(identifier: "systemd-tests")
        logger.notice(
            "A request was denied.",
            metadata: .journal(
                .requestDenied, ["session": "\(session)", "command": .string(value)]))
        let match = "PROFILERD_SESSION=\(session)"
        #expect(try journal("PROFILERD_COMMAND", match) == value + "\n")
        #expect(
            try journal("MESSAGE_ID", match) == JournalMessage.requestDenied.rawValue + "\n")
        #expect(try journal("SYSLOG_IDENTIFIER", match) == "systemd-tests\n")
        #expect(try journal("PRIORITY", match) == "5\n")
        #expect(try journal("CODE_FILE", match) == "SystemdTests/JournalLogHandlerTests.swift\n")
    }

    @Test func `lines below the level are not sent`() throws {
        let logger = LogDestination.journal.logger(level: .warning)
        logger.notice("Unheard.", metadata: ["session": "\(session)"])
        #expect(try journal("MESSAGE", "PROFILERD_SESSION=\(session)").isEmpty)
    }
}
