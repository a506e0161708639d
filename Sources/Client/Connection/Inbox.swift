// What has arrived on a connection and was not asked for yet: complete frames and their
// descriptors, in their order.

internal import LinuxSystem
internal import SocketCredentials
internal import Varlink

/// A frame as it arrived.
struct ArrivedFrame: ~Copyable {
    let bytes: [UInt8]
    let credentials: Credentials?
    var descriptors: DescriptorList
}

/// The frames that have arrived.
struct Inbox: ~Copyable {
    private struct Entry {
        let bytes: [UInt8]
        let credentials: Credentials?
        let descriptorCount: Int
    }

    private var assembler: FrameAssembler
    private var entries: [Entry] = []
    private var descriptors = DescriptorList()

    /// - Parameter limit: the longest frame in bytes.
    init(limit: Int) { assembler = FrameAssembler(limit: limit) }

    /// Adds what one recvmsg(2) delivered.
    ///
    /// - Throws: `FrameViolation`; frames in front of it are lost, too.
    mutating func add(
        _ chunk: [UInt8], _ reception: consuming Reception
    ) throws(FrameViolation) -> StreamState {
        var arrived: [Entry] = []
        var arrivedDescriptors = DescriptorList()
        let state = try assembler.add(chunk[...], reception) { frame in
            var frame = frame
            arrived.append(
                Entry(
                    bytes: frame.bytes, credentials: frame.credentials,
                    descriptorCount: frame.descriptors.count))
            while let descriptor = frame.descriptors.takeFirst() {
                arrivedDescriptors.append(descriptor)
            }
        }
        entries += arrived
        descriptors.append(contentsOf: arrivedDescriptors)
        return state
    }

    /// Takes the first frame out.
    mutating func takeFirst() -> ArrivedFrame? {
        if entries.isEmpty { return nil }
        let entry = entries.removeFirst()
        var taken = DescriptorList()
        for _ in 0..<entry.descriptorCount {
            if let descriptor = descriptors.takeFirst() { taken.append(descriptor) }
        }
        return ArrivedFrame(
            bytes: entry.bytes, credentials: entry.credentials, descriptors: taken)
    }
}
