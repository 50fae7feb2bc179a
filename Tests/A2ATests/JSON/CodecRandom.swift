import A2A
import FoundationEssentials
import SwiftProtobuf

/// Repeatable random input for codecs (the SplitMix64 sequence).
///
/// A failing case prints its seed.
struct CodecRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func chance(_ numerator: Int, in denominator: Int) -> Bool { self.int(1...denominator) <= numerator }

    mutating func pick<T>(_ choices: [T]) -> T { choices[self.int(0...(choices.count - 1))] }

    mutating func list<T>(_ count: ClosedRange<Int>, _ make: (inout CodecRandom) -> T) -> [T] {
        var list: [T] = []
        for _ in 0..<self.int(count) { list.append(make(&self)) }
        return list
    }

    mutating func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
        self.list(count) { UInt8.random(in: 0...255, using: &$0) }
    }

    /// Bytes that look like JSON more often than not.
    mutating func jsonLikeBytes(_ count: ClosedRange<Int>) -> [UInt8] {
        let tokens = [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "true", "false", "null", "0", "-1", "1.0", "2e5", "\"a\"",
            "\"id\":", "\"jsonrpc\":\"2.0\"", "\"method\":\"GetTask\"", "\"params\":{}", " ", "\n", "é", "\u{1F600}",
            "\\u00e9", "\\ud83d", "\"text\":\"x\"", "\"message\":", "\"parts\":[", "\"data\":",
        ]
        return self.list(count) { Array($0.pick(tokens).utf8) }.flatMap { $0 }
    }

    /// The input with a few bytes changed, removed, repeated or added.
    mutating func mutate(_ input: [UInt8]) -> [UInt8] {
        var output = input
        for _ in 0..<self.int(1...4) where !output.isEmpty {
            let index = self.int(0...(output.count - 1))
            switch self.int(0...4) {
            case 0: output[index] = UInt8.random(in: 0...255, using: &self)
            case 1: output.remove(at: index)
            case 2: output.insert(self.pick(Array("{}[]\",:\\0e-. %:/".utf8)), at: index)
            case 3: output.removeLast(self.int(0...min(8, output.count)))
            default: output.insert(contentsOf: output[index..<min(output.count, index + self.int(1...12))], at: index)
            }
        }
        return output
    }

    /// The input cut into pieces of random length, some of them empty.
    mutating func chunks(_ input: [UInt8]) -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var index = 0
        while index < input.count {
            let length = self.chance(1, in: 3) ? self.int(0...2) : self.int(1...20)
            chunks.append(Array(input[index..<min(input.count, index + length)]))
            index += length
        }
        return chunks
    }

    // MARK: Messages

    mutating func string() -> String {
        let pieces = [
            "", "a", "42.0", "\"3.0\"", "\\", "\"", "/", "\n", "\r\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é",
            "e\u{301}", "漢字",
            "\u{1F468}\u{200D}\u{1F469}", "\u{FFFF}", "\u{2028}", "{\"a\":1.0}", "0.0,", ":", " ", "%2F", "x.0]",
            "-0.0",
        ]
        return self.list(0...6) { $0.pick(pieces) }.joined()
    }

    mutating func number() -> Double {
        let special: [Double] = [
            0, -0.0, 1, -1, 42, 1.5, 10.05, 0.1, 1e15, 1e16, 1e17, 123_456_789_012_345, 9_007_199_254_740_992, 1e300,
            -1e-300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 3.0e10, 100, 1000.25,
        ]
        if self.chance(1, in: 2) { return self.pick(special) }
        if self.chance(1, in: 2) { return Double(self.int(-1_000_000...1_000_000)) / self.pick([1, 10, 100, 8]) }
        let bits = Double(bitPattern: self.next())
        return bits.isFinite ? bits : 7
    }

    mutating func value(depth: Int = 0) -> Google_Protobuf_Value {
        switch self.int(0...(depth > 4 ? 3 : 5)) {
        case 0: return Google_Protobuf_Value(numberValue: self.number())
        case 1: return Google_Protobuf_Value(stringValue: self.string())
        case 2: return Google_Protobuf_Value(boolValue: self.chance(1, in: 2))
        case 3: return nil
        case 4:
            var list = Google_Protobuf_ListValue()
            list.values = self.list(0...3) { $0.value(depth: depth + 1) }
            return Google_Protobuf_Value(listValue: list)
        default: return Google_Protobuf_Value(structValue: self.structure(depth: depth + 1))
        }
    }

    mutating func structure(depth: Int = 0) -> Google_Protobuf_Struct {
        var structure = Google_Protobuf_Struct()
        for _ in 0..<self.int(0...3) { structure.fields[self.string()] = self.value(depth: depth + 1) }
        return structure
    }

    mutating func part() -> A2APart {
        var part = A2APart()
        switch self.int(0...4) {
        case 0: part.text = self.string()
        case 1: part.raw = Data(self.bytes(0...40))
        case 2: part.url = self.string()
        case 3: part.data = self.value()
        default: break
        }
        if self.chance(1, in: 3) { part.metadata = self.structure() }
        if self.chance(1, in: 3) { part.filename = self.string() }
        if self.chance(1, in: 3) { part.mediaType = self.string() }
        return part
    }

    mutating func message() -> A2AMessage {
        var message = A2AMessage()
        if self.chance(3, in: 4) { message.messageID = self.string() }
        if self.chance(1, in: 2) { message.contextID = self.string() }
        if self.chance(1, in: 2) { message.taskID = self.string() }
        if self.chance(3, in: 4) { message.role = self.pick([.user, .agent, .unspecified]) }
        message.parts = self.list(0...3) { $0.part() }
        if self.chance(1, in: 3) { message.metadata = self.structure() }
        message.extensions = self.list(0...2) { $0.string() }
        message.referenceTaskIds = self.list(0...2) { $0.string() }
        return message
    }

    mutating func status() -> A2ATaskStatus {
        var status = A2ATaskStatus()
        if self.chance(3, in: 4) { status.state = self.pick(A2ATaskState.allCases) }
        if self.chance(1, in: 3) { status.message = self.message() }
        if self.chance(1, in: 2) { status.timestamp = self.timestamp() }
        return status
    }

    mutating func timestamp() -> Google_Protobuf_Timestamp {
        Google_Protobuf_Timestamp(
            seconds: Int64(self.int(-62_135_596_800...253_402_300_799)), nanos: Int32(self.int(0...999_999_999)))
    }

    mutating func artifact() -> A2AArtifact {
        var artifact = A2AArtifact()
        if self.chance(3, in: 4) { artifact.artifactID = self.string() }
        artifact.name = self.string()
        artifact.parts = self.list(0...3) { $0.part() }
        if self.chance(1, in: 3) { artifact.metadata = self.structure() }
        return artifact
    }

    mutating func task() -> A2ATask {
        var task = A2ATask()
        if self.chance(3, in: 4) { task.id = self.string() }
        task.contextID = self.string()
        if self.chance(3, in: 4) { task.status = self.status() }
        task.artifacts = self.list(0...2) { $0.artifact() }
        task.history = self.list(0...2) { $0.message() }
        if self.chance(1, in: 3) { task.metadata = self.structure() }
        task.generation = self.pick([0, 1, .max, .min, 9_007_199_254_740_993])
        return task
    }

    mutating func sendRequest() -> A2ASendMessageRequest {
        var request = A2ASendMessageRequest()
        request.tenant = self.string()
        if self.chance(3, in: 4) { request.message = self.message() }
        if self.chance(1, in: 2) {
            request.configuration.acceptedOutputModes = self.list(0...2) { $0.string() }
            if self.chance(1, in: 2) { request.configuration.historyLength = self.pick([0, 1, -1, .max, .min]) }
            request.configuration.returnImmediately = self.chance(1, in: 2)
        }
        if self.chance(1, in: 3) { request.metadata = self.structure() }
        return request
    }

    mutating func card() -> A2AAgentCard {
        var card = A2AAgentCard()
        card.name = self.string()
        card.supportedInterfaces = self.list(0...2) { random in
            var interface = A2AAgentInterface()
            interface.url = random.string()
            return interface
        }
        card.defaultInputModes = self.list(0...2) { $0.string() }
        card.skills = self.list(0...3) { random in
            var skill = A2AAgentSkill()
            skill.id = random.string()
            skill.tags = random.list(0...2) { $0.string() }
            return skill
        }
        for _ in 0..<self.int(0...2) {
            var scheme = A2ASecurityScheme()
            switch self.int(0...2) {
            case 0: scheme.apiKeySecurityScheme.name = self.string()
            case 1: scheme.oauth2SecurityScheme.flows.clientCredentials.tokenURL = self.string()
            default: scheme.oauth2SecurityScheme.flows.authorizationCode.scopes = [self.string(): self.string()]
            }
            card.securitySchemes[self.string()] = scheme
        }
        return card
    }
}
