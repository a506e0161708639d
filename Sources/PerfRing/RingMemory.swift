// What the kernel lets a user without CAP_IPC_LOCK lock for rings (perf_mmap): perf_event_mlock_kb for
// each CPU, of the user's processes together, and what is above that RLIMIT_MEMLOCK, of this one.
//
// The first is not to be counted on. Whoever maps a ring that another user has mapped first, as we do
// when a client hands a session over, is charged as well, and never gets it back: the kernel gives
// back to who mapped it first (seen on Linux 6.18).

internal import LinuxSystem

/// Memory of rings that this process maps itself.
public enum RingMemory {
    /// Bytes of a ring of `dataPages`, with its control page.
    public static func size(dataPages: Int) -> UInt64 {
        UInt64(dataPages + 1) * UInt64(systemPageSize)
    }

    /// Bytes that this process may lock for certain; nil where there is no limit.
    public static var budget: UInt64? { LockedMemoryLimit.current }
}
