import Recording
import Testing

@testable import Reports

struct HotFunctionsTests {
    private func profile() throws -> Profile {
        let symbols = TestSymbols.functions(["main", "work", "leaf"], in: "/bin/program")
        let reader = try recording { writer in
            writer.appendSession()
            writer.map("/bin/program", at: 0x1000)
            // `work` calls itself: three samples of which two are its own.
            writer.sample([0x1020, 0x1021, 0x1021, 0x1011])
            writer.sample([0x1020, 0x1021, 0x1011])
            writer.sample([0x1030, 0x1021, 0x1011])
            writer.sample([0x1010])
        }
        return Profile(reader, symbols)
    }

    @Test func `a recursive function counts a sample once`() throws {
        let profile = try profile()
        let rows = FunctionTotals(profile, event: 0).rows.map { row in
            "\(profile.functions[row.function].name) \(row.selfCount) \(row.totalCount)"
        }
        #expect(rows == ["work 2 3", "main 1 4", "leaf 1 1"])
    }

    @Test func `the table has shares, times, functions and modules`() throws {
        let lines = try profile().text(.table).split(separator: "\n").map { line in
            line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        #expect(lines[0] == "server (pid 10) on host, 1 thread, 10.00 s")
        #expect(lines[1] == "cpu-clock at 999 Hz: 4 samples, 4.0 ms; none lost")
        #expect(lines[3] == "50.0 % 2.0 ms 75.0 % 3.0 ms work program")
    }

    @Test(arguments: [1, 60, 80, 100, 200])
    func `no row is wider than asked, from 68 columns on`(width: Int) throws {
        var options = ReportOptions()
        options.width = width
        let table = try profile().text(.table, options: options)
        for line in table.split(separator: "\n").dropFirst(2) {
            #expect(columns(of: String(line)) <= max(width, 68))
        }
    }

    @Test func `rows past the limit are counted`() throws {
        var options = ReportOptions()
        options.maximumRows = 1
        let table = try profile().text(.table, options: options)
        #expect(table.hasSuffix("… and 2 more functions with 50.0 % of the samples\n"))
    }
}
