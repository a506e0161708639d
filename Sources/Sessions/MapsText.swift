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
}

extension MapsLine {
    /// The executable mappings in `text`, in its order.
    static func executable(in text: [UInt8]) -> [MapsLine] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            var fields = Fields(rest: line)
            return MapsLine(&fields)
        }
    }

    private init?(_ fields: inout Fields) {
        guard let start = fields.number(until: "-"), let end = fields.number(until: " "),
            start < end, let permissions = fields.until(" "), permissions.count == 4,
            permissions[permissions.startIndex + 2] == UInt8(ascii: "x"),
            let fileOffset = fields.number(until: " "),
            let major = fields.number(until: ":"), let deviceMajor = UInt32(exactly: major),
            let minor = fields.number(until: " "), let deviceMinor = UInt32(exactly: minor),
            let inode = fields.number(until: " ", radix: 10, orEnd: true)
        else { return nil }
        self.start = start
        self.end = end
        self.fileOffset = fileOffset
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.inode = inode
        isReadable = permissions.first == UInt8(ascii: "r")
        isWritable = permissions.dropFirst().first == UInt8(ascii: "w")
        isShared = permissions.last == UInt8(ascii: "s")
        path = fields.path()
    }

    /// Takes the fields of a line from its front.
    private struct Fields {
        var rest: ArraySlice<UInt8>

        /// The bytes in front of the first `end`, or all that are left if they may be the last.
        mutating func until(_ end: Unicode.Scalar, orEnd: Bool = false) -> ArraySlice<UInt8>? {
            guard let place = rest.firstIndex(of: UInt8(ascii: end)) else {
                defer { rest = [] }
                return orEnd ? rest : nil
            }
            defer { rest = rest[(place + 1)...] }
            return rest[..<place]
        }

        /// A number that fits 64 bits: digits, and nothing else.
        mutating func number(
            until end: Unicode.Scalar, radix: UInt64 = 16, orEnd: Bool = false
        ) -> UInt64? {
            guard let digits = until(end, orEnd: orEnd), !digits.isEmpty else { return nil }
            var number: UInt64 = 0
            for byte in digits {
                guard let digit = Self.digit(byte), digit < radix else { return nil }
                let (product, isTooLarge) = number.multipliedReportingOverflow(by: radix)
                let (sum, overflow) = product.addingReportingOverflow(digit)
                if isTooLarge || overflow { return nil }
                number = sum
            }
            return number
        }

        private static func digit(_ byte: UInt8) -> UInt64? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte) - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte) - 0x61 + 10
            default: nil
            }
        }

        /// The kernel writes a newline in a path as `\012`, and leaves the rest as it is.
        func path() -> String {
            let path = rest.drop { $0 == UInt8(ascii: " ") }
            if path.isEmpty { return "//anon" }
            guard path.contains(UInt8(ascii: "\\")) else {
                return String(decoding: path, as: UTF8.self)
            }
            let newline = Array("\\012".utf8)
            var bytes: [UInt8] = []
            var rest = path
            while let byte = rest.first {
                let isNewline = rest.starts(with: newline)
                bytes.append(isNewline ? UInt8(ascii: "\n") : byte)
                rest = rest.dropFirst(isNewline ? newline.count : 1)
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
