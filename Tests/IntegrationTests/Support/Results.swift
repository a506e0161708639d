// What came out: folded stacks, recordings, errors.

import LinuxSystem
import Recording
import Testing

/// Folded stacks, read by hand.
struct Folded {
    /// The frames of a line, the thread's name first, and its samples.
    let lines: [(frames: [String], count: Int)]

    init(_ text: String) {
        lines = text.split(separator: "\n").compactMap { line in
            guard let blank = line.lastIndex(of: " "),
                let count = Int(line[line.index(after: blank)...])
            else { return nil }
            return (line[..<blank].split(separator: ";").map(String.init), count)
        }
    }

    var total: Int { lines.reduce(0) { $0 + $1.count } }

    /// Samples whose innermost frame is `function`.
    func own(_ function: String) -> Int {
        lines.filter { $0.frames.last == function }.reduce(0) { $0 + $1.count }
    }

    /// Samples that have `frame` anywhere.
    func with(_ frame: String) -> Int {
        lines.filter { $0.frames.contains(frame) }.reduce(0) { $0 + $1.count }
    }

    /// The innermost frame with most samples.
    var hottest: String? {
        var counts: [String: Int] = [:]
        for line in lines { counts[line.frames.last ?? "", default: 0] += line.count }
        return counts.max { $0.value < $1.value }?.key
    }

    /// The share of all samples whose innermost frame is `function`.
    func share(of function: String) -> Double { Double(own(function)) / Double(max(total, 1)) }
}

/// A recording, read whole.
struct Recorded {
    let isSealed: Bool
    /// Whether it is whole, and its end counts what there is.
    let isSound: Bool
    private(set) var samples: [Sample] = []
    private(set) var addresses: [UInt64] = []
    private(set) var threads: [ThreadDefinition] = []
    private(set) var names: [Comm] = []
    private(set) var mappings: [MemoryMapping] = []
    private(set) var gaps: [Gap] = []
    private(set) var end: End?
    /// Births of threads and of processes.
    private(set) var forks: [TaskChange] = []
    private(set) var exits: [TaskChange] = []
    private(set) var lost: [Lost] = []
    private(set) var facts: [String: String] = [:]
    let losses: LossTotals

    init(_ path: String) throws {
        var reader = try RecordingReader(bytes: readFile(path))
        isSealed = reader.isSealed
        while let entry = try reader.next() {
            switch entry {
            case .sample(let sample): samples.append(sample)
            case .stack(let stack): addresses += stack.addresses
            case .thread(let thread): threads.append(thread)
            case .comm(let comm): names.append(comm)
            case .mapping(let mapping): mappings.append(mapping)
            case .gap(let gap): gaps.append(gap)
            case .end(let end): self.end = end
            case .fork(let change): forks.append(change)
            case .exit(let change): exits.append(change)
            case .lost(let loss): lost.append(loss)
            case .session(let facts):
                for fact in facts where self.facts[fact.key] == nil {
                    self.facts[fact.key] = fact.value
                }
            default: break
            }
        }
        losses = reader.losses
        isSound = reader.isConsistent && !reader.isTruncated
    }

    /// Stack addresses with bit 63 set.
    var kernelAddresses: [UInt64] { addresses.filter { $0 >> 63 == 1 } }

    /// Samples by thread number.
    var samplesByThread: [UInt32: Int] {
        samples.reduce(into: [:]) { $0[threads[Int($1.thread)].tid, default: 0] += 1 }
    }
}

/// Expects a status, one clear sentence on standard error and nothing else anywhere.
func expectFailure(
    _ finished: Finished, _ status: Int32, _ parts: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        finished.ending == .exited(status), "\(finished.errors)", sourceLocation: sourceLocation)
    #expect(finished.output == "", sourceLocation: sourceLocation)
    let lines = finished.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(finished.errors)", sourceLocation: sourceLocation)
    #expect(lines.last?.hasPrefix("profilerctl: ") == true, sourceLocation: sourceLocation)
    let last = lines.last?.last
    // Some end in a command to type.
    #expect(
        last == "." || last?.isNumber == true, "\(finished.errors)", sourceLocation: sourceLocation)
    for part in parts {
        #expect(
            finished.errors.contains(part), "\(finished.errors)", sourceLocation: sourceLocation)
    }
}
