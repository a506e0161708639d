// Readable names out of linker names. Which demangler a name belongs to is told by its prefix; no
// name is taken apart here, but for the version that ld(1) appends.

internal import CDemangle

/// Demangling of Swift, C++ and Rust (legacy and v0) names.
public enum Demangler {
    /// A longer name is shown as it is: compact manglings can expand without bound.
    static let longestName = 1 << 15

    /// The name to show in a profile: for Swift the form of the runtime's own backtraces,
    /// `Array.append(_:)`; for C++ without the return type; for Rust without the hash.
    /// A name that no demangler knows comes back without its symbol version (`memcpy@GLIBC_2.14`).
    public static func displayName(of name: String) -> String {
        guard name.utf8.count <= longestName else { return name }
        switch Mangling(name) {
        case .swift: return swiftDisplayName(name) ?? name
        case .itaniumOrRust:
            let bare = withoutVersion(name)
            return itaniumOrRust(bare, DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP) ?? bare
        case nil: return withoutVersion(name)
        }
    }

    /// The complete form, with Swift's modules and types, and C++'s return types.
    public static func fullName(of name: String) -> String {
        guard name.utf8.count <= longestName else { return name }
        switch Mangling(name) {
        case .swift: return swiftFullName(name) ?? name
        case .itaniumOrRust:
            return itaniumOrRust(withoutVersion(name), DMGL_PARAMS | DMGL_ANSI) ?? name
        case nil: return name
        }
    }

    /// Whose mangling a name is in, by its prefix.
    enum Mangling {
        case swift
        case itaniumOrRust

        init?(_ name: String) {
            let swift = ["$s", "$S", "$e", "_$s", "_$S", "_$e", "@__swiftmacro_", "_T0"]
            if swift.contains(where: name.hasPrefix) {
                self = .swift
            } else if ["_Z", "__Z", "_R"].contains(where: name.hasPrefix) {
                self = .itaniumOrRust
            } else {
                return nil
            }
        }
    }

    private static func withoutVersion(_ name: String) -> String {
        guard let at = name.utf8.firstIndex(of: UInt8(ascii: "@")), at != name.startIndex else {
            return name
        }
        return String(name[..<at])
    }

    private static func swiftDisplayName(_ name: String) -> String? {
        // SAFETY: the runtime reads `length` bytes and returns a C string of malloc, or null.
        unsafe name.withCString { text in
            unsafe adopted(_swift_backtrace_demangle(text, strlen(text), nil, nil))
        }
    }

    private static func swiftFullName(_ name: String) -> String? {
        // SAFETY: as above.
        unsafe name.withCString { text in
            unsafe adopted(swift_demangle(text, strlen(text), nil, nil, 0))
        }
    }

    private static func itaniumOrRust(_ name: String, _ options: CInt) -> String? {
        // SAFETY: libiberty reads a C string, and returns one of malloc or null.
        unsafe name.withCString { text in
            unsafe adopted(cplus_demangle(text, options | DMGL_AUTO))
        }
    }

    /// Copies a C string of malloc(3) and frees it.
    private static func adopted(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}
