// Little room.

import Glibc
import Testing

/// A file system in memory, of a size.
final class TemporaryFileSystem {
    let path: String

    /// - Parameter isMade: the directory is there already; it stays.
    init(at path: String, kibibytes: Int, isMade: Bool = false, of user: TestUser = .own) throws {
        self.path = path
        guard isMade || mkdir(path, 0o755) == 0,
            mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k,uid=\(user.uid)") == 0
        else { throw Failure("a tmpfs cannot be mounted at \(path)") }
    }

    deinit {
        umount2(path, CInt(MNT_DETACH))
        rmdir(path)
    }
}

/// Why no quota can be set here; nil where one can.
let cannotSetQuota: String? =
    !isRoot
    ? "needs root: mounts a file system with a quota"
    : installed("mkfs.btrfs") == nil || installed("btrfs") == nil
        ? "needs btrfs (Debian: btrfs-progs)" : nil

/// A file system of which a directory has a quota: btrfs in a file, with a quota group.
final class QuotaFileSystem {
    private let mountPoint: String
    /// The directory.
    let path: String

    init(in scratch: Scratch, kibibytes: Int, of user: TestUser) throws {
        let image = scratch.newPath("image")
        mountPoint = scratch.newPath("quota")
        path = "\(mountPoint)/limited"
        guard mkdir(mountPoint, 0o755) == 0 else { throw Failure("mkdir failed") }
        try run("truncate", "--size=128M", image, in: scratch)
        try run("mkfs.btrfs", "--quiet", image, in: scratch)
        try run("mount", "-o", "loop", image, mountPoint, in: scratch)
        try run("btrfs", "quota", "enable", mountPoint, in: scratch)
        try run("btrfs", "subvolume", "create", path, in: scratch)
        try run("btrfs", "qgroup", "limit", "\(kibibytes)K", path, in: scratch)
        chown(path, user.uid, user.gid)
    }

    deinit {
        umount2(mountPoint, CInt(MNT_DETACH))
        rmdir(mountPoint)
    }

    private func run(_ program: String, _ arguments: String..., in scratch: Scratch) throws {
        let running = try Running(installed(program) ?? "", arguments, in: scratch)
        guard try running.wait() == .exited(0) else { throw Failure(running.errors) }
    }
}
