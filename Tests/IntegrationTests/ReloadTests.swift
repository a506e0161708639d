import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// SIGHUP, and what the manager and the log hear of it.
    @Suite(.serialized) struct ReloadTests {}
}

private let denyList = """
    [[policy.rules]]
    name = "no-listing"
    action = "deny"
    method = "List"
    [[policy.rules]]
    name = "rest"
    action = "allow"

    """

extension IntegrationTests.ReloadTests {
    private func rule(of method: String, _ client: inout RawClient, _ world: World) throws
        -> JSONValue?
    {
        let reply = try client.call("io.profilerd.Control.\(method)", claiming: world.user)
        return reply.error == nil ? nil : reply.parameters["rule"]
    }

    @Test func `the next request meets the new policy, also on an old connection`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager)
        var client = try RawClient(world.socket)
        #expect(try rule(of: "List", &client, world) == nil)
        try writeFile(world.configuration, denyList)
        #expect(try rule(of: "List", &client, world) == nil)

        let messages = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        let first = try #require(messages.first).split(separator: "\n")
        #expect(first[0] == "RELOADING=1")
        let time = UInt64(first[1].dropFirst("MONOTONIC_USEC=".count)) ?? 0
        #expect(abs(Double(time) / 1e6 - secondsOfClock()) < 30)
        #expect(try rule(of: "List", &client, world) == "no-listing")
        #expect(try rule(of: "Status", &client, world) == nil)
        #expect(
            world.daemon.errors.contains("The configuration was read again. rules=2"),
            "\(world.daemon.errors)")

        try writeFile(world.configuration, "")
        _ = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        #expect(try rule(of: "List", &client, world) == nil)
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test(
        arguments: [
            (
                "[[policy.rules]]\nname = \"x\"\naction = \"permit\"\n", ":3",
                "policy.rules[1].action"
            ),
            ("\n[policy.limits]\nsessions = 0\n", ":3", "policy.limits.sessions"),
            ("nonsense = 1\n", ":1", "nonsense"),
            (
                "[[policy.rules]]\nname = \"x\"\naction = \"allow\"\nuid = \"no-such-user\"", ":4",
                "policy.rules[1].uid"
            ),
            ("[policy\n", ":1", ""),
        ])
    func `a file that is wrong changes nothing, and is shown until one is right`(
        text: String, line: String, key: String
    ) throws {
        let manager = try ScriptedManager()
        let world = try World(configuration: denyList, manager: manager)
        var client = try RawClient(world.socket)
        try writeFile(world.configuration, text)
        let messages = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        let status = try #require(messages.last)
        #expect(status.contains("the old configuration holds"))
        #expect(status.contains("\(world.configuration)\(line): "), "\(status)")
        #expect(key.isEmpty || status.contains(key))
        #expect(try rule(of: "List", &client, world) == "no-listing")
        #expect(try rule(of: "Status", &client, world) == nil)
        let log = world.daemon.errors.split(separator: "\n").filter {
            $0.contains("The configuration cannot be used; the old one holds.")
        }
        #expect(log.count == 1)
        #expect(log.first?.contains("error: ") == true)
        #expect(log.first?.contains("file=\(world.configuration)") == true)
        #expect(log.first?.contains("line=\(line.dropFirst())") == true)
        #expect(log.first?.contains("key=\(key)") == !key.isEmpty)

        // A file that is gone is wrong as well, for it was named.
        unlink(world.configuration)
        let gone = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        #expect(gone.last?.contains("There is no such file.") == true)
        #expect(try rule(of: "List", &client, world) == "no-listing")

        try writeFile(world.configuration, "")
        let good = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        #expect(good.last?.contains("old configuration") == false)
        #expect(try rule(of: "List", &client, world) == nil)
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `sessions that record go on, and what comes next is decided anew`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager)
        let program = try world.target("hot", "1")
        let process = "\(program.processID)"
        let session = try world.startSession("--pid", process)
        try writeFile(
            world.configuration,
            """
            [policy.limits]
            sessions = 1
            [[policy.rules]]
            name = "only-slow"
            action = "allow"
            frequency = 10
            [[policy.rules]]
            name = "looking"
            action = "allow"
            method = ["GetInfo", "List", "Status"]
            """)
        _ = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        let listed = try world.succeed("list").output
        #expect(listed.contains(session) && listed.contains("recording"))
        // The session has 99 Hz: nobody may have it now, or a second one.
        expectFailure(try world.client("stop", session), 77, "rule default-deny")
        expectFailure(try world.client("start", "--pid", process), 1, "'sessions' under")
        try writeFile(world.configuration, "")
        _ = try manager.messages(upTo: "READY=1") { world.daemon.send(SIGHUP) }
        #expect(try world.succeed("stop", session).output.contains("hot_path"))
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test func `many signals at once do no harm`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager)
        try writeFile(world.configuration, denyList)
        _ = try manager.messages(upTo: "READY=1") {
            for _ in 0..<200 { world.daemon.send(SIGHUP) }
        }
        var client = try RawClient(world.socket)
        #expect(try rule(of: "List", &client, world) == "no-listing")
        #expect(try world.endDaemon() == .exited(0))
    }
}
