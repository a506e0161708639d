import Glibc
import Testing

extension IntegrationTests {
    /// Targets that do not stand still while they are recorded.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct MovingTargetTests {}
}

extension IntegrationTests.MovingTargetTests {
    /// Records a program that does its work between a byte and "done".
    private func recorded(
        _ world: World, _ mode: String, _ count: Int, _ options: String...
    ) throws -> (Recorded, Folded) {
        let program = try world.target(mode, "1", "\(count)")
        let client = try world.startClient(
            world.withSocket(
                ["start", "--pid", "\(program.processID)", "--frequency", "4999"] + options))
        guard try client.wait() == .exited(0) else { throw Failure(client.errors) }
        let session = String(client.output.dropLast())
        try program.go()
        try eventually("the program's work", seconds: 30) { program.output.hasSuffix("done\n") }
        let recording = world.output("\(mode).recording")
        try world.succeed("stop", session, "--output", recording)
        let folded = try world.succeed("report", recording, "--format", "folded").output
        return (try Recorded(recording), Folded(folded))
    }

    @Test func `threads that live for less than a millisecond are all there`() throws {
        try World.run { world in
            let births = 2000
            let (recorded, folded) = try recorded(world, "births", births)
            #expect(recorded.lost.allSatisfy { $0.count == 0 }, "\(recorded.lost)")
            #expect(recorded.forks.count == births)
            #expect(recorded.exits.count == births)
            #expect(Set(recorded.forks.map(\.tid)).count > births / 2)
            // Each has 200 µs, which at this frequency is a sample.
            #expect(recorded.samplesByThread.count > births / 4)
            #expect(folded.own("short_life") + folded.with("short_life") > folded.total / 4)
        }
    }

    @Test func `processes that it starts are recorded with --follow-children`() throws {
        try World.run { world in
            let births = 25
            let (recorded, folded) = try recorded(world, "children", births, "--follow-children")
            #expect(recorded.lost.allSatisfy { $0.count == 0 }, "\(recorded.lost)")
            let children = Set(recorded.forks.filter { $0.pid != $0.parentPid }.map(\.pid))
            #expect(children.count == births)
            let sampled = Set(recorded.samples.map { recorded.threads[Int($0.thread)].pid })
            #expect(children.subtracting(sampled).isEmpty)
            #expect(folded.with("child_work") > folded.total / 2)
            #expect(folded.lines.contains { $0.frames.first == "offspring" })
        }
    }

    @Test func `and are not without`() throws {
        try World.run { world in
            let (recorded, folded) = try recorded(world, "children", 10)
            #expect(folded.with("child_work") == 0)
            #expect(Set(recorded.samples.map { recorded.threads[Int($0.thread)].pid }).count <= 1)
        }
    }

    @Test func `after execve the program's functions are those of the new one`() throws {
        try World.run { world in
            let program = try world.target("exec", "3")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "--frequency", "999")
            try program.go()
            try waitForSamples(world)
            let recording = world.output("exec.recording")
            try eventually("fifty samples") {
                try world.succeed("fetch", session, "--output", recording)
                return try Recorded(recording).samples.count >= 50
            }
            try world.succeed("stop", session, "--output", recording)
            let recorded = try Recorded(recording)
            #expect(recorded.names.contains { $0.isExec })
            // Its other threads ended with the old program.
            #expect(recorded.exits.count >= 3)
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.with("compute") > folded.total * 8 / 10)
        }
    }

    @Test(.enabled(if: installed("gcc") != nil, "needs gcc, to make two libraries"))
    func `code that is loaded and let go of keeps its own names`() throws {
        try World.run { world in
            let libraries = try ["in_first", "in_second"].map { try library($0, world) }
            let program = try world.target("libraries", libraries[0], libraries[1])
            let recording = world.output("libraries.recording")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "2s", "--frequency", "999",
                "--output", recording)
            let recorded = try Recorded(recording)
            let mappings = recorded.mappings.filter { libraries.contains($0.path) }
            #expect(mappings.count > 20)
            // The point of it: what is at one address is now this and now that.
            #expect(Set(mappings.map(\.start)).count < mappings.count / 2)
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            let (first, second) = (folded.with("in_first"), folded.with("in_second"))
            #expect(Double(first + second) > Double(folded.total) * 0.7, "\(folded.lines)")
            let share = Double(first) / Double(max(first + second, 1))
            #expect((0.65...0.85).contains(share), "\(first) and \(second)")
        }
    }

    /// A library with one function of that name, which takes its time.
    private func library(_ name: String, _ world: World) throws -> String {
        let source = world.output("\(name).c")
        try writeFile(
            source,
            """
            static volatile unsigned long sink;
            __attribute__((noinline)) void \(name)(long turns) {
                for (long i = 0; i < turns * 1000000; i++) sink += 1;
            }
            void run(long turns) { \(name)(turns); sink += 1; }
            """)
        let library = world.output("lib\(name).so")
        let compiler = try Running(
            installed("gcc") ?? "",
            [
                "-shared", "-fPIC", "-O0", "-fno-omit-frame-pointer", "-Wl,--build-id", "-o",
                library, source,
            ], in: world.scratch)
        guard try compiler.wait() == .exited(0) else { throw Failure(compiler.errors) }
        return library
    }
}

// MARK: - Targets that go

extension IntegrationTests.MovingTargetTests {
    /// Some end before the client looks, some while it opens them, and some later.
    @Test(arguments: [0, 200, 1000, 3000, 10_000, 30_000])
    func `a target that exits at once is recorded until then, or was not there`(
        microseconds: Int
    ) throws {
        try World.run { world in
            let program = try Running(
                Binaries.shared.testProgram, ["exit", "2", "\(microseconds)"], as: world.user,
                in: world.scratch)
            let finished = try world.client(
                "record", "--pid", "\(program.processID)", "--format", "folded")
            // Whatever it was, it is one of the two, and it is said.
            if finished.ending != .exited(0) {
                expectFailure(finished, 66, "\(program.processID)")
            }
            #expect(try program.wait() == .exited(0))
        }
    }

    @Test func `a command that ends at once is recorded`() throws {
        try World.run { world in
            for _ in 0..<5 {
                let output = world.output("true.recording")
                try world.succeed(
                    "record", "--user", world.user.name, "--output", output, "--", "/bin/true")
                let recorded = try Recorded(output)
                #expect(recorded.isSealed && recorded.end?.reason == .targetExited)
                #expect(recorded.facts["target.command"] == "true")
            }
        }
    }

    @Test func `a target that is killed ends its recording`() throws {
        try World.run { world in
            let program = try world.target("hot", "8")
            let output = world.output("killed.recording")
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--frequency", "999", "--output",
                    output,
                ]))
            try waitForSamples(world)
            program.send(SIGKILL)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(client.errors.contains("The recording ended with its process."))
            let recorded = try Recorded(output)
            #expect(recorded.isSealed && recorded.end?.reason == .targetExited)
            #expect(recorded.end?.samples == UInt64(recorded.samples.count))
        }
    }

    @Test func `a target that is stopped is recorded again when it goes on`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            program.send(SIGSTOP)
            // Stopped from the beginning: the recording lasts as long, and is empty.
            let still = try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "300ms", "--format",
                "folded")
            #expect(still.errors.contains("There is no sample"), "\(still.errors)")

            let session = try world.startSession(
                "--pid", "\(program.processID)", "--frequency", "999")
            let recording = world.output("stopped.recording")
            func samples() throws -> Int {
                try world.succeed("fetch", session, "--output", recording)
                return try Recorded(recording).samples.count
            }
            #expect(try samples() == 0)
            program.send(SIGCONT)
            try eventually("samples once it goes on") { try samples() >= 20 }
            program.send(SIGSTOP)
            try eventually("the stop") {
                try readText("/proc/\(program.processID)/stat").contains(") T ")
            }
            let before = try samples()
            usleep(200_000)
            #expect(try samples() == before)
            program.send(SIGKILL)
            try eventually("the session's end") {
                try world.succeed("list").output.contains("ended: target gone")
            }
            try world.succeed("stop", session, "--discard")
        }
    }
}

// MARK: - Clients that go

extension IntegrationTests.MovingTargetTests {
    /// The client that users have, killed as it begins to send its n-th message, for every n until
    /// there are no more: nothing of it stays in the daemon but a session that was committed and
    /// meant to stay.
    @Test(
        .enabled(if: isRoot, "\(needsRoot)"),
        .enabled(if: installed("strace") != nil, "needs strace"), arguments: ["record", "start"])
    func `a client killed between any two of its messages leaves nothing`(command: String) throws {
        try World.run { world in
            let program = try world.target("sleep", "150")
            var message = 1
            while true {
                let client = try world.startClientKilled(
                    at: message,
                    [command, "--pid", "\(program.processID)", "--frequency", "49"]
                        + (command == "record"
                            ? ["--duration", "100ms", "--format", "folded"] : []))
                let ending = try client.wait()
                if command == "record" {
                    try eventually("the session's end after message \(message)") {
                        !(try world.succeed("list").output.contains(" recording "))
                    }
                }
                // What was committed is kept until somebody takes it.
                try world.stopAll()
                try eventually("a daemon at rest after message \(message)") {
                    world.descriptorCount() == world.descriptorsAtRest
                }
                if ending == .exited(0) { break }
                #expect(ending == .killed(SIGKILL), "\(client.errors)")
                message += 1
                if message > 100 { throw Failure("more than a hundred messages") }
            }
            // GetInfo, Begin, references, threads, events (151 threads on each CPU), Commit.
            #expect(message >= 7, "\(message)")
        }
    }
}

extension World {
    /// A client that is killed when it begins to send for the n-th time.
    fileprivate func startClientKilled(at message: Int, _ arguments: [String]) throws -> Running {
        try Running(
            installed("strace") ?? "",
            [
                "-q", "-o", "/dev/null", "-e", "trace=sendmsg", "-e",
                "inject=sendmsg:signal=KILL:when=\(message)", Binaries.shared.profilerctl,
            ] + withSocket(arguments), in: scratch)
    }

    /// Ends every session and forgets it.
    func stopAll() throws {
        for line in try succeed("list").output.split(separator: "\n").dropFirst() {
            let session = line.split(separator: " ")[0]
            try succeed("stop", String(session), "--discard")
        }
    }
}
