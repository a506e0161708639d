// The perf events of a session: their descriptors, and what the client declared about each. A
// record names its event by an identifier (PERF_EVENT_IOC_ID), which the kernel hands out in
// sequence; so the table is an array that begins at the smallest of them.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Recording

/// What the identifier in a record stands for.
struct EventIdentity {
    /// The index of the event's kind.
    let kind: UInt32
    /// The thread that the event was opened on. A thread born of it inherits the event, and its
    /// samples carry the same identifier.
    let threadID: Int32
}

/// The events of one session.
struct EventTable: ~Copyable {
    private(set) var descriptors = DescriptorList()
    private(set) var declarations: [EventDescriptor] = []
    /// The events' identifiers, in their order, as `identify` found them.
    private(set) var identifiers: [UInt64] = []
    private var identities: [EventIdentity?] = []
    private var sparse: [UInt64: EventIdentity] = [:]
    private var firstIdentifier: UInt64 = 0
    /// Whether no event was declared as the ring of two CPUs, as `identify` found.
    private(set) var hasDistinctRings = true
    /// Threads with events of their own that may also have inherited some.
    private(set) var lateThreads: Set<Int32> = []

    var count: Int { declarations.count }

    /// Rings of the session.
    var ringCount: Int { declarations.count { $0.ownsRing } }

    mutating func append(_ descriptor: consuming OwnedDescriptor, _ declaration: EventDescriptor) {
        descriptors.append(descriptor)
        declarations.append(declaration)
        if declaration.isLate { lateThreads.insert(declaration.tid) }
    }

    /// Asks the kernel for the identifier of each event.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    mutating func identify() throws(SystemCallError) {
        var found: [UInt64] = []
        for index in 0..<count {
            found.append(
                try descriptors.withDescriptor(at: index) {
                    descriptor throws(SystemCallError) in
                    try PerfEvent.identifier(of: descriptor)
                })
        }
        identifiers = found
        guard let first = found.min(), let last = found.max() else { return }
        let rings = zip(found, declarations).filter { $1.ownsRing }.map(\.0)
        hasDistinctRings = Set(rings).count == rings.count
        firstIdentifier = first
        let isDense = last - first < UInt64(16 * count + 1024)
        if isDense { identities = Array(repeating: nil, count: Int(last - first) + 1) }
        for (identifier, declaration) in zip(found, declarations) {
            let identity = EventIdentity(
                kind: UInt32(declaration.event), threadID: declaration.tid)
            if isDense {
                identities[Int(identifier - first)] = identity
            } else {
                sparse[identifier] = identity
            }
        }
    }

    /// What `identifier` stands for; nil where it is none of this session's.
    @inline(__always)
    borrowing func identity(of identifier: UInt64) -> EventIdentity? {
        let index = identifier &- firstIdentifier
        if index < UInt64(identities.count) { return identities[Int(index)] }
        return sparse.isEmpty ? nil : sparse[identifier]
    }

    /// A late thread has ended; its number may come to mean another.
    mutating func forgetLateThread(_ threadID: Int32) {
        lateThreads.remove(threadID)
    }

    /// Starts every event.
    ///
    /// - Throws: `SystemCallError` of `ioctl`.
    borrowing func enable() throws(SystemCallError) {
        for index in 0..<count {
            try descriptors.withDescriptor(at: index) { descriptor throws(SystemCallError) in
                try PerfEvent.enable(descriptor)
            }
        }
    }

    /// Records of each kind of event that found no room, of the events at `places`, as the kernel
    /// counts them. Nothing is known of an event whose opener did not ask the kernel to count.
    borrowing func lostCounts(ofEventsAt places: [Int]) -> [UInt32: UInt64] {
        var counts: [UInt32: UInt64] = [:]
        for place in places {
            let reading = descriptors.withDescriptor(at: place) { try? PerfEvent.reading(of: $0) }
            guard let reading = reading ?? nil else { continue }
            let kind = UInt32(declarations[place].event)
            counts[kind] = counts[kind, default: 0].addingSaturated(reading.lost)
        }
        return counts
    }

    /// What the kernel has counted as lost in all events; nil where it was not asked to.
    var lostCount: UInt64? {
        var sum: UInt64?
        for place in 0..<count {
            let reading = descriptors.withDescriptor(at: place) { try? PerfEvent.reading(of: $0) }
            guard let reading = reading ?? nil else { continue }
            sum = (sum ?? 0).addingSaturated(reading.lost)
        }
        return sum
    }

    /// Stops every event. One that cannot be stopped ends when it is closed.
    borrowing func disable() {
        for index in 0..<count {
            descriptors.withDescriptor(at: index) { try? PerfEvent.disable($0) }
        }
    }
}
