import SocketCredentials
import Testing

struct CredentialsTests {
    private static let cases: [(Int32?, UInt32?, IdentityDefect?)] = [
        (1, 0, nil), (1, 1000, nil), (.max, 4_294_967_294, nil), (1, 65533, nil),
        (nil, 1000, nil), (1, nil, nil),
        // The end of a stream; nobody recorded; no peer; the overflow uid; outside our pid namespace.
        (0, 0, .processUnknown), (0, 65534, .userUnknown), (0, .max, .noPeer),
        (1, 65534, .userUnknown), (0, 1000, .processUnknown), (1, .max, .noPeer),
        (-1, 1000, .processUnknown), (.min, 0, .processUnknown),
    ]

    @Test(arguments: cases)
    func `only a pid and a real uid name somebody`(
        pid: Int32?, uid: UInt32?, defect: IdentityDefect?
    ) {
        #expect(Credentials(source: .scmCredentials, pid: pid, uid: uid).defect() == defect)
        #expect(Credentials(source: .peerCredentials, pid: pid, euid: uid).defect() == defect)
    }

    @Test func `the overflow uid is the kernel's to configure`() {
        let overflow = OverflowIDs(uid: 99, gid: 65534)
        let unconfigured = Credentials(source: .scmCredentials, pid: 1, uid: 65534)
        #expect(unconfigured.defect(overflow: overflow) == nil)
        let configured = Credentials(source: .scmCredentials, pid: 1, uid: 99)
        #expect(configured.defect(overflow: overflow) == .userUnknown)
    }
}
