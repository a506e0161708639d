// Programs for the tests: compiled where the tests run, in a directory that goes with its owner.

import Glibc
import LinuxSystem

import Testing

@testable import Symbols

/// A command the tests need; a test that lacks one says so.
enum Tool: String, CaseIterable {
    case gcc, swiftc, rustc, objcopy, strip, xz, dwz, mkfifo, nm, addr2line
    case gpp = "g++"
    case euAddr2line = "eu-addr2line"

    var isInstalled: Bool {
        (try? Shell.run("command -v \(rawValue) && \(rawValue) --version >/dev/null")) != nil
    }

    static func areInstalled(_ tools: Tool...) -> Bool { tools.allSatisfy(\.isInstalled) }
}

enum Shell {
    struct Failure: Error {
        var command: String
        var status: CInt
    }

    /// Runs a command of sh(1); its standard output, when it ends with 0.
    @discardableResult
    static func run(_ command: String) throws -> String {
        guard let stream = popen(command, "re") else { throw Failure(command: command, status: -1) }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&chunk, 1, chunk.count, stream), count > 0 {
            output.append(contentsOf: chunk[..<count])
        }
        let status = pclose(stream)
        guard status == 0 else { throw Failure(command: command, status: status) }
        return String(decoding: output, as: UTF8.self)
    }
}

/// A directory of its own, removed with its contents.
final class TestDirectory {
    let path: String

    init() throws {
        path = try Shell.run("mktemp -d /tmp/symbols-tests.XXXXXX").trimmed
    }

    deinit { _ = try? Shell.run("rm -rf '\(path)'") }

    func write(_ text: String, to name: String) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
    }

    /// Runs a command in the directory.
    @discardableResult
    func run(_ command: String) throws -> String {
        try Shell.run("cd '\(path)' && { \(command) ; } 2>&1")
    }
}

extension String {
    /// Without the line end.
    var trimmed: String { String(prefix { !$0.isNewline }) }

    var lines: [Substring] { split(separator: "\n") }
}

/// One symbol of nm(1).
struct NamedAddress {
    var address: UInt64
    /// 0 where nm was not asked for it (`-S`) or the table does not say.
    var size: UInt64
    var type: String
    var name: String
}

/// An ELF file and where its bytes are mapped.
struct Program {
    let path: String
    let identity: ELFIdentity
    private let directory: TestDirectory?

    init(_ path: String, keeping directory: TestDirectory? = nil) throws {
        self.path = path
        self.directory = directory
        identity = try #require(ELFIdentity(try RegularFile.open(path)))
    }

    var module: Module { Module(path: path, buildID: identity.buildID) }

    func fileOffset(of address: UInt64) throws -> UInt64 {
        let segment = try #require(
            identity.segments.first {
                address >= $0.virtualAddress && address - $0.virtualAddress < $0.fileSize
            })
        return address - segment.virtualAddress + segment.fileOffset
    }

    func symbols(_ options: String = "") throws -> [NamedAddress] {
        try Shell.run("nm \(options) '\(path)'").lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 3 || fields.count == 4,
                let address = UInt64(fields[0], radix: 16)
            else { return nil }
            let size = fields.count == 4 ? UInt64(fields[1], radix: 16) : 0
            return NamedAddress(
                address: address, size: size ?? 0, type: String(fields[fields.count - 2]),
                name: String(fields[fields.count - 1]))
        }
    }

    func fileOffset(ofSymbol name: String, _ options: String = "") throws -> UInt64 {
        let symbol = try #require(try symbols(options).first { $0.name == name })
        return try fileOffset(of: symbol.address)
    }
}
