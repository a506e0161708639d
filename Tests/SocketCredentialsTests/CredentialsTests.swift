import SocketCredentials
import Testing

struct CredentialsTests {
    private static let cases: [(Int32, UInt32, Bool)] = [
        (1, 0, true), (1, 1000, true), (.max, 4_294_967_294, true), (1, 65533, true),
        // The end of a stream; nobody recorded; no peer; the overflow uid; outside our pid namespace.
        (0, 0, false), (0, 65534, false), (0, .max, false), (1, 65534, false), (0, 1000, false),
        (1, .max, false), (-1, 1000, false), (.min, 0, false),
    ]

    @Test(arguments: cases)
    func `only a pid and a real uid name somebody`(pid: Int32, uid: UInt32, expected: Bool) {
        for source in [Credentials.Source.message, .connection] {
            let credentials = Credentials(pid: pid, uid: uid, gid: 0, source: source)
            #expect(credentials.namesSomebody() == expected)
        }
    }

    @Test func `the overflow uid is the kernel's to configure`() {
        let credentials = Credentials(pid: 1, uid: 65534, gid: 0, source: .message)
        #expect(credentials.namesSomebody(overflowID: 99))
        #expect(
            !Credentials(pid: 1, uid: 99, gid: 0, source: .message)
                .namesSomebody(overflowID: 99))
    }
}
