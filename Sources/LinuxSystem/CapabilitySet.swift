// Capabilities as values; the calls that move them are in OwnProcess+Capabilities.swift.

internal import CCapabilities

/// A set of capabilities (capabilities(7)), a bit for each number of linux/capability.h.
public struct CapabilitySet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The one with this number.
    init(number: cap_value_t) { self.init(rawValue: 1 << UInt64(number)) }

    /// perf_event_open(2) whatever `kernel.perf_event_paranoid` says. `CAP_PERFMON`.
    public static let perfmon = CapabilitySet(number: CAP_PERFMON)
    /// Memory that is locked beyond the limit. `CAP_IPC_LOCK`.
    public static let ipcLock = CapabilitySet(number: CAP_IPC_LOCK)
    /// Looking at other users' processes. `CAP_SYS_PTRACE`.
    public static let sysPtrace = CapabilitySet(number: CAP_SYS_PTRACE)
    /// The kernel's addresses. `CAP_SYSLOG`.
    public static let syslog = CapabilitySet(number: CAP_SYSLOG)
    /// Becoming, and claiming to be, another user. `CAP_SETUID`.
    public static let setuid = CapabilitySet(number: CAP_SETUID)
    /// The same for groups. `CAP_SETGID`.
    public static let setgid = CapabilitySet(number: CAP_SETGID)
    /// Taking from the bounding set. `CAP_SETPCAP`.
    public static let setpcap = CapabilitySet(number: CAP_SETPCAP)
    /// Signals to other users' processes. `CAP_KILL`.
    public static let kill = CapabilitySet(number: CAP_KILL)
    /// Reading and writing whatever a file's mode says. `CAP_DAC_OVERRIDE`.
    public static let dacOverride = CapabilitySet(number: CAP_DAC_OVERRIDE)
    /// Entering directories and reading whatever the mode says. `CAP_DAC_READ_SEARCH`.
    public static let dacReadSearch = CapabilitySet(number: CAP_DAC_READ_SEARCH)
    /// Doing with others' files what only their owner may. `CAP_FOWNER`.
    public static let fowner = CapabilitySet(number: CAP_FOWNER)
}
