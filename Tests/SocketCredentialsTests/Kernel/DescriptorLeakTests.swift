import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

/// Runs `body` in a process of its own and counts its descriptors before and after.
private func demandNoLeak(_ body: () throws -> Void, line: Int = #line) rethrows {
    let before = openDescriptors()
    for _ in 0..<5 { try body() }
    demand(openDescriptors() == before, "\(openDescriptors()) is not \(before)", line: line)
}

struct DescriptorLeakTests {
    @Test func `no descriptor is left, taken or not`() async {
        await #expect(processExitsWith: .success) {
            for kind in SocketKind.allCases {
                let pair = try SocketPair(kind)
                try demandNoLeak {
                    try pair.send("a", descriptors: 253)
                    demandEqual(try pair.ours.see().contents?.descriptors, 253)
                }
            }
            let pair = try SocketPair()
            try demandNoLeak {
                // Two messages, one receive: the descriptors come with the second one's first byte.
                try pair.send("a")
                try pair.send("b", descriptors: 5)
                demandEqual(try pair.ours.see().contents?.descriptors, 5)
            }
        }
    }

    @Test func `a pidfd that was asked for is not left open`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            // Linux 6.5 has it.
            guard (try? pair.ours.setPassProcessDescriptor()) != nil else { return }
            try demandNoLeak {
                try pair.send("a", descriptors: 1)
                _ = try pair.ours.see()
                _ = try pair.ours.peerProcessDescriptor()
            }
        }
    }

    @Test func `the end of a stream leaves nothing, with every option on`() async {
        await #expect(processExitsWith: .success) {
            try demandNoLeak {
                let pair = try SocketPair()
                try? pair.ours.setPassProcessDescriptor()
                pair.endTheirs()
                demandEqual(try pair.ours.see(), .end)
            }
        }
    }

    @Test func `refused sends leave nothing, and the descriptors stay the sender's`() async {
        await #expect(processExitsWith: .success) {
            let pair = try SocketPair()
            let list = nullDescriptors(3)
            let numbers = list.numbers
            try demandNoLeak {
                let unmapped = Claim(pid: getpid(), uid: .max, gid: .max)
                demand(
                    (try? pair.theirs.send([1], claiming: unmapped, with: list)) == nil, "refused")
                demand((try? pair.theirs.send([], with: list)) == nil, "refused")
                let pair = try UnixSocket.pair()
                let end = pair.first
                pair.second.letGo()
                demand((try? end.send([1], with: list)) == nil, "refused")
            }
            demandEqual(list.numbers, numbers)
            demandEqual(try pair.ours.see(), .nothingYet)
        }
    }

    @Test func `a message too long leaves no descriptor`() async {
        await #expect(processExitsWith: .success) {
            for kind in [SocketKind.datagram, .sequencedPacket] {
                let pair = try SocketPair(kind)
                try demandNoLeak {
                    try pair.send("abc", descriptors: 9)
                    demandEqual(try pair.ours.see(limit: 1).truncation, Truncation(lostData: true))
                }
            }
        }
    }

    @Test func `a failed receive and failed sockets leave nothing`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/nobody"
            try demandNoLeak {
                let socket = try UnixSocket(.sequencedPacket)
                demand((try? socket.see()) == nil, "not connected")
                demand((try? UnixSocket.connected(to: path)) == nil, "nobody listens")
                demand((try? UnixSocket.bound(to: "")) == nil, "no path")
            }
        }
    }
}
