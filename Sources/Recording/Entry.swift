// What a recording consists of. Each payload has its encoding next to it, so that both directions
// of one entry are read together.

/// One entry of a recording, as a reader returns it.
public enum Entry: Equatable, Sendable {
    /// What the recording is about; notes come in later ones.
    case session([SessionFact])
    indirect case event(EventDefinition)
    case stack(StackDefinition)
    case thread(ThreadDefinition)
    case sample(Sample)
    case comm(Comm)
    indirect case mapping(MemoryMapping)
    case fork(TaskChange)
    case exit(TaskChange)
    case lost(Lost)
    case throttle(Throttle)
    case gap(Gap)
    /// The CPU of the samples that follow; `Sample.cpu` already has it.
    case cpu(UInt32)
    /// What follows needs nothing from before it. Definitions that it repeats are not told again.
    case bucket(Bucket)
    case end(End)
}

/// One sample with every field resolved. Its thread, event and stack were defined before it.
public struct Sample: Equatable, Sendable {
    /// Nanoseconds of CLOCK_MONOTONIC. Samples of one CPU are in order, those of several are not.
    public var time: UInt64
    /// Index of a `ThreadDefinition`.
    public var thread: UInt32
    /// Index of an `EventDefinition`.
    public var event: UInt32
    /// What the sample stands for, in the event's unit.
    public var weight: UInt64
    /// The innermost node of the sample's stack; 0 is the empty stack.
    public var stack: UInt32
    /// The CPU was in kernel mode (`PERF_RECORD_MISC_KERNEL`).
    public var isKernelMode: Bool
    public var cpu: UInt32

    public init(
        time: UInt64, thread: UInt32, event: UInt32, weight: UInt64, stack: UInt32,
        isKernelMode: Bool, cpu: UInt32
    ) {
        self.time = time
        self.thread = thread
        self.event = event
        self.weight = weight
        self.stack = stack
        self.isKernelMode = isKernelMode
        self.cpu = cpu
    }
}

/// New nodes of the stack tree: a path that goes down from `parent`.
public struct StackDefinition: Equatable, Sendable {
    /// The first frame's node; the next frames have the numbers after it.
    public var firstID: UInt32
    /// The caller's node; 0 is the root.
    public var parent: UInt32
    /// Runtime addresses, outermost frame first. Bit 63 set: a kernel address.
    public var addresses: [UInt64]

    public init(firstID: UInt32, parent: UInt32, addresses: [UInt64]) {
        self.firstID = firstID
        self.parent = parent
        self.addresses = addresses
    }
}

/// A thread that samples name by its index.
public struct ThreadDefinition: Equatable, Sendable {
    public var index: UInt32
    /// As the recorder's pid namespace has them; the kernel may reuse both after an exit.
    public var pid: UInt32
    public var tid: UInt32

    public init(index: UInt32, pid: UInt32, tid: UInt32) {
        self.index = index
        self.pid = pid
        self.tid = tid
    }
}

extension ThreadDefinition {
    func encode(to body: inout Encoder) {
        body.append(index)
        body.append(pid)
        body.append(tid)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        index = try body.word()
        pid = try body.word()
        tid = try body.word()
    }
}
