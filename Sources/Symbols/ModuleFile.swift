// One mapped file: opened, checked to be the one that was mapped, and asked for frames. Everything
// of libdw's that is handed around lives in its session.

internal import CElfutils
internal import LinuxSystem

/// Why a module's file is not used.
enum ModuleProblem: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, RegularFileError)
    case notLinkedELF(path: String)
    case otherBuildID(path: String, found: [UInt8], recorded: [UInt8])

    var description: String {
        switch self {
        case .unreadable(let path, .failed(let error)):
            "\(path) is not used: \(error.call) failed: \(error.errno)"
        case .unreadable(let path, let error): "\(path) is not used: \(error)"
        case .notLinkedELF(let path): "\(path) is not used: it is no ELF program or library."
        case .otherBuildID(let path, let found, let recorded):
            "\(path) is not used: it has changed since the recording. Its build ID is "
                + (found.isEmpty ? "missing" : found.hexadecimal)
                + ", the recorded one \(recorded.hexadecimal)."
        }
    }
}

/// The symbols and the DWARF of one ELF file.
@safe
final class ModuleFile {
    private let session: DwflSession
    private let module: OpaquePointer
    private let search: DebugFileSearch
    private let identity: ELFIdentity
    private lazy var symbols = SymbolTable(unsafe ELFSymbols.read(module, identity))
    private lazy var debugInformation = unsafe DebugInformation(module, identity)

    /// Opens the file of `module`, and refuses it when its build ID is not the recorded one.
    init(_ recorded: Module, debugDirectories: [String], log: DiagnosticLog)
        throws(ModuleProblem)
    {
        let path = recorded.path
        let search = DebugFileSearch(for: path, in: debugDirectories, log: log)
        let descriptor: OwnedDescriptor
        do throws(RegularFileError) {
            descriptor = try RegularFile.open(path)
        } catch {
            throw .unreadable(path: path, error)
        }
        // libdwfl would unpack a compressed file; what is mapped and run is none.
        guard ELFIdentity(descriptor)?.isLinked == true, let session = DwflSession(),
            let module = unsafe session.report(path, descriptor, search: search)
        else { throw .notLinkedELF(path: path) }
        // The facts are read again from the handle that everything else will use.
        var bias: GElf_Addr = 0
        // SAFETY: the module and its handle live as long as the session.
        guard let elf = unsafe dwfl_module_getelf(module, &bias), bias == 0,
            let identity = unsafe ELFIdentity(elf), identity.isLinked
        else { throw .notLinkedELF(path: path) }
        if !recorded.buildID.isEmpty, identity.buildID != recorded.buildID {
            throw .otherBuildID(path: path, found: identity.buildID, recorded: recorded.buildID)
        }
        search.buildID = identity.buildID
        self.session = session
        unsafe self.module = unsafe module
        self.search = search
        self.identity = identity
    }

    /// The functions at `fileOffset`, innermost first; empty when nothing is known.
    func frames(atFileOffset fileOffset: UInt64) -> [RawFrame] {
        guard let address = identity.virtualAddress(ofFileOffset: fileOffset) else { return [] }
        let symbol = symbols.index(at: address).flatMap { index in
            unsafe ELFSymbols.name(module, index)
        }
        var frames = debugInformation?.frames(at: address) ?? []
        guard let last = frames.indices.last else {
            return symbol.map { [RawFrame(linkerName: $0)] } ?? []
        }
        if frames[last].linkerName == nil, let symbol {
            let isMangled = Demangler.Mangling(symbol) != nil
            if isMangled || frames[last].sourceName == nil { frames[last].linkerName = symbol }
        }
        // A line without any name is no frame: the report shows the module and the offset then.
        return frames.filter { $0.linkerName != nil || $0.sourceName != nil }
    }
}

/// A frame before its names are made readable.
struct RawFrame: Equatable {
    /// The name in the symbol table, or DWARF's `DW_AT_linkage_name`.
    var linkerName: String?
    /// DWARF's `DW_AT_name`.
    var sourceName: String?
    var file: String?
    var line: UInt32 = 0
    var isInlined = false
}
