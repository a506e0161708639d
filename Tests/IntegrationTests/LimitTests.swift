import Glibc
import Recording
import Testing
import Varlink

private let mountsAndLimits = "needs root: mounts a tmpfs and sets another process' limits"

extension IntegrationTests {
    /// Full disks and small limits, each reached: the session ends sealed with what it has, the
    /// limit is named with its value and what to do, and no other session notices.
    @Suite(.serialized, .enabled(if: isRoot, "\(mountsAndLimits)")) struct LimitTests {}
}

extension IntegrationTests.LimitTests {
    private func session(_ name: String, in world: World) throws -> [String: JSONValue] {
        var client = try RawClient(world.socket)
        let reply = try client.call("io.profilerd.Control.List", claiming: world.user)
        guard case .array(let sessions)? = reply.parameters["sessions"] else { return [:] }
        for case .object(let session) in sessions where session["session"] == .string(name) {
            return session
        }
        return [:]
    }

    private func samples(_ name: String, _ world: World) throws -> Int64 {
        guard case .int(let samples)? = try session(name, in: world)["samples"] else { return -1 }
        return samples
    }

    /// Expects that `quiet` goes on recording, and ends as it should.
    private func expectUnharmed(_ quiet: String, _ world: World) throws {
        let before = try samples(quiet, world)
        try eventually("samples of the other session") { try samples(quiet, world) > before + 5 }
        let path = world.output("quiet.recording")
        try world.succeed("stop", quiet, "--output", path)
        #expect(try Recorded(path).end?.reason == .stopped)
    }

    /// Records with a client until a limit ends it, and expects the limit in the client's message,
    /// the status and the journal.
    private func expectEnd(
        _ world: World, of program: Running, _ reason: EndReason, _ limit: String,
        _ parts: String...
    ) throws {
        let path = world.output("full.recording")
        let finished = try world.client(
            "record", "--pid", "\(program.processID)", "-F", "20000", "--duration", "50s",
            "--output", path)
        #expect(finished.ending == .exited(1), "\(finished.errors)")
        let recorded = try Recorded(path)
        #expect(recorded.isSealed && recorded.end?.reason == reason)
        #expect(recorded.samples.count > 100)
        let entry = world.daemon.errors.split(separator: "\n").last { $0.contains("session ended") }
        let journal = String(entry ?? "")
        #expect(journal.contains("limit=\(limit)"), "\(journal)")
        for part in [limit] + parts {
            #expect(finished.errors.contains(part), "\(finished.errors)")
        }
        // A terminal's line is cut.
        #expect(journal.contains(parts[0]), "\(journal)")
    }

    @Test func `a full file system`() throws {
        let world = try World(stateSize: 320)
        let program = try world.target("hot", "1")
        let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "50")
        try expectEnd(
            world, of: program, .storageFull, "ENOSPC", "\(320 << 10) bytes", "state-directory")
        try expectUnharmed(quiet, world)
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test(.enabled(if: cannotSetQuota == nil, "\(cannotSetQuota ?? "")"))
    func `a quota that leaves no room for a recording`() throws {
        let world = try World(quota: 48)
        let program = try world.target("hot", "1")
        expectFailure(
            try world.client("start", "--pid", "\(program.processID)", "--event", "cpu-clock"), 1,
            "uid \(world.user.uid) has used up its quota", world.state, "EDQUOT",
            "state-directory")
        #expect(entries(of: world.state) == [])
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test func `a daemon that may not write so much into a file`() throws {
        try World.run(limits: ["--fsize=150000"]) { world in
            let program = try world.target("hot", "1")
            let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "50")
            try expectEnd(
                world, of: program, .storageFull, "RLIMIT_FSIZE", "150000 bytes", "LimitFSIZE=")
            try expectUnharmed(quiet, world)
        }
    }

    @Test func `a recording of its largest size`() throws {
        let configuration = "[policy.limits]\nrecording-size = \"48 KiB\"\n"
        try World.run(configuration: configuration) { world in
            let program = try world.target("hot", "1")
            let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "50")
            try expectEnd(
                world, of: program, .sizeLimit, "recording-size", "\(48 << 10) bytes",
                "[policy.limits]")
            #expect(try readFile(world.output("full.recording")).count <= 48 << 10)
            try expectUnharmed(quiet, world)
        }
    }

    @Test func `more recordings than there may be bytes of them`() throws {
        let configuration = "[recordings]\ntotal-size = \"256 KiB\"\n"
        try World.run(configuration: configuration) { world in
            let program = try world.target("hot", "1")
            let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "50")
            try expectEnd(
                world, of: program, .sizeLimit, "total-size", "\(256 << 10)", "[recordings]")
            try expectUnharmed(quiet, world)
        }
    }

    @Test func `a daemon without descriptors`() throws {
        let allowed = 48
        try World.run(limits: ["--nofile=\(allowed)"]) { world in
            let program = try world.target("hot", "1")
            let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "50")
            let large = try world.target("sleep", "40")
            expectFailure(
                try world.client("record", "--pid", "\(large.processID)"), 1,
                "RLIMIT_NOFILE", "is \(allowed)", "LimitNOFILE=")
            #expect(world.daemon.errors.contains("RLIMIT_NOFILE allows, which is \(allowed)"))
            try expectUnharmed(quiet, world)
        }
    }

    @Test func `a client without descriptors`() throws {
        try World.run { world in
            let program = try world.target("sleep", "40")
            let client = try Running(
                installed("prlimit") ?? "",
                ["--nofile=24", Binaries.shared.profilerctl]
                    + world.withSocket(["record", "--pid", "\(program.processID)"]),
                in: world.scratch)
            #expect(try client.wait() == .exited(71))
            #expect(client.errors.contains("RLIMIT_NOFILE"), "\(client.errors)")
            #expect(client.errors.contains("the limit is 24"), "\(client.errors)")
        }
    }

    @Test(.enabled(if: perfEventParanoid() <= 2, "perf_event_paranoid keeps users from events"))
    func `a user who may lock no more memory`() throws {
        try World.run(user: .fresh) { world in
            let program = try world.target("hot", "1")
            func record(_ arguments: String...) throws -> Running {
                try Running(
                    installed("prlimit") ?? "",
                    ["--memlock=0", Binaries.shared.profilerctl] + world.withSocket(arguments),
                    as: world.user, in: world.scratch)
            }
            // The first has all that kernel.perf_event_mlock_kb gives a user a CPU.
            let first = try record("start", "--pid", "\(program.processID)")
            guard try first.wait() == .exited(0) else { throw Failure(first.errors) }
            let quiet = String(first.output.dropLast())
            let second = try record("record", "--pid", "\(program.processID)")
            #expect(try second.wait() == .exited(77))
            let setting = try readText("/proc/sys/kernel/perf_event_mlock_kb")
            for part in [
                "kernel.perf_event_mlock_kb is \(setting.dropLast()) KiB",
                "RLIMIT_MEMLOCK is 0 bytes", "sysctl kernel.perf_event_mlock_kb=",
            ] { #expect(second.errors.contains(part), "\(second.errors)") }
            try expectUnharmed(quiet, world)
        }
    }

    @Test func `a client that dies with the recording in its hands leaves it to be taken again`()
        throws
    {
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)")
            try waitForSamples(world)
            for _ in 0..<3 {
                // It lets go of every descriptor that it is sent.
                var client = try RawClient(world.socket)
                let reply = try client.call(
                    "io.profilerd.Control.Stop", ["session": .string(session), "receipt": true],
                    claiming: world.user)
                #expect(reply.error == nil)
                #expect(try self.session(session, in: world)["state"] == "ended")
            }
            let folded = try world.succeed("stop", session, "--format", "folded").output
            #expect(Folded(folded).hottest == "hot_path")
        }
    }

    @Test(arguments: ["full", "limited", "quota"])
    func `a report for which there is no room is made again from what the daemon kept`(
        reason: String
    ) throws {
        if reason == "quota", cannotSetQuota != nil { return }
        try World.run { world in
            let small = try TemporaryFileSystem(at: world.output("small"), kibibytes: 16)
            let limited =
                try reason == "quota"
                ? QuotaFileSystem(in: world.scratch, kibibytes: 96, of: .own) : nil
            let directory =
                reason == "full" ? small.path : limited?.path ?? world.outputs
            let program = try world.target("hot", "1")
            let command =
                [Binaries.shared.profilerctl]
                + world.withSocket([
                    "record", "--pid", "\(program.processID)", "--event", "cpu-clock",
                    "--duration", "300ms", "--output",
                    "\(directory)/cpu.html",
                ])
            let client = try Running(
                installed("prlimit") ?? "",
                ["--fsize=\(reason == "limited" ? "16384" : "unlimited")"] + command,
                in: world.scratch)
            #expect(try client.wait() == .exited(73))
            let errors = client.errors
            #expect(errors.contains("there is no room"), "\(errors)")
            let limit = [
                "full": "of the file system's 16384 bytes 0 are free",
                "limited": "RLIMIT_FSIZE is 16384 bytes", "quota": "the quota of uid 0 is used up",
            ]
            #expect(errors.contains(limit[reason] ?? "?"), "\(errors)")
            let words = errors.split(separator: " ")
            let place = try #require(words.firstIndex { $0 == "stop" }, "\(errors)")
            let session = String(words[place + 1])
            #expect(
                errors.contains("The daemon keeps the recording: 'profilerctl stop \(session) "))
            let folded = try world.succeed("stop", session, "--format", "folded").output
            #expect(Folded(folded).hottest == "hot_path")
            #expect(try world.succeed("list", "--json").output == "[]\n")
        }
    }
}
