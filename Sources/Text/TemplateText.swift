// Go's print, printf and the escapes of text/template.

/// As Go's `Sprint`: a blank between two values when neither is a text.
func goPrint(_ values: [TemplateValue]) -> String {
    var out = ""
    var wasText = true
    for (index, value) in values.enumerated() {
        var isText = false
        if case .string = value { isText = true }
        if index > 0 && !isText && !wasText { out += " " }
        out += value.printed
        wasText = isText
    }
    return out
}

/// The widest field that `printf` pads to.
private let widthMax = 4096

/// As Go's `Sprintf`, for the verbs that templates use.
func goFormat(_ format: String, _ values: [TemplateValue]) -> String {
    var out = ""
    var rest = Array(format)[...]
    var next = 0
    while let character = rest.popFirst() {
        guard character == "%" else {
            out.append(character)
            continue
        }
        var flags = ""
        while let flag = rest.first, "-+# 0".contains(flag) {
            flags.append(flag)
            rest.removeFirst()
        }
        func number() -> Int? {
            var digits = ""
            while let digit = rest.first, digit >= "0", digit <= "9" {
                digits.append(digit)
                rest.removeFirst()
            }
            return Int(digits).map { min($0, widthMax) }
        }
        let width = number() ?? 0
        var precision: Int?
        if rest.first == "." {
            rest.removeFirst()
            precision = number() ?? 0
        }
        guard let verb = rest.popFirst() else {
            out += "%!(NOVERB)"
            break
        }
        if verb == "%" {
            out += "%"
            continue
        }
        guard next < values.count else {
            out += "%!\(verb)(MISSING)"
            continue
        }
        let body = formatted(values[next], verb, precision, flags)
        next += 1
        out += padded(body, width, flags, isNumber: !"svqtTx".contains(verb))
    }
    if next < values.count {
        let extra = values[next...].map { "\($0.typeName)=\($0.printed)" }
        out += "%!(EXTRA " + extra.joined(separator: ", ") + ")"
    }
    return out
}

private func padded(_ body: String, _ width: Int, _ flags: String, isNumber: Bool) -> String {
    let missing = width - body.unicodeScalars.count
    guard missing > 0 else { return body }
    if flags.contains("-") { return body + String(repeating: " ", count: missing) }
    guard flags.contains("0"), isNumber else {
        return String(repeating: " ", count: missing) + body
    }
    let zeros = String(repeating: "0", count: missing)
    if let sign = body.first, sign == "-" || sign == "+" {
        return String(sign) + zeros + body.dropFirst()
    }
    return zeros + body
}

private func formatted(
    _ value: TemplateValue, _ verb: Character, _ precision: Int?, _ flags: String
) -> String {
    let plus = flags.contains("+")
    switch (verb, value) {
    case ("v", .float(let number)):
        return signed(formatGo(number, "g", precision: precision), plus)
    case ("v", _): return value.printed
    case ("T", _): return value.typeName
    case ("s", .string(let text)):
        return precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
    case ("s", .duration), ("s", .time): return value.printed
    case ("q", .string(let text)): return goQuote(text)
    case ("t", .bool(let flag)): return flag ? "true" : "false"
    case ("d", .integer(let number)), ("d", .duration(let number)):
        return signed(String(number), plus)
    case ("x", .integer(let number)): return String(number, radix: 16)
    case ("X", .integer(let number)): return String(number, radix: 16, uppercase: true)
    case ("o", .integer(let number)): return String(number, radix: 8)
    case ("b", .integer(let number)): return String(number, radix: 2)
    case ("c", .integer(let number)):
        return UInt32(exactly: number).flatMap(Unicode.Scalar.init).map { String($0) } ?? "\u{fffd}"
    case ("x", .string(let text)):
        return text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    case ("f", .float(let number)), ("F", .float(let number)):
        return signed(formatGo(number, "f", precision: precision ?? 6), plus)
    case ("e", .float(let number)):
        return signed(formatGo(number, "e", precision: precision ?? 6), plus)
    case ("g", .float(let number)):
        return signed(formatGo(number, "g", precision: precision), plus)
    case (_, .null), (_, .noValue): return "%!\(verb)(<nil>)"
    case (_, .list(let list)):
        return "[" + list.map { formatted($0, verb, precision, flags) }.joined(separator: " ")
            + "]"
    default: return "%!\(verb)(\(value.typeName)=\(value.printed))"
    }
}

private func signed(_ text: String, _ plus: Bool) -> String {
    plus && !text.hasPrefix("-") && !text.hasPrefix("+") ? "+" + text : text
}

private func goQuote(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        case "\r": out += "\\r"
        default:
            if scalar.value < 32 || scalar.value == 127 {
                out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out + "\""
}

func escapedHTML(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "&#34;"
        case "'": out += "&#39;"
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\0": out += "\u{fffd}"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}

func escapedScript(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": out += "\\\\"
        case "'": out += "\\'"
        case "\"": out += "\\\""
        case "<", ">", "&", "=":
            out += "\\u00" + String(scalar.value, radix: 16, uppercase: true)
        default:
            if scalar.value < 32 {
                out +=
                    "\\u00" + (scalar.value < 16 ? "0" : "")
                    + String(scalar.value, radix: 16, uppercase: true)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
    }
    return out
}

/// As Go's `url.QueryEscape`.
func escapedQuery(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
        switch byte {
        case 48...57, 65...90, 97...122, 45, 95, 46, 126:
            out.append(Character(Unicode.Scalar(byte)))
        case 32: out += "+"
        default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }
    return out
}
