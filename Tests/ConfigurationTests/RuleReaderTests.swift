import Policy
import Testing

@testable import Configuration

struct RuleReaderTests {
    @Test func `each condition can be a value`() throws {
        let text = rule(
            "one", "deny",
            """
            uid = 0
            gid = 10
            peer-uid = 4294967294
            peer-group = 100
            peer-label = "unconfined"
            method = "Begin"
            event = "cycles"
            kernel-frames = true
            frequency = 99
            duration = "10s"
            """)
        var conditions = PolicyRule.Conditions()
        conditions.uids = [0]
        conditions.gids = [10]
        conditions.peerUIDs = [4_294_967_294]
        conditions.peerGroups = [100]
        conditions.peerLabels = [TextPattern("unconfined")]
        conditions.methods = [.begin]
        conditions.events = [TextPattern("cycles")]
        conditions.kernelFrames = [true]
        conditions.frequencies = [99]
        conditions.durations = [.seconds(10)]
        #expect(
            try applied(text).rules == [PolicyRule(RuleName(rawValue: "one"), .deny, conditions)])
    }

    @Test func `each condition can be a list of values`() throws {
        let text = rule(
            "many", "allow",
            """
            uid = [0, "alice", 4000000000]
            gid = ["wheel"]
            peer-uid = ["bob",
                "alice"]
            peer-group = ["users", 7]
            peer-label = ["a", "system_u:*"]
            method = ["Begin", "GetInfo"]
            event = ["cycles", "sched:*"]
            kernel-frames = [true, false]
            frequency = [99, 999]
            duration = ["1min", "500ms"]
            mixed-uids = [true, false]
            """)
        let conditions = try #require(try applied(text).rules.first).conditions
        #expect(conditions.uids == [0, 1000, 4_000_000_000])
        #expect(conditions.gids == [10])
        #expect(conditions.peerUIDs == [1000, 1001])
        #expect(conditions.peerGroups == [7, 100])
        #expect(conditions.peerLabels == [TextPattern("a"), TextPattern("system_u:*")])
        #expect(conditions.methods == [.begin, .getInfo])
        #expect(conditions.events == [TextPattern("cycles"), TextPattern("sched:*")])
        #expect(conditions.kernelFrames == [true, false])
        #expect(conditions.frequencies == [99, 999])
        #expect(conditions.durations == [.seconds(60), .milliseconds(500)])
        #expect(conditions.mixedUIDs == [true, false])
    }

    @Test func `a rule without conditions asks nothing`() throws {
        #expect(
            try applied(rule("all", "allow")).rules
                == [PolicyRule(RuleName(rawValue: "all"), .allow)])
    }

    @Test func `names are those of the host`() {
        #expect(AccountNames.system.user("root") == 0)
        #expect(AccountNames.system.group("root") == 0)
        #expect(AccountNames.system.user("no such user") == nil)
        #expect(AccountNames.system.group("no such group") == nil)
    }
}

struct KeyLocatorTests {
    private let text = """
        a = 1
        [b] # a comment
        c.d = 2
          "e" = 3

        [[f]]
        g = 1
        [[f]]
        g = { h = 1 }
        [f.i]
        j = 1
        [[f]]
        g = 3
        """

    @Test(
        arguments: [
            ([.key("a")], 1), ([.key("b")], 2), ([.key("b"), .key("c"), .key("d")], 3),
            ([.key("b"), .key("c")], 3), ([.key("b"), .key("e")], 4),
            ([.key("f")], 6), ([.key("f"), .index(0)], 6),
            ([.key("f"), .index(0), .key("g")], 7), ([.key("f"), .index(1), .key("g")], 9),
            ([.key("f"), .index(1), .key("g"), .key("h")], 9),
            ([.key("f"), .index(1), .key("i"), .key("j")], 11),
            ([.key("f"), .index(2), .key("g")], 13), ([.key("f"), .index(2), .key("x")], 12),
            ([.key("z")], nil),
        ] as [([KeyPath.Step], Int?)])
    func `a key is found where it stands`(steps: [KeyPath.Step], line: Int?) {
        let path = steps.reduce(KeyPath()) { path, step in
            switch step {
            case .key(let key): path.appending(key)
            case .index(let index): path.appending(index)
            }
        }
        #expect(KeyLocator(text).line(of: path) == line)
    }
}
