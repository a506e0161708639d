// One libdwfl session for one module. libdwfl joins the stripped file, its separate debug file and
// its `.gnu_debugdata`, and owns the descriptors and the mappings of all of them; the session is
// theirs to live in. The search for the debug file is ours (DebugFileSearch): libdwfl's own would
// ask debuginfod over the network, and opens whatever lies at the path.

internal import CElfutils
internal import LinuxSystem

/// A `Dwfl` with its callbacks, ended when the owner lets go.
@safe
struct DwflSession: ~Copyable {
    private let callbacks: UnsafeMutablePointer<Dwfl_Callbacks>
    private let dwfl: OpaquePointer

    init?() {
        _ = elf_version(UInt32(EV_CURRENT))
        // SAFETY: the structure lives on the heap until dwfl_end, which is the last to read it.
        let callbacks = UnsafeMutablePointer<Dwfl_Callbacks>.allocate(capacity: 1)
        unsafe callbacks.initialize(
            to: Dwfl_Callbacks(
                find_elf: { _, _, _, _, _, _ in -1 }, find_debuginfo: findDebugInformation,
                section_address: { _, _, _, _, _, _, _, _ in -1 }, debuginfo_path: nil))
        guard let dwfl = unsafe dwfl_begin(callbacks) else {
            unsafe callbacks.deallocate()
            return nil
        }
        unsafe self.callbacks = unsafe callbacks
        unsafe self.dwfl = unsafe dwfl
    }

    deinit {
        // SAFETY: both are ours, and nothing of the session is used past its owner.
        unsafe dwfl_end(dwfl)
        unsafe callbacks.deallocate()
    }

    /// Makes `descriptor` the session's one module, at the addresses the file itself names.
    /// `search`, which the caller keeps alive as long as the session, finds its debug file.
    borrowing func report(
        _ path: String, _ descriptor: consuming OwnedDescriptor, search: DebugFileSearch
    ) -> OpaquePointer? {
        // SAFETY: libdwfl copies the strings; the descriptor becomes its own only on success.
        unsafe dwfl_report_begin(dwfl)
        let rawValue = descriptor.release()
        let module = unsafe dwfl_report_elf(dwfl, path, path, rawValue, 0, true)
        unsafe dwfl_report_end(dwfl, nil, nil)
        guard let module = unsafe module else {
            _ = OwnedDescriptor(adopting: rawValue)
            return nil
        }
        var slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        unsafe dwfl_module_info(module, &slot, nil, nil, nil, nil, nil, nil)
        unsafe slot?.pointee = unsafe Unmanaged.passUnretained(search).toOpaque()
        return unsafe module
    }
}

/// `Dwfl_Callbacks.find_debuginfo`: a descriptor that libdwfl will own, or -1.
private func findDebugInformation(
    _: OpaquePointer?, userData: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _: UnsafePointer<CChar>?, _: Dwarf_Addr, fileName: UnsafePointer<CChar>?,
    debugLink: UnsafePointer<CChar>?, checksum: GElf_Word,
    _: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    // Without a file's name libdwfl asks for the dwz file that the debug file names; libdw finds
    // that by itself, and checks its build ID.
    guard unsafe fileName != nil else { return -1 }
    // SAFETY: the slot was filled in `report`, with an object that outlives the session.
    guard let context = unsafe userData?.pointee else { return -1 }
    let search = unsafe Unmanaged<DebugFileSearch>.fromOpaque(context).takeUnretainedValue()
    let link = unsafe debugLink.map { unsafe DebugLink(name: String(cString: $0), crc: checksum) }
    guard let found = search.find(link) else { return -1 }
    return found.release()
}
