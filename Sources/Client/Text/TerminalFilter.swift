// What a report's child writes is fit for a terminal, but the child is a process of the recording's
// user, who may have it write something else. So whatever goes to a terminal is looked at again on
// this side of the pipe.

internal import Reports

/// Makes a stream of bytes fit for a terminal, whatever pieces it comes in.
struct TerminalFilter {
    /// The beginning of a scalar whose rest has not come yet.
    private var held: [UInt8] = []

    /// `bytes` as they may be shown: text in UTF-8 with ends of lines, and nothing that acts on a
    /// terminal or its text's direction.
    mutating func visible(_ bytes: [UInt8]) -> [UInt8] {
        if held.isEmpty, bytes.allSatisfy(Self.isPlain) { return bytes }
        let all = held + bytes
        let count = all.count - Self.unfinished(all)
        held = Array(all[count...])
        return Self.shown(all[..<count])
    }

    /// What was held back when the stream ended.
    mutating func end() -> [UInt8] {
        let rest = held
        held = []
        return Self.shown(rest[...])
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F || byte == UInt8(ascii: "\n")
    }

    private static func shown(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\n" {
                result.append(UInt8(ascii: "\n"))
            } else {
                result += Array(visibleText(String(scalar)).utf8)
            }
        }
        return result
    }

    /// How many bytes at the end are the beginning of a scalar (RFC 3629).
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            // A byte in a scalar's midst: its first one is before it.
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }
}
