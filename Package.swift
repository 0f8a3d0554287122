// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: Swift 6 mode, warnings are errors, imports are explicit.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Targets below the purity line also mark each unsafe expression. See docs/ARCHITECTURE.md.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

/// The modules, in the order the data flows. An entry may import only entries above it.
let modules: [Target] = [
    .target(name: "Model", dependencies: ["CMath"], swiftSettings: pure),
    .target(name: "Text", dependencies: ["Model", "CYAML", "CRE2"], swiftSettings: pure),
    .target(
        name: "Wire", dependencies: ["Model", "Text", "CSnappy", "CSimdjson"], swiftSettings: pure),
    .target(name: "Storage", dependencies: ["Model", "Text"], swiftSettings: pure),
    .target(name: "Drift", dependencies: ["Model", "CMath"], swiftSettings: pure),
    .target(name: "Alerting", dependencies: ["Model", "Text"], swiftSettings: pure),
    .target(name: "Ingest", dependencies: ["Model", "Wire", "Storage"], swiftSettings: pure),
    .target(name: "Traces", dependencies: ["Model", "Text", "Wire"], swiftSettings: pure),
    .target(
        name: "Query", dependencies: ["Model", "Text", "Alerting", "CMath"], swiftSettings: pure),
    .target(name: "Runs", dependencies: ["Model", "Text", "Wire"], swiftSettings: pure),
    .target(
        name: "SLO", dependencies: ["Model", "Text", "Wire", "Ingest", "Runs", "Traces"],
        swiftSettings: pure),
    .target(
        name: "Convert", dependencies: ["Model", "Text", "Query", "SLO"], swiftSettings: pure),
    .target(
        name: "Agent",
        dependencies: [
            "Model", "Text", "Wire", "Storage", "Drift", "Alerting", "Ingest", "Query", "Runs",
            "Traces",
            "SLO",
        ],
        swiftSettings: pure),
    .target(
        name: "Backtest",
        dependencies: [
            "Model", "Text", "Wire", "Storage", "Alerting", "Ingest", "Query", "SLO", "Agent",
        ],
        swiftSettings: pure),
    .target(
        name: "Server",
        dependencies: [
            "Model", "Text", "Wire", "Storage", "Alerting", "Ingest", "Query", "Runs", "Traces",
            "Agent", "Backtest", "CCurl", "CMicrohttpd", "CNghttp2", "COpenSSL", "CZlib",
        ],
        swiftSettings: strict),
]

/// C libraries and shims. `CMath` stands in for Glibc below the purity line.
let libraries: [Target] = [
    .systemLibrary(
        name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
    .systemLibrary(
        name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
        name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(
        name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .systemLibrary(
        name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CAllocations"),
    .target(name: "CPlatform"),
    .target(name: "CMath", linkerSettings: [.linkedLibrary("m")]),
    .target(
        name: "CRE2",
        linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
    .target(
        name: "CSimdjson",
        linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
]

/// One test target a module; a test may look inside the modules its subject is made of.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let testTargets: [Target] = [
    tests("Model", ["Model"]),
    tests("Text", ["Text", "Model"]),
    // protobuf-c and what protoc-c made of the .proto files: what Wire's decoder is compared with.
    .target(
        name: "CRemoteWriteOracle", path: "Tests/Oracle",
        exclude: ["remote.proto", "remote2.proto"],
        linkerSettings: [.linkedLibrary("protobuf-c")]),
    tests("Wire", ["Wire", "Text", "Model", "CRemoteWriteOracle"]),
    tests("Storage", ["Storage", "Text", "Model"]),
    tests("Drift", ["Drift", "Model", "CMath"], exclude: ["goldens.py", "goldens.json"]),
    tests(
        "Alerting", ["Alerting", "Text", "Model"], exclude: ["intervals.py", "intervals.json"]),
    tests("Ingest", ["Ingest", "Storage", "Wire", "Model"]),
    tests("Traces", ["Traces", "Wire", "Text", "Model"]),
    tests("Query", ["Query", "Alerting", "Text", "Model"]),
    tests("Runs", ["Runs", "Wire", "Text", "Model"]),
    tests(
        "SLO", ["SLO", "Runs", "Traces", "Ingest", "Wire", "Text", "Model"],
        exclude: ["zones.py", "zones.json"]),
    tests("Convert", ["Convert", "SLO", "Query", "Text", "Model"]),
    tests(
        "Agent",
        [
            "Agent", "SLO", "Runs", "Query", "Drift", "Alerting", "Ingest", "Storage", "Wire",
            "Traces",
            "Text", "Model",
        ]),
    tests(
        "Backtest",
        [
            "Backtest", "Agent", "SLO", "Query", "Alerting", "Ingest", "Storage", "Wire", "Text",
            "Model",
        ]),
    tests(
        "Server", ["Server", "Backtest", "Agent", "Alerting", "Storage", "Wire", "Text", "Model"]),
    tests("Command", ["pitot", "Drift", "Server", "Agent", "Text", "Model"]),
    tests("Tidy", []),
]

let package = Package(
    name: "pitot",
    products: [.executable(name: "pitot", targets: ["pitot"])],
    targets: libraries + modules + [
        .executableTarget(
            name: "pitot",
            dependencies: [
                "Model", "Text", "Wire", "Drift", "Alerting", "Query", "SLO", "Convert", "Agent",
                "Backtest", "Server", "CPlatform",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "pitot-bench",
            dependencies: [
                "Model", "Text", "Wire", "Storage", "Drift", "Ingest", "Query", "Runs", "SLO",
                "Agent", "Backtest", "Server", "CAllocations", "CPlatform",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "pitot-drift-sim", dependencies: ["Model", "Drift", "CMath"],
            swiftSettings: strict),
    ] + testTargets,
    cxxLanguageStandard: .cxx17
)
