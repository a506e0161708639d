import ControlProtocol
import Glibc
import Logging
import Policy
import TestSupport
import Testing

@testable import Configuration

struct ConfigurationTests {
    @Test func `every key sets its value`() throws {
        let configuration = try applied(
            """
            idle-exit = "5min"
            state-directory = "/var/lib/x"
            log-level = "debug"

            [policy.limits]
            sessions = 1
            descriptors-per-session = 2
            descriptors-per-message = 3
            ring-memory = "3 MiB"
            frequency = 4
            recording-size = "5GiB"
            connections-per-uid = 6
            requests-per-second-per-uid = 7
            authentication-deadline = "800ms"

            [budget]
            cpu = "0.25 %"
            memory = "8 MiB"

            [recordings]
            total-size = "9 MiB"
            age = "10d"
            """)
        var expected = Configuration()
        expected.idleExit = .seconds(300)
        expected.isIdleExitConfigured = true
        expected.stateDirectory = "/var/lib/x"
        expected.logLevel = .debug
        expected.limits = Limits { limits in
            limits.sessions = 1
            limits.descriptorsPerSession = 2
            limits.descriptorsPerMessage = 3
            limits.ringMemory = 3 << 20
            limits.frequency = 4
            limits.recordingSize = 5 << 30
            limits.connectionsPerUID = 6
            limits.requestsPerSecondPerUID = 7
            limits.authenticationDeadline = .milliseconds(800)
        }
        expected.budget.cpu = 2500
        expected.budget.memory = 8 << 20
        expected.retention.totalSize = 9 << 20
        expected.retention.age = .seconds(864_000)
        #expect(configuration == expected)
    }

    @Test(
        arguments: [
            "", "# idle-exit = \"1s\"\n", "[policy]\n", "[policy.limits]\n",
            "state-directory = \"\"",
        ])
    func `nothing written is the defaults`(text: String) throws {
        #expect(try applied(text) == Configuration())
        #expect(try applied(text).rules == Policy.builtInRules)
    }

    @Test func `idle-exit has a word for never`() throws {
        #expect(try applied("idle-exit = \"never\"").idleExit == nil)
    }

    @Test func `budgets and recordings have words for no limit`() throws {
        let configuration = try applied(
            """
            [budget]
            cpu = "unlimited"
            memory = "unlimited"
            [recordings]
            total-size = "unlimited"
            age = "never"
            """)
        #expect(configuration.budget.cpu == nil && configuration.budget.memory == nil)
        #expect(configuration.retention.totalSize == nil && configuration.retention.age == nil)
    }

    @Test(
        arguments: [
            ("[budget]\ncpu = \"2\"", "budget.cpu"), ("[budget]\ncpu = \"0 %\"", "budget.cpu"),
            ("[budget]\ncpu = \"101 %\"", "budget.cpu"),
            ("[budget]\ncpu = \"1.00001 %\"", "budget.cpu"), ("[budget]\ncpu = 2", "budget.cpu"),
            ("[budget]\ncpu = \"1..2 %\"", "budget.cpu"), ("[budget]\nx = 2", "budget.x"),
            ("[budget]\nmemory = \"1023 KiB\"", "budget.memory"),
            ("[recordings]\ntotal-size = \"63 KiB\"", "recordings.total-size"),
            ("[recordings]\nage = \"0s\"", "recordings.age"),
            ("[policy.limits]\nrecording-size = \"15 KiB\"", "policy.limits.recording-size"),
        ])
    func `what could not hold is refused`(text: String, key: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try applied(text) }
        #expect(error.key == key && error.line == 2, "\(error)")
    }

    @Test func `the second file's keys stand in place of the first's`() throws {
        let directory = temporaryDirectory()
        try write(
            "idle-exit = \"1s\"\n[policy.limits]\nsessions = 1\nfrequency = 2", "\(directory)/a")
        try write("[policy.limits]\nsessions = 3", "\(directory)/b")
        let configuration = try Configuration.load(
            ["\(directory)/missing", "\(directory)/a", "\(directory)/b"])
        #expect(configuration.idleExit == .seconds(1))
        #expect(configuration.limits.sessions == 3 && configuration.limits.frequency == 2)
        try write("x = 1", "\(directory)/b")
        #expect(throws: ConfigurationError.self) {
            try Configuration.load(["\(directory)/a", "\(directory)/b"])
        }
    }

    @Test func `the second file's rules come after the first's`() throws {
        let directory = temporaryDirectory()
        try write(rule("a", "allow") + rule("b", "deny"), "\(directory)/a")
        try write(rule("c", "allow"), "\(directory)/b")
        try write("", "\(directory)/none")
        let both = try Configuration.load(["\(directory)/a", "\(directory)/b"])
        #expect(both.rules.map(\.name.rawValue) == ["a", "b", "c"])
        let first = try Configuration.load(["\(directory)/a", "\(directory)/none"])
        #expect(first.rules.map(\.name.rawValue) == ["a", "b"])
        // Where the first has none, what is built in does not stand in front of the second's.
        let second = try Configuration.load(["\(directory)/none", "\(directory)/b"])
        #expect(second.rules.map(\.name.rawValue) == ["c"])
        try write(rule("b", "allow"), "\(directory)/b")
        #expect {
            try Configuration.load(["\(directory)/a", "\(directory)/b"])
        } throws: { error in
            (error as? ConfigurationError)?.file == "\(directory)/b"
                && (error as? ConfigurationError)?.line == 2
        }
    }

    @Test func `an empty list of rules is a list, and allows nothing`() throws {
        #expect(try applied("[policy]\nrules = []").rules == [])
    }

    @Test func `a file that cannot be read is an error, and so is one that was named`() throws {
        let directory = temporaryDirectory()
        #expect(throws: ConfigurationError.self) { try Configuration.load([directory]) }
        #expect(throws: ConfigurationError.self) { try Configuration.load(["/dev/null"]) }
        #expect(try Configuration.load(["\(directory)/missing"]) == Configuration())
        #expect(throws: ConfigurationError.self) {
            try Configuration.load(["\(directory)/missing"], mustExist: true)
        }
        // Opening it to read would wait for a writer.
        #expect(mkfifo("\(directory)/fifo", 0o600) == 0)
        #expect(throws: ConfigurationError.self) { try Configuration.load(["\(directory)/fifo"]) }
    }

    @Test func `a file that is too long, or not text, is no part of a configuration`() throws {
        let directory = temporaryDirectory()
        let long = String(repeating: "# comment\n", count: 30_000)
        try write(long, "\(directory)/long")
        #expect(throws: ConfigurationError.self) { try Configuration.load(["\(directory)/long"]) }
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(
                ["x"],
                read: { (_) throws(ConfigurationError) in
                    Array("log-level = \"".utf8) + [0xFF, 0xFE, UInt8(ascii: "\"")]
                })
        }
        #expect(error.reason == "The file is not UTF-8.")
    }

    @Test func `the user's file is below what the environment names`() {
        #expect(
            ConfigurationFile.paths(home: nil, configurationHome: nil)
                == ["/etc/profilerd/profilerd.toml"])
        #expect(
            ConfigurationFile.paths(home: "/home/a", configurationHome: nil).last
                == "/home/a/.config/profilerd/profilerd.toml")
        #expect(
            ConfigurationFile.paths(home: "/home/a", configurationHome: "/c").last
                == "/c/profilerd/profilerd.toml")
    }
}

/// The file that is installed, next to what is built in.
struct ShippedFileTests {
    private let path =
        "/\(#filePath.split(separator: "/").dropLast(3).joined(separator: "/"))"
        + "/config/profilerd.toml"

    @Test func `the installed file says nothing but defaults`() throws {
        #expect(try Configuration.load([path], mustExist: true) == Configuration())
    }

    @Test func `with each key uncommented it still says the same`() throws {
        let lines = try contents(path).split(separator: "\n", omittingEmptySubsequences: false)
        var keys = 0
        let uncommented = lines.map { line in
            let text = line.dropFirst(2)
            let word = text.prefix { $0 != " " }
            let isKey =
                text.dropFirst(word.count).hasPrefix(" = ")
                && word.allSatisfy { $0.isLowercase || $0 == "-" }
            guard line.hasPrefix("# "), isKey || text == "[[policy.rules]]" else { return line }
            keys += isKey ? 1 : 0
            return text
        }.joined(separator: "\n")
        #expect(keys == 19)
        let configuration = try applied(uncommented)
        #expect(configuration.configuredRules == Policy.builtInRules)
        var expected = Configuration()
        expected.isIdleExitConfigured = true
        expected.configuredRules = Policy.builtInRules
        #expect(configuration == expected)
    }

    @Test func `it explains every method and every condition`() throws {
        let text = try contents(path)
        for method in RequestMethod.allCases { #expect(text.contains(method.rawValue)) }
        // The first column of the list of conditions.
        let explained = text.split(separator: "\n").filter { line in
            line.hasPrefix("#   ") && !line.hasPrefix("#    ")
        }.flatMap { line in
            line.dropFirst(4).split(separator: "  ")[0].split(separator: ", ").map(String.init)
        }
        #expect(
            Set(explained) == [
                "uid", "gid", "peer-uid", "peer-group", "peer-label", "method", "event",
                "kernel-frames", "frequency", "duration", "mixed-uids",
            ])
    }
}
