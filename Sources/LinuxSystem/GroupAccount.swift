// The group database, through NSS: getgrnam(3).

internal import CLinux

/// An entry of the group database.
public struct GroupAccount: Hashable, Sendable {
    public let name: String
    public let gid: UInt32

    /// The group called `name`; nil where there is none.
    public init?(name: String) {
        // SAFETY: the entry lives in libc until the next call, and is copied at once; this
        // program looks up names in one thread only.
        guard let entry = unsafe getgrnam(name) else { return nil }
        self.name = name
        gid = unsafe entry.pointee.gr_gid
    }
}
