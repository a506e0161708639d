import LinuxSystem
import Testing

@testable import Client

struct DaemonLocatorTests {
    private let directory = TemporaryDirectory()

    private func locator(uid: UInt32, own: String? = nil, socket: String? = nil) -> DaemonLocator {
        var locator = DaemonLocator(explicitPath: socket)
        locator.userRuntimeDirectory = "\(directory.path)/user"
        locator.systemDirectory = "\(directory.path)/system"
        locator.ownUID = uid
        locator.ownRuntimeDirectory = own
        return locator
    }

    @Test func `the user's own daemon comes before the system's`() {
        let paths = locator(uid: 0).candidates(for: 1000).map(\.path)
        #expect(
            paths == [
                "\(directory.path)/user/1000/profilerd/control.sock",
                "\(directory.path)/system/1000/control.sock",
            ])
    }

    @Test func `only in the user's directory must the socket be the user's`() {
        let instances = locator(uid: 0).candidates(for: 1000)
        #expect(instances.map(\.isInUserDirectory) == [true, false])
        #expect(instances.allSatisfy { $0.uid == 1000 })
    }

    @Test func `a user's XDG_RUNTIME_DIR is for that user alone`() {
        let locator = locator(uid: 1000, own: "/xdg")
        #expect(locator.candidates(for: 1000).first?.path == "/xdg/profilerd/control.sock")
        #expect(locator.candidates(for: 1000).count == 3)
        #expect(!locator.candidates(for: 1001).contains { $0.path.hasPrefix("/xdg") })
    }

    @Test func `root's XDG_RUNTIME_DIR may be that of who called sudo, and is not used`() {
        let locator = locator(uid: 0, own: "/run/user/1000")
        #expect(!locator.candidates(for: 0).contains { $0.path.hasPrefix("/run/user/1000") })
    }

    @Test func `a path that was named is the only one`() {
        let instances = locator(uid: 0, own: "/xdg", socket: "/s").candidates(for: 7)
        #expect(instances == [DaemonInstance(path: "/s", uid: 7)])
    }

    @Test func `every socket of every user is found, by uid, and nothing else`() throws {
        for name in [
            "user/1000/profilerd", "user/20/profilerd", "user/30/profilerd", "system/5",
            "user/root/profilerd", "system/4294967296", "system/-1",
        ] { directory.makeDirectories(name) }
        let sockets = [
            "user/1000/profilerd/control.sock", "user/20/profilerd/control.sock",
            "system/5/control.sock", "user/root/profilerd/control.sock",
        ]
        var kept: [UnixSocketBox] = []
        for name in sockets { kept.append(try UnixSocketBox("\(directory.path)/\(name)")) }
        directory.makeDirectories("user/30/profilerd/control.sock")
        let found = locator(uid: 0).existing()
        #expect(found.map(\.uid) == [5, 20, 1000])
        #expect(found.map(\.isInUserDirectory) == [false, true, true])
        #expect(kept.count == 4)
    }

    @Test func `without the directories there is none`() {
        #expect(locator(uid: 0).existing() == [])
    }

    @Test func `what is missing is said with the commands that help`() {
        let text = locator(uid: 0).missing(1000).description
        #expect(text.contains("systemctl --user enable --now profilerd.socket"))
        #expect(text.contains("systemctl enable --now profilerd@1000.socket"))
        #expect(text.contains("profilerd --listen PATH"))
        #expect(locator(uid: 0, socket: "/s").missing(1000).description.contains("--listen /s"))
        #expect(locator(uid: 0).missing(1000).status == .unavailable)
    }

    @Test func `a socket of another user in a user's directory is not connected to`() throws {
        guard isRoot else { return }
        directory.makeDirectories("user/1000/profilerd")
        let path = "\(directory.path)/user/1000/profilerd/control.sock"
        let listener = try UnixSocketBox(path)
        let instance = DaemonInstance(path: path, uid: 1000, isInUserDirectory: true)
        let error = #expect(throws: ClientError.self) {
            _ = try ControlConnection.open(instance) == nil
        }
        #expect(error?.status == .wrongPeer)
        #expect(error?.description.contains("uid 0") == true)
        #expect(try listener.socket.accept() == nil)
    }
}

/// A listening socket that an array can hold.
final class UnixSocketBox {
    let socket: UnixSocket

    init(_ path: String) throws {
        socket = try UnixSocket.listening(at: path)
        try socket.descriptor.setNonBlocking()
    }
}
