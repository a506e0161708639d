import Glibc
import Testing

extension IntegrationTests {
    /// What cannot be done: one sentence, the documented status (docs/exit-codes.md), no file, and
    /// nothing left in the daemon.
    @Suite(.serialized) struct RefusalTests {}
}

extension IntegrationTests.RefusalTests {
    @Test(arguments: ["record", "start"])
    func `a process that does not exist`(subcommand: String) throws {
        try World.run { world in
            let program = try Running(Binaries.shared.testProgram, ["sleep"], in: world.scratch)
            try program.wait()
            expectFailure(
                try world.client(subcommand, "--pid", "\(program.processID)"), 66,
                "There is no process \(program.processID).")
        }
    }

    @Test(.enabled(if: kernelThread() != nil, "no thread of the kernel is seen here"))
    func `a thread of the kernel`() throws {
        try World.run { world in
            let thread = kernelThread() ?? 0
            let output = world.output("cpu.html")
            expectFailure(
                try world.client("record", "--pid", "\(thread)", "--output", output), 66,
                "Process \(thread)", "is a thread of the kernel")
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `a frequency above the kernel's limit`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1")
            let text = try readText("/proc/sys/kernel/perf_event_max_sample_rate")
            let limit = String(text.dropLast())
            expectFailure(
                try world.client(
                    "record", "--pid", "\(program.processID)", "--frequency", "\(limit)0"), 64,
                "kernel.perf_event_max_sample_rate, which is \(limit)",
                "sysctl kernel.perf_event_max_sample_rate=\(limit)0")
        }
    }

    @Test(
        .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"),
        arguments: [
            ("sessions = 1", "99", "'sessions' under [policy.limits]"),
            (
                "descriptors-per-session = 1", "99",
                "'descriptors-per-session' under [policy.limits]"
            ),
            ("ring-memory = \"64 KiB\"", "99", "'ring-memory' under [policy.limits]"),
            ("frequency = 50", "99", "'frequency' under [policy.limits]"),
        ])
    func `a limit of the daemon`(limit: String, frequency: String, words: String) throws {
        try World.run(configuration: "[policy.limits]\n\(limit)\n") { world in
            let program = try world.target("hot", "1")
            let arguments = ["--pid", "\(program.processID)", "--frequency", frequency]
            let session =
                limit.hasPrefix("sessions")
                ? try world.startSession(arguments[0], arguments[1]) : nil
            let client = try world.startClient(world.withSocket(["start"] + arguments))
            let ending = try client.wait()
            expectFailure(
                Finished(ending: ending, output: client.output, errors: client.errors), 1, words)
            if let session { try world.succeed("stop", session) }
        }
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `a daemon that lets nobody more in says why`() throws {
        try World.run(configuration: "[policy.limits]\nconnections-per-uid = 1\n") { world in
            var first = try RawClient(world.socket)
            _ = try first.call("org.varlink.service.GetInfo", claiming: world.user)
            for _ in 0..<20 {
                expectFailure(
                    try world.client("list"), 1, "'connections-per-uid' under [policy.limits]")
            }
        }
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `an output whose place does not exist, or is taken`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1")
            let process = "\(program.processID)"
            expectFailure(
                try world.client(
                    "record", "--pid", process, "--output", world.output("none/cpu.html")), 73,
                world.output("none/cpu.html"), "its directory does not exist")
            expectFailure(
                try world.client(
                    "record", "--pid", process, "--output", world.outputs, "--format", "html"), 73,
                "is a directory")
            expectFailure(
                try world.client("record", "--pid", process, "--output", world.output("cpu.xyz")),
                64, "cpu.xyz")
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test(.enabled(if: isRoot, "needs root: another user's process is started"))
    func `another user's process without privilege`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1", as: .root)
            let output = try world.scratch.directory("theirs", of: world.user) + "/cpu.html"
            expectFailure(
                try world.client(
                    "record", "--pid", "\(program.processID)", "--output", output, as: world.user),
                77, "Process \(program.processID)", "root (sudo)")
            #expect(!fileExists(output))
        }
    }

    @Test(.enabled(if: isRoot, "needs root: starts a program of two users"))
    func `a program of several users at once`() throws {
        try World.run { world in
            let program = try world.target("mixed", "1", as: .root)
            expectFailure(
                try world.client("record", "--pid", "\(program.processID)"), 77,
                "runs as several users at once")
        }
    }

    @Test(.enabled(if: perfEventParanoid() >= 2, "perf_event_paranoid is below 2: all is allowed"))
    func `events that the kernel does not give to this user`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            expectFailure(
                try world.client(
                    "record", "--kernel", "--pid", "\(program.processID)", as: world.user), 77,
                "kernel.perf_event_paranoid is \(perfEventParanoid())", "root (sudo)",
                "CAP_PERFMON", "sysctl kernel.perf_event_paranoid=1")
        }
    }

    @Test func `no recording, or none that may be read`() throws {
        try World.run { world in
            expectFailure(try world.client("report", "/etc/passwd"), 65, "/etc/passwd")
            let program = Binaries.shared.testProgram
            expectFailure(
                try world.client("report", program, "--output", world.output("x.recording")), 65,
                program)
            #expect(entries(of: world.outputs) == [])
            expectFailure(try world.client("report", "/nowhere"), 66, "/nowhere")
            expectFailure(try world.client("report", world.outputs), 65, world.outputs)
            guard isRoot else { return }
            expectFailure(
                try world.client("report", "/etc/shadow", as: world.user), 77, "/etc/shadow")
        }
    }

    @Test(
        arguments: [
            ["record"], ["record", "--pid", "1", "--", "true"], ["record", "--pid", "x"],
            ["record", "--pid", "1", "--duration", "10"], ["start"], ["stop"], ["nonsense"],
            ["record", "--pid", "1", "--frequency", "0"], ["list", "--uid", "-1"],
        ])
    func `a command line that makes no sense`(arguments: [String]) throws {
        let scratch = try Scratch()
        let client = try Running(Binaries.shared.profilerctl, arguments, in: scratch)
        #expect(try client.wait() == .exited(64))
        #expect(client.errors.hasPrefix("Error: "), "\(client.errors)")
        #expect(client.errors.contains("Usage: profilerctl"))
        #expect(client.output == "")
    }
}

/// A thread of the kernel that can be seen.
private func kernelThread() -> Int32? {
    // Kernel threads are children of kthreadd, process 2.
    guard let stat = try? readText("/proc/2/stat"), stat.hasPrefix("2 (kthreadd)") else {
        return nil
    }
    return 2
}
