// The parts of proc(5)'s texts that decide whether a process can be a target.

/// What /proc/PID/status says.
struct ProcessStatus: Hashable {
    let name: String
    /// The process that a thread belongs to.
    let processID: Int32
    /// Real, effective, saved and file-system.
    let userIDs: [UInt32]
    let groupIDs: [UInt32]

    /// Nil where `text` lacks one of the fields.
    init?(_ text: String) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == "\t" }
            // The kernel escapes a newline in the name, and the name comes first.
            if fields[line[..<colon]] == nil { fields[line[..<colon]] = value }
        }
        func numbers(_ field: Substring) -> [UInt32] {
            (fields[field] ?? "").split(separator: "\t").compactMap { UInt32($0) }
        }
        guard let name = fields["Name"], let processID = fields["Tgid"].flatMap({ Int32($0) })
        else { return nil }
        self.name = String(name)
        self.processID = processID
        userIDs = numbers("Uid")
        groupIDs = numbers("Gid")
        guard userIDs.count == 4, groupIDs.count == 4 else { return nil }
    }
}

/// Whether /proc/PID/stat is of a kernel thread: `PF_KTHREAD` in its ninth field.
func isKernelThread(stat text: String) -> Bool {
    // The second field is the name in parentheses, which may hold any of both.
    guard let nameEnd = text.lastIndex(of: ")") else { return false }
    let fields = text[text.index(after: nameEnd)...].split(separator: " ")
    guard fields.count > 6, let flags = UInt32(fields[6]) else { return false }
    return flags & 0x0020_0000 != 0
}
