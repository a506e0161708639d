// What a daemon that leaks has more of.

/// What a process has of the machine.
struct Footprint: CustomStringConvertible {
    let descriptors: Int
    let mappings: Int
    /// KiB of resident memory.
    let resident: Int

    init(of processID: Int32) throws {
        descriptors = entries(of: "/proc/\(processID)/fd").count
        mappings = try readText("/proc/\(processID)/maps").split(separator: "\n").count
        let status = try readText("/proc/\(processID)/status").split(separator: "\n")
        let line = status.first { $0.hasPrefix("VmRSS:") } ?? ""
        resident = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }

    var description: String {
        "\(descriptors) descriptors, \(mappings) mappings, \(resident) KiB"
    }
}
