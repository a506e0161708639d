// Socket activation, sd_listen_fds(3): the descriptors that the service manager passed.
//
// Each descriptor is owned from the moment the library names it, so whatever is refused is also
// closed. The library checks LISTEN_PID (descriptors meant for another process are not ours),
// sets close-on-exec, and removes the variables so that no child mistakes them for its own.

internal import CSystemd
public import LinuxSystem
internal import SystemPackage

/// Why the passed descriptors cannot be used.
public enum ListenDescriptorsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES make no sense.
    case malformedEnvironment(SystemCallError)
    /// No descriptor has this name; the names that were passed.
    case noneNamed(String, passed: [String])
    /// Several descriptors have this name.
    case severalNamed(String, count: Int)
    case notUnixSocket(name: String)
    case notStreamSocket(name: String)
    case notListening(name: String)

    public var description: String {
        switch self {
        case .malformedEnvironment(let error):
            "The service manager's LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES cannot be read:"
                + " \(error)."
        case .noneNamed(let name, let passed):
            "None of the passed descriptors (\(passed.joined(separator: ", "))) is named"
                + " \"\(name)\"; set FileDescriptorName=\(name) in the socket unit."
        case .severalNamed(let name, let count):
            "\(count) of the passed descriptors are named \"\(name)\"; one is needed. Leave one"
                + " ListenStream= in the socket unit."
        case .notUnixSocket(let name):
            "The passed descriptor \"\(name)\" is not a Unix socket; give the socket unit a"
                + " ListenStream= with a path."
        case .notStreamSocket(let name):
            "The passed descriptor \"\(name)\" is a Unix socket but not a stream; use"
                + " ListenStream= in the socket unit."
        case .notListening(let name):
            "The passed descriptor \"\(name)\" is a connection and not a listening socket; set"
                + " Accept=no in the socket unit."
        }
    }
}

/// The descriptors that the service manager passed, until someone takes them.
public struct ListenDescriptors: ~Copyable {
    /// A box, because an array cannot hold a descriptor itself.
    private final class Passed {
        let name: String
        var descriptor: OwnedDescriptor?

        init(_ name: String, _ number: CInt) {
            self.name = name
            descriptor = OwnedDescriptor(adopting: number)
        }
    }

    private var passed: [Passed]

    /// The names of the descriptors that nobody has taken yet, in the manager's order.
    public var names: [String] { passed.map(\.name) }
    /// Whether nothing was passed: the process was not started by socket activation.
    public var isEmpty: Bool { passed.isEmpty }

    /// Takes over whatever was passed to this process; nothing the second time.
    ///
    /// - Throws: `ListenDescriptorsError.malformedEnvironment`.
    public static func receive() throws(ListenDescriptorsError) -> ListenDescriptors {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // SAFETY: the call writes one pointer to an array of strings, both of which are ours.
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count >= 0 else {
            let error = SystemCallError("sd_listen_fds_with_names", Errno(rawValue: -count))
            throw .malformedEnvironment(error)
        }
        var passed: [Passed] = []
        for index in 0..<Int(count) {
            // SAFETY: the array has `count` strings; each is copied before it is freed.
            let string = unsafe names?[index]
            let name = unsafe string.map { unsafe String(cString: $0) } ?? "unknown"
            unsafe free(string)
            passed.append(Passed(name, SD_LISTEN_FDS_START + CInt(index)))
        }
        unsafe free(names)
        return ListenDescriptors(passed: passed)
    }

    /// Takes the listening Unix stream socket of this name. A single descriptor without a name,
    /// as simple activators pass it, counts as the one that is asked for.
    ///
    /// - Throws: `ListenDescriptorsError`; a descriptor that is refused has been closed.
    public mutating func takeListener(
        named name: String
    ) throws(ListenDescriptorsError) -> OwnedDescriptor {
        let isUnnamed = names == ["unknown"]
        let matching = passed.filter { isUnnamed || $0.name == name }
        guard let first = matching.first else { throw .noneNamed(name, passed: names) }
        passed.removeAll { found in matching.contains { $0 === found } }
        guard matching.count == 1, let descriptor = first.descriptor.take() else {
            throw .severalNamed(name, count: matching.count)
        }
        try Self.check(descriptor, name: name)
        return descriptor
    }

    /// Takes everything that nobody has taken yet, by name: what an earlier process of this service
    /// had put into the manager's store.
    public mutating func takeStored() -> [StoredDescriptors] {
        var stored: [StoredDescriptors] = []
        var places: [String: Int] = [:]
        for found in passed {
            let place = places[found.name] ?? stored.count
            if place == stored.count {
                places[found.name] = place
                stored.append(StoredDescriptors(name: found.name))
            }
            if let descriptor = found.descriptor.take() {
                stored[place].descriptors.append(descriptor)
            }
        }
        passed = []
        return stored
    }

    private static func check(
        _ descriptor: borrowing OwnedDescriptor, name: String
    ) throws(ListenDescriptorsError) {
        let number = descriptor.rawValue
        // Less than 0: the socket cannot even be asked, which is no Unix socket either.
        let stream = CInt(SOCK_STREAM.rawValue)
        guard sd_is_socket(number, AF_UNIX, 0, -1) > 0 else { throw .notUnixSocket(name: name) }
        guard sd_is_socket(number, AF_UNIX, stream, -1) > 0 else {
            throw .notStreamSocket(name: name)
        }
        guard sd_is_socket_unix(number, stream, 1, nil, 0) > 0 else {
            throw .notListening(name: name)
        }
    }
}
