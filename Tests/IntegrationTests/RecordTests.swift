import Glibc
import Testing

extension IntegrationTests {
    /// `record`: what is measured, and whether it is right.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct RecordTests {}
}

extension IntegrationTests.RecordTests {
    @Test func `the hot function is on top, with its share of the time`() throws {
        try World.run { world in
            let program = try world.target("hot", "2")
            let recording = world.output("cpu.recording")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "1s", "--frequency", "999",
                "--output", recording)
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.total > 200)
            #expect(folded.hottest == "hot_path")
            #expect((0.75...0.95).contains(folded.share(of: "hot_path")))
            #expect((0.05...0.25).contains(folded.share(of: "cool_path")))
            // Both are called by both_paths, and that by the thread's function.
            let path = folded.lines.first { $0.frames.last == "hot_path" }?.frames.suffix(3)
            #expect(path == ["work", "both_paths", "hot_path"])

            let table = try world.succeed("report", recording).output
            #expect(firstRow(of: table)?.contains("hot_path") == true, "\(table)")
        }
    }

    @Test func `without an output the table is printed, and nothing else`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let finished = try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "1500ms")
            #expect(firstRow(of: finished.output)?.contains("hot_path") == true)
            // No progress in what is no terminal.
            #expect(!finished.errors.contains("\r"))
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test func `a recording lasts as long as it was asked to`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let recording = world.output("short.recording")
            let begin = secondsOfClock()
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "700ms", "--output",
                recording)
            #expect(secondsOfClock() - begin > 0.7)
            let recorded = try Recorded(recording)
            #expect(recorded.isSealed)
            #expect(recorded.end?.reason == .durationReached)
            let times = recorded.samples.map(\.time)
            let span = Double((times.max() ?? 0) - (times.min() ?? 0)) / 1e9
            #expect(span > 0.3, "\(span)")
        }
    }

    @Test func `kernel time is counted without a kernel address`() throws {
        try World.run { world in
            let program = try world.target("system", "1")
            let recording = world.output("system.recording")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "500ms", "--frequency",
                "999", "--output", recording)
            let recorded = try Recorded(recording)
            #expect(recorded.samples.count > 10)
            #expect(recorded.kernelAddresses == [])
            // Without privilege the events leave kernel mode out.
            guard isRoot else { return }
            #expect(recorded.samples.count { $0.isKernelMode } > recorded.samples.count / 2)
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.lines.contains { $0.frames.last?.hasPrefix("[kernel]") == true })
            // read(2) has no frame of its own in libc, so that its caller is passed over.
            #expect(folded.with("work") > folded.total / 2)
        }
    }

    @Test(.enabled(if: isRoot, "needs root: kernel addresses are for the privileged"))
    func `--kernel names the kernel's functions`() throws {
        try World.run { world in
            let program = try world.target("system", "1")
            let output = world.output("kernel.folded")
            try world.succeed(
                "record", "--kernel", "--pid", "\(program.processID)", "--duration", "500ms",
                "--frequency", "999", "--output", output)
            let folded = Folded(try readText(output))
            #expect(folded.with("vfs_read_[k]") + folded.with("ksys_read_[k]") > folded.total / 3)
            var status = stat()
            #expect(stat(output, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `Ctrl-C ends the recording, and the report is written`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let output = world.output("ended.folded")
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--output", output,
                ]))
            try waitForSamples(world)
            client.send(SIGINT)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(Folded(try readText(output)).hottest == "hot_path")
        }
    }

    @Test func `a second Ctrl-C quits without a report`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--output",
                    world.output("never.folded"),
                ]))
            try waitForSamples(world)
            try eventually("a client that waits for signals and for its session") {
                try readText("/proc/\(client.processID)/syscall").contains(" 0x2 0xffffffff")
            }
            // A daemon that does not answer, so that there is time for the second one.
            world.daemon.send(SIGSTOP)
            client.send(SIGINT)
            try eventually("a client that takes the signal again") {
                !blockedSignals(of: client.processID).contains(SIGINT)
            }
            client.send(SIGINT)
            let ending = try client.wait()
            world.daemon.send(SIGCONT)
            #expect(ending == .killed(SIGINT) || ending == .exited(130))
            #expect(entries(of: world.outputs) == [])
            // It was stopped by the first, and nobody was left to take it.
            try takeEndedSession(world, "stopped")
        }
    }

    @Test func `a target that exits ends its recording`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let output = world.output("gone.folded")
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--output", output,
                ]))
            try waitForSamples(world)
            program.send(SIGKILL)
            #expect(try client.wait() == .exited(0))
            #expect(client.errors.contains("The recording ended with its process"))
            #expect(Folded(try readText(output)).hottest == "hot_path")
        }
    }

    @Test func `a target that exits at any moment leaves no trace`() throws {
        try World.run { world in
            for delay in stride(from: 0, through: 60_000, by: 5_000) {
                let program = try Running(
                    Binaries.shared.testProgram, ["exit", "20", "\(delay)"], as: world.user,
                    keepsInput: true, in: world.scratch)
                try eventually("its threads") { program.output.hasPrefix("ready\n") }
                let output = world.output("race.\(delay).folded")
                let finished = try world.client(
                    "record", "--pid", "\(program.processID)", "--output", output)
                if finished.ending == .exited(0) {
                    #expect(fileExists(output))
                } else {
                    expectFailure(finished, 66)
                    #expect(!fileExists(output))
                }
            }
            #expect(entries(of: world.outputs).allSatisfy { $0.hasPrefix("race.") })
        }
    }

    @Test(.enabled(if: installed("strip") != nil, "needs strip: binutils is not installed"))
    func `a stripped program is still shown by its module`() throws {
        try World.run { world in
            let stripped = world.scratch.newPath("stripped")
            let strip = try Running(
                installed("strip") ?? "",
                ["--strip-all", "-o", stripped, Binaries.shared.testProgram],
                in: world.scratch)
            #expect(try strip.wait() == .exited(0))
            chmod(stripped, 0o755)
            let program = try Running(
                stripped, ["hot", "1"], as: world.user, keepsInput: true, in: world.scratch)
            try eventually("its threads") { program.output.hasPrefix("ready\n") }
            let folded = Folded(
                try world.succeed(
                    "record", "--pid", "\(program.processID)", "--duration", "1500ms", "--format",
                    "folded"
                ).output)
            #expect(folded.total > 5)
            let name = stripped.split(separator: "/").last.map(String.init) ?? ""
            #expect(folded.lines.contains { $0.frames.last?.hasPrefix("\(name)+0x") == true })
        }
    }

    @Test func `a program that nobody may look at is recorded with its names`() throws {
        try World.run { world in
            let program = try world.target("private", "1")
            let recording = world.output("private.recording")
            let finished = try world.client(
                "record", "--pid", "\(program.processID)", "--duration", "500ms", "--output",
                recording)
            guard isRoot else {
                expectFailure(finished, 77)
                return
            }
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            let recorded = try Recorded(recording)
            #expect(recorded.mappings.contains { $0.path.hasSuffix("/TestProgram") })
            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.hottest == "hot_path")
        }
    }
}

/// Waits until the one session of the daemon has samples.
func waitForSamples(_ world: World, _ count: Int64 = 20) throws {
    try eventually("samples") {
        var client = try RawClient(world.socket)
        let reply = try client.call("io.profilerd.Control.List", claiming: world.user)
        guard case .array(let sessions)? = reply.parameters["sessions"],
            case .object(let session)? = sessions.first,
            case .int(let samples)? = session["samples"]
        else { return false }
        return samples >= count
    }
}

/// Takes the one session that a client left behind when it went away.
func takeEndedSession(_ world: World, _ reason: String) throws {
    let name = try eventually("a session that ended with its connection") { () -> String? in
        var client = try RawClient(world.socket)
        let reply = try client.call("io.profilerd.Control.List", claiming: world.user)
        guard case .array(let sessions)? = reply.parameters["sessions"],
            case .object(let session)? = sessions.first, session["state"] == "ended",
            session["endReason"] == .string(reason),
            case .string(let name)? = session["session"]
        else { return nil }
        return name
    }
    let folded = try world.succeed("stop", name, "--format", "folded").output
    #expect(Folded(folded).total > 0)
}

/// The first function's row of a table.
func firstRow(of table: String) -> String? {
    let lines = table.split(separator: "\n").map(String.init)
    guard let heading = lines.firstIndex(where: { $0.contains("self %") }) else { return nil }
    return lines.dropFirst(heading + 1).first
}

/// The signals that a process' first thread holds back.
func blockedSignals(of processID: Int32) -> Set<Int32> {
    let status = (try? readText("/proc/\(processID)/status")) ?? ""
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigBlk:") }),
        let mask = UInt64(line.dropFirst(8), radix: 16)
    else { return [] }
    return Set((1...31).filter { mask >> (UInt64($0) - 1) & 1 == 1 })
}
