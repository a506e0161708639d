import Glibc
import LinuxSystem
import Testing
import Varlink

extension IntegrationTests {
    /// What the client may do, read from the running program (docs/client-privileges.md).
    @Suite(.serialized, .enabled(if: isRoot, "needs root: privilege is given up"))
    struct PrivilegeTests {}
}

extension IntegrationTests.PrivilegeTests {
    /// Expects that a client, once its two connections are made, gives up what they took.
    private func expect(
        _ permitted: UInt64, of client: Running, _ world: World,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let privilege = try eventually("a client that waits, permitted \(permitted)", location) {
            if let ending = client.poll() { throw Failure("\(ending): \(client.errors)") }
            guard world.connectionCount == 2, let now = Privilege(of: client.processID) else {
                return nil as Privilege?
            }
            // None is effective but for the moment of a call.
            return now.set("CapPrm") == permitted && now.set("CapEff") == 0 ? now : nil
        }
        privilege.expect(permitted: permitted, bounding: 0, location)
    }

    private func record(_ world: World, _ program: Running, _ more: [String] = []) -> [String] {
        world.withSocket(["record", "--pid", "\(program.processID)", "--duration", "2s"] + more)
    }

    @Test(arguments: [[], ["--kernel"]])
    func `root keeps its files and the target's identity while a recording goes on`(
        more: [String]
    ) throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let client = try world.startClient(record(world, program, more))
            try expect(Capability.files | Capability.ids, of: client, world)
            #expect(try client.wait() == .exited(0), "\(client.errors)")
        }
    }

    @Test func `who came through sudo keeps the target's identity alone`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let directory = try world.scratch.directory("theirs", of: world.user)
            let client = try world.startClient(
                record(world, program, ["--output", "\(directory)/cpu.html"]),
                environment: ["SUDO_UID": "\(TestUser.other.uid)", "SUDO_GID": "1"])
            // Not where its caller may not write, whatever root may.
            #expect(try client.wait() == .exited(73), "\(client.errors)")

            let second = try world.startClient(
                record(world, program),
                environment: ["SUDO_UID": "\(world.user.uid)", "SUDO_GID": "\(world.user.gid)"])
            try expect(Capability.ids, of: second, world)
            #expect(try second.wait() == .exited(0), "\(second.errors)")
        }
    }

    @Test func `a command keeps what its user has, and can be ended`() throws {
        try World.run { world in
            let client = try world.startClient(
                world.withSocket([
                    "record", "--user", world.user.name, "--duration", "1500ms", "--",
                    Binaries.shared.testProgram, "work", "1", "60000",
                ]))
            try expect(
                Capability.files | Capability.ids | Capability.mask(5), of: client, world)
            let children = try readText(
                "/proc/\(client.processID)/task/\(client.processID)/children")
            let child = try #require(children.split(separator: " ").first.flatMap { Int32($0) })
            let command = try #require(Privilege(of: child))
            #expect(command.set("CapPrm") == 0)
            #expect(command.set("CapBnd") == Privilege(of: getpid())?.set("CapBnd"))
            #expect(command.fields["NoNewPrivs"] == "0")
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            try eventually("the command's end") { kill(child, 0) == -1 }
        }
    }

    @Test func `the child that makes the report has none, and under sudo its parent has none`()
        throws
    {
        try World.run { world in
            let program = try world.target("hot", "1")
            let directory = try world.scratch.directory("others", of: TestUser.other)
            let client = try world.startClient(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--duration", "200ms", "--kernel",
                    "--output", "\(directory)/cpu.html",
                ]),
                environment: [
                    "SUDO_UID": "\(TestUser.other.uid)", "SUDO_GID": "\(TestUser.other.gid)",
                ])
            let (child, parent) = try eventually("the report's child") {
                if let ending = client.poll() { throw Failure("\(ending): \(client.errors)") }
                return try self.reporting(client)
            }
            child.expect(permitted: 0, bounding: 0)
            #expect(child.uids == Array(repeating: world.user.uid, count: 4))
            #expect(parent.set("CapPrm") == 0, "\(parent)")
            #expect(parent.uids == Array(repeating: TestUser.other.uid, count: 4))
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            #expect(owner(of: "\(directory)/cpu.html") == TestUser.other.uid)
        }
    }

    /// The child that runs `make-report`, and its parent.
    private func reporting(_ client: Running) throws -> (Privilege, Privilege)? {
        let number = client.processID
        guard let text = try? readText("/proc/\(number)/task/\(number)/children"),
            let child = text.split(separator: " ").first.flatMap({ Int32($0) }),
            let command = try? readText("/proc/\(child)/cmdline"),
            command.contains("make-report\0"), let ofChild = Privilege(of: child),
            let ofParent = Privilege(of: number), ofParent.set("CapPrm") == 0
        else { return nil }
        return (ofChild, ofParent)
    }

    @Test func `root with a file that has capabilities makes a report, too`() throws {
        try World.run { world in
            let copy = try PrivilegedCopy(PrivilegedCopy.usual, in: world)
            let program = try world.target("hot", "1")
            let finished = try copy.run(
                world.withSocket([
                    "record", "--pid", "\(program.processID)", "--duration", "300ms",
                ]), as: .root, in: world)
            #expect(finished.ending == .exited(0), "\(finished.errors)")
            #expect(finished.output.contains("hot_path"))
        }
    }

    @Test func `what a closed descriptor would become is not written to`() throws {
        try World.run { world in
            let program = try world.target("hot", "1")
            let output = world.output("cpu.txt")
            let shell = try Running(
                "/bin/sh",
                [
                    "-c", #"exec "$0" "$@" <&- 2>&-"#, Binaries.shared.profilerctl,
                ]
                    + world.withSocket([
                        "record", "--pid", "\(program.processID)", "--duration", "300ms",
                        "--output",
                        output,
                    ]), in: world.scratch)
            #expect(try shell.wait() == .exited(0))
            #expect(try !readText(output).contains("profilerctl:"))
        }
    }
}
