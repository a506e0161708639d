// The file system that the recordings are on: a small one, mounted by Tests/Harness/soak.sh. It is
// filled with one file and emptied again.

import CLinux
import Glibc
import SystemPackage

final class SoakDisk {
    private let ballast: String
    private var grower: Running?

    /// - Parameter path: a directory on a file system of its own.
    init(at path: String) throws {
        var here = statfs()
        guard statfs(path, &here) == 0, Self.size(here) <= 256 << 20 else {
            throw Failure("\(path) is on no small file system")
        }
        ballast = "\(path)/ballast"
    }

    private static func size(_ room: statfs) -> Int { Int(room.f_blocks) * Int(room.f_bsize) }

    /// Takes all that is left, to the last page, and what is given back until it is emptied.
    func fill(in scratch: Scratch) throws {
        let file = try FileDescriptor.open(
            ballast, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        try file.closeAfter {
            let block = [UInt8](repeating: 0, count: 4096)
            while true {
                do { _ = try file.writeAll(block) } catch Errno.noSpace { break }
            }
        }
        grower = try Running(
            "/bin/sh",
            [
                "-c",
                "while :; do head -c 65536 /dev/zero >>\(ballast) 2>/dev/null || sleep 0.001; done",
            ], in: scratch)
    }

    func empty() {
        grower = nil
        unlink(ballast)
    }
}
