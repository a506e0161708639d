// Walks any words as a ring's records, under any layout. The first byte of an input chooses the
// fields that a sample has besides those that are always there, the second where the words are
// cut; the rest is the words, and a layout's fields once more.

internal import Glibc
internal import LinuxSystem
@testable internal import PerfRecords
internal import Recording

private let optional: [SampleFields] = [.instructionPointer, .address, .id, .streamID, .cpu]

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var reader = InputReader(input(start, count))
    let chosen = reader.byte()
    let cut = Int(reader.byte())
    var words: [UInt64] = []
    while reader.rest.count >= 8 { words.append(reader.word()) }
    var fields = SampleFields.profile
    for (bit, field) in optional.enumerated() where chosen >> bit & 1 == 1 { fields.insert(field) }
    guard let layout = RecordLayout(fields: fields) else { fatalError("no layout") }
    checkLayout(SampleFields(rawValue: words.first ?? 0))
    let records = checkWalk(words, layout)
    checkCut(words, layout, at: min(cut, words.count), records)
    if chosen >> 5 == 7 { checkRecording(of: records, in: words) }
    return 0
}

/// Only fields of one word have a layout, and only if the necessary ones are among them.
private func checkLayout(_ fields: SampleFields) {
    let known = optional.reduce(SampleFields.profile) { $0.union($1) }
    let isPossible = fields.isSubset(of: known) && fields.isSuperset(of: .profile)
    check((RecordLayout(fields: fields) != nil) == isPossible, "another layout")
}

// MARK: - The walk

private let knownTypes: Set<UInt32> = [2, 3, 4, 5, 6, 7, 9, 10, 13]

private func checkWalk(_ words: [UInt64], _ layout: RecordLayout) -> [PerfRecord] {
    var cursor = RecordCursor(layout)
    var records: [PerfRecord] = []
    while true {
        var place = cursor.position
        let skipped = cursor.skippedCount
        let record: PerfRecord?
        do throws(RecordError) { record = try cursor.next(in: words.span) } catch {
            skip(cursor.skippedCount - skipped, &place, words)
            check(cursor.position == place, "an error not at its record")
            checkError(error, at: place, words)
            return records
        }
        skip(cursor.skippedCount - skipped, &place, words)
        guard let record else {
            check(place == words.count && cursor.position == place, "an end before the end")
            return records
        }
        let end = place + size(at: place, words)
        check(end == cursor.position && end <= words.count, "another size")
        checkRecord(record, place..<end, words, layout)
        records.append(record)
    }
}

/// The size in words that the record at `place` states.
private func size(at place: Int, _ words: [UInt64]) -> Int {
    check(words[place] >> 48 % 8 == 0 && words[place] >> 51 > 0, "a size that is none")
    return Int(words[place] >> 51)
}

/// Goes past `count` records, which must be of unknown types.
private func skip(_ count: Int, _ place: inout Int, _ words: [UInt64]) {
    for _ in 0..<count {
        check(!knownTypes.contains(UInt32(truncatingIfNeeded: words[place])), "a known one skipped")
        place += size(at: place, words)
    }
}

private func checkError(_ error: RecordError, at place: Int, _ words: [UInt64]) {
    check(error.offset == place * 8 && place < words.count, "an error elsewhere")
    let header = words[place]
    check(error.type.rawValue == UInt32(truncatingIfNeeded: header), "another type")
    check(!error.description.isEmpty, "no text")
    let isWrong =
        header >> 48 % 8 != 0 || header >> 51 == 0 || header >> 51 > UInt64(words.count - place)
    if case .size(let size) = error.reason {
        check(isWrong && UInt64(size) == header >> 48, "nothing is wrong with the size")
    } else {
        check(!isWrong, "the size is wrong, and nobody says so")
        check(knownTypes.contains(error.type.rawValue), "an error in an unknown record")
    }
}

// MARK: - Fields

/// Reads a record once more: its fields in the order in which perf_event_open(2) has them.
private func checkRecord(
    _ record: PerfRecord, _ place: Range<Int>, _ words: [UInt64], _ layout: RecordLayout
) {
    let type = UInt32(truncatingIfNeeded: words[place.lowerBound])
    if case .sample(let sample) = record {
        check(type == 9, "a sample of another type")
        checkSample(sample, place, words, layout)
        return
    }
    let origin: RecordOrigin
    switch record {
    case .sample: return
    case .mapping(let mapping):
        origin = mapping.origin
        check(type == 10 && mapping.start == words[place.lowerBound + 2], "a mapping")
        checkName(mapping.path, from: place.lowerBound + 9, place, words)
        if case .buildID(let bytes) = mapping.file { check(bytes.count <= 20, "build ID") }
    case .comm(let comm):
        origin = comm.origin
        check(type == 3, "a name")
        checkName(comm.name, from: place.lowerBound + 2, place, words)
    case .fork(let task), .exit(let task):
        origin = task.origin
        check((type == 7 || type == 4) && task.time == words[place.lowerBound + 3], "a task")
    case .lost(let loss):
        origin = loss.origin
        check(type == 2 && loss.count == words[place.lowerBound + 2], "lost")
    case .lostSamples(let loss):
        origin = loss.origin
        check(type == 13 && loss.count == words[place.lowerBound + 1], "lost samples")
    case .throttle(let throttle), .unthrottle(let throttle):
        origin = throttle.origin
        check((5...6).contains(type) && throttle.time == words[place.lowerBound + 1], "throttle")
    }
    // TID TIME ID STREAM_ID CPU IDENTIFIER.
    let trailer: [SampleFields] = [.threadID, .time, .id, .streamID, .cpu, .identifier]
    let present = trailer.filter { layout.fields.contains($0) }
    let first = place.upperBound - present.count
    check(first > place.lowerBound, "a trailer in the header")
    check(
        origin.processID == Int32(truncatingIfNeeded: words[first])
            && origin.threadID == Int32(truncatingIfNeeded: words[first] >> 32)
            && origin.time == words[first + 1]
            && origin.identifier == words[place.upperBound - 1], "another origin")
}

/// A name consists of the record's bytes from `start` to a zero byte.
private func checkName(_ name: String, from start: Int, _ place: Range<Int>, _ words: [UInt64]) {
    let bytes = words[start..<place.upperBound].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
    guard let end = bytes.firstIndex(of: 0) else { fatalError("a name without an end") }
    check(name == String(decoding: bytes[..<end], as: UTF8.self), "another name")
}

private func checkSample(
    _ sample: SampleView, _ place: Range<Int>, _ words: [UInt64], _ layout: RecordLayout
) {
    // IDENTIFIER IP TID TIME ADDR ID STREAM_ID CPU PERIOD, then the callchain.
    let order: [SampleFields] = [
        .identifier, .instructionPointer, .threadID, .time, .address, .id, .streamID, .cpu, .period,
    ]
    let present = order.filter { layout.fields.contains($0) }
    func word(_ field: SampleFields) -> UInt64 {
        words[place.lowerBound + 1 + (present.firstIndex(of: field) ?? 0)]
    }
    let ids =
        UInt64(UInt32(bitPattern: sample.processID))
        | UInt64(UInt32(bitPattern: sample.threadID)) << 32
    check(
        sample.identifier == word(.identifier) && ids == word(.threadID)
            && sample.time == word(.time) && sample.period == word(.period), "another sample")
    let count = place.lowerBound + 1 + present.count
    check(sample.callchain.lowerBound == count + 1, "the callchain is elsewhere")
    check(UInt64(sample.callchain.count) == words[count], "another callchain")
    check(sample.callchain.upperBound <= place.upperBound, "a callchain past its record")
    for context in [CallchainContext.user, .kernel] {
        let frames = sample.frames(of: context, in: words.span)
        check(sample.callchain.contains(frames) || frames.isEmpty, "frames outside the callchain")
        check(!frames.contains { CallchainContext.isMarker(words[$0]) }, "a marker among frames")
        guard !frames.isEmpty else { continue }
        check(words[frames.lowerBound - 1] == context.rawValue, "frames of another context")
        let end = frames.upperBound
        check(
            end == sample.callchain.upperBound || CallchainContext.isMarker(words[end]),
            "frames are missing")
    }
    var cursor = RecordCursor(layout, position: place.lowerBound)
    check((try? cursor.nextSample(in: words.span)) == sample, "the short way says otherwise")
}

/// What is cut off changes nothing of what is in front of it.
private func checkCut(
    _ words: [UInt64], _ layout: RecordLayout, at end: Int, _ records: [PerfRecord]
) {
    let cut = Array(words[..<end])
    var cursor = RecordCursor(layout)
    var found: [PerfRecord] = []
    while let record = try? cursor.next(in: cut.span) { found.append(record) }
    check(records.starts(with: found), "a cut changes the records in front of it")
}

// MARK: - The recording of them

private let scratch = ScratchDirectory()

/// Whatever a ring says can be recorded, and read again as it was.
private func checkRecording(of records: [PerfRecord], in words: [UInt64]) {
    var expected: [Entry] = []
    guard
        let bytes = try? scratch.record({ writer in
            for record in records { append(record, words, to: &writer, &expected) }
        })
    else { fatalError("it cannot be written") }
    guard var reader = try? RecordingReader(bytes: bytes), let entries = try? reader.readAll()
    else { fatalError("it cannot be read") }
    let found = entries.filter {
        switch $0 {
        case .stack, .thread, .cpu, .event, .end: false
        default: true
        }
    }
    check(reader.isSealed && !reader.isTruncated && found.count == expected.count, "not all of it")
    for (entry, wanted) in zip(found, expected) {
        guard case .sample(let sample) = entry, case .sample(var plain) = wanted else {
            check(entry == wanted, "another entry")
            continue
        }
        // Numbers of threads and stacks are the writer's.
        plain.thread = sample.thread
        plain.stack = sample.stack
        check(sample == plain, "another sample")
    }
}

private func append(
    _ record: PerfRecord, _ words: [UInt64], to writer: inout RecordingWriter,
    _ expected: inout [Entry]
) {
    switch record {
    case .sample(let sample):
        writer.appendSample(
            time: sample.time, pid: UInt32(bitPattern: sample.processID),
            tid: UInt32(bitPattern: sample.threadID), cpu: 7, event: 0, weight: sample.period,
            isKernelMode: sample.isKernelMode,
            callchain: words.span.extracting(sample.frames(of: .user, in: words.span)))
        expected.append(
            .sample(
                Sample(
                    time: sample.time, thread: 0, event: 0, weight: sample.period, stack: 0,
                    isKernelMode: sample.isKernelMode, cpu: 7)))
    case .mapping(let mapping):
        writer.append(MemoryMapping(mapping))
        expected.append(.mapping(MemoryMapping(mapping)))
    case .comm(let comm):
        writer.append(Comm(comm))
        expected.append(.comm(Comm(comm)))
    case .fork(let task):
        writer.append(fork: TaskChange(task))
        expected.append(.fork(TaskChange(task)))
    case .exit(let task):
        writer.append(exit: TaskChange(task))
        expected.append(.exit(TaskChange(task)))
    case .lost(let loss), .lostSamples(let loss):
        let lost = Lost(
            time: loss.origin.time, cpu: 7, event: 0, count: loss.count, cause: .ring)
        writer.append(lost)
        expected.append(.lost(lost))
    case .throttle(let throttle), .unthrottle(let throttle):
        let entry = Throttle(time: throttle.time, cpu: 7, isThrottled: true, event: 0)
        writer.append(entry)
        expected.append(.throttle(entry))
    }
}

/// A directory for one recording at a time.
private struct ScratchDirectory {
    private let path: String

    init() {
        // Files of a temporary file system cost least.
        var template = Array("/dev/shm/profilerd-fuzzing-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no directory") }
        path = String(cString: made)
        atexit { rmdir(scratch.path) }
    }

    /// A sealed recording's bytes.
    func record(_ body: (inout RecordingWriter) -> Void) throws -> [UInt8] {
        let directory = try OwnedDescriptor.openDirectory(path)
        defer { try? OwnedDescriptor.removeFile(named: "it", in: directory) }
        var writer = try RecordingWriter(creating: "it", in: directory)
        writer.append(
            event: EventDefinition(
                index: 0, name: "event", type: 1, config: 0, isFrequency: true,
                periodOrFrequency: 99, unit: .count))
        body(&writer)
        try writer.seal(at: 1, reason: .stopped)
        let file = try writer.readOnlyDescriptor()
        return try file.read(count: try file.fileSize(), at: 0)
    }
}
