// swift-tools-version: 6.2
import PackageDescription

// The examples, a package of their own: they see what any other package sees of swift-a2a, and nothing more.

let a2a: [Target.Dependency] = [
    .product(name: "A2A", package: "swift-a2a"),
    .product(name: "A2AHTTP", package: "swift-a2a"),
    .product(name: "A2AServer", package: "swift-a2a"),
]
let a2aClient = Target.Dependency.product(name: "A2AClient", package: "swift-a2a")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let services = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "swift-a2a-examples",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-a2a", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        .executableTarget(name: "hello", dependencies: a2a + [logging, services, signals]),
        .executableTarget(name: "coordinator", dependencies: a2a + [a2aClient, logging, services, signals]),
        .executableTarget(
            name: "embedded",
            dependencies: a2a + [
                a2aClient, logging, services, signals,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "ExamplesTests",
            dependencies: a2a + [
                "coordinator", "embedded", "hello", a2aClient,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
