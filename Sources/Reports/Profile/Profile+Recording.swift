// From a recording's entries to a profile. A recording that is damaged or was cut short still gives
// the profile of what could be read, with a note that says so.

public import Recording

extension Profile {
    /// Reads all entries and names every address.
    ///
    /// - Parameter diagnostics: What to ask for notes once all names were looked up.
    public init(
        reading reader: consuming RecordingReader, symbols: some FrameSource,
        diagnostics: () -> [String] = { [] }
    ) {
        var collector = EntryCollector()
        do throws(RecordingError) {
            while let entry = try reader.next() { collector.add(entry) }
        } catch {
            collector.add(error)
        }
        collector.judge(reader)
        self = collector.finish(reader, symbols: symbols)
        session.notes += diagnostics().map { visibleText($0) }
    }
}

private struct EntryCollector {
    private var builder = ProfileBuilder()
    private var time = ReportedTime()
    private var missing = MissingEntries()
    private var notes: Set<[UInt8]> = []

    /// Once, however often it is said.
    mutating func note(_ sentence: String) {
        if notes.insert(Array(sentence.utf8)).inserted {
            builder.profile.session.notes.append(visibleText(sentence))
        }
    }

    mutating func add(_ entry: Entry) {
        switch entry {
        case .session(let facts): for fact in facts { add(fact) }
        case .event(let event): add(event)
        case .sample(let sample):
            time.see(sample.time)
            builder.add(sample)
        case .comm(let comm):
            let change = ProfileBuilder.Change.comm(
                pid: comm.pid, tid: comm.tid, isExec: comm.isExec, name: comm.name)
            builder.add(change, at: comm.time)
        case .mapping(let mapping): add(mapping)
        case .fork(let fork):
            let change = ProfileBuilder.Change.fork(
                pid: fork.pid, parent: fork.parentPid, tid: fork.tid, parentThread: fork.parentTid)
            builder.add(change, at: fork.time)
        case .lost(let lost): missing.append(lost)
        case .throttle(let throttle): missing.append(throttle)
        case .gap(let gap): missing.append(gap)
        case .end(let end):
            time.see(end.time)
            add(end.reason)
        case .bucket(let bucket): time.see(bucket)
        case .stack, .thread, .exit, .cpu: break
        }
    }

    /// The recording cannot be read any further.
    mutating func add(_ error: RecordingError) {
        builder.profile.session.damage = visibleText("\(error)")
        note("The report ends where the recording is damaged. \(error)")
    }

    /// Says what `reader`, which has read all that it can, knows of the recording as a whole.
    mutating func judge(_ reader: borrowing RecordingReader) {
        if reader.isTruncated {
            builder.profile.session.isCut = true
            note("The end of the recording is missing: the file was cut.")
        } else if !reader.isSealed {
            note("The recording is still being written, or its daemon died.")
        } else if builder.profile.session.damage == nil, !reader.isConsistent {
            let damage =
                "The recording has \(reader.sampleCount) samples, and its end does not agree."
            builder.profile.session.damage = damage
            note(damage)
        }
    }

    consuming func finish(_ reader: RecordingReader, symbols: some FrameSource) -> Profile {
        let range = time.range(of: reader)
        let start = reader.firstBucket == nil ? 0 : range.lowerBound
        builder.forget(before: start)
        builder.profile.losses = missing.losses(
            since: start, eventCount: builder.profile.events.count)
        addUntold(reader)
        builder.profile.session.duration = range.upperBound - range.lowerBound
        if let begun = time.sessionStart, let realtime = builder.profile.session.startRealtime {
            let later = range.lowerBound - min(begun, range.lowerBound)
            builder.profile.session.startRealtime = realtime.addingSaturated(later)
        }
        for sentence in time.notes(on: range, of: reader) { note(sentence) }
        return builder.finish(reader, source: symbols)
    }

    private mutating func add(_ fact: SessionFact) {
        switch fact.key {
        case SessionKey.pid: builder.profile.session.pid = UInt32(fact.value)
        case SessionKey.hostname: builder.profile.session.host = visibleText(fact.value)
        case SessionKey.startRealtime: builder.profile.session.startRealtime = UInt64(fact.value)
        case SessionKey.startMonotonic: time.sessionStart = UInt64(fact.value)
        case SessionKey.command:
            builder.profile.session.command = visibleText(fact.value)
            let program = fact.value.split(separator: " ").first?.split(separator: "/").last
            builder.profile.session.program = visibleText(program.map(String.init) ?? "")
        case SessionKey.kernelFrames where fact.value == "none":
            note("Time in the kernel was not recorded.")
        case SessionKey.note: note(fact.value)
        default: break
        }
    }

    private mutating func add(_ event: EventDefinition) {
        builder.profile.events.append(
            ProfileEvent(
                name: visibleText(event.name), unit: visibleText(event.unit.rawValue),
                isFrequency: event.isFrequency, periodOrFrequency: event.periodOrFrequency))
    }

    private mutating func add(_ mapping: MemoryMapping) {
        let record = MappingRecord(
            start: mapping.start, length: mapping.length, fileOffset: mapping.fileOffset,
            module: .init(path: mapping.path, buildID: mapping.buildID))
        builder.add(.mapping(pid: mapping.pid, record), at: mapping.time)
    }

    /// Losses that the recording had no room to tell one by one.
    private mutating func addUntold(_ reader: RecordingReader) {
        guard let end = reader.end else { return }
        let told = (reader.firstBucket?.earlierLost ?? 0).addingSaturated(reader.losses.lost)
        guard end.lost > told else { return }
        builder.profile.losses.add(
            end.lost - told, cause: "not recorded by the daemon", event: 0)
    }

    private mutating func add(_ reason: EndReason) {
        switch reason {
        case .sizeLimit: note("The recording ended at its configured size.")
        case .storageFull: note("The recording ended because there was no room left to store it.")
        case .failure: note("The recording ended because the daemon failed.")
        default: break
        }
    }
}
