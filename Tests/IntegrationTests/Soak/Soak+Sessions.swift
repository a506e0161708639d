// Sessions that begin, are looked at, and end as their clients want.

import ControlProtocol
import Glibc
import Recording

/// A session of `profilerctl start`.
struct PlainSession {
    let identifier: String
    /// The daemon that it began under.
    let generation: Int
    /// It keeps two seconds and no more.
    var keepsLast = false
}

extension Soak {
    func beginAccounted() throws {
        if accounted.count >= Self.mostAccounted { try stopAccounted() }
        let session = try AccountedSession(instance, &random)
        try session.handOver(to: instance)
        accounted.append((session, generation))
        tally.sessions += 1
    }

    func begin() throws {
        if plain.count >= mostPlain { try stop() }
        let frequency = [49, 199, 999].randomElement(using: &random) ?? 199
        plain.append(try start(frequency, keepsLast: .random(using: &random)))
    }

    func start(_ frequency: Int, keepsLast: Bool = false) throws -> PlainSession {
        let arguments = ["start", "--pid", "\(target.processID)", "-F", "\(frequency)"]
        let output = try instance.succeed(arguments + (keepsLast ? ["--last", "2s"] : []))
        tally.sessions += 1
        if keepsLast { tally.flightRecorders += 1 }
        return PlainSession(
            identifier: String(output.dropLast()), generation: generation, keepsLast: keepsLast)
    }

    /// The sessions that must be there, with the daemon that they began under.
    var live: [(identifier: String, generation: Int)] {
        accounted.compactMap { item in item.session.identifier.map { ($0, item.generation) } }
            + plain.map { ($0.identifier, $0.generation) }
    }

    /// How often a session has been taken up that began under a daemon.
    func restarts(since generation: Int) -> ClosedRange<Int> {
        let restarts = self.generation - generation
        return restarts...(restarts + earlyKills.count { $0 >= generation })
    }

    /// Every session is there under its name, records, and counts its daemons.
    func expectAllGoOn() throws {
        try expectDaemon()
        let before = try instance.sessions()
        for (identifier, generation) in live {
            guard let status = before[identifier] else { throw Failure("\(identifier) has gone") }
            guard status.state == .recording else {
                throw Failure("\(identifier) has ended: \(status.error ?? "without an error")")
            }
            let restarts = restarts(since: generation)
            guard restarts.contains(status.restarts) else {
                throw Failure("\(identifier) has \(status.restarts) restarts, not \(restarts)")
            }
        }
        for (identifier, _) in live {
            try wait("a sample in \(identifier)", seconds: 20) {
                let now = try instance.sessions()[identifier]?.samples ?? 0
                return now > before[identifier]?.samples ?? 0
            }
        }
    }

    /// No daemon has come but those that the soak knows of.
    func expectDaemon() throws {
        let found = try instance.mainProcess()
        guard found == daemon else {
            throw Failure("the daemon is \(found), and nobody has ended \(daemon)")
        }
    }

    func fetch() throws {
        guard let (identifier, _) = live.randomElement(using: &random) else { return }
        let before = try instance.sessions()[identifier]?.samples ?? 0
        let path = instance.scratch.newPath("fetched") + ".recording"
        try instance.succeed(
            "fetch", identifier, "--uid", "\(instance.user.uid)", "--output", path)
        defer { unlink(path) }
        let recorded = try Recorded(path)
        let keepsLast = plain.contains { $0.identifier == identifier && $0.keepsLast }
        guard recorded.isSound, recorded.facts["session"] == identifier,
            keepsLast ? recorded.isOfSeconds : recorded.samples.count >= before
        else {
            throw Failure("\(identifier) was fetched with \(recorded.samples.count) of \(before)")
        }
        tally.fetches += 1
    }

    func stopAccounted() throws {
        guard !accounted.isEmpty else { return }
        let (session, generation) = accounted.remove(
            at: .random(in: accounted.indices, using: &random))
        try session.settle()
        let path = try take(session.identifier ?? "")
        try account(
            for: session, path, restarts: restarts(since: generation).upperBound, .stopped)
    }

    /// Accounts for an accounted session whose recording is at `path`, and removes that.
    func account(
        for session: AccountedSession, _ path: String?, restarts: Int,
        _ reason: Recording.EndReason?
    ) throws {
        let reader = try session.account(for: path, restarts: restarts, to: &tally)
        tally.cycles += 1
        guard let path else { return }
        unlink(path)
        guard reader?.isSealed == true, reason == nil || reader?.end?.reason == reason else {
            throw Failure(
                """
                \(session.identifier ?? "") is sealed: \(reader?.isSealed == true), and ended for \
                \(reader?.end?.reason.rawValue ?? 0), not \(reason?.rawValue ?? 0)
                """)
        }
    }

    func stop() throws {
        guard !plain.isEmpty else { return }
        let session = plain.remove(at: .random(in: plain.indices, using: &random))
        let before = try instance.sessions()[session.identifier]?.samples ?? 0
        let path = try take(session.identifier)
        try check(
            path, of: session.identifier, restarts: restarts(since: session.generation), .stopped,
            before: before, keepsLast: session.keepsLast)
    }

    /// Stops a session, and has its recording.
    func take(_ identifier: String) throws -> String {
        let path = instance.scratch.newPath("stopped") + ".recording"
        try instance.succeed(
            "stop", identifier, "--uid", "\(instance.user.uid)", "--output", path)
        return path
    }

    /// Looks at the recording of a session of profilerctl, and removes it.
    ///
    /// - Parameter reason: why it has ended; nil is for any reason.
    func check(
        _ path: String, of identifier: String, restarts: ClosedRange<Int>,
        _ reason: Recording.EndReason?, before: UInt64, keepsLast: Bool = false
    ) throws {
        let recorded = try Recorded(path)
        unlink(path)
        let gaps = recorded.gaps.count { $0.cause == .daemonRestarted }
        // What is forgotten is counted in the end all the same.
        let samples = keepsLast ? recorded.end?.samples ?? 0 : UInt64(recorded.samples.count)
        guard recorded.isSealed, recorded.isSound,
            reason == nil || recorded.end?.reason == reason,
            recorded.facts["session"] == identifier,
            restarts.contains(gaps) || keepsLast && gaps < restarts.lowerBound,
            samples >= before, !keepsLast || recorded.isOfSeconds
        else {
            throw Failure(
                """
                \(identifier): sealed \(recorded.isSealed), sound \(recorded.isSound), ended for \
                \(recorded.end?.reason.rawValue ?? 0), not \(reason?.rawValue ?? 0), \(gaps) gaps after \
                \(restarts) restarts, \(recorded.samples.count) samples of at least \(before)
                """)
        }
        tally.samples += UInt64(recorded.samples.count)
        tally.cycles += 1
    }

    func discard() throws {
        guard !plain.isEmpty else { return }
        let session = plain.remove(at: .random(in: plain.indices, using: &random))
        try instance.succeed(
            "stop", session.identifier, "--uid", "\(instance.user.uid)", "--discard")
        tally.cycles += 1
    }
}

extension Recorded {
    /// Whether it has no more time than one that keeps two seconds may have: half a second more, and what
    /// a daemon needs to come back and look.
    var isOfSeconds: Bool {
        let times = samples.map(\.time)
        return (times.max() ?? 0) - (times.min() ?? 0) < 8_000_000_000
    }
}
