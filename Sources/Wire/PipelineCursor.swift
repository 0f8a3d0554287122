import Model

// What the readers of pipeline events ask of a tape.

extension TapeCursor {
    /// A string of at most so many bytes; longer ones are cut.
    func text(_ most: Int) -> String? {
        guard isString else { return nil }
        let bytes = unsafe stringBytes
        if bytes.count <= most { return unsafe String(decoding: bytes, as: UTF8.self) }
        var end = most
        // Not within a character.
        while end > 0, unsafe bytes[end] & 0xc0 == 0x80 { end -= 1 }
        return unsafe String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// A member that is a string; empty when there is none.
    func text(_ name: StaticString, _ limits: PipelineLimits) -> String {
        member(name)?.text(limits.textBytes) ?? ""
    }

    /// A member that names something; empty when there is none.
    func name(
        _ name: StaticString, _ limits: PipelineLimits
    ) throws(PipelineFault) -> String {
        guard let value = member(name), value.isString else { return "" }
        return try value.name(limits)
    }

    /// A name, whole.
    func name(_ limits: PipelineLimits) throws(PipelineFault) -> String {
        guard isString, unsafe stringBytes.count <= limits.nameBytes else { throw .tooLong }
        return string ?? ""
    }

    /// Whether this is a string and the one given.
    func isText(_ text: StaticString) -> Bool {
        guard isString else { return false }
        return unsafe stringBytes.elementsEqual(
            UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A member that is a time; nil when there is none.
    func time(_ name: StaticString) throws(PipelineFault) -> Timestamp? {
        guard let value = member(name), value.kind != UInt8(ascii: "n") else { return nil }
        guard let text = value.text(64), let nanos = CloudTime.nanos(text) else { throw .badTime }
        return Timestamp(millis: nanos / 1_000_000)
    }

    /// A member that may be a time, and is passed over when it is none.
    func anyTime(_ name: StaticString) -> Timestamp? {
        member(name)?.text(64).flatMap { CloudTime.nanos($0) }
            .map { Timestamp(millis: $0 / 1_000_000) }
    }

    var isTrue: Bool { kind == UInt8(ascii: "t") }
}

extension RunReport {
    /// Adds a label, under a name that PromQL can say.
    mutating func add(
        label name: String, prefix: String, _ value: String, _ limits: PipelineLimits
    ) {
        guard labels.count < limits.labels, !value.isEmpty, !name.isEmpty,
            name.utf8.count <= limits.textBytes
        else { return }
        var bytes = Array(prefix.utf8)
        for byte in name.utf8 { bytes.append(Self.isPlain(byte) ? byte : UInt8(ascii: "_")) }
        let plain = String(decoding: bytes, as: UTF8.self)
        if labels.contains(where: { $0.name == plain }) { return }
        labels.append(FeatureHeader(name: plain, value: value))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Puts what has an order in it.
    mutating func finish() {
        if labels.count > 1 { labels.sort { $0.name < $1.name } }
        if facets.count > 1 { facets.sort() }
    }
}
