// What a client has in its hands of a target that it handed to a daemon: the events, which go on
// counting, and the rings, which stay mapped here. So a test can ask the kernel what the daemon
// should have, and look at what was left in the rings when it died.

import ControlProtocol
import LinuxSystem
import PerfRecords
import PerfRing
import Varlink

final class HandedTarget {
    private let target: OpenedTarget
    let rings: [RingView]
    /// The session's name, from the first answer on: there may be such a session from then on.
    private(set) var transaction: String?
    /// How much of its time the recording is to keep; nil is all of it.
    var lastNanoseconds: UInt64?

    /// Opens the events of a process, disabled.
    init(_ processID: Int32, _ options: OpeningOptions) throws {
        let target = try TargetOpener(options).open(processID: processID)
        var rings: [RingView] = []
        for (index, placement) in target.placements.enumerated() where placement.isRingOwner {
            rings.append(
                try target.descriptors.withDescriptor(at: index) {
                    try RingView($0, cpu: UInt32(placement.cpu), pages: target.dataPages)
                })
        }
        self.rings = rings
        self.target = target
    }

    /// Hands it over and returns the session.
    func handOver(to client: inout RawClient, claiming user: TestUser) throws -> String {
        let begun = try call(&client, "Begin", request.parameters, user)
        guard case .string(let transaction)? = begun.parameters["transaction"] else {
            throw Failure("no transaction: \(begun)")
        }
        self.transaction = transaction
        try add(to: transaction, &client, user)
        let commit = try call(&client, "Commit", ["transaction": .string(transaction)], user)
        guard case .string(let session)? = commit.parameters["session"] else {
            throw Failure("no session: \(commit)")
        }
        return session
    }

    private var request: BeginRequest {
        let event = target.events[0]
        let sampling: Event.Sampling =
            switch event.attributes.rate {
            case .frequency(let value): .frequency(value)
            case .period(let value): .period(value)
            }
        return BeginRequest(
            target: Target(pid: target.identity.processID, command: target.identity.name),
            events: [
                Event(
                    name: event.selection.name, type: event.attributes.type,
                    config: event.attributes.config, sampling: sampling,
                    unit: event.selection.unit == .nanoseconds ? .nanoseconds : .count)
            ], kernel: .mode, lifetime: .detached, ringPages: target.dataPages,
            lastNanoseconds: lastNanoseconds)
    }

    private func add(
        to transaction: String, _ client: inout RawClient, _ user: TestUser
    ) throws {
        var descriptors = DescriptorList()
        var declarations: [DescriptorDeclaration] = [.pidfd]
        descriptors.append(try target.pidfd.descriptor.duplicate())
        for (index, placement) in target.placements.enumerated() {
            let copy = try target.descriptors.withDescriptor(at: index) {
                descriptor throws(SystemCallError) in try descriptor.duplicate()
            }
            descriptors.append(copy)
            declarations.append(
                .event(
                    EventDescriptor(
                        event: 0, cpu: placement.cpu, tid: placement.threadID,
                        ownsRing: placement.isRingOwner, isLate: placement.isLate)))
        }
        let request = AddRequest(transaction: transaction, descriptors: declarations)
        _ = try call(&client, "Add", request.parameters, user, with: descriptors)
    }

    private func call(
        _ client: inout RawClient, _ method: String, _ parameters: [String: JSONValue],
        _ user: TestUser, with descriptors: borrowing DescriptorList = DescriptorList()
    ) throws -> Reply {
        let reply = try client.call(
            "io.profilerd.Control.\(method)", parameters, claiming: user, with: descriptors)
        if let error = reply.error { throw Failure("\(method): \(error) \(reply.parameters)") }
        return reply
    }

    /// Stops the events. Their program must be stopped before: what happens in the very moment is
    /// counted by the kernel, and may become no sample (seen on Linux 6.18).
    func disable() throws {
        for index in target.placements.indices {
            try target.descriptors.withDescriptor(at: index) {
                descriptor throws(SystemCallError) in try PerfEvent.disable(descriptor)
            }
        }
    }

    /// What the kernel has counted, in all events together.
    func reading() throws -> (value: UInt64, lost: UInt64) {
        var sum: (value: UInt64, lost: UInt64) = (0, 0)
        for index in target.placements.indices {
            let reading = try target.descriptors.withDescriptor(at: index) {
                try PerfEvent.reading(of: $0)
            }
            guard let reading else { throw Failure("this kernel does not count losses") }
            sum.value += reading.value
            sum.lost += reading.lost
        }
        return sum
    }
}

/// A sample as both a ring and a recording have it.
struct Moment: Hashable {
    var time: UInt64
    var threadID: UInt32
}

/// A ring, looked at and not drained.
final class RingView {
    let cpu: UInt32
    private let mapping: Mapping
    private let pageSize = 4096
    private let dataSize: UInt64

    init(_ event: borrowing OwnedDescriptor, cpu: UInt32, pages: Int) throws {
        self.cpu = cpu
        mapping = try Mapping(event, count: (1 + pages) * pageSize)
        dataSize = UInt64(pages * pageSize)
    }

    /// What nobody has given back to the kernel: samples, and the losses told among them.
    func unread() throws -> (samples: [Moment], lost: UInt64) {
        let head = mapping.loadAcquire(at: 1024)
        var words: [UInt64] = []
        for position in stride(from: mapping.loadAcquire(at: 1032), to: head, by: 8) {
            words.append(mapping.loadAcquire(at: pageSize + Int(position % dataSize)))
        }
        var cursor = RecordCursor()
        var samples: [Moment] = []
        var lost: UInt64 = 0
        while let record = try cursor.next(in: words.span) {
            switch record {
            case .sample(let sample):
                samples.append(
                    Moment(time: sample.time, threadID: UInt32(bitPattern: sample.threadID)))
            case .lost(let loss): lost += loss.count
            default: break
            }
        }
        return (samples, lost)
    }
}
