#if os(Linux)
// From control bytes to owners. First every descriptor gets its owner, then it is decided what the
// message is: a message that is thrown away closes them by itself.

internal import CLinux
internal import SystemPackage

/// The ancillary data of one receive while it is being sorted.
struct ReceivedItems: ~Copyable {
    private var descriptors = DescriptorList()
    private var processDescriptor = ReceivedMessage.ProcessDescriptor.none
    private var credentials: Credentials?
    private var credentialsCount = 0
    private var securityLabel: [UInt8]?
    private var others: [AncillaryData] = []
    private var truncation = Truncation()
    private var slotCount = 0

    /// Takes over everything in `control`, which recvmsg(2) has written. What comes with most
    /// messages is decoded where it lies.
    init(in control: [UInt8]) {
        var cursor = ControlCursor(on: .linux)
        while let item = cursor.next(in: control[...]) {
            let data = control[item.data]
            switch (item.level, item.type) {
            case (AncillaryData.socketLevel, AncillaryData.rightsType): adopt(rights: data)
            case (AncillaryData.socketLevel, AncillaryData.credentialsType): add(credentials: data)
            default:
                add(AncillaryData(level: item.level, type: item.type, bytes: Array(data)))
            }
        }
    }

    /// The slots of a `SCM_RIGHTS` item, as many as are whole.
    private mutating func adopt(rights data: ArraySlice<UInt8>) {
        var cursor = ByteCursor(data)
        while let number = try? cursor.int32() { adopt(number) }
    }

    /// A cut `SCM_CREDENTIALS` item is no identity. The kernel says that it was cut (`MSG_CTRUNC`).
    private mutating func add(credentials data: ArraySlice<UInt8>) {
        credentialsCount += 1
        credentials = try? Credentials(decoding: data, as: .scmCredentials, on: .linux)
    }

    private mutating func add(_ item: AncillaryData) {
        if let number = item.processDescriptor {
            adopt(processDescriptor: number)
        } else if let label = item.securityLabel {
            securityLabel = label
        } else {
            others.append(item)
        }
    }

    /// One slot of `SCM_RIGHTS`. A negative one is an errno that the kernel put there, and nothing
    /// to close.
    private mutating func adopt(_ number: Int32) {
        if number >= 0 {
            descriptors.append(OwnedDescriptor(adopting: number))
        } else {
            truncation.missingDescriptors.append(
                Truncation.MissingDescriptor(index: slotCount, errno: Errno(rawValue: -number)))
        }
        slotCount += 1
    }

    /// The value of `SCM_PIDFD`; a negative one is an errno (scm_pidfd_recv).
    private mutating func adopt(processDescriptor number: Int32) {
        if number >= 0 {
            processDescriptor = .descriptor(OwnedDescriptor(adopting: number))
        } else {
            let errno = Errno(rawValue: -number)
            processDescriptor = .failed(errno)
            truncation.missingProcessDescriptor = errno
        }
    }

    /// Decides what was received.
    consuming func reception(
        _ call: UnixSocket.ReceiveResult, _ kind: SocketKind
    ) -> Reception {
        if isEnd(call, kind) { return .endOfStream }
        truncation.lostData = call.flags & CInt(MSG_TRUNC) != 0
        truncation.lostControl = call.flags & CInt(MSG_CTRUNC) != 0
        let truncation = self.truncation
        let message = ReceivedMessage(
            byteCount: call.byteCount, credentials: credentialsCount == 1 ? credentials : nil,
            descriptors: descriptors, processDescriptor: processDescriptor,
            securityLabel: securityLabel, others: others)
        return truncation == Truncation() ? .message(message) : .truncated(message, truncation)
    }

    /// Whether no bytes mean the end. On a stream always, whatever came along; on sequenced packets
    /// only if nothing came along, for a message of no bytes has its sender's credentials.
    private borrowing func isEnd(_ call: UnixSocket.ReceiveResult, _ kind: SocketKind) -> Bool {
        guard call.byteCount == 0 else { return false }
        switch kind {
        case .stream: return true
        case .datagram: return false
        case .sequencedPacket:
            let lost = CInt(MSG_TRUNC) | CInt(MSG_CTRUNC)
            return call.controlCount == 0 && call.flags & lost == 0
        }
    }
}
#endif
