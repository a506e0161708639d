// The sysctls that decide whether and how events open, read anew each time: the kernel lowers the
// sample rate by itself.

internal import LinuxSystem

/// The settings of /proc/sys/kernel that are about perf events.
public enum KernelSettings {
    static func paranoid() -> String { text("perf_event_paranoid") }

    /// KiB of ring memory a user and CPU.
    public static func mlockKilobytes() -> String { text("perf_event_mlock_kb") }

    /// The highest frequency that an event may ask for.
    public static func maximumSampleRate() -> UInt64? { UInt64(text("perf_event_max_sample_rate")) }

    /// The setting's value, or `unknown`: it goes into sentences.
    private static func text(_ name: String) -> String {
        do throws(SystemCallError) {
            let text = try SystemDirectory("/proc/sys/kernel").text(of: name)
            return String(text.prefix { $0 != "\n" })
        } catch {
            return "unknown"
        }
    }
}
