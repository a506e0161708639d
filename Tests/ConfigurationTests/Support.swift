import Glibc
import Testing

@testable import Configuration

/// Users and groups that are the same on every host.
let testNames = AccountNames(
    user: { ["alice": 1000, "bob": 1001][$0] }, group: { ["wheel": 10, "users": 100][$0] })

func applied(_ text: String) throws(ConfigurationError) -> Configuration {
    var configuration = Configuration()
    try configuration.apply(text, file: "test.toml", names: testNames)
    return configuration
}

/// What a text is refused for.
func refusal(_ text: String) -> ConfigurationError? {
    do { _ = try applied(text) } catch { return error }
    return nil
}

/// A rule of the file.
func rule(_ name: String, _ action: String, _ conditions: String = "") -> String {
    "[[policy.rules]]\nname = \"\(name)\"\naction = \"\(action)\"\n\(conditions)\n"
}

func write(_ text: String, _ path: String) throws {
    let file = try #require(fopen(path, "w"))
    fputs(text, file)
    fclose(file)
}

func contents(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    return String(decoding: bytes, as: UTF8.self)
}
