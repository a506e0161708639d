// pprof's format (google/pprof, proto/profile.proto), gzip-compressed as its tools expect. Every
// event is a value of its own, the samples are counted besides; thread, tid, pid and mode are labels.

internal import PprofProto
internal import SwiftProtobuf

enum Pprof {
    static func render(_ profile: Profile) throws(ReportError) -> [UInt8] {
        var encoder = PprofEncoder(profile)
        let message = encoder.encode()
        do {
            let bytes: [UInt8] = try message.serializedBytes()
            return try gzip(bytes)
        } catch let error as ReportError {
            throw error
        } catch {
            throw .encoding("\(error)")
        }
    }
}

/// Builds the message; texts go to its string table.
struct PprofEncoder {
    private let profile: Profile
    private var strings = Table<String>()
    private var message = Pprof_Profile()

    init(_ profile: Profile) {
        self.profile = profile
        // The table begins with the empty text.
        _ = strings.index(of: "")
    }

    mutating func encode() -> Pprof_Profile {
        encodeEvents()
        encodeMappings()
        encodeFunctions()
        encodeLocations()
        encodeSamples()
        encodeLosses()
        message.timeNanos = Int64(clamping: profile.session.startRealtime ?? 0)
        message.durationNanos = Int64(clamping: profile.session.duration)
        for comment in comments() { message.comment.append(text(comment)) }
        message.stringTable = strings.values
        return message
    }

    private mutating func text(_ string: String) -> Int64 { Int64(strings.index(of: string)) }

    private mutating func valueType(_ type: String, _ unit: String) -> Pprof_ValueType {
        var value = Pprof_ValueType()
        value.type = text(type)
        value.unit = text(unit)
        return value
    }

    private mutating func encodeEvents() {
        message.sampleType.append(valueType("samples", "count"))
        for event in profile.events {
            message.sampleType.append(valueType(typeName(of: event), event.unit))
        }
        if profile.losses.count > 0 { message.sampleType.append(valueType("lost", "count")) }
        guard let first = profile.events.first else { return }
        message.periodType = valueType(typeName(of: first), first.unit)
        message.defaultSampleType = text(typeName(of: first))
        message.period = Int64(clamping: period(of: first))
    }

    /// The one name that viewers know is `cpu`.
    private func typeName(of event: ProfileEvent) -> String {
        event.name == "cpu-clock" || event.name == "task-clock" ? "cpu" : event.name
    }

    private func period(of event: ProfileEvent) -> UInt64 {
        guard event.isFrequency else { return event.periodOrFrequency }
        return event.unit == "nanoseconds" && event.periodOrFrequency > 0
            ? 1_000_000_000 / event.periodOrFrequency : 0
    }

    private mutating func encodeMappings() {
        let named = Set(profile.functions.filter(\.isNamed).map(\.module))
        for index in mappingOrder() {
            let mapping = profile.mappings[index]
            let module = profile.modules[mapping.module]
            var encoded = Pprof_Mapping()
            encoded.id = UInt64(index + 1)
            encoded.memoryStart = mapping.start
            encoded.memoryLimit = mapping.start.addingSaturated(mapping.length)
            encoded.fileOffset = mapping.fileOffset
            encoded.filename = text(module.path)
            encoded.buildID = text(hexadecimal(module.buildID))
            // What has no names yet may get them from pprof's own look-up.
            encoded.hasFunctions_p = named.contains(mapping.module)
            encoded.hasFilenames_p = encoded.hasFunctions_p
            encoded.hasLineNumbers_p = encoded.hasFunctions_p
            encoded.hasInlineFrames_p = encoded.hasFunctions_p
            message.mapping.append(encoded)
        }
    }

    /// pprof takes the first mapping for the program's.
    private func mappingOrder() -> [Int] {
        let isProgram = profile.mappings.indices.filter { index in
            profile.modules[profile.mappings[index].module].name == profile.session.program
        }
        return isProgram + profile.mappings.indices.filter { !isProgram.contains($0) }
    }

    private mutating func encodeFunctions() {
        for (index, function) in profile.functions.enumerated() {
            var encoded = Pprof_Function()
            encoded.id = UInt64(index + 1)
            encoded.name = text(function.name)
            encoded.systemName = text(function.systemName)
            encoded.filename = text(function.file)
            message.function.append(encoded)
        }
    }

    private mutating func encodeLocations() {
        for (index, location) in profile.locations.enumerated() {
            var encoded = Pprof_Location()
            encoded.id = UInt64(index + 1)
            encoded.mappingID = location.mapping.map { UInt64($0 + 1) } ?? 0
            encoded.address = location.address
            encoded.line = location.lines.map { line in
                var encoded = Pprof_Line()
                encoded.functionID = UInt64(line.function + 1)
                encoded.line = Int64(line.line)
                return encoded
            }
            message.location.append(encoded)
        }
    }

    private mutating func encodeSamples() {
        let keys = (text("thread"), text("tid"), text("pid"), text("mode"))
        let modes = (user: text("user"), kernel: text("kernel"))
        for sample in profile.samples {
            let thread = profile.threads[sample.thread]
            var encoded = Pprof_Sample()
            encoded.locationID = locations(of: sample.stack)
            encoded.value = [Int64](repeating: 0, count: message.sampleType.count)
            encoded.value[0] = Int64(clamping: sample.count)
            encoded.value[sample.event + 1] = Int64(clamping: sample.weight)
            encoded.label = [
                label(keys.0, text: text(thread.name)), label(keys.1, number: thread.tid),
                label(keys.2, number: thread.pid),
                label(keys.3, text: sample.isKernel ? modes.kernel : modes.user),
            ]
            message.sample.append(encoded)
        }
    }

    /// Lost samples are a value of their own, by cause below one root; no other value has them.
    private mutating func encodeLosses() {
        guard profile.losses.count > 0 else { return }
        let root = encodeLoss("[lost]")
        for loss in profile.losses.losses {
            var encoded = Pprof_Sample()
            encoded.locationID = [encodeLoss("[\(loss.cause)]"), root]
            encoded.value = [Int64](repeating: 0, count: message.sampleType.count)
            encoded.value[message.sampleType.count - 1] = Int64(clamping: loss.count)
            message.sample.append(encoded)
        }
    }

    /// A function and a location of a name that is no program's.
    private mutating func encodeLoss(_ name: String) -> UInt64 {
        var function = Pprof_Function()
        function.id = UInt64(message.function.count + 1)
        function.name = text(name)
        function.systemName = function.name
        message.function.append(function)
        var line = Pprof_Line()
        line.functionID = function.id
        var location = Pprof_Location()
        location.id = UInt64(message.location.count + 1)
        location.line = [line]
        message.location.append(location)
        return location.id
    }

    /// Innermost first.
    private func locations(of stack: Int32) -> [UInt64] {
        var ids: [UInt64] = []
        var node = Int(stack)
        while node != 0 {
            ids.append(UInt64(profile.stacks.locations[node]) + 1)
            node = Int(profile.stacks.parents[node])
        }
        return ids
    }

    private func comments() -> [String] {
        let command = profile.session.command
        return (command.isEmpty ? [] : ["command: \(command)"])
            + ["samples: \(HotFunctions.losses(profile))"]
            + (profile.samples.isEmpty ? [HotFunctions.explanation(profile)] : [])
            + profile.session.notes
    }
}

private func label(_ key: Int64, text: Int64) -> Pprof_Label {
    var label = Pprof_Label()
    label.key = key
    label.str = text
    return label
}

private func label(_ key: Int64, number: UInt32) -> Pprof_Label {
    var label = Pprof_Label()
    label.key = key
    label.num = Int64(number)
    return label
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
