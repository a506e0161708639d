import Glibc
import Recording
import Testing
import Varlink

extension IntegrationTests {
    /// Sessions that keep only their last time: `--last`.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct FlightRecorderTests {}
}

extension IntegrationTests.FlightRecorderTests {
    private func folded(_ session: String, in world: World) throws -> Folded {
        let path = world.output("now.folded")
        try world.succeed("fetch", session, "--output", path)
        return Folded(try readText(path))
    }

    @Test func `any moment has the last second with its names, and no more`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "-F", "499", "--last", "1s")
            #expect(try world.succeed("list").output.contains("last 1.0 s"))
            let path = "\(world.state)/\(session).recording"
            var (sizes, most): ([Int], Int) = ([], 0)
            for _ in 0..<3 {
                // What the target had mapped at the beginning has been forgotten twice and more.
                usleep(1_700_000)
                let kept = try folded(session, in: world)
                #expect(kept.hottest == "hot_path")
                #expect(kept.total > 50 && kept.total < 560, "\(kept.total)")
                most = max(most, kept.total)
                let raw = world.output("now.recording")
                try world.succeed("fetch", session, "--output", raw)
                let times = try Recorded(raw).samples.map(\.time)
                #expect((times.max() ?? 0) - (times.min() ?? 0) < 2_000_000_000)
                sizes.append(try allocatedBytes(path))
            }
            #expect(sizes.allSatisfy { $0 <= 256 << 10 }, "\(sizes)")
            let json = try object(in: try world.succeed("list", "--json").output)
            #expect(json["lastNanoseconds"] == .int(1_000_000_000))
            // Everything counts, kept or not.
            guard case .int(let samples)? = json["samples"] else { throw Failure("no samples") }
            #expect(samples > most)
            try world.succeed("stop", session, "--output", world.output("end.recording"))
            let recorded = try Recorded(world.output("end.recording"))
            #expect(recorded.isSealed && recorded.end?.reason == .stopped)
            #expect(recorded.end.map { $0.samples > UInt64(recorded.samples.count) } == true)
            let text = world.output("end.txt")
            try world.succeed("report", world.output("end.recording"), "--output", text)
            #expect(try readText(text).contains("this is the last 1.00 s"))
        }
    }

    @Test func `what is older is forgotten also while nothing new comes`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "-F", "499", "--last", "1s")
            try waitForSamples(world)
            try program.suspend()
            usleep(1_500_000)
            #expect(try folded(session, in: world).total == 0)
            program.send(SIGCONT)
            try eventually("samples of the target that goes on") {
                try folded(session, in: world).total > 20
            }
            try world.succeed("stop", session, "--discard")
        }
    }

    @Test func `record keeps the last of what it records, too`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let path = world.output("end.txt")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "2500ms", "--last", "1s",
                "--output", path)
            let text = try readText(path)
            #expect(text.contains("this is the last 1.00 s") && text.contains("hot_path"))
        }
    }

    @Test func `a daemon that died leaves what it kept, sealed by the next`() throws {
        let world = try World()
        let program = try world.target("hot", "1")
        let session = try world.startSession(
            "--pid", "\(program.processID)", "-F", "499", "--last", "1s")
        usleep(2_500_000)
        world.daemon.send(SIGKILL)
        _ = try world.daemon.wait()
        let path = "\(world.state)/\(session).recording"
        let next = try World(socket: world.socket + "2", state: world.state)
        #expect(try next.endDaemon() == .exited(0))
        let recorded = try Recorded(path)
        #expect(recorded.isSealed && recorded.end?.reason == .daemonStopped)
        #expect(recorded.samples.count > 50)
        let text = world.output("left.folded")
        try world.succeed("report", path, "--output", text)
        #expect(Folded(try readText(text)).hottest == "hot_path")
        unlink(path)
    }

    @Test(.enabled(if: isRoot, "needs root: mounts a tmpfs"))
    func `on a full file system it keeps less, and goes on`() throws {
        let world = try World(configuration: "[budget]\ncpu = \"unlimited\"", stateSize: 192)
        let program = try world.target("hot", "2")
        let session = try world.startSession(
            "--pid", "\(program.processID)", "-F", "20000", "--last", "1h")
        let path = world.output("now.recording")
        // More than there is room for.
        try eventually("a recording that has forgotten") {
            let json = try object(in: try world.succeed("list", "--json").output)
            guard case .int(let samples)? = json["samples"], samples > 60_000 else { return false }
            return json["state"] == "recording"
        }
        try world.succeed("fetch", session, "--output", path)
        let kept = try Recorded(path)
        #expect(kept.samples.count > 1000 && kept.samples.count < 60_000)
        let text = world.output("now.txt")
        try world.succeed("fetch", session, "--output", text)
        #expect(try readText(text).contains("There was no room for all of it"))
        try world.succeed("stop", session, "--discard")
    }

    @Test(arguments: ["999ms", "0s", "-1s", "ten", "9000h"])
    func `no other time than one of a second or more is taken`(time: String) throws {
        try World.run { world in
            let finished = try world.client("start", "--pid", "1", "--last=\(time)")
            #expect(finished.ending == .exited(64))
            #expect(finished.errors.contains("last") && finished.output == "")
        }
    }
}

/// Space that a file takes.
private func allocatedBytes(_ path: String) throws -> Int {
    var facts = stat()
    guard stat(path, &facts) == 0 else { throw Failure("no \(path)") }
    return Int(facts.st_blocks) * 512
}
