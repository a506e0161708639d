import Glibc
import Testing
import Varlink

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

    @Test func `a second Ctrl-C ends the waiting for a command that does not end`() throws {
        try World.run { world in
            let script = "trap '' INT TERM; echo up; while :; do :; done"
            let client = try world.startClient(
                world.withSocket(["record"]) + user(world)
                    + ["--output", world.output("none.html"), "--", "/bin/sh", "-c", script])
            try eventually("the command") { client.output.contains("up") }
            let children = try readText(
                "/proc/\(client.processID)/task/\(client.processID)/children")
            let command = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
            defer { kill(command, SIGKILL) }
            client.send(SIGINT)
            // It has stopped its session by then, and waits for the command, which it would do for 5 s.
            try eventually("the end of the session") {
                if client.poll() != nil { throw Failure("it ended: \(client.errors)") }
                var raw = try RawClient(world.socket)
                let list = try raw.call("io.profilerd.Control.List", claiming: world.user)
                guard case .array(let sessions)? = list.parameters["sessions"],
                    case .object(let session)? = sessions.first
                else { return false }
                return session["state"] == "ended"
            }
            // While it asked for that, a signal had its usual effect.
            try eventually("the client's hold on signals") {
                let status = try readText("/proc/\(client.processID)/status")
                let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
                let mask = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
                return (mask ?? 0) & 1 << (SIGINT - 1) != 0
            }
            let begin = secondsOfClock()
            client.send(SIGINT)
            #expect(try client.wait() == .exited(130), "\(client.errors)")
            #expect(secondsOfClock() - begin < 2)
            #expect(entries(of: world.outputs) == [])
            #expect(kill(command, 0) == 0)
        }
    }

    @Test(.enabled(if: installed("script") != nil, "needs script(1)"))
    func `a command has the terminal for itself`() throws {
        try World.run { world in
            func screen(_ arguments: [String]) throws -> String {
                let words = [Binaries.shared.profilerctl] + world.withSocket(["record"]) + arguments
                let terminal = try Running(
                    installed("script") ?? "",
                    ["-q", "-e", "-c", words.joined(separator: " "), "/dev/null"],
                    in: world.scratch)
                #expect(try terminal.wait() == .exited(0), "\(terminal.output)")
                return terminal.output
            }
            let program = try world.target("hot", "1")
            let progress = "Ctrl-C ends"
            #expect(
                try screen(["-p\(program.processID)", "-d2s"]).contains(progress))
            let command = try screen(
                user(world) + ["-d2s", "--", Binaries.shared.testProgram, "work", "1", "2000"])
            #expect(!command.contains(progress))
            #expect(!command.contains("\u{1B}"), "\(command)")
            #expect(command.contains("hot_path"))
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
