public import LinuxSystem

/// Descriptors that the manager has kept under one name for this process.
public final class StoredDescriptors {
    public let name: String
    public var descriptors = DescriptorList()

    public init(name: String) { self.name = name }
}
