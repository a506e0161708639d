// When every session has been taken, nothing of them is left: not in the daemon, not with the service
// manager, not on the disk.

import Glibc

extension Soak {
    func rest() throws {
        try finishRecords()
        try finishFloods()
        while !accounted.isEmpty { try stopAccounted() }
        while !plain.isEmpty { try stop() }
        try discardStrays()
        try expectDaemon()
        try wait("a daemon without sessions", seconds: 20) { try instance.sessions().isEmpty }
        try wait("an empty store of descriptors", seconds: 20) {
            try instance.property("NFileDescriptorStore") == "0"
        }
        let states = try ["ActiveState", "SubState", "Result"].map(instance.property)
        guard states == ["active", "running", "success"] else {
            throw Failure("the unit is \(states)")
        }
        try lookAtLeftovers()
        try lookAtFootprint()
        tally.rests += 1
    }

    /// A recording whose session nobody knows is one that a daemon had begun when it was killed: it
    /// is sealed, and can be read.
    private func lookAtLeftovers() throws {
        for name in entries(of: instance.state) {
            let path = "\(instance.state)/\(name)"
            // The daemon may have died before there was a header.
            if try readFile(path).prefix(8).allSatisfy({ $0 == 0 }) {
                unlink(path)
                continue
            }
            let recorded = try Recorded(path)
            guard recorded.isSealed, recorded.isSound else {
                throw Failure("\(name) was left, and not sealed")
            }
            unlink(path)
        }
    }

    /// What the daemon has is what it had after the warm-up.
    private func lookAtFootprint() throws {
        guard let before = footprint else {
            usleep(1_500_000)
            footprint = try Footprint(of: daemon)
            return
        }
        do {
            // One that was never in need of the journal has fewer.
            try wait("the \(before.descriptors) descriptors of a daemon at rest", seconds: 20) {
                try Footprint(of: daemon).descriptors <= before.descriptors
            }
        } catch {
            let numbers = entries(of: "/proc/\(daemon)/fd")
            throw Failure("\(error): \(numbers.map { linkTarget("/proc/\(daemon)/fd/\($0)") })")
        }
        let now = try Footprint(of: daemon)
        guard now.mappings <= before.mappings + 8, now.resident <= before.resident + 8192 else {
            throw Failure("at rest the daemon has \(now); after the warm-up it had \(before)")
        }
    }

    /// What the daemon has now.
    var rested: String { (try? Footprint(of: daemon)).map { "\($0)" } ?? "no daemon" }
}
