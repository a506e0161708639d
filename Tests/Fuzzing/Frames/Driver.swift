// Feeds receives to a FrameAssembler, with real descriptors, and compares what comes out with a
// model that knows one byte at a time; then again with the same bytes in other pieces. The first
// byte of an input is the longest frame; each receive is a byte that says what came with it, a
// length, and that many bytes.

internal import Glibc
@testable internal import SocketCredentials
@testable internal import Varlink

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var reader = InputReader(input(start, count))
    let limit = Int(reader.byte() % 64)
    let size = Int(reader.byte() % 8) + 1
    let receives = Receive.all(from: &reader)
    let firstFree = freeDescriptor()
    let outcome = assemble(receives, limit)
    check(outcome == model(receives, limit), "the model says otherwise")
    check(outcome == assemble(cut(receives, by: size), limit), "other pieces, other frames")
    check(outcome == assemble(cut(receives, by: 1), limit), "byte by byte there are other frames")
    check(freeDescriptor() == firstFree, "a descriptor stayed open")
    return 0
}

/// One receive as an input has it.
private struct Receive {
    var bytes: [UInt8]
    var uid: UInt32?
    /// Each descriptor has a number of its own, by which it is known wherever it goes.
    var descriptors: [Int] = []
    var truncation: Truncation?

    static func all(from reader: inout InputReader) -> [Receive] {
        var receives: [Receive] = []
        var descriptors = 0
        while !reader.isAtEnd, receives.count < 256 {
            let flags = reader.byte()
            let count = Int(reader.byte() % 64)
            // No bytes are the end of a stream.
            guard count > 0, !reader.isAtEnd else { continue }
            var receive = Receive(
                bytes: reader.bytes(count), uid: flags & 3 > 0 ? UInt32(flags & 3) : nil)
            receive.descriptors = Array(descriptors..<descriptors + Int(flags >> 2 & 3))
            descriptors += receive.descriptors.count
            switch flags >> 4 & 15 {
            case 1: receive.truncation = Truncation(lostControl: true)
            case 2: receive.truncation = Truncation(missingProcessDescriptor: .noSuchProcess)
            default: break
            }
            receives.append(receive)
        }
        return receives
    }

    var credentials: Credentials? {
        uid.map { Credentials(source: .ucred, pid: 1, uid: $0, gid: 1) }
    }

    /// Where in its bytes frames begin.
    func frameStarts(isInsideFrame: Bool) -> [Int] {
        bytes.indices.filter { $0 == 0 ? !isInsideFrame : bytes[$0 - 1] == 0 }
    }
}

private struct Outcome: Equatable {
    struct Frame: Equatable {
        var bytes: [UInt8] = []
        var credentials: Credentials?
        var descriptors: [Int] = []
    }

    var frames: [Frame] = []
    var violation: FrameViolation?
}

// MARK: - The real one

private let null = open("/dev/null", O_RDONLY | O_CLOEXEC)

private func freeDescriptor() -> CInt {
    let number = dup(null)
    close(number)
    return number
}

private func assemble(_ receives: [Receive], _ limit: Int) -> Outcome {
    var assembler = FrameAssembler(limit: limit)
    var names: [CInt: Int] = [:]
    var outcome = Outcome()
    do throws(FrameViolation) {
        for receive in receives {
            let reception = reception(of: receive, &names)
            let state = try assembler.add(receive.bytes[...], reception) { frame in
                outcome.frames.append(
                    Outcome.Frame(
                        bytes: frame.bytes, credentials: frame.credentials,
                        descriptors: frame.descriptors.numbers.map { names[$0] ?? -1 }))
            }
            check(state == .open, "a message is neither nothing nor the end")
        }
        let isInside = assembler.isInsideFrame
        let state = try assembler.add([], .endOfStream) { _ in fatalError("a frame of no bytes") }
        check(state == .ended && !isInside, "the end inside a frame passed")
    } catch {
        outcome.violation = error
    }
    return outcome
}

private func reception(of receive: Receive, _ names: inout [CInt: Int]) -> Reception {
    var descriptors = DescriptorList()
    for name in receive.descriptors {
        let number = dup(null)
        names[number] = name
        descriptors.append(OwnedDescriptor(adopting: number))
    }
    let message = ReceivedMessage(
        byteCount: receive.bytes.count, credentials: receive.credentials,
        descriptors: descriptors, processDescriptor: .none, securityLabel: nil, others: [])
    guard let truncation = receive.truncation else { return .message(message) }
    return .truncated(message, truncation)
}

// MARK: - The model

private func model(_ receives: [Receive], _ limit: Int) -> Outcome {
    var outcome = Outcome()
    var open: Outcome.Frame?
    for receive in receives {
        if receive.truncation?.lostControl == true {
            outcome.violation = .controlTruncated
            return outcome
        }
        let starts = receive.frameStarts(isInsideFrame: open != nil)
        if !receive.descriptors.isEmpty && starts.isEmpty {
            outcome.violation = .strayDescriptors
            return outcome
        }
        for (index, byte) in receive.bytes.enumerated() {
            var frame = open ?? Outcome.Frame(credentials: receive.credentials)
            if starts.last == index { frame.descriptors = receive.descriptors }
            if frame.credentials != receive.credentials {
                outcome.violation = .mixedCredentials(
                    first: frame.credentials, second: receive.credentials)
                return outcome
            }
            if byte == 0 {
                outcome.frames.append(frame)
                open = nil
                continue
            }
            frame.bytes.append(byte)
            if frame.bytes.count > limit {
                outcome.violation = .oversized(limit: limit)
                return outcome
            }
            open = frame
        }
    }
    if open != nil { outcome.violation = .unfinished }
    return outcome
}

// MARK: - Other pieces

/// The same bytes in receives of at most `size` bytes. What came with descriptors is taken for what
/// the kernel glues together: plain bytes, and then the frame that the descriptors are sent with.
private func cut(_ receives: [Receive], by size: Int) -> [Receive] {
    var pieces: [Receive] = []
    var isInsideFrame = false
    for receive in receives {
        let starts = receive.frameStarts(isInsideFrame: isInsideFrame)
        isInsideFrame = receive.bytes.last != 0
        if receive.truncation?.lostControl == true {
            pieces.append(receive)
            continue
        }
        let first = receive.descriptors.isEmpty ? 0 : starts.last ?? 0
        for part in [0..<first, first..<receive.bytes.count] {
            for offset in stride(from: part.lowerBound, to: part.upperBound, by: size) {
                var piece = receive
                piece.bytes = Array(receive.bytes[offset..<min(offset + size, part.upperBound)])
                if offset != first { piece.descriptors = [] }
                pieces.append(piece)
            }
        }
    }
    return pieces
}
