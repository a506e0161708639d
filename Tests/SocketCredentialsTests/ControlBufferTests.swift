import Testing

@testable import SocketCredentials

struct ControlBufferTests {
    /// Length width, data offset and alignment, as each platform's header has them.
    private static let formats: [(Platform, length: Int, data: Int, alignment: Int)] = [
        (.linux, 8, 16, 8), (.freeBSD, 4, 16, 8), (.dragonFly, 4, 16, 8), (.openBSD, 4, 16, 8),
        (.netBSD, 4, 16, 8), (.macOS, 4, 12, 4), (.illumos, 4, 12, 4),
    ]

    private static func items(on platform: Platform) -> [AncillaryData] {
        [1, 0, 12, 7].enumerated().map { index, count in
            AncillaryData(
                level: platform.socketLevel, type: Int32(index),
                bytes: (0..<count).map { UInt8(0xa0 + $0) }, on: platform)
        }
    }

    /// Every item that the cursor yields: inside, in order, and none twice.
    private func walk(_ buffer: [UInt8], on platform: Platform) -> [ControlItem] {
        var cursor = ControlCursor(on: platform)
        var items: [ControlItem] = []
        var end = 0
        while let item = cursor.next(in: buffer[...]) {
            #expect(item.data.lowerBound >= end + 12)
            #expect(item.data.upperBound <= buffer.count)
            end = item.data.upperBound
            items.append(item)
        }
        #expect(cursor.next(in: buffer[...]) == nil)
        return items
    }

    @Test(arguments: formats)
    func `a buffer has the platform's layout`(
        platform: Platform, length: Int, data: Int, alignment: Int
    ) {
        let item = AncillaryData(
            level: 0x0102_0304, type: -2, bytes: [1, 2, 3, 4, 5], on: platform)
        let cmsgLength = UInt32(data + 5)
        let header = native(
            (length == 8 ? [cmsgLength, 0] : [cmsgLength]) + [0x0102_0304, 0xffff_fffe])
        let padded = header + Array(repeating: 0, count: data - header.count) + [1, 2, 3, 4, 5]
        let space = (data + 5 + alignment - 1) / alignment * alignment
        #expect(AncillaryData.space(for: 5, on: platform) == space)
        #expect(
            AncillaryData.controlBuffer(of: [item], on: platform)
                == padded + Array(repeating: 0, count: space - padded.count))
    }

    @Test(arguments: Platform.allCases)
    func `what is put in comes out`(platform: Platform) {
        let items = Self.items(on: platform)
        let buffer = AncillaryData.controlBuffer(of: items, on: platform)
        let found = AncillaryData.walk(buffer[...], on: platform)
        #expect(found.items == items)
        #expect(found.fault == nil)
        #expect(AncillaryData.items(in: buffer, on: platform) == items)
        #expect(
            buffer.count
                == items.reduce(0) { $0 + AncillaryData.space(for: $1.bytes.count, on: platform) })
    }

    @Test(arguments: Platform.allCases)
    func `every cut gives only whole items, and says so`(platform: Platform) {
        let items = Self.items(on: platform)
        let buffer = AncillaryData.controlBuffer(of: items, on: platform)
        let format = platform.controlFormat
        var complete: [Range<Int>] = [0..<1]
        for item in items {
            let start = complete.last.map { $0.upperBound - 1 } ?? 0
            let end = start + format.dataOffset + item.bytes.count
            complete.append(end..<format.aligned(end) + 1)
        }
        for count in 0...buffer.count {
            let cut = Array(buffer.prefix(count))
            let found = AncillaryData.walk(cut[...], on: platform)
            #expect(found.items == Array(items.prefix(found.items.count)))
            #expect((found.fault == nil) == complete.contains { $0.contains(count) })
            let whole = complete.dropFirst().count { $0.lowerBound <= count }
            #expect(found.items.count == whole)
            #expect(walk(cut, on: platform).count == whole)
        }
    }

    @Test(arguments: Platform.allCases)
    func `a slice is walked like a whole buffer`(platform: Platform) {
        let items = Self.items(on: platform)
        let buffer = AncillaryData.controlBuffer(of: items, on: platform)
        let inside = [9, 9, 9] + buffer + [9]
        #expect(AncillaryData.items(in: inside[3..<3 + buffer.count], on: platform) == items)
    }

    @Test(arguments: formats)
    func `no length leads outside`(platform: Platform, width: Int, data: Int, alignment: Int) {
        let first = AncillaryData.controlBuffer(of: [.rights([3], on: platform)], on: platform)
        let second = AncillaryData.controlBuffer(
            of: Self.items(on: platform), on: platform)
        var lengths = (0...80).map { UInt64($0) }
        lengths += [0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff]
        if width == 8 { lengths += [1 << 32, 1 << 63, (1 << 63) - 1, .max - 7, .max] }
        for length in lengths {
            let words = [UInt32(truncatingIfNeeded: length), UInt32(length >> 32)]
            let bad = native(Array(words.prefix(width / 4))) + second.dropFirst(width)
            for (buffer, start) in [(bad, 0), (first + bad, first.count)] {
                let found = AncillaryData.walk(buffer[...], on: platform)
                let isInside = length >= data && length <= bad.count
                if !isInside {
                    #expect(found.fault == .length(length, offset: start))
                    #expect(found.items.count == (start == 0 ? 0 : 1))
                }
                #expect(walk(buffer, on: platform).count == found.items.count)
            }
        }
    }

    @Test(arguments: Platform.allCases)
    func `a header that is cut is no item`(platform: Platform) {
        let format = platform.controlFormat
        for count in 1..<format.headerSize {
            let found = AncillaryData.walk(
                Array(repeating: 0xff, count: count)[...], on: platform)
            #expect(found.items.isEmpty)
            #expect(found.fault == .headerCut(offset: 0, remaining: count))
        }
    }

    @Test(arguments: Platform.allCases)
    func `descriptors travel as each platform has it`(platform: Platform) {
        let item = AncillaryData.rights([3, -9, .max], on: platform)
        #expect(item.rights == [3, -9, .max])
        #expect(item.level == (platform == .linux ? 1 : 0xffff))
        #expect(item.type == (platform == .illumos ? 0x1010 : 1))
        var other = item
        other.type += 1
        #expect(other.rights == nil)
    }

    @Test func `only FreeBSD and DragonFly fill credentials in`() {
        for platform in Platform.allCases {
            let item = AncillaryData.credentialsToFill(on: platform)
            guard platform == .freeBSD || platform == .dragonFly else {
                #expect(item == nil)
                continue
            }
            #expect(
                item
                    == AncillaryData(
                        level: 0xffff, type: 3, bytes: Array(repeating: 0, count: 84), on: platform)
            )
        }
    }
}
