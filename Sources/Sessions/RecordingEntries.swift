// The kernel's side-band records in the words of the recording.

internal import PerfRecords
internal import Recording

extension MemoryMapping {
    init(_ record: MappingRecord) {
        self.init(
            time: record.origin.time, pid: UInt32(bitPattern: record.processID),
            tid: UInt32(bitPattern: record.threadID), start: record.start,
            length: record.length, fileOffset: record.fileOffset, protection: record.protection,
            flags: record.flags, path: record.path)
        switch record.file {
        case .buildID(let bytes): buildID = bytes
        case .inode(let major, let minor, let inode, _):
            deviceMajor = major
            deviceMinor = minor
            self.inode = inode
        }
    }

    /// A mapping that was there when the recording began.
    init(_ line: MapsLine, pid: UInt32, time: UInt64, buildID: [UInt8]) {
        let protection: UInt32 =
            (line.isReadable ? 1 : 0) | (line.isWritable ? 2 : 0) | 4
        self.init(
            time: time, pid: pid, tid: pid, start: line.start, length: line.end - line.start,
            fileOffset: line.fileOffset, protection: protection, flags: line.isShared ? 1 : 2,
            deviceMajor: line.deviceMajor, deviceMinor: line.deviceMinor, inode: line.inode,
            buildID: buildID, path: line.path)
    }
}

extension Comm {
    init(_ record: CommRecord) {
        self.init(
            time: record.origin.time, pid: UInt32(bitPattern: record.processID),
            tid: UInt32(bitPattern: record.threadID), isExec: record.isExec, name: record.name)
    }
}

extension TaskChange {
    init(_ record: TaskRecord) {
        self.init(
            time: record.time, pid: UInt32(bitPattern: record.processID),
            parentPid: UInt32(bitPattern: record.parentProcessID),
            tid: UInt32(bitPattern: record.threadID),
            parentTid: UInt32(bitPattern: record.parentThreadID))
    }
}
