// A 128-bit fingerprint of a callchain: NH of UMAC (RFC 4418, section 5.2.2) with 64-bit words, the
// sum of the products of neighbouring words, each with a random key added. For two chains of one
// length that do not depend on the keys, the chance of one fingerprint is 2^-64; so a cached chain
// is recognised by its fingerprint and length, and is not kept. The profiled program chooses the
// chains, but sees neither the keys nor what became of its samples.

/// The keys of the fingerprint, random for each table.
struct ChainHash: Sendable {
    private var keys: [UInt64] = []

    struct Fingerprint: Equatable, Sendable {
        var high: UInt64
        var low: UInt64
    }

    init() {
        extend(to: 32)
    }

    /// The fingerprint of `chain`.
    @inline(__always)
    mutating func fingerprint(_ chain: Span<UInt64>) -> Fingerprint {
        let count = chain.count
        if count >= keys.count { extend(to: count + 1) }
        // As long as the chain, so that one check of `index` covers both.
        let keys = self.keys.span.extracting(0..<count)
        var high: UInt64 = 0
        var low: UInt64 = 0
        var index = 0
        while index &+ 1 < count {
            let product = (chain[index] &+ keys[index])
                .multipliedFullWidth(by: chain[index &+ 1] &+ keys[index &+ 1])
            let sum = low.addingReportingOverflow(product.low)
            low = sum.partialValue
            high = high &+ product.high &+ (sum.overflow ? 1 : 0)
            index &+= 2
        }
        if index < count {
            // The last word of an odd chain is paired with 0.
            let product = (chain[index] &+ keys[index])
                .multipliedFullWidth(by: self.keys[index &+ 1])
            let sum = low.addingReportingOverflow(product.low)
            low = sum.partialValue
            high = high &+ product.high &+ (sum.overflow ? 1 : 0)
        }
        return Fingerprint(high: high, low: low)
    }

    /// Draws keys for `count` words; the ones there stay.
    private mutating func extend(to count: Int) {
        while keys.count < count { keys.append(.random(in: .min ... .max)) }
    }
}
