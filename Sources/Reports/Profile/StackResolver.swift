// From the recording's stacks (a prefix tree of runtime addresses) to the profile's (a prefix tree
// of locations). The same addresses mean something else after an exec or in another process, so
// what is remembered is per generation of the address space.

internal import Recording

struct StackResolver<Source: FrameSource> {
    /// Frames that are kept of one stack; the kernel collects 127 unless told otherwise
    /// (kernel.perf_event_max_stack), so a deeper one is a recording gone wrong.
    static var maximumDepth: Int { 1_024 }

    private(set) var stacks = ProfileStacks()
    var frames: FrameResolver<Source>
    /// Has read everything, and knows every node.
    private let recording: RecordingReader
    private var depths: [Int32] = [0]
    private var children: [UInt64: Int32] = [:]
    /// Keyed by generation, node, and whether the node is looked up as a caller.
    private var resolved: [UInt64: Int32] = [:]

    init(_ recording: RecordingReader, source: Source) {
        self.recording = recording
        frames = FrameResolver(source: source)
    }

    /// The profile's node for a sample. A sample of kernel mode whose stack ends in user space
    /// gets one `[kernel]` frame: the time was spent there, whatever the function.
    mutating func stack(node: UInt32, isKernel: Bool, in space: borrowing AddressSpace) -> Int32 {
        let user = resolve(node: node, in: space)
        guard isKernel, !isKernelAddress(node) else { return user }
        return child(of: user, at: frames.kernelLocation(of: nil))
    }

    private mutating func resolve(node: UInt32, in space: borrowing AddressSpace) -> Int32 {
        var pending: [UInt64] = []
        var node = node
        var isCaller = false
        var parent: Int32 = 0
        while node != 0 {
            let key = UInt64(space.generation) << 33 | UInt64(node) << 1 | (isCaller ? 1 : 0)
            if let known = resolved[key] {
                parent = known
                break
            }
            pending.append(key)
            let next = recording.parent(of: node)
            // The user frame under a kernel frame is the program counter at the entry, not a
            // return address.
            isCaller = isKernelAddress(node) == isKernelAddress(next)
            node = next
        }
        for key in pending.reversed() {
            parent = descend(from: parent, key: key, in: space)
            resolved[key] = parent
        }
        return parent
    }

    private mutating func descend(from parent: Int32, key: UInt64, in space: borrowing AddressSpace)
        -> Int32
    {
        let node = UInt32(truncatingIfNeeded: key >> 1)
        // A return address may already belong to the next line or the next function.
        let address = recording.address(of: node) &- (key & 1)
        if depths[Int(parent)] >= Self.maximumDepth { return parent }
        if depths[Int(parent)] == Self.maximumDepth - 1 {
            return child(of: parent, at: frames.truncatedLocation())
        }
        guard !isKernelAddress(node) else {
            let location = frames.kernelLocation(of: address)
            // Nameless kernel frames say no more than one of them.
            let isRepeated = stacks.locations[Int(parent)] == location
            let isNameless = location == frames.kernelLocation(of: nil)
            return isRepeated && isNameless ? parent : child(of: parent, at: location)
        }
        let mapping = space.mapping(containing: address)
        return child(of: parent, at: frames.location(of: address, in: mapping))
    }

    private func isKernelAddress(_ node: UInt32) -> Bool { recording.address(of: node) >> 63 == 1 }

    private mutating func child(of parent: Int32, at location: Int32) -> Int32 {
        let key = UInt64(UInt32(bitPattern: parent)) << 32 | UInt64(UInt32(bitPattern: location))
        if let known = children[key] { return known }
        let node = Int32(stacks.count)
        stacks.parents.append(parent)
        stacks.locations.append(location)
        depths.append(depths[Int(parent)] + 1)
        children[key] = node
        return node
    }
}
