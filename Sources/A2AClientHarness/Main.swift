import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The harness of our client for `a2a-conformance client` (conformance/client-harness.md): commands come in on standard input, one
/// JSON object a line, answers go out on standard output. It ends when its input ends.
@main
enum HarnessMain {
    static func main() async {
        let receiver = Receiver()
        let driver = Driver(receiver: receiver)
        Self.say(Driver.hello)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await receiver.run() }
            for await line in Self.lines() {
                do {
                    let command = try JSONDecoder().decode(Command.self, from: Data(line.utf8))
                    Self.say(await driver.perform(command).line)
                } catch {
                    Self.say(#"{"id":"","error":{"message":"the line is no command"}}"#)
                }
            }
            group.cancelAll()
        }
    }

    /// The lines of standard input, which are waited for on a thread of their own.
    private static func lines() -> AsyncStream<String> {
        let (lines, reading) = AsyncStream.makeStream(of: String.self)
        DispatchQueue(label: "standard input").async {
            while let line = readLine() { reading.yield(line) }
            reading.finish()
        }
        return lines
    }

    private static func say(_ line: String) {
        // Not through a buffer of the C library: flushing it would wait for the thread that reads.
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension Command {
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(self.request))
    }
}
