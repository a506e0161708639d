import Glibc
import TestSupport
import Testing

extension IntegrationTests {
    /// `--cgroup`: everything in it, and nobody else.
    @Suite(.serialized, .enabled(if: cannotMakeCgroup == nil, "\(cannotMakeCgroup ?? "")"))
    struct CgroupTests {}
}

extension IntegrationTests.CgroupTests {
    @Test func `all processes in it are recorded, with their names, and nobody else`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            let hot = try world.target("hot", "1", in: cgroup.directory)
            let below = try world.target("system", "1", in: cgroup.addChild("below"))
            // Of the same user, and in none.
            let outside = try world.target("spin", "1")
            let recording = world.output("cgroup.recording")
            try world.succeed(
                "record", "--cgroup", cgroup.path, "--duration", "1500ms", "--frequency", "999",
                "--output", recording)
            let recorded = try Recorded(recording)
            let recordedProcesses = Set(
                recorded.samples.map { recorded.threads[Int($0.thread)].pid })
            #expect(
                recordedProcesses == [UInt32(hot.processID), UInt32(below.processID)],
                "and not \(outside.processID)")
            #expect(recorded.facts["target.cgroup"] == cgroup.path)
            #expect(recorded.facts["target.mixed-uids"] == "no")
            #expect(recorded.facts["target.pid"] == nil)
            #expect(recorded.lost.allSatisfy { $0.count == 0 }, "\(recorded.lost)")
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.with("hot_path") > folded.total / 10)
            #expect(folded.with("read_zeros") + folded.with("work") > folded.total / 10)
        }
    }

    @Test func `who comes into it later is recorded, with the program's own names`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            let first = try world.target("sleep", "1", in: cgroup.directory)
            let session = try world.startSession("--cgroup", cgroup.path, "--frequency", "999")
            let late = try world.target("hot", "1", in: cgroup.directory)
            try waitForSamples(world)
            let recording = world.output("late.recording")
            try eventually("thirty samples") {
                try world.succeed("fetch", session, "--output", recording)
                return try Recorded(recording).samples.count >= 30
            }
            try world.succeed("stop", session, "--output", recording)
            let recorded = try Recorded(recording)
            let processes = Set(recorded.samples.map { recorded.threads[Int($0.thread)].pid })
            #expect(processes.contains(UInt32(late.processID)))
            #expect(!processes.contains(UInt32(first.processID)))
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.with("hot_path") > folded.total / 2)
        }
    }

    @Test func `the session ends with the last process, wherever that is`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            let first = try world.target("hot", "1", in: cgroup.directory)
            let last = try world.target("hot", "1", in: cgroup.addChild("below"))
            let output = world.output("ended.recording")
            let client = try world.startClient(
                world.withSocket(["record", "--cgroup", cgroup.directory, "--output", output]))
            try waitForSamples(world)
            first.send(SIGKILL)
            #expect(try first.wait() == .killed(SIGKILL))
            usleep(300_000)
            #expect(client.poll() == nil)
            last.send(SIGKILL)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(client.errors.contains("ended with the last process of its cgroup"))
            let recorded = try Recorded(output)
            #expect(recorded.isSealed && recorded.end?.reason == .targetExited)
        }
    }

    @Test func `a session whose cgroup is removed ends, and stays to be taken`() throws {
        try World.run { world in
            let session: String
            do {
                let cgroup = ScratchCgroup()
                let program = try world.target("hot", "1", in: cgroup.directory)
                session = try world.startSession("--cgroup", cgroup.path)
                program.send(SIGKILL)
                try program.wait()
            }
            try eventually("the session's end") {
                try world.succeed("list").output.contains("ended: target gone")
            }
            let output = world.output("removed.recording")
            try world.succeed("stop", session, "--output", output)
            #expect(try Recorded(output).isSealed)
        }
    }

    @Test func `another user's process in it is refused, and --mixed-uids is journalled`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            let mine = try world.target("hot", "1", in: cgroup.directory)
            let other = try world.target("spin", "1", in: cgroup.directory, as: .other)
            let words = ["record", "--socket", world.socket, "--cgroup", cgroup.path]
            expectFailure(
                try run(world, words), 77, "--mixed-uids", "\(TestUser.other.uid)",
                "\(world.user.uid)")
            expectFailure(
                try run(world, words + ["--uid", "\(world.user.uid)"]), 77, "--mixed-uids",
                "process \(other.processID)".capitalizedFirst)
            expectFailure(try run(world, words + ["--mixed-uids"]), 64, "--uid")
            let recording = world.output("mixed.recording")
            let mixed = try run(
                world,
                words + [
                    "--mixed-uids", "--uid", "\(world.user.uid)", "--duration", "500ms",
                    "--frequency", "499", "--output", recording,
                ])
            #expect(mixed.ending == .exited(0), "\(mixed.errors)")
            #expect(mixed.errors.contains("Processes of other users are in the cgroup"))
            let recorded = try Recorded(recording)
            let processes = Set(recorded.samples.map { recorded.threads[Int($0.thread)].pid })
            #expect(processes == [UInt32(mine.processID), UInt32(other.processID)])
            #expect(recorded.facts["target.mixed-uids"] == "yes")
            for message in ["method=Begin", "A session started."] {
                let entry = world.daemon.errors.split(separator: "\n").last { $0.contains(message) }
                #expect(entry?.contains("target.mixed-uids=true") == true, "\(message)")
                #expect(entry?.contains("target.cgroup=\(cgroup.path)") == true, "\(message)")
            }
        }
    }

    @Test func `another user's process that comes later ends the recording`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            let mine = try world.target("hot", "1", in: cgroup.directory)
            let output = world.output("stranger.recording")
            let client = try world.startClient(
                world.withSocket(["record", "--cgroup", cgroup.path, "--output", output]))
            try waitForSamples(world)
            let other = try world.target("sleep", "1", in: cgroup.directory, as: .other)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            let words = "Process \(other.processID) of uid \(TestUser.other.uid) has come into"
            #expect(client.errors.contains(words), "\(client.errors)")
            #expect(try Recorded(output).end?.reason == .stopped)
            #expect(mine.poll() == nil)
        }
    }

    @Test func `the policy can deny --mixed-uids`() throws {
        let rules = """
            [[policy.rules]]
            name = "one-user"
            action = "deny"
            mixed-uids = true

            [[policy.rules]]
            name = "all"
            action = "allow"
            """
        try World.run(configuration: rules) { world in
            let cgroup = ScratchCgroup()
            let program = try world.target("hot", "1", in: cgroup.directory)
            let words = [
                "record", "--socket", world.socket, "--cgroup", cgroup.path, "--duration", "100ms",
                "--format", "folded",
            ]
            let refused = try run(world, words + ["--mixed-uids"])
            expectFailure(refused, 77, "one-user")
            #expect(try run(world, words).ending == .exited(0))
            #expect(program.poll() == nil)
        }
    }

    @Test func `what makes no sense for a cgroup is refused at once`() throws {
        try World.run { world in
            let cgroup = ScratchCgroup()
            expectFailure(try world.client("record", "--cgroup", cgroup.path), 66, cgroup.path)
            expectFailure(try world.client("record", "--cgroup", "/"), 64, "root cgroup")
            expectFailure(try world.client("start", "--cgroup", "/nowhere"), 66, "/nowhere")
            for words in [
                ["--cgroup", "/a", "--follow-children"], ["--cgroup", "/a", "--pid", "1"],
                ["--unit", "a", "--cgroup", "/a"], ["--pid", "1", "--mixed-uids"],
                ["--pid", "1", "--uid", "0"], ["--unit", ""],
            ] {
                #expect(try run(world, ["record"] + words).ending == .exited(64), "\(words)")
                #expect(try run(world, ["start"] + words).ending == .exited(64), "\(words)")
            }
        }
    }

    private func run(_ world: World, _ words: [String]) throws -> Finished {
        let running = try world.startClient(words)
        let ending = try running.wait()
        return Finished(ending: ending, output: running.output, errors: running.errors)
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
