import Testing

@testable import Varlink

struct EnvelopeTests {
    @Test func `a call comes back as it was`() throws {
        let calls = [
            Call(method: "a.b.C"), Call(method: "a.b.C", parameters: ["x": 1], more: true),
            Call(method: "x", parameters: ["s": "\u{0}\"\u{1f600}", "n": .null], oneway: true),
        ]
        for call in calls {
            let bytes = call.encoded()
            #expect(bytes.last == 0)
            #expect(bytes.dropLast().contains(0) == false)
            #expect(try Call(decoding: Array(bytes.dropLast())) == call)
        }
    }

    @Test func `a reply comes back as it was`() throws {
        let replies = [
            Reply(), Reply(["x": [1, "a", true, nilValue]], continues: true),
            Reply(["r": "s"], error: "a.b.Error"),
        ]
        for reply in replies {
            #expect(try Reply(decoding: Array(reply.encoded().dropLast())) == reply)
        }
    }

    private var nilValue: JSONValue { .null }

    @Test(arguments: [
        #"{"method":"org.varlink.service.GetInfo"}"#, #"{"method":"a.B","parameters":null}"#,
        #"{"method":"a.B","more":false,"oneway":null,"upgrade":false,"parameters":{}}"#,
        " {\n\t\"method\" : \"a.B\" } ",
    ])
    func `a call as other clients write it`(text: String) throws {
        #expect(try Call(decoding: Array(text.utf8)).parameters == [:])
    }

    @Test(arguments: [
        "", " ", "{", "}", "[]", "null", "1", "\"a\"", "{}", #"{"method":null}"#, #"{"method":1}"#,
        #"{"method":"a","parameters":[]}"#, #"{"method":"a","parameters":"x"}"#,
        #"{"method":"a","more":1}"#, #"{"method":"a","oneway":"true"}"#,
        #"{"method":"a","upgrade":true}"#, #"{"method":"a","extra":1}"#,
        #"{"method":"a"}{"method":"b"}"#, #"{"method":"a"} x"#, #"{method:"a"}"#,
        #"{"method":'a'}"#, #"{"method":"a"/**/}"#,
        #"{"method":"\ud800"}"#, #"{"method":"a","parameters":{"x":01}}"#,
        #"{"method":"a","parameters":{"x":NaN}}"#, #"{"method":"a","parameters":{"x":1e999}}"#,
    ])
    func `what is no call is refused`(text: String) {
        #expect(throws: EnvelopeError.self) { try Call(decoding: Array(text.utf8)) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        let head = Array(#"{"method":"a"#.utf8)
        for bytes: [UInt8] in [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80],
        ] {
            #expect(throws: EnvelopeError.self) {
                try Call(decoding: head + bytes + Array(#""}"#.utf8))
            }
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[[],", "[{\"a\":"])
    func `nesting without end is refused`(opening: String) {
        let text = String(repeating: opening, count: 65536 / opening.utf8.count)
        #expect(throws: EnvelopeError.self) { try Call(decoding: Array(text.utf8)) }
    }

    @Test func `the interface is the part before the last dot`() {
        #expect(Call(method: "org.varlink.service.GetInfo").interface == "org.varlink.service")
        #expect(Call(method: "GetInfo").interface == "")
        #expect(Call(method: ".").interface == "")
    }
}

struct ParameterReaderTests {
    @Test func `what nobody took is refused by its name`() throws {
        var reader = ParameterReader(["a": 1, "b": 2, "c": 3])
        #expect(try reader.int("b") == 2)
        #expect(throws: InvalidParameter("a")) { try reader.finish() }
        let long = ParameterReader([String(repeating: "x", count: 100): 1])
        #expect(throws: InvalidParameter(String(repeating: "x", count: 64))) { try long.finish() }
    }

    @Test func `names have the path to them`() {
        var reader = ParameterReader(["list": [["x": 1], ["x": "1"]], "object": ["y": [:]]])
        #expect(throws: InvalidParameter("list[1].x")) {
            _ = try reader.array("list", limit: 9) { reader throws(InvalidParameter) in
                try reader.int("x", as: Int.self)
            }
        }
        #expect(throws: InvalidParameter("object.y")) {
            try reader.object("object") { _ throws(InvalidParameter) in }
        }
    }

    @Test(arguments: [.null, "1", 1.5.json, true, [], [:]] as [JSONValue])
    func `another type is refused`(value: JSONValue) {
        var reader = ParameterReader(["x": value])
        #expect(throws: InvalidParameter("x")) { try reader.int("x", as: Int64.self) }
    }

    @Test func `a number out of the type's range is refused`() {
        for (value, _) in [(-1, 0), (256, 0)] as [(Int64, Int)] {
            var reader = ParameterReader(["x": .int(value)])
            #expect(throws: InvalidParameter("x")) { try reader.int("x", as: UInt8.self) }
        }
    }

    @Test func `null is as good as nothing`() throws {
        var reader = ParameterReader(["x": .null])
        #expect(try reader.optionalString("x") == nil)
        try reader.finish()
    }

    @Test func `a list longer than its limit is refused`() {
        var reader = ParameterReader(["x": ["a", "b", "c"], "y": [[:], [:]]])
        #expect(throws: InvalidParameter("x")) { try reader.strings("x", limit: 2) }
        #expect(throws: InvalidParameter("y")) {
            _ = try reader.array("y", limit: 1) { _ throws(InvalidParameter) in 1 }
        }
    }
}

extension Double {
    fileprivate var json: JSONValue { .double(self) }
}
