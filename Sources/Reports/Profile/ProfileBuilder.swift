// Collects a recording's records, then replays them in the order of time. Rings are drained one
// after the other, so the file's order is not the order of time; a sample must meet the mappings
// and the name that its thread had at that moment.

internal import Recording

struct ProfileBuilder {
    /// A record that changes what later samples mean.
    enum Change {
        case comm(pid: UInt32, tid: UInt32, isExec: Bool, name: String)
        case mapping(pid: UInt32, MappingRecord)
        case fork(pid: UInt32, parent: UInt32, tid: UInt32, parentThread: UInt32)
    }

    var profile = Profile()
    private var changes: [(time: UInt64, change: Change)] = []
    private var samples: [Sample] = []

    mutating func add(_ change: Change, at time: UInt64) { changes.append((time, change)) }

    mutating func add(_ sample: Sample) { samples.append(sample) }

    /// Leaves out the samples of before `time`; what they say of the target stays.
    mutating func forget(before time: UInt64) { samples.removeAll { $0.time < time } }

    /// Names everything; `recording` has been read to its end.
    consuming func finish(_ recording: RecordingReader, source: some FrameSource) -> Profile {
        // Stable: records of one moment keep the file's order, and precede its samples.
        changes.sort { $0.time < $1.time }
        samples.sort { $0.time < $1.time }
        var replay = Replay(resolver: StackResolver(recording, source: source))
        var next = 0
        for sample in samples {
            while next < changes.count, changes[next].time <= sample.time {
                replay.apply(changes[next].change)
                next += 1
            }
            replay.count(sample, of: recording.threads[Int(sample.thread)])
        }
        for (_, change) in changes[next...] { replay.apply(change) }
        return replay.finish(profile)
    }
}

/// The state of the replay.
private struct Replay<Source: FrameSource> {
    private struct Key: Hashable {
        var thread: Int
        var event: UInt32
        var stack: Int32
        var isKernel: Bool
    }

    var resolver: StackResolver<Source>
    private var processes = ProcessTable()
    private var threads = Table<ProfileThread>()
    private var samples: [ProfileSample] = []
    private var sampleIndices: [Key: Int] = [:]

    init(resolver: StackResolver<Source>) { self.resolver = resolver }

    mutating func apply(_ change: ProfileBuilder.Change) {
        switch change {
        case .comm(let pid, let tid, let isExec, let name):
            processes.comm(pid: pid, tid: tid, isExec: isExec, name: visibleText(name))
        case .mapping(let pid, let record):
            let file = MappedFile(
                start: record.start, length: record.length,
                record: resolver.frames.records.index(of: record))
            processes.map(file, in: pid)
        case .fork(let pid, let parent, let tid, let parentThread):
            processes.fork(pid: pid, parent: parent, tid: tid, parentThread: parentThread)
        }
    }

    mutating func count(_ sample: Sample, of thread: ThreadDefinition) {
        let (pid, tid) = (thread.pid, thread.tid)
        let thread = threads.index(
            of: ProfileThread(pid: pid, tid: tid, name: processes.name(ofThread: tid, in: pid)))
        let stack = resolver.stack(
            node: sample.stack, isKernel: sample.isKernelMode, in: processes.space(of: pid))
        let key = Key(
            thread: thread, event: sample.event, stack: stack, isKernel: sample.isKernelMode)
        if let index = sampleIndices[key] {
            samples[index].count += 1
            samples[index].weight = samples[index].weight.addingSaturated(sample.weight)
        } else {
            sampleIndices[key] = samples.count
            samples.append(
                ProfileSample(
                    thread: thread, event: Int(sample.event), stack: stack,
                    isKernel: sample.isKernelMode, count: 1, weight: sample.weight))
        }
    }

    consuming func finish(_ profile: consuming Profile) -> Profile {
        profile.threads = threads.values
        profile.samples = samples
        profile.stacks = resolver.stacks
        profile.modules = resolver.frames.modules.values
        profile.mappings = resolver.frames.mappings.values
        profile.functions = resolver.frames.functions.values
        profile.locations = resolver.frames.locations
        if profile.session.program.isEmpty {
            let main = profile.session.pid.flatMap { processes.name(ofProcess: $0) }
            profile.session.program = main ?? threads.values.first?.name ?? ""
        }
        return profile
    }
}
