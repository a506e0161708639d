import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

struct ControlGroupTests {
    @Test(
        arguments: [
            ("/a/b.service", "/a/b.service"), ("a/b.service", "/a/b.service"),
            ("/sys/fs/cgroup/a", "/a"), ("/sys/fs/cgroup/", "/"), ("/sys/fs/cgroup", "/"),
            ("//a//b/", "/a/b"), ("/sys/fs/cgroupa", "/sys/fs/cgroupa"), ("", "/"), ("/", "/"),
            ("a/../b", nil), ("/sys/fs/cgroup/../../..", nil), ("./a", nil), ("..", nil),
        ] as [(String, String?)])
    func `a cgroup is named by its place or by its directory`(name: String, path: String?) {
        #expect(ControlGroup.path(of: name, below: "/sys/fs/cgroup") == path)
    }

    @Test(
        arguments: [
            (
                "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
                "/sys/fs/cgroup"
            ),
            (
                "30 23 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
                "/sys/fs/cgroup/unified"
            ),
            ("30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", nil),
            ("30 23 0:26 / /home/me/cgroup rw - cgroup2 cgroup2 rw", nil),
            ("30 23 0:26 / /sys/fs/cgroups rw - cgroup2 cgroup2 rw", nil),
            ("30 23 0:26 / /sys/fs/cgroup rw -", nil), ("- cgroup2", nil), ("", nil),
        ] as [(String, String?)])
    func `the unified hierarchy is where it should be, or nowhere`(text: String, place: String?) {
        #expect(ControlGroup.mountPoint(in: text) == place)
    }
}

@Suite(.serialized, .enabled(if: cannotMakeCgroup == nil, "\(cannotMakeCgroup ?? "")"))
struct RealControlGroupTests {
    /// Names that a file of the kernel's might have do not hide anybody.
    @Test func `processes below a cgroup are in it, whatever it is called`() throws {
        let scratch = ScratchCgroup()
        let cgroup = try ControlGroup(scratch.path)
        let nobody = try cgroup.processIDs()
        #expect(nobody == [])
        var sleepers: [pid_t] = []
        for child in [nil, "cpu.weight-2", "cgroup.x", "a.service"] as [String?] {
            let sleeper = try #require(sleeping())
            sleepers.append(sleeper)
            scratch.add(sleeper, to: child.map { scratch.addChild($0) })
        }
        defer { for sleeper in sleepers { end(sleeper) } }
        let (found, path) = (try cgroup.processIDs(), cgroup.path)
        #expect(found == Set(sleepers))
        #expect(path == scratch.path)
        let sameCgroup = try ControlGroup(scratch.directory)
        let samePath = sameCgroup.path
        #expect(samePath == scratch.path)
    }

    @Test func `cgroup.events tells of the last process, and of the end`() throws {
        let events: OwnedDescriptor
        do {
            let scratch = ScratchCgroup()
            events = try ControlGroup(scratch.path).openEvents()
            let isEvents = ControlGroupEvents.isEvents(events)
            #expect(isEvents)
            expectPopulated(events, false)
            let sleeper = try #require(sleeping())
            scratch.add(sleeper)
            expectPopulated(events, true)
            end(sleeper)
            expectPopulated(events, false)
        }
        expectPopulated(events, false)
    }

    private func expectPopulated(
        _ events: borrowing OwnedDescriptor, _ expected: Bool,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let isPopulated = ControlGroupEvents.isPopulated(events)
        #expect(isPopulated == expected, sourceLocation: location)
    }

    @Test(arguments: ["cgroup.procs", "cgroup.stat", "/etc/passwd", "/proc/self/maps"])
    func `another file is no cgroup.events`(name: String) throws {
        let scratch = ScratchCgroup()
        let path = name.hasPrefix("/") ? name : "\(scratch.directory)/\(name)"
        let file = try OwnedDescriptor.open(path, for: .reading)
        let isEvents = ControlGroupEvents.isEvents(file)
        #expect(!isEvents)
    }

    @Test func `a removed cgroup is not found again under its name`() throws {
        var scratch: ScratchCgroup? = ScratchCgroup()
        let path = try #require(scratch?.path)
        let cgroup = try ControlGroup(path)
        scratch = nil
        let found = try? cgroup.processIDs()
        #expect(found == nil)
        #expect(throws: SystemCallError.self) { _ = try ControlGroup(path) }
    }

    private func sleeping() -> pid_t? {
        var processID: pid_t = 0
        let command: [String] = ["sleep", "60"]
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        return posix_spawnp(&processID, "sleep", nil, nil, &words, environ) == 0 ? processID : nil
    }

    private func end(_ processID: pid_t) {
        kill(processID, SIGKILL)
        waitpid(processID, nil, 0)
    }
}
