// What a daemon may meet: to be killed at any moment, to be restarted, a flood, clients that die.

import ControlProtocol
import Glibc
import LinuxSystem
import SocketCredentials
import Testing
import Varlink

extension Soak {
    func killDaemon() throws {
        Glibc.kill(daemon, SIGKILL)
        tally.kills += 1
        if Int.random(in: 0..<3, using: &random) == 0 { try killBeforeReady() }
        try awaitNextDaemon()
        try expectAllGoOn()
    }

    /// Kills the next daemon while it starts, takes up sessions, or has just done so.
    private func killBeforeReady() throws {
        let previous = daemon
        try wait("the process of the next daemon", seconds: 20) {
            daemon = try instance.mainProcess()
            return daemon != 0 && daemon != previous
        }
        usleep(.random(in: 0..<40_000, using: &random))
        earlyKills.append(generation)
        Glibc.kill(daemon, SIGKILL)
        tally.kills += 1
    }

    func restart() throws {
        try instance.manage("restart")
        try awaitNextDaemon()
        tally.restarts += 1
        try expectAllGoOn()
    }

    private func awaitNextDaemon() throws {
        daemon = try instance.awaitDaemon(after: daemon)
        generation += 1
    }

    /// Kills the daemon somewhere in a request, or shortly before or after it.
    func killDuringRequest() throws {
        let seconds = Double.random(in: 0.001..<0.15, using: &random)
        let request = Int.random(in: 0..<4, using: &random)
        if request == 0, accounted.count >= Self.mostAccounted { try stopAccounted() }
        if request == 2, accounted.isEmpty { try beginAccounted() }
        if request == 3, plain.isEmpty { try begin() }
        let killer = try Running(
            "/bin/sh", ["-c", "sleep \(seconds); kill -KILL \(daemon)"], in: instance.scratch)
        func die() throws {
            try killer.wait()
            try awaitNextDaemon()
            tally.kills += 1
        }
        switch request {
        case 0: try begin(while: die)
        case 1:
            if let (identifier, _) = live.randomElement(using: &random) {
                _ = try instance.client("fetch", identifier, "--uid", "\(instance.user.uid)")
            }
            try die()
        case 2: try stopAccounted(while: die)
        default: try stop(while: die)
        }
        try expectAllGoOn()
    }

    /// A session that begins while the daemon dies is there, or there is nothing of it but what was
    /// recorded until then; one whose client was told of it is there.
    private func begin(while die: () throws -> Void) throws {
        let session = try AccountedSession(instance, &random)
        try? session.handOver(to: instance)
        try die()
        tally.sessions += 1
        if let identifier = session.identifier,
            let status = try instance.sessions()[identifier]
        {
            session.isUncertain = false
            // It may have begun after the kill: the client's first call waited for the next daemon.
            guard (0...1).contains(status.restarts) else { throw Failure("\(status)") }
            accounted.append((session, generation - status.restarts))
            return
        }
        guard session.isUncertain else {
            throw Failure("\(session.identifier ?? "") had begun, and has gone")
        }
        try session.settle()
        let path = "\(instance.state)/\(session.identifier ?? "none").recording"
        try account(for: session, fileExists(path) ? path : nil, restarts: 0, .daemonStopped)
    }

    private func stopAccounted(while die: () throws -> Void) throws {
        let (session, generation) = accounted.remove(
            at: .random(in: accounted.indices, using: &random))
        try session.settle()
        let path = try take(session.identifier ?? "", while: die)
        try account(
            for: session, path, restarts: restarts(since: generation).upperBound, .stopped)
    }

    private func stop(while die: () throws -> Void) throws {
        let session = plain.remove(at: .random(in: plain.indices, using: &random))
        let before = try instance.sessions()[session.identifier]?.samples ?? 0
        let path = try take(session.identifier, while: die)
        let restarts = restarts(since: session.generation)
        try check(
            path, of: session.identifier,
            restarts: (restarts.lowerBound - 1)...restarts.upperBound, .stopped, before: before,
            keepsLast: session.keepsLast)
    }

    /// Stops a session while the daemon dies. The client has its recording, or it can be had again.
    private func take(_ identifier: String, while die: () throws -> Void) throws -> String {
        let path = instance.scratch.newPath("torn") + ".recording"
        let client = try instance.client(
            "stop", identifier, "--uid", "\(instance.user.uid)", "--output", path)
        try die()
        if try instance.sessions()[identifier] != nil {
            unlink(path)
            return try take(identifier)
        }
        guard fileExists(path) else {
            throw Failure("\(identifier) has gone, and nobody has it: \(client.errors)")
        }
        return path
    }
}

// MARK: - Floods and clients

extension Soak {
    /// Programs of the daemon's own user attack it for some seconds; honest clients are served
    /// meanwhile, and the next steps are done under attack, too.
    func flood() throws {
        try finishFloods()
        let script = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let seconds = Int.random(in: 3...6, using: &random)
        // What services are given, and may not exceed here: descriptors on their way are counted for
        // the user, and one whose programs have as many as the daemon may have leaves it none.
        let attack = try Running(
            installed("prlimit") ?? "",
            [
                "--nofile=1024", "python3", "-B", "/\(script)/HostileClient/flood.py",
                instance.socket, "\(instance.user.uid)",
                "100", "\(seconds)",
            ], in: instance.scratch)
        floods.append(attack)
        usleep(500_000)
        for _ in 0..<20 {
            let begin = secondsOfClock()
            var client = try RawClient(instance.socket)
            for method in ["org.varlink.service.GetInfo", "io.profilerd.Control.List"] {
                let reply = try client.call(method, claiming: instance.user)
                if let error = reply.error { throw Failure("\(method) under attack: \(error)") }
            }
            let waited = secondsOfClock() - begin
            guard waited < 2 else { throw Failure("an honest client waited for \(waited) s") }
        }
        try instance.succeed(
            "stop", start(199).identifier, "--uid", "\(instance.user.uid)", "--discard")
        tally.cycles += 1
        if let ending = attack.poll() { throw Failure("the flood \(ending): \(attack.errors)") }
        tally.floods += 1
    }

    func finishFloods() throws {
        for flood in floods {
            guard try flood.wait(seconds: 60) == .exited(0) else { throw Failure(flood.errors) }
        }
        floods = []
    }

    /// A client that is killed somewhere in what it does, and one that sends half of a message.
    func killClient() throws {
        let command = Bool.random(using: &random) ? "start" : "record"
        let client = try instance.startClient([command, "--pid", "\(target.processID)"])
        usleep(.random(in: 500..<80_000, using: &random))
        client.send(SIGKILL)
        try client.wait()
        try sendHalf()
        tally.killedClients += 1
        try discardStrays()
    }

    private func sendHalf() throws {
        let raw = try RawClient(instance.socket)
        let call = Call(method: "io.profilerd.Control.List", parameters: [:]).encoded()
        var descriptors = DescriptorList()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            descriptors.append(try OwnedDescriptor.open("/dev/null", for: .reading))
        }
        let half = call.prefix(.random(in: 1..<call.count, using: &random))
        try raw.send(Array(half), claiming: instance.user, with: descriptors)
    }

    /// Sessions that clients began who died before they could tell of them.
    func discardStrays() throws {
        let known = Set(live.map(\.identifier) + records.map(\.identifier))
        for (identifier, status) in try instance.sessions() where !known.contains(identifier) {
            if status.lifetime == .connection {
                try wait("the end of a session whose client died", seconds: 40) {
                    try instance.sessions()[identifier]?.state != .recording
                }
            }
            try instance.succeed(
                "stop", identifier, "--uid", "\(instance.user.uid)", "--discard")
        }
    }
}
