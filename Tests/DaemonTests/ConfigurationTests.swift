import ControlProtocol
import Glibc
import Logging
import TestSupport
import Testing

@testable import Daemon

private func applied(_ text: String) throws(ConfigurationError) -> Configuration {
    var configuration = Configuration()
    try configuration.apply(text, file: "test.toml")
    return configuration
}

private func error(_ text: String) -> ConfigurationError? {
    do { _ = try applied(text) } catch { return error }
    return nil
}

struct ConfigurationTests {
    @Test func `every key sets its value`() throws {
        let configuration = try applied(
            """
            idle-exit = "5min"
            state-directory = "/var/lib/x"
            log-level = "debug"

            [limits]
            sessions = 1
            descriptors-per-session = 2
            ring-memory = "3 MiB"
            frequency = 4
            recording-size = "5GiB"
            """)
        var expected = Configuration()
        expected.idleExit = .seconds(300)
        expected.isIdleExitConfigured = true
        expected.stateDirectory = "/var/lib/x"
        expected.logLevel = .debug
        expected.limits = Limits(
            sessions: 1, descriptorsPerSession: 2, ringMemory: 3 << 20, frequency: 4,
            recordingSize: 5 << 30)
        #expect(configuration == expected)
    }

    @Test func `nothing written is the defaults`() throws {
        for text in ["", "# idle-exit = \"1s\"\n", "[limits]\n", "state-directory = \"\""] {
            #expect(try applied(text) == Configuration())
        }
        #expect(try applied("idle-exit = \"never\"").idleExit == nil)
    }

    @Test func `the installed file has every key with its default`() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/config/profilerd.toml"
        #expect(try Configuration.load([path]) == Configuration())
        // And with each key uncommented it still says the same.
        let text = try String(contentsOf: path)
        let keys = text.split(separator: "\n").filter { line in
            line.hasPrefix("# ") && line.split(separator: " = ").count == 2
                && line.dropFirst(2).prefix { $0 != " " }.allSatisfy { $0.isLowercase || $0 == "-" }
        }
        #expect(keys.count == 8)
        var uncommented = text
        for key in keys {
            uncommented = uncommented.replacingFirst(String(key), with: String(key.dropFirst(2)))
        }
        var expected = Configuration()
        expected.isIdleExitConfigured = true
        #expect(try applied(uncommented) == expected)
    }

    private static let wrong: [(String, Int?, String?)] = [
        ("nonsense = 1", 1, "nonsense"),
        ("\n\n# x\nnonsense = 1", 4, "nonsense"),
        ("[limits]\nsesions = 1", 2, "limits.sesions"),
        ("[limit]\nsessions = 1", 1, "limit"),
        ("idle-exit = \"soon\"", 1, "idle-exit"),
        ("idle-exit = \"0s\"", 1, "idle-exit"),
        ("idle-exit = \"-1s\"", 1, "idle-exit"),
        ("idle-exit = 60", 1, "idle-exit"),
        ("state-directory = \"relative\"", 1, "state-directory"),
        ("state-directory = 1", 1, "state-directory"),
        ("log-level = \"loud\"", 1, "log-level"),
        ("# log-level = \"x\"\nlog-level = \"loud\"", 2, "log-level"),
        ("\r\n\r\nlog-level = \"loud\"\r\n", 3, "log-level"),
        ("limits = 1", 1, "limits"),
        ("[limits]\nsessions = 0", 2, "limits.sessions"),
        ("[limits]\nsessions = 4097", 2, "limits.sessions"),
        ("[limits]\nsessions = -1", 2, "limits.sessions"),
        ("[limits]\nsessions = \"1\"", 2, "limits.sessions"),
        ("[limits]\nsessions = 1.5", 2, "limits.sessions"),
        ("[limits]\n\ndescriptors-per-session = 0", 3, "limits.descriptors-per-session"),
        ("[limits]\nfrequency = 0", 2, "limits.frequency"),
        ("[limits]\nfrequency = 1000001", 2, "limits.frequency"),
        ("[limits]\nring-memory = \"0 MiB\"", 2, "limits.ring-memory"),
        ("[limits]\nring-memory = \"64 MB\"", 2, "limits.ring-memory"),
        ("[limits]\nring-memory = 64", 2, "limits.ring-memory"),
        ("[limits]\nrecording-size = \"1025 GiB\"", 2, "limits.recording-size"),
        ("[limits]\nrecording-size = \"99999999999999999999 B\"", 2, "limits.recording-size"),
        ("idle-exit = ", 1, nil), ("[limits\n", 1, nil), ("a = 1\na = 2", 2, nil),
        ("\u{1}", 1, nil),
    ]

    @Test(arguments: wrong)
    func `what is wrong is named with file, key and line`(text: String, line: Int?, key: String?) {
        let error = error(text)
        #expect(error?.file == "test.toml")
        #expect(error?.line == line)
        #expect(error?.key == key)
        #expect(error?.description.hasPrefix("test.toml:") == true)
        #expect(error?.description.hasSuffix(".") == true)
    }

    @Test func `the second file's keys stand in place of the first's`() throws {
        let directory = temporaryDirectory()
        try write("idle-exit = \"1s\"\n[limits]\nsessions = 1\nfrequency = 2", "\(directory)/a")
        try write("[limits]\nsessions = 3", "\(directory)/b")
        let configuration = try Configuration.load(
            ["\(directory)/missing", "\(directory)/a", "\(directory)/b"])
        #expect(configuration.idleExit == .seconds(1))
        #expect(configuration.limits.sessions == 3 && configuration.limits.frequency == 2)
        try write("x = 1", "\(directory)/b")
        #expect(throws: ConfigurationError.self) {
            try Configuration.load(["\(directory)/a", "\(directory)/b"])
        }
    }

    @Test func `a file that cannot be read is an error`() {
        #expect(throws: ConfigurationError.self) { try Configuration.load([temporaryDirectory()]) }
    }

    private func write(_ text: String, _ path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }
}

extension String {
    fileprivate init(contentsOf path: String) throws {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        self.init(decoding: bytes, as: UTF8.self)
    }

    fileprivate func replacingFirst(_ text: String, with other: String) -> String {
        let parts = split(separator: text, maxSplits: 1, omittingEmptySubsequences: false)
        return parts.joined(separator: other)
    }
}

struct QuantityTests {
    @Test(
        arguments: [
            ("60s", 60_000_000_000), ("500ms", 500_000_000), ("5min", 300_000_000_000),
            ("1h", 3_600_000_000_000), ("60 s", 60_000_000_000), ("0s", 0),
        ] as [(String, Int64)])
    func `times`(text: String, nanoseconds: Int64) {
        #expect(Quantity.duration(text) == .nanoseconds(nanoseconds))
    }

    @Test(arguments: [
        "", "s", "60", "-1s", "+1s", "1.5s", "1e3s", " 60s", "60s ", "60S", "60sec", "１s",
        "9223372037s", "18446744073709551616ms", "9223372036854775808ms",
    ])
    func `what is no time`(text: String) {
        #expect(Quantity.duration(text) == nil)
    }

    @Test(
        arguments: [
            ("64 MiB", 64 << 20), ("1GiB", 1 << 30), ("4096 B", 4096), ("2KiB", 2048), ("0 B", 0),
        ] as [(String, UInt64)])
    func `sizes`(text: String, bytes: UInt64) {
        #expect(Quantity.size(text) == bytes)
    }

    @Test(arguments: ["", "64", "64M", "64 MB", "-1 B", "MiB", "17179869184 GiB", "1 GiB x"])
    func `what is no size`(text: String) {
        #expect(Quantity.size(text) == nil)
    }
}
