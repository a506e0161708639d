// Directories and files of a test, and the binaries under test.

import Glibc
import SystemPackage

/// A directory that everybody may enter, removed with everything in it.
final class Scratch {
    let path: String
    private var count = 0

    init() throws { path = try Self.makeDirectory() }

    static func makeDirectory() throws -> String {
        var template = Array("/tmp/profilerd-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("mkdtemp failed") }
        let path = String(
            decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        chmod(path, 0o755)
        return path
    }

    deinit { remove(path) }

    func newPath(_ name: String) -> String {
        count += 1
        return "\(path)/\(name).\(count)"
    }

    /// Makes a directory of `user`.
    func directory(_ name: String, of user: TestUser, mode: mode_t = 0o700) throws -> String {
        let directory = "\(path)/\(name)"
        guard mkdir(directory, mode) == 0 else { throw Failure("mkdir \(directory) failed") }
        guard chown(directory, user.uid, user.gid) == 0 else { throw Failure("chown failed") }
        return directory
    }
}

private func remove(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
        for name in entries(of: path) { remove("\(path)/\(name)") }
        rmdir(path)
    } else {
        unlink(path)
    }
}

/// The names in a directory; none where it cannot be read.
func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// A file's bytes.
func readFile(_ path: String) throws -> [UInt8] {
    let file = try FileDescriptor.open(path, .readOnly)
    return try file.closeAfter {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
        }
    }
}

func readText(_ path: String) throws -> String {
    String(decoding: try readFile(path), as: UTF8.self)
}

/// Writes a file, or what a file of /proc/sys takes.
func writeFile(_ path: String, _ text: String) throws { try writeFile(path, Array(text.utf8)) }

func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    try file.closeAfter { _ = try file.writeAll(bytes) }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// Who owns a file.
func owner(of path: String) -> UInt32? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_uid : nil
}

/// The first program of that name in the usual directories.
func installed(_ name: String) -> String? {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/go/bin"]
        .map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

/// The programs under test, where every user may execute them.
struct Binaries {
    let profilerd: String
    let profilerctl: String
    let testProgram: String

    private static let directory: String? = {
        let path = try? Scratch.makeDirectory()
        atexit { Binaries.removeDirectory() }
        return path
    }()

    private static func removeDirectory() {
        if let directory { remove(directory) }
    }

    /// Those beside the test's bundle; as root, links to them or copies of them in a place where
    /// another user may execute them.
    static let shared: Binaries = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(
            decoding: buffer.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let built = "/" + path.split(separator: "/").dropLast().joined(separator: "/")
        var directory = built
        if geteuid() == 0, let shared = Self.directory {
            directory = shared
            for name in ["profilerd", "profilerctl", "TestProgram"] {
                if link("\(built)/\(name)", "\(directory)/\(name)") != 0 {
                    copy("\(built)/\(name)", "\(directory)/\(name)")
                }
            }
        }
        return Binaries(
            profilerd: "\(directory)/profilerd", profilerctl: "\(directory)/profilerctl",
            testProgram: "\(directory)/TestProgram")
    }()

    private static func copy(_ source: String, _ destination: String) {
        guard let bytes = try? readFile(source),
            let file = try? FileDescriptor.open(
                destination, .writeOnly, options: [.create, .truncate],
                permissions: [
                    .ownerReadWriteExecute, .groupReadExecute, .otherReadExecute,
                ])
        else { return }
        _ = try? file.writeAll(bytes)
        try? file.close()
    }
}
