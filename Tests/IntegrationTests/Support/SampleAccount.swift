// What a recording has of each CPU, to be compared with what the kernel counted and with what is
// left in the rings. A daemon that is killed after a commit and before it gave the space back leaves
// the last batch in both. Where somebody else has kept the ring, the next daemon finds it there
// and records it again: so a sample may be there twice, and is counted once.

import Recording

/// The samples of a recording by CPU, each once and in the order of their times.
struct SampleAccount {
    private var byCPU: [UInt32: [Moment]] = [:]
    /// How many there are.
    private(set) var samples: UInt64 = 0
    /// How many are there again.
    private(set) var repeated: UInt64 = 0

    /// Reads the recording to its end.
    ///
    /// - Throws: `Failure` where a CPU's samples are out of their order.
    init(_ reader: inout RecordingReader) throws {
        while let entry = try reader.next() {
            guard case .sample(let sample) = entry else { continue }
            let thread = reader.threads[Int(sample.thread)].tid
            try add(Moment(time: sample.time, threadID: thread), of: sample.cpu)
        }
    }

    private mutating func add(_ moment: Moment, of cpu: UInt32) throws {
        let last = byCPU[cpu]?.last
        if let last, moment.time <= last.time {
            guard contains(moment, of: cpu) else {
                throw Failure("a sample of \(moment.time) comes after one of \(last.time)")
            }
            repeated += 1
            return
        }
        byCPU[cpu, default: []].append(moment)
        samples += 1
    }

    /// Whether it is there; what is there again is not far from the end.
    private func contains(_ moment: Moment, of cpu: UInt32) -> Bool {
        guard let moments = byCPU[cpu] else { return false }
        return moments.reversed().first { $0.time <= moment.time } == moment
    }

    /// Samples that are in the ring alone, and those that the recording has as well.
    func unread(in ring: RingView) throws -> (alone: UInt64, both: UInt64) {
        let (samples, _) = try ring.unread()
        let recorded = byCPU[ring.cpu] ?? []
        guard let first = samples.first, let place = recorded.lastIndex(of: first) else {
            return (UInt64(samples.count), 0)
        }
        let both = recorded[place...]
        guard Array(both) == Array(samples.prefix(both.count)) else {
            throw Failure("a ring and the recording have different samples")
        }
        return (UInt64(samples.count - both.count), UInt64(both.count))
    }
}
