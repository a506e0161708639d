// What the target takes and what it gives: a module's identity, and a function's place in it.

/// A mapped file as the recording names it.
public struct Module: Hashable, Sendable {
    /// The path the kernel gave, `/usr/lib/libc.so.6` or `[vdso]`.
    public var path: String
    /// The GNU build ID the kernel read at the mapping; empty when there was none.
    public var buildID: [UInt8]

    public init(path: String, buildID: [UInt8] = []) {
        self.path = path
        self.buildID = buildID
    }
}

/// One function at one address: a real one, or one that the compiler inlined there.
public struct SourceFrame: Hashable, Sendable {
    /// The name to show, demangled. Not escaped: it may hold any character.
    public var function: String
    /// The name in the symbol table or the DWARF, where demangling changed it.
    public var mangledName: String?
    /// The source file as the compiler recorded it; nil without line information.
    public var file: String?
    /// The line in `file`; 0 when it is not known.
    public var line: UInt32
    /// Whether the function was inlined into the next frame's.
    public var isInlined: Bool

    public init(
        function: String, mangledName: String? = nil, file: String? = nil, line: UInt32 = 0,
        isInlined: Bool = false
    ) {
        self.function = function
        self.mangledName = mangledName
        self.file = file
        self.line = line
        self.isInlined = isInlined
    }
}
