// The end of this process.

internal import CLinux

extension OwnProcess {
    /// Ends the process (exit(3)).
    public static func exit(_ status: Int32) -> Never {
        CLinux.exit(status)
    }
}
