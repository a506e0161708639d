// A session as it comes back from the manager's store. Nothing is taken for granted because it is the
// manager that sends it: the state must be sealed and decode as calls of a client do, each descriptor
// must be of the kind that was declared, the kernel must say of each event that it is the one, and
// all of them must be there, once.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing
internal import Systemd
internal import Varlink

/// Why what was kept is not a session, as a sentence.
struct StoreDefect: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Descriptors of one name, sorted.
final class StoredSession {
    let state: SessionState
    private var descriptors = DescriptorList()

    /// - Throws: `StoreDefect`; everything is closed.
    init(_ stored: StoredDescriptors) throws(StoreDefect) {
        var rest = DescriptorList()
        var state: SessionState?
        while let descriptor = stored.descriptors.takeLast() {
            guard SealedMemory.isMemory(descriptor) else {
                rest.append(descriptor)
                continue
            }
            guard state == nil else { throw StoreDefect("It has two states.") }
            state = try Self.read(descriptor)
        }
        guard let state else { throw StoreDefect("It has no state.") }
        self.state = state
        descriptors = rest
    }

    /// Bytes of its rings, made smaller by `shift` halvings; 0 where it has ended.
    func ringMemory(shift: Int) -> UInt64 {
        guard state.end == nil else { return 0 }
        let rings = UInt64(state.events.count { $0.ownsRing })
        return rings * RingMemory.size(dataPages: max(1, state.request.ringPages >> shift))
    }

    private static func read(
        _ descriptor: borrowing OwnedDescriptor
    ) throws(StoreDefect) -> SessionState {
        let bytes: [UInt8]
        do throws(SealedMemoryError) {
            bytes = try SealedMemory.contents(of: descriptor, limit: SessionState.sizeLimit)
        } catch {
            throw StoreDefect("Its state cannot be read: \(error).")
        }
        do throws(InvalidParameter) { return try SessionState(decoding: bytes) } catch {
            throw StoreDefect("Its state is not one: the field '\(error.name)' is wrong.")
        }
    }

    /// The transaction that the session began with, with all of its descriptors.
    ///
    /// - Throws: `StoreDefect`; everything is closed.
    func transaction() throws(StoreDefect) -> Transaction {
        guard descriptors.count == state.declarations.count else {
            throw StoreDefect(
                """
                \(descriptors.count) of its \(state.declarations.count) descriptors came back from \
                the service manager (FileDescriptorStoreMax= in the unit).
                """)
        }
        let transaction = Transaction(
            identifier: state.identifier, owner: 0, request: state.request)
        var events = Dictionary(zip(state.eventIdentifiers, state.events)) { first, _ in first }
        var descriptors = DescriptorList()
        swap(&descriptors, &self.descriptors)
        while !descriptors.isEmpty {
            var declarations: [DescriptorDeclaration] = []
            var batch = DescriptorList()
            while batch.count < ControlInterface.maximumDescriptorsPerMessage,
                let descriptor = descriptors.takeLast()
            {
                declarations.append(try declaration(of: descriptor, &events))
                batch.append(descriptor)
            }
            do throws(ControlError) {
                try transaction.add(
                    AddRequest(transaction: state.identifier, descriptors: declarations), batch)
            } catch {
                throw StoreDefect(error.description)
            }
        }
        return transaction
    }

    /// What a descriptor is that is no event. That there are as many of each as there should be, the
    /// transaction and the number of all see to.
    private func otherDeclaration(
        of descriptor: borrowing OwnedDescriptor
    ) -> DescriptorDeclaration {
        if ControlGroupEvents.isEvents(descriptor) { return .cgroupEvents }
        guard ProcessMaps.isMaps(descriptor) else { return .pidfd }
        guard state.request.target.pid == nil else { return .maps }
        // One that does not say whose it is says nothing that could be recorded.
        return .mapsOf(ProcessMaps.processID(of: descriptor) ?? 0)
    }

    /// What the state says of a descriptor; the transaction looks at what it really is.
    private func declaration(
        of descriptor: borrowing OwnedDescriptor, _ events: inout [UInt64: EventDescriptor]
    ) throws(StoreDefect) -> DescriptorDeclaration {
        guard (try? PerfEvent.isPerfEvent(descriptor)) == true else {
            return otherDeclaration(of: descriptor)
        }
        guard let identifier = try? PerfEvent.identifier(of: descriptor),
            let event = events.removeValue(forKey: identifier)
        else { throw StoreDefect("One of its events is not one of the session.") }
        return .event(event)
    }
}
