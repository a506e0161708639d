// A session for each of whose samples the soak can account. It keeps the events, which go on counting,
// and the rings, which stay mapped here while no daemon has them. What the kernel counted is then in
// the recording, or in the rings, or among the losses, over any number of daemons.

import Glibc
import PerfRing
import Recording
import Testing

final class AccountedSession {
    let program: Running
    let target: HandedTarget
    /// The daemon was told to begin it, and nobody knows whether it did.
    var isUncertain = false

    init(_ instance: InstalledInstance, _ random: inout SeededNumbers) throws {
        let threads = Int.random(in: 1...3, using: &random)
        let row = [20, 60, 200].randomElement(using: &random) ?? 20
        program = try instance.target("bursts", "\(threads)", "\(row)")
        var options = OpeningOptions()
        options.events = [try EventSelection(named: "page-faults")]
        options.dataPages = [1, 8, 32].randomElement(using: &random) ?? 8
        target = try HandedTarget(program.processID, options)
    }

    /// The session's name, once the daemon has given it one.
    var identifier: String? { target.transaction }

    func handOver(to instance: InstalledInstance) throws {
        isUncertain = true
        var client = try RawClient(instance.socket)
        _ = try target.handOver(to: &client, claiming: instance.user)
        isUncertain = false
    }

    /// Stops counting, with the program stopped before.
    func settle() throws {
        if !isSuspended { try program.suspend() }
        isSuspended = true
        try target.disable()
    }

    private var isSuspended = false

    /// Accounts for what the kernel counted.
    ///
    /// - Parameters:
    ///   - path: of the recording; nil where there is none.
    ///   - restarts: how many daemons may have taken it up.
    func account(
        for path: String?, restarts: Int, to tally: inout SoakTally
    ) throws -> RecordingReader? {
        let counted = try target.reading()
        guard let path else {
            // Nothing was ever drained.
            try add(counted, recorded: 0, inRings: unread(), daemon: 0, stops: 0, to: &tally)
            return nil
        }
        var reader = try RecordingReader(bytes: readFile(path))
        let account = try SampleAccount(&reader)
        try checkSound(reader)
        guard restarts > 0 || account.repeated == 0 else {
            throw Failure("\(account.repeated) samples are there twice, and no daemon had died")
        }
        tally.repeated += account.repeated
        tally.samples += reader.sampleCount
        // On a full disk the daemon has counted as lost all that was in the rings, and gives the last
        // of it no more back.
        let isFull = reader.end?.reason == .storageFull
        var inRings: UInt64 = 0
        if !isFull {
            for ring in target.rings { inRings += try account.unread(in: ring).alone }
        }
        let told = reader.end?.lost ?? 0
        let daemon = isFull ? told - min(told, counted.lost) : reader.losses.daemon
        if isFull || reader.end?.reason == .stopped, told != counted.lost + daemon {
            throw Failure("\(counted.lost) were lost in rings, and the recording says \(told)")
        }
        try add(
            counted, recorded: account.samples, inRings: inRings, daemon: daemon,
            // Of a session that the daemon itself stops, the program runs on.
            stops: isFull ? target.rings.count : 0, to: &tally)
        return reader
    }

    private func unread() throws -> UInt64 {
        try target.rings.reduce(0) { $0 + UInt64(try $1.unread().samples.count) }
    }

    private func add(
        _ counted: (value: UInt64, lost: UInt64), recorded: UInt64, inRings: UInt64,
        daemon: UInt64, stops: Int, to tally: inout SoakTally
    ) throws {
        let accounted = recorded + inRings + counted.lost + daemon
        tally.accounted += recorded
        tally.inRings += inRings
        tally.lost += counted.lost
        tally.lostOnFullDisks += daemon
        let missing = Int64(counted.value) - Int64(accounted)
        if missing > 0, missing <= stops {
            tally.atStops += UInt64(missing)
            return
        }
        tally.unaccounted += missing
        if missing != 0 {
            throw Failure(
                """
                \(missing) samples are unaccounted for: \(counted.value) were counted, \(recorded) \
                are recorded, \(inRings) in rings, \(counted.lost) lost in rings, \(daemon) by the \
                daemon
                """)
        }
    }
}

/// Throws where the recording is not whole or contradicts itself.
func checkSound(_ reader: RecordingReader) throws {
    guard !reader.isTruncated else { throw Failure("the recording is cut") }
    guard reader.isConsistent else {
        throw Failure(
            """
            the recording's end has \(reader.end?.samples ?? 0) samples and \(reader.end?.lost ?? 0) \
            lost, its entries \(reader.sampleCount) and \(reader.losses.lost)
            """)
    }
}
