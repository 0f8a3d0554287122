internal import Model

// NDJSON: one flat object a line. Rows that follow one another mostly have the same members in the
// same order, so a member's name is first compared with the next column's, byte for byte, and only
// looked up when it is another. A row with a member that the frame does not have begins a frame.

/// Reads rows of features from NDJSON. Keeps a parser: one for each thread.
public struct FeatureRows: ~Copyable {
    private let tape: JSONTape
    private let limits: FeatureLimits

    /// Nil when there is no memory.
    public init?(limits: FeatureLimits = FeatureLimits()) {
        guard let tape = JSONTape(bytesMax: limits.bodyBytes) else { return nil }
        self.tape = tape
        self.limits = limits
    }

    /// The frames of a body, and what was wrong with rows that are in none. `time` names the member
    /// that tells when a row was seen, in seconds or, from 1e11 on, in milliseconds. O(bytes).
    public borrowing func read(
        _ bytes: [UInt8], time: String? = nil
    ) -> (frames: [FeatureFrame], faults: [PayloadFault]) {
        var builder = FrameBuilder(limits: limits, time: time)
        var faults: [PayloadFault] = []
        unsafe bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                let end = unsafe Self.lineEnd(bytes, from: start)
                defer { start = end + 1 }
                let line = unsafe UnsafeBufferPointer(rebasing: bytes[start..<end])
                if unsafe Self.isBlank(line) { continue }
                do throws(JSONFault) {
                    let fault = unsafe try tape.read(line) { builder.add($0) }
                    if let fault { faults.append(fault) }
                } catch { faults.append(PayloadFault(error)) }
            }
        }
        return (builder.finish(), faults)
    }

    private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var place = start
        // Eight bytes at a time: the usual trick to find a zero byte, on bytes without the newline.
        let newlines: UInt64 = 0x0a0a_0a0a_0a0a_0a0a
        while place + 8 <= bytes.count, let base = unsafe UnsafeRawPointer(bytes.baseAddress) {
            let word = unsafe base.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ newlines
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { break }
            place += 8
        }
        while place < bytes.count, unsafe bytes[place] != 0x0a { place += 1 }
        return place
    }

    private static func isBlank(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe line.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }
    }
}

/// Makes frames of rows.
struct FrameBuilder {
    private let limits: FeatureLimits
    private let time: String?
    private var frames: [FeatureFrame] = []
    private var frame = FeatureFrame()
    /// The columns' names one behind another, and where each begins; one more at the end.
    private var names: [UInt8] = []
    private var starts = [0]
    private var places: [String: Int] = [:]
    private var texts: [String: Int] = [:]
    /// Values of all frames.
    private var values = 0
    private var rowTime: Timestamp?

    init(limits: FeatureLimits, time: String? = nil) {
        self.limits = limits
        self.time = time
    }

    mutating func finish() -> [FeatureFrame] {
        endFrame()
        defer { frames = [] }
        return frames
    }

    /// Adds the row at a place of a tape; why not, when it is none.
    mutating func add(_ row: TapeCursor) -> PayloadFault? {
        guard row.isObject else { return .notARow }
        if let fault = fill(row) {
            guard fault == .newColumn else { return fault.payload }
            endFrame()
            if let fault = begin(row) { return fault }
            return fill(row)?.payload
        }
        return nil
    }

    private enum RowFault {
        case newColumn
        case bad(PayloadFault)

        var payload: PayloadFault? { if case .bad(let fault) = self { fault } else { nil } }
        static func == (left: RowFault, right: RowFault) -> Bool {
            switch (left, right) {
            case (.newColumn, .newColumn): true
            case (.bad(let one), .bad(let other)): one == other
            case (.newColumn, .bad), (.bad, .newColumn): false
            }
        }
    }

    /// Takes a row's members for the columns of a new frame.
    private mutating func begin(_ row: TapeCursor) -> PayloadFault? {
        var fault: PayloadFault?
        row.forEachMember { name, _ in
            let text = unsafe String(decoding: name.stringBytes, as: UTF8.self)
            if text == time { return true }
            guard text.utf8.count <= limits.nameBytes else {
                fault = .nameTooLong
                return false
            }
            guard places[text] == nil else { return true }
            guard frame.columns.count < limits.columns else {
                fault = .tooManyColumns
                return false
            }
            places[text] = frame.columns.count
            frame.columns.append(text)
            names += text.utf8
            starts.append(names.count)
            return true
        }
        if fault != nil { endFrame() }
        return fault ?? (frame.columns.isEmpty ? .notARow : nil)
    }

    /// Appends the values of a row. Nothing is left of one that is refused.
    private mutating func fill(_ row: TapeCursor) -> RowFault? {
        let width = frame.columns.count
        if width == 0 { return .newColumn }
        guard values + width <= limits.values else { return .bad(.tooManyValues) }
        let base = frame.words.count
        frame.words.append(contentsOf: repeatElement(.missing, count: width))
        rowTime = nil
        // Members that come as they did before, with numbers: nearly all.
        var (place, expected) = run(of: row, into: base)
        let end = row.after - 1
        while place < end {
            let name = row.at(place)
            let value = row.at(place + 1)
            place = value.after
            if expected < width, unsafe isColumn(expected, name.stringBytes) {
                frame.words[base + expected] = word(value)
                expected += 1
                continue
            }
            let text = unsafe String(decoding: name.stringBytes, as: UTF8.self)
            if text == time {
                rowTime = value.number.flatMap(Self.time)
                continue
            }
            guard let column = places[text] else {
                frame.words.removeLast(width)
                return .newColumn
            }
            frame.words[base + column] = word(value)
            expected = column + 1
        }
        if time != nil { frame.times.append(rowTime ?? .distantPast) }
        values += width
        return nil
    }

    /// Writes the numbers of members that come in the order of the columns; where the first other
    /// member is, and how many columns were filled.
    private mutating func run(of row: TapeCursor, into base: Int) -> (place: Int, columns: Int) {
        let width = frame.columns.count
        let end = row.after - 1
        var place = row.index + 1
        var column = 0
        unsafe names.withUnsafeBytes { names in
            unsafe starts.withUnsafeBufferPointer { starts in
                unsafe frame.words.withUnsafeMutableBufferPointer { words in
                    while place < end, column < width {
                        let name = unsafe row.at(place).stringBytes
                        let value = row.at(place + 1)
                        // In bounds: `starts` has one more than columns, and a place of `words`
                        // for each column from `base` on.
                        let start = unsafe starts[column]
                        let isNext =
                            unsafe starts[column + 1] - start == name.count
                            && Self.areEqual(
                                UnsafeRawBufferPointer(rebasing: names[start..<start + name.count]),
                                UnsafeRawBufferPointer(name))
                        guard isNext, let number = value.number else { return }
                        unsafe words[base + column] = FeatureWord(number)
                        column += 1
                        place += 3
                    }
                }
            }
        }
        return (place, column)
    }

    /// Compares runs of one length, eight bytes at a time; the last eight may overlap.
    @inline(__always)
    private static func areEqual(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
    ) -> Bool {
        let count = left.count
        guard count >= 8 else {
            for index in 0..<count where unsafe left[index] != right[index] { return false }
            return true
        }
        var place = 0
        while place < count {
            let at = min(place, count - 8)
            let one = unsafe left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let other = unsafe right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            if one != other { return false }
            place += 8
        }
        return true
    }

    private func isColumn(_ column: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = starts[column]
        let count = starts[column + 1] - start
        guard name.count == count else { return false }
        return unsafe names.withUnsafeBufferPointer { names in
            // In bounds: `starts` are places of `names`.
            for index in 0..<count where unsafe names[start + index] != name[index] {
                return false
            }
            return true
        }
    }

    /// A scalar as a word; a text goes into the table.
    private mutating func word(_ value: TapeCursor) -> FeatureWord {
        if let number = value.number { return FeatureWord(number) }
        return FrameTexts.word(
            value, into: &frame.texts, known: &texts, bytesMax: limits.textBytes)
    }

    private mutating func endFrame() {
        if !frame.words.isEmpty { frames.append(frame) }
        frame = FeatureFrame()
        names.removeAll(keepingCapacity: true)
        starts = [0]
        places.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
    }

    /// Numbers from 1e11 on are milliseconds: as seconds they lie beyond the year 5000.
    static func time(_ number: Double) -> Timestamp? {
        guard abs(number) < 1e15 else { return nil }
        let millis = abs(number) >= 1e11 ? number : number * 1000
        return Timestamp(millis: Int64(millis.rounded()))
    }
}

/// Scalars that are no numbers.
enum FrameTexts {
    /// The word of a scalar; a text is put into the table once.
    static func word(
        _ value: TapeCursor, into texts: inout [String], known: inout [String: Int], bytesMax: Int
    ) -> FeatureWord {
        switch value.kind {
        case UInt8(ascii: "n"): return .missing
        case UInt8(ascii: "t"): return FeatureWord(true)
        case UInt8(ascii: "f"): return FeatureWord(false)
        case UInt8(ascii: "\""):
            let bytes = unsafe value.stringBytes
            if let number = unsafe NotANumber.value(bytes) { return FeatureWord(number) }
            guard bytes.count <= bytesMax else { return .tooLong }
            let text = unsafe String(decoding: bytes, as: UTF8.self)
            return FeatureWord(text: place(of: text, in: &texts, known: &known))
        default: return value.number.map { FeatureWord($0) } ?? .nested
        }
    }

    static func place(
        of text: String, in texts: inout [String], known: inout [String: Int]
    ) -> Int {
        if let place = known[text] { return place }
        known[text] = texts.count
        texts.append(text)
        return texts.count - 1
    }
}
