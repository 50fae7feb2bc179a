import Foundation
import Testing

@testable import A2AClientHarness
@testable import A2AConformance

@Suite("Wrong clients")
struct ClientMutantTests {
    /// The cases that must catch each fault.
    static let table: [(fault: ClientFault, cases: [String])] = [
        (.noVersion, ["jsonrpc/CLIENT-VER-001", "rest/CLIENT-REST-004"]),
        (.patchInVersion, ["jsonrpc/CLIENT-VER-002"]),
        (.cardsVersion, ["jsonrpc/CLIENT-VER-003"]),
        (.oldNames, ["jsonrpc/CLIENT-RPC-002"] + (1...11).map { "jsonrpc/CLIENT-OP-\($0 < 10 ? "00" : "0")\($0)" }),
        (.textContent, ["jsonrpc/CLIENT-RPC-003"]),
        (.noEnvelope, ["jsonrpc/CLIENT-RPC-001"]),
        (.noExtensions, ["jsonrpc/CLIENT-EXT-001"]),
        (.semicolons, ["jsonrpc/CLIENT-EXT-002"]),
        (.twoFields, ["jsonrpc/CLIENT-EXT-003"]),
        (.otherField, ["jsonrpc/CLIENT-RPC-004", "rest/CLIENT-REST-004"]),
        (.noTenant, ["jsonrpc/CLIENT-TENANT-001", "rest/CLIENT-TENANT-001"]),
        (.madeUpTenant, ["jsonrpc/CLIENT-TENANT-002"]),
        (.oldRole, ["jsonrpc/CLIENT-MSG-002", "jsonrpc/CLIENT-MSG-009"]),
        (.kinds, ["jsonrpc/CLIENT-MSG-002", "jsonrpc/CLIENT-MSG-009"]),
        (.camelIsUnknown, ["jsonrpc/CLIENT-MSG-002"]),
        (.lowercaseContext, ["jsonrpc/CLIENT-MSG-003"]),
        (.madeUpTask, ["jsonrpc/CLIENT-MSG-004"]),
        (.forgetsTask, ["jsonrpc/CLIENT-MSG-005"]),
        (.pushNamesTask, ["jsonrpc/CLIENT-MSG-006"]),
        (.madeUpHistory, ["jsonrpc/CLIENT-MSG-007"]),
        (.noMessageID, ["jsonrpc/CLIENT-MSG-008"]),
        (.urlSafeBase64, ["jsonrpc/CLIENT-MSG-001"]),
        (.offsetInTime, ["jsonrpc/CLIENT-MSG-010"]),
        (.wholeSeconds, ["jsonrpc/CLIENT-MSG-011"]),
        (.noCredentials, ["jsonrpc/CLIENT-AUTH-001"]),
        (.keyAsBearer, ["jsonrpc/CLIENT-AUTH-002"]),
        (.noCredentialsForCard, ["jsonrpc/CLIENT-AUTH-003"]),
        (.envelopeInREST, ["rest/CLIENT-REST-001"]),
        (.jsonContent, ["rest/CLIENT-REST-002"]),
        (.otherPaths, ["rest/CLIENT-REST-003"]),
        (.bodyInGet, ["rest/CLIENT-REST-005"]),
        (.snakeQuery, ["rest/CLIENT-REST-006"]),
        (.rawQuery, ["rest/CLIENT-REST-007"]),
        (.oldBooleans, ["rest/CLIENT-REST-008"]),
        (.latin1, ["rest/CLIENT-REST-009"]),
        (.rawPath, ["rest/CLIENT-REST-010"]),
        (.takesLast, ["jsonrpc/CLIENT-SEL-001"]),
        (.takesFirstBlindly, ["jsonrpc/CLIENT-SEL-002"]),
        (.ignoresMajor, ["jsonrpc/CLIENT-SEL-003"]),
        (.oldCardPath, ["jsonrpc/CLIENT-CARD-001"]),
        (.keepsNothing, ["jsonrpc/CLIENT-CARD-002"]),
        (.forgetsTag, ["jsonrpc/CLIENT-CARD-003"]),
        (.keepsEverything, ["jsonrpc/CLIENT-CARD-004"]),
        (.takesAnyCard, ["jsonrpc/CLIENT-CARD-005"]),
        (.followsRedirects, ["jsonrpc/CLIENT-AUTH-004"]),
        (.trustsAnybody, (2...5).map { "jsonrpc/CLIENT-TLS-00\($0)" }),
        (.trustsNobody, ["jsonrpc/CLIENT-TLS-001"]),
        (.ignoresCapabilities, (1...3).map { "jsonrpc/CLIENT-CAP-00\($0)" }),
        (.oneErrorForAll, ["jsonrpc/CLIENT-ERR-001"]),
        (.losesMessages, ["jsonrpc/CLIENT-ERR-002"]),
        (
            .swallowsErrors,
            [
                "CARD-006", "ERR-003", "ERR-005", "ERR-006", "ERR-007", "ERR-011",
                "ERR-008", "BROKEN-001", "BROKEN-006", "BROKEN-007", "VER-004",
            ]
            .map { "jsonrpc/CLIENT-\($0)" } + ["rest/CLIENT-BROKEN-003"]
        ),
        (.stumblesOverDetails, ["jsonrpc/CLIENT-ERR-004"]),
        (.ignoresStatus, ["jsonrpc/CLIENT-ERR-007"]),
        (.sendsAgain, ["jsonrpc/CLIENT-ERR-010"]),
        (.readsHalf, ["jsonrpc/CLIENT-BROKEN-001"]),
        (.takesNonsense, ["jsonrpc/CLIENT-BROKEN-002", "rest/CLIENT-BROKEN-003"]),
        (.ignoresID, ["jsonrpc/CLIENT-BROKEN-004", "jsonrpc/CLIENT-SSE-010"]),
        (.takesNoResult, ["jsonrpc/CLIENT-BROKEN-005"]),
        (.impatient, ["jsonrpc/CLIENT-BROKEN-008"]),
        (.smallAnswersOnly, ["jsonrpc/CLIENT-BROKEN-009"]),
        (.noRequiredMembers, ["jsonrpc/CLIENT-BROKEN-010"]),
        (.strictMembers, ["jsonrpc/CLIENT-BROKEN-011", "jsonrpc/CLIENT-PARSE-004"]),
        (.bytewiseText, ["jsonrpc/CLIENT-BROKEN-012", "jsonrpc/CLIENT-SSE-008"]),
        (.reorders, ["jsonrpc/CLIENT-STREAM-001"]),
        (.duplicates, ["jsonrpc/CLIENT-STREAM-001"]),
        (.losesFlags, ["jsonrpc/CLIENT-STREAM-002"]),
        (.losesMessageEvents, ["jsonrpc/CLIENT-STREAM-003"]),
        (.staysAfterEnd, ["jsonrpc/CLIENT-STREAM-005"]),
        (.breakIsEnd, ["jsonrpc/CLIENT-STREAM-006"]),
        (.startsAgain, ["jsonrpc/CLIENT-STREAM-007"]),
        (.commentsAreData, ["jsonrpc/CLIENT-SSE-001"]),
        (.onlyLF, ["jsonrpc/CLIENT-SSE-002"]),
        (.noCR, ["jsonrpc/CLIENT-SSE-003"]),
        (.firstLineOnly, ["jsonrpc/CLIENT-SSE-004"]),
        (.fieldsConfuse, ["jsonrpc/CLIENT-SSE-005"]),
        (.needsBlank, ["jsonrpc/CLIENT-SSE-006"]),
        (.markConfuses, ["jsonrpc/CLIENT-SSE-007"]),
        (.ignoresBadEvents, ["jsonrpc/CLIENT-SSE-009"]),
    ]

    static func plan() throws -> TestPlan {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try TestPlan(files: [root.appending(path: "conformance/suites").path])
    }

    static func run(
        _ plan: TestPlan, _ hello: HarnessHello, _ harness: any ClientHarness, only: [String] = [], jobs: Int = 8
    ) async -> RunReport {
        var configuration = RunConfiguration()
        configuration.only = only
        configuration.jobs = jobs
        return await ClientRunner(plan: plan, configuration: configuration).run(hello, harness)
    }

    @Test("a client that shares nothing with ours passes all but what it has not")
    func right() async throws {
        let report = await Self.run(try Self.plan(), PlainClient.hello, PlainClient())
        let failures = report.results.filter { $0.outcome == .fail || $0.outcome == .error }
        // It knows one interface, the one that it chose: this shows that the case sees it.
        #expect(Set(failures.map(\.test.id)) == ["CLIENT-SEL-004"])
        for result in failures where result.test.id != "CLIENT-SEL-004" {
            Issue.record("\(result.name): \(result.failure?.message ?? "") \(TextReport.details(result))")
        }
    }

    @Test("each fault of a client is caught by the case that says so")
    func mutants() async throws {
        let plan = try Self.plan()
        var lines: [String] = []
        await withTaskGroup(of: [String].self) { group in
            for (fault, cases) in Self.table {
                group.addTask {
                    let ids = Set(cases.map { String($0.split(separator: "/")[1]) })
                    let report = await Self.run(
                        plan, PlainClient.hello, PlainClient([fault]), only: ids.sorted(), jobs: 2)
                    return cases.map { name in
                        let result = report.results.first { $0.name == name }
                        let isCaught = result?.outcome == .fail
                        if !isCaught {
                            Issue.record(
                                "\(fault) is not caught by \(name): \(result.map { "\($0.outcome) \($0.reason ?? "")" } ?? "no such case")"
                            )
                        }
                        let requirements = result?.test.requirements.joined(separator: " ") ?? ""
                        return "\(fault.rawValue.padded(22)) \(name.padded(26)) \(requirements)"
                    }
                }
            }
            for await own in group { lines += own }
        }
        print("fault of the client    case                       requirements")
        for line in lines.sorted() { print(line) }
        let caught = Set(Self.table.flatMap(\.cases).map { String($0.split(separator: "/")[1]) })
        let all = plan.suites.flatMap(\.tests).filter(\.isClientTest).map(\.id)
        let open = all.filter { !caught.contains($0) }
        print(
            "\(Self.table.count) faults, \(caught.count) of \(all.count) cases; without a fault of this kind: \(open.joined(separator: ", "))"
        )
        #expect(Self.table.count >= 15)
        #expect(caught.isSubset(of: Set(all)))
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - self.count))
    }
}
