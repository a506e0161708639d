// The hottest functions as a table for a terminal. Nothing in it moves the cursor: names became
// visible text when the profile was built.

enum HotFunctions {
    static func render(_ profile: Profile, options: ReportOptions) -> [UInt8] {
        var output = ReportBuffer()
        for line in heading(profile, event: options.event) { output.append(line + "\n") }
        for note in profile.session.notes { output.append("note: \(note)\n") }
        let rows = FunctionTotals(profile, event: options.event).rows
        guard !rows.isEmpty else {
            output.append("\n" + explanation(profile) + "\n")
            return output.bytes
        }
        output.append("\n")
        let shown = rows.prefix(options.maximumRows ?? rows.count)
        let layout = Layout(profile, rows: Array(shown), options: options)
        output.append(layout.heading)
        for row in shown { output.append(layout.line(row)) }
        if let line = layout.lostLine(event: options.event) { output.append(line) }
        if shown.count < rows.count {
            let rest = rows.dropFirst(shown.count).reduce(0) { $0 + $1.selfCount }
            let whole = profile.sampleCount(ofEvent: options.event)
            output.append(
                "… and \(grouped(UInt64(rows.count - shown.count))) more functions with "
                    + "\(percent(rest, of: whole)) of the samples\n")
        }
        return output.bytes
    }

    /// Who, when, how much, and what is missing.
    static func heading(_ profile: Profile, event: Int) -> [String] {
        let session = profile.session
        var who = session.program.isEmpty ? "profile" : session.program
        if let pid = session.pid { who += " (pid \(pid))" }
        if !session.host.isEmpty { who += " on \(session.host)" }
        let threads = Set(profile.threads.map(\.tid)).count
        who += ", \(threads) \(threads == 1 ? "thread" : "threads")"
        if session.duration > 0 { who += ", \(duration(nanoseconds: session.duration))" }
        guard profile.events.indices.contains(event) else { return [who, losses(profile)] }
        let definition = profile.events[event]
        let count = profile.sampleCount(ofEvent: event)
        let weight = quantity(profile.weight(ofEvent: event), unit: definition.unit)
        let rate = grouped(definition.periodOrFrequency)
        let how = definition.isFrequency ? "at \(rate) Hz" : "every \(rate)"
        let what = "\(definition.name) \(how): \(grouped(count)) samples, \(weight)"
        return [who, "\(what); \(losses(profile))"]
    }

    static func losses(_ profile: Profile) -> String {
        let lost = profile.losses
        var parts = ["none lost"]
        if lost.count > 0 {
            let seen = profile.samples.reduce(0) { $0 + $1.count }
            let share = percent(lost.count, of: lost.count.addingSaturated(seen))
            parts = ["\(grouped(lost.count)) lost (\(share): \(lost.causes))"]
        }
        if lost.throttleCount > 0 {
            parts.append(
                "throttled \(grouped(lost.throttleCount)) times for "
                    + duration(nanoseconds: lost.throttledNanoseconds))
        }
        if lost.gapNanoseconds > 0 {
            parts.append("nothing collected for \(duration(nanoseconds: lost.gapNanoseconds))")
        }
        return parts.joined(separator: ", ")
    }

    /// Why a profile has no sample.
    static func explanation(_ profile: Profile) -> String {
        if profile.losses.count > 0 {
            return "No samples: all were lost. Record at a lower frequency."
        }
        return profile.events.contains { $0.unit != "nanoseconds" }
            ? "No samples: nothing that was counted happened while the program was recorded."
            : "No samples: the program used no CPU time while it was recorded."
    }
}

/// The table's columns.
private struct Layout {
    let profile: Profile
    let unit: String
    let count: UInt64
    let weight: UInt64
    let functionWidth: Int
    let moduleWidth: Int

    init(_ profile: Profile, rows: [FunctionTotals.Row], options: ReportOptions) {
        self.profile = profile
        let isKnown = profile.events.indices.contains(options.event)
        unit = isKnown ? profile.events[options.event].unit : ""
        count = profile.sampleCount(ofEvent: options.event)
        weight = profile.weight(ofEvent: options.event)
        // Four numbers and their blanks take 44 columns.
        let rest = max(options.width - 44, 24)
        let longest = rows.map { columns(of: Self.module(of: $0, in: profile)) }.max() ?? 0
        moduleWidth = min(max(longest, 6), rest / 3)
        functionWidth = rest - moduleWidth - 2
    }

    static func module(of row: FunctionTotals.Row, in profile: Profile) -> String {
        profile.modules[profile.functions[row.function].module].name
    }

    var heading: String {
        line("self %", "self", "total %", "total", "function", "module")
    }

    func line(_ row: FunctionTotals.Row) -> String {
        line(
            share(row.selfCount, row.selfWeight), quantity(row.selfWeight, unit: unit),
            share(row.totalCount, row.totalWeight), quantity(row.totalWeight, unit: unit),
            profile.functions[row.function].name, Self.module(of: row, in: profile))
    }

    /// What the lost samples would have stood for, as a share of all that was sampled.
    func lostLine(event: Int) -> String? {
        let lost = profile.losses.count(ofEvent: event)
        guard lost > 0 else { return nil }
        let estimate = profile.lostWeight(ofEvent: event)
        let whole = weight.addingSaturated(estimate)
        let share =
            whole > 0
            ? percent(estimate, of: whole) : percent(lost, of: lost.addingSaturated(count))
        return line("", "", share, quantity(estimate, unit: unit), "[lost]", "")
    }

    /// The share of the weight, or of the samples where they have no weight.
    private func share(_ count: UInt64, _ weight: UInt64) -> String {
        self.weight > 0 ? percent(weight, of: self.weight) : percent(count, of: self.count)
    }

    private func line(
        _ selfShare: String, _ selfTime: String, _ share: String, _ time: String,
        _ function: String, _ module: String
    ) -> String {
        let numbers =
            rightAligned(selfShare, to: 8) + rightAligned(selfTime, to: 12)
            + rightAligned(share, to: 10) + rightAligned(time, to: 12)
        let names = fitted(function, to: functionWidth) + "  " + fitted(module, to: moduleWidth)
        return (numbers + "  " + names).trimmingTrailingBlanks() + "\n"
    }
}

extension String {
    fileprivate func trimmingTrailingBlanks() -> String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
