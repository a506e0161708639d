// Asks a service manager for the cgroup of a unit, over D-Bus (org.freedesktop.systemd1(5)) and
// sd-bus(3). What a manager answers is a user's word where the manager is a user's, so whoever asks
// here has become that user before, and has no privilege.

internal import CSystemd
public import LinuxSystem
internal import SystemPackage

/// Which manager a unit is one of.
public enum ServiceManager: Hashable, Sendable {
    case system
    case user(UInt32)

    /// Where it listens: through the message bus, and by itself for whoever it belongs to.
    fileprivate var addresses: [(address: String, isBus: Bool)] {
        switch self {
        case .system:
            [
                ("unix:path=/run/dbus/system_bus_socket", true),
                ("unix:path=/run/systemd/private", false),
            ]
        case .user(let uid):
            [
                ("unix:path=/run/user/\(uid)/bus", true),
                ("unix:path=/run/user/\(uid)/systemd/private", false),
            ]
        }
    }
}

/// Why a unit's cgroup is not known.
public enum UnitQueryError: Error, Hashable, Sendable {
    /// No such manager runs, or it does not let this user ask.
    case noManager(SystemCallError)
    case noSuchUnit
    /// The unit has no processes.
    case notRunning
    /// Devices, targets, timers and so on never have any.
    case kindWithoutProcesses
    case failed(String)
}

/// Questions to a service manager.
public enum UnitQuery {
    private static let service = "org.freedesktop.systemd1"
    /// Microseconds that an answer may take.
    private static let patience: UInt64 = 5_000_000

    /// The place in the cgroup hierarchy of the unit `name`, which has its kind's suffix.
    public static func controlGroup(
        of name: String, at manager: ServiceManager
    ) throws(UnitQueryError) -> String {
        guard let interface = interface(of: name) else { throw .kindWithoutProcesses }
        let bus = try connect(manager)
        let path = try bus.path(ofUnit: name)
        let group = try bus.string("ControlGroup", of: path, interface)
        if group.isEmpty { throw .notRunning }
        return group
    }

    /// `NAME.service` has the interface `Service`.
    static func interface(of name: String) -> String? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let kinds = ["service", "scope", "slice", "socket", "mount", "swap"]
        let kind = String(name[name.index(after: dot)...])
        guard kinds.contains(kind) else { return nil }
        return "\(service).\(kind.prefix(1).uppercased())\(kind.dropFirst())"
    }

    private static func connect(_ manager: ServiceManager) throws(UnitQueryError) -> Bus {
        var failure = SystemCallError("sd_bus_start", .noSuchFileOrDirectory)
        for (address, isBus) in manager.addresses {
            do throws(SystemCallError) {
                return try Bus(address, isBus: isBus, patience: patience)
            } catch {
                failure = error
            }
        }
        throw .noManager(failure)
    }

    /// A connection.
    @safe
    private final class Bus {
        private let bus: OpaquePointer
        /// Nil where there is no message bus between, and so no names.
        private let destination: String?

        init(_ address: String, isBus: Bool, patience: UInt64) throws(SystemCallError) {
            var created: OpaquePointer?
            // SAFETY: the call writes one pointer to a new reference, which is ours.
            try checkedResult("sd_bus_new", unsafe sd_bus_new(&created))
            guard let created = unsafe created else {
                throw SystemCallError("sd_bus_new", .noMemory)
            }
            unsafe bus = created
            destination = isBus ? service : nil
            // SAFETY: the reference is ours; the string lives through the call.
            try checkedResult("sd_bus_set_address", unsafe sd_bus_set_address(created, address))
            if isBus {
                // SAFETY: as above.
                try checkedResult(
                    "sd_bus_set_bus_client", unsafe sd_bus_set_bus_client(created, 1))
            }
            // SAFETY: as above.
            _ = unsafe sd_bus_set_method_call_timeout(created, patience)
            // SAFETY: as above.
            try checkedResult("sd_bus_start", unsafe sd_bus_start(created), on: address)
        }

        // SAFETY: the reference is ours and the last use of it.
        deinit { _ = unsafe sd_bus_close_unref(bus) }

        /// `org.freedesktop.systemd1.Manager.GetUnit`.
        func path(ofUnit name: String) throws(UnitQueryError) -> String {
            var call: OpaquePointer?
            // SAFETY: the call writes a reference to a new message, released below.
            try ask(
                unsafe sd_bus_message_new_method_call(
                    bus, &call, destination, "/org/freedesktop/systemd1", "\(service).Manager",
                    "GetUnit"))
            defer { _ = unsafe sd_bus_message_unref(call) }
            // SAFETY: the string is copied into the message.
            try ask(
                unsafe name.withCString { text in
                    unsafe sd_bus_message_append_basic(call, CChar(UInt8(ascii: "s")), text)
                })
            var error = unsafe sd_bus_error()
            var reply: OpaquePointer?
            // SAFETY: both are freed below; free(3) of an unset error does nothing.
            defer {
                unsafe sd_bus_error_free(&error)
                _ = unsafe sd_bus_message_unref(reply)
            }
            let result = unsafe sd_bus_call(bus, call, 0, &error, &reply)
            if result < 0 { throw unsafe Self.failure(result, error) }
            var text: UnsafePointer<CChar>?
            // SAFETY: the string belongs to the reply, and is copied while that lives.
            try ask(
                unsafe withUnsafeMutablePointer(to: &text) { text in
                    unsafe sd_bus_message_read_basic(reply, CChar(UInt8(ascii: "o")), text)
                })
            guard let text = unsafe text else { throw .failed("The answer has no path.") }
            return unsafe String(cString: text)
        }

        func string(
            _ property: String, of path: String, _ interface: String
        ) throws(UnitQueryError) -> String {
            var error = unsafe sd_bus_error()
            var text: UnsafeMutablePointer<CChar>?
            // SAFETY: both are freed below; free(3) of nothing does nothing.
            defer {
                unsafe sd_bus_error_free(&error)
                unsafe free(text)
            }
            let result = unsafe sd_bus_get_property_string(
                bus, destination, path, interface, property, &error, &text)
            if result < 0 { throw unsafe Self.failure(result, error) }
            guard let text = unsafe text else { return "" }
            return unsafe String(cString: text)
        }

        private func ask(_ result: CInt) throws(UnitQueryError) {
            if result < 0 { throw .failed("sd-bus: \(Self.errorText(result))") }
        }

        /// SAFETY: the error's strings live until it is freed.
        @unsafe
        private static func failure(_ result: CInt, _ error: sd_bus_error) -> UnitQueryError {
            let name = unsafe error.name.map { unsafe String(cString: $0) } ?? ""
            if name == "\(service).NoSuchUnit" { return .noSuchUnit }
            let message = unsafe error.message.map { unsafe String(cString: $0) }
            return .failed(message ?? errorText(result))
        }

        private static func errorText(_ result: CInt) -> String {
            "\(SystemCallError("sd_bus_call", Errno(rawValue: -result)))"
        }
    }
}
