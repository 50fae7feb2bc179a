import A2A
import FoundationEssentials

extension HTTPPushNotificationSender {
    /// How long `Retry-After` asks to wait: seconds, or a date.
    static func retryAfter(_ value: String, now: Date) -> Duration? {
        let value = value.trimmingSpaces
        if let seconds = Int64(value) { return .seconds(min(max(seconds, 0), Int64(Int32.max))) }
        if !value.isEmpty, value.allSatisfy({ $0.isASCII && $0.isNumber }) { return .seconds(Int32.max) }
        let words = value.split(separator: " ")
        // "Wed, 21 Oct 2026 07:28:00 GMT"; the two obsolete forms are not worth reading.
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = Self.months.firstIndex(of: String(words[2]))
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard (1970...9999).contains(year), (1...31).contains(day), time.count == 3, (0...23).contains(time[0]),
            (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        var components = DateComponents()
        (components.year, components.month, components.day) = (year, month + 1, day)
        (components.hour, components.minute, components.second) = (time[0], time[1], time[2])
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard let date = calendar.date(from: components) else { return nil }
        return .seconds(min(max(date.timeIntervalSince(now), 0), Double(Int32.max)))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
