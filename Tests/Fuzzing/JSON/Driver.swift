// Reads any bytes as a JSON value, a call, a reply, and as everything of the control interface that
// is made of one. An input that begins with the byte 1 is a text that goes on for 64 KiB: what
// stands before the next byte 1, and then the rest again and again.

internal import Glibc
@testable internal import ControlProtocol
@testable internal import Varlink

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    if bytes.first == 1 {
        checkTime(bytes.dropFirst())
    } else {
        checkValue(bytes)
        checkCall(bytes)
        checkReply(bytes)
    }
    return 0
}

// MARK: - Values

private func checkValue(_ bytes: [UInt8]) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONValue(decoding: bytes) } catch {
        check(0...bytes.count ~= error.offset, "an error outside the text")
        // What comes behind the offending byte does not matter.
        let cut = Array(bytes.prefix(error.offset + 1))
        check((try? JSONValue(decoding: cut)) == nil || cut.count < bytes.count, "now it is JSON")
        return
    }
    let text = value.encoded()
    check((try? JSONValue(decoding: text)) == value, "decoded again it is another")
    check(text.allSatisfy { $0 >= 0x20 }, "a control character in a frame")
    check((try? JSONValue(decoding: [0x20, 0x0a] + bytes + [0x0d, 0x09])) == value, "white space")
    let nested = try? JSONValue(decoding: [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")])
    let depth = depth(of: value)
    check(depth <= JSONValue.maximumDepth, "deeper than may be")
    check((nested == .array([value])) == (depth < JSONValue.maximumDepth), "in an array")
}

private func depth(of value: JSONValue) -> Int {
    switch value {
    case .array(let elements): 1 + (elements.map(depth).max() ?? 0)
    case .object(let fields): 1 + (fields.values.map(depth).max() ?? 0)
    default: 0
    }
}

/// A text as long as a request may be is done with in no time, whatever it says.
private func checkTime(_ bytes: ArraySlice<UInt8>) {
    let parts = bytes.split(separator: 1, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let part = parts.last, !part.isEmpty else { return }
    var text = Array(parts[0])
    while text.count < ControlInterface.maximumRequestSize { text += part }
    let start = clock()
    if let value = try? JSONValue(decoding: text) { _ = value == value }
    check(clock() - start < CLOCKS_PER_SEC, "a second of processor time")
}

// MARK: - Calls

private func checkCall(_ bytes: [UInt8]) {
    let call: Call
    do throws(EnvelopeError) { call = try Call(decoding: bytes) } catch {
        check(!error.description.isEmpty, "no text")
        return
    }
    let frame = call.encoded()
    check(frame.firstIndex(of: 0) == frame.count - 1, "a frame does not end where it ends")
    check((try? Call(decoding: Array(frame.dropLast()))) == call, "another call")
    check(call.method.hasPrefix(call.interface), "the interface is not of the method")
    if let method = ControlMethod(fullName: call.method) {
        check(method.fullName == call.method, "another method")
    }
    let parameters = call.parameters
    checkRequest { () throws(InvalidParameter) in
        let request = try BeginRequest(decoding: parameters)
        check((try? BeginRequest(decoding: request.parameters)) == request, "another Begin")
    }
    checkRequest { () throws(InvalidParameter) in
        let request = try AddRequest(decoding: parameters)
        check((try? AddRequest(decoding: request.parameters)) == request, "another Add")
        check(
            request.descriptors.count <= ControlInterface.maximumDescriptorsPerMessage
                && request.threads.count <= AddRequest.maximumThreads, "more than a message has")
    }
    checkRequest { () throws(InvalidParameter) in
        var reader = ParameterReader(parameters)
        _ = try reader.string("session")
        try reader.finish()
        check(parameters.count == 1 || parameters["session"] != nil, "more than was taken")
    }
}

/// A request that is refused is refused in words that fit a reply.
private func checkRequest(_ decode: () throws(InvalidParameter) -> Void) {
    do throws(InvalidParameter) { try decode() } catch {
        checkError(.invalidParameter(error.name))
    }
}

// MARK: - Replies

private func checkReply(_ bytes: [UInt8]) {
    let reply: Reply
    do throws(EnvelopeError) { reply = try Reply(decoding: bytes) } catch {
        check(!error.description.isEmpty, "no text")
        return
    }
    check((try? Reply(decoding: Array(reply.encoded().dropLast()))) == reply, "another reply")
    let error = ControlError(reply)
    check((error == nil) == (reply.error == nil), "an error that is none")
    if let error { checkError(error) }
    if let status = try? ServiceStatus(decoding: reply.parameters) {
        check((try? ServiceStatus(decoding: ["service": status.json])) == status, "another service")
    }
    if let status = try? SessionStatus(decoding: reply.parameters) {
        check((try? SessionStatus(decoding: ["session": status.json])) == status, "another session")
    }
    if let list = try? SessionStatus.list(decoding: reply.parameters) {
        let again = ["sessions": JSONValue.array(list.map(\.json))]
        check((try? SessionStatus.list(decoding: again)) == list, "another list")
    }
}

private func checkError(_ error: ControlError) {
    let bytes = error.reply.encoded()
    let reply = try? Reply(decoding: Array(bytes.dropLast()))
    check(reply == error.reply, "an error that does not come through")
    check(reply.flatMap(ControlError.init) == error, "another error")
}
