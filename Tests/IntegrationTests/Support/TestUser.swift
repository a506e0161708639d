// Whose programs are profiled. As root, an account that the tests make for themselves and remove
// again; as an ordinary user, oneself.

import Glibc

/// A user who runs the daemon and its targets.
struct TestUser: Sendable {
    let name: String
    let uid: UInt32
    let gid: UInt32

    /// The user for all tests of this run.
    static let shared: TestUser = {
        if geteuid() != 0 { return TestUser(name: ownName(), uid: getuid(), gid: getgid()) }
        let user = account(prefix: "profilerd-t")
        atexit { command("/usr/sbin/userdel", "profilerd-t\(getpid())") }
        return user
    }()

    /// Another one, for what the first must not be able to do to somebody else; only for root.
    static let other: TestUser = {
        let user = account(prefix: "profilerd-o")
        atexit { command("/usr/sbin/userdel", "profilerd-o\(getpid())") }
        return user
    }()

    /// One whose locked memory is only its own. What a daemon maps of root's rings counts for its user
    /// until the last of their processes has ended (seen on Linux 6.18).
    static let fresh: TestUser = {
        let user = account(prefix: "profilerd-f")
        atexit { command("/usr/sbin/userdel", "profilerd-f\(getpid())") }
        return user
    }()

    private static func account(prefix: String) -> TestUser {
        removeLeftOvers(prefix)
        let name = "\(prefix)\(getpid())"
        guard command("/usr/sbin/useradd", "--no-create-home", "--home-dir", "/tmp", name) == 0,
            let account = getpwnam(name)
        else { fatalError("useradd could not make the account \(name)") }
        return TestUser(name: name, uid: account.pointee.pw_uid, gid: account.pointee.pw_gid)
    }

    /// Removes the accounts of runs that were killed.
    private static func removeLeftOvers(_ prefix: String) {
        let passwd = (try? readText("/etc/passwd")) ?? ""
        for name in passwd.split(separator: "\n").compactMap({ $0.split(separator: ":").first })
        where name.hasPrefix(prefix) {
            guard let run = Int32(name.dropFirst(prefix.count)), kill(run, 0) == -1 else {
                continue
            }
            command("/usr/sbin/userdel", String(name))
        }
    }

    static let root = TestUser(name: "root", uid: 0, gid: 0)

    /// Whom the test runs as.
    static var own: TestUser { TestUser(name: ownName(), uid: getuid(), gid: getgid()) }

    private static func ownName() -> String {
        guard let account = getpwuid(getuid()) else { return "\(getuid())" }
        return String(cString: account.pointee.pw_name)
    }

    @discardableResult
    private static func command(_ words: String...) -> Int32 {
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for word in argv { free(word) } }
        var processID: pid_t = 0
        guard posix_spawn(&processID, words[0], nil, nil, &argv, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(processID, &status, 0)
        return status
    }
}

/// Whether the tests run as root.
let isRoot = geteuid() == 0

/// kernel.perf_event_paranoid.
func perfEventParanoid() -> Int {
    let text = (try? readText("/proc/sys/kernel/perf_event_paranoid")) ?? ""
    return Int(text.prefix { $0 != "\n" }) ?? 4
}

/// Why no event can be opened here; nil where it can.
let cannotRecord: String? =
    isRoot || perfEventParanoid() <= 2
    ? nil : "kernel.perf_event_paranoid is \(perfEventParanoid()): root is needed to open events"

/// The reason of tests that only root can run.
let needsRoot = "needs root: another user's daemon is driven"
