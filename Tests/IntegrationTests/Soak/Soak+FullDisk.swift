// A disk that is full, and is emptied again.

import ControlProtocol
import Glibc

extension Soak {
    /// Fills the disk until a session has ended for it. One that needs no room does not notice, and
    /// others begin anew after it.
    func fillDisk() throws {
        if accounted.isEmpty { try beginAccounted() }
        if plain.count >= mostPlain { try stop() }
        let quiet = try start(20)
        plain.append(quiet)
        try wait("a sample of the quiet session", seconds: 20) {
            try instance.sessions()[quiet.identifier]?.samples ?? 0 > 0
        }
        try disk.fill(in: instance.scratch)
        defer { disk.empty() }
        fills += 1
        try expectRefusal()
        let trouble = [Trouble.none, .kill, .restart].randomElement(using: &random) ?? .none
        try meet(trouble)
        try wait("the end of a session on a full disk", seconds: 60) {
            let now = try instance.sessions()
            return accounted.contains { now[$0.session.identifier ?? ""]?.state != .recording }
        }
        if trouble != .restart { try expectUnharmed(quiet) }
        disk.empty()
        try takeEnded()
        tally.fullDisks += 1
        try expectAllGoOn()
        try instance.succeed(
            "stop", start(199).identifier, "--uid", "\(instance.user.uid)", "--discard")
        tally.cycles += 1
    }

    /// A session cannot begin, and the client is told why.
    private func expectRefusal() throws {
        let refused = try instance.client("start", "--pid", "\(target.processID)")
        guard refused.ending == .exited(1), refused.errors.contains("ENOSPC") else {
            throw Failure("start on a full disk: \(refused.ending) \(refused.errors)")
        }
    }

    /// What happens to the daemon while the disk is full.
    private enum Trouble { case none, kill, restart }

    private func meet(_ trouble: Trouble) throws {
        usleep(.random(in: 1_000..<500_000, using: &random))
        switch trouble {
        case .none: return
        case .kill:
            Glibc.kill(daemon, SIGKILL)
            tally.kills += 1
        case .restart:
            // Recordings give back what they have in reserve, and somebody else takes it.
            try instance.manage("restart")
            tally.restarts += 1
        }
        daemon = try instance.awaitDaemon(after: daemon)
        generation += 1
    }

    private func expectUnharmed(_ quiet: PlainSession) throws {
        let before = try instance.sessions()[quiet.identifier]
        guard before?.state == .recording else {
            throw Failure("a session that needs no room ended: \(before?.error ?? "")")
        }
        try wait("samples of a session that needs no room", seconds: 20) {
            let now = try instance.sessions()[quiet.identifier]
            return now?.samples ?? 0 > before?.samples ?? 0
        }
    }

    /// Takes the sessions that have ended: sealed, with what they have, and with the limit's name.
    private func takeEnded() throws {
        let now = try instance.sessions()
        func hasEnded(_ identifier: String?) throws -> Bool {
            guard let identifier, let status = now[identifier] else {
                throw Failure("\(identifier ?? "") has gone on a full disk")
            }
            if status.state == .recording { return false }
            guard status.endReason == .failed, status.error?.contains("ENOSPC") == true else {
                throw Failure("\(identifier) ended on a full disk: \(status.error ?? "")")
            }
            return true
        }
        for (session, generation) in accounted where try hasEnded(session.identifier) {
            try session.settle()
            let path = try takeFailed(session.identifier ?? "")
            try account(
                for: session, path, restarts: restarts(since: generation).upperBound, nil)
        }
        accounted = accounted.filter { now[$0.session.identifier ?? ""]?.state == .recording }
        for session in plain where try hasEnded(session.identifier) {
            let path = try takeFailed(session.identifier)
            try check(
                path, of: session.identifier,
                restarts: 0...restarts(since: session.generation).upperBound,
                nil, before: now[session.identifier]?.samples ?? 0, keepsLast: session.keepsLast)
        }
        plain = plain.filter { now[$0.identifier]?.state == .recording }
    }

    private func takeFailed(_ identifier: String) throws -> String {
        let path = instance.scratch.newPath("full") + ".recording"
        let client = try instance.client(
            "stop", identifier, "--uid", "\(instance.user.uid)", "--output", path)
        guard client.ending == .exited(1), client.errors.contains("ENOSPC"), fileExists(path) else {
            throw Failure("stop after a full disk: \(client.ending) \(client.errors)")
        }
        return path
    }
}
