// What a process is called, for log lines. A number of a process may mean another one by the time
// it is looked up, and a privileged sender names what process it likes: these are labels, and
// nothing is decided by them.

internal import CSystemd
internal import LinuxSystem

/// The name, the executable and the units of a process, as far as they can be read; escaped and cut.
public struct ProcessLabels: Hashable, Sendable {
    /// `/proc/PID/comm`, which everybody may read.
    public let name: String?
    /// `/proc/PID/exe`, which is shown to those only who might trace the process (proc(5)): not to
    /// a daemon in a Landlock domain of its own.
    public let executable: String?
    /// The system's unit.
    public let unit: String?
    /// The unit of a user's manager.
    public let userUnit: String?

    /// Characters of a label that are kept.
    static let limit = 255

    /// Looks the process up; 0 and less, which are nobody's numbers, have no labels. (To the
    /// library 0 would be the caller.)
    public init(of pid: Int32) {
        let name = pid > 0 ? try? SmallFile.read("/proc/\(pid)/comm") : nil
        let executable = pid > 0 ? try? ProcessLink.executable(of: pid) : nil
        let units = UnitNames(controlGroup: pid > 0 ? Self.controlGroup(of: pid) : nil)
        self.name = name.map { Self.label(String(decoding: $0.dropLast(), as: UTF8.self)) }
        self.executable = executable.map(Self.label)
        unit = units.system.map(Self.label)
        userUnit = units.user.map(Self.label)
    }

    private static func label(_ text: String) -> String {
        PrintableText.escaped(text, limit: limit)
    }

    /// sd_pid_get_cgroup(3). sd_pid_get_unit(3) would ask for the control group of process 1 as
    /// well, which a sandbox hides (ProtectProc=invisible), and fail.
    private static func controlGroup(of pid: Int32) -> String? {
        var string: UnsafeMutablePointer<CChar>?
        // SAFETY: the library writes one pointer to a string that belongs to the caller.
        guard unsafe sd_pid_get_cgroup(pid, &string) >= 0, let string = unsafe string else {
            return nil
        }
        // SAFETY: it ends with a zero byte, and is ours to free.
        defer { unsafe free(string) }
        return unsafe String(cString: string)
    }
}

/// The units that a control group's path names (systemd.slice(5), user@.service(5)).
struct UnitNames: Hashable {
    private(set) var system: String?
    private(set) var user: String?

    /// The kinds of units that have processes.
    private static let suffixes = [".service", ".scope", ".socket", ".mount", ".swap"]

    init(controlGroup path: String?) {
        // Slices come first, and below a user's manager again.
        var rest = (path ?? "").split(separator: "/").drop { $0.hasSuffix(".slice") }
        system = rest.popFirst().flatMap(Self.unit)
        guard let system, system.hasPrefix("user@"), system.hasSuffix(".service") else { return }
        user = rest.drop { $0.hasSuffix(".slice") }.first.flatMap(Self.unit)
    }

    private static func unit(_ name: Substring) -> String? {
        // A name that the kernel has a use for is written with an underscore before it.
        let name = name.hasPrefix("_") ? name.dropFirst() : name
        return suffixes.contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
            ? String(name) : nil
    }
}
