import ControlProtocol
import Glibc
import LinuxSystem
import Systemd
import TestSupport
import Testing
import Varlink

@testable import Sessions

/// What is made of what was kept.
private enum Forgery: String, CaseIterable, Sendable {
    case noState, twoStates, unsealedState, noJSON, longState, otherVersion, unknownField
    case nameWithSlashes, otherName, otherEvents, otherIdentifier, twiceTheSameIdentifier
    case missingEvent, oneEventTwice, pipe, strangersEvent, noRings, cpuOutOfRange

    /// Whether what it is of can be told, so that its end is kept for whoever asks.
    var leavesSession: Bool {
        switch self {
        case .otherEvents, .otherIdentifier, .missingEvent, .oneEventTwice, .pipe, .strangersEvent,
            .noRings, .cpuOutOfRange, .otherName:
            true
        default: false
        }
    }
}

private func change(
    _ state: SessionState, _ body: (inout [String: JSONValue]) -> Void
) throws -> [UInt8] {
    guard case .object(var fields) = try JSONValue(decoding: state.encoded()) else { return [] }
    body(&fields)
    return JSONValue.object(fields).encoded()
}

private func forge(
    _ forgery: Forgery, _ state: SessionState, _ target: PerfTarget
) throws -> StoredDescriptors {
    let stored = StoredDescriptors(name: "00")
    var state = state
    var bytes = state.encoded()
    var events = 1
    switch forgery {
    case .noJSON: bytes = Array("session".utf8)
    case .longState: bytes = [UInt8](repeating: 0x20, count: SessionState.sizeLimit + 1)
    case .otherVersion: bytes = try change(state) { $0["version"] = 2 }
    case .unknownField: bytes = try change(state) { $0["more"] = true }
    case .nameWithSlashes: bytes = try change(state) { $0["session"] = "../../../x" }
    case .otherName: bytes = try change(state) { $0["session"] = "0123456789" }
    case .otherEvents:
        state = try SessionState(
            decoding: change(state) { fields in
                guard case .object(var begin)? = fields["begin"],
                    case .array(let kinds)? = begin["events"]
                else { return }
                begin["events"] = .array(kinds + kinds)
                fields["begin"] = .object(begin)
            })
        bytes = state.encoded()
    case .otherIdentifier: bytes = try change(state) { $0["identifiers"] = ["1"] }
    case .twiceTheSameIdentifier:
        state.declarations += [state.declarations[0]]
        state.eventIdentifiers += state.eventIdentifiers
        bytes = state.encoded()
    case .missingEvent: events = 0
    case .oneEventTwice: events = 2
    case .noRings:
        state.declarations[0] = target.declaration(ring: false)
        bytes = state.encoded()
    case .cpuOutOfRange:
        state.declarations[0] = target.declaration(cpu: -5)
        bytes = state.encoded()
    case .noState, .twoStates, .unsealedState, .pipe, .strangersEvent: break
    }
    let states =
        forgery == .noState || forgery == .unsealedState ? 0 : forgery == .twoStates ? 2 : 1
    for _ in 0..<states {
        stored.descriptors.append(try SealedMemory.containing(bytes, name: "session"))
    }
    if forgery == .unsealedState {
        let memory = memoryFile(named: "session", isSealable: true)
        _ = write(memory.fileDescriptor.rawValue, bytes, bytes.count)
        stored.descriptors.append(memory)
    }
    if forgery == .strangersEvent {
        stored.descriptors.append(try PerfTarget.open(getpid()))
        events = 0
    }
    for _ in 0..<events { stored.descriptors.append(try target.event.duplicate()) }
    if forgery == .pipe {
        stored.descriptors.append(try UnixSocket.pair().first.descriptor.duplicate())
    } else {
        stored.descriptors.append(target.pidfd())
    }
    stored.descriptors.append(target.maps())
    return stored
}

@Suite(.enabled(if: isRoot, needsPerf), .serialized)
struct StoreDefectTests {
    @Test(arguments: Forgery.allCases.map(\.rawValue))
    func `what is not the whole session is closed, and the recording stays`(name: String) async {
        await #expect(processExitsWith: .success) { [name = name as String] in
            guard let forgery = Forgery(rawValue: name) else { return demand(false, name) }
            let directory = temporaryDirectory()
            let target = try PerfTarget()
            let state: SessionState
            do {
                let first = try Fixture(in: directory)
                let session = try first.start(target)
                try first.run(milliseconds: 100)
                guard let kept = first.table.sessions[session] else { return demand(false, "it") }
                state = kept.stateToKeep
            }
            target.unmap()
            let next = try Fixture(in: directory)
            let before = openDescriptors()
            next.table.resume([try forge(forgery, state, target)])
            demandEqual(next.table.recordingCount, 0)
            demandEqual(next.table.count, forgery.leavesSession ? 1 : 0)
            // That of the recording, for whoever asks.
            let hasRecording = forgery.leavesSession && forgery != .otherName
            demandEqual(openDescriptors(), before + (hasRecording ? 1 : 0))
            demandEqual(next.files, ["\(state.identifier).recording"])
            if forgery.leavesSession, let status = next.table.statuses.first {
                demand(status.endReason == .failed && status.error != nil, "\(status)")
            }
        }
    }
}
