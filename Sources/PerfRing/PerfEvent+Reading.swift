// What read(2) of a perf event gives (perf_event_open(2), "Reading results"): words in the order
// of PERF_FORMAT_TOTAL_TIME_ENABLED, TOTAL_TIME_RUNNING, ID and LOST after the value. Nobody can
// ask a descriptor which of them it has; but three words whose second is the event's own number
// are value, ID and LOST, for LOST is all that can follow an ID.

public import LinuxSystem
internal import SystemPackage

/// What an event has counted.
public struct EventReading: Hashable, Sendable {
    /// How often the event happened, or nanoseconds of a clock, in all who inherited it.
    public let value: UInt64
    /// Records of the event, of every type, that found no room in the ring.
    public let lost: UInt64
}

extension PerfEvent {
    /// Reads an event that was opened with `PerfEventAttributes.countsLost`; nil where it was not.
    ///
    /// - Throws: `SystemCallError` of `read` or `ioctl`.
    public static func reading(
        of event: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> EventReading? {
        let bytes: [UInt8]
        do throws(SystemCallError) {
            // One word too many: an event with more words fails for want of room.
            bytes = try event.readSome(4 * wordSize)
        } catch {
            if error.errno == .noSpace { return nil }
            throw error
        }
        guard bytes.count == 3 * wordSize, word(1, of: bytes) == (try identifier(of: event)) else {
            return nil
        }
        return EventReading(value: word(0, of: bytes), lost: word(2, of: bytes))
    }

    private static var wordSize: Int { 8 }

    private static func word(_ index: Int, of bytes: [UInt8]) -> UInt64 {
        var word: UInt64 = 0
        for place in (index * wordSize..<(index + 1) * wordSize).reversed() {
            word = word << 8 | UInt64(bytes[place])
        }
        return word
    }
}
