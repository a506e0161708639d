import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// Sessions that go on without a client, and what ends them.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct SessionTests {}
}

extension IntegrationTests.SessionTests {
    @Test func `start, list, status, fetch and stop`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)", "-F", "499")
            #expect(session.count >= 8 && session.allSatisfy { $0.isASCII && !$0.isWhitespace })
            try waitForSamples(world)

            let list = try world.succeed("list").output
            #expect(list.contains(session) && list.contains("TestProgram"))
            #expect(list.contains("recording"))
            let json = try object(in: try world.succeed("list", "--json").output)
            #expect(json["session"] == .string(session))
            #expect(json["pid"] == .int(Int64(program.processID)))
            #expect(json["uid"] == .int(Int64(world.user.uid)))
            #expect(json["state"] == "recording")

            let status = try world.succeed("status").output
            #expect(status.contains("1 session recording") && status.contains(session))
            let service = try object(in: try world.succeed("status", "--json").output)
            #expect(service["socket"] == .string(world.socket))

            for suffix in ["html", "pb.gz", "folded", "txt", "recording"] {
                let path = world.output("now.\(suffix)")
                try world.succeed("fetch", session, "--output", path)
                #expect(try readFile(path).count > 100, "\(suffix)")
            }
            #expect(Folded(try readText(world.output("now.folded"))).hottest == "hot_path")
            #expect(try !Recorded(world.output("now.recording")).isSealed)
            #expect(try readText(world.output("now.txt")).contains("hot_path"))
            #expect(try readFile(world.output("now.pb.gz")).starts(with: [0x1F, 0x8B]))

            try world.succeed("stop", session, "--output", world.output("all.recording"))
            let recorded = try Recorded(world.output("all.recording"))
            #expect(recorded.isSealed && recorded.end?.reason == .stopped)
            #expect(recorded.end?.samples == UInt64(recorded.samples.count))
            #expect(try world.succeed("list", "--json").output == "[]\n")
            expectFailure(try world.client("stop", session), 66, session)
        }
    }

    @Test func `a session that is discarded is forgotten, in a line`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            let line = try world.succeed("stop", session, "--discard").output
            #expect(line.hasPrefix("\(session) ended after") && line.hasSuffix(" lost\n"))
        }
    }

    @Test func `a report of a recording needs no daemon and no privilege`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let directory = try world.scratch.directory("mine", of: world.user)
            let recording = "\(directory)/cpu.recording"
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "300ms", "--output",
                recording)
            chown(recording, world.user.uid, world.user.gid)
            for suffix in ["html", "pb.gz", "folded", "txt"] {
                let path = "\(directory)/cpu.\(suffix)"
                try world.succeed("report", recording, "--output", path, as: world.user)
                #expect(owner(of: path) == world.user.uid)
            }
            #expect(Folded(try readText("\(directory)/cpu.folded")).hottest == "hot_path")
        }
    }

    @Test func `a client that is killed ends its session, which is kept to be taken`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let client = try world.startClient(
                world.withSocket(["record", "--pid", "\(program.processID)"]))
            try waitForSamples(world)
            client.send(SIGKILL)
            try client.wait()
            try takeEndedSession(world, "connectionClosed")
        }
    }

    @Test func `a session without a client goes on until its duration is over`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "--duration", "300ms")
            try eventually("the session's end") {
                try world.succeed("list").output.contains("ended: duration over")
            }
            try world.succeed("stop", session, "--output", world.output("cpu.recording"))
            #expect(try Recorded(world.output("cpu.recording")).end?.reason == .durationReached)
        }
    }

    @Test func `a target's exit ends a session without a client`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            try waitForSamples(world)
            program.send(SIGKILL)
            try eventually("the session's end") {
                try world.succeed("list").output.contains("ended: target gone")
            }
            let folded = try world.succeed("stop", session, "--format", "folded").output
            #expect(Folded(folded).hottest == "hot_path")
        }
    }

    @Test func `SIGTERM seals every session, and its recording can be read`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            try waitForSamples(world)
            #expect(try world.endDaemon() == .exited(0))
            #expect(!fileExists(world.socket))
            #expect(entries(of: world.state) == ["\(session).recording"])
            let path = "\(world.state)/\(session).recording"
            let recorded = try Recorded(path)
            #expect(recorded.isSealed && recorded.end?.reason == .daemonStopped)
            let folded = Folded(try world.succeed("report", path, "--format", "folded").output)
            #expect(folded.hottest == "hot_path")
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `where the daemon goes, the client reports what was recorded until then`(
        signal: Int32
    ) throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let output = world.output("until.folded")
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--output", output,
                ]))
            try waitForSamples(world)
            // The client has its own hold on the recording once it watches the session.
            try eventually("two connections") {
                world.connectionCount == 2
            }
            world.daemon.send(signal)
            try world.daemon.wait()
            #expect(try client.wait() == .exited(1), "\(client.errors)")
            #expect(client.errors.contains(world.socket), "\(client.errors)")
            #expect(Folded(try readText(output)).hottest == "hot_path")
            #expect(entries(of: world.state).count == 1)
        }
    }

    @Test func `a daemon that nobody needs ends`() throws {
        try World.run(configuration: "idle-exit = \"1s\"\n") { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            // With a session it stays, longer than the time it may be idle.
            let begin = secondsOfClock()
            try eventually("two seconds of a session") { secondsOfClock() - begin > 2 }
            #expect(world.daemon.poll() == nil)
            try world.succeed("stop", session)
            let stopped = secondsOfClock()
            #expect(try world.daemon.wait(seconds: 10) == .exited(0))
            #expect(secondsOfClock() - stopped > 0.5)
            #expect(entries(of: world.state) == [])
        }
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `the daemon records root's events without any capability`() throws {
        let setting = "/proc/sys/kernel/perf_event_paranoid"
        let before = perfEventParanoid()
        if before != 2 { try writeFile(setting, "2\n") }
        defer { if before != 2 { try? writeFile(setting, "\(before)\n") } }
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            try waitForSamples(world)
            let status = try readText("/proc/\(world.daemon.processID)/status")
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(status.contains("\(set):\t0000000000000000\n"), "\(status)")
            }
            let uid = world.user.uid
            #expect(status.contains("Uid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)\n"))
            #expect(perfEventParanoid() == 2)
            let recording = world.output("cpu.recording")
            try world.succeed("stop", session, "--output", recording)
            #expect(try !Recorded(recording).samples.isEmpty)
        }
    }
}

/// The first object of a JSON array.
func object(in text: String) throws -> [String: JSONValue] {
    guard case .array(let values) = try JSONValue(decoding: Array(text.utf8)),
        case .object(let object)? = values.first
    else { throw Failure("no array of objects: \(text)") }
    return object
}
