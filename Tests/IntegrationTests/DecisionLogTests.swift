import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// The log's entry of each decision.
    @Suite(.serialized) struct DecisionLogTests {}
}

extension IntegrationTests.DecisionLogTests {
    private func lines(_ world: World, _ message: String) -> [Substring] {
        world.daemon.errors.split(separator: "\n").filter { $0.contains(message) }
    }

    @Test func `an allowed request is logged with both identities and its rule`() throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            _ = try client.call("io.profilerd.Control.List", claiming: world.user)
            let entry = try #require(lines(world, "method=List").last)
            for part in [
                "profilerd: info: A request was allowed.", "claimed.uid=\(world.user.uid)",
                "claimed.gid=\(world.user.gid)", "claimed.pid=\(getpid())",
                "peer.uid=\(geteuid())", "peer.pid=\(getpid())", "own.uid=\(world.user.uid)",
                "rule=own-user", "verdict=allow",
            ] { #expect(entry.contains(part), "\(entry)") }
        }
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `a denied request is logged with both identities, its rule and the reason`() throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            _ = try client.call("io.profilerd.Control.List", claiming: nil)
            let entry = try #require(lines(world, "A request was denied.").last)
            for part in [
                "profilerd: warning: ", "claimed.uid=0", "claimed.pid=\(getpid())", "peer.uid=0",
                "rule=uid-is-own", "verdict=deny", "reason=\"The request's uid is 0",
            ] { #expect(entry.contains(part), "\(entry)") }
            // Nothing of it was looked at.
            #expect(!entry.contains("method="))
        }
    }

    @Test func `the sender's name is a label, its executable where it may be seen`() throws {
        try World.run { world in
            try world.succeed("list", as: world.user)
            let entry = try #require(lines(world, "method=List").last)
            #expect(entry.contains("sender.comm=profilerctl"), "\(entry)")
            // The domain that the daemon is in, if the kernel has Landlock, lets it see no other's.
            if entry.contains("sender.exe=") {
                #expect(entry.contains("sender.exe=\(Binaries.shared.profilerctl)"), "\(entry)")
            }
        }
    }

    @Test func `the client's text does not leave its field`() throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            let event: JSONValue = [
                "name": "x\nverdict=allow\u{1B}[31m\u{202E}", "type": 1, "config": 0,
                "frequency": 99, "unit": "count",
            ]
            let reply = try client.call(
                "io.profilerd.Control.Begin",
                [
                    "target": ["pid": 1, "command": "x"], "events": [event], "kernel": "none",
                    "lifetime": "connection", "ringPages": 1, "enableOnExec": false,
                    "followChildren": false, "commandLine": [],
                ], claiming: world.user)
            #expect(reply.error == nil)
            let entry = try #require(lines(world, "method=Begin").last)
            #expect(entry.contains("verdict=allow"))
            #expect(entry.hasSuffix("verdict=allow"), "\(entry)")
            #expect(!entry.unicodeScalars.contains("\u{1B}"))
            #expect(!entry.unicodeScalars.contains("\u{202E}"))
        }
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `a flood of denials is cut, and what was dropped is counted`() throws {
        let world = try World()
        var client = try RawClient(world.socket)
        for _ in 0..<100 { _ = try client.call("io.profilerd.Control.List", claiming: nil) }
        #expect(lines(world, "A request was denied.").count == 10)
        #expect(try world.endDaemon() == .exited(0))
        let count = try #require(lines(world, "Log lines were dropped.").last)
        #expect(count.contains("dropped=90"))
        #expect(count.contains("denied uid-is-own 0"))
    }

    @Test(.enabled(if: isRoot, "needs root: records kernel addresses"))
    func `no address of a sample is in the log`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let recording = world.output("hot.recording")
            try world.succeed(
                "record", "--kernel", "--pid", "\(program.processID)", "--duration", "500ms",
                "--output", recording)
            let addresses = Set(try Recorded(recording).addresses)
            #expect(!addresses.isEmpty)
            let log = world.daemon.errors.lowercased()
            #expect(log.contains("method=commit"))
            for address in addresses {
                #expect(!log.contains(String(address, radix: 16)))
                #expect(!log.contains(String(address)))
            }
        }
    }
}
