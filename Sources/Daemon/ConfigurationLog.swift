// What the journal has about configurations: the place of what is wrong in fields of their own.

internal import Configuration
internal import Logging
internal import Systemd

extension Logger.Metadata {
    /// A configuration that cannot be used. The reason is the whole sentence, with its place.
    static func refused(
        _ error: ConfigurationError, as message: JournalMessage
    ) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "file": .string(error.file),
            "reason": .string(PrintableText.escaped(error.description, limit: 1000)),
        ]
        metadata["line"] = error.line.map { .stringConvertible($0) }
        metadata["key"] = error.key.map { .string(PrintableText.escaped($0)) }
        return .journal(message, metadata)
    }

    /// A configuration that holds from now on.
    static func reloaded(_ configuration: Configuration) -> Logger.Metadata {
        .journal(
            .configurationReloaded, ["rules": .stringConvertible(configuration.rules.count)])
    }
}
