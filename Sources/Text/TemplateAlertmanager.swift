public import Model

// The functions and methods of Alertmanager's notification templates (docs/notifications of
// Prometheus). Maps of texts are its KV, lists are its Alerts and Pairs: a method is known by its
// name, and wins over a key of that name as in Go.

extension TemplateFunctions {
    /// Adds the functions of notification templates; `since` counts to `now`.
    public mutating func addAlertmanager(now: Timestamp) {
        addTemplateCall()
        addNotificationTexts()
        addNotificationTimes(now: now)
        add("join") { arguments throws(TemplateFault) in
            try needed(arguments, "join", 2)
            guard case .list(let list) = arguments[1] else {
                throw TemplateFault("join of \(arguments[1].typeName)")
            }
            let separator = try text(arguments[0], "join")
            return .string(list.map(\.printed).joined(separator: separator))
        }
        add("stringSlice") { arguments in .list(arguments.map { .string($0.printed) }) }
        addPatterns()
        add("toJson") { arguments throws(TemplateFault) in
            try needed(arguments, "toJson", 1)
            guard arguments[0].isNested(within: TemplateValue.nestingMax) else {
                throw TemplateFault("nested more than \(TemplateValue.nestingMax) deep")
            }
            var json = JSONWriter()
            json.value(arguments[0])
            return .string(json.text)
        }
        method = notificationMethod
    }

    private mutating func addNotificationTexts() {
        func mapped(_ name: String, _ make: @escaping @Sendable (String) -> String) {
            add(name) { arguments throws(TemplateFault) in
                try needed(arguments, name, 1)
                return .string(make(try text(arguments[0], name)))
            }
        }
        mapped("toUpper") { $0.uppercased() }
        mapped("toLower") { $0.lowercased() }
        mapped("title", titled)
        mapped("trimSpace", withoutSpaceAround)
        mapped("safeHtml") { $0 }
        mapped("safeUrl") { $0 }
        mapped("urlUnescape", unescapedQuery)
    }

    private mutating func addNotificationTimes(now: Timestamp) {
        add("humanizeDuration") { arguments throws(TemplateFault) in
            try needed(arguments, "humanizeDuration", 1)
            return .string(humanizedDuration(try templateFloat(arguments[0])))
        }
        add("since") { arguments throws(TemplateFault) in
            try needed(arguments, "since", 1)
            let moment = try GoMoment(arguments[0])
            return .duration(nanoseconds(now.seconds - moment.seconds))
        }
        add("date") { arguments throws(TemplateFault) in
            try needed(arguments, "date", 2)
            return .string(try GoMoment(arguments[1]).text(try text(arguments[0], "date")))
        }
        add("tz") { arguments throws(TemplateFault) in
            try needed(arguments, "tz", 2)
            let name = try text(arguments[0], "tz")
            guard ["UTC", "Local", "", "Etc/UTC"].contains(name) else {
                throw TemplateFault("the time zone \(name) is not known here; UTC is")
            }
            return arguments[1]
        }
    }
}

private func nanoseconds(_ seconds: Double) -> Int64 {
    let nanos = (seconds * 1000).rounded() * 1e6
    return abs(nanos) < 9e18 ? Int64(nanos) : (nanos < 0 ? .min : .max)
}

private func notificationMethod(
    _ value: TemplateValue, _ name: String, _ arguments: [TemplateValue]
) throws(TemplateFault) -> TemplateValue? {
    switch value {
    case .texts(let map): return try methodOfTexts(map, name, arguments)
    case .list(let list): return methodOfList(list, name)
    case .time: return try methodOfTime(try GoMoment(value), name, arguments)
    case .duration(let nanos):
        switch name {
        case "Seconds": return .float(Double(nanos) / 1e9)
        case "Minutes": return .float(Double(nanos) / 60e9)
        case "Hours": return .float(Double(nanos) / 3600e9)
        case "Milliseconds": return .integer(nanos / 1_000_000)
        case "String": return .string(value.printed)
        default: return nil
        }
    case .null, .noValue, .bool, .integer, .float, .string, .map, .record: return nil
    }
}

private func methodOfTexts(
    _ map: [String: String], _ name: String, _ arguments: [TemplateValue]
) throws(TemplateFault) -> TemplateValue? {
    // `alertname` goes before all others.
    func key(_ name: String) -> (Int, String) { (name == "alertname" ? 0 : 1, name) }
    let sorted = map.sorted { key($0.key) < key($1.key) }
    switch name {
    case "SortedPairs":
        return .list(
            sorted.map { pair in
                .record(
                    type: "template.Pair",
                    fields: ["Name": .string(pair.key), "Value": .string(pair.value)])
            })
    case "Names": return .list(sorted.map { .string($0.key) })
    case "Values": return .list(sorted.map { .string($0.value) })
    case "Remove":
        try needed(arguments, "Remove", 1)
        guard case .list(let names) = arguments[0] else {
            throw TemplateFault("wrong type for value; expected []string")
        }
        let removed = Set(names.map(\.printed))
        return .texts(map.filter { !removed.contains($0.key) })
    default: return nil
    }
}

private func methodOfList(_ list: [TemplateValue], _ name: String) -> TemplateValue? {
    func fields(_ wanted: String) -> [TemplateValue] {
        list.compactMap { element in
            guard case .record(_, let fields) = element else { return nil }
            return fields[wanted]
        }
    }
    func alerts(_ status: String) -> [TemplateValue] {
        list.filter { element in
            guard case .record(_, let fields) = element else { return false }
            return fields["Status"] == .string(status)
        }
    }
    switch name {
    case "Firing": return .list(alerts("firing"))
    case "Resolved": return .list(alerts("resolved"))
    case "Names": return .list(fields("Name"))
    case "Values": return .list(fields("Value"))
    default: return nil
    }
}

private func methodOfTime(
    _ moment: GoMoment, _ name: String, _ arguments: [TemplateValue]
) throws(TemplateFault) -> TemplateValue? {
    switch name {
    case "Format":
        try needed(arguments, "Format", 1)
        return .string(try moment.text(try text(arguments[0], "Format")))
    case "UTC", "Local": return .time(moment.seconds)
    case "Unix": return .integer(Int64(moment.seconds.rounded(.down)))
    case "UnixMilli": return .integer(Int64((moment.seconds * 1000).rounded()))
    case "IsZero": return .bool(moment.seconds == GoMoment.zero)
    case "String": return .string(TemplateValue.time(moment.seconds).printed)
    case "Sub", "Before", "After":
        try needed(arguments, name, 1)
        let other = try GoMoment(arguments[0])
        switch name {
        case "Sub": return .duration(nanoseconds(moment.seconds - other.seconds))
        case "Before": return .bool(moment.seconds < other.seconds)
        default: return .bool(moment.seconds > other.seconds)
        }
    case "Add":
        try needed(arguments, "Add", 1)
        guard case .duration(let nanos) = arguments[0] else {
            throw TemplateFault("wrong type for value; expected time.Duration")
        }
        return .time(moment.seconds + Double(nanos) / 1e9)
    default: return nil
    }
}

private func withoutSpaceAround(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let kept = scalars.drop { $0.properties.isWhitespace }
    guard let last = kept.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
    return String(kept[...last])
}

/// As Go's `url.QueryUnescape`; what is no escape stays.
private func unescapedQuery(_ text: String) -> String {
    var out: [UInt8] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let code = UInt8(
                String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
        {
            out.append(code)
            index += 3
        } else {
            out.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

extension JSONWriter {
    /// A value as Go's `json.Marshal` writes it, but for the escapes of HTML.
    mutating func value(_ value: TemplateValue) {
        switch value {
        case .null, .noValue: null()
        case .bool(let flag): bool(flag)
        case .integer(let number), .duration(let number): literal(String(number))
        case .float(let number): self.number(number)
        case .string(let text): string(text)
        case .time(let seconds): string((try? GoMoment(.time(seconds)).rfc3339) ?? "")
        case .list(let elements):
            array { json in for element in elements { json.value(element) } }
        case .texts(let map):
            object { json in
                for pair in map.sorted(by: { $0.key < $1.key }) {
                    json.member(pair.key, pair.value)
                }
            }
        case .map(let map): members(map, isLowered: false)
        case .record(_, let fields): members(fields, isLowered: true)
        }
    }

    /// Alertmanager's structs have JSON names with a small first letter: `startsAt`.
    private mutating func members(_ map: [String: TemplateValue], isLowered: Bool) {
        object { json in
            for pair in map.sorted(by: { $0.key < $1.key }) {
                let name = pair.key
                json.key(isLowered ? name.prefix(1).lowercased() + name.dropFirst() : name)
                json.value(pair.value)
            }
        }
    }
}
