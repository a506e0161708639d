// A process looked at through descriptors that cannot come to mean another: a pidfd first, then
// its directory in /proc, then a look that the process still lives. From there on each lookup in
// the directory is of that process or fails. A thread's number can still be reused between a look
// at the list and perf_event_open(2), so whoever opens an event on a thread asks for the thread's
// name afterwards: only a thread of this process has one here.

internal import LinuxSystem
internal import SystemPackage

/// Who the target is.
public struct TargetIdentity: Hashable, Sendable {
    public let processID: Int32
    /// The uid that the daemon must have.
    public let userID: UInt32
    public let groupID: UInt32
    /// The first thread's name, which is the program's unless it was changed.
    public let name: String
}

/// A thread of the target.
public struct TargetThread: Hashable, Sendable {
    public let threadID: Int32
    public let name: String
    /// The thread was found on a later look at the list. If its creator had its events by then,
    /// the thread has inherited them as well: two samples of one moment.
    public let isLate: Bool
}

/// A process that can be profiled, while it is being opened.
struct TargetProcess: ~Copyable {
    let identity: TargetIdentity
    let pidfd: ProcessDescriptor
    private let directory: SystemDirectory

    /// - Parameter ofAnyUsers: it may run as several users at once.
    init(_ processID: Int32, ofAnyUsers: Bool = false) throws(OpeningError) {
        guard processID > 0 else { throw .noSuchProcess(processID) }
        let pidfd = try Self.pidfd(processID)
        let directory = try Self.openDirectory(processID)
        identity = try Self.identify(processID, pidfd, directory, ofAnyUsers)
        self.pidfd = pidfd
        self.directory = directory
    }

    /// The threads there are, in the order of their creation.
    func threadIDs() throws(OpeningError) -> [Int32] {
        do {
            return try directory.entries(of: "task").compactMap { Int32($0) }
        } catch {
            throw Self.failure(error, identity.processID)
        }
    }

    /// The name of one of the process's threads; nil where it is none or gone.
    func threadName(_ threadID: Int32) throws(OpeningError) -> String? {
        do {
            let text = try directory.text(of: "task/\(threadID)/comm")
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        } catch {
            if Self.isGone(error) { return nil }
            throw OpeningError(error)
        }
    }

    /// Opens `/proc/PID/maps`.
    func openMaps() throws(OpeningError) -> OwnedDescriptor {
        do {
            return try directory.open("maps")
        } catch {
            throw Self.failure(error, identity.processID)
        }
    }

    /// Refuses the process if it is not `user`'s, or is one that they may not look at; nil is
    /// everybody. To be called with no more capabilities effective than that user has.
    func require(user: UInt32?) throws(OpeningError) {
        guard let user else { return }
        guard identity.userID == user else {
            throw .otherUser(identity.processID, userID: identity.userID)
        }
        do throws(OpeningError) {
            _ = try openMaps()
        } catch {
            guard case .permissionDenied = error else { throw error }
            throw .hidden(identity.processID)
        }
    }

    /// Refuses the process if it has ended or has become another user's since the first look.
    func verify() throws(OpeningError) {
        let status = try Self.status(directory, identity.processID)
        guard Set(status.userIDs) == [identity.userID], status.groupIDs[0] == identity.groupID
        else { throw .identityChanged(identity.processID) }
        if try Self.hasExited(pidfd) { throw .exited(identity.processID) }
    }
}

extension TargetProcess {
    private static func identify(
        _ processID: Int32, _ pidfd: borrowing ProcessDescriptor,
        _ directory: borrowing SystemDirectory, _ ofAnyUsers: Bool
    ) throws(OpeningError) -> TargetIdentity {
        let status = try status(directory, processID)
        if try hasExited(pidfd) { throw .zombie(processID, name: status.name) }
        if isKernelThread(stat: try text(directory, "stat", processID)) {
            throw .kernelThread(processID, name: status.name)
        }
        guard ofAnyUsers || Set(status.userIDs).count == 1 else {
            throw .mixedIdentity(processID, userIDs: status.userIDs)
        }
        return TargetIdentity(
            processID: processID, userID: status.userIDs[0], groupID: status.groupIDs[0],
            name: status.name)
    }

    private static func pidfd(_ processID: Int32) throws(OpeningError) -> ProcessDescriptor {
        do {
            return try ProcessDescriptor(processID: processID)
        } catch {
            switch error.errno {
            case .noSuchProcess: throw .noSuchProcess(processID)
            case .invalidArgument, .noSuchFileOrDirectory:
                let owner = try status(openDirectory(processID), processID).processID
                throw .notAProcess(threadID: processID, processID: owner)
            default: throw OpeningError(error)
            }
        }
    }

    private static func openDirectory(
        _ processID: Int32
    ) throws(OpeningError) -> SystemDirectory {
        do {
            return try SystemDirectory("/proc/\(processID)")
        } catch {
            throw error.errno == .noSuchFileOrDirectory
                ? .noSuchProcess(processID) : OpeningError(error)
        }
    }

    private static func status(
        _ directory: borrowing SystemDirectory, _ processID: Int32
    ) throws(OpeningError) -> ProcessStatus {
        let text = try text(directory, "status", processID)
        guard let status = ProcessStatus(text) else {
            throw .system(
                SystemCallError("read", .invalidArgument, on: "/proc/\(processID)/status"))
        }
        return status
    }

    private static func text(
        _ directory: borrowing SystemDirectory, _ name: String, _ processID: Int32
    ) throws(OpeningError) -> String {
        do { return try directory.text(of: name) } catch { throw failure(error, processID) }
    }

    private static func hasExited(
        _ pidfd: borrowing ProcessDescriptor
    ) throws(OpeningError) -> Bool {
        do { return try pidfd.hasExited() } catch { throw OpeningError(error) }
    }

    private static func failure(_ error: SystemCallError, _ processID: Int32) -> OpeningError {
        switch error.errno {
        case _ where isGone(error): .exited(processID)
        case .permissionDenied, .notPermitted:
            .permissionDenied(processID, error, paranoid: KernelSettings.paranoid())
        default: OpeningError(error)
        }
    }

    /// Looking at a process or thread that has gone is ENOENT, and reading its open files ESRCH.
    private static func isGone(_ error: SystemCallError) -> Bool {
        error.errno == .noSuchFileOrDirectory || error.errno == .noSuchProcess
    }
}
