/// The candidate a person most likely meant, or nil. Deterministic: the first of equals wins.
///
/// Case, `_`, `-` and `.` do not count (`groupWait` means `group_wait`); otherwise the distance is
/// at most 2, or a third of the longer word. O(candidates x length^2), words of at most 64 bytes.
public func suggestion(for word: String, among candidates: [String]) -> String? {
    let lengthMax = 64
    let wanted = folded(word)
    guard !wanted.isEmpty, wanted.count <= lengthMax else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let other = folded(candidate)
        guard other.count <= lengthMax else { continue }
        let length = max(wanted.count, other.count)
        // Two letters of a short word are most of it: "by" is no typo of "id".
        let distanceMax = max(length / 3, length > 4 ? 2 : 1)
        let distance = editDistance(wanted, other)
        guard distance <= distanceMax, distance < length else { continue }
        if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Optimal string alignment (restricted Damerau-Levenshtein): insertions, deletions, replacements
/// and swaps of neighbours, each counted as one. O(a x b).
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for (row, leftByte) in left.enumerated() {
        var current = [row + 1]
        for (column, rightByte) in right.enumerated() {
            var cost = min(current[column], previous[column + 1]) + 1
            cost = min(cost, previous[column] + (leftByte == rightByte ? 0 : 1))
            if row > 0, column > 0, leftByte == right[column - 1], left[row - 1] == rightByte {
                cost = min(cost, before[column - 1] + 1)
            }
            current.append(cost)
        }
        before = previous
        previous = current
    }
    return previous[right.count]
}

private func folded(_ word: String) -> [UInt8] {
    word.lowercased().utf8.filter { byte in
        byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".")
    }
}
