// The one door to this target: an address in a module, or in the kernel, becomes functions.
//
// A Symbolizer opens files that the recorded process had mapped, and those may be hostile: it runs
// in a process that holds nothing the file's owner does not hold already.

/// Turns addresses into functions, source files and lines.
///
/// It opens each module once and remembers every answer. Not `Sendable`: libdw is not thread-safe.
public final class Symbolizer {
    private enum Loaded {
        case file(ModuleFile)
        case notUsed
    }

    private let kernelSymbols: KernelSymbols?
    private let debugDirectories: [String]
    private let log = DiagnosticLog()
    private var modules: [Module: Loaded] = [:]
    private var answers: [Module: [UInt64: [SourceFrame]]] = [:]
    private var kernelAnswers: [UInt64: SourceFrame] = [:]
    private var displayNames: [String: String] = [:]

    /// - Parameters:
    ///   - kernelSymbols: the names of kernel addresses, where the recording has any.
    ///   - debugDirectories: where separate debug files are kept, as gdb's `debug-file-directory`.
    public init(kernelSymbols: KernelSymbols?, debugDirectories: [String] = ["/usr/lib/debug"]) {
        self.kernelSymbols = kernelSymbols
        self.debugDirectories = debugDirectories
    }

    /// Files that were not used, and why: a sentence each.
    public var diagnostics: [String] { log.lines }

    /// The functions at byte `fileOffset` of `module`, innermost first: those that were inlined
    /// come before the one they were inlined into. Empty when nothing is known.
    ///
    /// The address of a call, not its return address, is what the lines are right for: the caller
    /// takes 1 off for every frame but the innermost.
    public func frames(in module: Module, fileOffset: UInt64) -> [SourceFrame] {
        if let known = answers[module]?[fileOffset] { return known }
        let frames = resolve(module, fileOffset)
        answers[module, default: [:]][fileOffset] = frames
        return frames
    }

    /// The kernel function at `runtimeAddress`, a module's as `name [module]`.
    public func kernelFrame(at runtimeAddress: UInt64) -> SourceFrame? {
        if let known = kernelAnswers[runtimeAddress] { return known }
        guard let symbol = kernelSymbols?.symbol(at: runtimeAddress) else { return nil }
        let shown = displayName(of: symbol.name)
        let function = symbol.module.map { "\(shown) [\($0)]" } ?? shown
        let frame = SourceFrame(
            function: function, mangledName: shown == symbol.name ? nil : symbol.name)
        kernelAnswers[runtimeAddress] = frame
        return frame
    }

    private func resolve(_ module: Module, _ fileOffset: UInt64) -> [SourceFrame] {
        // The kernel's own page of code has no file to look into.
        if module.path == "[vdso]" { return [SourceFrame(function: "[vdso]")] }
        guard case .file(let file) = load(module) else { return [] }
        return file.frames(atFileOffset: fileOffset).compactMap(sourceFrame)
    }

    private func sourceFrame(_ raw: RawFrame) -> SourceFrame? {
        guard let name = raw.linkerName ?? raw.sourceName else { return nil }
        let shown = displayName(of: name)
        return SourceFrame(
            function: shown, mangledName: shown == name ? nil : name, file: raw.file,
            line: raw.line, isInlined: raw.isInlined)
    }

    private func displayName(of name: String) -> String {
        if let known = displayNames[name] { return known }
        let shown = Demangler.displayName(of: name)
        displayNames[name] = shown
        return shown
    }

    private func load(_ module: Module) -> Loaded {
        if let known = modules[module] { return known }
        let loaded = open(module)
        modules[module] = loaded
        return loaded
    }

    private func open(_ module: Module) -> Loaded {
        // `[heap]`, `//anon`, `anon_inode:…` and the like name no file.
        guard module.path.hasPrefix("/"), !module.path.hasPrefix("//") else { return .notUsed }
        do throws(ModuleProblem) {
            return .file(try ModuleFile(module, debugDirectories: debugDirectories, log: log))
        } catch {
            log.append("\(error)")
            return .notUsed
        }
    }
}
