// A session that is being handed over. It belongs to one connection and ends with it; whatever it
// has received is closed when it goes, so that a client that goes away leaves nothing behind.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

/// Collects the descriptors of a session until its commit.
final class Transaction {
    let identifier: String
    /// The connection that it belongs to.
    let owner: UInt64
    let request: BeginRequest
    var events = EventTable()
    var pidfd: OwnedDescriptor?
    private(set) var members = TargetMembers()
    /// Of a target that is a cgroup.
    var cgroupEvents: OwnedDescriptor?
    private(set) var threads: [ControlProtocol.TargetThread] = []

    init(identifier: String, owner: UInt64, request: BeginRequest) {
        self.identifier = identifier
        self.owner = owner
        self.request = request
    }

    /// Bytes of all rings after `rings` more.
    func ringMemory(adding rings: Int) -> UInt64 {
        let pages = UInt64(request.ringPages + 1)
        return UInt64(events.ringCount + rings) * pages * UInt64(Self.pageSize)
    }

    /// The kernel counts rings in pages; those of the machines that we support.
    static let pageSize = 4096

    /// Takes the descriptors of one message.
    ///
    /// - Throws: `ControlError.descriptorRefused`; all of the message's descriptors are closed,
    ///   and the transaction cannot go on.
    func add(_ request: AddRequest, _ received: consuming DescriptorList) throws(ControlError) {
        guard received.count == request.descriptors.count else {
            throw .descriptorRefused(
                index: -1,
                reason: """
                    The call declares \(request.descriptors.count) descriptors, and \
                    \(received.count) came with it.
                    """)
        }
        for (index, declaration) in request.descriptors.enumerated() {
            guard let descriptor = received.takeFirst() else { break }
            try add(declaration, descriptor, at: index)
        }
        for thread in request.threads where (thread.pid == nil) != isOfProcess {
            throw .descriptorRefused(
                index: -1, reason: "The thread \(thread.tid) has the pid of another kind of target."
            )
        }
        threads += request.threads
    }

    /// The mappings that were handed over; they are not here any more.
    func takeMembers() -> TargetMembers {
        var taken = TargetMembers()
        swap(&taken, &members)
        return taken
    }

    private var isOfProcess: Bool { request.target.pid != nil }

    private func add(
        _ declaration: DescriptorDeclaration, _ descriptor: consuming OwnedDescriptor, at index: Int
    ) throws(ControlError) {
        // Nothing is done with it but to look at our own table of descriptors: a file that its
        // sender serves could keep us waiting, or let something happen.
        let kind = (try? descriptor.kindLink()) ?? "unknown"
        if descriptor.isPath() { throw refusal(index, "an open file", "O_PATH of \(kind)") }
        switch declaration {
        case .event(let event):
            guard kind == "anon_inode:[perf_event]" else {
                throw refusal(index, "a perf event", kind)
            }
            guard request.events.indices.contains(event.event), event.cpu >= 0,
                isOfProcess ? event.tid > 0 : event.tid == 0
            else {
                throw .descriptorRefused(
                    index: index, reason: "Its event, cpu or tid is out of range.")
            }
            events.append(descriptor, event)
        case .pidfd:
            guard kind == "anon_inode:[pidfd]" || kind.hasPrefix("pidfd:"), pidfd == nil,
                isOfProcess
            else {
                throw refusal(index, "the target's only pidfd", kind)
            }
            pidfd = consume descriptor
        case .maps:
            guard ProcessMaps.isMaps(descriptor), members.count == 0, let pid = request.target.pid
            else {
                throw refusal(index, "the target's only /proc/PID/maps", kind)
            }
            members.append(descriptor, of: pid)
        case .mapsOf(let pid):
            guard ProcessMaps.isMaps(descriptor), !isOfProcess, pid > 0 else {
                throw refusal(index, "the /proc/PID/maps of a process in a cgroup", kind)
            }
            members.append(descriptor, of: pid)
        case .cgroupEvents:
            guard ControlGroupEvents.isEvents(descriptor), cgroupEvents == nil, !isOfProcess else {
                throw refusal(index, "the target's only cgroup.events", kind)
            }
            cgroupEvents = consume descriptor
        }
    }

    private func refusal(_ index: Int, _ wanted: String, _ kind: String) -> ControlError {
        .descriptorRefused(index: index, reason: "It is not \(wanted) but \(kind.prefix(64)).")
    }
}
