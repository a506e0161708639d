// Finds out, on the first event that opens, how much of what was asked for this machine and this
// user get; from then on nothing changes, so that all events of a kind are alike.

public import LinuxSystem
internal import SystemPackage

/// An event as it was opened.
public struct OpenedEvent: Hashable, Sendable {
    public let selection: EventSelection
    public internal(set) var attributes: PerfEventAttributes
}

/// Where the result is less than what was asked for.
public enum OpeningNote: Equatable, Sendable, CustomStringConvertible {
    case counterUnavailable(String, replacement: String, SystemCallError)
    case kernelModeExcluded(event: String, paranoid: String)
    case buildIDsUnavailable
    case lostCountsUnavailable
    /// Threads kept coming; those of the last look may lack their events.
    case threadListUnsettled
    /// What runs there, should they come online, has no event.
    case cpusOffline([Int32])
    /// Of a cgroup's processes only so many have told where their programs are mapped.
    case mappingsLeftOut(processes: Int)

    public var description: String {
        switch self {
        case .counterUnavailable(let name, let replacement, let error):
            "This machine has no counter for \(name) (\(error)); sampling \(replacement) instead."
        case .kernelModeExcluded(let event, let paranoid):
            "Time in the kernel is left out of \(event): kernel.perf_event_paranoid is \(paranoid), "
                + "and this user has no CAP_PERFMON."
        case .buildIDsUnavailable:
            "This kernel reports no build IDs with mappings (Linux 5.12 does)."
        case .lostCountsUnavailable:
            "This kernel does not count an event's lost samples (Linux 6.0 does); those lost at the "
                + "very end of the recording may be missing from its totals."
        case .threadListUnsettled:
            "The target starts threads faster than they can be listed; some may be missing."
        case .cpusOffline(let cpus):
            "\(cpus.count == 1 ? "CPU" : "CPUs") \(OnlineCPUs.text(cpus)) of this machine "
                + "\(cpus.count == 1 ? "is" : "are") offline: what runs there later is not recorded."
        case .mappingsLeftOut(let count):
            "The cgroup has so many processes that the functions of \(count) have no name unless "
                + "they map their programs anew."
        }
    }
}

extension OpeningNote {
    fileprivate func isAboutKernelMode(of name: String) -> Bool {
        if case .kernelModeExcluded(name, _) = self { true } else { false }
    }
}

/// Whose events are opened.
enum OpeningSubject {
    case process(Int32)
    /// By its place in the hierarchy.
    case cgroup(String)
}

/// The events to open, and what has been learnt about them.
struct EventPlan {
    private(set) var events: [OpenedEvent] = []
    private(set) var notes: [OpeningNote] = []
    private let options: OpeningOptions
    private let subject: OpeningSubject
    /// Events of which one has been opened.
    private var settled: Set<Int> = []

    /// How opening one event went.
    enum Attempt: ~Copyable {
        case opened(OwnedDescriptor)
        case threadGone
        case cpuGone
    }

    init(_ options: OpeningOptions, of subject: OpeningSubject) throws(OpeningError) {
        precondition(!options.events.isEmpty, "a plan without events")
        self.options = options
        self.subject = subject
        guard options.dataPages > 0, options.dataPages <= 1 << 16,
            options.dataPages.nonzeroBitCount == 1
        else { throw .invalidPageCount(options.dataPages) }
        for (index, selection) in options.events.enumerated() {
            try Self.validate(options.rate(of: selection))
            events.append(event(selection, isFirst: index == 0))
        }
    }

    private static func validate(_ rate: SamplingRate) throws(OpeningError) {
        switch rate {
        case .period(let value), .frequency(let value):
            guard value > 0, value < 1 << 63 else { throw .invalidRate(value) }
        }
        if case .frequency(let frequency) = rate,
            let limit = KernelSettings.maximumSampleRate(), frequency > limit
        {
            throw .frequencyTooHigh(frequency, limit: limit)
        }
    }

    private func event(_ selection: EventSelection, isFirst: Bool) -> OpenedEvent {
        var attributes = PerfEventAttributes(
            type: selection.type, config: selection.config, rate: options.rate(of: selection),
            wakeupWatermark: UInt32(options.dataPages * systemPageSize / 2))
        attributes.excludesKernelCallchain = !options.includesKernelFrames
        if case .cgroup = subject { attributes.isInherited = false }
        attributes.followsChildren = options.followsChildren
        attributes.enablesOnExec = options.enablesOnExec
        attributes.reportsTasks = isFirst
        attributes.reportsBuildIDs = isFirst
        return OpenedEvent(selection: selection, attributes: attributes)
    }

    var dataPages: Int { options.dataPages }

    mutating func note(_ note: OpeningNote) { notes.append(note) }

    /// A CPU has gone offline since the list of them was read, or for one event after another.
    mutating func noteOffline(_ cpu: Int32) {
        var cpus: Set<Int32> = [cpu]
        notes.removeAll { note in
            guard case .cpusOffline(let others) = note else { return false }
            cpus.formUnion(others)
            return true
        }
        notes.append(.cpusOffline(cpus.sorted()))
    }
}

extension EventPlan {
    /// Opens event `index` by `call`, with less than what was asked for if need be.
    mutating func open(
        _ index: Int,
        by call: (PerfEventAttributes) throws(SystemCallError) -> OwnedDescriptor
    ) throws(OpeningError) -> Attempt {
        while true {
            let failure: SystemCallError
            do {
                let event = try call(events[index].attributes)
                settled.insert(index)
                return .opened(event)
            } catch {
                failure = error
            }
            switch failure.errno {
            case .noSuchProcess: return .threadGone
            case .operationNotSupportedByDevice where settled.contains(index): return .cpuGone
            default: try reduce(index, after: failure)
            }
        }
    }

    /// Asks for less of event `index`, or throws.
    private mutating func reduce(
        _ index: Int, after failure: SystemCallError
    ) throws(OpeningError) {
        let event = events[index]
        if settled.contains(index) { throw refusal(failure, of: event) }
        switch failure.errno {
        case .permissionDenied where canExcludeKernel(event),
            .notPermitted where canExcludeKernel(event):
            events[index].attributes.excludesKernel = true
            notes.append(
                .kernelModeExcluded(
                    event: event.selection.name, paranoid: KernelSettings.paranoid()))
        case .noSuchFileOrDirectory where event.selection.fallsBackToClock,
            .notSupported where event.selection.fallsBackToClock,
            .operationNotSupportedByDevice where event.selection.fallsBackToClock:
            notes.removeAll { $0.isAboutKernelMode(of: event.selection.name) }
            events[index] = self.event(.cpuClock, isFirst: index == 0)
            notes.append(
                .counterUnavailable(event.selection.name, replacement: "cpu-clock", failure))
        case .invalidArgument where event.attributes.countsLost:
            events[index].attributes.countsLost = false
            if !notes.contains(.lostCountsUnavailable) { notes.append(.lostCountsUnavailable) }
        case .invalidArgument where event.attributes.reportsBuildIDs:
            events[index].attributes.reportsBuildIDs = false
            notes.append(.buildIDsUnavailable)
        default:
            throw refusal(failure, of: event)
        }
    }

    /// Without kernel mode a sample is still one of the program's own time, unless the event has
    /// none or the user asked for kernel frames.
    private func canExcludeKernel(_ event: OpenedEvent) -> Bool {
        !event.attributes.excludesKernel && !event.selection.isKernelOnly
            && !options.includesKernelFrames
    }

    private func refusal(_ failure: SystemCallError, of event: OpenedEvent) -> OpeningError {
        switch (failure.errno, subject) {
        case (.permissionDenied, .process(let processID)),
            (.notPermitted, .process(let processID)):
            .permissionDenied(processID, failure, paranoid: KernelSettings.paranoid())
        case (.permissionDenied, .cgroup(let path)), (.notPermitted, .cgroup(let path)):
            .cgroupDenied(path, failure, paranoid: KernelSettings.paranoid())
        case (.badFileDescriptor, .cgroup(let path)): .cgroupUncounted(path)
        case (.noSuchFileOrDirectory, _), (.notSupported, _), (.operationNotSupportedByDevice, _):
            .eventUnsupported(event.selection.name, failure)
        default: OpeningError(failure)
        }
    }
}
