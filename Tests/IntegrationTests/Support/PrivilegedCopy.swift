// A copy of profilerctl whose file has capabilities, as an administrator would make it for a group,
// and what /proc says of a process' privilege.

import Glibc
import LinuxSystem
import Testing

/// Capabilities and ids of a process, as /proc/PID/status has them.
struct Privilege: Equatable, CustomStringConvertible {
    let fields: [String: String]

    /// Of a process whose threads are all alike; nil where it has gone.
    init?(of processID: Int32) {
        let threads = entries(of: "/proc/\(processID)/task").compactMap { thread in
            Self.fields("/proc/\(processID)/task/\(thread)/status")
        }
        guard let first = threads.first, threads.allSatisfy({ $0 == first }) else { return nil }
        fields = first
    }

    private static func fields(_ path: String) -> [String: String]? {
        guard let text = try? readText(path) else { return nil }
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            let name = String(parts[0])
            if name.hasPrefix("Cap") || ["NoNewPrivs", "Uid", "Gid", "Groups"].contains(name) {
                let value = parts.count > 1 ? parts[1].drop { $0 == "\t" || $0 == " " } : ""
                fields[name] = String(value)
            }
        }
        return fields
    }

    /// One of the five sets, `CapPrm` for instance.
    func set(_ name: String) -> UInt64? { fields[name].flatMap { UInt64($0, radix: 16) } }

    var uids: [UInt32] {
        (fields["Uid"] ?? "").split(separator: "\t").compactMap { UInt32($0) }
    }

    var description: String {
        fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    /// Expects what is permitted, and that nothing else is there nor can be gained.
    func expect(
        permitted: UInt64, bounding: UInt64?, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(set("CapPrm") == permitted, "\(self)", sourceLocation: location)
        #expect(set("CapEff") == 0, "\(self)", sourceLocation: location)
        #expect(set("CapInh") == 0, "\(self)", sourceLocation: location)
        #expect(set("CapAmb") == 0, "\(self)", sourceLocation: location)
        if let bounding { #expect(set("CapBnd") == bounding, "\(self)", sourceLocation: location) }
        #expect(fields["NoNewPrivs"] == "1", "\(self)", sourceLocation: location)
    }
}

/// The bits of linux/capability.h.
enum Capability {
    static func mask(_ numbers: Int...) -> UInt64 { numbers.reduce(0) { $0 | 1 << UInt64($1) } }

    static let files = mask(1, 2, 3)
    static let ids = mask(6, 7)
}

/// Why no file can be given capabilities here; nil where one can.
let cannotSetCapabilities: String? =
    !isRoot
    ? "needs root: a file is given capabilities"
    : installed("setcap") == nil ? "needs setcap (Debian: libcap2-bin)" : nil

/// profilerctl with capabilities.
struct PrivilegedCopy {
    let path: String

    /// - Parameter capabilities: as setcap(8) takes them.
    init(_ capabilities: String, in world: World) throws {
        path = world.scratch.newPath("profilerctl")
        let bytes = try readFile(Binaries.shared.profilerctl)
        try writeFile(path, bytes)
        chmod(path, 0o755)
        let setcap = try Running(
            installed("setcap") ?? "", ["\(capabilities)=ep", path], in: world.scratch)
        guard try setcap.wait() == .exited(0) else { throw Failure(setcap.errors) }
    }

    /// What a group of people who profile their own programs is given.
    static let usual = "cap_perfmon,cap_ipc_lock,cap_syslog"
    /// What nobody should give, to show that it makes no difference.
    static let careless =
        "\(usual),cap_setuid,cap_setgid,cap_sys_ptrace,cap_kill,cap_dac_override,"
        + "cap_dac_read_search,cap_fowner,cap_setpcap,cap_sys_admin"

    func start(
        _ arguments: [String], as user: TestUser, environment: [String: String] = [:],
        in world: World
    ) throws -> Running {
        // By env(1), since setpriv(1) before it would believe what this program must not.
        try Running(
            "/usr/bin/env", environment.map { "\($0.key)=\($0.value)" } + [path] + arguments,
            as: user, in: world.scratch)
    }

    func run(
        _ arguments: [String], as user: TestUser, environment: [String: String] = [:],
        in world: World
    ) throws -> Finished {
        let running = try start(arguments, as: user, environment: environment, in: world)
        let ending = try running.wait(seconds: 60)
        return Finished(ending: ending, output: running.output, errors: running.errors)
    }
}
