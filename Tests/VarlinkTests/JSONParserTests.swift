import Testing

@testable import Varlink

struct JSONParserTests {
    private func value(_ text: String) throws -> JSONValue {
        try JSONValue(decoding: Array(text.utf8))
    }

    static let texts: [(String, JSONValue)] = [
        ("null", .null), ("true", true), (" false ", false), ("0", 0), ("-0", 0),
        ("12", 12), ("-12", -12), ("4294967295", 4_294_967_295),
        ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.5", .double(1.5)),
        ("-1.25e-2", .double(-0.0125)), ("1.0", 1), ("1e2", 100), ("1E+2", 100), ("1e-999", 0),
        (#""""#, ""), (#""a""#, "a"), (#""ä€😀""#, "ä€😀"),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e4\u0000""#, "Aä\u{0}"),
        (#""\ud83d\ude00x""#, "😀x"), (#""a\u0062c""#, "abc"),
        ("[]", []), ("[ ]", []), ("[1,2 , 3]", [1, 2, 3]), ("[[],{}]", [[], [:]]),
        ("{}", [:]), (#"{ "a" : 1 , "b":[{}] }"#, ["a": 1, "b": [[:]]]),
        ("\t\r\n [1]\n", [1]),
    ]

    @Test(arguments: texts)
    func `what is JSON has its value`(text: String, expected: JSONValue) throws {
        #expect(try value(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN",
        "Infinity", "1e999", "-1e999", "--1", "1 2", "\"", "\"a", #""\"#, #""\x""#, #""\u12""#,
        #""\u12g4""#, #""\ud800""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#,
        #""\udc00""#, "\"a\nb\"", "\"\u{1}\"", #""\u{0}""#, "[", "]", "[1", "[1,", "[1,]", "[,1]",
        "[1 2]", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{a:1}"#, #"{1:1}"#,
        #"{"a" 1}"#, #"{"a":1 "b":2}"#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":1}"#, "[}", "{]",
        "[1}", #"{"a":1]"#, "1,", "[1]]", "//1", "'a'", "\u{feff}1",
    ])
    func `what is no JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try value(text) }
    }

    @Test func `every beginning of a text is refused`() {
        let bytes = Array(#"{"a":[1.5e3,"\ud83d\ude00é",{"b":null}],"c":true}"#.utf8)
        #expect((try? JSONValue(decoding: bytes)) != nil)
        for count in bytes.indices {
            #expect(throws: JSONError.self) { try JSONValue(decoding: Array(bytes[..<count])) }
        }
    }

    @Test(arguments: ["[", #"{"a":"#])
    func `depth is bounded`(bracket: String) throws {
        let closing = bracket == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: bracket, count: depth) + "1"
                + String(repeating: closing, count: depth)
        }
        #expect((try? value(nested(64))) != nil)
        #expect((try? value(nested(65))) == nil)
        #expect((try? value(nested(30_000))) == nil)
        #expect((try? value(String(repeating: bracket, count: 1 << 16))) == nil)
    }

    @Test func `a number has a bounded length`() {
        let digits = String(repeating: "1", count: 64)
        #expect((try? value(digits)) != nil)
        #expect((try? value(digits + "1")) == nil)
        #expect((try? value("0." + String(repeating: "0", count: 60_000) + "1")) == nil)
    }

    @Test func `a full frame costs little, whatever is in it`() throws {
        let clock = ContinuousClock()
        for item in ["1", "1.5", "\"a\"", "{}", "[]", "null", #"{"a":1}"#, #""\u0041""#] {
            let count = 65_000 / (item.utf8.count + 1)
            let text = "[" + Array(repeating: item, count: count).joined(separator: ",") + "]"
            let bytes = Array(text.utf8)
            var decoded: JSONValue?
            let time = try clock.measure { decoded = try JSONValue(decoding: bytes) }
            guard case .array(let values)? = decoded else {
                Issue.record("\(item) is no array")
                continue
            }
            #expect(values.count == count)
            // A debug build on a busy machine; a release build takes a few milliseconds.
            #expect(time < .seconds(1))
        }
    }
}
