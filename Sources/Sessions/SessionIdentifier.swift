/// Names that are unique on the host and easy to read out: 10 letters and digits, 50 random bits.
enum SessionIdentifier {
    /// No i, l, o and u, which are taken for others.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    private static let length = 10

    /// Whether it is one that `random` can make; the recording's file has it in its name.
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == length && text.allSatisfy(alphabet.contains)
    }

    static func random() -> String {
        String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }
}
