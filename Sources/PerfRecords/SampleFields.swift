/// The fields of a sample, in the order in which the kernel writes them.
/// `enum perf_event_sample_format`.
public struct SampleFields: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let instructionPointer = SampleFields(rawValue: 1 << 0)
    public static let threadID = SampleFields(rawValue: 1 << 1)
    public static let time = SampleFields(rawValue: 1 << 2)
    public static let address = SampleFields(rawValue: 1 << 3)
    public static let callchain = SampleFields(rawValue: 1 << 5)
    public static let id = SampleFields(rawValue: 1 << 6)
    public static let cpu = SampleFields(rawValue: 1 << 7)
    public static let period = SampleFields(rawValue: 1 << 8)
    public static let streamID = SampleFields(rawValue: 1 << 9)
    public static let identifier = SampleFields(rawValue: 1 << 16)

    /// What profilerd asks for. No instruction pointer: that of a kernel-mode sample is a kernel
    /// address, and the callchain has the user's.
    public static let profile: SampleFields = [
        .identifier, .threadID, .time, .period, .callchain,
    ]
}
