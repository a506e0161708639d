extension AncillaryData {
    /// What a control buffer holds.
    public struct Walk: Hashable, Sendable {
        /// The whole items, in the kernel's order.
        public let items: [AncillaryData]
        /// Why the walk ended before the end of the buffer; nil where it did not.
        public let fault: ControlFault?
    }

    /// The bytes a control buffer needs for an item of `count` data bytes. The corresponding C
    /// macro is `CMSG_SPACE`.
    public static func space(for count: Int, on platform: Platform = .current) -> Int {
        let format = platform.controlFormat
        return format.aligned(format.dataOffset + count)
    }

    /// The control buffer for sendmsg(2) that holds `items` in their order.
    public static func controlBuffer(
        of items: [AncillaryData], on platform: Platform = .current
    ) -> [UInt8] {
        var writer = ControlWriter(
            on: platform,
            capacity: items.reduce(0) { $0 + space(for: $1.bytes.count, on: platform) })
        for item in items { writer.append(item) }
        return writer.bytes
    }

    /// The items in `buffer`, the bytes that recvmsg(2) wrote, and whether these were all of it.
    ///
    /// An item whose length is below its header or reaches past the buffer ends the walk: nothing
    /// behind it can be trusted to be an item.
    public static func walk(
        _ buffer: ArraySlice<UInt8>, on platform: Platform = .current
    ) -> Walk {
        var items: [AncillaryData] = []
        var cursor = ControlCursor(on: platform)
        while let item = cursor.next(in: buffer) {
            items.append(
                AncillaryData(
                    level: item.level, type: item.type, bytes: Array(buffer[item.data]),
                    on: platform))
        }
        return Walk(items: items, fault: cursor.fault)
    }

    /// The items in `buffer`, the bytes that recvmsg(2) wrote, up to the first malformed header.
    public static func items(
        in buffer: ArraySlice<UInt8>, on platform: Platform = .current
    ) -> [AncillaryData] {
        walk(buffer, on: platform).items
    }

    /// The items in `buffer`, the bytes that recvmsg(2) wrote, up to the first malformed header.
    public static func items(
        in buffer: [UInt8], on platform: Platform = .current
    ) -> [AncillaryData] {
        walk(buffer[...], on: platform).items
    }
}
