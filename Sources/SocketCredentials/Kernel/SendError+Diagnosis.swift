#if os(Linux)
// sendmsg(2) has one errno for several refusals: EPERM for each id of a claim and for descriptors,
// EINVAL for each id. Which it was, the kernel is asked once more: each id is claimed by itself,
// the other two being our own, over a pair of our own sockets. That asks the very rule
// (scm_check_creds), where comparing ids and capabilities would only repeat it, and could not see
// that CAP_SYS_ADMIN counts in the user namespace that owns the pid namespace.

internal import CLinux
internal import SystemPackage

extension SendError {
    /// Finds out what a failed sendmsg(2) was about.
    init(_ error: SystemCallError, byteCount: Int, claim: Claim?, hasDescriptors: Bool) {
        switch error.errno {
        case .notPermitted:
            let refused = claim.map { $0.parts(failingWith: error.errno) } ?? []
            if !refused.isEmpty {
                self = .claimRefused(refused)
            } else {
                self = hasDescriptors ? .descriptorsRefused : .system(error)
            }
        case .invalidArgument:
            let unmapped = claim.map { $0.parts(failingWith: error.errno) } ?? []
            self = unmapped.isEmpty ? .system(error) : .claimedIDUnmapped(unmapped)
        case .noSuchProcess:
            self = claim.map { .claimedProcessMissing(pid: $0.pid) } ?? .system(error)
        case .tooManyReferences: self = .tooManyInFlight
        case .brokenPipe, .connectionReset, .connectionRefused: self = .peerGone(error.errno)
        case .messageTooLong: self = .messageTooLong(byteCount: byteCount)
        default: self = .system(error)
        }
    }
}

extension Claim {
    /// The parts that the kernel refuses with `errno` when they are claimed by themselves. Where no
    /// socket can be made to ask it, those that are not this process' real ids.
    fileprivate func parts(failingWith errno: Errno) -> [Part] {
        let own = Claim.own
        let foreign = parts.filter { Claim(own: own, except: $0) != own }
        guard let pair = try? UnixSocket.pair(.datagram) else { return foreign }
        let number = pair.first.descriptor.rawValue
        return foreign.filter { part in
            do throws(SystemCallError) {
                _ = try UnixSocket.sendMessage(
                    number, [], claim: Claim(own: own, except: part), [])
                return false
            } catch { return error.errno == errno }
        }
    }
}
#endif
