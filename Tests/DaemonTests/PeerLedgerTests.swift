import ControlProtocol
import Testing

@testable import Daemon

private let second: UInt64 = 1_000_000_000
private let own: UInt32 = 1000

struct PeerLedgerTests {
    private func ledger(connections: Int = 4, requests: Int = 10) -> PeerLedger {
        PeerLedger(
            ownUID: own,
            limits: Limits {
                $0.connectionsPerUID = connections
                $0.requestsPerSecondPerUID = requests
            })
    }

    @Test(arguments: [0, own, 5, 65534, .max, nil] as [UInt32?])
    func `so many connections of a uid and no more`(uid: UInt32?) {
        var ledger = ledger()
        for _ in 0..<4 { #expect(ledger.connect(uid, at: 0) == nil) }
        let refusal = ledger.connect(uid, at: 0)
        #expect(refusal?.limit == .connectionLimit)
        #expect(refusal?.value == 5 && refusal?.maximum == 4)
        ledger.disconnect(uid)
        #expect(ledger.connect(uid, at: 0) == nil)
        #expect(ledger.connect(uid, at: 0) != nil)
    }

    @Test func `a refused connection costs nothing`() {
        var ledger = ledger(connections: 1, requests: 1000)
        #expect(ledger.connect(5, at: 0) == nil)
        for _ in 0..<10_000 { #expect(ledger.connect(5, at: 0) != nil) }
        #expect(ledger.mayReceive(5, at: 0))
        ledger.disconnect(5)
        #expect(ledger.connect(5, at: 0) == nil)
    }

    @Test func `whatever others do, root and the own user have their places and their credit`() {
        var ledger = ledger()
        for uid: UInt32 in 100..<10_000 where uid != own {
            if ledger.connect(uid, at: 0) == nil { ledger.charge(uid, bytes: 1 << 16, at: 0) }
            _ = ledger.connect(nil, at: 0)
        }
        for uid in [0, own] {
            #expect(ledger.mayReceive(uid, at: 0))
            for _ in 0..<4 { #expect(ledger.connect(uid, at: 0) == nil) }
            #expect(ledger.connect(uid, at: 0) != nil)
        }
        // And they not each other's.
        #expect(!ledger.mayReceive(100, at: 0))
    }

    @Test func `all others together have two users' places`() {
        var ledger = ledger()
        let admitted = (100..<200).filter { ledger.connect(UInt32($0), at: 0) == nil }
        #expect(admitted.count == 8)
        let refusal = ledger.connect(500, at: 0)
        #expect(refusal?.maximum == 8 && refusal?.reason.contains("together") == true)
        ledger.disconnect(100)
        #expect(ledger.connect(500, at: 0) == nil)
    }

    @Test func `so many requests a second, of which those of one second are kept`() {
        var ledger = ledger(requests: 10)
        var now = second
        func requests() -> Int {
            var count = 0
            while ledger.mayReceive(0, at: now) && count < 100 {
                ledger.charge(0, bytes: 100, at: now)
                count += 1
            }
            return count
        }
        #expect(requests() == 10)
        #expect(requests() == 0)
        now += second / 2
        #expect(requests() == 5)
        now += 3600 * second
        #expect(requests() == 10)
    }

    @Test func `a long request counts as several, and is paid for afterwards`() {
        var ledger = ledger(requests: 10)
        for _ in 0..<9 { ledger.charge(0, bytes: 0, at: second) }
        #expect(ledger.mayReceive(0, at: second))
        ledger.charge(0, bytes: 65_536, at: second)
        // 1 + 65,536 / 4096 requests were made, and one could be paid.
        #expect(!ledger.mayReceive(0, at: second + 1_600_000_000))
        #expect(ledger.mayReceive(0, at: second + 1_600_000_001))
    }

    @Test func `all others together have two users' requests`() {
        var ledger = ledger(requests: 10)
        for uid: UInt32 in 100..<120 {
            #expect(ledger.mayReceive(uid, at: second))
            ledger.charge(uid, bytes: 0, at: second)
        }
        #expect(!ledger.mayReceive(300, at: second))
        #expect(ledger.mayReceive(0, at: second))
        #expect(ledger.mayReceive(own, at: second))
    }

    @Test func `a clock at its end, or one that goes back, is no fault`() {
        var ledger = ledger()
        for now in [0, .max, 5, .max / 2, 1] as [UInt64] {
            _ = ledger.connect(7, at: now)
            ledger.charge(7, bytes: 1 << 20, at: 0)
            ledger.charge(7, bytes: 0, at: now)
            _ = ledger.mayReceive(7, at: now)
        }
    }

    @Test func `accounts that nobody uses are forgotten`() {
        var ledger = ledger(requests: 1000)
        for index in 0..<100_000 {
            let uid = UInt32(10_000 + index)
            let now = UInt64(index) * second / 100
            #expect(ledger.connect(uid, at: now) == nil)
            ledger.disconnect(uid)
        }
        #expect(ledger.accountCount < 1000)
    }

    @Test func `new limits hold for the next charge`() {
        var ledger = ledger(connections: 2)
        for _ in 0..<2 { #expect(ledger.connect(5, at: 0) == nil) }
        ledger.limits.connectionsPerUID = 3
        #expect(ledger.connect(5, at: 0) == nil)
        ledger.limits.connectionsPerUID = 1
        #expect(ledger.connect(5, at: 0) != nil)
    }
}
