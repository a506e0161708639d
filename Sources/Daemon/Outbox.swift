// What waits to be sent to one peer, in its order.

internal import LinuxSystem

final class Outbox {
    /// The bytes of one reply, and the descriptor that rides with it.
    private struct Output {
        var bytes: ArraySlice<UInt8>
        var descriptors: SharedDescriptors?
        /// Called once the reply has gone, or never.
        var delivered: (() -> Void)?
    }

    /// Descriptors of a queued reply; a class because arrays cannot hold them.
    private final class SharedDescriptors {
        let list: DescriptorList
        init(_ list: consuming DescriptorList) { self.list = list }
    }

    private var output: [Output] = []
    /// How many at the start of `output` have been sent and not been removed yet.
    private var sentCount = 0
    /// Bytes that wait.
    private(set) var size = 0
    /// Replies with a descriptor that wait: the descriptors are ours until then.
    private(set) var descriptorCount = 0
    /// Bytes sent so far.
    private(set) var sentSize: UInt64 = 0

    var isEmpty: Bool { sentCount == output.count }

    func append(
        _ bytes: [UInt8], _ descriptors: consuming DescriptorList, delivered: (() -> Void)?
    ) {
        let shared = descriptors.isEmpty ? nil : SharedDescriptors(descriptors)
        size += bytes.count
        descriptorCount += shared == nil ? 0 : 1
        output.append(Output(bytes: bytes[...], descriptors: shared, delivered: delivered))
    }

    /// Sends what the socket takes.
    func flush(to socket: borrowing UnixSocket) throws(SendError) {
        while !isEmpty {
            var next = output[sentCount]
            let count: Int?
            if let descriptors = next.descriptors {
                count = try socket.send(next.bytes, with: descriptors.list)
            } else {
                count = try socket.send(next.bytes)
            }
            guard let count else { return }
            if next.descriptors != nil { descriptorCount -= 1 }
            next.descriptors = nil
            next.bytes = next.bytes.dropFirst(count)
            size -= count
            sentSize += UInt64(count)
            output[sentCount] = next
            if next.bytes.isEmpty {
                removeSent()
                // May add something, or remove everything.
                next.delivered?()
            }
        }
    }

    /// One reply more has gone. Half of the queue is removed at a time, so that a long one does
    /// not move at each.
    private func removeSent() {
        output[sentCount] = Output(bytes: [])
        sentCount += 1
        if sentCount * 2 < output.count { return }
        output.removeFirst(sentCount)
        sentCount = 0
    }

    func removeAll() {
        output = []
        sentCount = 0
        size = 0
        descriptorCount = 0
    }
}
