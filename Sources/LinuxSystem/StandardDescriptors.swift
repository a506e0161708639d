// Descriptors 0, 1 and 2, which a program is born with, if its caller wants it so.

internal import CLinux
internal import SystemPackage

extension OwnProcess {
    /// Opens /dev/null where one of the three is closed. The next file would get its number
    /// otherwise, and an error message would be written into it.
    ///
    /// - Throws: `SystemCallError` of `open`.
    public static func openStandardDescriptors() throws(SystemCallError) {
        for number in STDIN_FILENO...STDERR_FILENO
        where clinux_fcntl(number, F_GETFD, 0) == -1 && currentErrno == .badFileDescriptor {
            let flags = number == STDIN_FILENO ? O_WRONLY : O_RDONLY
            // The lowest free number is this one. Reading from it, or writing to it, fails, as it
            // did when it was closed.
            _ = try retryingOnInterrupt("open", on: "/dev/null") {
                // SAFETY: the string lives through the call.
                unsafe clinux_openat(AT_FDCWD, "/dev/null", flags, 0)
            }
        }
    }
}
