import Model

/// An attribute's value.
indirect enum TestValue {
    case text(String)
    case integer(Int64)
    case array([TestValue])

    var bytes: [UInt8] {
        // Built from the inside out, so that depth costs no recursion.
        var layers: [[[UInt8]]] = []
        var value = self
        while case .array(let values) = value, let last = values.last {
            layers.append(values.dropLast().map(\.bytes))
            value = last
        }
        var out = Proto()
        switch value {
        case .text(let text): out.field(1, Array(text.utf8))
        case .integer(let number): out.varint(3, UInt64(bitPattern: number))
        case .array: out.field(5, [])
        }
        for others in layers.reversed() {
            var list = Proto()
            for other in others { list.field(1, other) }
            list.field(1, out.bytes)
            var wrapped = Proto()
            wrapped.field(5, list.bytes)
            out = wrapped
        }
        return out.bytes
    }
}

/// Protobuf, written field by field.
struct Proto {
    var bytes: [UInt8] = []

    private mutating func raw(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func field(_ number: UInt64, _ content: [UInt8]) {
        raw(number << 3 | 2)
        raw(UInt64(content.count))
        bytes += content
    }

    mutating func varint(_ number: UInt64, _ value: UInt64) {
        raw(number << 3)
        raw(value)
    }

    mutating func fixed64(_ number: UInt64, _ value: UInt64) {
        raw(number << 3 | 1)
        for shift in 0..<8 { bytes.append(UInt8(value >> (8 * UInt64(shift)) & 255)) }
    }

    mutating func fixed32(_ number: UInt64, _ value: UInt32) {
        raw(number << 3 | 5)
        for shift in 0..<4 { bytes.append(UInt8(value >> (8 * UInt32(shift)) & 255)) }
    }

    static func attribute(_ key: String, _ value: TestValue) -> [UInt8] {
        var out = Proto()
        out.field(1, Array(key.utf8))
        out.field(2, value.bytes)
        return out.bytes
    }

    static func id(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(value >> (56 - 8 * UInt64($0)) & 255) }
    }
}

/// A span to send.
struct TestSpan {
    var trace: UInt64
    var span: UInt64
    var parent: UInt64 = 0
    var nameBytes: [UInt8] = Array("op".utf8)
    var kind: UInt8 = 2
    var start: UInt64 = 1_000_000_000
    var end: UInt64 = 1_005_000_000
    var status: UInt8 = 0
    var flags: UInt32 = 0
    var traceState = ""
    var attributes: [(String, TestValue)] = []

    init(trace: UInt64, span: UInt64) {
        self.trace = trace
        self.span = span
    }

    var bytes: [UInt8] {
        var out = Proto()
        out.field(1, Proto.id(0) + Proto.id(trace))
        out.field(2, Proto.id(span))
        if !traceState.isEmpty { out.field(3, Array(traceState.utf8)) }
        if parent != 0 { out.field(4, Proto.id(parent)) }
        out.field(5, nameBytes)
        out.varint(6, UInt64(kind))
        out.fixed64(7, start)
        out.fixed64(8, end)
        for (key, value) in attributes { out.field(9, Proto.attribute(key, value)) }
        if status != 0 {
            var message = Proto()
            message.varint(3, UInt64(status))
            out.field(15, message.bytes)
        }
        if flags != 0 { out.fixed32(16, flags) }
        return out.bytes
    }

    /// A request with one resource.
    static func request(
        _ spans: [TestSpan], service: String, resource: [(String, TestValue)] = [],
        isResourceLast: Bool = false
    ) -> [UInt8] {
        var own = Proto()
        for (key, value) in [("service.name", .text(service))] + resource {
            own.field(1, Proto.attribute(key, value))
        }
        var scope = Proto()
        for span in spans { scope.field(2, span.bytes) }
        var all = Proto()
        if !isResourceLast { all.field(1, own.bytes) }
        all.field(2, scope.bytes)
        if isResourceLast { all.field(1, own.bytes) }
        var request = Proto()
        request.field(1, all.bytes)
        return request.bytes
    }
}
