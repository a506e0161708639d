// A foreground recording's connections to its daemon, over the daemon's restarts. The session goes on
// without us where the service manager keeps its descriptors: so when the connection breaks off, the
// next daemon is asked for it. The manager holds the listening socket meanwhile, and whoever connects
// to it waits. Where nobody listens any more no manager will start another daemon.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

/// One session as `record` follows it.
struct SessionLink: ~Copyable {
    /// How long a daemon that has gone is waited for.
    private static let patience = Duration.seconds(10)
    /// How long where nobody listens on the socket.
    private static let patienceWithoutListener = Duration.seconds(1)
    private static let pause = Duration.milliseconds(50)

    private let session: String
    private let instance: DaemonInstance
    /// The file that the daemon's socket was found at.
    private let socketFile: OwnedDescriptor
    /// The connection that the session lives as long as.
    private var owner: ControlConnection
    private var monitor: ControlConnection
    private var last: SessionStatus?
    /// Looks for other users' processes in the cgroup that is recorded.
    private let watch: CgroupWatch?

    /// - Parameter owner: the connection that committed the session.
    init(
        _ session: String, over owner: consuming ControlConnection, _ watch: CgroupWatch?
    ) throws(ClientError) {
        let instance = owner.instance
        guard let file = try UnixSocket.reference(to: instance) else {
            throw ClientError(.unavailable, "The socket \(instance.path) has gone.")
        }
        var monitor = try ControlConnection.open(instance, through: file)
        try monitor.monitor(session)
        self.monitor = monitor
        socketFile = file
        self.session = session
        self.instance = instance
        self.watch = watch
        self.owner = owner
    }

    /// Waits until the session or the user ends it, and shows how it goes.
    mutating func waitForEnd(
        _ signals: borrowing SignalDescriptor, _ progress: inout Progress
    ) throws(ClientError) {
        defer { progress.clear() }
        while true {
            do throws(ClientError) {
                return try follow(signals, &progress)
            } catch {
                guard error.status == .unavailable else { throw error }
                progress.clear()
                guard try reconnect(after: error, signals) else { return }
            }
        }
    }

    private mutating func follow(
        _ signals: borrowing SignalDescriptor, _ progress: inout Progress
    ) throws(ClientError) {
        while true {
            var set = WaitSet()
            set.add(signals.descriptor, for: .reading)
            set.add(monitor.descriptor, for: .reading)
            _ = try system { () throws(SystemCallError) in try set.wait() }
            if signals.next() != nil { return }
            while let (status, isLast) = try monitor.nextStatus() {
                progress.show(status)
                last = status
                if isLast || status.state == .ended { return }
                if let stranger = watch?.stranger() {
                    progress.clear()
                    return say(stranger)
                }
            }
        }
    }

    private func say(_ stranger: (processID: Int32, userIDs: [UInt32])) {
        let uids = stranger.userIDs.map { "\($0)" }.joined(separator: ", ")
        Console.say(
            """
            Process \(stranger.processID) of uid \(uids) has come into the cgroup, so the recording \
            was ended: its samples are not for uid \(instance.uid). Up to a second of them may be in \
            it. --mixed-uids goes on all the same.
            """)
    }

    /// Ends the session, which the daemon keeps until the receipt is given. A second Ctrl-C has its
    /// usual effect meanwhile.
    mutating func stop(
        _ signals: borrowing SignalDescriptor
    ) throws(ClientError) -> RecordedSession {
        try system { () throws(SystemCallError) in try signals.letThrough() }
        defer { try? signals.holdBack() }
        do throws(ClientError) {
            return try owner.take(session)
        } catch {
            guard error.status == .unavailable else { throw error }
            _ = try reconnect(after: error, signals)
            return try owner.take(session)
        }
    }
}

// MARK: - Restarts

extension SessionLink {
    /// Asks the next daemon for the session.
    ///
    /// - Returns: whether the session records.
    /// - Throws: `failure` where no daemon comes or it does not have the session, or what it says.
    private mutating func reconnect(
        after failure: ClientError, _ signals: borrowing SignalDescriptor
    ) throws(ClientError) -> Bool {
        let deadline = Deadline(after: Self.patience)
        let withoutListener = Deadline(after: Self.patienceWithoutListener)
        while true {
            do throws(ClientError) {
                let status = try adopt()
                sayWhatHappened(status)
                return status.state == .recording
            } catch {
                // The next daemon does not have it: it ended with the last one.
                guard error.status == .unavailable else {
                    throw error.status == .notFound ? failure : error
                }
                let isOver = deadline.hasPassed || error.isAbsence && withoutListener.hasPassed
                guard !isOver, try !isInterrupted(signals) else { throw failure }
            }
        }
    }

    private mutating func adopt() throws(ClientError) -> SessionStatus {
        var owner = try ControlConnection.open(instance, through: socketFile)
        let status = try owner.adopt(session)
        var monitor = try ControlConnection.open(instance, through: socketFile)
        try monitor.monitor(session)
        self.owner = owner
        self.monitor = monitor
        return status
    }

    private func isInterrupted(
        _ signals: borrowing SignalDescriptor
    ) throws(ClientError) -> Bool {
        var set = WaitSet()
        set.add(signals.descriptor, for: .reading)
        return try system { () throws(SystemCallError) in
            try !set.wait(until: Deadline(after: Self.pause)).isEmpty
        }
    }

    private mutating func sayWhatHappened(_ status: SessionStatus) {
        let gap = status.losses.gapNanoseconds.subtractingReportingOverflow(
            last?.losses.gapNanoseconds ?? 0)
        let milliseconds = (gap.overflow ? 0 : gap.partialValue) / 1_000_000
        last = status
        switch status.state {
        case .recording:
            Console.say(
                """
                The daemon was restarted, and the recording goes on; \(milliseconds) ms are missing.
                """)
        case .ended:
            Console.say("The daemon was restarted, and the recording ended meanwhile.")
        }
    }
}
