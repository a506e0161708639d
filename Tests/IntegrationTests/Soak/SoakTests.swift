// Everything at once, for minutes or hours: sessions, kills, restarts, floods and full disks under the
// real service manager, as one seed decides. `make soak` has what it needs: the installed daemon, a
// service account, a small disk.

import Glibc
import Testing

private func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

private let minutes = environment("PROFILERD_SOAK_MINUTES").flatMap(Double.init)
private let account = environment("PROFILERD_SOAK_ACCOUNT")

extension IntegrationTests {
    @Suite(
        .serialized,
        .enabled(
            if: minutes != nil && account != nil && isRoot,
            "takes minutes, and an installed daemon under systemd: make soak runs it"))
    struct SoakTests {}
}

extension IntegrationTests.SoakTests {
    @Test func `nothing is lost and nothing is left, whatever happens together`() throws {
        let minutes = try #require(minutes)
        let seed = environment("PROFILERD_SOAK_SEED").flatMap(UInt64.init) ?? 1
        print("seed \(seed)")
        let entry = try #require(getpwnam(account ?? ""))
        let user = TestUser(
            name: account ?? "", uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        let soak = try Soak(of: user, seed: seed)
        let begin = secondsOfClock()
        do {
            try soak.run(seconds: minutes * 60)
        } catch {
            Issue.record("seed \(seed), \(soak.place): \(error)")
        }
        print(soak.tally.table(seed: seed, minutes: minutes, seconds: secondsOfClock() - begin))
        #expect(soak.tally.unaccounted == 0)
        #expect(soak.tally.missing == [])
    }
}
