// The user database, through NSS: getpwnam(3), getpwuid(3), getgrouplist(3).

internal import CLinux
internal import SystemPackage

/// An entry of the user database.
public struct UserAccount: Hashable, Sendable {
    public let name: String
    public let uid: UInt32
    public let gid: UInt32
    public let home: String
    public let shell: String

    /// The account called `name`; nil where there is none.
    public init?(name: String) {
        // SAFETY: the entry lives in libc until the next call, and is copied at once; this
        // program looks up names in one thread only.
        guard let entry = unsafe getpwnam(name) else { return nil }
        unsafe self.init(entry)
    }

    /// The account with this uid; nil where there is none.
    public init?(uid: UInt32) {
        // SAFETY: as above.
        guard let entry = unsafe getpwuid(uid) else { return nil }
        unsafe self.init(entry)
    }

    /// Has libc load every module that it would ask for a user or a group (nsswitch.conf(5)): a
    /// program that forbids itself new code could not do so later.
    public static func loadDatabases() {
        // The id that stands for none: whoever is asked has no entry, and the next one is asked.
        // SAFETY: nothing is kept of an entry, if there should be one.
        _ = unsafe getpwuid(.max)
        _ = unsafe getgrgid(.max)
    }

    @unsafe
    private init(_ entry: UnsafePointer<passwd>) {
        let value = unsafe entry.pointee
        // SAFETY: the strings of an entry end with a zero byte.
        name = unsafe String(cString: value.pw_name)
        uid = unsafe value.pw_uid
        gid = unsafe value.pw_gid
        home = unsafe String(cString: value.pw_dir)
        shell = unsafe String(cString: value.pw_shell)
    }

    /// The account's groups, its own one included; at most 65,536.
    public var groups: [UInt32] {
        var count: CInt = 64
        while true {
            var groups = [gid_t](repeating: 0, count: Int(count))
            let result = unsafe groups.withUnsafeMutableBufferPointer { buffer in
                // SAFETY: at most `count` numbers are written; `count` becomes what there are.
                unsafe getgrouplist(name, gid, buffer.baseAddress, &count)
            }
            if result >= 0 { return Array(groups.prefix(Int(count))) }
            if count > 65_536 { return [gid] }
        }
    }
}

/// What a process runs as: its ids and its supplementary groups (credentials(7)).
public struct UserIdentity: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32
    public let groups: [UInt32]

    public init(uid: UInt32, gid: UInt32, groups: [UInt32]) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }

    public init(_ account: UserAccount) {
        self.init(uid: account.uid, gid: account.gid, groups: account.groups)
    }

    /// The identity of `uid` by its account; where it has none, with `gid` as its only group.
    public init(uid: UInt32, otherwise gid: UInt32) {
        if let account = UserAccount(uid: uid) {
            self.init(account)
        } else {
            self.init(uid: uid, gid: gid, groups: [gid])
        }
    }
}

extension OwnProcess {
    /// Whether the program has privilege that its caller has not (getauxval(3), `AT_SECURE`):
    /// then nothing of the environment is to be trusted.
    public static var isSecure: Bool { getauxval(UInt(AT_SECURE)) != 0 }

    /// The value of an environment variable.
    public static func environment(_ name: String) -> String? {
        // SAFETY: the value is copied at once, and nobody here changes the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Every environment variable, as `NAME=value`.
    public static var environment: [String] {
        var result: [String] = []
        guard var entry = unsafe clinux_environment() else { return result }
        // SAFETY: the list ends with a null pointer, each string with a zero byte.
        while let string = unsafe entry.pointee {
            unsafe result.append(String(cString: string))
            unsafe entry += 1
        }
        return result
    }
}
