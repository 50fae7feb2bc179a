// The entry of the fuzzer. It is compiled as one module with Sources/A2A/TCP and Tests/A2ATests/TCP/Fuzzing (see `run`), so that
// the fuzzer and the seeded tests have one body of code.

/// What the codes of errors hang on; the codec needs no more of it.
public struct A2AError {}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    // The fuzzer keeps the input of a run that dies.
    if let problem = TCPFuzz.check(input) { fatalError(problem) }
    return 0
}
