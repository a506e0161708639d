// swift-tools-version: 6.3
import PackageDescription

// A server's package that wants the library and not the profiler: Tests/Harness/library.sh says
// where its copy of the repository is and with which version it is tagged. Elsewhere these are an
// address and a number.
let repository = Context.environment["LIBRARY_REPOSITORY"] ?? ""
let version = Context.environment["LIBRARY_VERSION"] ?? "0.0.0"

let package = Package(
    name: "consumer",
    dependencies: [
        .package(url: repository, exact: .init(stringLiteral: version), traits: [])
    ],
    targets: [
        .executableTarget(
            name: "consumer",
            dependencies: [.product(name: "SocketCredentials", package: "profilerd")]),
        .executableTarget(
            name: "readme",
            dependencies: [.product(name: "SocketCredentials", package: "profilerd")]),
    ]
)
