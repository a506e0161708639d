// The manager's store of descriptors (FDSTORE=1 of sd_notify(3)): what is in it outlives this
// process, and comes back to the next one beside its listening sockets, under the name that it had.
//
// The manager drops a descriptor that polls as hung up, and a perf event polls so as soon as its
// ring is unmapped, which is when this process dies: FDPOLL=0 has the manager not look. All names
// together are one environment variable (LISTEN_FDNAMES), which the kernel limits to 128 KiB: with
// longer ones the service could never be executed again. So names are short and the store is small.

internal import CSystemd
public import LinuxSystem

/// Descriptors that the service manager keeps for the next process of this service.
public struct DescriptorStore: Sendable {
    /// The most bytes of a name.
    public static let longestName = 2
    /// FileDescriptorStoreMax= of the units. Each name takes three bytes of the 131,072 that
    /// LISTEN_FDNAMES may have (MAX_ARG_STRLEN).
    public static let unitCapacity = 32768
    /// SCM_MAX_FD.
    private static let mostPerMessage = 253

    /// How many descriptors the manager keeps; 0 where there is no manager.
    public let capacity: Int

    /// The store of the manager that started this process.
    public init() {
        let isManaged = Self.environment("NOTIFY_SOCKET") != nil
        // systemd 254 and later say how many; before it is what the unit says.
        let told = Self.environment("FDSTORE").flatMap { Int($0) }
        capacity = isManaged ? min(max(told ?? Self.unitCapacity, 0), Self.unitCapacity) : 0
    }

    private static func environment(_ name: String) -> String? {
        // SAFETY: the environment is not changed by another thread: the program has one.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Has the manager keep duplicates of `descriptors` under `name`.
    ///
    /// - Throws: `SystemCallError` of `sd_pid_notify_with_fds`; some may have been taken.
    public func keep(
        _ descriptors: borrowing DescriptorList, as name: String
    ) throws(SystemCallError) {
        var rest = descriptors.numbers[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.mostPerMessage))
            rest = rest.dropFirst(Self.mostPerMessage)
            try send("FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)", batch)
        }
    }

    /// Has the manager keep a duplicate of `descriptor` under `name`.
    ///
    /// - Throws: `SystemCallError` of `sd_pid_notify_with_fds`.
    public func keep(
        _ descriptor: borrowing OwnedDescriptor, as name: String
    ) throws(SystemCallError) {
        try send("FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)", [descriptor.rawValue])
    }

    /// Has the manager close all that it keeps under `name`.
    ///
    /// - Throws: `SystemCallError` of `sd_pid_notify_with_fds`.
    public func remove(_ name: String) throws(SystemCallError) {
        try send("FDSTOREREMOVE=1\nFDNAME=\(name)", [])
    }

    private func send(_ state: String, _ numbers: [CInt]) throws(SystemCallError) {
        let result = unsafe numbers.withUnsafeBufferPointer { numbers in
            // SAFETY: the library reads the string and the numbers during the call only.
            unsafe sd_pid_notify_with_fds(
                0, 0, state, numbers.baseAddress, UInt32(numbers.count))
        }
        try checkedResult("sd_pid_notify_with_fds", result, on: "the service manager's socket")
    }
}
