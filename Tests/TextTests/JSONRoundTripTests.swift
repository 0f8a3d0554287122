import Testing
import Text

/// What `JSONWriter` writes, `JSONValue` reads.
@Suite struct JSONRoundTripTests {
    private func text(_ random: inout SplitMix64) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1f}", "\u{7f}", "é", "\u{1F600}", "/",
            ":",
            "\u{2028}", " ", "#", "\u{feff}",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
        }
        return text
    }

    @Test func bytesAreWrittenAsTheTextTheyAre() {
        var random = SplitMix64(11)
        for _ in 0..<2000 {
            var bytes = Array(text(&random).utf8)
            if Bool.random(using: &random) {
                bytes.append(UInt8.random(in: 0...255, using: &random))
            }
            let whole = String(decoding: bytes, as: UTF8.self)
            var (left, right) = (JSONWriter(), JSONWriter())
            left.object { $0.member(whole, whole) }
            right.object { $0.member(utf8: bytes[...], bytes[...]) }
            left.string(whole)
            right.string(utf8: bytes[...])
            #expect(left.bytes == right.bytes)
        }
    }

    private func value(_ random: inout SplitMix64, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(Double(Int.random(in: -1000...1000, using: &random)))
        case 3:
            let number = Double(bitPattern: random.next())
            return .number(number.isFinite ? number : 0.1)
        case 4: return .string(text(&random))
        case 5:
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    value(&random, depth: depth - 1)
                })
        default:
            return .object(
                (0..<Int.random(in: 0...3, using: &random)).map { index in
                    (key: "\(index)" + text(&random), value: value(&random, depth: depth - 1))
                })
        }
    }

    private func write(_ value: JSONValue, _ writer: inout JSONWriter) {
        switch value {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let value): writer.number(value)
        case .string(let value): writer.string(value)
        case .array(let values): writer.array { for value in values { write(value, &$0) } }
        case .object(let members):
            writer.object {
                for (key, value) in members {
                    $0.key(key)
                    write(value, &$0)
                }
            }
        }
    }

    @Test func whatIsWrittenReadsBackEqual() throws {
        var random = SplitMix64(3)
        for _ in 0..<3000 {
            let value = value(&random, depth: 5)
            var writer = JSONWriter()
            write(value, &writer)
            #expect(try JSONValue.parse(writer.bytes) == value, "\(writer.text)")
        }
    }

    @Test func whatJSONCannotHoldIsNull() throws {
        var writer = JSONWriter()
        writer.object {
            $0.member("nan", Double.nan)
            $0.member("inf", -Double.infinity)
            $0.member("nil", nil as Double?)
            $0.member("n", integer: .min)
            $0.member("p", pairs: [("a", "1"), ("b", "2")])
        }
        #expect(
            writer.text
                == #"{"nan":null,"inf":null,"nil":null,"n":-9223372036854775808,"#
                + #""p":{"a":"1","b":"2"}}"#
        )
    }
}
