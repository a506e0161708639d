import Glibc
import LinuxSystem
import Testing

@testable import Client

struct OutputFileTests {
    private let directory = TemporaryDirectory()
    private let nobody = InvokingUser(realUID: getuid()) { _ in nil }

    private func write(_ text: String, to path: String, isSecret: Bool = false) throws {
        var file = try OutputFile(path, for: nobody)
        try file.write(Array(text.utf8))
        try file.publish(isSecret: isSecret)
    }

    @Test func `a file appears whole`() throws {
        let path = "\(directory.path)/report.html"
        var file = try OutputFile(path, for: nobody)
        try file.write(Array("one ".utf8))
        #expect(directory.names.isEmpty)
        try file.write(Array("two".utf8))
        try file.publish(isSecret: false)
        #expect(contents(of: path) == "one two")
        #expect(directory.names == ["report.html"])
    }

    @Test func `what had the name before is replaced at once`() throws {
        let path = "\(directory.path)/report.html"
        try write("old", to: path)
        try write("new", to: path)
        #expect(contents(of: path) == "new")
        #expect(directory.names == ["report.html"])
    }

    @Test func `a file that is given up leaves nothing`() throws {
        do {
            var file = try OutputFile("\(directory.path)/x", for: nobody)
            try file.write([1])
        }
        #expect(directory.names.isEmpty)
    }

    @Test func `kernel addresses are for the owner alone`() throws {
        try write("", to: "\(directory.path)/a", isSecret: true)
        #expect(try FileFacts(path: "\(directory.path)/a").permissions == 0o600)
    }

    @Test func `a device is written to and stays what it is`() throws {
        try write("text", to: "/dev/null")
        #expect(try FileFacts(path: "/dev/null").kind == .other)
    }

    @Test func `no room is one sentence`() throws {
        let error = #expect(throws: ClientError.self) { try write("text", to: "/dev/full") }
        #expect(error?.status == .cannotCreate)
        #expect(error?.description.contains("no room") == true)
    }

    @Test(arguments: ["/missing/x.html", "/", "/."])
    func `a place that cannot be is refused before anything is done`(name: String) {
        let error = #expect(throws: ClientError.self) {
            _ = try OutputFile(directory.path + name, for: nobody).path
        }
        #expect(error?.status == .cannotCreate)
    }

    @Test(.enabled(if: isRoot, "only root can act as another user"))
    func `a directory that the user may not write to is refused though root may`() async {
        // The effective ids are the whole process'.
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let user = InvokingUser(realUID: 0) { _ in "4242" }
            let error = #expect(throws: ClientError.self) {
                _ = try OutputFile("\(directory.path)/x", for: user).path
            }
            #expect(error?.status == .cannotCreate)
            #expect(geteuid() == 0)
            #expect(getegid() == 0)
        }
    }

    @Test(.enabled(if: isRoot, "only root can act as another user"))
    func `with sudo the file is the user's`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            chown(directory.path, 4242, 4343)
            let user = InvokingUser(realUID: 0) { $0 == "SUDO_UID" ? "4242" : "4343" }
            var file = try OutputFile("\(directory.path)/x", for: user)
            try file.publish(isSecret: false)
            let facts = try FileFacts(path: "\(directory.path)/x")
            #expect(facts.uid == 4242)
            #expect(facts.gid == 4343)
            #expect(geteuid() == 0)
        }
    }
}
