// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// What only the programs need. Who depends on the library alone says `traits: []` and gets no more
/// packages than swift-system.
let programs: TargetDependencyCondition? = .when(traits: ["Programs"])

let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(
    name: "Logging", package: "swift-log", condition: programs)
let protobuf: Target.Dependency = .product(
    name: "SwiftProtobuf", package: "swift-protobuf", condition: programs)
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser", condition: programs)
let toml: Target.Dependency = .product(
    name: "TOMLKit", package: "TOMLKit", condition: programs)

/// A target of the package under the settings that every target shares.
func target(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
    -> Target
{
    .target(
        name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func program(
    _ name: String, _ dependencies: [Target.Dependency], linkerSettings: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings,
        linkerSettings: linkerSettings)
}

/// What keeps the memory of an idle daemon small. Nobody looks symbols up in it by name, and
/// relocations are a megabyte to read at each start unless they are packed, which of the linkers at
/// hand GNU ld can do (binutils 2.38, glibc 2.36). libstdc++, which reads the configuration, is
/// linked statically where the Makefile has put it by itself. Allowed, because no library product
/// has this target.
let compactLinking: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=bfd", "-L.build/static",
            "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
            "pack-relative-relocs",
        ],
        .when(platforms: [.linux], configuration: .release))
]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies,
        exclude: [], swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "profilerd",
    products: [
        .library(name: "SocketCredentials", targets: ["SocketCredentials"]),
        .executable(name: "profilerd", targets: ["profilerd"]),
        .executable(name: "profilerctl", targets: ["profilerctl"]),
    ],
    traits: [
        .default(enabledTraits: ["Programs"]),
        .trait(name: "Programs", description: "What the programs need beyond the library."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        // Without its traits it needs no more of Foundation than FoundationEssentials.
        .package(
            url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
        // No target needs it, so that it is fetched for this package alone, never for a dependent.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin.git", from: "1.5.0"),
    ],
    targets: [
        // Each target imports only from those above it.
        .target(name: "CLinux"),
        .target(name: "CSecureStart"),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(
            name: "CCapabilities", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CElfutils", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
        .systemLibrary(name: "CDemangle", providers: [.apt(["libiberty-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Its calls are Linux's; the layouts and texts are everywhere.
        target(
            "SocketCredentials",
            [.target(name: "CLinux", condition: .when(platforms: [.linux])), systemPackage]),
        target("LinuxSystem", ["CLinux", "CCapabilities", "SocketCredentials", systemPackage]),
        target("Varlink", ["SocketCredentials", "LinuxSystem"]),
        target(
            "ControlProtocol", ["Varlink"],
            resources: [.embedInCode("io.profilerd.Control.varlink")]),
        target("Policy", ["SocketCredentials", "ControlProtocol"]),
        target("PerfRecords", []),
        target("PerfRing", ["CLinux", "LinuxSystem", "PerfRecords"]),
        target("Recording", ["LinuxSystem"]),
        target("Systemd", ["CSystemd", "LinuxSystem", logging, systemPackage]),
        target(
            "Sessions",
            ["Varlink", "ControlProtocol", "PerfRing", "Recording", "Systemd", logging]),
        target(
            "Configuration", ["ControlProtocol", "LinuxSystem", "Policy", logging, toml]),
        target(
            "Daemon",
            [
                "Varlink", "ControlProtocol", "Policy", "Configuration", "Sessions", "Systemd",
                logging,
            ]),
        .target(
            name: "PprofProto",
            dependencies: [protobuf],
            exclude: ["profile.proto"], swiftSettings: settings),
        target("Symbols", ["CElfutils", "CDemangle", "CZlib", "LinuxSystem"]),
        target(
            "Reports",
            ["LinuxSystem", "Recording", "Symbols", "PprofProto", "CZlib", protobuf],
            resources: [
                .embedInCode("Resources/page.html"), .embedInCode("Resources/page.css"),
                .embedInCode("Resources/model.js"), .embedInCode("Resources/view.js"),
                .embedInCode("Resources/page.js"),
            ]),

        program(
            "profilerd", ["Configuration", "Daemon", "LinuxSystem"], linkerSettings: compactLinking),
        target(
            "Client",
            [
                "ControlProtocol", "Policy", "Configuration", "PerfRing", "Recording", "Symbols",
                "Reports", "Systemd", argumentParser, systemPackage,
            ]),
        program(
            "profilerctl", ["Client", "CSecureStart"],
            linkerSettings: [
                .unsafeFlags(
                    ["-L.build/static"], .when(platforms: [.linux], configuration: .release))
            ]),
        // What `make bench` compares with Benchmarks/roundtrip.c.
        .executableTarget(
            name: "RoundTrip", dependencies: ["SocketCredentials", systemPackage],
            path: "Benchmarks/RoundTrip", swiftSettings: settings),

        tests("Reports", ["LinuxSystem", "Recording", "Symbols", "PprofProto", protobuf]),
        // What the tests profile: a C program that is told what to do.
        .executableTarget(name: "TestProgram", path: "Tests/TestProgram"),
        tests("PerfRecords", []),
        tests("Recording", ["LinuxSystem", "CLinux"]),
        tests("Systemd", ["CLinux", "LinuxSystem", logging]),
        // Socket pairs, users and counts for the tests of several targets.
        .target(
            name: "TestSupport", dependencies: ["CLinux", "LinuxSystem", "SocketCredentials"],
            path: "Tests/TestSupport", swiftSettings: [.treatAllWarnings(as: .error)]),
        tests(
            "PerfRing",
            [
                "LinuxSystem", "PerfRecords", "CLinux", "TestSupport", systemPackage, "TestProgram",
            ]),
        tests("SocketCredentials", ["CLinux", "LinuxSystem", "TestSupport", systemPackage]),
        tests("LinuxSystem", ["CLinux", "SocketCredentials", "TestSupport", systemPackage]),
        tests("Varlink", ["LinuxSystem", "SocketCredentials", "TestSupport"]),
        tests("ControlProtocol", ["Varlink"]),
        tests("Policy", ["ControlProtocol", "SocketCredentials"]),
        tests("Configuration", ["ControlProtocol", "Policy", "TestSupport", logging]),
        tests(
            "Sessions",
            [
                "CLinux", "ControlProtocol", "LinuxSystem", "PerfRing", "Recording", "Systemd",
                "TestSupport", "Varlink", logging,
            ]),
        tests(
            "Daemon",
            [
                "ControlProtocol", "LinuxSystem", "SocketCredentials", "Systemd", "TestSupport",
                "Varlink", logging,
            ]),
        tests("Symbols", ["LinuxSystem"]),
        tests(
            "Client",
            [
                "LinuxSystem", "SocketCredentials", "ControlProtocol", "Systemd", "Varlink",
                "Reports",
            ]),
        // The programs themselves, on real perf events.
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "profilerd", "profilerctl", "TestProgram", "Client", "ControlProtocol",
                "LinuxSystem", "PerfRecords", "PerfRing", "Recording", "SocketCredentials",
                "TestSupport", "Varlink", systemPackage,
            ],
            swiftSettings: [.treatAllWarnings(as: .error)]),
    ]
)
