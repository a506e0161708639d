import LinuxSystem
import Testing

@testable import Sessions

private func lines(_ text: String) -> [MapsLine] { MapsLine.executable(in: Array(text.utf8)) }

struct MapsTextTests {
    @Test func `an executable mapping has all its fields`() throws {
        let text = """
            7f5c00000000-7f5c00021000 r-xp 00026000 fd:1a 131076                     /usr/lib/libc.so.6

            """
        let line = try #require(lines(text).first)
        #expect(line.start == 0x7f5c_0000_0000 && line.end == 0x7f5c_0002_1000)
        #expect(line.fileOffset == 0x26000 && line.inode == 131076)
        #expect(line.deviceMajor == 0xfd && line.deviceMinor == 0x1a)
        #expect(line.path == "/usr/lib/libc.so.6")
        #expect(line.isReadable && !line.isWritable && !line.isShared)
    }

    @Test(arguments: [
        ("1000-2000 r--p 0 00:00 0 /a", 0), ("1000-2000 rw-s 0 00:00 0 /a", 0),
        ("1000-2000 --xp 0 00:00 0 /a", 1), ("1000-2000 rwxs 0 00:00 0 /a", 1),
    ])
    func `only executable mappings count`(text: String, count: Int) {
        #expect(lines(text).count == count)
    }

    @Test(arguments: [
        ("1000-2000 r-xp 0 00:00 0", "//anon"), ("1000-2000 r-xp 0 00:00 0 ", "//anon"),
        ("1000-2000 r-xp 0 00:00 0      [vdso]", "[vdso]"),
        ("1000-2000 r-xp 0 00:00 9 /a b  c", "/a b  c"),
        ("1000-2000 r-xp 0 00:00 9 /a\\012b", "/a\nb"),
        ("1000-2000 r-xp 0 00:00 9 /a\\012\u{301}", "/a\n\u{301}"),
        ("1000-2000 r-xp 0 00:00 9 /\\\\012\\01\\0122", "/\\\n\\01\n2"),
        ("1000-2000 r-xp 0 00:00 9 /a (deleted)", "/a (deleted)"),
        ("1000-2000 r-xp 0 00:00 9 /1-2 r-xp 0 00:00 9 /b", "/1-2 r-xp 0 00:00 9 /b"),
    ])
    func `a path is all that follows the inode`(text: String, path: String) {
        #expect(lines(text).map(\.path) == [path])
    }

    @Test(arguments: [
        "", "\n\n", "x", "1000", "1000-", "1000-2000", "1000-2000 r-xp", "1000-2000 r-xp 0",
        "1000-2000 r-xp 0 00", "1000-2000 r-xp 0 00:00", "1000-2000 r-xp 0 00:00 x /a",
        "2000-1000 r-xp 0 00:00 0 /a", "1000-1000 r-xp 0 00:00 0 /a", "g-h r-xp 0 00:00 0 /a",
        "1000-2000 r-x 0 00:00 0 /a", "1000-2000 r-xpp 0 00:00 0 /a",
        "1000-2000 r-xp 0 00:00 -1 /a", "1000-2000 r-xp 10000000000000000 00:00 0 /a",
        "10000000000000000-20000000000000000 r-xp 0 00:00 0 /a",
        "+1000-2000 r-xp 0 00:00 0 /a", "1000-2000 r-xp -0 00:00 0 /a",
        "1000-2000 r-xp 0 00:00 +9 /a", "1000-2000 r-xp 0 00:00 ", "1000-2000 r-xp 0 00:00  /a",
        "1000-2000 r-xp 0 100000000:00 0 /a", "1000-2000 r-xp 0 :00 0 /a",
        "A000-B000 r-xp 0 00:00 0 /a",
        "1000-2000 r-xp 0 00:00 18446744073709551616 /a",
    ])
    func `a line that is not as the manual has it is passed over`(text: String) {
        #expect(lines(text).isEmpty)
        let good = "1000-2000 r-xp 0 00:00 0 /good"
        #expect(lines("\(text)\n\(good)\n\(text)").map(\.path) == ["/good"])
    }

    @Test func `every cut of a line is a line or nothing`() {
        let text = "1000-2000 r-xp 00001000 08:01 42 /usr/bin/cat"
        for count in 0...text.count {
            let found = lines(String(text.prefix(count)))
            #expect(found.count <= 1)
            if let line = found.first { #expect(line.start == 0x1000 && line.fileOffset == 0x1000) }
        }
    }

    @Test func `a path of any bytes is a name`() {
        let bytes = Array("1000-2000 r-xp 0 00:00 0 /".utf8) + [0xff, 0xfe, 0x01]
        #expect(MapsLine.executable(in: bytes).count == 1)
    }
}
