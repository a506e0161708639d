// What a writer knows beyond the entries themselves, so that another one can go on with the
// recording without reading all of it: how far the numbers have come, and what the next sample's
// differences are to. Each commit leaves it in the header, before `committed` moves.
//
// There are two places, which take turns, and each names the commit that it belongs to. A writer that
// is killed while it fills one leaves the other, and the header still says `committed` as that one
// does. Numbers are 64 bits, little-endian, aligned; each is stored at once.

internal import LinuxSystem

/// What appending to a recording goes on with.
struct Continuation: Equatable, Sendable {
    var nextStack: UInt32 = 1
    var nextThread: UInt32 = 0
    var eventCount: UInt32 = 0
    var previous = SampleState()
    var samples: UInt64 = 0
    var losses = LossTotals()

    /// Offsets in the header of the two places, and their size.
    static let places = [128, 384]
    static let size = 136
}

extension Continuation {
    /// Puts it to `place`, as that of the commit that ends at `end`.
    func store(in header: borrowing Mapping, at place: Int, end: Int) {
        // Of no commit until it is whole.
        header.storeRelease(0, at: place)
        let words: [UInt64] =
            [
                Self.pair(nextStack, nextThread), Self.pair(eventCount, previous.cpu),
                Self.pair(previous.thread, previous.event), UInt64(previous.stack), previous.time,
                previous.weight, samples,
            ] + losses.words
        for (index, word) in words.enumerated() {
            header.storeRelease(word.littleEndian, at: place + 8 + 8 * index)
        }
        header.storeRelease(UInt64(end).littleEndian, at: place)
    }

    /// Takes it from `place` of a header, with the commit that it belongs to.
    static func load(
        from header: [UInt8], at place: Int
    ) -> (end: UInt64, continuation: Continuation) {
        func word(_ index: Int) -> UInt64 { CheckedHeader.number(header, at: place + 8 * index) }
        func low(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: word(index)) }
        func high(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: word(index) >> 32) }
        let previous = SampleState(
            time: word(5), thread: low(3), event: high(3), weight: word(6), stack: low(4),
            cpu: high(2))
        return (
            word(0),
            Continuation(
                nextStack: low(1), nextThread: high(1), eventCount: low(2), previous: previous,
                samples: word(7), losses: LossTotals(words: (8..<17).map(word)) ?? LossTotals())
        )
    }

    private static func pair(_ low: UInt32, _ high: UInt32) -> UInt64 {
        UInt64(low) | UInt64(high) << 32
    }

    /// Whether its numbers can be those of a recording of `size` bytes that ends at `end`: every node,
    /// thread, event and sample takes a byte at least, and what the last sample names has been
    /// defined. Samples may have been forgotten.
    func isPlausible(size: UInt64, end: UInt64) -> Bool {
        nextStack >= 1 && UInt64(nextStack) <= size && UInt64(nextThread) <= size
            && UInt64(eventCount) <= size && samples <= end && previous.stack < nextStack
            && (previous == SampleState()
                || previous.thread < nextThread && previous.event < eventCount)
    }
}

extension RecordingFile {
    /// Leaves `continuation` for the commit that ends at `end`.
    mutating func keep(_ continuation: Continuation, at end: Int) {
        continuation.store(in: header, at: Continuation.places[nextContinuation], end: end)
        nextContinuation = 1 - nextContinuation
    }
}
