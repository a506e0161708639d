// The search for a module's separate debug file, as gdb's manual has it (Separate Debug Files):
// by build ID under each debug directory, then by `.gnu_debuglink` beside the module, in `.debug`
// beside it, and under each debug directory in the module's own.

internal import CElfutils
internal import CZlib
internal import LinuxSystem

/// The contents of a `.gnu_debuglink` section.
struct DebugLink: Equatable {
    var name: String
    /// The whole debug file's CRC-32, zlib's polynomial.
    var crc: UInt32

    /// The section names a file beside the module; a path in it is not one we follow.
    var hasPlainName: Bool {
        !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name != "." && name != ".."
    }
}

/// Where one module's debug file may be. libdwfl calls `find` once, when it needs it.
final class DebugFileSearch {
    private let modulePath: String
    private let directories: [String]
    private let log: DiagnosticLog
    /// The build ID of the module's own file; empty when it has none.
    var buildID: [UInt8] = []

    init(for modulePath: String, in directories: [String], log: DiagnosticLog) {
        self.modulePath = modulePath
        self.directories = directories
        self.log = log
    }

    /// The debug file, checked to be this module's and to be an ELF file libdwfl may open.
    func find(_ link: DebugLink?) -> OwnedDescriptor? {
        if let found = findByBuildID() { return found }
        guard let link, link.hasPlainName else { return nil }
        for path in linkCandidates(link.name) {
            guard let file = try? RegularFile.open(path) else { continue }
            guard ELFIdentity(file)?.isLinked == true else { continue }
            if crc(of: file) == link.crc { return file }
            log.append("\(path) is not used: its CRC is not the one \(modulePath) asks for.")
        }
        return nil
    }

    private func findByBuildID() -> OwnedDescriptor? {
        guard buildID.count >= 2 else { return nil }
        let digits = buildID.hexadecimal
        let name = "/.build-id/\(digits.prefix(2))/\(digits.dropFirst(2)).debug"
        for directory in directories {
            guard let file = try? RegularFile.open(directory + name) else { continue }
            let identity = ELFIdentity(file)
            if let identity, identity.isLinked, identity.buildID == buildID { return file }
            log.append("\(directory + name) is not used: its build ID is not the one in its name.")
        }
        return nil
    }

    private func linkCandidates(_ name: String) -> [String] {
        var homes = [directory(of: modulePath)]
        if let canonical = RegularFile.canonicalPath(modulePath).map(directory(of:)),
            canonical != homes[0]
        {
            homes.append(canonical)
        }
        let beside = homes.flatMap { ["\($0)/\(name)", "\($0)/.debug/\(name)"] }
        return beside + directories.flatMap { root in homes.map { "\(root)\($0)/\(name)" } }
    }

    /// `path` without its last component and the slash before it.
    private func directory(of path: String) -> String {
        String(path[..<path.lastComponentStart].dropLast())
    }

    private func crc(of file: borrowing OwnedDescriptor) -> UInt32? {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        var sum = crc32(0, nil, 0)
        while let count = try? RegularFile.read(file, into: &buffer, at: offset) {
            if count == 0 { return UInt32(sum) }
            // SAFETY: count bytes of the array were just filled.
            sum = unsafe buffer.withUnsafeBufferPointer { bytes in
                unsafe crc32(sum, bytes.baseAddress, UInt32(count))
            }
            offset += count
        }
        return nil
    }
}

extension [UInt8] {
    /// Two lower-case digits a byte, as build IDs are written.
    var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
