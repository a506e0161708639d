import Glibc
import LinuxSystem
import SocketCredentials
import Synchronization

@testable import Client

/// What a scripted peer does when a call has arrived.
struct PeerStep: Sendable {
    /// What it sends, each part with its sender's uid; nil is the own.
    var parts: [(bytes: [UInt8], uid: UInt32?)] = []
    /// How many descriptors (of /dev/null) go with the first part.
    var descriptors = 0
    /// It closes the connection then.
    var closes = false

    static func reply(_ json: String, uid: UInt32? = nil, descriptors: Int = 0) -> PeerStep {
        PeerStep(parts: [(Array(json.utf8) + [0], uid)], descriptors: descriptors)
    }

    /// A proper answer to GetInfo.
    static func info(uid: UInt32? = nil) -> PeerStep {
        reply(
            #"{"parameters":{"vendor":"","product":"profilerd","version":"1","url":"","#
                + #""interfaces":["org.varlink.service","io.profilerd.Control"]}}"#, uid: uid)
    }

    static let silence = PeerStep()
    static let close = PeerStep(closes: true)
}

/// What a scripted peer has received: the call's text, its descriptors, whom it claimed to be from.
struct PeerRecord: Sendable {
    var text: String
    var descriptors: Int
    var uid: UInt32?
}

/// A listening socket that answers one connection by a script, on a thread of its own.
final class ScriptedPeer {
    let directory = TemporaryDirectory()
    let instance: DaemonInstance
    private let thread: BackgroundThread
    private let record = Record()

    init(_ steps: [PeerStep], expecting uid: UInt32 = getuid()) throws {
        let path = "\(directory.path)/control.sock"
        instance = DaemonInstance(path: path, uid: uid)
        let listener = ListenerBox(try UnixSocket.listening(at: path))
        // Root reaches it with that user's rights.
        if uid != getuid() { chown(path, uid, uid) }
        thread = BackgroundThread { [record] in
            let served = Self.serve(listener, steps)
            record.received.withLock { $0 = served }
        }
    }

    /// What was received, when the client has gone.
    func received() -> [PeerRecord] {
        thread.join()
        return record.received.withLock { $0 }
    }

    private final class Record: Sendable {
        let received = Mutex<[PeerRecord]>([])
    }

    private static func serve(_ listener: ListenerBox, _ steps: [PeerStep]) -> [PeerRecord] {
        var records: [PeerRecord] = []
        guard let socket = try? listener.socket.accept() else { return records }
        for step in steps {
            guard let record = receiveFrame(socket) else { return records }
            records.append(record)
            play(step, socket)
            if step.closes { return records }
        }
        while let record = receiveFrame(socket) { records.append(record) }
        return records
    }

    private static func receiveFrame(_ socket: borrowing UnixSocket) -> PeerRecord? {
        var bytes: [UInt8] = []
        var record = PeerRecord(text: "", descriptors: 0)
        while bytes.last != 0 {
            var set = WaitSet()
            set.add(socket.descriptor, for: .reading)
            _ = try? set.wait(until: Deadline(after: .seconds(5)))
            guard case .message(let message) = try? socket.receive(appendingTo: &bytes, limit: 4096)
            else { return nil }
            record.descriptors += message.descriptors.count
            record.uid = message.credentials?.uid
        }
        record.text = String(decoding: bytes.dropLast(), as: UTF8.self)
        return record
    }

    private static func play(_ step: PeerStep, _ socket: borrowing UnixSocket) {
        var isFirst = true
        for (bytes, uid) in step.parts {
            var list = DescriptorList()
            for _ in 0..<(isFirst ? step.descriptors : 0) {
                guard let null = try? OwnedDescriptor.open("/dev/null", for: .reading) else {
                    return
                }
                list.append(null)
            }
            isFirst = false
            let claim = Claim(pid: getpid(), uid: uid ?? getuid(), gid: getgid())
            var rest = bytes[...]
            while !rest.isEmpty {
                var set = WaitSet()
                set.add(socket.descriptor, for: .writing)
                _ = try? set.wait(until: Deadline(after: .seconds(5)))
                let sent: Int?
                do {
                    sent =
                        rest.startIndex == 0
                        ? try socket.send(rest, claiming: claim, with: list)
                        : try socket.send(rest, claiming: claim, with: DescriptorList())
                } catch { return }
                rest = rest.dropFirst(sent ?? 0)
            }
        }
    }
}

private final class ListenerBox: Sendable {
    let socket: UnixSocket
    init(_ socket: consuming UnixSocket) { self.socket = socket }
}
