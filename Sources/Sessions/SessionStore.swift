// What the manager keeps of the sessions, so that they outlive this process: for one that records its
// perf events, its pidfd or cgroup.events, its /proc/PID/maps and its state, for one that has ended the state alone.
//
// The state lies in sealed memory beside the descriptors and not in a file beside the recording. So it
// is there exactly as long as they are: there is no file of a session whose descriptors are gone, nor
// descriptors that nobody can tell what they are; it needs no room on a disk that may be full, is gone
// after a reboot as they are, and cannot be changed by a program of the same user.

internal import ControlProtocol
internal import LinuxSystem
internal import Systemd

/// Why a session is not kept.
enum StoreRefusal: Error, CustomStringConvertible {
    case full(needed: Int, free: Int)
    case system(SystemCallError)

    var description: String {
        switch self {
        case .full(let needed, let free):
            """
            The session has \(needed) descriptors, and the service manager takes \(free) more \
            (FileDescriptorStoreMax= in the unit): it will end with the daemon.
            """
        case .system(let error): "\(error)."
        }
    }
}

/// The manager's store as the sessions use it.
final class SessionStore {
    private let store = DescriptorStore()
    /// How many descriptors are kept under each name.
    private var counts: [String: Int] = [:]

    private static let digits = Array("0123456789abcdefghijklmnopqrstuv")

    /// Whether anything outlives this process.
    var isAvailable: Bool { store.capacity > 0 }

    /// Descriptors that were kept for this process.
    func noteFound(_ stored: StoredDescriptors) {
        counts[stored.name] = stored.descriptors.count
    }

    /// Has the session kept.
    ///
    /// - Returns: the name that it has there.
    func keep(_ session: Session) throws(StoreRefusal) -> String {
        let count = session.active.map(\.keptDescriptorCount) ?? 1
        let free = store.capacity - counts.values.reduce(0, +)
        guard count <= free, let name = freeName() else { throw .full(needed: count, free: free) }
        counts[name] = count
        do throws(SystemCallError) {
            try session.active?.keepDescriptors(in: store, as: name)
            // Last: where it is, everything is.
            try store.keep(
                SealedMemory.containing(session.stateToKeep.encoded(), name: "session"), as: name)
        } catch {
            remove(name)
            throw .system(error)
        }
        return name
    }

    /// Has the manager close what it keeps under `name`.
    func remove(_ name: String) {
        counts[name] = nil
        // The manager going away is not our end.
        try? store.remove(name)
    }

    private func freeName() -> String? {
        for first in Self.digits {
            for second in Self.digits {
                let name = String([first, second])
                if counts[name] == nil { return name }
            }
        }
        return nil
    }
}

extension ActiveSession {
    /// How many descriptors `keepDescriptors` gives away, and one for the state.
    var keptDescriptorCount: Int {
        var count = recorder.events.count + 1
        if hasPidfd { count += 1 }
        if hasCgroupEvents { count += 1 }
        return count + members.count
    }

    fileprivate func keepDescriptors(
        in store: DescriptorStore, as name: String
    ) throws(SystemCallError) {
        try store.keep(recorder.events.descriptors, as: name)
        switch pidfd {
        case .none: break
        case .some(let pidfd): try store.keep(pidfd, as: name)
        }
        switch cgroupEvents {
        case .none: break
        case .some(let events): try store.keep(events, as: name)
        }
        try store.keep(members.maps, as: name)
    }

    /// What the next daemon needs to know.
    func state(of identifier: String, startedAt: Int64) -> SessionState {
        var state = SessionState(
            identifier: identifier, startedAt: startedAt, startTime: startTime, request: request,
            threadCount: threadCount)
        state.declarations = recorder.events.declarations.map(DescriptorDeclaration.event)
        state.eventIdentifiers = recorder.events.identifiers
        if hasPidfd { state.declarations.append(.pidfd) }
        if hasCgroupEvents { state.declarations.append(.cgroupEvents) }
        state.declarations += members.pids.map { request.target.pid == nil ? .mapsOf($0) : .maps }
        return state
    }

    private var hasPidfd: Bool {
        switch pidfd {
        case .none: false
        case .some: true
        }
    }

    private var hasCgroupEvents: Bool {
        switch cgroupEvents {
        case .none: false
        case .some: true
        }
    }
}
