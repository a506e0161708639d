import Testing

@testable import Client

struct TerminalFilterTests {
    private func shown(_ pieces: [[UInt8]]) -> String {
        var filter = TerminalFilter()
        var bytes: [UInt8] = []
        for piece in pieces { bytes += filter.visible(piece) }
        bytes += filter.end()
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("plain text\nand more\n", "plain text\nand more\n"),
        ("\u{1B}[31m", "\\u{1B}[31m"), ("\u{9B}2J", "\\u{9B}2J"),
        ("\r\u{7}\u{8}\u{7F}\t", "\\u{D}\\u{7}\\u{8}\\u{7F}\\u{9}"),
        ("\u{202E}x\u{2066}\u{200F}", "\\u{202E}x\\u{2066}\\u{200F}"), ("ü 漢 🦉 …", "ü 漢 🦉 …"),
        ("", ""),
    ])
    func `a text is shown alike in whatever pieces it comes`(text: String, visible: String) {
        let bytes = Array(text.utf8)
        #expect(shown([bytes]) == visible)
        #expect(shown(bytes.map { [$0] }) == visible)
        for cut in bytes.indices {
            #expect(shown([Array(bytes[..<cut]), Array(bytes[cut...])]) == visible, "\(cut)")
        }
    }

    @Test(
        arguments: [
            [0x9B, 0x33], [0xC2], [0xE2, 0x80], [0xF0, 0x9F, 0xA6], [0xC2, 0x1B], [0xFF],
        ] as [[UInt8]])
    func `what is no UTF-8 is repaired`(bytes: [UInt8]) {
        for pieces in [[bytes], bytes.map { [$0] }] {
            let text = shown(pieces)
            #expect(text.contains("\u{FFFD}"))
            #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
    }
}
