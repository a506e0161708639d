import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// Who may talk to whom: sockets that are not there, peers that are not what they should be.
    @Suite(.serialized) struct PeerTests {}
}

extension IntegrationTests.PeerTests {
    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `where no daemon is, the units are named with the command`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1")
            let client = try world.startClient(["record", "--pid", "\(program.processID)"])
            let ending = try client.wait()
            let uid = world.user.uid
            expectFailure(
                Finished(ending: ending, output: client.output, errors: client.errors), 69,
                "/run/user/\(uid)/profilerd/control.sock", "/run/profilerd/\(uid)/control.sock",
                "'systemctl --user enable --now profilerd.socket'",
                "'systemctl enable --now profilerd@\(uid).socket'")
        }
    }

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    func `a socket that does not exist, and one that nobody listens on`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1")
            let missing = world.scratch.newPath("missing.sock")
            let process = "\(program.processID)"
            try expectNoDaemon(
                world, ["record", "--socket", missing, "--pid", process],
                "profilerd --listen \(missing)")
            try expectNoDaemon(
                world, ["list", "--socket", missing], "profilerd --listen \(missing)")

            let stale = world.scratch.newPath("stale.sock")
            try makeStaleSocket(at: stale)
            chown(stale, world.user.uid, world.user.gid)
            try expectNoDaemon(
                world, ["record", "--socket", stale, "--pid", process], "Nobody listens")
        }
    }

    private func expectNoDaemon(_ world: World, _ arguments: [String], _ words: String) throws {
        let client = try world.startClient(arguments)
        let ending = try client.wait()
        expectFailure(
            Finished(ending: ending, output: client.output, errors: client.errors), 69, words)
    }

    /// The answers of services that are not this daemon.
    private static let answers: [(name: String, bytes: [UInt8], words: String)] = [
        ("no Varlink", Array("SSH-2.0-OpenSSH_9.2\r\n\0".utf8), "does not speak Varlink"),
        (
            "another service",
            Reply([
                "vendor": "x", "product": "x", "version": "1", "url": "x",
                "interfaces": ["org.varlink.service"],
            ]).encoded(), "has no interface io.profilerd.Control"
        ),
        (
            "one that does not know GetInfo",
            Reply(error: "org.varlink.service.MethodNotFound").encoded(), "MethodNotFound"
        ),
    ]

    @Test(.enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"), arguments: [0, 1, 2])
    func `a socket behind which is no profilerd of this version`(number: Int) throws {
        try World.run(user: .own) { world in
            let answer = Self.answers[number]
            let program = try world.target("hot", "1")
            let path = world.scratch.newPath("other.sock")
            let impostor = try Impostor(at: path)
            let client = try world.startClient([
                "record", "--socket", path, "--pid", "\(program.processID)", "--output",
                world.output("cpu.html"),
            ])
            try impostor.serve(answer.bytes, to: client)
            let ending = try client.wait()
            expectFailure(
                Finished(ending: ending, output: client.output, errors: client.errors), 76,
                answer.words)
            #expect(impostor.connectionCount == 1)
            #expect(impostor.descriptorCount == 0)
            #expect(entries(of: world.outputs) == [])
        }
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `a socket that the target's user may not connect to is not connected to`() throws {
        try World.run { world in
            let program = try world.target("sleep", "1")
            let path = world.scratch.newPath("roots.sock")
            let impostor = try Impostor(at: path)
            let client = try world.startClient([
                "record", "--socket", path, "--pid", "\(program.processID)",
            ])
            let ending = try client.wait()
            expectFailure(
                Finished(ending: ending, output: client.output, errors: client.errors), 76,
                "uid \(world.user.uid)", "nothing was sent")
            #expect(impostor.connectionCount == 0)
        }
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"), arguments: [0, 1])
    func `a socket that another user serves gets no descriptor`(number: Int) throws {
        try World.run { world in
            let third = [TestUser.root, .other][number]
            let program = try world.target("hot", "1")
            // Everybody may connect to it; it is a third user's, or root's own.
            let path = world.scratch.newPath("impostor.sock")
            let impostor = try Impostor(at: path, as: third)
            let arguments = [
                "record", "--socket", path, "--pid", "\(program.processID)", "--output",
                world.output("cpu.html"),
            ]
            let trace = world.scratch.newPath("trace")
            let client = try traced(world, arguments, trace)
            let info = Reply([
                "vendor": "profilerd", "product": "profilerd", "version": "0.1.0", "url": "x",
                "interfaces": ["org.varlink.service", "io.profilerd.Control"],
            ])
            try impostor.serve(info.encoded(), to: client)
            let ending = try client.wait()
            expectFailure(
                Finished(ending: ending, output: client.output, errors: client.errors), 76,
                "it is served by uid \(third.uid)",
                "the daemon for uid \(world.user.uid) was expected",
                "No descriptor was sent")
            #expect(impostor.connectionCount == 1)
            #expect(impostor.descriptorCount == 0)
            // It asked who is there, and nothing else.
            let frames = impostor.text.split(separator: "\0")
            #expect(frames.count == 1 && frames[0].contains("org.varlink.service.GetInfo"))
            #expect(entries(of: world.outputs) == [])

            guard let calls = try? readText(trace) else { return }
            #expect(calls.contains("SCM_CREDENTIALS") && !calls.contains("SCM_RIGHTS"))
            // The same look at a client that has the right daemon does show them.
            let session = try traced(
                world, world.withSocket(["start", "--pid", "\(program.processID)"]), trace)
            #expect(try session.wait() == .exited(0), "\(session.errors)")
            #expect(try readText(trace).contains("SCM_RIGHTS"))
            try world.succeed("stop", String(session.output.dropLast()))
        }
    }

    /// Starts profilerctl under strace(1), where there is one.
    private func traced(_ world: World, _ arguments: [String], _ file: String) throws -> Running {
        guard let strace = installed("strace") else { return try world.startClient(arguments) }
        return try Running(
            strace,
            [
                "-f", "-q", "-e", "trace=sendmsg,sendmmsg,io_uring_enter", "-o", file,
                Binaries.shared.profilerctl,
            ]
                + arguments, in: world.scratch)
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `root that does not claim the user's uid is denied, with the rule and both uids`() throws {
        try World.run { world in
            for method in ["org.varlink.service.GetInfo", "io.profilerd.Control.List"] {
                var client = try RawClient(world.socket)
                let reply = try client.call(method, claiming: nil)
                #expect(reply.error == "io.profilerd.Control.PermissionDenied")
                #expect(reply.parameters["rule"] == "uid-is-own")
                #expect(reply.parameters["claimedUid"] == 0)
                #expect(reply.parameters["ownUid"] == .int(Int64(world.user.uid)))
                // The next frame is judged by itself.
                #expect(try client.call(method, claiming: world.user).error == nil)
                #expect(try client.call(method, claiming: nil).error != nil)
            }
        }
    }

    @Test func `a client that goes away before the commit leaves nothing`() throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            let event: JSONValue = [
                "name": "cpu-clock", "type": 1, "config": 0, "frequency": 99,
                "unit": "nanoseconds",
            ]
            let reply = try client.call(
                "io.profilerd.Control.Begin",
                [
                    "target": ["pid": 1, "command": "x"], "events": [event], "kernel": "none",
                    "lifetime": "detached", "ringPages": 8, "enableOnExec": false,
                    "followChildren": false, "commandLine": [],
                ], claiming: world.user)
            #expect(reply.error == nil, "\(reply)")
            #expect(reply.parameters["transaction"] != nil)
        }
    }

    @Test(
        arguments: [
            ("no.such.interface.Method", "org.varlink.service.InterfaceNotFound"),
            ("io.profilerd.Control.NoSuch", "org.varlink.service.MethodNotFound"),
            ("org.varlink.service.NoSuch", "org.varlink.service.MethodNotFound"),
        ])
    func `calls that there are not`(method: String, error: String) throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            #expect(try client.call(method, claiming: world.user).error == error)
            let unknown = try client.call(
                "io.profilerd.Control.List", ["no": true], claiming: world.user)
            #expect(unknown.error == "org.varlink.service.InvalidParameter")
            #expect(unknown.parameters["parameter"] == "no")
        }
    }

    @Test(arguments: ["{\"method\":", "[]", "17", "", "{\"method\":\"a.B\",\"nonsense\":1}"])
    func `what is no call is told so, and disconnected`(text: String) throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            try client.send(Array(text.utf8) + [0], claiming: world.user)
            #expect(try client.nextReply().error == "io.profilerd.Control.InvalidMessage")
            try client.awaitClose()
        }
    }

    @Test func `a frame above 64 KiB is refused`() throws {
        try World.run { world in
            var client = try RawClient(world.socket)
            let frame = Array(repeating: UInt8(ascii: " "), count: (64 << 10) + 1)
            try client.send(frame, claiming: world.user)
            #expect(try client.nextReply().error == "io.profilerd.Control.InvalidMessage")
        }
    }

    @Test(.enabled(if: varlinkPython != nil, "\(noVarlinkPython)"))
    func `the varlink package for Python talks to the daemon`() throws {
        try World.run { world in
            let python = try Running(
                varlinkPython ?? "", ["-c", Self.script, "unix:\(world.socket)"], as: nil,
                environment: ["HOME": world.scratch.path], in: world.scratch)
            let ending = try python.wait()
            if isRoot {
                // It cannot claim another uid than its own, and is refused for it.
                #expect(python.errors.contains("io.profilerd.Control.PermissionDenied"))
            } else {
                #expect(ending == .exited(0), "\(python.errors)")
            }
        }
        try World.run(user: .own) { world in
            let python = try Running(
                varlinkPython ?? "", ["-c", Self.script, "unix:\(world.socket)"],
                environment: ["HOME": world.scratch.path], in: world.scratch)
            #expect(try python.wait() == .exited(0), "\(python.errors)")
            #expect(python.output == "profilerd io.profilerd.Control org.varlink.service 0\n")
        }
    }

    /// Asks for everything that every Varlink service has, and calls a method by its description.
    private static let script = """
        import sys, varlink
        with varlink.Client(sys.argv[1]) as client:
            info = client.get_interfaces()
            service = client.open("org.varlink.service")
            product = service.GetInfo()["product"]
            description = client.get_interface("io.profilerd.Control")
            assert "Commit" in description.members, description.members
            control = client.open("io.profilerd.Control")
            print(product, *sorted(info), len(control.List()["sessions"]))
        """
}

/// A Python that has the package, from make test.
private let varlinkPython: String? = {
    guard let path = getenv("PROFILERD_TEST_PYTHON"), path.pointee != 0 else { return nil }
    return String(cString: path)
}()

private let noVarlinkPython = "PROFILERD_TEST_PYTHON names no Python with the package varlink"

/// Makes a socket whose listener is gone.
private func makeStaleSocket(at path: String) throws { _ = try Impostor(at: path) }
