// Numbers for (UInt32, UInt64) keys: the edges of the stack tree (parent, address) and the threads
// (pid, tid). Open addressing at most half full. The keys come from the profiled program, so the
// hash is seeded at random: nobody outside can build keys that fall into one chain of probes.

/// A map from a pair of numbers to a number other than 0.
struct SeededTable: Sendable {
    private struct Slot {
        var key: UInt64
        var group: UInt32
        /// 0 is a free slot.
        var value: UInt32
    }

    private var slots: [Slot]
    private(set) var count = 0
    private let seed: (UInt64, UInt64)

    /// An empty table with room for `capacity` values, a power of two, until it grows.
    init(capacity: Int = 32) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0)
        slots = [Slot](repeating: Slot(key: 0, group: 0, value: 0), count: 2 * capacity)
        seed = (.random(in: .min ... .max), .random(in: .min ... .max))
    }

    /// How many values fit before the table grows.
    var capacity: Int { slots.count / 2 }

    /// The value of the key, or 0.
    @inline(__always)
    func value(group: UInt32, key: UInt64) -> UInt32 {
        slots[place(group: group, key: key)].value
    }

    /// Gives the key, which has none, a value other than 0.
    mutating func insert(_ value: UInt32, group: UInt32, key: UInt64) {
        if count == capacity { resize(to: 2 * slots.count) }
        slots[place(group: group, key: key)] = Slot(key: key, group: group, value: value)
        count += 1
    }

    /// Forgets every key, and the memory past `capacity`.
    mutating func removeAll(capacity: Int = 32) {
        slots = [Slot](repeating: Slot(key: 0, group: 0, value: 0), count: 2 * capacity)
        count = 0
    }

    /// The slot that has the key, or the free one where it belongs. There is always a free one.
    @inline(__always)
    private func place(group: UInt32, key: UInt64) -> Int {
        let mask = slots.count - 1
        let product = (key ^ seed.0).multipliedFullWidth(by: UInt64(group) ^ seed.1)
        var place = Int(truncatingIfNeeded: product.high ^ product.low) & mask
        while true {
            let slot = slots[place]
            if slot.value == 0 || (slot.key == key && slot.group == group) { return place }
            place = (place + 1) & mask
        }
    }

    private mutating func resize(to size: Int) {
        let old = slots
        slots = [Slot](repeating: Slot(key: 0, group: 0, value: 0), count: size)
        for slot in old where slot.value != 0 {
            slots[place(group: slot.group, key: slot.key)] = slot
        }
    }
}
