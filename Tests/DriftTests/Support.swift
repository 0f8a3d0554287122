import CMath
import Foundation

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Within (0, 1).
    mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    /// One of N(0, 1), by Box and Muller.
    mutating func normal() -> Double {
        (-2 * pitot_log(uniform())).squareRoot() * pitot_cos(2 * Double.pi * uniform())
    }
}

/// Whether two numbers agree to `tolerance`, relative where they are large.
func agree(_ left: Double, _ right: Double, _ tolerance: Double = 1e-9) -> Bool {
    if left == right { return true }
    return abs(left - right) <= tolerance * max(1, abs(left), abs(right))
}

/// Whether two chances agree in their digits, however small they are.
func agreeRelative(_ left: Double, _ right: Double, _ tolerance: Double = 1e-9) -> Bool {
    left == right || abs(left - right) <= tolerance * max(abs(left), abs(right))
}

/// JSON, read loosely: what is missing is nil.
struct Golden {
    let value: Any?

    init(_ value: Any?) { self.value = value }

    init(file: URL) {
        value = (try? Data(contentsOf: file)).flatMap {
            try? JSONSerialization.jsonObject(with: $0)
        }
    }

    subscript(key: String) -> Golden { Golden((value as? [String: Any])?[key]) }
    var list: [Golden] { (value as? [Any])?.map(Golden.init) ?? [] }
    var keys: [String] { (value as? [String: Any])?.keys.sorted() ?? [] }
    var text: String { value as? String ?? "" }
    var bool: Bool { (value as? NSNumber)?.boolValue ?? false }
    var exists: Bool { value != nil }

    /// A number; "inf", "-inf" and "nan" come as text.
    var number: Double {
        if let text = value as? String { return Double(text) ?? .nan }
        return (value as? NSNumber)?.doubleValue ?? .nan
    }

    var numbers: [Double] { list.map(\.number) }
    var integers: [Int] { list.map { Int($0.number) } }
}

/// Where goldens lie.
enum GoldenFolder {
    static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The maintainers' conformance data, which lies beside a checkout and not in it.
    static let conformance = tests.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared").appending(path: "conformance")
        .appending(path: "drift")

    static let hasConformance = FileManager.default.fileExists(
        atPath: conformance.appending(path: "README.md").path)

    /// The lines of a file of one column, less its heading.
    static func column(_ file: URL) -> [String] {
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").dropFirst().map(String.init)
    }
}
