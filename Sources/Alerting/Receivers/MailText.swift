internal import Model

// RFC 2045 and RFC 2047: bytes that mail takes.

/// A header on lines of its own; what is not ASCII in encoded words. A line end in the value is a
/// blank: no value can end the header.
func mailHeader(_ name: String, _ value: String) -> String {
    let safeName = String(
        name.unicodeScalars.filter { $0.value > 32 && $0.value < 127 && $0 != ":" }.map(
            Character.init))
    let line = bounded(oneLine(value), 2000)
    if line.utf8.allSatisfy({ $0 < 128 }) {
        return folded("\(safeName): \(line)") + "\r\n"
    }
    return "\(safeName): " + encodedWords(line, behind: safeName.utf8.count) + "\r\n"
}

/// At most 76 columns a line where there are blanks to break at; never beyond 998.
private func folded(_ line: String) -> String {
    var out = ""
    var column = 0
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
        if column > 0 {
            let breaks = column + 1 + word.utf8.count > 76 && !word.isEmpty
            out += breaks ? "\r\n " : " "
            column = breaks ? 1 : column + 1
        }
        out += word
        column += word.utf8.count
    }
    return out
}

/// `=?UTF-8?B?...?=`, each of at most 75 columns and of whole characters; an address in angle
/// brackets at the end stays as it is.
private func encodedWords(_ text: String, behind column: Int) -> String {
    var phrase = text
    var address = ""
    if text.hasSuffix(">"), let open = text.lastIndex(of: "<"),
        text[open...].utf8.allSatisfy({ $0 < 128 })
    {
        phrase = String(text[..<open])
        address = "\r\n " + text[open...]
    }
    var words: [String] = []
    var part: [UInt8] = []
    for scalar in phrase.unicodeScalars {
        let bytes = Array(String(scalar).utf8)
        let room = words.isEmpty ? max(12, 42 - column) : 42
        if part.count + bytes.count > room {
            words.append("=?UTF-8?B?\(Base64.encoded(part))?=")
            part = []
        }
        part += bytes
    }
    if !part.isEmpty { words.append("=?UTF-8?B?\(Base64.encoded(part))?=") }
    return words.joined(separator: "\r\n ") + address
}

/// Lines of at most 76 columns that end with CRLF. A dot at a line's start is written `=2E`, so
/// that no server can take it for the end of the mail.
func quotedPrintable(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    var column = 0
    let bytes = Array(text.replacing("\r\n", with: "\n").utf8)
    func isLineEnd(_ place: Int) -> Bool { place >= bytes.count || bytes[place] == 10 }
    for (place, byte) in bytes.enumerated() {
        if byte == 10 {
            out += [13, 10]
            column = 0
            continue
        }
        let isBlankAtEnd = (byte == 32 || byte == 9) && isLineEnd(place + 1)
        let isDotAtStart = byte == UInt8(ascii: ".") && column == 0
        let isPlain =
            (byte >= 32 && byte < 127 && byte != UInt8(ascii: "=")) || byte == 9
        let isEncoded = !isPlain || isBlankAtEnd || isDotAtStart
        if column + (isEncoded ? 3 : 1) > 75 {
            out += [UInt8(ascii: "="), 13, 10]
            column = 0
        }
        let dotNow = byte == UInt8(ascii: ".") && column == 0
        if isEncoded || dotNow {
            out += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            column += 3
        } else {
            out.append(byte)
            column += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`.
func mailDate(_ time: Timestamp) -> String {
    let seconds = time.floor(to: .seconds(1)).millis / 1000
    let day = time.floor(to: .days(1)).millis / 86_400_000
    let second = seconds - day * 86_400
    let date = CivilDate(days: day)
    func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    return "\(days[Int(((day + 3) % 7 + 7) % 7)]), \(two(date.day)) \(months[Int(date.month - 1)]) "
        + "\(date.year) \(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) +0000"
}
