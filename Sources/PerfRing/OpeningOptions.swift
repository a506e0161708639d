/// What the client asks the opener for.
public struct OpeningOptions: Sendable {
    /// At least one; the first also reports mappings, names, forks and exits.
    public var events: [EventSelection] = [.automatic]
    /// Nil: every occurrence of an event that is `isSampledEachTime`, else
    /// `defaultFrequency`.
    public var rate: SamplingRate?
    /// Gives the target's user kernel addresses in the callchains.
    public var includesKernelFrames = false
    /// Follows the processes that the target starts, too.
    public var followsChildren = false
    /// The events start by themselves at the next execve(2).
    public var enablesOnExec = false
    /// Only processes of this user, and of theirs only those that the kernel lets them look at
    /// without any capability, whatever this process has; nil is everybody's.
    public var onlyUser: UInt32?
    /// Data pages of each ring, a power of two; one ring a CPU.
    public var dataPages = defaultDataPages

    /// 512 KiB a CPU, with the control page just what perf_event_mlock_kb allows a user a CPU.
    public static let defaultDataPages = 128
    /// Samples a second and CPU: a round number would keep step with timers.
    public static let defaultFrequency: UInt64 = 99

    public init() {}

    func rate(of event: EventSelection) -> SamplingRate {
        rate ?? (event.isSampledEachTime ? .period(1) : .frequency(Self.defaultFrequency))
    }
}
