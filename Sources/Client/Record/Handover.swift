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
        _ target: consuming OpenedTarget, over connection: inout ControlConnection
    ) throws(ClientError) -> String {
        guard target.identity.userID == connection.daemon.uid else {
            // The connection was made for this uid, so this is a mistake of ours.
            preconditionFailure("a daemon of another user than the target's")
        }
        let transaction = try connection.begin(plan.request(for: target, command: command))
        try addReferences(to: target, transaction, &connection)
        try addThreads(of: target, transaction, &connection)
        try addEvents(of: target, transaction, &connection)
        let session = try connection.commit(transaction)
        // Here, and not a moment before, the mappings go.
        _ = consume target
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

    private func addThreads(
        of target: borrowing OpenedTarget, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var rest = target.threads[...]
        while !rest.isEmpty {
            let threads = rest.prefix(Self.threadsPerMessage).map { thread in
                ControlProtocol.TargetThread(
                    tid: thread.threadID, name: command ?? thread.name)
            }
            rest = rest.dropFirst(Self.threadsPerMessage)
            try connection.add(
                AddRequest(transaction: transaction, descriptors: [], threads: threads),
                DescriptorList())
        }
    }

    private func addEvents(
        of target: borrowing OpenedTarget, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var step = ControlInterface.maximumDescriptorsPerMessage
        var start = 0
        while start < target.placements.count {
            let batch = start..<min(start + step, target.placements.count)
            do throws(ClientError) {
                try addEvents(batch, of: target, transaction, &connection)
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

    private func addEvents(
        _ batch: Range<Int>, of target: borrowing OpenedTarget, _ transaction: String,
        _ connection: inout ControlConnection
    ) throws(ClientError) {
        var descriptors = DescriptorList()
        for index in batch {
            descriptors.append(try duplicate(index, of: target.descriptors))
        }
        let declarations = target.placements[batch].map { placement in
            DescriptorDeclaration.event(
                EventDescriptor(
                    event: placement.event, cpu: placement.cpu, tid: placement.threadID,
                    ownsRing: placement.isRingOwner, isLate: placement.isLate))
        }
        try connection.add(
            AddRequest(transaction: transaction, descriptors: declarations), descriptors)
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
