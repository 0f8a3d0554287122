internal import Model

/// The raw data of a tensor, little endian, as the binary extension of the open inference protocol
/// puts it behind the JSON.
@safe struct BinaryTensor {
    private let bytes: UnsafeRawBufferPointer
    private let textBytes: Int

    init(_ bytes: UnsafeRawBufferPointer, textBytes: Int) {
        unsafe self.bytes = unsafe bytes
        self.textBytes = textBytes
    }

    /// `count` values of a datatype; nil, and why, when the bytes are not as many.
    mutating func read(
        _ type: String, count: Int, into texts: inout [String], known: inout [String: Int],
        _ faults: inout [PayloadFault]
    ) -> [FeatureWord]? {
        if type == "BYTES" { return readTexts(count, &texts, &known, &faults) }
        guard let type = Datatype(rawValue: type) else {
            faults.append(.unknownDatatype)
            return nil
        }
        guard unsafe bytes.count == type.size * count else {
            faults.append(.wrongShape)
            return nil
        }
        // In bounds: as many bytes as values need.
        return (0..<count).map { FeatureWord(number(type, at: $0 * type.size)) }
    }

    private enum Datatype: String {
        case bool = "BOOL"
        case uint8 = "UINT8"
        case int8 = "INT8"
        case uint16 = "UINT16"
        case int16 = "INT16"
        case half = "FP16"
        case brain = "BF16"
        case uint32 = "UINT32"
        case int32 = "INT32"
        case single = "FP32"
        case uint64 = "UINT64"
        case int64 = "INT64"
        case double = "FP64"

        var size: Int {
            switch self {
            case .bool, .uint8, .int8: 1
            case .uint16, .int16, .half, .brain: 2
            case .uint32, .int32, .single: 4
            case .uint64, .int64, .double: 8
            }
        }
    }

    private func number(_ type: Datatype, at place: Int) -> Double {
        switch type {
        case .bool: load(place, UInt8.self) == 0 ? 0 : 1
        case .uint8: Double(load(place, UInt8.self))
        case .int8: Double(load(place, Int8.self))
        case .uint16: Double(load(place, UInt16.self))
        case .int16: Double(load(place, Int16.self))
        case .half: Self.half(load(place, UInt16.self))
        case .brain: Double(Float(bitPattern: UInt32(load(place, UInt16.self)) << 16))
        case .uint32: Double(load(place, UInt32.self))
        case .int32: Double(load(place, Int32.self))
        case .single: Double(Float(bitPattern: load(place, UInt32.self)))
        case .uint64: Double(load(place, UInt64.self))
        case .int64: Double(load(place, Int64.self))
        case .double: Double(bitPattern: load(place, UInt64.self))
        }
    }

    private func load<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
        Value(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }

    /// IEEE 754 binary16.
    private static func half(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            return Double(sign: .plus, exponent: exponent - 15, significand: 1)
                * sign * (1 + fraction * 0x1p-10)
        }
    }

    /// Each text with its length before it, in four bytes.
    private mutating func readTexts(
        _ count: Int, _ texts: inout [String], _ known: inout [String: Int],
        _ faults: inout [PayloadFault]
    ) -> [FeatureWord]? {
        var words: [FeatureWord] = []
        var place = 0
        for _ in 0..<count {
            guard unsafe place + 4 <= bytes.count else { break }
            let length = Int(load(place, UInt32.self))
            place += 4
            guard unsafe length <= bytes.count - place else { break }
            let content = unsafe UnsafeRawBufferPointer(rebasing: bytes[place..<place + length])
            place += length
            guard length <= textBytes else {
                words.append(.tooLong)
                continue
            }
            let text = unsafe String(decoding: content, as: UTF8.self)
            words.append(
                FeatureWord(text: FrameTexts.place(of: text, in: &texts, known: &known)))
        }
        guard words.count == count, unsafe place == bytes.count else {
            faults.append(.wrongShape)
            return nil
        }
        return words
    }
}
