import ControlProtocol
import Testing
import Varlink

@testable import Client

private func session(
    _ name: String = "abc", command: String = "server", samples: UInt64 = 990, lost: UInt64 = 0,
    elapsed: UInt64 = 12_000_000_000, end: ControlProtocol.EndReason? = nil
) -> SessionStatus {
    SessionStatus(
        session: name, pid: 42, command: command, uid: 1000,
        state: end == nil ? .recording : .ended,
        events: [
            Event(
                name: "cpu-clock", type: 1, config: 0, sampling: .frequency(99), unit: .nanoseconds)
        ], kernel: .mode, lifetime: .detached, startedAt: 0, elapsedNanoseconds: elapsed,
        durationNanoseconds: nil, threads: 1, descriptors: 2, samples: samples, lost: lost,
        bytes: 4096, endReason: end, error: nil)
}

struct SessionTextTests {
    @Test func `sessions are a table with aligned columns`() {
        let table = SessionText.table([
            session("a", samples: 5), session("longer", command: "x", end: .durationOver),
        ])
        #expect(
            table == """
                SESSION   UID  PID  COMMAND  STATE                 ELAPSED  SAMPLES  LOST  EVENTS
                a        1000   42  server   recording                12 s        5     0  cpu-clock
                longer   1000   42  x        ended: duration over     12 s      990     0  cpu-clock

                """)
    }

    @Test func `no session is a heading`() {
        #expect(SessionText.table([]).split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        "\u{1B}[2Jgone", "a\rb", "a\nb", "tab\tbed", "\u{9B}31m", "\u{202E}txt", "\u{7F}", "\0",
    ])
    func `a name cannot act on the terminal`(name: String) {
        let table = SessionText.table([session(name, command: name)])
        let lines = table.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3)
        for scalar in table.unicodeScalars where scalar != "\n" {
            #expect(scalar.properties.generalCategory != .control)
            #expect(scalar.properties.generalCategory != .format)
        }
    }

    @Test func `a long name is cut`() {
        let table = SessionText.table([session(command: String(repeating: "x", count: 5000))])
        #expect(table.utf8.count < 400)
    }

    @Test(arguments: ["\u{1B}[2J", "\u{9B}31m", "\u{202E}x", "\u{E0001}", "plain ü 漢"])
    func `JSON for a script says the same and cannot act either`(name: String) throws {
        let text = SessionText.json(session(command: name).json)
        for scalar in text.unicodeScalars where scalar != "\n" {
            #expect(scalar.properties.generalCategory != .control)
            #expect(scalar.properties.generalCategory != .format)
        }
        let value = try JSONValue(decoding: Array(text.utf8))
        #expect(value == session(command: name).json)
    }

    @Test func `an error's sentence cannot act on the terminal`() {
        let error = ClientError(.attachFailed(reason: "no\u{1B}[31m"))
        #expect(error.description == "no\\u{1B}[31m")
    }
}

struct ProgressTests {
    @Test func `the line has what was since the last one`() {
        var progress = Progress(isShown: false)
        #expect(
            progress.line(for: session(samples: 100, lost: 1, elapsed: 2_000_000_000))
                == "2.0 s, 100 samples, 50/s, 1 lost; Ctrl-C ends")
        progress.show(session())
    }

    @Test func `counters that run backwards show no rate`() {
        let progress = Progress(isShown: false)
        #expect(progress.line(for: session(samples: 0, elapsed: 0)).contains(" 0/s"))
    }

    @Test(arguments: [
        (UInt64(990), UInt64(0), false), (990, 10, false), (985, 15, true), (0, 7, true),
        (.max, .max, true),
    ])
    func `more than one per cent lost is said`(samples: UInt64, lost: UInt64, isSaid: Bool) {
        let notes = closingNotes(session(samples: samples, lost: lost, end: .stopped))
        #expect(notes.contains { $0.contains("lost") } == isSaid)
    }

    @Test func `no sample at all is said`() {
        #expect(!closingNotes(session(samples: 0, end: .stopped)).isEmpty)
        #expect(closingNotes(session(end: .stopped)).isEmpty)
    }
}
