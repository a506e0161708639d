import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// Which daemons a client without --socket talks to.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct DiscoveryTests {}
}

extension IntegrationTests.DiscoveryTests {
    @Test(.enabled(if: isRoot, "\(needsRoot)"))
    func `root talks to every daemon, and finds a session by its name`() throws {
        let user = TestUser.shared
        let directory = try SystemInstance(of: user)
        try World.run(socket: directory.socket) { world in
            let program = try world.target("hot", "1")
            let start = try world.startClient(["start", "--pid", "\(program.processID)"])
            #expect(try start.wait() == .exited(0), "\(start.errors)")
            let session = String(start.output.dropLast())
            try waitForSamples(world)

            for arguments in [["list"], ["list", "--uid", "\(user.uid)"], ["status"]] {
                let list = try world.startClient(arguments)
                #expect(try list.wait() == .exited(0), "\(list.errors)")
                #expect(list.output.contains(session), "\(arguments)")
            }
            let own = try world.startClient(["list", "--uid", "0"])
            #expect(try own.wait() == .exited(69))
            #expect(own.errors.contains("There is no profilerd for uid 0"), "\(own.errors)")

            // The user's own daemon is the system's for them.
            let list = try world.startClient(["list"], as: user)
            #expect(try list.wait() == .exited(0), "\(list.errors)")
            #expect(list.output.contains(session))

            let fetch = try world.startClient(["fetch", session, "--format", "folded"])
            #expect(try fetch.wait() == .exited(0), "\(fetch.errors)")
            #expect(Folded(fetch.output).hottest == "hot_path")
            let stop = try world.startClient(["stop", session, "--uid", "\(user.uid)"])
            #expect(try stop.wait() == .exited(0), "\(stop.errors)")
            let again = try world.startClient(["stop", session])
            #expect(try again.wait() == .exited(66))
        }
    }

    @Test func `a user talks to the daemon in their runtime directory`() throws {
        let scratch = try Scratch()
        let user = TestUser.shared
        // Root has no daemon in a directory of its environment.
        let runtime = try scratch.directory("runtime", of: user)
        _ = try scratch.directory("runtime/profilerd", of: user)
        try World.run(socket: "\(runtime)/profilerd/control.sock") { world in
            let list = try world.startClient(
                ["list", "--json"], as: user, environment: ["XDG_RUNTIME_DIR": runtime])
            #expect(try list.wait() == .exited(0), "\(list.errors)")
            #expect(list.output == "[]\n")
        }
    }

    @Test(.enabled(if: isRoot, "needs root: makes a socket in another user's directory"))
    func `another user's socket in a runtime directory is not talked to`() throws {
        let scratch = try Scratch()
        let user = TestUser.shared
        let runtime = try scratch.directory("runtime", of: user)
        _ = try scratch.directory("runtime/profilerd", of: user)
        let path = "\(runtime)/profilerd/control.sock"
        let impostor = try Impostor(at: path)
        chmod(path, 0o666)
        let client = try Running(
            Binaries.shared.profilerctl, ["list"], as: user,
            environment: ["XDG_RUNTIME_DIR": runtime], in: scratch)
        try impostor.serve([0], to: client)
        let ending = try client.wait()
        expectFailure(
            Finished(ending: ending, output: client.output, errors: client.errors), 76,
            "belongs to uid 0", "nothing was sent")
        #expect(impostor.connectionCount == 0)
    }
}

/// The directory of a user's system instance, which is there only for a test.
private final class SystemInstance {
    let socket: String
    private let directory: String
    private let isParentOurs: Bool

    init(of user: TestUser) throws {
        isParentOurs = mkdir("/run/profilerd", 0o755) == 0
        directory = "/run/profilerd/\(user.uid)"
        socket = "\(directory)/control.sock"
        guard mkdir(directory, 0o700) == 0, chown(directory, user.uid, user.gid) == 0 else {
            throw Failure("\(directory) is there already")
        }
    }

    deinit {
        rmdir(directory)
        if isParentOurs { rmdir("/run/profilerd") }
    }
}
