import CLinux
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

/// Receives one message in a new namespace and tells who the kernel says has sent it.
private func credentialsSeen(
    in namespaces: Namespaces, mapsOwnUser: Bool = false, sendAs uid: UInt32 = getuid()
) throws -> Credentials? {
    let pair = try SocketPair()
    try pair.ours.descriptor.setNonBlocking(false)
    let answer = try UnixSocket.pair(.datagram)
    let child = inChild(namespaces, mapsOwnUser: mapsOwnUser) {
        guard let credentials = try? pair.ours.see().contents?.credentials else { return 1 }
        let numbers = "\(credentials.pid ?? -1) \(credentials.uid ?? 0) \(credentials.gid ?? 0)"
        return (try? answer.first.send(Array(numbers.utf8)[...])) == nil ? 2 : 0
    }
    demand(
        uid == getuid()
            ? (try? pair.theirs.send([1])) == 1 : asUser(uid) { (try? pair.theirs.send([1])) == 1 },
        "sent")
    demandEqual(child.status(), 0)
    let numbers = try answer.second.see().contents?.text.split(separator: " ") ?? []
    guard numbers.count == 3 else { return nil }
    return Credentials(
        source: .scmCredentials, pid: Int32(numbers[0]), uid: UInt32(numbers[1]),
        gid: UInt32(numbers[2]))
}

struct NamespaceTests {
    @Test(.enabled(if: hasUserNamespaces, "this kernel gives this user no user namespace"))
    func `in a user namespace without a map every sender is unknown`() async {
        await #expect(processExitsWith: .success) {
            let overflow = OverflowIDs.current
            let seen = try credentialsSeen(in: .user)
            demandEqual(seen?.uid, overflow.uid)
            demandEqual(seen?.gid, overflow.gid)
            demandEqual(seen?.defect(overflow: overflow), .userUnknown)
        }
    }

    @Test(.enabled(if: isRoot && hasUserNamespaces, "a second user needs root"))
    func `in a user namespace who has a number is known and who has none is not`() async {
        await #expect(processExitsWith: .success) {
            let known = try credentialsSeen(in: .user, mapsOwnUser: true)
            demandEqual(known?.uid, 0)
            demandEqual(known?.pid, getpid())
            demandEqual(known?.defect(), nil)
            let unknown = try credentialsSeen(in: .user, mapsOwnUser: true, sendAs: 61001)
            demandEqual(unknown?.uid, OverflowIDs.current.uid)
            demandEqual(unknown?.defect(overflow: .current), .userUnknown)
        }
    }

    @Test(.enabled(if: isRoot, "a pid namespace of one's own needs root"))
    func `in a pid namespace a sender outside has no process id`() async {
        await #expect(processExitsWith: .success) {
            let seen = try credentialsSeen(in: .process)
            demandEqual(seen?.pid, 0)
            demandEqual(seen?.uid, getuid())
            demandEqual(seen?.defect(), .processUnknown)
        }
    }

    @Test(.enabled(if: hasUserNamespaces, "this kernel gives this user no user namespace"))
    func `in a user namespace an id without a number cannot be claimed`() async {
        await #expect(processExitsWith: .success) {
            let child = inChild(.user, mapsOwnUser: true) {
                guard let pair = try? SocketPair() else { return 1 }
                do throws(SendError) {
                    _ = try pair.theirs.send(
                        [1], claiming: Claim(pid: getpid(), uid: 4242, gid: getgid()))
                    return 2
                } catch { return error == .claimedIDUnmapped([.uid(4242)]) ? 0 : 3 }
            }
            demandEqual(child.status(), 0)
        }
    }

    @Test(.enabled(if: hasUserNamespaces, "this kernel gives this user no user namespace"))
    func `every capability in one's own user namespace does not let one claim another process`()
        async
    {
        await #expect(processExitsWith: .success) {
            let parent = getpid()
            let child = inChild(.user, mapsOwnUser: true) {
                guard let pair = try? SocketPair() else { return 1 }
                do throws(SendError) {
                    _ = try pair.theirs.send(
                        [1], claiming: Claim(pid: parent, uid: getuid(), gid: getgid()))
                    return 2
                } catch { return error == .claimRefused([.pid(parent)]) ? 0 : 3 }
            }
            demandEqual(child.status(), 0)
        }
    }
}
