// Paths that the program itself makes and removes.

internal import CLinux
internal import SystemPackage

extension OwnedDescriptor {
    /// Makes the directory at `path` and those above it that are missing, for the own user alone
    /// (0700). One that exists stays as it is.
    public static func createDirectories(_ path: String) throws(SystemCallError) {
        // SAFETY: the string outlives the call.
        if unsafe mkdir(path, 0o700) == 0 || currentErrno == .fileExists { return }
        let error = currentErrno
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        guard error == .noSuchFileOrDirectory, !parent.isEmpty else {
            throw SystemCallError("mkdir", error, on: path)
        }
        try createDirectories((path.hasPrefix("/") ? "/" : "") + parent)
        // SAFETY: as above.
        if unsafe mkdir(path, 0o700) == -1, currentErrno != .fileExists {
            throw SystemCallError("mkdir", currentErrno, on: path)
        }
    }

    /// Removes the name of a socket that the program listened on.
    ///
    /// - Throws: `SystemCallError`: `ENOTSOCK` where the path is something else, which stays.
    public static func removeSocket(_ path: String) throws(SystemCallError) {
        guard try FileFacts(path: path).kind == .socket else {
            throw SystemCallError("unlink", .notSocket, on: path)
        }
        // SAFETY: the string outlives the call.
        _ = try checked("unlink", on: path) { unsafe unlink(path) }
    }
}
