// Threads become numbers, as stacks do: the pair of pid and tid is looked up, a new one is defined
// in the recording. A full table forgets its threads; one that comes back gets another index.

/// Numbers the threads of a recording.
struct ThreadTable: Sendable {
    private static let fewest = 32

    private var indices = SeededTable(capacity: Self.fewest)
    private var last = ThreadDefinition(index: 0, pid: 0, tid: 0)
    /// The index of the next thread.
    private(set) var next: UInt32
    /// Whether `last` is a thread.
    private var hasLast = false
    private var body = Encoder()
    private let limit: Int

    /// A table of at most `limit` threads, which get the indices from `next` on.
    init(limit: Int, next: UInt32 = 0) {
        self.limit = limit
        self.next = next
    }

    /// Forgets the threads, and counts from 0 again.
    mutating func restart() { self = ThreadTable(limit: limit) }

    /// The thread's index. A new thread's definition is appended to `entries`.
    @inline(__always)
    mutating func index(pid: UInt32, tid: UInt32, defining entries: inout Encoder) -> UInt32 {
        if tid == last.tid, pid == last.pid, hasLast { return last.index }
        return lookUp(pid: pid, tid: tid, defining: &entries)
    }

    @inline(never)
    private mutating func lookUp(
        pid: UInt32, tid: UInt32, defining entries: inout Encoder
    ) -> UInt32 {
        // The table's values begin at 1.
        hasLast = true
        let known = indices.value(group: pid, key: UInt64(tid))
        if known != 0 {
            last = ThreadDefinition(index: known - 1, pid: pid, tid: tid)
            return last.index
        }
        if indices.count >= limit { indices.removeAll(capacity: Self.fewest) }
        last = ThreadDefinition(index: next, pid: pid, tid: tid)
        next += 1
        indices.insert(next, group: pid, key: UInt64(tid))
        body.removeAll(keeping: 64)
        last.encode(to: &body)
        entries.append(.thread, body: body)
        return last.index
    }
}
