extension String {
    /// Where the path's last component begins: after the last slash, or at the start.
    var lastComponentStart: Index {
        utf8.lastIndex(of: UInt8(ascii: "/")).map { utf8.index(after: $0) } ?? startIndex
    }
}
