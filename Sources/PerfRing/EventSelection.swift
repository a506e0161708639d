// Which event to sample: from the name that the user gives to what perf_event_open(2) wants.

internal import CLinux
internal import LinuxSystem

/// What a sample's weight counts.
public enum WeightUnit: String, Hashable, Sendable {
    case nanoseconds
    case cycles
    case count
}

/// An event that can be sampled.
public struct EventSelection: Hashable, Sendable {
    /// The name as perf(1) has it, `cpu-clock` or `sched:sched_switch`.
    public let name: String
    /// `PERF_TYPE_*`.
    public let type: UInt32
    public let config: UInt64
    public let unit: WeightUnit
    /// The event is so rare, or so exact, that every occurrence is a sample unless a rate is
    /// given.
    public let isSampledEachTime: Bool
    /// The event happens in kernel mode only, so that nothing is left without kernel mode.
    public let isKernelOnly: Bool
    /// Gives way to `cpu-clock` where the machine has no such counter.
    public let fallsBackToClock: Bool

    init(
        _ name: String, type: perf_type_id, config: UInt64, unit: WeightUnit = .count,
        isSampledEachTime: Bool = false, isKernelOnly: Bool = false,
        fallsBackToClock: Bool = false
    ) {
        self.name = name
        self.type = type.rawValue
        self.config = config
        self.unit = unit
        self.isSampledEachTime = isSampledEachTime
        self.isKernelOnly = isKernelOnly
        self.fallsBackToClock = fallsBackToClock
    }

    /// `cycles` where the machine counts them, else `cpu-clock`, as perf record has it.
    public static let automatic = EventSelection(
        "cycles", type: PERF_TYPE_HARDWARE, config: UInt64(PERF_COUNT_HW_CPU_CYCLES.rawValue),
        unit: .cycles, fallsBackToClock: true)

    public static let cpuClock = software("cpu-clock", PERF_COUNT_SW_CPU_CLOCK, .nanoseconds)

    /// The events that need no look at the machine.
    public static let known: [EventSelection] = [
        cpuClock,
        software("task-clock", PERF_COUNT_SW_TASK_CLOCK, .nanoseconds),
        software("page-faults", PERF_COUNT_SW_PAGE_FAULTS, each: true),
        software("context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES, each: true, kernel: true),
        software("cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS, each: true, kernel: true),
        hardware("cycles", PERF_COUNT_HW_CPU_CYCLES, .cycles),
        hardware("instructions", PERF_COUNT_HW_INSTRUCTIONS),
        hardware("cache-misses", PERF_COUNT_HW_CACHE_MISSES),
        hardware("branch-misses", PERF_COUNT_HW_BRANCH_MISSES),
    ]

    private static func software(
        _ name: String, _ config: perf_sw_ids, _ unit: WeightUnit = .count, each: Bool = false,
        kernel: Bool = false
    ) -> EventSelection {
        EventSelection(
            name, type: PERF_TYPE_SOFTWARE, config: UInt64(config.rawValue), unit: unit,
            isSampledEachTime: each, isKernelOnly: kernel)
    }

    private static func hardware(
        _ name: String, _ config: perf_hw_id, _ unit: WeightUnit = .count
    ) -> EventSelection {
        EventSelection(
            name, type: PERF_TYPE_HARDWARE, config: UInt64(config.rawValue), unit: unit)
    }
}

extension EventSelection {
    /// The event called `name`: one of `known`, or a tracepoint `subsystem:name`.
    ///
    /// - Parameter tracingDirectories: where tracefs may be mounted.
    /// - Throws: `EventSelectionError`.
    public init(
        named name: String,
        tracingDirectories: [String] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
    ) throws(EventSelectionError) {
        if let known = Self.known.first(where: { $0.name == name }) {
            self = known
            return
        }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(isTracepointName) else { throw .unknown(name) }
        let identifier = try tracepointID(
            "\(parts[0])", "\(parts[1])", tracingDirectories: tracingDirectories)
        self.init(
            name, type: PERF_TYPE_TRACEPOINT, config: identifier, isSampledEachTime: true,
            isKernelOnly: true)
    }
}

/// Letters, digits, `_` and `-`: nothing that could leave the events' directory.
private func isTracepointName(_ name: Substring) -> Bool {
    !name.isEmpty
        && name.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
            default: false
            }
        }
}

/// The number in `events/SUBSYSTEM/NAME/id` of the first directory that is a mounted tracefs.
private func tracepointID(
    _ subsystem: String, _ name: String, tracingDirectories: [String]
) throws(EventSelectionError) -> UInt64 {
    let tracepoint = "\(subsystem):\(name)"
    for path in tracingDirectories {
        do throws(SystemCallError) {
            // Without tracefs the directory is there, and empty.
            let events = try SystemDirectory("\(path)/events")
            let text = try events.text(of: "\(subsystem)/\(name)/id")
            guard let identifier = UInt64(text.prefix { $0 != "\n" }) else { continue }
            return identifier
        } catch {
            switch (error.call, error.errno) {
            case (_, .permissionDenied): throw .permissionDenied(path)
            case (_, .noSuchFileOrDirectory) where error.subject != "\(path)/events":
                throw .noSuchTracepoint(tracepoint)
            default: continue
            }
        }
    }
    throw .tracingFileSystemMissing(tracepoint)
}
