// The child's side of a report (ReportJob.swift): descriptors in, bytes out. It is started with no
// privilege and needs none; who calls it by hand gets a report of what they may open themselves.

internal import LinuxSystem
internal import Recording
internal import Reports
internal import Symbols

enum ReportMaker {
    /// Reads the recording at its descriptor and writes the report to standard output.
    static func run(_ format: ReportFormat, width: Int, hasKernel: Bool) throws(ClientError) {
        let recording = OwnedDescriptor(adopting: ReportJob.recordingNumber)
        if format == .recording { return say(try RecordingCopy.copy(recording)) }
        let reader: RecordingReader
        do throws(RecordingError) {
            reader = try RecordingReader(reading: recording)
        } catch {
            throw ClientError(.badData, "\(error)")
        }
        var notes: [String] = []
        let kernelSymbols = hasKernel ? kernelSymbols(&notes) : nil
        let symbolizer = Symbolizer(kernelSymbols: kernelSymbols)
        let profile = Profile(reading: reader, symbols: symbolizer) {
            notes + symbolizer.diagnostics
        }
        var options = ReportOptions()
        options.width = width
        let bytes: [UInt8]
        do throws(ReportError) {
            bytes = try Report.render(profile, as: format, options: options)
        } catch {
            throw ClientError(.failure, "\(error)")
        }
        try system { () throws(SystemCallError) in try StandardOutput.write(bytes) }
        say(findings(on: profile))
    }

    private static func findings(on profile: Profile) -> ReportFindings {
        var findings = ReportFindings()
        if profile.session.isCut { findings.cut = ReportFindings.cutSentence }
        findings.missing = Missing(profile).sentences
        findings.damage = profile.session.damage
        return findings
    }

    /// Tells whoever started this process.
    private static func say(_ findings: ReportFindings) {
        StandardError.write(Array(findings.lines.map { visibleText($0) + "\n" }.joined().utf8))
    }

    private static func kernelSymbols(_ notes: inout [String]) -> KernelSymbols? {
        let kallsyms = OwnedDescriptor(adopting: ReportJob.kallsymsNumber)
        do throws(KernelSymbolsError) {
            return try KernelSymbols(kallsyms: kallsyms)
        } catch {
            notes.append("\(error)")
            return nil
        }
    }
}
