// What a soak came to, as the table that it ends with.

/// Counts of everything that was done and seen.
struct SoakTally {
    var kills = 0
    var restarts = 0
    /// Sessions that began.
    var sessions = 0
    /// Of those, sessions that keep their last time alone.
    var flightRecorders = 0
    /// Sessions that were taken, discarded, or found where they had been left.
    var cycles = 0
    var fetches = 0
    var floods = 0
    /// Full disks that ended a session.
    var fullDisks = 0
    /// Clients killed somewhere in what they did, and halves of messages.
    var killedClients = 0
    /// Times that nothing was left, and everything was looked at.
    var rests = 0

    /// Samples in all recordings that were looked at.
    var samples: UInt64 = 0
    /// Of those, samples of the sessions that are accounted for.
    var accounted: UInt64 = 0
    /// What the kernel counted as lost in them.
    var lost: UInt64 = 0
    /// What was drained and found no room on a full disk.
    var lostOnFullDisks: UInt64 = 0
    var inRings: UInt64 = 0
    /// Recorded a second time from a ring that outlived the daemon.
    var repeated: UInt64 = 0
    /// Events in the very moment of which the daemon stopped the session.
    var atStops: UInt64 = 0
    /// What the kernel counted and nobody has; must be 0.
    var unaccounted: Int64 = 0

    /// - Parameter minutes: as they were asked for.
    func table(seed: UInt64, minutes: Double, seconds: Double) -> String {
        let rows: [(String, String)] = [
            ("kills survived", "\(kills)"), ("restarts", "\(restarts)"),
            ("sessions", "\(sessions)"), ("  of them flight recorders", "\(flightRecorders)"),
            ("cycles (attach, stop)", "\(cycles)"),
            ("fetches", "\(fetches)"), ("floods", "\(floods)"), ("full disks", "\(fullDisks)"),
            ("clients killed", "\(killedClients)"), ("times at rest", "\(rests)"),
            ("samples recorded", "\(samples)"), ("  of them accounted for", "\(accounted)"),
            ("lost in full rings", "\(lost)"), ("lost on full disks", "\(lostOnFullDisks)"),
            ("still in rings", "\(inRings)"), ("repeated, counted once", "\(repeated)"),
            ("in the moment of a stop", "\(atStops)"), ("unaccounted", "\(unaccounted)"),
        ]
        let lines = rows.map { name, value in
            let width = 40 - name.count - value.count
            return name + String(repeating: " ", count: max(width, 1)) + value
        }
        return "seed \(seed), \(minutes) minutes, \(Int(seconds)) seconds in the end\n"
            + lines.joined(separator: "\n")
    }

    /// What did not happen often enough for the soak to have shown anything.
    var missing: [String] {
        let least = [
            ("kills", kills, 5), ("restarts", restarts, 2), ("sessions", sessions, 10),
            ("flight recorders", flightRecorders, 1), ("cycles", cycles, 10),
            ("fetches", fetches, 1), ("floods", floods, 1),
            ("full disks", fullDisks, 1), ("killed clients", killedClients, 1),
            ("rests", rests, 1),
        ]
        return least.filter { $0.1 < $0.2 }.map { "only \($0.1) \($0.0), not \($0.2)" }
            + (accounted == 0 ? ["no sample was accounted for"] : [])
    }
}
