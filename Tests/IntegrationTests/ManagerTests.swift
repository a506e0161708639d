import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// What the manager is told: status, signs of life, descriptors to keep.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct ManagerTests {}
}

extension IntegrationTests.ManagerTests {
    @Test func `a session's begin and end are told at once, and what to keep of it`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager)
        let program = try world.target("hot", "1")
        var session = ""
        let begin = try manager.messages(untilStatus: "1 session, ") {
            session = try world.startSession("--pid", "\(program.processID)")
        }
        let kept = begin.filter { $0.hasPrefix("FDSTORE=1\n") }
        // Its events, the pidfd, the mappings, and last its state.
        #expect(kept.count == 4)
        #expect(kept.allSatisfy { $0 == "FDSTORE=1\nFDPOLL=0\nFDNAME=00" }, "\(kept)")
        let end = try manager.messages(untilStatus: "0 sessions, ") {
            try world.succeed("stop", session, "--discard")
        }
        // At no time has it nothing of the session, before that is taken.
        #expect(
            end.filter { $0.hasPrefix("FDSTORE") } == [
                "FDSTORE=1\nFDPOLL=0\nFDNAME=01", "FDSTOREREMOVE=1\nFDNAME=00",
                "FDSTOREREMOVE=1\nFDNAME=01",
            ])
        let last = try manager.messages(untilStatus: "Ending; seals 0 recordings") {
            world.daemon.send(SIGTERM)
        }
        #expect(last.contains { $0.hasPrefix("STOPPING=1\n") })
        #expect(try world.daemon.wait() == .exited(0))
    }

    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `what the manager cannot be given at first it is given later`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager, limits: ["--nofile=256"])
        let program = try world.target("hot", "1")
        // Descriptors on their way count for the user: the daemon may have no more of its own there.
        let script = """
            import array, socket, sys
            ours, theirs = socket.socketpair()
            for _ in range(4):
                rights = array.array("i", [0] * 253)
                ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            print("ready", flush=True)
            sys.stdin.read()
            """
        let crowd = try Running(
            installed("python3") ?? "", ["-c", script], as: world.user, keepsInput: true,
            in: world.scratch)
        try eventually("descriptors on their way") { crowd.output == "ready\n" }
        let session = try world.startSession("--pid", "\(program.processID)")
        #expect(world.daemon.errors.contains("would not outlive"), "\(world.daemon.errors)")
        let kept = try manager.messages(upTo: "FDNAME=00") { try crowd.closeInput() }
        #expect(kept.contains("FDSTORE=1\nFDPOLL=0\nFDNAME=00"), "\(kept)")
        try eventually("the daemon's word") { world.daemon.errors.contains("after all") }
        try world.succeed("stop", session, "--discard")
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test func `the drain gives signs of life, and one that is frozen gives none`() throws {
        let manager = try ScriptedManager()
        let world = try World(manager: manager, environment: ["WATCHDOG_USEC": "400000"])
        _ = try manager.messages(upTo: "WATCHDOG=1") {}
        let program = try world.target("hot", "1")
        let session = try world.startSession("--pid", "\(program.processID)")
        for _ in 0..<3 { _ = try manager.messages(upTo: "WATCHDOG=1") {} }
        world.daemon.send(SIGSTOP)
        manager.receive()
        usleep(300_000)
        manager.receive()
        let told = manager.messages.count
        usleep(700_000)
        manager.receive()
        #expect(manager.messages.count == told)
        world.daemon.send(SIGCONT)
        _ = try manager.messages(upTo: "WATCHDOG=1") {}
        try world.succeed("stop", session, "--discard")
        #expect(try world.endDaemon() == .exited(0))
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func `without a manager the recording ends sealed and complete`(signal: CInt) throws {
        let world = try World()
        let program = try world.target("hot", "1")
        let session = try world.startSession("--pid", "\(program.processID)", "-F", "499")
        try waitForSamples(world)
        // Until the next drain.
        usleep(300_000)
        world.daemon.send(signal)
        _ = try world.daemon.wait()
        let path = "\(world.state)/\(session).recording"
        if signal == SIGKILL {
            #expect(try !Recorded(path).isSealed)
            let next = try World(socket: world.socket + "2", state: world.state)
            #expect(next.daemon.errors.contains("A recording was sealed"), "\(next.daemon.errors)")
            #expect(try next.endDaemon() == .exited(0))
        }
        let recorded = try Recorded(path)
        #expect(recorded.isSealed && recorded.end?.reason == .daemonStopped)
        #expect(recorded.end?.samples == UInt64(recorded.samples.count))
        #expect(!recorded.samples.isEmpty)
        unlink(path)
    }
}

extension ScriptedManager {
    /// Forgets what came before, and waits for the messages up to a status that begins like this.
    fileprivate func messages(
        untilStatus status: String, after action: () throws -> Void,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        try messages(until: "a status of \(status)", after: action, location) {
            $0.split(separator: "\n").contains { $0.hasPrefix("STATUS=" + status) }
        }
    }
}
