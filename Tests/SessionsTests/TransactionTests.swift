import CLinux
import ControlProtocol
import Glibc
import LinuxSystem
import PerfRing
import TestSupport
import Testing

@testable import Sessions

/// What a hostile client can send instead of what it declares.
enum Impostor: String, CaseIterable, Sendable {
    case pipe, socket, memfd, file, null, eventfd, path, directory, epoll, maps, pidfd, event

    func open() -> OwnedDescriptor {
        switch self {
        case .pipe:
            var ends: [CInt] = [-1, -1]
            precondition(Glibc.pipe(&ends) == 0)
            close(ends[1])
            return OwnedDescriptor(adopting: ends[0])
        case .socket:
            return OwnedDescriptor(
                adopting: Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
        case .memfd:
            return memoryFile(named: "anon_inode:[perf_event]")
        case .file: return file(temporaryDirectory() + "/anon_inode:[perf_event]", O_CREAT | O_RDWR)
        case .null: return file("/dev/null", O_RDWR)
        case .eventfd: return OwnedDescriptor(adopting: CLinux.eventfd(0, 0))
        case .path: return file("/dev/null", pathOnly)
        case .directory: return file("/", O_RDONLY)
        case .epoll: return OwnedDescriptor(adopting: CLinux.epoll_create1(0))
        case .maps: return file("/proc/self/maps", O_RDONLY)
        case .pidfd: return TestSupport.pidfd(of: getpid())
        case .event:
            let event = try? PerfEvent.open(
                PerfEventAttributes(
                    type: 1, config: 0, rate: .frequency(1), wakeupWatermark: 1),
                threadID: 0, cpu: -1)
            guard let event else { preconditionFailure("this needs root") }
            return event
        }
    }

    private func file(_ path: String, _ flags: CInt) -> OwnedDescriptor {
        OwnedDescriptor(adopting: Glibc.open(path, flags | O_CLOEXEC, 0o600))
    }
}

private let event = DescriptorDeclaration.event(
    EventDescriptor(event: 0, cpu: 0, tid: 1, ownsRing: true, isLate: false))

private func transaction() -> Transaction {
    Transaction(
        identifier: "abc", owner: 1,
        request: BeginRequest(
            target: Target(pid: 1, command: "a"), events: [PerfTarget.clock], kernel: .mode,
            lifetime: .detached, ringPages: 8))
}

private func cgroupTransaction() -> Transaction {
    Transaction(
        identifier: "abc", owner: 1,
        request: BeginRequest(
            target: Target(.cgroup(TargetCgroup(path: "/a")), command: "a"),
            events: [PerfTarget.clock], kernel: .mode, lifetime: .detached, ringPages: 8))
}

private func add(
    _ declarations: [DescriptorDeclaration], _ impostors: [Impostor],
    to transaction: Transaction = transaction()
) throws(ControlError) {
    var descriptors = DescriptorList()
    for impostor in impostors { descriptors.append(impostor.open()) }
    try transaction.add(
        AddRequest(transaction: "abc", descriptors: declarations), descriptors)
}

private func refusedIndex(_ body: () throws(ControlError) -> Void) -> Int? {
    do { try body() } catch {
        if case .descriptorRefused(let index, _) = error { return index }
    }
    return nil
}

struct TransactionTests {
    @Test(arguments: Impostor.allCases.filter { $0 != .event })
    func `what is no perf event is refused`(impostor: Impostor) {
        #expect(refusedIndex { () throws(ControlError) in try add([event], [impostor]) } == 0)
    }

    @Test(arguments: Impostor.allCases.filter { $0 != .pidfd && (isRoot || $0 != .event) })
    func `what is no pidfd is refused`(impostor: Impostor) {
        #expect(refusedIndex { () throws(ControlError) in try add([.pidfd], [impostor]) } == 0)
    }

    @Test(arguments: Impostor.allCases.filter { $0 != .maps && (isRoot || $0 != .event) })
    func `what is no mappings is refused`(impostor: Impostor) {
        #expect(
            refusedIndex { () throws(ControlError) in try add([.pidfd, .maps], [.pidfd, impostor]) }
                == 1)
    }

    @Test func `a second pidfd and second mappings are refused`() throws {
        let transaction = transaction()
        try add([.pidfd, .maps], [.pidfd, .maps], to: transaction)
        #expect(
            refusedIndex { () throws(ControlError) in
                try add([.pidfd], [.pidfd], to: transaction)
            } == 0)
        #expect(
            refusedIndex { () throws(ControlError) in
                try add([.maps], [.maps], to: transaction)
            } == 0)
    }

    /// A process has one pidfd and its own maps, a cgroup a file of its own and many maps.
    @Test func `what goes with another kind of target is refused`() throws {
        for wrong: DescriptorDeclaration in [.pidfd, .maps, event] {
            let impostor: Impostor = wrong == .pidfd ? .pidfd : wrong == .maps ? .maps : .event
            if impostor == .event && !isRoot { continue }
            #expect(
                refusedIndex { () throws(ControlError) in
                    try add([wrong], [impostor], to: cgroupTransaction())
                } == 0)
        }
        #expect(refusedIndex { () throws(ControlError) in try add([.mapsOf(1)], [.maps]) } == 0)
        #expect(
            refusedIndex { () throws(ControlError) in
                try add([.mapsOf(0)], [.maps], to: cgroupTransaction())
            } == 0)
        let transaction = cgroupTransaction()
        try add([.mapsOf(1), .mapsOf(2)], [.maps, .maps], to: transaction)
        #expect(transaction.members.pids == [1, 2])
    }

    @Test(arguments: Impostor.allCases.filter { isRoot || $0 != .event })
    func `what is no cgroup.events is refused`(impostor: Impostor) {
        #expect(
            refusedIndex { () throws(ControlError) in
                try add([.cgroupEvents], [impostor], to: cgroupTransaction())
            } == 0)
    }

    @Test func `threads name their process where the target is none`() throws {
        for (pid, transaction) in [(nil, cgroupTransaction()), (7, transaction())]
            as [(Int32?, Transaction)]
        {
            let request = AddRequest(
                transaction: "abc", descriptors: [],
                threads: [ControlProtocol.TargetThread(tid: 8, name: "a", pid: pid)])
            #expect(
                refusedIndex { () throws(ControlError) in
                    try transaction.add(request, DescriptorList())
                } == -1)
        }
    }

    @Test(
        arguments: [([], 1), ([.pidfd], 0), ([.pidfd], 2), ([.pidfd, .maps], 1)]
            as [([DescriptorDeclaration], Int)])
    func `a wrong count is refused`(declarations: [DescriptorDeclaration], count: Int) {
        let impostors = Array([Impostor.pidfd, .maps].prefix(count))
        #expect(refusedIndex { () throws(ControlError) in try add(declarations, impostors) } == -1)
    }

    @Test(
        .enabled(if: isRoot, needsPerf),
        arguments: [(1, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, -1)]
            as [(Int, Int32, Int32)])
    func `a declaration out of range is refused`(kind: Int, cpu: Int32, tid: Int32) {
        let wrong = DescriptorDeclaration.event(
            EventDescriptor(event: kind, cpu: cpu, tid: tid, ownsRing: true, isLate: false))
        #expect(
            refusedIndex { () throws(ControlError) in try add([event, wrong], [.event, .event]) }
                == 1)
    }

    @Test func `a refusal closes every descriptor of the message`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            for impostor in Impostor.allCases where isRoot || impostor != .event {
                try? add(
                    [.pidfd, .maps, .pidfd, event, event], [.pidfd, .maps, impostor, .null, .null])
                try? add([.pidfd], [impostor, impostor])
                try? add([], [impostor])
                demandEqual(openDescriptors(), before)
            }
        }
    }

    @Test func `what a transaction holds is closed with it`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            do {
                let transaction = transaction()
                try add([.pidfd, .maps], [.pidfd, .maps], to: transaction)
                if isRoot { try add([event, event], [.event, .event], to: transaction) }
                demandEqual(openDescriptors(), before + (isRoot ? 4 : 2))
            }
            demandEqual(openDescriptors(), before)
        }
    }

    @Test func `ring memory counts the control pages`() {
        #expect(transaction().ringMemory(adding: 2) == 2 * 9 * 4096)
    }
}
