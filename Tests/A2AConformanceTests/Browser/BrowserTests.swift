import Foundation
import Testing

@testable import A2AConformance

/// The HTML report in a real browser.
@Suite(
    "The HTML report in Chromium", .disabled(if: Tools.areSkipped, "A2A_SKIP_INTEROP=1"), .timeLimit(.minutes(3)))
struct BrowserTests {
    /// A report of all suites in which cases fail, are known to, are skipped and could not be tested, by their places.
    private static func report() throws -> String {
        let root = ReferenceAgentTests.root
        func text(_ path: String) throws -> String {
            try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
        }
        let plan = try TestPlan(files: [root.appendingPathComponent("conformance/suites").path])
        var report = RunReport(url: "http://here", started: Date(timeIntervalSince1970: 1_700_000_000))
        report.duration = .milliseconds(12_345)
        report.agent = AgentUnderTest(
            card: ["name": "An <agent> & \"more\"", "version": "2.0", "supportedInterfaces": []],
            url: "http://here/card.json")
        report.notes = ["supportedInterfaces[4] has the binding <SOAP>, which cannot be tested"]
        var count = 0
        for binding in TransportBinding.allCases {
            for suite in plan.suites {
                for test in suite.tests where !test.isClientTest {
                    count += 1
                    var result = CaseResult(suite: suite.id, test: test, binding: binding, outcome: .pass)
                    switch count {
                    case let count where count % 97 == 0:
                        result.outcome = .fail
                        result.failure = Failure(
                            "expected 1, got <script>alert(1)</script>", stepID: "send", expected: "1",
                            actual: "<script>alert(1)</script>" + String(repeating: "x", count: 300), path: "a.b",
                            line: 3)
                        result.steps = [
                            StepResult(
                                id: "send", outcome: .fail, duration: .milliseconds(4), failure: result.failure,
                                trace: [
                                    TraceLine(mark: ">", text: "POST /"), TraceLine(mark: "<", text: "HTTP 200\n<b>"),
                                ])
                        ]
                        if count % 2 == 0 { result.known = "R-1: it is known" }
                    case let count where count % 89 == 0:
                        result.outcome = .error
                        result.reason = "cannot connect"
                    case let count where count % 7 == 0:
                        result.outcome = .skip
                        result.reason = "it does not apply"
                    default: break
                    }
                    report.results.append(result)
                }
            }
        }
        let requirements = try RequirementList(parsing: try text("spec/requirements.yaml"), file: "requirements.yaml")
        let links = try SpecificationLinks(parsing: try text("spec/anchors.yaml"), file: "anchors.yaml")
        return HTMLReport.html(report, plan: plan, strict: false, reference: Reference(requirements, links))
    }

    /// What became of a page.
    private struct Seen {
        var requests: [String]
        var console: [String]
        var results: [JSONValue]
    }

    /// Opens the report and does these steps with it.
    private static func see(_ steps: [JSONValue], _ folder: URL) async throws -> Seen {
        let page = folder.appendingPathComponent("report.html")
        try Self.report().write(to: page, atomically: true, encoding: .utf8)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("browser.py")
            .path
        let outcome = try await Program.start(
            ["python3", script, page.absoluteString], in: folder, input: JSONValue.array(steps).description)
        guard outcome.status == 0 else {
            throw Failed(
                description: outcome.status == 77
                    ? "There is no Chromium. Run 'make setup', or set A2A_SKIP_INTEROP=1." : "\(outcome)")
        }
        let json = try JSONValue(parsing: Array(outcome.output.utf8))
        return Seen(
            requests: json["requests"]?.elements?.compactMap(\.string) ?? [],
            console: json["console"]?.elements?.compactMap(\.string) ?? [], results: json["results"]?.elements ?? [])
    }

    private struct Failed: Error, CustomStringConvertible { let description: String }

    private static func evaluate(_ script: String) -> JSONValue { ["evaluate": .string(script)] }

    private static let visible = "document.querySelectorAll('details.item:not([hidden])').length"
    private static func press(_ button: String) -> JSONValue {
        Self.evaluate("document.querySelector('.filter button[\(button)]').click(), \(Self.visible)")
    }
    private static func type(_ text: String) -> JSONValue {
        Self.evaluate(
            "(f => {f.value = '\(text)'; f.dispatchEvent(new Event('input'))})(document.querySelector('.filter input')), \(Self.visible)"
        )
    }

    @Test("asks nothing of a network, has no error, no markup of the agent, and every link of it leads somewhere")
    func alone() async throws {
        try await Program.withFolder { folder in
            let seen = try await Self.see(
                [
                    Self.evaluate("document.title"), Self.evaluate("document.querySelectorAll('script').length"),
                    Self.evaluate(
                        "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1))).length"
                    ),
                    Self.evaluate(
                        "[...document.querySelectorAll('a[href]')].filter(a => !/^(https:|file:)/.test(a.protocol)).length"
                    ),
                    Self.evaluate("document.querySelectorAll('article.case.fail a[href^=\"https:\"]').length > 0"),
                    Self.evaluate(
                        "document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
                    ),
                    Self.evaluate("fetch('https://example.com/').then(() => 'went', () => 'refused')"),
                ], folder)
            #expect(seen.requests.filter { !$0.hasPrefix("file:") && !$0.hasPrefix("https://example.com") } == [])
            #expect(seen.requests.filter { $0.hasPrefix("file:") }.count == 1)
            #expect(seen.results.prefix(6) == ["A2A conformance: An <agent> & \"more\" 2.0", 1, 0, 0, true, 0])
            // Its own policy forbids what it does not need; the browser says so, and there is nothing else to say.
            #expect(seen.results.last == "refused")
            #expect(seen.console.allSatisfy { $0.contains("https://example.com/") }, "\(seen.console)")
        }
    }

    @Test("its list can be filtered by words, standing and level, and folded")
    func filters() async throws {
        try await Program.withFolder { folder in
            let open = Self.evaluate("document.querySelectorAll('details.list[open]:not([hidden])').length")
            let seen = try await Self.see(
                [
                    Self.evaluate("document.querySelector('.filter').hidden"), Self.evaluate(Self.visible),
                    Self.press("data-standing=failed"),
                    Self.evaluate("document.querySelectorAll('details.item[data-standing=failed]').length"), open,
                    Self.press("data-level=must"), Self.press("data-standing=held"),
                    Self.evaluate("document.querySelector('.filter output').textContent"),
                    Self.press("data-standing=failed"), Self.press("data-standing=held"),
                    Self.press("data-level=must"),
                    Self.type("core-send-001 exactly"), open, Self.type("no such words"), Self.type(""),
                    Self.press("data-fold"), open,
                    Self.evaluate("document.querySelectorAll('details.list').length"),
                    Self.press("data-fold"), open,
                ], folder)
            #expect(seen.console == [])
            let numbers = seen.results.map { $0.int ?? -1 }
            #expect(seen.results[0] == false)
            #expect(numbers[2] == numbers[3] && numbers[2] > 0 && numbers[2] < numbers[1])
            #expect(numbers[4] > 0)
            #expect(numbers[5] < numbers[2] && numbers[6] > numbers[5])
            #expect(seen.results[7].string == "\(numbers[6]) of \(numbers[1])")
            #expect(numbers[10] == numbers[1], "all are there again")
            #expect(numbers[11] == 1 && numbers[12] == 1 && numbers[13] == 0 && numbers[14] == numbers[1])
            #expect(numbers[16] == numbers[17] && numbers[19] == 0)
        }
    }

    @Test("it is readable on any width, in the dark, and on paper") func looks() async throws {
        // How much wider than the window the page is, and the least contrast of its texts with what is behind them (WCAG: 4.5).
        let width = Self.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        let contrast = Self.evaluate(
            """
            (() => {
              const light = c => { const v = c.match(/[\\d.]+/g).map(Number).slice(0, 3)
                .map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
                return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
              const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
                if (!/, 0\\)$/.test(c)) return c } return 'rgb(255,255,255)' };
              let least = [99, ''];
              for (const e of document.querySelectorAll('h1,h2,h3,p,dd,dt,li,summary b,.text,.row span,.verdict span,.badge,.count,pre span,.marks .pass,.marks .fail,.marks .known,.marks .error,footer')) {
                const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
                const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                if (ratio < least[0]) least = [ratio, e.className + ' ' + e.tagName + ' ' + e.textContent.slice(0, 30)] }
              return least })()
            """)
        let paper = Self.evaluate("getComputedStyle(document.body).backgroundColor")
        try await Program.withFolder { folder in
            let picture = folder.appendingPathComponent("report.png").path
            let document = folder.appendingPathComponent("report.pdf").path
            let seen = try await Self.see(
                [
                    ["size": [1280, 900]], width, contrast, paper,
                    ["size": [390, 800]], width,
                    ["media": "screen", "scheme": "dark"], contrast, paper, ["screenshot": .string(picture)],
                    ["media": "print"], Self.evaluate("getComputedStyle(document.querySelector('.filter')).display"),
                    ["size": [720, 1000]], width, contrast,
                    Self.evaluate(
                        "dispatchEvent(new Event('beforeprint')), document.querySelectorAll('details.list:not([open])').length"
                    ),
                    Self.evaluate("getComputedStyle(document.querySelector('.wire')).display"),
                    Self.evaluate(
                        "dispatchEvent(new Event('afterprint')), document.querySelectorAll('details.list:not([open])').length > 0"
                    ),
                    ["pdf": .string(document)],
                ], folder)
            #expect(seen.console == [])
            for index in [1, 5, 13] {
                #expect(seen.results[index].int ?? 99 <= 0, "width, step \(index): \(seen.results[index])")
            }
            for index in [2, 7, 14] {
                #expect(seen.results[index][0]?.double ?? 0 >= 4.5, "contrast, step \(index): \(seen.results[index])")
            }
            #expect(seen.results[3] != seen.results[8], "the dark is another paper")
            #expect(seen.results[11] == "none")
            #expect(seen.results[15] == 0, "on paper all requirements are there")
            #expect(seen.results[16] == "none", "what is folded is left out on paper")
            #expect(seen.results[17] == true, "and folded again after that")
            #expect(seen.results[9].int ?? 0 > 10_000)
            #expect(try Data(contentsOf: URL(fileURLWithPath: document)).starts(with: "%PDF-".utf8))
        }
    }
}
