import Testing

@testable import Varlink

struct JSONValueTests {
    @Test(arguments: [0, 1, -1, 4_294_967_295, .max, .min] as [Int64])
    func `integers stay what they are`(number: Int64) throws {
        let value = try JSONValue(decoding: Array("\(number)".utf8))
        #expect(value == .int(number))
        #expect(String(decoding: value.encoded(), as: UTF8.self) == "\(number)")
    }

    @Test func `an integer too large for 64 bits is no integer`() throws {
        guard case .double = try JSONValue(decoding: Array("18446744073709551616".utf8)) else {
            Issue.record("it became an integer")
            return
        }
    }

    @Test func `keys are sorted and slashes are plain`() {
        let value: JSONValue = ["b": "a/b", "a": [true, .null, 1]]
        #expect(
            String(decoding: value.encoded(), as: UTF8.self) == #"{"a":[true,null,1],"b":"a/b"}"#)
    }

    @Test func `numbers that JSON lacks still encode`() {
        let value = JSONValue.array([.double(.infinity), .double(.nan), .double(-.infinity)])
        let text = String(decoding: value.encoded(), as: UTF8.self)
        #expect(text == #"["Infinity","NaN","-Infinity"]"#)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("9223372036854775807", .int(.max)),
            ("-9223372036854775808", .int(.min)),
            ("1.0", 1), ("1e2", 100), ("-1.5E-1", .double(-0.15)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1E+2", 100),
            ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-999", 0), ("-0.0", 0),
        ] as [(String, JSONValue)])
    func `numbers as they are written`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(decoding: Array(text.utf8)) == value)
        #expect(try JSONValue(decoding: value.encoded()) == value)
    }

    @Test(arguments: [
        (#""\u0041\/\"\\\b\f\n\r\t""#, "A/\"\\\u{8}\u{c}\n\r\t"),
        (#""\ud83d\ude00\u00E9""#, "\u{1f600}\u{e9}"), (#""\u0000\u001f""#, "\u{0}\u{1f}"),
        ("\"\u{7f}\u{ffff}\u{10ffff}\"", "\u{7f}\u{ffff}\u{10ffff}"),
    ])
    func `strings with escapes`(text: String, string: String) throws {
        #expect(try JSONValue(decoding: Array(text.utf8)) == .string(string))
        #expect(try JSONValue(decoding: JSONValue.string(string).encoded()) == .string(string))
    }

    @Test(arguments: [
        ("", 0), (" ", 1), ("tru", 3), ("nul ", 3), ("True", 0), ("-", 1), ("+1", 0), (".5", 0),
        ("1.", 2), ("1e", 2), ("1e+", 3), ("00", 0), ("-01", 0), ("0x1", 1), ("Infinity", 0),
        ("1 2", 2), ("[", 1), ("]", 0), ("[1", 2), ("[1,", 3), ("[,1]", 1), ("[1,]", 3),
        ("[1 2]", 3), ("[1}", 2), ("{", 1), (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7),
        (#"{1:1}"#, 1), (#"{"a":1,"a":2}"#, 7), ("{\"\u{e9}\":1,\"e\u{301}\":2}", 8),
        (#""a"#, 2), ("\"\n\"", 1), (#""\x""#, 3), (#""\"#, 2), (#""\u12g4""#, 5),
        (#""\ud800""#, 7), (#""\ud800\u0041""#, 13), (#""\udc00""#, 7), ("\u{feff}1", 0),
    ])
    func `what is no JSON is refused at its byte`(text: String, offset: Int) {
        #expect(throws: JSONError(offset: offset)) { try JSONValue(decoding: Array(text.utf8)) }
    }

    @Test func `every cut of a text is refused`() throws {
        let text = Array(#"{"a":[-1.5e+3,true,false,null,"\ud83d\ude00é"],"b":{"c":[{}]}}"#.utf8)
        #expect(throws: Never.self) { try JSONValue(decoding: text) }
        for count in text.indices {
            #expect(throws: JSONError.self) { try JSONValue(decoding: Array(text[..<count])) }
        }
    }

    @Test func `nesting has a limit`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONValue(decoding: nested(128)) }
        #expect(throws: JSONError(offset: 128)) { try JSONValue(decoding: nested(129)) }
    }

    @Test func `combining marks in a row have a limit`() {
        func marked(_ count: Int) -> [UInt8] {
            let marks = (0..<count).map { $0 % 2 == 0 ? "\u{301}" : "\u{323}" }.joined()
            return Array("{\"a\(marks)\":\"\(marks)\"}".utf8)
        }
        #expect(throws: Never.self) { try JSONValue(decoding: marked(30)) }
        #expect(throws: JSONError(offset: 1)) { try JSONValue(decoding: marked(31)) }
    }

    /// What could keep a decoder busy: one that looks at a byte twice needs hours for the worst.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ("", "["), ("", "{\"a\":"), ("[", "0,"), ("[", "{},"), ("[", "\"\","), ("", "9"),
            ("0.", "0"),
            (String(repeating: "[", count: 100), "[{\"a\":[]}],"), ("\"", "\\u0301"),
            ("\"a", "\u{301}\u{323}"), ("{\"a", "\u{301}\u{323}"),
        ])
    func `a megabyte of anything takes no time`(start: String, part: String) {
        let count = (1 << 20) / part.utf8.count
        let text = Array((start + String(repeating: part, count: count)).utf8)
        _ = try? JSONValue(decoding: text)
    }
}
