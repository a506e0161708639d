// Callchains become numbers. A chain is looked up whole first: a sampled program comes back to the
// same stacks, and then the fingerprint's slot has the number. Else the tree is walked from the
// outermost frame, and what is missing becomes new nodes, which the recording gets as one entry.
//
// Memory is bounded. A table that has its limit of nodes forgets them all and goes on with new
// numbers: later samples define their frames again. That costs bytes in the recording, which has
// a limit of its own, and no sample loses a frame.

/// Numbers the nodes of the recorded stacks; 0 is the empty stack.
struct StackTable: Sendable {
    /// The longest chain: a perf record's size is 16 bits, so it has fewer than 8,192 words.
    static let longestChain = 8192

    private struct CachedChain {
        var fingerprint: ChainHash.Fingerprint
        var length: UInt32
        var node: UInt32
    }

    /// The cache grows with the tree, to 768 KiB.
    private static let mostCachedChains = 1 << 15
    private static let fewestCachedChains = 1 << 8
    /// A chain is in one of this many slots, or not in the cache.
    private static let probes = 4

    private var nodes = SeededTable(capacity: Self.fewestCachedChains)
    private var chains = Self.emptyCache(count: Self.fewestCachedChains)
    private var hash = ChainHash()
    private var frames = Encoder()
    private let limit: Int
    private var nextVictim: UInt8 = 0

    /// The number of the next node.
    private(set) var nextID: UInt32
    /// How often the table forgot its nodes because it was full.
    private(set) var resets = 0

    /// A table of at most `limit` nodes, or of one longest chain if that is more. Nodes get the
    /// numbers from `next` on.
    init(limit: Int, next: UInt32 = 1) {
        self.limit = max(limit, Self.longestChain)
        nextID = next
    }

    /// How many nodes the table knows now.
    var count: Int { nodes.count }

    /// The node of `callchain` (innermost frame first). New nodes are appended to `entries`.
    @inline(__always)
    mutating func intern(_ callchain: Span<UInt64>, defining entries: inout Encoder) -> UInt32 {
        if callchain.isEmpty { return 0 }
        let fingerprint = hash.fingerprint(callchain)
        let first = place(of: fingerprint)
        for probe in 0..<Self.probes {
            let cached = chains[(first &+ probe) & (chains.count &- 1)]
            if cached.fingerprint == fingerprint, cached.length == UInt32(callchain.count) {
                return cached.node
            }
        }
        return internUncached(callchain, fingerprint, defining: &entries)
    }

    @inline(never)
    private mutating func internUncached(
        _ callchain: Span<UInt64>, _ fingerprint: ChainHash.Fingerprint,
        defining entries: inout Encoder
    ) -> UInt32 {
        precondition(callchain.count <= Self.longestChain, "longer than a perf record")
        if nodes.count + callchain.count > limit { forget() }
        let (parent, missing) = deepestKnown(callchain)
        var node = parent
        if missing > 0 {
            let above = missing < callchain.count ? callchain[missing] : 0
            let frames = callchain.extracting(first: missing)
            define(frames, under: parent, at: above, in: &entries)
            node = nextID - 1
        }
        growCache()
        cache(
            CachedChain(
                fingerprint: fingerprint, length: UInt32(callchain.count), node: node))
        return node
    }

    /// Walks in from the outermost frame: the last node there is, and how many frames are left.
    private func deepestKnown(_ callchain: Span<UInt64>) -> (node: UInt32, missing: Int) {
        var node: UInt32 = 0
        var missing = callchain.count
        while missing > 0 {
            let next = nodes.value(group: node, key: callchain[missing - 1])
            if next == 0 { break }
            node = next
            missing -= 1
        }
        return (node, missing)
    }

    /// Numbers the frames of `callchain`, outermost first, below `parent`, whose address is
    /// `parentAddress` (0 for the root), and appends their entry.
    private mutating func define(
        _ callchain: Span<UInt64>, under parent: UInt32, at parentAddress: UInt64,
        in entries: inout Encoder
    ) {
        // Every node takes a byte of a recording, whose limit is below 2^32 bytes.
        precondition(nextID <= .max - UInt32(callchain.count), "more nodes than a recording holds")
        frames.removeAll(keeping: 4096)
        frames.append(parent)
        frames.append(UInt64(callchain.count))
        var above = parentAddress
        var group = parent
        for index in callchain.indices.reversed() {
            let address = callchain[index]
            frames.append(address, after: above)
            nodes.insert(nextID, group: group, key: address)
            above = address
            group = nextID
            nextID += 1
        }
        entries.append(.stack, body: frames)
    }

    /// Forgets the nodes, and counts from 1 again.
    mutating func restart() { self = StackTable(limit: limit) }

    mutating func forget() {
        nodes.removeAll(capacity: Self.fewestCachedChains)
        chains = Self.emptyCache(count: Self.fewestCachedChains)
        resets += 1
    }

    /// Puts `chain` into the first of its slots that is free, else into one of them by turns.
    private mutating func cache(_ chain: CachedChain) {
        let first = place(of: chain.fingerprint)
        let mask = chains.count - 1
        var slot = (first + Int(nextVictim)) & mask
        nextVictim = (nextVictim + 1) % UInt8(Self.probes)
        for probe in 0..<Self.probes where chains[(first + probe) & mask].length == 0 {
            slot = (first + probe) & mask
            break
        }
        chains[slot] = chain
    }

    private mutating func growCache() {
        let wanted = min(nodes.capacity, Self.mostCachedChains)
        if chains.count < wanted { chains = Self.emptyCache(count: wanted) }
    }

    @inline(__always)
    private func place(of fingerprint: ChainHash.Fingerprint) -> Int {
        // The multiplication spreads every bit to the upper half (Fibonacci hashing).
        let mixed = (fingerprint.high ^ fingerprint.low) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 32) & (chains.count - 1)
    }

    private static func emptyCache(count: Int) -> [CachedChain] {
        let free = CachedChain(fingerprint: .init(high: 0, low: 0), length: 0, node: 0)
        return [CachedChain](repeating: free, count: count)
    }
}
