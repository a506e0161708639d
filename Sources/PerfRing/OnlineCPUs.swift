// The kernel's list format, "0-3,8,10-11", of /sys/devices/system/cpu/online.

public import LinuxSystem

/// The CPUs that are online.
public enum OnlineCPUs {
    /// Reads /sys/devices/system/cpu/online.
    ///
    /// - Throws: `SystemCallError` of reading it, EINVAL where it is no list of CPUs.
    public static func read() throws(SystemCallError) -> [Int32] {
        try read(SystemDirectory(standardPlace))
    }

    static let standardPlace = "/sys/devices/system/cpu"

    static func read(
        _ directory: borrowing SystemDirectory
    ) throws(SystemCallError) -> [Int32] {
        let text = try directory.text(of: "online")
        guard let cpus = parse(text) else {
            throw SystemCallError("read", .invalidArgument, on: "\(directory.path)/online")
        }
        return cpus
    }

    /// The CPUs that the machine has and that are not online; none where the kernel does not say.
    static func offline(_ directory: borrowing SystemDirectory) -> [Int32] {
        // An empty list is a line of its own, which `parse` takes for none.
        (try? directory.text(of: "offline")).flatMap(parse)?.filter { cpu in
            // Of those that could be plugged in and are not there is nothing to be said.
            (try? directory.text(of: "present")).flatMap(parse)?.contains(cpu) ?? false
        } ?? []
    }

    /// Numbers in ascending order as the kernel writes them.
    static func text(_ cpus: [Int32]) -> String {
        var ranges: [ClosedRange<Int32>] = []
        for cpu in cpus {
            if let last = ranges.last, last.upperBound + 1 == cpu {
                ranges[ranges.count - 1] = last.lowerBound...cpu
            } else {
                ranges.append(cpu...cpu)
            }
        }
        return ranges.map { range in
            range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }.joined(separator: ",")
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
