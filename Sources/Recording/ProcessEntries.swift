// The entries that follow the target's life: names, mappings, forks and exits, in the words of
// the kernel's side-band records (PERF_RECORD_COMM, _MMAP2, _FORK, _EXIT).

/// A thread's new name (`PERF_RECORD_COMM`).
public struct Comm: Equatable, Sendable {
    public var time: UInt64
    public var pid: UInt32
    public var tid: UInt32
    /// The name changed by execve(2) (`PERF_RECORD_MISC_COMM_EXEC`), so the mappings that the
    /// process had are gone.
    public var isExec: Bool
    public var name: String

    public init(time: UInt64, pid: UInt32, tid: UInt32, isExec: Bool, name: String) {
        self.time = time
        self.pid = pid
        self.tid = tid
        self.isExec = isExec
        self.name = name
    }
}

/// A new mapping of the target (`PERF_RECORD_MMAP2`).
public struct MemoryMapping: Equatable, Sendable {
    public var time: UInt64
    public var pid: UInt32
    public var tid: UInt32
    /// The mapping's first runtime address.
    public var start: UInt64
    /// Its length in bytes.
    public var length: UInt64
    /// Where in the file it begins, in bytes.
    public var fileOffset: UInt64
    /// `PROT_` and `MAP_` flags of mmap(2).
    public var protection: UInt32
    public var flags: UInt32
    public var deviceMajor: UInt32
    public var deviceMinor: UInt32
    public var inode: UInt64
    /// The file's build ID; empty if not known.
    public var buildID: [UInt8]
    /// The file's path as the target sees it, or the kernel's word, `[vdso]`.
    public var path: String

    public init(
        time: UInt64, pid: UInt32, tid: UInt32, start: UInt64, length: UInt64,
        fileOffset: UInt64, protection: UInt32, flags: UInt32, deviceMajor: UInt32 = 0,
        deviceMinor: UInt32 = 0, inode: UInt64 = 0, buildID: [UInt8] = [], path: String
    ) {
        self.time = time
        self.pid = pid
        self.tid = tid
        self.start = start
        self.length = length
        self.fileOffset = fileOffset
        self.protection = protection
        self.flags = flags
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.inode = inode
        self.buildID = buildID
        self.path = path
    }
}

/// A process or thread that began or ended (`PERF_RECORD_FORK`, `PERF_RECORD_EXIT`).
public struct TaskChange: Equatable, Sendable {
    public var time: UInt64
    public var pid: UInt32
    public var parentPid: UInt32
    public var tid: UInt32
    public var parentTid: UInt32

    public init(time: UInt64, pid: UInt32, parentPid: UInt32, tid: UInt32, parentTid: UInt32) {
        self.time = time
        self.pid = pid
        self.parentPid = parentPid
        self.tid = tid
        self.parentTid = parentTid
    }
}

extension Comm {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(pid)
        body.append(tid)
        body.append(isExec)
        body.append(name)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        pid = try body.word()
        tid = try body.word()
        isExec = try body.flag()
        name = try body.string()
    }
}

extension MemoryMapping {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(pid)
        body.append(tid)
        body.append(start)
        body.append(length)
        body.append(fileOffset)
        body.append(protection)
        body.append(flags)
        body.append(deviceMajor)
        body.append(deviceMinor)
        body.append(inode)
        body.append(buildID)
        body.append(path)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        pid = try body.word()
        tid = try body.word()
        start = try body.varint()
        length = try body.varint()
        fileOffset = try body.varint()
        protection = try body.word()
        flags = try body.word()
        deviceMajor = try body.word()
        deviceMinor = try body.word()
        inode = try body.varint()
        buildID = try body.byteString()
        path = try body.string()
    }
}

extension TaskChange {
    func encode(to body: inout Encoder) {
        body.append(time)
        body.append(pid)
        body.append(parentPid)
        body.append(tid)
        body.append(parentTid)
    }

    init(from body: inout Cursor) throws(RecordingError) {
        time = try body.varint()
        pid = try body.word()
        parentPid = try body.word()
        tid = try body.word()
        parentTid = try body.word()
    }
}
