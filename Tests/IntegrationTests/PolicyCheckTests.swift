import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// `profilerctl policy check`.
    @Suite(.serialized) struct PolicyCheckTests {}
}

private let rules = """
    [policy.limits]
    frequency = 5000

    [[policy.rules]]
    name = "no-kernel-frames"
    action = "deny"
    kernel-frames = true

    [[policy.rules]]
    name = "one-user-at-a-time"
    action = "deny"
    mixed-uids = true

    [[policy.rules]]
    name = "root-for-a-minute"
    action = "allow"
    peer-uid = "root"
    method = ["GetInfo", "Begin", "Add", "Commit"]
    event = ["cycles", "cpu-*"]
    frequency = 999
    duration = "1min"

    [[policy.rules]]
    name = "operators-look"
    action = "allow"
    peer-group = 4711
    method = ["GetInfo", "List", "Status"]

    [[policy.rules]]
    name = "confined"
    action = "allow"
    peer-label = "profiler_t:*"
    gid = 12
    """

/// Arguments, the rule that decides and whether it allows.
private let rows: [([String], String, Bool)] = [
    (["--peer-uid", "0", "--method", "Begin", "--duration", "1m"], "root-for-a-minute", true),
    (["--peer-uid", "root", "--method", "Commit", "--duration", "1s"], "root-for-a-minute", true),
    (["--peer-uid", "0", "--method", "Begin"], "default-deny", false),
    (
        ["--peer-uid", "0", "--method", "Begin", "--duration", "1m", "--mixed-uids"],
        "one-user-at-a-time", false
    ),
    (["--peer-uid", "0", "--method", "Begin", "--duration", "61s"], "default-deny", false),
    (["--peer-uid", "7", "--method", "Begin", "--duration", "1m"], "default-deny", false),
    (
        ["--peer-uid", "0", "--method", "Begin", "--duration", "1m", "--frequency", "1000"],
        "default-deny", false
    ),
    (
        ["--peer-uid", "0", "--method", "Begin", "--duration", "1m", "--frequency", "5001"],
        "limit-frequency", false
    ),
    (
        [
            "--peer-uid", "0", "--method", "Begin", "--duration", "1m", "--event", "cpu-clock",
            "--event", "sched:sched_switch",
        ], "default-deny", false
    ),
    (
        [
            "--peer-uid", "0", "--method", "Begin", "--duration", "1m", "--event", "cpu-clock",
            "--event", "cycles",
        ], "root-for-a-minute", true
    ),
    (["--peer-uid", "0", "--method", "Begin", "--kernel-frames"], "no-kernel-frames", false),
    (["--peer-uid", "0", "--method", "Fetch", "--kernel-frames"], "no-kernel-frames", false),
    (["--peer-uid", "7", "--peer-group", "4711", "--method", "List"], "operators-look", true),
    (
        ["--peer-uid", "7", "--peer-group", "1", "--peer-group", "4711", "--method", "Status"],
        "operators-look", true
    ),
    (["--peer-uid", "7", "--peer-group", "4711", "--method", "Stop"], "default-deny", false),
    (["--peer-uid", "7", "--gid", "4711", "--method", "List"], "default-deny", false),
    (
        ["--peer-uid", "7", "--peer-label", "profiler_t:s0", "--gid", "12", "--method", "Stop"],
        "confined", true
    ),
    (
        ["--peer-uid", "7", "--peer-label", "profiler_t:s0", "--gid", "13", "--method", "Stop"],
        "default-deny", false
    ),
    (
        ["--peer-uid", "7", "--peer-label", "other", "--gid", "12", "--method", "Stop"],
        "default-deny", false
    ),
    (["--peer-uid", "0", "--method", "GetInfo", "--own-uid", "60002"], "uid-is-own", false),
    (
        ["--peer-uid", "7", "--peer-group", "4711", "--method", "io.profilerd.Control.List"],
        "operators-look", true
    ),
]

extension IntegrationTests.PolicyCheckTests {
    private func check(
        _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:]
    ) throws -> Finished {
        let client = try Running(
            Binaries.shared.profilerctl, ["policy", "check"] + arguments, environment: environment,
            in: scratch)
        return Finished(ending: try client.wait(), output: client.output, errors: client.errors)
    }

    private func file(_ text: String, in scratch: Scratch) throws -> String {
        let path = scratch.newPath("profilerd.toml")
        try writeFile(path, text)
        return path
    }

    @Test(arguments: rows)
    func `the rule that decides is named, and the status says how`(
        arguments: [String], rule: String, isAllowed: Bool
    ) throws {
        let scratch = try Scratch()
        let path = try file(rules, in: scratch)
        let common = ["--uid", "60001", "--config", path] + arguments
        let text = try check(common, in: scratch)
        #expect(text.ending == .exited(isAllowed ? 0 : 77), "\(text.errors)")
        #expect(text.errors == "")
        #expect(text.output.contains("decision  \(isAllowed ? "allow" : "deny")\n"))
        #expect(text.output.contains("rule      \(rule)\n"), "\(text.output)")

        let json = try check(common + ["--json"], in: scratch)
        #expect(json.ending == text.ending)
        guard case .object(let object) = try JSONValue(decoding: Array(json.output.utf8)) else {
            throw Failure("no object: \(json.output)")
        }
        #expect(object["decision"] == .string(isAllowed ? "allow" : "deny"))
        #expect(object["rule"] == .string(rule))
        #expect(object["files"] == .array([.string(path)]))
        #expect(object["builtInRules"] == false)
    }

    @Test func `without rules those hold that are built in`() throws {
        let scratch = try Scratch()
        let path = try file("", in: scratch)
        for (own, status) in [("60001", Int32(0)), ("60002", 77)] {
            let finished = try check(
                [
                    "--uid", "60001", "--peer-uid", "0", "--method", "Begin", "--kernel-frames",
                    "--own-uid", own, "--config", path,
                ], in: scratch)
            #expect(finished.ending == .exited(status))
            #expect(finished.output.contains("built in"))
        }
    }

    @Test func `the overflow uid and the number of no uid are nobody's`() throws {
        let scratch = try Scratch()
        let path = try file("", in: scratch)
        for uid in ["65534", "4294967295"] {
            let finished = try check(
                ["--uid", uid, "--peer-uid", "0", "--method", "List", "--config", path], in: scratch
            )
            #expect(finished.ending == .exited(77))
            #expect(finished.output.contains("rule      credentials-present\n"))
        }
    }

    @Test func `a file that is wrong is named with its line and key`() throws {
        let scratch = try Scratch()
        let path = try file(rules + "\nnonsense = 1\n", in: scratch)
        let common = ["--uid", "60001", "--peer-uid", "0", "--method", "List", "--config"]
        expectFailure(
            try check(common + [path], in: scratch), 78,
            "\(path):34: 'policy.rules[5].nonsense' is not a key of this version.")
        expectFailure(
            try check(common + ["\(path).none"], in: scratch), 78, "There is no such file.")
    }

    @Test(.enabled(if: isRoot, "needs root: reads another user's configuration"))
    func `the files are those of the daemon of that uid`() throws {
        // A user's own file is read from where the user says, for the own uid only.
        let scratch = try Scratch()
        let home = try scratch.directory("config", of: .own, mode: 0o755)
        mkdir("\(home)/profilerd", 0o755)
        try writeFile("\(home)/profilerd/profilerd.toml", "[policy]\nrules = []\n")
        let common = ["--peer-uid", "0", "--method", "List"]
        let own = try check(
            ["--uid", "0"] + common, in: scratch, environment: ["XDG_CONFIG_HOME": home])
        #expect(own.ending == .exited(77))
        #expect(own.output.contains("\(home)/profilerd/profilerd.toml"))
        let other = try check(
            ["--uid", "60001"] + common, in: scratch, environment: ["XDG_CONFIG_HOME": home])
        #expect(!other.output.contains(home))
    }

    @Test(
        arguments: [
            ["--peer-uid", "0", "--method", "List"], ["--uid", "1", "--method", "List"],
            ["--uid", "1", "--peer-uid", "0"],
            ["--uid", "1", "--peer-uid", "0", "--method", "Lisst"],
            ["--uid", "no such user", "--peer-uid", "0", "--method", "List"],
            ["--uid", "-1", "--peer-uid", "0", "--method", "List"],
            ["--uid", "4294967296", "--peer-uid", "0", "--method", "List"],
            ["--uid", "1", "--peer-uid", "0", "--method", "List", "--event", "cycles"],
            ["--uid", "1", "--peer-uid", "0", "--method", "Begin", "--frequency", "0"],
            ["--uid", "1", "--peer-uid", "0", "--method", "Begin", "--duration", "10"],
        ])
    func `a command line that makes no sense`(arguments: [String]) throws {
        let finished = try check(arguments, in: try Scratch())
        #expect(finished.ending == .exited(64), "\(finished.errors)")
        #expect(finished.output == "")
    }

    @Test(.enabled(if: isRoot, "needs root: opens events with kernel frames"))
    func `the daemon decides as the check says`() throws {
        let configuration = """
            [[policy.rules]]
            name = "no-kernel-frames"
            action = "deny"
            kernel-frames = true
            [[policy.rules]]
            name = "no-listing"
            action = "deny"
            method = "List"
            peer-uid = \(geteuid())
            [[policy.rules]]
            name = "rest"
            action = "allow"
            """
        // The world's end lists the sessions, which is denied here.
        let world = try World(configuration: configuration)
        let program = try world.target("hot", "1")
        let process = "\(program.processID)"
        expectFailure(
            try world.client("start", "--pid", process, "--kernel"), 77,
            "rule no-kernel-frames")
        expectFailure(try world.client("list"), 77, "rule no-listing")
        let session = try world.startSession("--pid", process)
        try world.succeed("stop", session, "--discard")
        let check = try self.check(
            [
                "--uid", "\(world.user.uid)", "--peer-uid", "\(geteuid())", "--method", "Begin",
                "--kernel-frames", "--config", world.configuration,
            ], in: world.scratch)
        #expect(check.output.contains("rule      no-kernel-frames\n"))
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test func `the daemon knows the groups of who connects`() throws {
        var groups = [gid_t](repeating: 0, count: 256)
        let count = Int(max(getgroups(256, &groups), 0))
        let own = Set(groups.prefix(count) + [getegid()])
        let other = (50_000...).first { !own.contains(gid_t($0)) } ?? 0
        for group in own.union([gid_t(other)]) {
            let world = try World(
                configuration: """
                    [[policy.rules]]
                    name = "not-this-group"
                    action = "deny"
                    method = "List"
                    peer-group = [\(group)]
                    [[policy.rules]]
                    name = "rest"
                    action = "allow"
                    """)
            var client = try RawClient(world.socket)
            let reply = try client.call("io.profilerd.Control.List", claiming: world.user)
            #expect((reply.error != nil) == own.contains(group), "group \(group)")
            #expect(try world.endDaemon() == .exited(0))
        }
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `a daemon that takes few descriptors at a time gets them one after the other`() throws {
        try World.run(configuration: "[policy.limits]\ndescriptors-per-message = 2\n") { world in
            let program = try world.target("hot", "3")
            let session = try world.startSession("--pid", "\(program.processID)")
            let finished = try world.succeed("stop", session)
            #expect(finished.output.contains("hot_path"))
        }
    }
}
