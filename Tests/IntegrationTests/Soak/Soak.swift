// Sessions, and trouble for them, in rounds. A round is a deck of steps in an order that the seed has
// decided. In its end every session is taken, and then nothing of them may be left anywhere.
//
// What is done is the seed's; when the kernel and the daemon do their part of it is the machine's. So a
// seed that found something finds it again, though not at once perhaps.

import Glibc
import PerfRing
import Testing

final class Soak {
    /// What one step does.
    enum Step: String {
        case beginAccounted, begin, record, look, fetch, stopAccounted, stop, discard
        case kill, killDuring, restart, flood, fillDisk, killClient
    }

    /// How often each step comes in a round with trouble.
    static let trouble: [(Step, Int)] = [
        (.beginAccounted, 5), (.begin, 3), (.record, 2), (.look, 2), (.fetch, 2),
        (.stopAccounted, 2), (.stop, 2), (.discard, 1), (.kill, 3), (.killDuring, 4),
        (.restart, 2), (.flood, 1), (.fillDisk, 1), (.killClient, 2),
    ]
    /// In every third round one daemon lives from its beginning to its end: what leaks adds up.
    static let calm: [(Step, Int)] = [
        (.beginAccounted, 4), (.begin, 4), (.record, 2), (.look, 1), (.fetch, 3),
        (.stopAccounted, 3), (.stop, 3), (.discard, 2), (.flood, 1), (.killClient, 3),
    ]
    /// Accounted sessions at a time. All sessions together are fewer than the 16 that the daemon takes.
    static let mostAccounted = 4
    /// Other detached sessions at a time.
    private(set) var mostPlain = 1

    let seed: UInt64
    let instance: InstalledInstance
    let disk: SoakDisk
    /// What the sessions of profilerctl look at.
    let target: Running
    var random: SeededNumbers
    var tally = SoakTally()
    var accounted: [(session: AccountedSession, generation: Int)] = []
    var plain: [PlainSession] = []
    var records: [ForegroundRecord] = []
    var floods: [Running] = []
    /// The daemon that should be there.
    var daemon: Int32 = 0
    /// How many daemons there have been.
    var generation = 0
    /// For each daemon that was killed before it was ready, how many there had been. It may have taken up
    /// some sessions.
    var earlyKills: [Int] = []
    /// How often the disk was filled.
    var fills = 0
    /// What a daemon without sessions has.
    var footprint: Footprint?
    private(set) var place = "before the first step"
    private var steps = 0

    init(of user: TestUser, seed: UInt64) throws {
        self.seed = seed
        random = SeededNumbers(state: seed)
        instance = try InstalledInstance(of: user)
        disk = try SoakDisk(at: instance.state)
        target = try instance.target("hot", "1")
    }

    /// Goes on for so long, and to the end of the round.
    func run(seconds: Double) throws {
        let begin = secondsOfClock()
        _ = try instance.sessions()
        daemon = try instance.mainProcess()
        mostPlain = try roomForSessions() - 5
        guard mostPlain > 0 else { throw Failure("the daemon may lock too little memory") }
        try warmUp()
        for round in 1... {
            let isCalm = round % 3 == 0
            try run(round, isCalm ? Self.calm : Self.trouble)
            let passed = Int(secondsOfClock() - begin)
            print("round \(round)\(isCalm ? ", calm," : "") done after \(passed) s; \(rested)")
            // The test's output goes to a pipe.
            fflush(nil)
            if secondsOfClock() - begin > seconds { return }
        }
    }

    private func run(_ round: Int, _ counts: [(Step, Int)]) throws {
        // Its own, so that what one round draws does not change the next.
        random = SeededNumbers(state: seed &+ UInt64(round) << 32)
        let deck = counts.flatMap { Array(repeating: $0.0, count: $0.1) }
        for step in deck.shuffled(using: &random) {
            steps += 1
            place = "step \(steps) (\(step.rawValue), in round \(round))"
            try perform(step)
            usleep(.random(in: 20_000..<400_000, using: &random))
        }
        place = "the rest after round \(round)"
        try rest()
    }

    /// How many sessions of profilerctl have all of their rings after a restart, when these are charged
    /// to the daemon: where there is less memory the next daemon maps smaller ones, which it cannot
    /// do of a ring that the soak still holds.
    private func roomForSessions() throws -> Int {
        let limits = try readText("/proc/\(daemon)/limits").split(separator: "\n")
        let words = limits.first { $0.hasPrefix("Max locked memory") }?.split(separator: " ")
        guard let bytes = words.flatMap({ Int($0[3]) }) else { return 8 }
        let ring = (1 + OpeningOptions.defaultDataPages) * 4096
        return min(bytes / (ring * sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8)
    }

    private func perform(_ step: Step) throws {
        switch step {
        case .beginAccounted: try beginAccounted()
        case .begin: try begin()
        case .record: try record()
        case .look: try expectAllGoOn()
        case .fetch: try fetch()
        case .stopAccounted: try stopAccounted()
        case .stop: try stop()
        case .discard: try discard()
        case .kill: try killDaemon()
        case .killDuring: try killDuringRequest()
        case .restart: try restart()
        case .flood: try flood()
        case .fillDisk: try fillDisk()
        case .killClient: try killClient()
        }
    }

    /// A daemon that has done everything once has what it will keep.
    private func warmUp() throws {
        try beginAccounted()
        try begin()
        try fetch()
        try flood()
        try record()
        try rest()
    }
}
