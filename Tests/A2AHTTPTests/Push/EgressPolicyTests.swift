import A2A
import Testing

@testable import A2AHTTP

@Suite("Where requests may go on a caller's word")
struct EgressPolicyTests {
    @Test(
        "addresses that are not public are refused, in every form",
        arguments: [
            // Loopback.
            "127.0.0.1", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]",
            // Unspecified: on many systems this machine too.
            "0.0.0.0", "0.1.2.3", "[::]",
            // Private.
            "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255",
            "[fc00::1]", "[fd12:3456:789a::1]", "[fdff:ffff::]", "[fec0::1]",
            // Link-local, metadata, shared.
            "169.254.0.1", "169.254.169.254", "169.254.170.2", "[fe80::1]", "[febf::1]", "[fd00:ec2::254]",
            "100.64.0.1", "100.127.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192",
            // Multicast, reserved, broadcast.
            "224.0.0.1", "239.255.255.255", "[ff02::1]", "240.0.0.1", "255.255.255.255", "192.0.0.1",
            "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "192.88.99.1", "[2001:db8::1]",
            "[3fff::1]", "[100::1]", "[5f00::1]", "[4000::1]",
            // IPv4 in disguise.
            "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::7f00:1]",
            "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]",
        ])
    func refused(_ host: String) {
        #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().check(url: "https://\(host)/hook") }
        // And where a name leads there.
        let address = host.filter { $0 != "[" && $0 != "]" }
        #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().usable([address], isSecure: true) }
    }

    @Test(
        "public addresses and names are allowed",
        arguments: [
            ("https://example.com/hook", "example.com", 443), ("https://8.8.8.8/", "8.8.8.8", 443),
            ("https://172.32.0.1/", "172.32.0.1", 443), ("https://172.15.255.255/", "172.15.255.255", 443),
            ("https://100.128.0.1:8443/x", "100.128.0.1", 8443), ("https://[2606:4700::1111]/", "2606:4700::1111", 443),
            ("HTTPS://EXAMPLE.com.:444/a?b=c%20d", "example.com.", 444),
        ])
    func allowed(_ url: String, _ host: String, _ port: Int) throws {
        let target = try EgressPolicy().check(url: url)
        #expect(target.host == host)
        #expect(target.port == port)
        #expect(target.isSecure)
    }

    @Test("a public network address is usable, special ones beside it are left out")
    func mixed() throws {
        let usable = try EgressPolicy().usable(
            ["10.0.0.1", "8.8.8.8", "::1", "fe80::1%eth0", "2606:4700::1111"], isSecure: true)
        #expect(usable.map(\.description) == ["8.8.8.8", "2606:4700::1111"])
        #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().usable([], isSecure: true) }
        #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().usable(["fe80::1%eth0"], isSecure: true) }
    }

    @Test(
        "URLs that are something else are refused",
        arguments: [
            "http://example.com/", "ftp://example.com/", "https://", "https:///hook", "hook", "",
            "https://user@example.com/", "https://user:password@example.com/", "https://exa mple.com/",
            "https://example.com%00.evil/", "https://exämple.com/", "https://[fe80::1%25eth0]/", "https://[::1",
            "file:///etc/passwd",
            "https://xn--bcher-kva.example/",
            "https://example.com@127.0.0.1/",
            "https://8.8.8.8:0/", "https://8.8.8.8:65536/", "https://8.8.8.8:99999999999999999999/",
            "https://[2606:4700::1111]:65536/", "https://8.8.8.8:-1/", "https://8.8.8.8:+80/",
        ])
    func malformed(_ url: String) {
        #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().check(url: url) }
    }

    @Test("numbers that only resolvers take for addresses count as names, so what they lead to is checked")
    func oddForms() async throws {
        for host in ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "0x7f.0.0.1"] {
            let target = try EgressPolicy().check(url: "https://\(host)/")
            #expect(target.address == nil)
            let addresses = (try? await SystemHostResolver().addresses(of: host)) ?? []
            #expect(throws: EgressPolicy.Refusal.self) { try EgressPolicy().usable(addresses, isSecure: true) }
        }
    }

    @Test("the system's resolver knows this machine, and that no longer waits who was cancelled")
    func systemResolver() async throws {
        #expect(try await SystemHostResolver().addresses(of: "localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
        await #expect(throws: (any Error).self) { try await SystemHostResolver().addresses(of: "no-such-host.invalid") }
    }

    @Test("lists allow and deny names and networks")
    func lists() throws {
        var policy = EgressPolicy()
        policy.allowedHosts = ["hooks.example.com", "*.example.org"]
        policy.deniedHosts = ["bad.example.org"]
        policy.allowedNetworks = [try #require(IPNetwork("10.1.0.0/16"))]
        policy.deniedNetworks = [try #require(IPNetwork("10.1.2.0/24")), try #require(IPNetwork("8.8.8.8"))]
        for url in [
            "https://hooks.example.com/", "https://HOOKS.example.com./", "https://a.example.org/",
            "https://a.b.example.org/",
        ] {
            #expect(throws: Never.self, "\(url)") { try policy.check(url: url) }
        }
        for url in [
            "https://example.com/", "https://example.org/", "https://evilexample.org/", "https://bad.example.org/",
        ] {
            #expect(throws: EgressPolicy.Refusal.self, "\(url)") { try policy.check(url: url) }
        }
        #expect(
            try policy.usable(["10.1.1.1", "10.1.2.1", "10.2.0.1", "8.8.8.8"], isSecure: true).map(\.description) == [
                "10.1.1.1"
            ])
    }

    @Test("the switch for development opens loopback, and nothing else")
    func development() throws {
        var policy = EgressPolicy()
        policy.insecurelyAllowsLoopback = true
        for url in ["http://127.0.0.1:8080/hook", "https://127.0.0.1/", "http://[::1]/", "http://localhost/"] {
            #expect(throws: Never.self, "\(url)") { try policy.check(url: url) }
        }
        #expect(try policy.usable(["127.0.0.1", "::1"], isSecure: false).count == 2)
        for url in [
            "http://10.0.0.1/", "https://10.0.0.1/", "http://8.8.8.8/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
        ] {
            #expect(throws: EgressPolicy.Refusal.self, "\(url)") { try policy.check(url: url) }
        }
        // http to a name that leads elsewhere.
        #expect(throws: EgressPolicy.Refusal.self) { try policy.usable(["8.8.8.8"], isSecure: false) }
    }

    @Test("a network has the addresses that share its first bits")
    func networks() throws {
        for (network, inside, outside) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "9.255.255.255", "::a00:0"]),
            ("192.168.4.0/22", ["192.168.4.0", "192.168.7.255"], ["192.168.8.0", "192.168.3.255"]),
            ("0.0.0.0/0", ["1.2.3.4"], ["::1"]), ("1.2.3.4", ["1.2.3.4"], ["1.2.3.5"]),
            ("fe80::/10", ["fe80::", "febf:ffff::1"], ["fec0::", "fe7f::"]),
        ] {
            let network = try #require(IPNetwork(network))
            for text in inside { #expect(network.contains(try #require(IPAddress(text))), "\(text)") }
            for text in outside { #expect(!network.contains(try #require(IPAddress(text))), "\(text)") }
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "x/8", "::/129", "10.0.0.0/"] {
            #expect(IPNetwork(text) == nil, "\(text)")
        }
    }
}
