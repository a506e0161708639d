// Decodes the records that are not samples. `word(_:in:)` has the one bounds check: an index
// between the header and the trailer.

/// One record's words, between its header and its trailer.
struct RecordBody {
    let header: RecordHeader
    let start: Int
    let end: Int
    let layout: RecordLayout

    /// The decoded record; nil where its type is of no use here.
    func decode(in words: Span<UInt64>) throws(RecordError) -> PerfRecord? {
        switch header.type {
        case .mmap2: .mapping(try mapping(in: words))
        case .comm: .comm(try comm(in: words))
        case .fork: .fork(try task(in: words))
        case .exit: .exit(try task(in: words))
        case .lost: .lost(try loss(countAt: 2, in: words))
        case .lostSamples: .lostSamples(try loss(countAt: 1, in: words))
        case .throttle: .throttle(try throttle(in: words))
        case .unthrottle: .unthrottle(try throttle(in: words))
        default: nil
        }
    }

    private func mapping(in words: Span<UInt64>) throws(RecordError) -> MappingRecord {
        let (processID, threadID) = try pair(1, in: words)
        let (protection, flags) = try pair(8, in: words)
        return MappingRecord(
            origin: try origin(in: words),
            processID: processID, threadID: threadID,
            start: try word(2, in: words), length: try word(3, in: words),
            fileOffset: try word(4, in: words), file: try file(in: words),
            protection: UInt32(bitPattern: protection), flags: UInt32(bitPattern: flags),
            path: try name(from: 9, in: words))
    }

    /// Words 5 to 7: device, inode and generation, or a build ID's size, 3 reserved bytes and 20
    /// bytes.
    private func file(in words: Span<UInt64>) throws(RecordError) -> MappingRecord.File {
        let device = try word(5, in: words)
        let inode = try word(6, in: words)
        let generation = try word(7, in: words)
        guard header.hasBuildID else {
            return .inode(
                major: UInt32(truncatingIfNeeded: device), minor: UInt32(device >> 32),
                inode: inode, generation: generation)
        }
        let count = UInt8(truncatingIfNeeded: device)
        guard count <= 20 else { throw failure(.buildID(count: count)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        for word in [device, inode, generation] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return .buildID(Array(bytes[4..<4 + Int(count)]))
    }

    private func comm(in words: Span<UInt64>) throws(RecordError) -> CommRecord {
        let (processID, threadID) = try pair(1, in: words)
        return CommRecord(
            origin: try origin(in: words), processID: processID, threadID: threadID,
            isExec: header.isExec, name: try name(from: 2, in: words))
    }

    private func task(in words: Span<UInt64>) throws(RecordError) -> TaskRecord {
        let (processID, parentProcessID) = try pair(1, in: words)
        let (threadID, parentThreadID) = try pair(2, in: words)
        return TaskRecord(
            origin: try origin(in: words),
            processID: processID, parentProcessID: parentProcessID,
            threadID: threadID, parentThreadID: parentThreadID, time: try word(3, in: words))
    }

    private func loss(countAt index: Int, in words: Span<UInt64>) throws(RecordError) -> LossRecord
    {
        LossRecord(origin: try origin(in: words), count: try word(index, in: words))
    }

    private func throttle(in words: Span<UInt64>) throws(RecordError) -> ThrottleRecord {
        ThrottleRecord(
            origin: try origin(in: words),
            time: try word(1, in: words), identifier: try word(2, in: words))
    }
}

extension RecordBody {
    /// The record's last words: TID, TIME, whatever is passed over, IDENTIFIER.
    private func origin(in words: Span<UInt64>) throws(RecordError) -> RecordOrigin {
        guard bodyEnd > start else { throw failure(.truncated) }
        let ids = words[end - layout.trailerThreadID]
        return RecordOrigin(
            processID: Int32(truncatingIfNeeded: ids),
            threadID: Int32(truncatingIfNeeded: ids >> 32),
            time: words[end - layout.trailerTime], identifier: words[end - 1])
    }

    private var bodyEnd: Int { end - layout.trailerCount }

    /// The word at `index` from the record's start.
    private func word(_ index: Int, in words: Span<UInt64>) throws(RecordError) -> UInt64 {
        guard start + index < bodyEnd else { throw failure(.truncated) }
        return words[start + index]
    }

    /// The two 32-bit halves of a word, the lower address first.
    private func pair(_ index: Int, in words: Span<UInt64>) throws(RecordError) -> (Int32, Int32) {
        let both = try word(index, in: words)
        return (Int32(truncatingIfNeeded: both), Int32(truncatingIfNeeded: both >> 32))
    }

    /// The NUL-ended bytes from word `index` to the trailer; bytes that are no UTF-8 are repaired.
    private func name(from index: Int, in words: Span<UInt64>) throws(RecordError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, bodyEnd - start - index) * 8)
        for place in stride(from: start + index, to: bodyEnd, by: 1) {
            var word = words[place]
            for _ in 0..<8 {
                let byte = UInt8(truncatingIfNeeded: word)
                if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes.append(byte)
                word >>= 8
            }
        }
        throw failure(.unterminatedName)
    }

    private func failure(_ reason: RecordError.Reason) -> RecordError {
        RecordError(reason, header, at: start)
    }
}
