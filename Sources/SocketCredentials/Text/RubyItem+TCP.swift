// Linux's `struct tcp_info` (TCP_INFO, tcp(7)) as glibc declares it: 104 bytes, of which the first
// 8 are small numbers and the others 24 words of 32 bits. A longer structure is a newer kernel's.

extension RubyItem {
    private static let size = 104

    /// What Ruby prints of `TCP_INFO`; nil where the structure is cut short.
    var tcpInformation: String? {
        guard bytes.count >= Self.size else { return nil }
        let surplus = bytes.count - Self.size
        let words = Self.words.enumerated().map { index, word in
            "\(word.name)=" + word.unit.text(of: self.word(at: 8 + index * 4))
        }
        return ([state, congestion, counts, options] + words).joined(separator: " ")
            + (surplus > 0 ? " (\(surplus) bytes too long)" : "")
    }

    private enum Unit {
        case count
        case microseconds
        case milliseconds

        func text(of word: UInt32) -> String {
            switch self {
            case .count: "\(word)"
            case .microseconds:
                "\(word / 1_000_000).\(RubyText.padded(word % 1_000_000, to: 6))s"
            case .milliseconds: "\(word / 1000).\(RubyText.padded(word % 1000, to: 3))s"
            }
        }
    }

    private static let words: [(name: String, unit: Unit)] = [
        ("rto", .microseconds), ("ato", .microseconds), ("snd_mss", .count), ("rcv_mss", .count),
        ("unacked", .count), ("sacked", .count), ("lost", .count), ("retrans", .count),
        ("fackets", .count), ("last_data_sent", .milliseconds), ("last_ack_sent", .milliseconds),
        ("last_data_recv", .milliseconds), ("last_ack_recv", .milliseconds), ("pmtu", .count),
        ("rcv_ssthresh", .count), ("rtt", .microseconds), ("rttvar", .microseconds),
        ("snd_ssthresh", .count), ("snd_cwnd", .count), ("advmss", .count),
        ("reordering", .count), ("rcv_rtt", .microseconds), ("rcv_space", .count),
        ("total_retrans", .count),
    ]

    private static let states = [
        "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSED",
        "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING",
    ]

    private var state: String {
        let number = Int(bytes[0])
        return (1...Self.states.count).contains(number)
            ? "state=\(Self.states[number - 1])" : "state=\(number)"
    }

    private var congestion: String {
        let names = ["Open", "Disorder", "CWR", "Recovery", "Loss"]
        let number = Int(bytes[1])
        return "ca_state=" + (number < names.count ? names[number] : "\(number)")
    }

    private var counts: String {
        "retransmits=\(bytes[2]) probes=\(bytes[3]) backoff=\(bytes[4])"
    }

    /// Those that have a name, then the sum of the others, if any.
    private var options: String {
        let names = ["TIMESTAMPS", "SACK", "WSCALE", "ECN", "ECN_SEEN", "SYN_DATA"]
        var texts = names.indices.filter { bytes[5] & 1 << $0 != 0 }.map { names[$0] }
        let others = bytes[5] & 0xc0
        if others != 0 || texts.isEmpty { texts.append("\(others)") }
        return "options=" + texts.joined(separator: ",")
    }
}
