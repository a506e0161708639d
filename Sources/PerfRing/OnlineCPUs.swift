// The kernel's list format, "0-3,8,10-11", of /sys/devices/system/cpu/online.

public import LinuxSystem

/// The CPUs that are online.
public enum OnlineCPUs {
    /// Reads /sys/devices/system/cpu/online.
    ///
    /// - Throws: `SystemCallError` of reading it, EINVAL where it is no list of CPUs.
    public static func read() throws(SystemCallError) -> [Int32] {
        let directory = try SystemDirectory("/sys/devices/system/cpu")
        let text = try directory.text(of: "online")
        guard let cpus = parse(text) else {
            throw SystemCallError("read", .invalidArgument, on: "\(directory.path)/online")
        }
        return cpus
    }

    /// The CPUs of a list; nil where it is none.
    static func parse(_ text: String) -> [Int32]? {
        var cpus: [Int32] = []
        for part in text.prefix(while: { $0 != "\n" }).split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { Int32($0) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil,
                first >= 0, first <= last, last < 1 << 16
            else { return nil }
            cpus += first...last
        }
        return cpus.isEmpty ? nil : cpus
    }
}
