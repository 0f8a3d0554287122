public import Model

/// The longest span that is read: 2^63 nanoseconds, as Prometheus' own limit. Sums cannot overflow.
private let durationMillisMax: Int64 = 9_223_372_036_854

/// Prometheus' notation: `[Ny][Nw][Nd][Nh][Nm][Ns][Nms]`, each unit once, in this order, or "0".
/// Nil for anything else, and for more than 292 years. O(bytes).
public func parseDuration(_ text: String) -> TimeSpan? {
    if text == "0" { return .zero }
    let units: [(name: String, millis: Int64)] = [
        ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000),
        ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    var total: Int64 = 0
    var rest = Substring(text)
    var next = 0
    while !rest.isEmpty {
        guard let count = leadingInteger(&rest) else { return nil }
        let name = rest.prefix { !isDigit($0) }
        guard let unit = units[next...].firstIndex(where: { $0.name == name }) else { return nil }
        rest = rest.dropFirst(name.count)
        next = unit + 1
        let (millis, isTooLong) = count.multipliedReportingOverflow(by: units[unit].millis)
        guard !isTooLong, millis <= durationMillisMax - total else { return nil }
        total += millis
    }
    return text.isEmpty ? nil : TimeSpan(millis: total)
}

/// Bytes: "4GiB" (powers of 1024), "1GB" (powers of 1000), "512B", "1048576".
/// Nil for anything else and for what does not fit 63 bits.
public func parseSize(_ text: String) -> Int? {
    var rest = Substring(text)
    guard let count = leadingInteger(&rest) else { return nil }
    let units: [String: Int64] = [
        "": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
        "TB": 1_000_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]
    guard let unit = units[String(rest)] else { return nil }
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: unit)
    return isTooLarge ? nil : Int(bytes)
}

private func leadingInteger(_ rest: inout Substring) -> Int64? {
    let digits = rest.prefix(while: isDigit)
    rest = rest.dropFirst(digits.count)
    return Int64(digits)
}

private func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
