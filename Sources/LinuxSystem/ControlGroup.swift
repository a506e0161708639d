// A cgroup of the unified hierarchy (cgroups(7), cgroup v2), held open by its directory. Its
// number cannot come to mean another: once it has been removed, every look into it fails.

internal import CLinux
internal import SystemPackage

/// A cgroup and those below it, which perf(1) and the kernel take for one.
public struct ControlGroup: ~Copyable {
    /// Where it is in the hierarchy, `/system.slice/my-server.service`.
    public let path: String
    private let directory: SystemDirectory

    /// The directory, as perf_event_open(2) takes it with `PERF_FLAG_PID_CGROUP`.
    public var descriptor: OwnedDescriptor { _read { yield directory.descriptor } }

    /// Where systemd and everybody else mount hierarchies.
    static let standardPlace = "/sys/fs/cgroup"

    /// Opens a cgroup by its place in the hierarchy, or by the path of its directory.
    ///
    /// - Throws: `SystemCallError`: EINVAL for a name that leaves the hierarchy, ENODEV where no
    ///   hierarchy of version 2 is mounted, ENOENT where there is no such cgroup.
    public init(_ name: String) throws(SystemCallError) {
        let mount = try Self.mountPoint()
        guard let path = Self.path(of: name, below: mount) else {
            throw SystemCallError("openat", .invalidArgument, on: name)
        }
        let directory = try SystemDirectory(mount + path)
        guard isOfControlGroups(directory.descriptor) else {
            throw SystemCallError("openat", .operationNotSupportedByDevice, on: mount + path)
        }
        self.directory = directory
        self.path = path
    }

    /// The place in the hierarchy that `name` means; nil where it leaves it.
    static func path(of name: String, below mount: String) -> String? {
        var rest = Substring(name)
        if rest == mount || rest.hasPrefix(mount + "/") { rest = rest.dropFirst(mount.count) }
        let parts = rest.split(separator: "/")
        guard !parts.contains("."), !parts.contains("..") else { return nil }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether every process of the machine may be in it or below it.
    public var isRoot: Bool { path == "/" }

    private static func mountPoint() throws(SystemCallError) -> String {
        let text = try SystemDirectory("/proc/self").text(of: "mountinfo")
        guard let mount = mountPoint(in: text) else {
            throw SystemCallError("mount", .operationNotSupportedByDevice, on: "cgroup2")
        }
        return mount
    }

    /// The mount point of the unified hierarchy in the text of /proc/PID/mountinfo (proc(5)).
    static func mountPoint(in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 1,
                fields[dash + 1] == "cgroup2",
                fields[4] == standardPlace || fields[4].hasPrefix(standardPlace + "/")
            else { continue }
            return String(fields[4])
        }
        return nil
    }
}

extension ControlGroup {
    /// The processes in it and in those below it; 0 for one that this pid namespace does not know.
    ///
    /// - Throws: `SystemCallError`: ENODEV where it has been removed, EOPNOTSUPP where it has
    ///   threads and not processes.
    public borrowing func processIDs() throws(SystemCallError) -> Set<Int32> {
        var found: Set<Int32> = []
        var unread = ["."]
        var isFirst = true
        while let name = unread.popLast() {
            do throws(SystemCallError) {
                let text = try directory.text(of: "\(name)/cgroup.procs")
                found.formUnion(text.split(separator: "\n").compactMap { Int32($0) })
                // No name tells a file from a cgroup: whoever may make one may name it.
                unread += try directory.entries(of: name).map { "\(name)/\($0)" }
            } catch {
                if isFirst { throw error }
                // What is below comes and goes, has only threads, or is a file.
                switch error.errno {
                case .noSuchFileOrDirectory, .notDirectory, .operationNotSupportedByDevice,
                    .notSupported:
                    break
                default: throw error
                }
            }
            isFirst = false
        }
        return found
    }

    /// Opens `cgroup.events`, whose change can be polled for.
    ///
    /// - Throws: `SystemCallError` of `openat`: ENOENT in the root, which has none.
    public borrowing func openEvents() throws(SystemCallError) -> OwnedDescriptor {
        try directory.open("cgroup.events")
    }
}

/// An opened `cgroup.events`, looked at through a borrowed descriptor: it needs no right to.
public enum ControlGroupEvents {
    /// Whether `descriptor` is what it should be. The name comes first, because the kernel alone
    /// tells it (see `ProcessMaps.isMaps`).
    public static func isEvents(_ descriptor: borrowing OwnedDescriptor) -> Bool {
        guard let link = try? descriptor.kindLink(),
            link.hasPrefix(ControlGroup.standardPlace + "/"),
            link.hasSuffix("/cgroup.events") || link.hasSuffix("/cgroup.events (deleted)")
        else { return false }
        return isOfControlGroups(descriptor)
    }

    /// Whether there is a process in the cgroup or below it: false also where it is gone.
    public static func isPopulated(_ descriptor: borrowing OwnedDescriptor) -> Bool {
        let number = descriptor.rawValue
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = try? unsafe bytes.withUnsafeMutableBufferPointer {
            buffer throws(SystemCallError) in
            let (start, count) = (buffer.baseAddress, buffer.count)
            // SAFETY: at most `count` bytes are written to the array.
            return try retryingOnInterrupt("pread") { unsafe pread(number, start, count, 0) }
        }
        guard let count else { return false }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
            .split(separator: "\n").contains("populated 1")
    }
}

/// Whether the file is one of the unified hierarchy. `CGROUP2_SUPER_MAGIC`.
private func isOfControlGroups(_ descriptor: borrowing OwnedDescriptor) -> Bool {
    let number = descriptor.rawValue
    var status = statfs()
    // SAFETY: the call fills in the structure that outlives it.
    return unsafe fstatfs(number, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC
}
