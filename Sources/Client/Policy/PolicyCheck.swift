// What a daemon would say, without one: the same configuration files, read by the same code, and
// the same engine. Nothing is asked over a socket.

internal import Configuration
internal import ControlProtocol
internal import LinuxSystem
internal import Policy
internal import Reports
internal import SocketCredentials
internal import Varlink

/// A request that somebody might make, and who makes it.
struct PolicyCheck {
    /// The daemon's uid.
    var ownUID: UInt32
    var uid: UInt32
    /// Nil where nobody has said it: then no rule that asks for it matches.
    var gid: UInt32?
    var connection: ConnectionFacts
    var request: Request

    /// The files that are read: the one that was named, or those of the daemon of that uid.
    var files: [String]
    var mustExist: Bool

    /// Decides.
    ///
    /// - Throws: `ClientError` for a configuration that the daemon would not take.
    func verdict() throws(ClientError) -> PolicyVerdict {
        var read: [String] = []
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try Configuration.load(files, mustExist: mustExist) {
                path throws(ConfigurationError) in
                let bytes = try contents(path)
                if bytes != nil { read.append(path) }
                return bytes
            }
        } catch {
            throw ClientError(.configuration, "\(error)")
        }
        let policy = Policy(
            ownUID: ownUID, overflow: .current, limits: configuration.limits,
            rules: configuration.rules)
        // A process id belongs to complete credentials, and nothing is decided by it.
        let credentials = Credentials(
            source: .scmCredentials, pid: OwnProcess.pid, uid: uid, gid: gid)
        return PolicyVerdict(
            decision: policy.decide(request, from: credentials, over: connection), files: read,
            hasBuiltInRules: configuration.configuredRules == nil)
    }

    /// A user's own file is read with their rights, as their daemon reads it; every other one with
    /// those of who asks.
    private func contents(_ path: String) throws(ConfigurationError) -> [UInt8]? {
        let isUsers = !mustExist && path != ConfigurationFile.system && ownUID != 0
        var result = Result<[UInt8]?, ConfigurationError>.success(nil)
        let read = { () throws(SystemCallError) in
            result = Result { () throws(ConfigurationError) in try ConfigurationFile.read(path) }
        }
        do throws(SystemCallError) {
            if isUsers && OwnProcess.effectiveUID == 0 {
                try OwnProcess.acting(as: UserIdentity(uid: ownUID, otherwise: ownUID), read)
            } else {
                try InvokingUser.current().withRights(read)
            }
        } catch {
            throw ConfigurationError(file: path, reason: "The file cannot be read: \(error).")
        }
        return try result.get()
    }
}

extension PolicyCheck {
    /// The files that the daemon of `uid` reads. A system instance reads the first only; whose
    /// user has none of their own has no second.
    static func files(of uid: UInt32) -> [String] {
        let isOwn = uid == OwnProcess.uid && !OwnProcess.isSecure
        return ConfigurationFile.paths(
            home: UserAccount(uid: uid)?.home,
            configurationHome: isOwn ? OwnProcess.environment("XDG_CONFIG_HOME") : nil)
    }
}

/// What the engine said, and by which files.
struct PolicyVerdict {
    let decision: Decision
    /// The files that were there.
    let files: [String]
    let hasBuiltInRules: Bool

    var isAllowed: Bool {
        if case .allow = decision { return true }
        return false
    }

    private var word: String { isAllowed ? "allow" : "deny" }

    private var reason: String {
        switch decision {
        case .allow: "It is the first rule that matches."
        case .deny(let denial): denial.reason
        }
    }

    /// Lines for people.
    var text: String {
        let from = files.isEmpty ? "none" : files.joined(separator: ", ")
        return [
            "decision  \(word)", "rule      \(decision.rule)", "reason    \(reason)",
            "files     \(from)\(hasBuiltInRules ? "; the rules are those that are built in" : "")",
        ].map { visibleText($0) + "\n" }.joined()
    }

    var json: JSONValue {
        [
            "decision": .string(word), "rule": .string(decision.rule.rawValue),
            "reason": .string(reason), "files": .array(files.map(JSONValue.string)),
            "builtInRules": .bool(hasBuiltInRules),
        ]
    }
}
