// A region of mmap(2) with one owner. Reads and writes go through bounds-checked methods or
// through a span whose lifetime the owner guarantees; nobody keeps a pointer.

internal import CLinux
internal import SystemPackage

/// A mapped region, unmapped when its owner lets go of it.
@safe
public struct Mapping: ~Copyable {
    package let start: UnsafeMutableRawPointer
    /// The region's size in bytes, a multiple of the page size.
    public let count: Int

    public enum Access: Sendable {
        case read
        case readWrite
    }

    /// Maps `count` bytes of `descriptor` at `offset` (`MAP_SHARED`).
    ///
    /// - Throws: `SystemCallError` of `mmap`.
    public init(
        _ descriptor: borrowing OwnedDescriptor, offset: Int = 0, count: Int,
        access: Access = .readWrite
    ) throws(SystemCallError) {
        let rawValue = descriptor.rawValue
        let protection = access == .read ? PROT_READ : PROT_READ | PROT_WRITE
        let start = unsafe mmap(nil, count, protection, MAP_SHARED, rawValue, off_t(offset))
        // MAP_FAILED is (void *)-1.
        guard let start = unsafe start, Int(bitPattern: start) != -1 else {
            throw SystemCallError("mmap", currentErrno)
        }
        unsafe self.start = unsafe start
        self.count = count
    }

    deinit {
        // SAFETY: the region is ours, and the last borrow ended before deinit.
        let result = unsafe munmap(start, count)
        precondition(result == 0, "munmap of our own region")
    }

    /// Copies `source` to byte `offset` of the region.
    public borrowing func write(_ source: Span<UInt8>, at offset: Int) {
        precondition(offset >= 0 && source.count <= count - offset, "outside the mapping")
        unsafe source.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            // SAFETY: both ranges were checked above and cannot overlap.
            unsafe memcpy(start + offset, base, bytes.count)
        }
    }

    /// Makes the pages of `range` present and writable in one call, where stores would fault them
    /// in one by one. The corresponding C constant is `MADV_POPULATE_WRITE`, of Linux 5.14; where
    /// it does nothing, stores do what they do.
    public borrowing func populateForWriting(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the mapping")
        // SAFETY: the region is ours, and its contents stay as they are.
        _ = unsafe madvise(start + range.lowerBound, range.count, 23)
    }

    /// Loads the aligned 64-bit word at byte `offset` with acquire ordering.
    public borrowing func loadAcquire(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8 && offset % 8 == 0, "outside the mapping")
        // SAFETY: aligned and inside the region.
        return unsafe clinux_load_acquire(start + offset)
    }

    /// Stores the aligned 64-bit word at byte `offset` with release ordering.
    public borrowing func storeRelease(_ value: UInt64, at offset: Int) {
        precondition(offset >= 0 && offset <= count - 8 && offset % 8 == 0, "outside the mapping")
        // SAFETY: aligned and inside the region.
        unsafe clinux_store_release(start + offset, value)
    }
}
