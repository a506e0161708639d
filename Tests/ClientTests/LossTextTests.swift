import ControlProtocol
import Testing

@testable import Client

struct LossTextTests {
    private func missing(
        lost: UInt64 = 0, throttled: UInt64 = 0, gap: UInt64 = 0
    ) -> [String] {
        Missing(
            samples: 1000, lost: lost, causes: "ring full \(lost)", elapsed: 10_000_000_000,
            throttles: 3, throttledNanoseconds: throttled, gapNanoseconds: gap
        ).sentences
    }

    @Test func `nothing is said of a hundredth or less`() {
        #expect(missing(lost: 10, throttled: 100_000_000, gap: 100_000_000).isEmpty)
    }

    @Test func `each thing that is missing is said with its size and cause`() {
        #expect(missing(lost: 250)[0].contains("250 samples were lost beside 1000"))
        #expect(missing(lost: 250)[0].contains("(20 %: ring full 250)"))
        #expect(missing(throttled: 240_000_000)[0].contains("3 times, for 240 ms"))
        #expect(missing(gap: 2_500_000_000) == ["Nothing was recorded for 2.5 s of 10 s."])
        #expect(missing(lost: 250, throttled: .max, gap: .max).count == 3)
    }

    @Test func `a status has a line for what its session lacks`() {
        #expect(SessionLosses().summary == "")
        #expect(
            SessionLosses(
                ring: 1, kernel: 2, service: 3, throttles: 4, throttledNanoseconds: 5_000_000,
                gaps: 1, gapNanoseconds: 400_000_000
            ).summary
                == "lost: ring full 1, dropped by the kernel 2, not recorded by the daemon 3; "
                + "throttled 4 times for 5 ms; nothing recorded for 400 ms in 1 gap")
    }

    @Test func `what a report's maker finds comes through its lines`() {
        var findings = ReportFindings()
        #expect(ReportFindings(findings.lines) == findings)
        findings.cut = "It was cut."
        findings.missing = ["a: b", "c"]
        findings.damage = "It is damaged."
        #expect(ReportFindings(findings.lines) == findings)
        #expect(ReportFindings(["warning: x", "missing"]) == ReportFindings())
        let flood = [String](repeating: "missing: x", count: 1000)
        #expect(ReportFindings(flood).missing.count == 8)
    }
}
