#if os(Linux)
// Descriptors that travel together: those of one message, those of one session. Swift's Array
// cannot hold values with one owner, so the list itself is the owner.

/// Open file descriptors with one owner, in their order; closed when the owner lets go.
public struct DescriptorList: ~Copyable, Sendable {
    private var rawValues: [CInt] = []

    /// An empty list.
    public init() {}

    deinit {
        for rawValue in rawValues { _ = OwnedDescriptor(adopting: rawValue) }
    }

    /// How many descriptors it holds.
    public var count: Int { rawValues.count }
    /// Whether it holds none.
    public var isEmpty: Bool { rawValues.isEmpty }

    /// The descriptors' numbers, valid while this list holds them.
    package var numbers: [CInt] { rawValues }

    /// Takes a descriptor over, behind the others.
    public mutating func append(_ descriptor: consuming OwnedDescriptor) {
        rawValues.append(descriptor.release())
    }

    /// Moves every descriptor of `other` to the end of this list.
    public mutating func append(contentsOf other: consuming DescriptorList) {
        rawValues += other.releaseAll()
    }

    /// Takes the first descriptor out; nil where the list is empty.
    public mutating func takeFirst() -> OwnedDescriptor? {
        rawValues.isEmpty ? nil : OwnedDescriptor(adopting: rawValues.removeFirst())
    }

    /// Takes the last descriptor out, at no cost for the others; nil where the list is empty.
    public mutating func takeLast() -> OwnedDescriptor? {
        rawValues.popLast().map { OwnedDescriptor(adopting: $0) }
    }

    /// Lets `body` look at the descriptor at `index`, which stays in the list.
    public borrowing func withDescriptor<Result: ~Copyable, Failure: Error>(
        at index: Int, _ body: (borrowing OwnedDescriptor) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let descriptor = OwnedDescriptor(adopting: rawValues[index])
        do {
            let result = try body(descriptor)
            _ = descriptor.release()
            return result
        } catch {
            _ = descriptor.release()
            throw error
        }
    }

    private consuming func releaseAll() -> [CInt] {
        let rawValues = self.rawValues
        self.rawValues = []
        return rawValues
    }
}
#endif
