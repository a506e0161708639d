import Glibc
import Testing

extension IntegrationTests {
    /// `record -- COMMAND`.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct CommandTests {}
}

extension IntegrationTests.CommandTests {
    /// The arguments that have the command run as the world's user.
    private func user(_ world: World) -> [String] { isRoot ? ["--user", world.user.name] : [] }

    private func record(
        _ world: World, _ options: [String], _ command: [String],
        environment: [String: String] = [:]
    ) throws -> Finished {
        let client = try world.startClient(
            world.withSocket(["record"] + options + ["--"] + command), environment: environment)
        let ending = try client.wait(seconds: 60)
        return Finished(ending: ending, output: client.output, errors: client.errors)
    }

    @Test func `a command is recorded from its exec on, as its user`() throws {
        try World.run { world in
            let recording = world.output("command.recording")
            let finished = try record(
                world, user(world) + ["--frequency", "999", "--output", recording],
                [Binaries.shared.testProgram, "work", "1", "400"])
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            let recorded = try Recorded(recording)
            #expect(recorded.facts["target.uid"] == "\(world.user.uid)")
            #expect(recorded.facts["target.command"] == "TestProgram")
            #expect(!recorded.mappings.contains { $0.path.hasSuffix("/profilerctl") })
            #expect(recorded.mappings.contains { $0.path.hasSuffix("/TestProgram") })
            #expect(recorded.end?.reason == .targetExited)

            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.hottest == "hot_path")
            #expect(folded.total > 50)
            // Nothing of what was there before the execve(2).
            #expect(folded.lines.allSatisfy { $0.frames.first == "TestProgram" })
            #expect(!folded.lines.contains { $0.frames.contains { $0.contains("profilerctl") } })
        }
    }

    @Test func `a command's own status is said, and is not the client's`() throws {
        try World.run { world in
            let finished = try record(
                world, user(world), [Binaries.shared.testProgram, "work", "1", "100", "7"])
            #expect(finished.ending == .exited(0))
            #expect(finished.errors.contains("The command 'TestProgram' ended with status 7."))
            #expect(finished.output.contains("hot_path"))
        }
    }

    @Test func `a command goes when the recording's time is over`() throws {
        try World.run { world in
            let finished = try record(
                world, user(world) + ["--duration", "300ms"],
                [Binaries.shared.testProgram, "work", "1", "60000"])
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            #expect(finished.output.contains("hot_path"))
        }
    }

    @Test func `a command that does not exist has status 127`() throws {
        try World.run { world in
            let finished = try record(
                world, user(world) + ["--output", world.output("none.html")], ["no-such-command"])
            expectFailure(finished, 127, "no-such-command", "not found")
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test func `a command that cannot be executed has status 126`() throws {
        try World.run { world in
            let finished = try record(
                world, user(world) + ["--output", world.output("none.html")], ["/etc/passwd"])
            expectFailure(finished, 126, "/etc/passwd")
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test(.enabled(if: isRoot, "needs root: sudo is"))
    func `under sudo a command runs as who called it, and the output is theirs`() throws {
        try World.run { world in
            let directory = try world.scratch.directory("theirs", of: world.user)
            let environment = ["SUDO_UID": "\(world.user.uid)", "SUDO_GID": "\(world.user.gid)"]
            let finished = try record(
                world, ["--output", "\(directory)/mine.html"],
                [Binaries.shared.testProgram, "work", "1", "100"], environment: environment)
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            #expect(owner(of: "\(directory)/mine.html") == world.user.uid)
            #expect(entries(of: directory) == ["mine.html"])
        }
    }

    @Test(.enabled(if: isRoot, "needs root: sudo is"))
    func `under sudo the output goes only where its caller may write`() throws {
        try World.run { world in
            let directory = try world.scratch.directory("roots", of: .root)
            let finished = try record(
                world, ["--output", "\(directory)/mine.html"],
                [Binaries.shared.testProgram, "work", "1", "100"],
                environment: ["SUDO_UID": "\(world.user.uid)", "SUDO_GID": "\(world.user.gid)"])
            expectFailure(finished, 73, "\(directory)/mine.html", "may not write")
            #expect(entries(of: directory) == [])
        }
    }

    @Test(.enabled(if: perfEventParanoid() <= 2, "perf_event_paranoid is above 2: root is needed"))
    func `the recording of an ordinary user's own command needs no root`() throws {
        try World.run { world in
            let client = try world.startClient(
                world.withSocket([
                    "record", "--frequency", "499", "--format", "folded", "--",
                    Binaries.shared.testProgram, "work", "1", "300",
                ]), as: world.user)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(Folded(client.output).hottest == "hot_path")
            #expect(client.errors.contains("kernel.perf_event_paranoid is"))
        }
    }
}
