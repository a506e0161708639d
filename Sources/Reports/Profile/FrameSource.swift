public import Symbols

/// Who gives an address its names. `Symbolizer` does; a test may.
public protocol FrameSource {
    /// The functions at a file's offset, innermost first; empty if unknown.
    func frames(in module: Module, fileOffset: UInt64) -> [SourceFrame]
    /// The kernel function at an address of this boot.
    func kernelFrame(at runtimeAddress: UInt64) -> SourceFrame?
}

extension Symbolizer: FrameSource {}

/// A source that knows no name: every frame becomes `module+0xoffset`.
public struct NoSymbols: FrameSource {
    public init() {}
    public func frames(in module: Module, fileOffset: UInt64) -> [SourceFrame] { [] }
    public func kernelFrame(at runtimeAddress: UInt64) -> SourceFrame? { nil }
}
