// What profilerctl may do that its user may not, and until when; docs/client-privileges.md says
// why. The permitted capabilities only ever shrink: at the start to what any subcommand needs, then
// to what this one needs, then after each last use. None is effective but during the action that
// needs it (`OwnProcess.raising`), wherever in the program that is.

internal import LinuxSystem

/// The capabilities of this program.
enum Privileges {
    /// Opening events of any process, and mapping their rings.
    static let opening: CapabilitySet = [.perfmon, .ipcLock, .sysPtrace]
    /// Reaching the socket of another user's daemon.
    static let connecting: CapabilitySet = [.dacReadSearch, .setuid]
    /// Telling a daemon that one speaks for its user.
    static let claiming: CapabilitySet = [.setuid]
    /// Becoming the recording's user in the child that makes a report, and acting as who called
    /// sudo(8) when a file is opened for them.
    static let reporting: CapabilitySet = [.setuid, .setgid]
    /// Ending a command that runs as another user.
    static let command: CapabilitySet = [.kill]
    /// Kernel addresses in /proc/kallsyms.
    static let kernelNames: CapabilitySet = [.syslog]

    /// What root is used to do with files; under sudo it is who called it whose rights count.
    static func files(of user: InvokingUser) -> CapabilitySet {
        user.uid == 0 ? [.dacOverride, .dacReadSearch, .fowner] : []
    }

    /// What an ordinary user gets of those that the program's file has: nothing that is about
    /// other users.
    private static let ofUser: CapabilitySet = [.perfmon, .ipcLock, .syslog]

    /// What some subcommand may need.
    private static func ofAll(for user: InvokingUser) -> CapabilitySet {
        opening.union(connecting).union(claiming).union(reporting).union(command)
            .union(kernelNames).union(files(of: user))
    }

    /// Reduces what there is to what some subcommand may need. To be called before anything else.
    ///
    /// What the caller has themselves (the ambient set) is kept for a command that is recorded.
    static func begin() throws(ClientError) {
        try system { () throws(SystemCallError) in
            try OwnProcess.openStandardDescriptors()
            try OwnProcess.becomeCaller()
            try keep(ofAll(for: .current()).union(.setpcap))
        }
    }

    /// Reduces what there is to `needed`, and to what it takes to close the ways to more.
    static func start(with needed: CapabilitySet) throws(ClientError) {
        try system { () throws(SystemCallError) in try keep(needed.union(.setpcap)) }
    }

    private static func keep(_ needed: CapabilitySet) throws(SystemCallError) {
        let mine = OwnProcess.uid == 0 ? needed : needed.intersection(ofUser)
        try OwnProcess.keepCapabilities(mine.union(OwnProcess.ambientCapabilities))
    }

    /// Closes every way to a capability that this process has not. A command that is to have what
    /// its user has must have been started before.
    static func seal(keeping needed: CapabilitySet) throws(ClientError) {
        try system { () throws(SystemCallError) in
            try OwnProcess.sealCapabilities()
            try keep(needed)
        }
    }

    /// Gives up what was used for the last time.
    static func drop(_ used: CapabilitySet) throws(ClientError) {
        try system { () throws(SystemCallError) in
            try OwnProcess.keepCapabilities(
                OwnProcess.permittedCapabilities().subtracting(used))
        }
    }

    /// Gives up everything but the rights of `user`, for good: what is left to do is to copy bytes
    /// into their file. Who was called through sudo(8) is no longer root.
    static func finish(as user: InvokingUser) throws(ClientError) {
        try system { () throws(SystemCallError) in
            try OwnProcess.become(user.identity, keeping: files(of: user))
        }
    }
}

extension InvokingUser {
    /// Does with files what this user may do with them, and no more.
    func withRights<Result: ~Copyable>(
        _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        guard identity == nil else { return try OwnProcess.acting(as: identity, body) }
        return try OwnProcess.raising(Privileges.files(of: self), body)
    }
}
