// What the client has in its hands before it sends anything: every descriptor of one target and
// what each of them is. The rings stay mapped here until the daemon has mapped them too, so that
// their memory is charged to this user and not to the daemon's.

public import LinuxSystem

/// A process whose events are open, disabled, and joined into one ring a CPU.
public struct OpenedTarget: ~Copyable {
    public let identity: TargetIdentity
    /// The process, for good.
    public let pidfd: ProcessDescriptor
    /// `/proc/PID/maps`, opened by this user; it reads the mappings as they are when it is read.
    public let maps: OwnedDescriptor
    /// The process's threads, the first one first.
    public let threads: [TargetThread]
    /// Its perf events.
    public let sampling: OpenedSampling

    init(
        process: consuming TargetProcess, maps: consuming OwnedDescriptor, plan: EventPlan,
        opened: consuming OpenedEvents
    ) {
        identity = process.identity
        pidfd = process.pidfd
        self.maps = maps
        threads = opened.threads
        sampling = OpenedSampling(plan, opened)
    }

    public var events: [OpenedEvent] { sampling.events }
    public var descriptors: DescriptorList { _read { yield sampling.descriptors } }
    public var placements: [EventPlacement] { sampling.placements }
    public var dataPages: Int { sampling.dataPages }
    public var notes: [OpeningNote] { sampling.notes }
}

/// The perf events of a target, disabled, and their rings, mapped.
public struct OpenedSampling: ~Copyable {
    /// The events as they were opened, which may be less than was asked for: see `notes`.
    public let events: [OpenedEvent]
    /// The perf events, in the order of `placements`.
    public let descriptors: DescriptorList
    /// What each of `descriptors` is.
    public let placements: [EventPlacement]
    /// Data pages of each ring.
    public let dataPages: Int
    /// What is not as it was asked for, for the user to read.
    public let notes: [OpeningNote]
    private let rings: [MappedRing]

    init(_ plan: EventPlan, _ opened: consuming OpenedEvents) {
        events = plan.events
        placements = opened.placements
        dataPages = plan.dataPages
        notes = plan.notes
        rings = opened.rings
        descriptors = opened.descriptors
    }
}
