import Logging
import Testing

@testable import Systemd

private func event(
    _ message: Logger.Message, _ metadata: Logger.Metadata, level: Logger.Level = .warning
) -> LogEvent {
    LogEvent(
        level: level, message: message, metadata: metadata, source: nil,
        file: "Daemon/Connection.swift", function: "refuse()", line: 12)
}

private func fields(_ fields: JournalFields) -> [String] {
    var start = 0
    return fields.ends.map { end in
        defer { start = end }
        return String(decoding: fields.bytes[start..<end], as: UTF8.self)
    }
}

@Suite struct JournalFieldsTests {
    @Test func `an event becomes the journal's fields and ours`() {
        let event = event(
            "A request was denied.",
            .journal(.requestDenied, ["peer.pid": "42", "claimed.uid": "\(0 as UInt32)"]))
        let entry = JournalFields(event, metadata: event.metadata ?? [:], identifier: "profilerd")
        #expect(
            fields(entry) == [
                "MESSAGE=A request was denied.", "PRIORITY=4", "SYSLOG_IDENTIFIER=profilerd",
                "CODE_FILE=Daemon/Connection.swift", "CODE_LINE=12", "CODE_FUNC=refuse()",
                "PROFILERD_CLAIMED_UID=0", "MESSAGE_ID=6de36146226746e7a94d312a9e4b1e38",
                "PROFILERD_PEER_PID=42",
            ])
    }

    @Test(arguments: [
        ("session", "PROFILERD_SESSION"), ("peer.pid", "PROFILERD_PEER_PID"),
        ("ring-memory", "PROFILERD_RING_MEMORY"), ("_UID", "PROFILERD__UID"),
        ("a=b\nMESSAGE", "PROFILERD_A_B_MESSAGE"), ("ü", "PROFILERD___"),
        (String(repeating: "x", count: 99), "PROFILERD_" + String(repeating: "X", count: 54)),
    ])
    func `a key becomes a field's name and nothing else`(key: String, name: String) {
        #expect(JournalFields.name(key) == name)
    }

    @Test func `a value with newlines stays one field`() {
        var entry = JournalFields()
        entry.append(metadata: "one\nMESSAGE_ID=two\0three", key: "command")
        #expect(fields(entry) == ["PROFILERD_COMMAND=one\nMESSAGE_ID=two\0three"])
    }

    @Test func `a list is several fields and a dictionary one for each key`() {
        var entry = JournalFields()
        entry.append(metadata: ["1", "2"], key: "tid")
        entry.append(metadata: ["uid": "5", "gid": "6"], key: "peer")
        #expect(
            fields(entry) == [
                "PROFILERD_TID=1", "PROFILERD_TID=2", "PROFILERD_PEER_GID=6",
                "PROFILERD_PEER_UID=5",
            ])
    }

    @Test(arguments: [4094, 4095, 4096, 4097])
    func `a long value is cut at a whole character`(ascii: Int) {
        var entry = JournalFields()
        entry.append("A", String(repeating: "x", count: ascii) + "ü")
        let value = fields(entry)[0].dropFirst(2)
        #expect(value.utf8.count <= JournalFields.valueLimit)
        #expect(value.hasSuffix("ü") == (ascii <= 4094))
        #expect(!value.contains("\u{fffd}"))
    }

    @Test func `the message ids are 128 bits each and no two are the same`() {
        let ids = JournalMessage.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }
}

@Suite struct TerminalLogHandlerTests {
    @Test func `a line has the level, the message and the metadata in order`() {
        var handler = TerminalLogHandler()
        handler[metadataKey: "session"] = "s1"
        let line = handler.line(
            of: event("A request was denied.", .journal(.requestDenied, ["claimed.uid": "0"])))
        #expect(line == "profilerd: warning: A request was denied. claimed.uid=0 session=s1\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("two words", "\"two words\""),
        ("a\"b", "\"a\\\"b\""), ("\u{1b}[31mred", "\\u{1b}[31mred"), ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{202e}txt.exe", "\\u{202e}txt.exe"), ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}"),
        ("back\\slash", "back\\\\slash"), ("ünïcode→", "ünïcode→"), ("\0", "\\u{0}"),
        (String(repeating: "y", count: 201), String(repeating: "y", count: 200) + "…"),
    ])
    func `a value can neither steer the terminal nor fake a line`(value: String, shown: String) {
        let line = TerminalLogHandler().line(of: event("Seen.", ["value": .string(value)]))
        #expect(line == "profilerd: warning: Seen. value=\(shown)\n")
    }
}

@Suite struct LogDestinationTests {
    @Test(
        arguments: [
            ("8:27", LogDestination.journal), ("8:28", .terminal), ("8", .terminal),
            ("", .terminal),
            (" 8:27", .terminal), (nil, .terminal),
        ] as [(String?, LogDestination)])
    func `the journal is chosen only where standard error is its stream`(
        variable: String?, expected: LogDestination
    ) {
        #expect(LogDestination.of(journalStream: variable, device: 8, inode: 27) == expected)
    }
}
