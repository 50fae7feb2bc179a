import Testing

@testable import A2AGRPC

@Suite("Timeouts")
struct TimeoutTests {
    @Test(
        "a timeout is read with its unit",
        arguments: [
            ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
            ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("99999999H", .seconds(99_999_999 * 3600)),
        ])
    func parse(_ text: String, _ duration: Duration) { #expect(GRPCTimeout.parse(text) == duration) }

    @Test("anything else is none", arguments: ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "1S ", "²S"])
    func malformed(_ text: String) { #expect(GRPCTimeout.parse(text) == nil) }

    @Test(
        "a timeout is written in at most eight digits, not longer than it is and not much shorter",
        arguments: [
            Duration.nanoseconds(999), .microseconds(1), .milliseconds(1), .seconds(1), .seconds(89), .seconds(91),
            .seconds(89_999), .seconds(90_001), .seconds(86_400 * 365), .seconds(99_999_999), .seconds(100_000_001),
            .seconds(Int64.max),
        ])
    func format(_ duration: Duration) throws {
        let text = GRPCTimeout.format(duration)
        let back = try #require(GRPCTimeout.parse(text), "\(text)")
        #expect(back <= duration)
        if duration < .seconds(99_999_999 * 3600), duration > .microseconds(1) { #expect(back * 2 > duration) }
    }

    @Test("no time is left of a deadline that is over", arguments: [Duration.zero, .seconds(-1), .nanoseconds(-1)])
    func over(_ duration: Duration) { #expect(GRPCTimeout.format(duration) == "0n") }
}
