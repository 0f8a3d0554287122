internal import Model

// What a model was asked, in the forms that servers log: KServe's V1 (`instances`, or `inputs` by
// rows or by columns), the open inference protocol V2 (`inputs`: tensors with a name, a shape and
// data, or data behind the JSON), the same as gRPC's JSON (`contents`, numbers as texts), and
// Seldon 1 (`data`: `ndarray` or `tensor`, and `names`). A tensor of one column carries its name; a
// tensor of several columns, or rows without names, carry their places.

/// Reads the body of an inference request or response.
enum InferencePayload {
    /// Whether it is a length-prefixed protobuf message, or begins like one: no JSON begins so.
    static func looksLikeGRPC(_ body: [UInt8]) -> Bool {
        guard body.count >= 5, body[0] <= 1 else { return false }
        let length = body[1...4].reduce(0) { $0 << 8 | Int($1) }
        return length <= body.count - 5
    }

    /// Where the JSON ends: behind it are binary tensors. Its length is in a header that loggers do
    /// not pass on.
    static func jsonEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var depth = 0
        var isInside = false
        var place = 0
        while place < bytes.count {
            switch unsafe bytes[place] {
            case UInt8(ascii: "\\") where isInside: place += 1
            case UInt8(ascii: "\""): isInside.toggle()
            case UInt8(ascii: "{") where !isInside, UInt8(ascii: "[") where !isInside: depth += 1
            case UInt8(ascii: "}") where !isInside, UInt8(ascii: "]") where !isInside:
                depth -= 1
                if depth <= 0 { return place + 1 }
            default: break
            }
            place += 1
        }
        return bytes.count
    }

    /// Reads a parsed body into an event's frame.
    static func read(
        _ root: TapeCursor, _ binary: UnsafeBufferPointer<UInt8>, _ limits: FeatureLimits,
        into event: inout FeatureEvent
    ) {
        if let version = root.member("model_version") {
            event.version = version.string ?? version.integer.map { String($0) } ?? ""
        }
        if event.model.isEmpty { event.model = root.member("model_name")?.string ?? "" }
        var reader = unsafe PayloadReader(limits: limits, binary: binary)
        if event.kind == .feedback {
            reader.readFeedback(root, into: &event)
            return
        }
        let names: [StaticString] =
            switch event.kind {
            case .response: ["predictions", "outputs"]
            case .rows, .request, .feedback: ["instances", "inputs"]
            }
        var isKnown = false
        for name in names {
            guard let value = root.member(name) else { continue }
            isKnown = true
            reader.readAny(value)
            break
        }
        if !isKnown, let data = root.member("data") {
            isKnown = reader.readSeldon(data)
        }
        if !isKnown { reader.faults.append(.unknownBody) }
        event.frame = reader.frame
        event.faults += reader.faults
    }
}

/// Collects the rows of one body.
@safe struct PayloadReader {
    private let limits: FeatureLimits
    private let binary: UnsafeBufferPointer<UInt8>
    /// Bytes of `binary` that tensors have taken.
    private var taken = 0
    private var known: [String: Int] = [:]
    /// Values of all tensors.
    private var values = 0
    private(set) var frame = FeatureFrame()
    var faults: [PayloadFault] = []

    init(limits: FeatureLimits, binary: UnsafeBufferPointer<UInt8>) {
        self.limits = limits
        unsafe self.binary = unsafe binary
    }

    /// Rows, columns or tensors: told apart by what is there.
    mutating func readAny(_ value: TapeCursor) {
        if value.isObject { return readColumns(value) }
        guard value.isArray else { return faults.append(.unknownBody) }
        let first = value.at(value.index + 1)
        if first.isObject, first.member("datatype") != nil {
            return readTensors(value)
        }
        if first.isObject { return readNamedRows(value) }
        readRows(value)
    }

    /// `{"ndarray": [[...]], "names": [...]}` or `{"tensor": {"shape": [...], "values": [...]}}`.
    mutating func readSeldon(_ data: TapeCursor) -> Bool {
        var names: [String] = []
        if let list = data.member("names") {
            list.forEachElement {
                names.append($0.string ?? "")
                return names.count <= limits.columns
            }
        }
        if let rows = data.member("ndarray") {
            readRows(rows)
        } else if let tensor = data.member("tensor"),
            let values = tensor.member("values")
        {
            let shape = Self.shape(tensor.member("shape"))
            add([tensorOfScalars("", shape, values)].compactMap(\.self))
        } else {
            return false
        }
        if !frame.columns.isEmpty, names.count == frame.columns.count,
            Set(names).count == names.count
        {
            frame.columns = names
            frame.isPositional = false
        }
        return true
    }

    // MARK: Rows

    /// `1`, `"cat"`, or a list of such.
    mutating func readLabels(_ value: TapeCursor) {
        if value.isArray { return readRows(value) }
        let word = FrameTexts.word(
            value, into: &frame.texts, known: &known, bytesMax: limits.textBytes)
        frame.columns = ["0"]
        frame.words = [word]
    }

    /// `[[1, 2], [3, 4]]`, or `[1, 2]` for rows of one value.
    private mutating func readRows(_ rows: TapeCursor) {
        var faults: [PayloadFault] = []
        var words: [FeatureWord] = []
        var width: Int?
        var (texts, known) = (frame.texts, self.known)
        rows.forEachElement { row in
            let start = words.count
            row.forEachScalar {
                words.append(
                    FrameTexts.word($0, into: &texts, known: &known, bytesMax: limits.textBytes))
                return words.count <= limits.values
            }
            let count = words.count - start
            if words.count > limits.values {
                words.removeLast(count)
                faults.append(.tooManyValues)
                return false
            }
            if count != width ?? count || count == 0 {
                words.removeLast(count)
                faults.append(.wrongShape)
            } else if count > limits.columns {
                words.removeLast(count)
                faults.append(.tooManyColumns)
                return false
            } else {
                width = count
            }
            return true
        }
        self.faults += faults
        self.known = known
        guard let width else { return }
        frame.columns = (0..<width).map { String($0) }
        frame.isPositional = true
        frame.words = words
        frame.texts = texts
    }

    /// `[{"age": 3, "city": "Bonn"}]`. Rows with other members than the first are refused.
    private mutating func readNamedRows(_ rows: TapeCursor) {
        var builder = FrameBuilder(limits: limits)
        var faults: [PayloadFault] = []
        rows.forEachElement {
            if let fault = builder.add($0) { faults.append(fault) }
            return faults.count < limits.events
        }
        let frames = builder.finish()
        if let first = frames.first { frame = first }
        for other in frames.dropFirst() {
            faults += repeatElement(.wrongShape, count: other.rows)
        }
        self.faults += faults
    }

    /// `{"age": [3, 4], "city": ["Bonn", "Ulm"]}`.
    private mutating func readColumns(_ columns: TapeCursor) {
        var tensors: [Tensor] = []
        columns.forEachMember { name, value in
            var count = 0
            value.forEachScalar { _ in
                count += 1
                return count <= limits.values
            }
            if let tensor = tensorOfScalars(name.string ?? "", [count], value),
                hasRoom(for: tensor)
            {
                tensors.append(tensor)
            }
            return faults.isEmpty && tensors.count <= limits.columns
        }
        if faults.isEmpty { add(tensors) }
    }

    // MARK: Tensors

    private struct Tensor {
        var name: String
        var rows: Int
        var width: Int
        var words: [FeatureWord]
    }

    private static func shape(_ value: TapeCursor?) -> [Int] {
        var shape: [Int] = []
        if let value = value {
            value.forEachElement {
                shape.append($0.integer ?? -1)
                return shape.count < 16
            }
        }
        return shape
    }

    /// Rows and the values of each; nil when that is no shape of so many values.
    private func extent(_ shape: [Int], count: Int?) -> (rows: Int, width: Int)? {
        guard let rows = shape.first, rows > 0 else { return nil }
        var width = 1
        for size in shape.dropFirst() {
            guard size > 0, width <= limits.values / size else { return nil }
            width *= size
        }
        guard rows <= limits.values / width else { return nil }
        if let count, count != rows * width { return nil }
        return (rows, width)
    }

    /// Whether there is room for another tensor's values; a body is small, its values are not.
    private mutating func hasRoom(for tensor: Tensor) -> Bool {
        values += tensor.words.count
        if values > limits.values { faults.append(.tooManyValues) }
        return values <= limits.values
    }

    private mutating func readTensors(_ list: TapeCursor) {
        var tensors: [Tensor] = []
        list.forEachElement { value in
            guard let tensor = tensor(value), hasRoom(for: tensor) else { return false }
            tensors.append(tensor)
            return tensors.count <= limits.columns
        }
        if faults.isEmpty { add(tensors) }
    }

    private mutating func tensor(_ value: TapeCursor) -> Tensor? {
        let name = value.member("name")?.string ?? ""
        let type = value.member("datatype")?.string ?? ""
        let shape = Self.shape(value.member("shape"))
        guard name.utf8.count <= limits.nameBytes else {
            faults.append(.nameTooLong)
            return nil
        }
        if let data = value.member("data") {
            return tensorOfScalars(name, shape, data)
        }
        if let contents = value.member("contents") {
            // One member, named for the type in one of two spellings.
            var found: TapeCursor?
            contents.forEachMember {
                found = $1
                return false
            }
            if let found = found {
                let isNumeric = type != "BYTES"
                return tensorOfScalars(name, shape, found, areTextsNumbers: isNumeric)
            }
        }
        let size =
            value.member("parameters").flatMap { $0.member("binary_data_size") }?
            .integer
        guard let size, size >= 0, unsafe size <= binary.count - taken else {
            faults.append(.wrongShape)
            return nil
        }
        let bytes = unsafe UnsafeRawBufferPointer(
            UnsafeBufferPointer(rebasing: binary[taken..<taken + size]))
        taken += size
        guard let (rows, width) = extent(shape, count: nil) else {
            faults.append(.wrongShape)
            return nil
        }
        var reader = unsafe BinaryTensor(bytes, textBytes: limits.textBytes)
        guard
            let words = reader.read(
                type, count: rows * width, into: &frame.texts, known: &known, &faults)
        else { return nil }
        return Tensor(name: name, rows: rows, width: width, words: words)
    }

    private mutating func tensorOfScalars(
        _ name: String, _ shape: [Int], _ data: TapeCursor, areTextsNumbers: Bool = false
    ) -> Tensor? {
        var words: [FeatureWord] = []
        var (texts, known) = (frame.texts, self.known)
        data.forEachScalar { value in
            if areTextsNumbers, let text = value.string, let number = Double(text) {
                words.append(FeatureWord(number))
            } else {
                words.append(
                    FrameTexts.word(value, into: &texts, known: &known, bytesMax: limits.textBytes))
            }
            return words.count <= limits.values
        }
        (frame.texts, self.known) = (texts, known)
        guard words.count <= limits.values else {
            faults.append(.tooManyValues)
            return nil
        }
        guard let (rows, width) = extent(shape, count: words.count) else {
            faults.append(.wrongShape)
            return nil
        }
        return Tensor(name: name, rows: rows, width: width, words: words)
    }

    /// Puts tensors side by side. Alone, one of several columns has places for names.
    private mutating func add(_ tensors: [Tensor]) {
        guard let first = tensors.first else {
            if faults.isEmpty { faults.append(.wrongShape) }
            return
        }
        let width = tensors.reduce(0) { $0 + $1.width }
        guard tensors.allSatisfy({ $0.rows == first.rows }) else {
            return faults.append(.wrongShape)
        }
        guard width <= limits.columns else { return faults.append(.tooManyColumns) }
        guard first.rows <= limits.values / width else { return faults.append(.tooManyValues) }
        if tensors.count == 1 && (width > 1 || first.name.isEmpty) {
            frame.columns = (0..<width).map { String($0) }
            frame.isPositional = true
        } else {
            frame.columns = tensors.flatMap { tensor in
                tensor.width == 1
                    ? [tensor.name] : (0..<tensor.width).map { "\(tensor.name)[\($0)]" }
            }
        }
        guard Set(frame.columns).count == width else {
            frame = FeatureFrame()
            return faults.append(.wrongShape)
        }
        frame.words.reserveCapacity(first.rows * width)
        for row in 0..<first.rows {
            for tensor in tensors {
                frame.words += tensor.words[row * tensor.width..<(row + 1) * tensor.width]
            }
        }
    }
}
