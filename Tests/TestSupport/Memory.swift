import Foundation

/// How much memory the process holds, in bytes.
package func residentBytes() -> Int {
    // Pages in use are the second number of the file.
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * sysconf(Int32(_SC_PAGESIZE))
}
