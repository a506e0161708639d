// Hands an opened target over: Begin, as many Adds as its descriptors need, Commit. The client's
// mappings live until Commit has been answered, so that the rings' memory stays charged to this
// user (kernel-facts: perf_mmap charges who maps first). If anything fails before that, the end of
// the connection makes the daemon forget it all.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

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
        let step = ControlInterface.maximumDescriptorsPerMessage
        var start = 0
        while start < target.placements.count {
            let end = min(start + step, target.placements.count)
            var batch = DescriptorList()
            for index in start..<end {
                batch.append(try duplicate(index, of: target.descriptors))
            }
            let declarations = target.placements[start..<end].map { placement in
                DescriptorDeclaration.event(
                    EventDescriptor(
                        event: placement.event, cpu: placement.cpu, tid: placement.threadID,
                        ownsRing: placement.isRingOwner, isLate: placement.isLate))
            }
            try connection.add(
                AddRequest(transaction: transaction, descriptors: declarations), batch)
            start = end
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
