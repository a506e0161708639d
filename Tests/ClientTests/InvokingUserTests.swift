import LinuxSystem
import Testing

@testable import Client

struct InvokingUserTests {
    private func user(_ realUID: UInt32, _ environment: [String: String]) -> InvokingUser {
        InvokingUser(realUID: realUID) { environment[$0] }
    }

    @Test func `with sudo it is who called it`() {
        let user = user(0, ["SUDO_UID": "4242", "SUDO_GID": "4343"])
        #expect(user.uid == 4242)
        #expect(user.identity == UserIdentity(uid: 4242, gid: 4343, groups: [4343]))
    }

    @Test(arguments: ["", "root", "-1", "0", "4294967295", "4294967296", "12 "])
    func `what is no uid of another user is nobody's`(text: String) {
        let user = user(0, ["SUDO_UID": text, "SUDO_GID": "1"])
        #expect(user.uid == 0)
        #expect(user.identity == nil)
    }

    @Test func `the environment of somebody else than root names nobody`() {
        let user = user(1000, ["SUDO_UID": "0", "SUDO_GID": "0"])
        #expect(user.uid == 1000)
        #expect(user.identity == nil)
    }

    @Test func `a command has its user's environment and nothing of sudo`() throws {
        let account = try #require(UserAccount(uid: 0))
        let environment = Command.environment(
            ["PATH=/bin", "HOME=/home/x", "USER=x", "SUDO_UID=5", "SUDO_X=", "XDG_RUNTIME_DIR=/r"],
            for: account)
        #expect(environment.contains("PATH=/bin"))
        #expect(environment.contains("HOME=\(account.home)"))
        #expect(environment.contains("USER=root"))
        #expect(environment.contains("LOGNAME=root"))
        #expect(!environment.contains { $0.hasPrefix("SUDO_") || $0.hasPrefix("XDG_") })
        #expect(environment.count { $0.hasPrefix("HOME=") } == 1)
    }

    @Test func `a command of the own user keeps its environment`() {
        #expect(Command.environment(["SUDO_UID=5", "A=b"], for: nil) == ["SUDO_UID=5", "A=b"])
    }
}
