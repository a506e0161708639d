// The text of /proc/PID/maps (proc(5)): one mapping a line,
//
//     7f5c…000-7f5c…000 r-xp 00026000 fd:00 131076    /usr/lib/x86_64-linux-gnu/libc.so.6
//
// The path is the target's to choose, so it is a name here and never opened. A line that is not
// as the manual has it is passed over: a mapping less is a frame without a name, nothing worse.

/// One executable mapping of a process.
struct MapsLine: Hashable {
    /// Runtime addresses, in bytes.
    var start: UInt64
    var end: UInt64
    var fileOffset: UInt64
    var deviceMajor: UInt32
    var deviceMinor: UInt32
    var inode: UInt64
    var isWritable: Bool
    var isReadable: Bool
    var isShared: Bool
    /// The path, `[vdso]`, or `//anon` where there is none, as the kernel's records say it.
    var path: String

    /// The executable mappings in `text`, in its order.
    static func executable(in text: [UInt8]) -> [MapsLine] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            var fields = Fields(rest: line)
            return MapsLine(&fields)
        }
    }

    private init?(_ fields: inout Fields) {
        guard let start = fields.hexadecimal(until: "-"), let end = fields.hexadecimal(until: " "),
            start < end, let permissions = fields.word(), permissions.count == 4,
            permissions[permissions.startIndex + 2] == UInt8(ascii: "x"),
            let fileOffset = fields.hexadecimal(until: " "),
            let major = fields.hexadecimal(until: ":"), let minor = fields.hexadecimal(until: " "),
            let inode = fields.word().flatMap({ UInt64(String(decoding: $0, as: UTF8.self)) })
        else { return nil }
        self.start = start
        self.end = end
        self.fileOffset = fileOffset
        deviceMajor = UInt32(truncatingIfNeeded: major)
        deviceMinor = UInt32(truncatingIfNeeded: minor)
        self.inode = inode
        isReadable = permissions.first == UInt8(ascii: "r")
        isWritable = permissions.dropFirst().first == UInt8(ascii: "w")
        isShared = permissions.last == UInt8(ascii: "s")
        path = fields.path()
    }

    /// Takes the fields of a line from its front.
    private struct Fields {
        var rest: ArraySlice<UInt8>

        mutating func until(_ end: Unicode.Scalar) -> ArraySlice<UInt8>? {
            guard let place = rest.firstIndex(of: UInt8(ascii: end)) else { return nil }
            defer { rest = rest[(place + 1)...] }
            return rest[..<place]
        }

        mutating func hexadecimal(until end: Unicode.Scalar) -> UInt64? {
            until(end).flatMap { UInt64(String(decoding: $0, as: UTF8.self), radix: 16) }
        }

        mutating func word() -> ArraySlice<UInt8>? {
            if let word = until(" ") { return word }
            defer { rest = [] }
            return rest.isEmpty ? nil : rest
        }

        /// The kernel writes a newline in a path as `\012`, and leaves the rest as it is.
        func path() -> String {
            let path = rest.drop { $0 == UInt8(ascii: " ") }
            if path.isEmpty { return "//anon" }
            let text = String(decoding: path, as: UTF8.self)
            // Hardly ever. The search is generic code that an idle daemon need not have touched.
            if !path.contains(UInt8(ascii: "\\")) { return text }
            return text.split(separator: "\\012", omittingEmptySubsequences: false)
                .joined(separator: "\n")
        }
    }
}
