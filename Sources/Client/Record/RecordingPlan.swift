// What is asked of the kernel and of the daemon for one recording.

internal import ControlProtocol
internal import LinuxSystem
internal import PerfRing

/// What `record` and `start` have in common.
struct RecordingPlan {
    var opening = OpeningOptions()
    var duration: Duration?
    /// What is kept of the recording's time; nil is all of it.
    var last: Duration?
    var lifetime: Lifetime
    /// The command line, kept in the recording.
    var commandLine: [String] = []

    /// The longest command line that is kept, in bytes and in words.
    private static let longestCommandLine = 16 << 10
    private static let mostWords = 1024

    /// What Begin says of an opened target.
    ///
    /// - Parameter command: the name that the target will have after its execve(2).
    func request(for subject: borrowing OpenedSubject, command: String?) -> BeginRequest {
        let events = subject.sampling.events
        return BeginRequest(
            target: subject.target(command: command),
            events: events.map(Event.init), kernel: kernelDetail(of: events),
            lifetime: lifetime, ringPages: subject.sampling.dataPages,
            enableOnExec: opening.enablesOnExec, followChildren: opening.followsChildren,
            durationNanoseconds: duration?.nanoseconds, lastNanoseconds: last?.nanoseconds,
            commandLine: shortCommandLine)
    }

    /// How much of the kernel there is, after what the kernel granted.
    private func kernelDetail(of events: [OpenedEvent]) -> KernelDetail {
        if events.allSatisfy(\.attributes.excludesKernel) { return .none }
        return opening.includesKernelFrames ? .addresses : .mode
    }

    private var shortCommandLine: [String] {
        var size = 0
        return Array(
            commandLine.prefix(Self.mostWords).prefix { word in
                size += word.utf8.count
                return size <= Self.longestCommandLine
            })
    }
}

extension Event {
    /// The event as the protocol has it.
    init(_ opened: OpenedEvent) {
        let sampling: Sampling =
            switch opened.attributes.rate {
            case .frequency(let value): .frequency(value)
            case .period(let value): .period(value)
            }
        let unit: ControlProtocol.WeightUnit =
            switch opened.selection.unit {
            case .nanoseconds: .nanoseconds
            case .cycles: .cycles
            case .count: .count
            }
        self.init(
            name: opened.selection.name, type: opened.attributes.type,
            config: opened.attributes.config, sampling: sampling, unit: unit)
    }
}

extension ClientError {
    /// A target that could not be opened.
    init(_ error: OpeningError) {
        let status: ExitStatus =
            switch error {
            case .noSuchProcess, .notAProcess, .kernelThread, .zombie, .exited, .noSuchCgroup,
                .cgroupEmpty:
                .notFound
            case .mixedIdentity, .otherUser, .hidden, .permissionDenied, .ringMemory,
                .cgroupOfOthers, .cgroupHidden, .cgroupPrivileged, .cgroupDenied:
                .noPermission
            case .invalidRate, .frequencyTooHigh, .invalidPageCount, .eventUnsupported,
                .cgroupsMissing, .rootCgroup, .cgroupThreaded, .cgroupOwnerUnknown,
                .cgroupUncounted:
                .usage
            case .identityChanged: .failure
            case .tooManyDescriptors, .system: .systemError
            }
        self.init(status, error.description)
    }
}
