// A cgroup for a test, at the root of the unified hierarchy; removed with its owner, who has ended
// its processes by then.

import Glibc

/// A cgroup of its own for a test.
public final class ScratchCgroup {
    /// Its directory.
    public let directory: String
    /// Its place in the hierarchy.
    public let path: String
    private var children: [String] = []

    nonisolated(unsafe) private static var number = 0

    public init() {
        Self.number += 1
        path = "/profilerd-tests-\(getpid())-\(Self.number)"
        directory = (cgroupMount ?? "") + path
        precondition(mkdir(directory, 0o755) == 0, "mkdir \(directory): errno \(errno)")
    }

    deinit {
        // A process that was killed a moment ago is in it a moment longer.
        for directory in children.reversed() + [directory] {
            for _ in 0..<500 where rmdir(directory) != 0 && errno == EBUSY { usleep(10_000) }
        }
    }

    /// Makes a cgroup below it.
    public func addChild(_ name: String) -> String {
        let child = "\(directory)/\(name)"
        precondition(mkdir(child, 0o755) == 0, "mkdir \(child): errno \(errno)")
        children.append(child)
        return child
    }

    /// Moves a process in, or into a child.
    public func add(_ processID: Int32, to child: String? = nil) {
        write("\(processID)", to: "\(child ?? directory)/cgroup.procs")
    }

    /// Kills what is in it. Its own processes are this test's.
    public func killAll() { write("1", to: "\(directory)/cgroup.kill") }

    private func write(_ text: String, to path: String) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        precondition(file >= 0, "open \(path): errno \(errno)")
        _ = Glibc.write(file, text, text.utf8.count)
        close(file)
    }
}

/// Where the unified hierarchy is mounted; nil where it is not.
public let cgroupMount: String? = {
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first { place in
        access("\(place)/cgroup.controllers", F_OK) == 0
    }
}()

/// Why no test can have a cgroup of its own; nil where it can.
public let cannotMakeCgroup: String? = {
    if !isRoot { return "needs root: a cgroup is made" }
    guard let mount = cgroupMount else {
        return "no cgroup hierarchy of version 2 is mounted at /sys/fs/cgroup"
    }
    let probe = "\(mount)/profilerd-tests-\(getpid())-probe"
    guard mkdir(probe, 0o755) == 0 else {
        return "no cgroup can be made in \(mount): errno \(errno)"
    }
    defer { rmdir(probe) }
    return access("\(probe)/cgroup.kill", W_OK) == 0
        ? nil : "this kernel has no cgroup.kill (Linux 5.14 does)"
}()
