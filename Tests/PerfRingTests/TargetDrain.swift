import Glibc
import LinuxSystem
import PerfRecords
import PerfRing

/// What a run of a target gave: every record, and every callchain by its sample's place.
struct Drained {
    var samples: [(sample: SampleView, callchain: [UInt64])] = []
    var others: [PerfRecord] = []
    var skipped = 0

    /// Records that found no room in a ring.
    var lostCount: UInt64 {
        others.reduce(0) { sum, record in
            if case .lost(let loss) = record { sum + loss.count } else { sum }
        }
    }
}

/// The rings of an opened target, read as the daemon reads them.
final class TargetDrain {
    private var rings: [RingHolder] = []
    private(set) var drained = Drained()
    private var buffer: [UInt64] = []

    private final class RingHolder {
        var ring: Ring
        init(_ ring: consuming Ring) { self.ring = ring }
    }

    init(_ target: borrowing OpenedTarget) throws {
        for (index, placement) in target.placements.enumerated() where placement.isRingOwner {
            let holder = try target.descriptors.withDescriptor(at: index) {
                RingHolder(try Ring(mapping: $0, dataPages: target.dataPages))
            }
            rings.append(holder)
        }
    }

    /// Reads until nothing is unread.
    func drain(maximumWords: Int = Ring.longestRecord) throws {
        for holder in rings {
            while true {
                let count = try holder.ring.copyOut(into: &buffer, maximumWords: maximumWords)
                if count == 0 { break }
                try decode(count)
                holder.ring.release()
            }
        }
    }

    private func decode(_ count: Int) throws {
        var cursor = RecordCursor()
        let buffer = self.buffer
        let words = buffer.span.extracting(first: count)
        while let record = try cursor.next(in: words) {
            if case .sample(let sample) = record {
                drained.samples.append((sample, Array(buffer[sample.callchain])))
            } else {
                drained.others.append(record)
            }
        }
        drained.skipped += cursor.skippedCount
    }
}

extension OpenedTarget {
    borrowing func enable() throws {
        for index in placements.indices {
            try descriptors.withDescriptor(at: index) { try PerfEvent.enable($0) }
        }
    }

    borrowing func disable() throws {
        for index in placements.indices {
            try descriptors.withDescriptor(at: index) { try PerfEvent.disable($0) }
        }
    }

    /// Enables the events for a while and reads the rings.
    borrowing func sample(milliseconds: UInt32) throws -> Drained {
        let drain = try TargetDrain(self)
        try enable()
        for _ in 0..<10 {
            usleep(milliseconds * 100)
            try drain.drain()
        }
        try disable()
        try drain.drain()
        return drain.drained
    }
}

/// Why tests that open events are skipped, nil where they can run.
let cannotOpenEvents: String? = geteuid() == 0 ? nil : "perf_event_open needs root here"
