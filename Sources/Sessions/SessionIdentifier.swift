/// Names that are unique on the host and easy to read out: 10 letters and digits, 50 random bits.
enum SessionIdentifier {
    /// No i, l, o and u, which are taken for others.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")

    static func random() -> String {
        String((0..<10).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }
}
