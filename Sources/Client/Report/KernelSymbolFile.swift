// /proc/kallsyms, whose addresses the kernel shows to who opens it with CAP_SYSLOG, then and for
// the descriptor's whole life. So it is opened before anything comes from a daemon, and the
// capability goes.

internal import LinuxSystem

/// The kernel's symbols, open for the child that makes a report.
final class KernelSymbolFile {
    let descriptor: OwnedDescriptor

    init() throws(ClientError) {
        descriptor = try system { () throws(SystemCallError) in
            try OwnProcess.raising(Privileges.kernelNames) { () throws(SystemCallError) in
                try OwnedDescriptor.open("/proc/kallsyms", for: .reading)
            }
        }
        try Privileges.drop(Privileges.kernelNames)
    }
}
