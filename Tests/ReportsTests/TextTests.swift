import Testing

@testable import Reports

struct TextTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            String(repeating: "a", count: 119),
            "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"
        ),
    ])
    func `the digest is SHA-256`(message: String, expected: String) {
        let digest = sha256(Array(message.utf8))
        let text = digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == expected)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
    ])
    func `base 64 is RFC 4648's`(text: String, expected: String) {
        #expect(base64(Array(text.utf8)) == expected)
    }

    @Test(arguments: [
        ("plain", "plain"), ("\u{1B}[31m", "\\u{1B}[31m"), ("a\nb", "a\\u{A}b"),
        ("\u{202E}x", "\\u{202E}x"), ("\u{2028}", "\\u{2028}"), ("é", "é"), ("日本", "日本"),
        ("\u{9B}2J", "\\u{9B}2J"), ("\u{200B}", "\\u{200B}"), ("\u{7F}", "\\u{7F}"),
    ])
    func `what acts on a terminal or a page is shown instead`(text: String, expected: String) {
        #expect(visibleText(text) == expected)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 10, 11, 12])
    func `a text fits its columns exactly`(width: Int) {
        for text in ["", "a", "hello world", "日本語日本語", "e\u{301}e\u{301}e\u{301}e\u{301}"] {
            let result = fitted(text, to: width)
            #expect(columns(of: result) == width, "\(text)")
            if columns(of: text) <= width { #expect(result.hasPrefix(text)) }
        }
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1 000"), (123_456, "123 456"), (1_234_567, "1 234 567"),
    ])
    func `counts are grouped`(number: Int, expected: String) {
        #expect(grouped(UInt64(number)) == expected)
    }

    @Test(arguments: [
        (0, "0 s"), (999, "999 ns"), (1_500, "1.5 µs"), (2_000_000, "2.0 ms"),
        (1_234_000_000, "1.23 s"), (61_000_000_000, "1 min 1 s"), (7_260_000_000_000, "2 h 1 min"),
    ])
    func `a duration has the unit that suits it`(nanoseconds: Int, expected: String) {
        #expect(duration(nanoseconds: UInt64(nanoseconds)) == expected)
    }

    @Test(arguments: [
        (0, 0, "0.0 %"), (1, 3, "33.3 %"), (1, 100_000, "<0.1 %"), (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
    ])
    func `a share is never rounded to nothing`(part: Int, whole: Int, expected: String) {
        #expect(percent(UInt64(part), of: UInt64(whole)) == expected)
    }
}
