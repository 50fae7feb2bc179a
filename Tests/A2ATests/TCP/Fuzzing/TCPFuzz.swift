#if canImport(A2A)
    @testable import A2A
#endif

/// What must hold for any octets. The fuzzer and the seeded tests run the same code.
///
/// The first octet of an input chooses what is done with the rest; each check gives what is wrong, or `nil`.
enum TCPFuzz {
    static func check(_ input: [UInt8]) -> String? {
        guard let choice = input.first else { return nil }
        let rest = Array(input.dropFirst())
        switch choice % 3 {
        case 0: return self.division(rest)
        case 1: return self.payloads(rest)
        default:
            var machine = TCPFuzzMachine(rest)
            return machine.run()
        }
    }

    static var settings: TCPSettings {
        var settings = TCPSettings()
        settings.callCredit = 8
        settings.resumeSeconds = 60
        settings.features = 1
        return settings
    }

    // MARK: Division

    /// However octets are divided among reads, the same comes of them.
    ///
    /// Input: an octet that chooses the role, one that chooses the division, and what the peer sends.
    static func division(_ input: [UInt8]) -> String? {
        guard input.count >= 2 else { return nil }
        let role: TCPRole = input[0] & 1 == 0 ? .listener : .initiator
        var octets = Array(input.dropFirst(2))
        if input[0] & 2 == 0 {
            octets = TCPPreface.octets + TCPFrame.hello(TCPHello(settings: Self.settings)).octets + octets
        }
        let whole = Self.read(octets, role) { _ in .max }
        var state = UInt64(input[1]) | 0x1_0000
        let divided = Self.read(octets, role) { _ in
            guard input[1] > 0 else { return 1 }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 59) + 1
        }
        return whole == divided ? nil : "another division, another result:\n\(whole)\n\(divided)"
    }

    private static func read(_ octets: [UInt8], _ role: TCPRole, chunk: (Int) -> Int) -> String {
        let now = TCPInstant(milliseconds: 1_000_000)
        var configuration = TCPConfiguration(hello: TCPHello(settings: Self.settings))
        configuration.reassemblyLimit = 1 << 20
        var connection = TCPConnection(role, configuration, now: now)
        if role == .initiator {
            // Calls of this side's own, so that responses have somewhere to go.
            for stream in [UInt32(1), 3] {
                _ = connection.open(TCPCall(.init(.getTask)), now: now)
                if stream == 1 { _ = connection.send([1], isLast: true, on: 1) }
            }
        }
        var output: [UInt8] = []
        _ = connection.output(into: &output, limit: .max, now: now)
        var log: [String] = []
        var input: [UInt8] = []
        var start = 0
        while start < octets.count {
            let end = start + min(chunk(start), octets.count - start)
            input += octets[start..<end]
            start = end
            var offset = 0
            while let event = input.withUnsafeBytes({ connection.receive($0, at: &offset, now: now) }) {
                if case .message(let message) = event {
                    let body =
                        switch message.payload {
                        case .inPlace(let range): Array(input[range])
                        case .assembled(let octets): octets
                        }
                    log.append(
                        "message \(message.stream) \(message.isLast) \(message.sequence ?? 0) \(message.cost) \(body)")
                } else {
                    log.append("\(event)")
                }
            }
            input.removeFirst(offset)
        }
        while let event = connection.nextEvent() { log.append("\(event)") }
        log.append("\(connection.glitchCount) \(connection.reservedOctets) \(connection.openStreams)")
        log.append("\(connection.nextDeadline(now: now)?.milliseconds ?? 0)")
        _ = connection.output(into: &output, limit: .max, now: now)
        return log.joined(separator: "\n") + "\n\(output)"
    }

    // MARK: Payloads

    /// What is read can be written and read again, and is written as it was, but for what the specification lets a receiver
    /// ignore or replace.
    static func payloads(_ octets: [UInt8]) -> String? {
        var offset = 0
        while offset < octets.count {
            let start = offset
            let frame: TCPFrame
            do throws(TCPViolation) {
                guard let next = try Self.frame(octets, at: &offset) else { return nil }
                frame = next
            } catch {
                if error.scope == .stream { continue }
                return nil
            }
            let again = frame.octets
            var end = 0
            guard let second = try? Self.frame(again, at: &end), end == again.count else {
                return "cannot be read again: \(frame)"
            }
            let isReplaced = Self.isReplaced(frame)
            if second != frame, !isReplaced { return "\(frame) became \(second)" }
            // What was replaced or left out is so once.
            if second.octets != again, !isReplaced { return "written in two ways: \(frame)" }
            let original = Array(octets[start..<offset])
            if again != original, !isReplaced, !Self.leavesOut(frame, original) {
                return "written otherwise: \(frame), \(original) as \(again)"
            }
        }
        return nil
    }

    /// Texts for people have octets replaced that are not UTF-8, and are cut to their length again.
    private static func isReplaced(_ frame: TCPFrame) -> Bool {
        switch frame {
        case .reset(_, let reset): reset.text.unicodeScalars.contains("\u{FFFD}")
        case .goAway(let goAway): goAway.text.unicodeScalars.contains("\u{FFFD}")
        default: false
        }
    }

    /// Settings that are unknown, have the default or come in another order; private kinds of credentials; a trace context of
    /// zeros.
    private static func leavesOut(_ frame: TCPFrame, _ original: [UInt8]) -> Bool {
        switch frame {
        case .hello(let hello):
            let count = Int(original[8])
            let ids = (0..<count).map { UInt16(original[9 + 6 * $0]) << 8 | UInt16(original[10 + 6 * $0]) }
            return ids != hello.settings.entries.map(\.id)
        case .auth: return frame.octets.count < original.count
        case .call(_, let call): return call.trace == nil && original[1] & 1 == 1
        default: return false
        }
    }

    private static func frame(_ octets: [UInt8], at offset: inout Int) throws(TCPViolation) -> TCPFrame? {
        let result = octets.withUnsafeBytes { bytes -> Result<TCPFrame?, TCPViolation> in
            do throws(TCPViolation) { return .success(try TCPFrame(bytes, at: &offset)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension TCPFrame {
    /// The frame as it is written.
    var octets: [UInt8] {
        var octets: [UInt8] = []
        self.encode(into: &octets)
        return octets
    }
}
