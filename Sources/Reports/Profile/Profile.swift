// What a recording says once every address has its name: the one model that all report writers
// read. Everything is an index into a table of this struct, so a profile of a hundred thousand
// samples is a dozen flat arrays. All texts in it are fit for display (`visibleText`), so that a
// hostile symbol or thread name is made harmless once, here, and not once a writer.

/// A recording with names: threads, functions, stacks and how often each was seen.
public struct Profile: Sendable {
    public internal(set) var session = ProfileSession()
    public internal(set) var events: [ProfileEvent] = []
    /// One for each thread and each name it had while it was sampled.
    public internal(set) var threads: [ProfileThread] = []
    public internal(set) var modules: [ProfileModule] = []
    public internal(set) var mappings: [ProfileMapping] = []
    public internal(set) var functions: [ProfileFunction] = []
    public internal(set) var locations: [ProfileLocation] = []
    public internal(set) var stacks = ProfileStacks()
    /// Equal samples are one entry; see `ProfileSample.count`.
    public internal(set) var samples: [ProfileSample] = []
    public internal(set) var losses = ProfileLosses()

    /// The number of samples of the event with this index.
    public func sampleCount(ofEvent event: Int) -> UInt64 {
        samples.reduce(0) { $1.event == event ? $0 + $1.count : $0 }
    }

    /// The sum of the weights of an event's samples, in the event's unit; it stops at the
    /// greatest number instead of wrapping.
    public func weight(ofEvent event: Int) -> UInt64 {
        samples.reduce(0) { $1.event == event ? $0.addingSaturated($1.weight) : $0 }
    }
}

extension Profile {
    /// What the lost samples of an event would have stood for, in its unit: each of them the period
    /// that was asked for, or else as much as a recorded sample does on average.
    func lostWeight(ofEvent event: Int) -> UInt64 {
        let lost = losses.count(ofEvent: event)
        guard lost > 0, events.indices.contains(event) else { return 0 }
        let rate = events[event].periodOrFrequency
        var each = rate
        if events[event].isFrequency {
            let count = max(sampleCount(ofEvent: event), 1)
            let isTime = events[event].unit == "nanoseconds" && rate > 0
            each = isTime ? 1_000_000_000 / rate : weight(ofEvent: event) / count
        }
        let (product, overflow) = lost.multipliedReportingOverflow(by: each)
        return overflow ? .max : product
    }
}

/// An event that was sampled.
public struct ProfileEvent: Sendable, Equatable {
    public var name: String
    /// The unit of a sample's weight: `nanoseconds`, `cycles` or `count`.
    public var unit: String
    public var isFrequency: Bool
    /// Samples a second (Hz) if `isFrequency`, else events between two samples.
    public var periodOrFrequency: UInt64
}

public struct ProfileThread: Sendable, Hashable {
    public var pid: UInt32
    public var tid: UInt32
    public var name: String
}

/// A file, or something like one, that code was mapped from.
public struct ProfileModule: Sendable, Hashable {
    public enum Kind: UInt8, Sendable {
        case file, kernel, vdso
        /// Code without a file: a JIT's, or an address that no mapping covers.
        case unknown
    }

    public var path: String
    /// The path's last component.
    public var name: String
    public var buildID: [UInt8]
    public var kind: Kind
}

/// A range of a process's addresses; processes that map the same thing alike share it.
public struct ProfileMapping: Sendable, Hashable {
    public var start: UInt64
    public var length: UInt64
    public var fileOffset: UInt64
    public var module: Int
}

public struct ProfileFunction: Sendable, Hashable {
    public var name: String
    /// The name in the symbol table; equal to `name` where nothing was demangled.
    public var systemName: String
    /// The source file, empty if unknown.
    public var file: String
    public var module: Int
    /// Whether a symbol was found, as opposed to `module+0xoffset` and the like.
    public var isNamed: Bool
}

/// An address and the functions it belongs to.
public struct ProfileLocation: Sendable, Equatable {
    public struct Line: Sendable, Equatable {
        public var function: Int
        /// Counted from 1; 0 is unknown.
        public var line: UInt32
        public var isInlined: Bool
    }

    public var mapping: Int?
    /// The runtime address to look up: one less than the return address in a caller's frame.
    public var address: UInt64
    /// Never empty; the innermost inlined function first, the function that was called last.
    public var lines: [Line]
}

/// The stacks as a prefix tree: node 0 is the root and has no location; a node's parent comes
/// before it.
public struct ProfileStacks: Sendable, Equatable {
    public internal(set) var parents: [Int32] = [0]
    public internal(set) var locations: [Int32] = [-1]
    public var count: Int { parents.count }
}

/// What was sampled `count` times: one thread, one stack, one event, one mode.
public struct ProfileSample: Sendable, Hashable {
    public var thread: Int
    public var event: Int
    /// A node of `Profile.stacks`, the innermost frame.
    public var stack: Int32
    public var isKernel: Bool
    public var count: UInt64
    /// The sum of the weights, in the event's unit.
    public var weight: UInt64
}

extension UInt64 {
    /// The sum, or the greatest number if it does not fit.
    func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
