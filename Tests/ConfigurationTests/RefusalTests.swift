import Testing

@testable import Configuration

/// A text, and the line and key that it is refused for.
private let keys: [(String, Int?, String?)] = [
    ("nonsense = 1", 1, "nonsense"),
    ("\n\n# x\nnonsense = 1", 4, "nonsense"),
    ("nonsense.deep = 1", 1, "nonsense"),
    ("[nonsense]\nx = 1", 1, "nonsense"),
    ("[limits]\nsessions = 1", 1, "limits"),
    ("[policy]\nlimit = 1", 2, "policy.limit"),
    ("[policy.limit]\nsessions = 1", 1, "policy.limit"),
    ("[policy.limits]\nsesions = 1", 2, "policy.limits.sesions"),
    ("[policy]\nlimits.sesions = 1", 2, "policy.limits.sesions"),
    ("policy.limits.sesions = 1", 1, "policy.limits.sesions"),
    ("policy = { limits = { sesions = 1 } }", 1, "policy.limits.sesions"),
    ("[policy.limits]\nlog-level = \"info\"", 2, "policy.limits.log-level"),
    ("policy = 1", 1, "policy"),
    ("[policy]\nlimits = 1", 2, "policy.limits"),
    ("[policy]\nrules = 1", 2, "policy.rules"),
    ("[policy]\nrules = [1]", 2, "policy.rules"),
    ("[policy.rules]\nname = \"x\"", 1, "policy.rules"),
    ("idle-exit = \"soon\"", 1, "idle-exit"),
    ("idle-exit = \"0s\"", 1, "idle-exit"),
    ("idle-exit = \"-1s\"", 1, "idle-exit"),
    ("idle-exit = 60", 1, "idle-exit"),
    ("idle-exit = true", 1, "idle-exit"),
    ("idle-exit = 1979-05-27", 1, "idle-exit"),
    ("idle-exit = [\"1s\"]", 1, "idle-exit"),
    ("idle-exit = {}", 1, "idle-exit"),
    ("state-directory = \"relative\"", 1, "state-directory"),
    ("state-directory = 1", 1, "state-directory"),
    ("log-level = \"loud\"", 1, "log-level"),
    ("# log-level = \"x\"\nlog-level = \"loud\"", 2, "log-level"),
    ("\r\n\r\nlog-level = \"loud\"\r\n", 3, "log-level"),
    ("  \"log-level\" = \"loud\"", 1, "log-level"),
    ("idle-exit = ", 1, nil), ("[limits\n", 1, nil), ("a = 1\na = 2", 2, nil),
    ("\u{1}", 1, nil),
]

/// A key of [policy.limits] with a value that it cannot have.
private let limits: [(String, String)] = [
    ("sessions", "0"), ("sessions", "4097"), ("sessions", "-1"), ("sessions", "\"1\""),
    ("sessions", "1.5"), ("sessions", "1.0"), ("sessions", "true"), ("sessions", "[1]"),
    ("descriptors-per-session", "0"), ("descriptors-per-session", "1000001"),
    ("descriptors-per-message", "1"), ("descriptors-per-message", "254"),
    ("ring-memory", "\"0 MiB\""), ("ring-memory", "\"64 MB\""), ("ring-memory", "64"),
    ("frequency", "0"), ("frequency", "1000001"),
    ("recording-size", "\"1025 GiB\""), ("recording-size", "\"99999999999999999999 B\""),
    ("connections-per-uid", "0"), ("connections-per-uid", "4097"),
    ("requests-per-second-per-uid", "0"), ("requests-per-second-per-uid", "1000001"),
    ("authentication-deadline", "\"0s\""), ("authentication-deadline", "\"never\""),
    ("authentication-deadline", "5"),
]

/// A line of a rule that it cannot have, and the key.
private let conditions: [(String, String)] = [
    ("nonsense = 1", "nonsense"), ("pid = 1", "pid"), ("executable = \"/bin/x\"", "executable"),
    ("unit = \"x.service\"", "unit"), ("peer-pid = 1", "peer-pid"),
    ("uid = -1", "uid"), ("uid = 4294967295", "uid"), ("uid = 4294967296", "uid"),
    ("uid = 1.5", "uid"), ("uid = true", "uid"), ("uid = []", "uid"), ("uid = [[1]]", "uid"),
    ("uid = \"mallory\"", "uid"), ("uid = \"\"", "uid"), ("uid = \"1000\"", "uid"),
    ("uid = \"wheel\"", "uid"), ("uid = [1, \"mallory\"]", "uid"), ("uid = { a = 1 }", "uid"),
    ("gid = \"alice\"", "gid"), ("gid = -1", "gid"),
    ("peer-uid = \"mallory\"", "peer-uid"), ("peer-uid = []", "peer-uid"),
    ("peer-group = \"mallory\"", "peer-group"), ("peer-group = 4294967295", "peer-group"),
    ("peer-label = 1", "peer-label"), ("peer-label = \"\"", "peer-label"),
    ("peer-label = []", "peer-label"), ("peer-label = [\"a\", 1]", "peer-label"),
    ("method = \"begin\"", "method"), ("method = \"io.profilerd.Control.Begin\"", "method"),
    ("method = [\"Begin\", \"Ad\"]", "method"), ("method = []", "method"),
    ("event = 1", "event"), ("event = \"\"", "event"), ("event = []", "event"),
    ("kernel-frames = \"true\"", "kernel-frames"), ("kernel-frames = 1", "kernel-frames"),
    ("kernel-frames = []", "kernel-frames"),
    ("mixed-uids = \"yes\"", "mixed-uids"), ("mixed-uids = []", "mixed-uids"),
    ("frequency = 0", "frequency"), ("frequency = -1", "frequency"),
    ("frequency = \"99\"", "frequency"), ("frequency = []", "frequency"),
    ("duration = 10", "duration"), ("duration = \"0s\"", "duration"),
    ("duration = \"never\"", "duration"), ("duration = []", "duration"),
]

struct RefusalTests {
    @Test(arguments: keys)
    func `what is wrong is named with file, key and line`(text: String, line: Int?, key: String?) {
        let error = refusal(text)
        #expect(error?.file == "test.toml")
        #expect(error?.line == line)
        #expect(error?.key == key)
        #expect(error?.description.hasPrefix("test.toml:") == true)
        #expect(error?.description.hasSuffix(".") == true)
    }

    @Test(arguments: limits)
    func `a limit out of its range is named`(key: String, value: String) {
        let error = refusal(
            "log-level = \"info\"\n[policy.limits]\n# \(key) = 1\n\(key) = \(value)")
        #expect(error?.line == 4)
        #expect(error?.key == "policy.limits.\(key)")
        #expect(error?.reason.hasPrefix("must be ") == true)
    }

    @Test(arguments: conditions)
    func `a rule's condition is named, and it is that of the right rule`(line: String, key: String)
    {
        // The same key stands in the rules around it, where it is right.
        let good = "uid = 1\nevent = \"x\"\nduration = \"1s\"\nmethod = \"List\"\n"
        let text =
            rule("first", "allow", good) + rule("second", "deny", line)
            + rule("third", "deny", good)
        let error = refusal(text)
        #expect(error?.line == 12, "\(error?.description ?? "accepted")")
        #expect(error?.key == "policy.rules[2].\(key)")
        #expect(error?.description.hasPrefix("test.toml:12: 'policy.rules[2].\(key)' ") == true)
    }

    @Test(
        arguments: [
            ("action = \"allow\"", 1, "policy.rules[1]"),
            ("name = \"a\"", 1, "policy.rules[1]"),
            ("name = 1\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"a b\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"a\\u001b[31m\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"ä\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"default-deny\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"uid-is-own\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"limit-sessions\"\naction = \"allow\"", 2, "policy.rules[1].name"),
            ("name = \"a\"\naction = \"permit\"", 3, "policy.rules[1].action"),
            ("name = \"a\"\naction = \"Allow\"", 3, "policy.rules[1].action"),
            ("name = \"a\"\naction = true", 3, "policy.rules[1].action"),
        ] as [(String, Int, String)])
    func `a rule has a name of its own and an action`(text: String, line: Int, key: String) {
        let error = refusal("[[policy.rules]]\n\(text)\n")
        #expect(error?.line == line)
        #expect(error?.key == key)
    }

    @Test func `two rules cannot have one name`() {
        let error = refusal(rule("a", "allow") + rule("a", "deny"))
        #expect(error?.line == 6)
        #expect(error?.key == "policy.rules[2].name")
    }

    @Test func `a name longer than the journal shows is refused`() {
        #expect(refusal(rule(String(repeating: "a", count: 65), "allow"))?.line == 2)
        #expect(refusal(rule(String(repeating: "a", count: 64), "allow")) == nil)
    }

    @Test func `rules within one line are found by that line`() {
        let error = refusal(
            "[policy]\nrules = [\n  { name = \"a\", action = \"allow\" },\n  { name = \"b\" } ]\n")
        #expect(error?.line == 2)
        #expect(error?.key == "policy.rules[2]")
    }
}
