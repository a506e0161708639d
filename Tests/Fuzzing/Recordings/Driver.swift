// Reads any bytes as a recording: an input is the 28 bytes of its header that say something, then
// its entries. What was read is cut, written and read again; an input whose last byte is a multiple
// of 8 becomes a profile and reports too.

@testable internal import Recording
@testable internal import Varlink

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = input(start, count)
    let header = bytes.prefix(28)
    let file = header + [UInt8](repeating: 0, count: 4096 - header.count) + bytes.dropFirst(28)
    let before = allocatedBytes()
    let reading: Reading
    do throws(RecordingError) { reading = try Reading(of: Array(file)) } catch {
        check(!error.description.isEmpty, "no text")
        return 0
    }
    check(allocatedBytes() - before < 1 << 16 + 256 * bytes.count, "memory beyond measure")
    checkEnd(reading)
    checkCuts(reading)
    checkCommits(reading)
    checkRoundTrip(reading)
    if let last = bytes.last, last % 8 == 0 { checkReports(reading) }
    return 0
}

@_silgen_name("__sanitizer_get_current_allocated_bytes")
private func allocatedBytes() -> Int

/// All that a reader gives.
private struct Reading {
    let file: [UInt8]
    /// Where the header says that the entries end.
    let committed: UInt64
    var reader: RecordingReader
    var entries: [Entry] = []
    var error: RecordingError?

    init(of file: [UInt8]) throws(RecordingError) {
        self.file = file
        reader = try RecordingReader(bytes: file)
        committed = try CheckedHeader(file).committed
        do throws(RecordingError) {
            // An entry has two bytes at least.
            while let entry = try reader.next() {
                entries.append(entry)
                check(entries.count <= file.count / 2, "more entries than bytes")
            }
        } catch {
            self.error = error
        }
    }
}

/// The end is the end, however often one asks, and everything named is there.
private func checkEnd(_ reading: Reading) {
    var reader = reading.reader
    do throws(RecordingError) {
        check(try reader.next() == nil && reading.error == nil, "an entry behind the end")
    } catch {
        check(error == reading.error, "asked again it is another error")
        guard case .damaged(_, let offset) = error else { fatalError("another kind of error") }
        check(4096...reading.file.count ~= offset, "an error outside the entries")
        check(!error.description.isEmpty, "no text")
    }
    let defined = reading.entries.reduce(1) { count, entry in
        guard case .stack(let stack) = entry else { return count }
        check(Int(stack.firstID) == count && stack.parent < stack.firstID, "a stack out of order")
        return count + stack.addresses.count
    }
    check(defined == reader.stackNodeCount, "other stacks than were defined")
    for case .sample(let sample) in reading.entries {
        check(
            sample.thread < reader.threads.count && sample.event < reader.events.count
                && sample.stack < reader.stackNodeCount, "a sample of what is not defined")
    }
    for case .sample(let sample) in reading.entries.suffix(1) {
        check(reader.callchain(of: sample.stack).count < reader.stackNodeCount, "a stack in a ring")
    }
}

// MARK: - Cuts

/// Some places of a file behind its header; all of them if they are few.
private func places(in file: [UInt8]) -> [Int] {
    let count = file.count - 4096
    if count <= 48 { return Array(4096...file.count) }
    let sum = file.reduce(0) { $0 &* 31 &+ Int($1) } & .max
    return [4096 + sum % count, 4096 + sum / 7 % count, file.count - 1]
}

/// A file that was cut gives the entries that are there in full, and says that it was cut.
private func checkCuts(_ whole: Reading) {
    var count = 0
    for place in places(in: whole.file).sorted() {
        guard let cut = try? Reading(of: Array(whole.file[..<place])) else {
            fatalError("no reader")
        }
        check(whole.entries.starts(with: cut.entries), "a cut changes the entries in front of it")
        check(cut.error == nil || cut.error == whole.error, "a cut is no damage")
        check(cut.entries.count >= count, "more bytes have fewer entries")
        count = cut.entries.count
        if place < whole.committed, cut.error == nil {
            check(cut.reader.isTruncated, "nobody says that it was cut")
        }
    }
}

/// Whatever was the last commit, what is behind it is not there.
private func checkCommits(_ whole: Reading) {
    for place in places(in: whole.file) where place < whole.committed {
        var file = whole.file
        for index in 0..<8 { file[16 + index] = UInt8(truncatingIfNeeded: place >> (8 * index)) }
        guard let earlier = try? Reading(of: file) else { fatalError("no reader") }
        check(whole.entries.starts(with: earlier.entries), "a commit changes earlier entries")
        let same = try? Reading(of: file[..<place] + file[place...].map { ~$0 })
        check(same?.entries == earlier.entries, "bytes behind the commit count")
    }
}

// MARK: - Written again

/// What was read is written as it was read.
private func checkRoundTrip(_ reading: Reading) {
    var encoder = Encoder()
    var state = Written()
    for entry in reading.entries {
        append(entry, to: &encoder, &state, reading.reader)
    }
    var file = Array(reading.file.prefix(4096))
    for index in 0..<8 {
        file[16 + index] = UInt8(truncatingIfNeeded: (4096 + encoder.count) >> (8 * index))
    }
    let again = try? Reading(of: file + encoder.storage.prefix(encoder.count))
    check(again?.entries == reading.entries, "written and read again it is another")
    check(again?.reader.isTruncated == false && again?.error == nil, "what was written is damaged")
}

/// What has been written so far, and where the bucket at hand begins to count.
private struct Written {
    var previous = SampleState()
    var events: [EventDefinition] = []
    var threads: UInt32 = 0
    var nodes: UInt32 = 0
    var firstThread: UInt32 = 0
    var firstNode: UInt32 = 0

    func node(_ node: UInt32) -> UInt32 { node == 0 ? 0 : node - firstNode }
}

private func append(
    _ entry: Entry, to encoder: inout Encoder, _ written: inout Written, _ reader: RecordingReader
) {
    var body = Encoder()
    switch entry {
    case .session(let facts):
        body.append(UInt64(facts.count))
        for fact in facts { fact.encode(to: &body) }
        encoder.append(.session, body: body)
    case .stack(let stack):
        body.append(written.node(stack.parent))
        body.append(UInt64(stack.addresses.count))
        var above = reader.address(of: stack.parent)
        for address in stack.addresses {
            body.append(address, after: above)
            above = address
        }
        written.nodes += UInt32(stack.addresses.count)
        encoder.append(.stack, body: body)
    case .sample(let sample):
        let state = SampleState(
            time: sample.time, thread: sample.thread - written.firstThread, event: sample.event,
            weight: sample.weight, stack: written.node(sample.stack), cpu: sample.cpu)
        encoder.append(state, after: written.previous, isKernelMode: sample.isKernelMode)
        written.previous = state
    case .thread(var thread):
        thread.index -= written.firstThread
        written.threads += 1
        thread.encode(to: &body)
        encoder.append(.thread, body: body)
    case .event(let event):
        written.events.append(event)
        event.encode(to: &body)
        encoder.append(.event, body: body)
    case .bucket(let bucket):
        bucket.encode(to: &body)
        encoder.append(.bucket, body: body)
        written.previous = SampleState()
        written.firstThread = written.threads
        written.firstNode = written.nodes
        // A reader does not tell of what is repeated.
        for event in written.events {
            var body = Encoder()
            event.encode(to: &body)
            encoder.append(.event, body: body)
        }
    case .cpu(let cpu):
        body.append(cpu)
        encoder.append(.cpu, body: body)
    default:
        appendPlain(entry, to: &encoder)
    }
}

/// An entry that depends on no other.
private func appendPlain(_ entry: Entry, to encoder: inout Encoder) {
    var body = Encoder()
    let tag: EntryTag
    switch entry {
    case .comm(let comm): (tag, _) = (.comm, comm.encode(to: &body))
    case .mapping(let mapping): (tag, _) = (.mapping, mapping.encode(to: &body))
    case .fork(let task): (tag, _) = (.fork, task.encode(to: &body))
    case .exit(let task): (tag, _) = (.exit, task.encode(to: &body))
    case .lost(let lost): (tag, _) = (.lost, lost.encode(to: &body))
    case .throttle(let throttle): (tag, _) = (.throttle, throttle.encode(to: &body))
    case .gap(let gap): (tag, _) = (.gap, gap.encode(to: &body))
    case .end(let end): (tag, _) = (.end, end.encode(to: &body))
    case .session, .stack, .sample, .cpu, .event, .thread, .bucket: return
    }
    encoder.append(tag, body: body)
}

// MARK: - Reports

/// A report of anything is whole, and has nothing in it that moves a cursor or ends an element.
private func checkReports(_ reading: Reading) {
    guard let reader = try? RecordingReader(bytes: reading.file) else { fatalError("no reader") }
    let profile = Profile(reading: reader, symbols: NoSymbols())
    let samples = reading.entries.count { if case .sample = $0 { true } else { false } }
    let told = profile.samples.reduce(0) { $0 + Int($1.count) }
    // Of a recording that keeps only its last time a report has no more than that.
    let keepsLast = reading.reader.firstBucket != nil
    check(keepsLast ? told <= samples : told == samples, "samples are missing")
    check(profile.events.count == reading.reader.events.count, "events are missing")
    for (node, parent) in profile.stacks.parents.enumerated().dropFirst() {
        check(parent < node, "a stack in a ring")
    }
    for event in profile.events.indices {
        var options = ReportOptions()
        options.event = event
        checkText(HotFunctions.render(profile, options: options))
        let folded = FoldedStacks.render(profile, event: event)
        checkText(folded)
        check(total(of: folded) == total(of: profile, event), "the folded stacks have other counts")
    }
    let page = FlameGraphData(profile).json()
    check(!page.contains(UInt8(ascii: "<")), "a page's element may end")
    let isPlain = page.allSatisfy { (0x20..<0x7f).contains($0) }
    check(!isPlain || (try? JSONValue(decoding: page)) != nil, "a page's data are no JSON")
}

private func checkText(_ text: [UInt8]) {
    check(text.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a }, "a control character")
    check(text.last == 0x0a || text.isEmpty, "a line without an end")
}

/// The sum of the numbers at the ends of the lines.
private func total(of folded: [UInt8]) -> UInt64 {
    folded.split(separator: 0x0a).reduce(0) { sum, line in
        let digits = line.suffix(while: { $0 != 0x20 })
        guard let number = UInt64(String(decoding: digits, as: UTF8.self)) else {
            fatalError("a line without a count")
        }
        return sum.addingSaturated(number)
    }
}

private func total(of profile: Profile, _ event: Int) -> UInt64 {
    profile.sampleCount(ofEvent: event).addingSaturated(profile.losses.count(ofEvent: event))
}

extension BidirectionalCollection {
    /// The longest end whose elements all pass.
    fileprivate func suffix(while passes: (Element) -> Bool) -> SubSequence {
        self[(lastIndex { !passes($0) }.map(index(after:)) ?? startIndex)...]
    }
}
