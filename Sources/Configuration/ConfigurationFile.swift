// Where the files are, and how they are read. Somebody else may own the user's file: it is read
// whole or not at all, and what is no regular file is not waited for.

internal import LinuxSystem

/// The files of a daemon's configuration.
public enum ConfigurationFile {
    /// The administrator's.
    public static let system = "/etc/profilerd/profilerd.toml"
    /// The longest file in bytes.
    static let sizeLimit = 256 << 10

    /// The files in their order.
    ///
    /// - Parameters:
    ///   - home: `HOME`.
    ///   - configurationHome: `XDG_CONFIG_HOME`, in place of `.config` in the home.
    public static func paths(home: String?, configurationHome: String?) -> [String] {
        let directory = configurationHome ?? home.map { "\($0)/.config" }
        return [system] + (directory.map { ["\($0)/profilerd/profilerd.toml"] } ?? [])
    }

    /// The whole file at `path`; nil where there is none.
    public static func read(_ path: String) throws(ConfigurationError) -> [UInt8]? {
        do throws(RegularFileError) {
            return try RegularFile.contents(of: try RegularFile.open(path), limit: sizeLimit)
        } catch {
            if case .failed(let failure) = error, failure.errno == .noSuchFileOrDirectory {
                return nil
            }
            throw ConfigurationError(file: path, reason: "The file cannot be read: \(error).")
        }
    }
}

/// Resolves names of users and groups; nil for one that does not exist.
public struct AccountNames: Sendable {
    let user: @Sendable (String) -> UInt32?
    let group: @Sendable (String) -> UInt32?

    public init(
        user: @escaping @Sendable (String) -> UInt32?,
        group: @escaping @Sendable (String) -> UInt32?
    ) {
        self.user = user
        self.group = group
    }

    /// Those of the host's databases (getpwnam(3), getgrnam(3)).
    public static let system = AccountNames(
        user: { UserAccount(name: $0)?.uid }, group: { GroupAccount(name: $0)?.gid })
}
