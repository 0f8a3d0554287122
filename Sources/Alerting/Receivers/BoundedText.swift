// What a receiver would cut or refuse is cut here, at the end of a character, and says so.

/// Units that receivers count text in.
enum TextUnit {
    case bytes, scalars

    func length(_ text: String) -> Int {
        switch self {
        case .bytes: text.utf8.count
        case .scalars: text.unicodeScalars.count
        }
    }
}

/// A text of at most `limit` units; a longer one ends with "…". Never cuts inside a character
/// (a grapheme cluster). O(n).
func bounded(_ text: String, _ limit: Int, _ unit: TextUnit = .scalars) -> String {
    guard unit.length(text) > limit else { return text }
    let mark = "…"
    var room = limit - unit.length(mark)
    guard room >= 0 else { return "" }
    var out = ""
    for character in text {
        room -= unit.length(String(character))
        if room < 0 { break }
        out.append(character)
    }
    return out + mark
}

/// "… 3 more alerts": what stands below a list that was cut.
func moreAlerts(_ count: Int) -> String {
    "… \(count) more alert\(count == 1 ? "" : "s")"
}
