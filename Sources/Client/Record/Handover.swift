// Hands an opened target over: Begin, as many Adds as its descriptors need, Commit. The client's
// mappings live until Commit has been answered, so that the rings' memory stays charged to this
// user (kernel-facts: perf_mmap charges who maps first). If anything fails before that, the end of
// the connection makes the daemon forget it all.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Policy

/// Hands targets over to a daemon.
struct Handover {
    let plan: RecordingPlan
    /// The name that the target will have after its execve(2); nil is the one it has.
    let command: String?

    /// With names of 15 bytes, each perhaps escaped, the frame stays below its limit.
    private static let threadsPerMessage = 128

    /// Hands the target over and lets go of it.
    ///
    /// - Returns: the session, which records.
    func perform(
        _ subject: consuming OpenedSubject, over connection: inout ControlConnection
    ) throws(ClientError) -> String {
        guard subject.owner.uid == connection.daemon.uid else {
            // The connection was made for this uid, so this is a mistake of ours.
            preconditionFailure("a daemon of another user than the target's")
        }
        let transaction = try connection.begin(plan.request(for: subject, command: command))
        switch subject {
        case .process(let target): try addReferences(to: target, transaction, &connection)
        case .group(let group): try addReferences(to: group.cgroup, transaction, &connection)
        }
        try addThreads(subject.threads(command: command), transaction, &connection)
        try addEvents(of: subject.sampling, transaction, &connection)
        let session = try connection.commit(transaction)
        // Here, and not a moment before, the mappings go.
        _ = consume subject
        return session
    }

    /// The pidfd, and the mappings unless execve(2) is going to replace them.
    private func addReferences(
        to target: borrowing OpenedTarget, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var descriptors = DescriptorList()
        var declarations = [DescriptorDeclaration.pidfd]
        descriptors.append(
            try system { () throws(SystemCallError) in
                try target.pidfd.descriptor.duplicate()
            })
        if !plan.opening.enablesOnExec {
            declarations.append(.maps)
            descriptors.append(
                try system { () throws(SystemCallError) in try target.maps.duplicate() })
        }
        try connection.add(
            AddRequest(transaction: transaction, descriptors: declarations), descriptors)
    }

    /// What tells of the cgroup's end, and the mappings of its processes.
    private func addReferences(
        to cgroup: borrowing OpenedCgroup, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var state = DescriptorList()
        state.append(
            try system { () throws(SystemCallError) in try cgroup.state.duplicate() })
        try connection.add(
            AddRequest(transaction: transaction, descriptors: [.cgroupEvents]), state)
        try inBatches(of: cgroup.mapped.count) { batch throws(ClientError) in
            var descriptors = DescriptorList()
            for index in batch {
                descriptors.append(try duplicate(index, of: cgroup.maps))
            }
            let declarations = cgroup.mapped[batch].map(DescriptorDeclaration.mapsOf)
            try connection.add(
                AddRequest(transaction: transaction, descriptors: declarations), descriptors)
        }
    }

    private func addThreads(
        _ threads: [ControlProtocol.TargetThread], _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var rest = threads[...]
        while !rest.isEmpty {
            let threads = Array(rest.prefix(Self.threadsPerMessage))
            rest = rest.dropFirst(Self.threadsPerMessage)
            try connection.add(
                AddRequest(transaction: transaction, descriptors: [], threads: threads),
                DescriptorList())
        }
    }

    private func addEvents(
        of sampling: borrowing OpenedSampling, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        try inBatches(of: sampling.placements.count) { batch throws(ClientError) in
            var descriptors = DescriptorList()
            for index in batch {
                descriptors.append(try duplicate(index, of: sampling.descriptors))
            }
            let declarations = sampling.placements[batch].map { placement in
                DescriptorDeclaration.event(
                    EventDescriptor(
                        event: placement.event, cpu: placement.cpu, tid: placement.threadID,
                        ownsRing: placement.isRingOwner, isLate: placement.isLate))
            }
            try connection.add(
                AddRequest(transaction: transaction, descriptors: declarations), descriptors)
        }
    }

    /// Sends `count` descriptors in messages of as many as the daemon takes.
    private func inBatches(
        of count: Int, _ send: (Range<Int>) throws(ClientError) -> Void
    ) throws(ClientError) {
        var step = ControlInterface.maximumDescriptorsPerMessage
        var start = 0
        while start < count {
            let batch = start..<min(start + step, count)
            do throws(ClientError) {
                try send(batch)
                start = batch.upperBound
            } catch {
                // The daemon may take fewer at a time; then nothing of the message was taken.
                guard let fewer = error.messageLimit, fewer > 0, fewer < batch.count else {
                    throw error
                }
                step = fewer
            }
        }
    }

    private func duplicate(
        _ index: Int, of descriptors: borrowing DescriptorList
    ) throws(ClientError) -> OwnedDescriptor {
        try system { () throws(SystemCallError) in
            try descriptors.withDescriptor(at: index) { descriptor throws(SystemCallError) in
                try descriptor.duplicate()
            }
        }
    }
}

extension ClientError {
    /// How many descriptors a message may have, where one had too many for the daemon.
    fileprivate var messageLimit: Int? {
        guard case .limitExceeded(let limit, _, let maximum, _)? = refusal,
            limit == RuleName.messageLimit.rawValue
        else { return nil }
        return Int(clamping: maximum)
    }
}
