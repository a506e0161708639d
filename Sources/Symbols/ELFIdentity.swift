// What an ELF file says it is, read by libelf: its type, its build ID and its segments.

internal import CElfutils
internal import LinuxSystem

/// A loadable segment (`PT_LOAD`) of an ELF file.
struct LoadSegment: Equatable {
    var fileOffset: UInt64
    var fileSize: UInt64
    var virtualAddress: UInt64
    var memorySize: UInt64
    var isExecutable: Bool
}

/// The facts of an ELF file that decide whether it is used.
struct ELFIdentity: Equatable {
    /// `e_type` is `ET_EXEC` or `ET_DYN`: linked, and so without relocations to apply.
    var isLinked: Bool
    /// The `NT_GNU_BUILD_ID` note's bytes; empty when there is none.
    var buildID: [UInt8]
    var segments: [LoadSegment]

    static let longestBuildID = 64
    static let mostSegments = 4096

    /// Reads the facts of the file behind `descriptor`; nil when it is no ELF file.
    init?(_ descriptor: borrowing OwnedDescriptor) {
        _ = elf_version(UInt32(EV_CURRENT))
        // SAFETY: the handle borrows the descriptor and ends in this scope.
        guard let elf = unsafe elf_begin(descriptor.rawValue, ELF_C_READ_MMAP, nil) else {
            return nil
        }
        defer { unsafe elf_end(elf) }
        unsafe self.init(elf)
    }

    /// Reads the facts of an open libelf handle; nil when it is an archive or no ELF file.
    @unsafe init?(_ elf: OpaquePointer) {
        // SAFETY: the caller keeps the handle open; libelf checks what it reads against the file.
        guard unsafe elf_kind(elf) == ELF_K_ELF else { return nil }
        var header = GElf_Ehdr()
        guard unsafe gelf_getehdr(elf, &header) != nil else { return nil }
        isLinked = header.e_type == UInt16(ET_EXEC) || header.e_type == UInt16(ET_DYN)
        buildID = unsafe Self.readBuildID(elf)
        segments = unsafe Self.readSegments(elf)
    }

    private static func readBuildID(_ elf: OpaquePointer) -> [UInt8] {
        var start: UnsafeRawPointer?
        // SAFETY: libdw returns the length of the bytes it points to, inside the open file.
        let length = unsafe dwelf_elf_gnu_build_id(elf, &start)
        guard let start = unsafe start, length > 0, length <= longestBuildID else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: length))
    }

    private static func readSegments(_ elf: OpaquePointer) -> [LoadSegment] {
        var count = 0
        // SAFETY: gelf_getphdr checks the index and fills the structure on this frame.
        guard unsafe elf_getphdrnum(elf, &count) == 0 else { return [] }
        var segments: [LoadSegment] = []
        for index in 0..<min(count, mostSegments) {
            var header = GElf_Phdr()
            guard unsafe gelf_getphdr(elf, CInt(index), &header) != nil else { break }
            guard header.p_type == PT_LOAD else { continue }
            segments.append(
                LoadSegment(
                    fileOffset: header.p_offset, fileSize: header.p_filesz,
                    virtualAddress: header.p_vaddr, memorySize: header.p_memsz,
                    isExecutable: header.p_flags & UInt32(PF_X) != 0))
        }
        return segments
    }

    /// The virtual address of the byte at `fileOffset`; an executable segment goes before others.
    func virtualAddress(ofFileOffset fileOffset: UInt64) -> UInt64? {
        let holders = segments.filter {
            fileOffset >= $0.fileOffset && fileOffset - $0.fileOffset < $0.fileSize
        }
        guard let segment = holders.first(where: \.isExecutable) ?? holders.first else {
            return nil
        }
        return segment.virtualAddress &+ (fileOffset - segment.fileOffset)
    }

    /// Whether `address` lies in an executable segment.
    func isCode(_ address: UInt64) -> Bool {
        segments.contains {
            $0.isExecutable && address >= $0.virtualAddress
                && address - $0.virtualAddress < $0.memorySize
        }
    }
}
