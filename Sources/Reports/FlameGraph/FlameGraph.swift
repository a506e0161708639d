// The flame graph: one HTML file with its style, its script and its data inside. It asks nothing of
// a network, and its content security policy forbids what is not its own. Page, style and script
// are in `Resources`, compiled into the program.

enum FlameGraph {
    static func render(_ profile: Profile) -> [UInt8] {
        let style = PackageResources.page_css
        let script =
            PackageResources.model_js + PackageResources.view_js + PackageResources.page_js
        let policy =
            "default-src 'none'; style-src \(policySource(style)); "
            + "script-src \(policySource(script)); base-uri 'none'; form-action 'none'"
        var output = ReportBuffer()
        // One pass over the page: what is filled in is never searched for placeholders.
        for part in TemplatePart.parts(of: PackageResources.page_html) {
            switch part {
            case .text(let bytes): output.append(Array(bytes))
            case .placeholder("title"): output.append(escapedForHTML(title(of: profile)))
            case .placeholder("policy"): output.append(policy)
            case .placeholder("style"): output.append(style)
            case .placeholder("script"): output.append(script)
            case .placeholder("summary"): output.append(escapedForHTML(summary(of: profile)))
            case .placeholder("data"): output.append(FlameGraphData(profile).json())
            case .placeholder(let name): preconditionFailure("the page has no part \(name)")
            }
        }
        return output.bytes
    }

    private static func title(of profile: Profile) -> String {
        let program = profile.session.program
        return (program.isEmpty ? "" : program + " – ") + "flame graph"
    }

    /// What a reader without scripts gets.
    private static func summary(of profile: Profile) -> String {
        HotFunctions.heading(profile, event: 0).joined(separator: ". ")
    }

    private static func escapedForHTML(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}

/// A page is text with placeholders, `{{title}}`.
private enum TemplatePart {
    case text(ArraySlice<UInt8>)
    case placeholder(String)

    static func parts(of template: [UInt8]) -> [TemplatePart] {
        var parts: [TemplatePart] = []
        var start = 0
        var index = 0
        while index + 1 < template.count {
            let isOpening =
                template[index] == UInt8(ascii: "{") && template[index + 1] == UInt8(ascii: "{")
            guard isOpening, let end = template[index...].firstIndex(of: UInt8(ascii: "}")) else {
                index += 1
                continue
            }
            parts.append(.text(template[start..<index]))
            parts.append(.placeholder(String(decoding: template[index + 2..<end], as: UTF8.self)))
            start = end + 2
            index = start
        }
        parts.append(.text(template[start...]))
        return parts
    }
}
