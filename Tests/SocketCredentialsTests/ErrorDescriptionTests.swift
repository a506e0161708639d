import SocketCredentials
import Testing

struct ErrorDescriptionTests {
    private static let errors: [Said<CredentialsError>] = [
        Said(
            .malformed(.cmsgcred, .length(found: 80, expected: 84)),
            "The cmsgcred of SCM_CREDS is malformed: its length in bytes is 80 and must be exactly "
                + "84."),
        Said(
            .malformed(.sockcred, .tooShort(found: 19, minimum: 20)),
            "The sockcred of SCM_CREDS is malformed: its length in bytes is 19, and its fixed "
                + "part alone takes 20."),
        Said(
            .malformed(.xucred, .version(1)),
            "The xucred of LOCAL_PEERCRED is malformed: its version is 1, which is not known."),
        Said(
            .malformed(.cmsgcred, .groupCount(found: -1, maximum: 16)),
            "The cmsgcred of SCM_CREDS is malformed: it says that it has -1 groups, and there can "
                + "be 0 to 16."),
        Said(
            .malformed(.ucred, .offset(found: 4000)),
            "The ucred_t of SCM_UCRED is malformed: it says that a part of it is at byte 4000, "
                + "which is not inside it."),
        Said(
            .ambiguous([
                Credentials(source: .cmsgcred, pid: 1), Credentials(source: .sockcred, uid: 1),
            ]),
            "The bytes can be read as cmsgcred of SCM_CREDS and as sockcred of SCM_CREDS: say "
                + "which of them the socket was asked for."),
        Said(
            .notCarried(.unpcbid),
            "No unpcbid of LOCAL_PEEREID comes in an item or an option of this level and number."),
    ]

    @Test(arguments: errors)
    func `an error of credentials is a sentence`(said: Said<CredentialsError>) {
        #expect("\(said.value)" == said.text)
    }

    @Test(arguments: IdentityDefect.allCases)
    func `every defect says why this is nobody`(defect: IdentityDefect) {
        #expect("\(defect)".count > 20)
    }
}
