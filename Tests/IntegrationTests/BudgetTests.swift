import Glibc
import Recording
import Testing
import Varlink

extension IntegrationTests {
    /// What the daemon does to keep its budget, and what it keeps of old recordings.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct BudgetTests {}
}

extension IntegrationTests.BudgetTests {
    private func field(
        _ key: String, of session: String, in world: World
    ) throws -> JSONValue? {
        var client = try RawClient(world.socket)
        let reply = try client.call("io.profilerd.Control.List", claiming: world.user)
        guard case .array(let sessions)? = reply.parameters["sessions"] else { return nil }
        for case .object(let fields) in sessions where fields["session"] == .string(session) {
            return fields[key]
        }
        return nil
    }

    private func notices(of session: String, in world: World) throws -> [String] {
        guard case .array(let values)? = try field("notices", of: session, in: world) else {
            return []
        }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// Pauses that are waited for; with four the session is ended instead of the fourth.
    private static let pauses = getenv("PROFILERD_BUDGET_PAUSES").flatMap {
        Int(String(cString: $0))
    }

    @Test
    func `a session that takes too much is slowed, paused and in the end ended, and no other is`()
        throws
    {
        let pauses = min(Self.pauses ?? 1, 3)
        let isEnded = Self.pauses ?? 1 > pauses
        // So little that the first drains are too much.
        try World.run(configuration: "[budget]\ncpu = \"0.05 %\"\n") { world in
            let program = try world.target("hot", "1")
            let quiet = try world.startSession("--pid", "\(program.processID)", "-F", "20")
            let loud = try world.startSession("--pid", "\(program.processID)", "-F", "20000")
            try eventually("what is done to the loud session", seconds: 90) {
                // Each look empties the rings, which takes time, too.
                usleep(500_000)
                if isEnded { return try field("state", of: loud, in: world) == "ended" }
                return try notices(of: loud, in: world).count { $0.contains("was paused") }
                    >= pauses
            }
            let said = try notices(of: loud, in: world)
            #expect(said.contains { $0.contains("lowered to one sample in 16") }, "\(said)")
            for notice in said {
                #expect(notice.contains("the budget is 0.05 % ('cpu' under [budget]"), "\(notice)")
                #expect(world.daemon.errors.contains("A session is held back."))
            }
            if !isEnded { #expect(try field("paused", of: loud, in: world) == true) }
            let path = world.output("loud.recording")
            let finished = try world.client("stop", loud, "--output", path)
            #expect(finished.ending == .exited(isEnded ? 1 : 0))
            #expect(finished.errors.contains("'cpu' under [budget]"), "\(finished.errors)")
            try expectGaps(pauses, path, world)
            #expect(try field("state", of: quiet, in: world) == "recording")
            #expect(try notices(of: quiet, in: world) == [])
            try world.succeed("stop", quiet, "--discard")
        }
    }

    /// Expects that nothing was recorded while it was paused, and that it is said.
    private func expectGaps(_ count: Int, _ path: String, _ world: World) throws {
        let recorded = try Recorded(path)
        #expect(recorded.isSealed && recorded.gaps.count == count)
        for gap in recorded.gaps {
            #expect(gap.cause == .paused && gap.end > gap.start)
            #expect(!recorded.samples.contains { $0.time > gap.start && $0.time < gap.end })
        }
        let table = try world.succeed("report", path, "--format", "table").output
        #expect(table.contains("Sampling was paused"), "\(table)")
    }

    @Test func `memory beyond the budget ends a session in the same steps`() throws {
        try World.run(configuration: "[budget]\nmemory = \"1 MiB\"\n") { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)", "-F", "999")
            try eventually("the session's end", seconds: 30) {
                try field("state", of: session, in: world) == "ended"
            }
            let said = try notices(of: session, in: world)
            #expect(said.count == 2, "\(said)")
            #expect(said.allSatisfy { $0.contains("the budget is 1048576 ('memory' under") })
            let finished = try world.client("stop", session, "--format", "folded")
            #expect(finished.errors.contains("'memory' under"), "\(finished.errors)")
            #expect(finished.ending == .exited(1))
        }
    }

    @Test func `a usual session is within the budget`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let path = world.output("cpu.recording")
            let finished = try world.succeed(
                "record", "--pid", "\(program.processID)", "-F", "999", "--duration", "3s",
                "--output", path)
            #expect(!finished.errors.contains("budget"), "\(finished.errors)")
            #expect(try Recorded(path).gaps.isEmpty)
        }
    }

    @Test(.enabled(if: isRoot, "needs root: sets kernel.perf_event_max_sample_rate"))
    func `a kernel that lowers its sample rate is noticed`() throws {
        let setting = "/proc/sys/kernel/perf_event_max_sample_rate"
        try World.run { world in
            let program = try world.target("hot", "1")
            let session = try world.startSession("--pid", "\(program.processID)", "-F", "999")
            let text = try readText(setting)
            let before = try #require(UInt64(text.prefix { $0 != "\n" }))
            // Little less, lest others notice.
            try writeFile(setting, "\(before - 1)\n")
            defer { try? writeFile(setting, text) }
            try eventually("a notice") { try !notices(of: session, in: world).isEmpty }
            let notice = try notices(of: session, in: world).joined()
            #expect(notice.contains("was lowered from \(before) to \(before - 1)"), "\(notice)")
            #expect(world.daemon.errors.contains("limit of the sample rate was lowered"))
            let path = world.output("cpu.recording")
            let finished = try world.succeed("stop", session, "--output", path)
            #expect(finished.errors.contains("perf_event_max_sample_rate"), "\(finished.errors)")
        }
    }

    @Test func `old recordings are removed, the oldest first, and none that is in use`() throws {
        let world = try World(configuration: "[recordings]\ntotal-size = \"1 MiB\"\nage = \"1h\"\n")
        func make(_ name: String, kibibytes: Int, age: Int) throws {
            let path = "\(world.state)/\(name).recording"
            try writeFile(path, [UInt8](repeating: 7, count: kibibytes << 10))
            chown(path, world.user.uid, world.user.gid)
            let time = timespec(tv_sec: Glibc.time(nil) - age, tv_nsec: 0)
            utimensat(AT_FDCWD, path, [time, time], 0)
        }
        try make("too-old", kibibytes: 4, age: 4000)
        try make("old-in-use", kibibytes: 300, age: 3000)
        try make("older", kibibytes: 300, age: 2000)
        try make("old", kibibytes: 300, age: 1000)
        try make("new", kibibytes: 300, age: 100)
        try writeFile("\(world.state)/other", "no recording")
        let held = open("\(world.state)/old-in-use.recording", O_RDONLY)
        #expect(flock(held, LOCK_EX) == 0)
        defer { close(held) }
        let program = try world.target("hot", "1")
        let session = try world.startSession("--pid", "\(program.processID)")
        let left = ["\(session)", "new", "old", "old-in-use"].map { "\($0).recording" } + ["other"]
        #expect(Set(entries(of: world.state)) == Set(left))
        #expect(world.daemon.errors.contains("recording=too-old.recording"))
        #expect(world.daemon.errors.contains("recording=older.recording"))
        #expect(try world.endDaemon() == .exited(0))
    }
}
