// The events of a target as they come: each CPU's first one owns the CPU's ring, the others write
// into it. An event enters only when its thread was seen alive after it was opened, so an owner
// is never an event of a thread that was missed.

internal import LinuxSystem
internal import SystemPackage

/// What one of the target's descriptors is.
public struct EventPlacement: Hashable, Sendable {
    /// The index of the event in `OpenedTarget.events`.
    public let event: Int
    public let cpu: Int32
    public let threadID: Int32
    /// The CPU's ring is mapped through this descriptor.
    public let isRingOwner: Bool
    /// As `TargetThread.isLate`.
    public let isLate: Bool
}

/// A mapping that several hold.
final class MappedRing {
    let mapping: Mapping

    init(_ mapping: consuming Mapping) { self.mapping = mapping }
}

/// The events that are open so far.
struct OpenedEvents: ~Copyable {
    var descriptors = DescriptorList()
    private(set) var placements: [EventPlacement] = []
    private(set) var threads: [TargetThread] = []
    private(set) var rings: [MappedRing] = []
    private let dataPages: Int
    /// The index of each CPU's ring owner in `descriptors`.
    private var owners: [Int32: Int] = [:]

    init(dataPages: Int) { self.dataPages = dataPages }

    /// Takes in the events of one thread: `batch`, of which `places` has event and CPU.
    mutating func add(
        _ thread: TargetThread, _ batch: consuming DescriptorList,
        _ places: [(event: Int, cpu: Int32)]
    ) throws(OpeningError) {
        threads.append(thread)
        try add(batch, places, threadID: thread.threadID, isLate: thread.isLate)
    }

    /// Takes in events of a thread, or of no thread, which is 0.
    mutating func add(
        _ batch: consuming DescriptorList, _ places: [(event: Int, cpu: Int32)], threadID: Int32,
        isLate: Bool = false
    ) throws(OpeningError) {
        for place in places {
            guard let descriptor = batch.takeFirst() else { return }
            let owner = owners[place.cpu]
            if let owner {
                try join(descriptor, to: owner)
            } else {
                rings.append(try map(descriptor))
                owners[place.cpu] = descriptors.count
            }
            descriptors.append(descriptor)
            placements.append(
                EventPlacement(
                    event: place.event, cpu: place.cpu, threadID: threadID,
                    isRingOwner: owner == nil, isLate: isLate))
        }
    }

    private func join(
        _ descriptor: borrowing OwnedDescriptor, to owner: Int
    ) throws(OpeningError) {
        do {
            try descriptors.withDescriptor(at: owner) { owner throws(SystemCallError) in
                try PerfEvent.setOutput(descriptor, to: owner)
            }
        } catch {
            throw OpeningError(error)
        }
    }

    private func map(_ descriptor: borrowing OwnedDescriptor) throws(OpeningError) -> MappedRing {
        do {
            return MappedRing(try Mapping(descriptor, count: (1 + dataPages) * systemPageSize))
        } catch {
            guard error.errno == .notPermitted else { throw OpeningError(error) }
            throw .ringMemory(
                dataPages: dataPages, limitKilobytes: KernelSettings.mlockKilobytes())
        }
    }
}
