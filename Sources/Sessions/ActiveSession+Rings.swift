// The rings of a session: one a CPU, to which all events of the CPU write.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

extension ActiveSession {
    /// - Parameter mayShrink: a ring is made smaller where this user may not lock more memory. One
    ///   that is mapped already has its size.
    static func mapRings(
        of events: borrowing EventTable, pages: Int, mayShrink: Bool
    ) throws(ControlError) -> [RingDrain] {
        var places: [Int32: [Int]] = [:]
        for (place, event) in events.declarations.enumerated() {
            places[event.cpu, default: []].append(place)
        }
        var rings: [RingDrain] = []
        for (place, event) in events.declarations.enumerated() where event.ownsRing {
            guard let group = places.removeValue(forKey: event.cpu) else {
                throw .attachFailed(reason: "CPU \(event.cpu) has more than one ring.")
            }
            let others = group.filter { $0 != place }
            let ring = try mapRing(of: events, at: place, pages, mayShrink: mayShrink)
            try direct(others, to: place, of: events)
            rings.append(
                RingDrain(ring: ring, cpu: UInt32(event.cpu), events: [place] + others))
        }
        if let cpu = places.keys.min() {
            throw .attachFailed(reason: "CPU \(cpu) has events and no ring.")
        }
        if rings.isEmpty { throw .attachFailed(reason: "The session has no events.") }
        return rings
    }

    private static func mapRing(
        of events: borrowing EventTable, at place: Int, _ pages: Int, mayShrink: Bool
    ) throws(ControlError) -> Ring {
        do throws(RingError) {
            return try events.descriptors.withDescriptor(at: place) {
                descriptor throws(RingError) in
                try Ring(mapping: descriptor, dataPages: pages)
            }
        } catch {
            // Nobody has mapped it first for us: it is charged to this user (perf_event_mlock_kb,
            // RLIMIT_MEMLOCK), and a smaller one is better than none.
            if mayShrink, pages > 1, case .system(let error) = error, error.errno == .notPermitted {
                return try mapRing(of: events, at: place, pages / 2, mayShrink: true)
            }
            throw .attachFailed(
                reason: """
                    The ring of CPU \(events.declarations[place].cpu) could not be mapped: \
                    \(error.sentence(pages: pages))
                    """)
        }
    }

    /// Has the events write to the ring of their CPU. The client has done that, as it declares, and
    /// most are only asked whether they write anywhere: to direct one again would cost a grace
    /// period of the kernel. One that does not may be that of a thread that has ended.
    private static func direct(
        _ others: [Int], to owner: Int, of events: borrowing EventTable
    ) throws(ControlError) {
        for place in others {
            do throws(SystemCallError) {
                try events.descriptors.withDescriptor(at: place) {
                    event throws(SystemCallError) in
                    if try PerfEvent.isAttached(event) { return }
                    try events.descriptors.withDescriptor(at: owner) {
                        owner throws(SystemCallError) in
                        try PerfEvent.setOutput(event, to: owner)
                    }
                }
            } catch {
                let event = events.declarations[place]
                throw .attachFailed(
                    reason: """
                        The event of thread \(event.tid) does not write to the ring of CPU \
                        \(event.cpu), and could not be directed there: \(error).
                        """)
            }
        }
    }
}
