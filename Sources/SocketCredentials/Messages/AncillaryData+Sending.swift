extension AncillaryData {
    /// A claim of `pid`, `uid` and `gid` (Linux `SCM_CREDENTIALS`); the kernel refuses it from a
    /// sender that may not become them.
    public static func credentials(pid: Int32, uid: UInt32, gid: UInt32) -> AncillaryData {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(12)
        bytes.append(pid: pid, uid: uid, gid: gid)
        return AncillaryData(level: socketLevel, type: credentialsType, bytes: bytes, on: .linux)
    }

    /// An empty `cmsgcred` (`SCM_CREDS`), which the kernel fills with the sender's own ids; nil
    /// where the kernel does no such thing, which is everywhere but on FreeBSD and DragonFly.
    public static func credentialsToFill(on platform: Platform = .current) -> AncillaryData? {
        guard Credentials.Source.cmsgcred.platforms.contains(platform) else { return nil }
        let bytes = [UInt8](repeating: 0, count: Layout.cmsgcred.fixedSize)
        return AncillaryData(level: platform.socketLevel, type: 0x03, bytes: bytes, on: platform)
    }

    /// A `SCM_RIGHTS` item for descriptors that the caller keeps open until it was sent.
    public static func rights(
        _ descriptors: [Int32], on platform: Platform = .current
    ) -> AncillaryData {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(descriptors.count * 4)
        bytes.append(rights: descriptors)
        return AncillaryData(
            level: platform.socketLevel, type: platform.rightsType, bytes: bytes, on: platform)
    }

    /// An item whose data are one C `int`.
    public static func int(
        _ value: Int32, level: Int32, type: Int32, on platform: Platform = .current
    ) -> AncillaryData {
        var bytes: [UInt8] = []
        bytes.append(native: UInt32(bitPattern: value))
        return AncillaryData(level: level, type: type, bytes: bytes, on: platform)
    }
}
