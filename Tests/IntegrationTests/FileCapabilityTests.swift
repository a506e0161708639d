import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// A profilerctl whose file has capabilities: its users profile their own programs with it, and
    /// nothing else (docs/client-privileges.md).
    @Suite(
        .serialized, .enabled(if: cannotSetCapabilities == nil, "\(cannotSetCapabilities ?? "")"))
    struct FileCapabilityTests {}
}

private let given = [PrivilegedCopy.usual, PrivilegedCopy.careless]

extension IntegrationTests.FileCapabilityTests {
    @Test(arguments: given)
    func `a user's own program is recorded, kernel and all, with no capability left`(
        capabilities: String
    ) throws {
        try World.run { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let program = try world.target("hot", "1")
            let client = try copy.start(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--duration", "1500ms", "--kernel",
                    "--format", "folded",
                ]), as: world.user, in: world)
            try eventually("a client whose two connections are made") {
                if let ending = client.poll() { throw Failure("\(ending): \(client.errors)") }
                return world.connectionCount == 2
            }
            try #require(Privilege(of: client.processID)).expect(permitted: 0, bounding: nil)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(Folded(client.output).hottest == "hot_path")
            #expect(!client.errors.contains("is left out"), "\(client.errors)")
        }
    }

    @Test(arguments: given)
    func `another user's program is refused before anything is done with it`(
        capabilities: String
    ) throws {
        try World.run { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let program = try world.target("hot", "1", as: .other)
            let process = program.processID
            for subcommand in ["record", "start"] {
                expectFailure(
                    try copy.run(
                        world.withSocket([subcommand, "--pid", "\(process)"]), as: world.user,
                        in: world), 77, "belongs to uid \(TestUser.other.uid)", "only root (sudo)")
            }
            guard let calls = try traced(copy, ["record", "--pid", "\(process)"], world) else {
                return
            }
            #expect(calls.contains("/proc/\(process)\""), "it looked whose it is")
            for call in ["perf_event_open(", "sendmsg(", "connect(", "\"maps\""] {
                #expect(!calls.contains(call), "\(call)")
            }
        }
    }

    /// The system calls of a client that fails, with its capabilities: strace(1) by root.
    private func traced(
        _ copy: PrivilegedCopy, _ arguments: [String], _ world: World,
        environment: [String: String] = [:]
    ) throws -> String? {
        guard let strace = installed("strace") else { return nil }
        let trace = world.scratch.newPath("trace")
        let client = try Running(
            strace,
            ["-f", "-q", "-s", "256", "-o", trace, "-u", world.user.name]
                + environment.flatMap { ["-E", "\($0.key)=\($0.value)"] } + [copy.path]
                + world.withSocket(arguments), in: world.scratch)
        try client.wait()
        return try readText(trace)
    }

    @Test(arguments: given)
    func `a user speaks to no other daemon and runs nothing as somebody else`(
        capabilities: String
    ) throws {
        try World.run(user: .other) { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let user = TestUser.shared
            expectFailure(
                try copy.run(["list", "--uid", "\(world.user.uid)"], as: user, in: world), 77,
                "Only root (sudo) may speak to the daemon of another user")
            // Its directory is its own user's.
            let finished = try copy.run(world.withSocket(["list"]), as: user, in: world)
            expectFailure(finished, 77, "may not connect")
            expectFailure(
                try copy.run(
                    world.withSocket(["record", "--user", world.user.name, "--", "true"]),
                    as: user, in: world), 77, "Only root (sudo) may run a command")
        }
    }

    @Test(arguments: given)
    func `files are opened with the user's own rights`(capabilities: String) throws {
        try World.run { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let program = try world.target("hot", "1")
            let roots = try world.scratch.directory("roots", of: .root)
            expectFailure(
                try copy.run(
                    world.withSocket([
                        "record", "--pid", "\(program.processID)", "--output", "\(roots)/x.html",
                    ]), as: world.user, in: world), 73, "\(roots)/x.html", "may not write there")
            #expect(entries(of: roots) == [])

            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "200ms", "--output",
                "\(roots)/x.recording")
            chmod(roots, 0o755)
            chmod("\(roots)/x.recording", 0o600)
            expectFailure(
                try copy.run(["report", "\(roots)/x.recording"], as: world.user, in: world), 77,
                "may not read")
        }
    }

    @Test(arguments: given)
    func `a program of one's own that hides from its user is refused`(
        capabilities: String
    ) throws {
        try World.run { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let program = try world.target("private", "1")
            expectFailure(
                try copy.run(
                    world.withSocket(["record", "--pid", "\(program.processID)"]), as: world.user,
                    in: world), 77, "lets its own user not look at it")
            // One whose file has given it something.
            let sleep = world.scratch.newPath("sleep")
            try writeFile(sleep, try readFile("/bin/sleep"))
            chmod(sleep, 0o755)
            let setcap = try Running(
                installed("setcap") ?? "", ["cap_net_raw=ep", sleep], in: world.scratch)
            try setcap.wait()
            let capable = try Running(sleep, ["60"], as: world.user, in: world.scratch)
            try eventually("its execve") {
                (try? readText("/proc/\(capable.processID)/comm"))?.hasPrefix("sleep") == true
            }
            expectFailure(
                try copy.run(
                    world.withSocket(["record", "--pid", "\(capable.processID)"]), as: world.user,
                    in: world), 77, "lets its own user not look at it")
        }
    }

    @Test(arguments: given)
    func `a command is found by its user's PATH and gets nothing that they have not`(
        capabilities: String
    ) throws {
        try World.run { world in
            let copy = try PrivilegedCopy(capabilities, in: world)
            let directory = try world.scratch.directory("bin", of: world.user)
            try writeFile(
                "\(directory)/look",
                "#!/bin/sh\n/bin/grep -E '^(Cap(Prm|Eff|Inh|Amb)|NoNewPrivs)' /proc/self/status\n")
            chmod("\(directory)/look", 0o755)
            let finished = try copy.run(
                world.withSocket(["record", "--output", "/dev/null", "--format", "html", "--"])
                    + ["look"], as: world.user, environment: ["PATH": directory], in: world)
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            let lines = finished.output.split(separator: "\n")
            #expect(lines.count == 5)
            #expect(
                lines.filter { $0.hasPrefix("Cap") }.allSatisfy {
                    $0.hasSuffix("\t0000000000000000")
                })
            // It may become root by sudo(8), as without a profiler.
            #expect(lines.contains("NoNewPrivs:\t0"))
        }
    }
}

// MARK: - The environment

extension IntegrationTests.FileCapabilityTests {
    @Test func `the environment of a program with capabilities is not believed`() throws {
        try World.run { world in
            let copy = try PrivilegedCopy(PrivilegedCopy.usual, in: world)
            let trap = try world.scratch.directory("trap", of: world.user)
            let environment = [
                "XDG_RUNTIME_DIR": trap, "HOME": trap, "XDG_CONFIG_HOME": trap, "TMPDIR": trap,
                "LD_LIBRARY_PATH": trap, "LD_PRELOAD": "\(trap)/x.so", "LD_AUDIT": "\(trap)/x.so",
                "DEBUGINFOD_URLS": "http://127.0.0.1:9", "DEBUGINFOD_CACHE_PATH": trap,
                "SUDO_UID": "0", "SUDO_GID": "0", "LOCPATH": trap, "NLSPATH": "\(trap)/%N",
                "GCONV_PATH": trap, "TZ": "\(trap)/zone", "LANG": "../..\(trap)",
            ]
            let program = try world.target("hot", "1")
            let arguments = [
                "record", "--pid", "\(program.processID)", "--duration", "200ms",
            ]
            // Without --socket a daemon is looked for, and not where XDG_RUNTIME_DIR says.
            let missing = try copy.run(
                arguments, as: world.user, environment: environment, in: world)
            expectFailure(missing, 69, "/run/user/\(world.user.uid)/profilerd/control.sock")
            #expect(!missing.errors.contains(trap))

            let finished = try copy.run(
                world.withSocket(arguments), as: world.user, environment: environment, in: world)
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            #expect(finished.output.contains("hot_path"))

            guard let calls = try traced(copy, arguments, world, environment: environment) else {
                return
            }
            #expect(calls.contains("perf_event_open("))
            let touched = calls.split(separator: "\n").filter {
                $0.contains(trap) && !$0.contains("execve(")
            }
            #expect(touched.isEmpty, "\(touched)")
            // The child that makes the report has no environment at all.
            #expect(calls.contains("execveat(") && calls.contains("/* 0 vars */"))
        }
    }

    @Test(.enabled(if: releaseClient != nil, "needs the installed form: make build"))
    func `the runtime's own variables are forgotten`() throws {
        try World.run { world in
            let release = releaseClient ?? ""
            let path = world.scratch.newPath("profilerctl")
            try writeFile(path, try readFile(release))
            chmod(path, 0o755)
            let environment = ["SWIFT_DEBUG_HELP": "1"]
            func version() throws -> Finished {
                let running = try Running(
                    path, ["--version"], as: world.user, environment: environment,
                    in: world.scratch)
                let ending = try running.wait()
                return Finished(ending: ending, output: running.output, errors: running.errors)
            }
            #expect(try version().errors.contains("SWIFT_BACKTRACE"))
            let setcap = try Running(
                installed("setcap") ?? "", ["cap_perfmon=ep", path], in: world.scratch)
            try setcap.wait()
            #expect(try version().errors == "")
        }
    }
}

/// profilerctl with its runtime linked in, where it was built.
private let releaseClient: String? = {
    let path =
        "\(#filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined())"
        + "/.build/release/profilerctl"
    return fileExists(path) ? path : nil
}()
