// PERF_RECORD_LOST names one event of its ring and counts for all of them; PERF_FORMAT_LOST counts
// for each event. So the two are compared for the ring as a whole, and the difference goes to the
// events that lack most.

internal import Recording

/// What the rings of a session told of their losses.
struct ToldLosses {
    /// By CPU and by kind of event.
    private var counts: [UInt32: [UInt32: UInt64]] = [:]

    mutating func add(_ count: UInt64, cpu: UInt32, event: UInt32) {
        let known = counts[cpu]?[event] ?? 0
        counts[cpu, default: [:]][event] = known.addingSaturated(count)
    }

    /// How much of what the kernel `counted` for the events of a ring was not told, by kind.
    func untold(
        of counted: [UInt32: UInt64], cpu: UInt32
    ) -> [(event: UInt32, count: UInt64)] {
        let told = counts[cpu] ?? [:]
        let all = counted.values.reduce(0 as UInt64) { $0.addingSaturated($1) }
        let known = told.values.reduce(0 as UInt64) { $0.addingSaturated($1) }
        var rest: UInt64 = all > known ? all - known : 0
        var result: [(event: UInt32, count: UInt64)] = []
        for (event, count) in counted.sorted(by: { $0.key < $1.key }) {
            let toldOfEvent = told[event] ?? 0
            let share = min(count > toldOfEvent ? count - toldOfEvent : 0, rest)
            if share > 0 { result.append((event, share)) }
            rest -= share
        }
        return result
    }
}
