// From an address to a location with names, each address once. Names are asked of the
// `FrameSource` by (module, file offset), so two processes that map a library at different
// addresses pay for one look-up.

internal import Symbols

/// A mapping as the recording has it.
struct MappingRecord: Hashable {
    var start: UInt64
    var length: UInt64
    var fileOffset: UInt64
    var module: Module
}

struct FrameResolver<Source: FrameSource> {
    private struct FileOffset: Hashable {
        var module: Int
        var offset: UInt64
    }
    private struct Place: Hashable {
        /// Of `records`, or one of the values below.
        var record: Int
        var address: UInt64
    }

    private static var unmapped: Int { -1 }
    private static var kernel: Int { -2 }
    private static var truncated: Int { -3 }

    private let source: Source
    /// Every mapping of the recording; `mappings` are those that were sampled.
    var records = Table<MappingRecord>()
    private(set) var modules = Table<ProfileModule>()
    private(set) var mappings = Table<ProfileMapping>()
    private(set) var functions = Table<ProfileFunction>()
    private(set) var locations: [ProfileLocation] = []
    private var moduleIndices: [Module: Int] = [:]
    private var linesAtOffset: [FileOffset: [ProfileLocation.Line]] = [:]
    private var locationAtPlace: [Place: Int32] = [:]

    init(source: Source) { self.source = source }

    /// The location of a user address, which is exact or already moved into the call.
    mutating func location(of address: UInt64, in mapping: MappedFile?) -> Int32 {
        let place = Place(record: mapping?.record ?? Self.unmapped, address: address)
        if let known = locationAtPlace[place] { return known }
        guard let mapping else { return remember(place, mapping: nil, lines: nil) }
        let record = records[mapping.record]
        let offset = address &- record.start &+ record.fileOffset
        return remember(
            place, mapping: index(of: record), lines: lines(of: record.module, at: offset))
    }

    /// The location of a kernel address; those without a name are one location.
    mutating func kernelLocation(of address: UInt64?) -> Int32 {
        let place = Place(record: Self.kernel, address: address ?? 0)
        if let known = locationAtPlace[place] { return known }
        let frame = address.flatMap { source.kernelFrame(at: $0) }
        if frame == nil, address != nil {
            let nameless = kernelLocation(of: nil)
            locationAtPlace[place] = nameless
            return nameless
        }
        return special(place, frame, named: "[kernel]", kind: .kernel)
    }

    /// The location that stands for the frames below the deepest one kept.
    mutating func truncatedLocation() -> Int32 {
        let place = Place(record: Self.truncated, address: 0)
        if let known = locationAtPlace[place] { return known }
        return special(place, nil, named: "[truncated]", kind: .unknown)
    }

    private mutating func special(
        _ place: Place, _ frame: SourceFrame?, named name: String, kind: ProfileModule.Kind
    ) -> Int32 {
        let line = line(frame, unnamed: name, module: special(kind))
        return remember(place, mapping: nil, lines: [line])
    }

    /// A new location; nil lines mean that nothing is known of the address.
    private mutating func remember(
        _ place: Place, mapping: Int?, lines: [ProfileLocation.Line]?
    ) -> Int32 {
        let lines = lines ?? [line(nil, unnamed: "[unknown]", module: special(.unknown))]
        let location = Int32(locations.count)
        locations.append(ProfileLocation(mapping: mapping, address: place.address, lines: lines))
        locationAtPlace[place] = location
        return location
    }

    private mutating func lines(of module: Module, at offset: UInt64) -> [ProfileLocation.Line]? {
        let index = self.index(of: module)
        let key = FileOffset(module: index, offset: offset)
        if let known = linesAtOffset[key] { return known }
        let lines: [ProfileLocation.Line]
        switch modules[index].kind {
        case .unknown: return nil
        case .vdso, .kernel: lines = [line(nil, unnamed: "[vdso]", module: index)]
        case .file:
            let frames = source.frames(in: module, fileOffset: offset)
            let unnamed = modules[index].name + "+0x" + String(offset, radix: 16)
            lines =
                frames.isEmpty
                ? [line(nil, unnamed: unnamed, module: index)]
                : frames.map { line($0, unnamed: unnamed, module: index) }
        }
        linesAtOffset[key] = lines
        return lines
    }

    private mutating func line(_ frame: SourceFrame?, unnamed: String, module: Int)
        -> ProfileLocation.Line
    {
        let known = frame.map { visibleText($0.function) } ?? ""
        let name = known.isEmpty ? unnamed : known
        let function = ProfileFunction(
            name: name, systemName: frame?.mangledName.map { visibleText($0) } ?? name,
            file: frame?.file.map { visibleText($0) } ?? "", module: module,
            isNamed: !known.isEmpty)
        return ProfileLocation.Line(
            function: functions.index(of: function), line: frame?.line ?? 0,
            isInlined: frame?.isInlined ?? false)
    }

    private mutating func special(_ kind: ProfileModule.Kind) -> Int {
        let name = kind == .kernel ? "[kernel]" : "[unknown]"
        return modules.index(of: ProfileModule(path: name, name: name, buildID: [], kind: kind))
    }

    private mutating func index(of record: MappingRecord) -> Int {
        mappings.index(
            of: ProfileMapping(
                start: record.start, length: record.length, fileOffset: record.fileOffset,
                module: index(of: record.module)))
    }

    private mutating func index(of module: Module) -> Int {
        if let known = moduleIndices[module] { return known }
        let index = modules.index(of: ProfileModule(module))
        moduleIndices[module] = index
        return index
    }
}

extension ProfileModule {
    /// What the kernel calls a mapping (proc_pid_maps(5)) tells what it is.
    init(_ module: Module) {
        let path = visibleText(module.path)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if path == "[vdso]" || path == "[vsyscall]" {
            self.init(path: path, name: "[vdso]", buildID: module.buildID, kind: .vdso)
        } else if path.hasPrefix("/"), !path.hasPrefix("//") {
            self.init(path: path, name: name, buildID: module.buildID, kind: .file)
        } else {
            self.init(path: "[unknown]", name: "[unknown]", buildID: [], kind: .unknown)
        }
    }
}
