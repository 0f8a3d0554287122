import Testing
import Text

@Suite struct PatternTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "ab", false), ("a", "ba", false), ("a|b", "b", true),
        ("a|bc", "ac", false), (".*", "x\ny", true), ("a.b", "a\nb", true), ("", "", true),
        ("", "a", false), (".+", "", false), ("(?i)abc", "ABC", true), ("^a$", "a", true),
        (".", "é", true), ("[^5]..", "404", true), (#"\d+"#, "12", true),
    ])
    func patternsMatchTheWholeText(pattern: String, text: String, matches: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == matches)
    }

    @Test(arguments: ["(", "a**b(", "[", #"\"#, "(?=a)", #"(a)\1"#, "a{1001}"])
    func badPatternsAreRefused(pattern: String) {
        #expect {
            try Pattern(pattern)
        } throws: { error in
            guard case .invalid(let reason) = error as? PatternError else { return false }
            return !reason.isEmpty
        }
    }

    @Test func sizeAndMemoryAreLimited() throws {
        let longest = String(repeating: "a", count: Pattern.bytesMax)
        #expect(try Pattern(longest).matches(longest))
        #expect(throws: PatternError.tooLong(limit: Pattern.bytesMax)) {
            try Pattern(longest + "a")
        }
        #expect(throws: PatternError.self) { try Pattern(#"((\pL{100}){10}){100}"#) }
    }

    @Test func backtrackingTrapsAreLinear() throws {
        let pattern = try Pattern("(a+)+b")
        #expect(!pattern.matches(String(repeating: "a", count: 100_000)))
    }

    @Test func onePatternServesManyThreads() async throws {
        let pattern = try Pattern("x[0-9]+y")
        let count = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    (0..<500).filter { pattern.matches("x\($0 * 4 + worker)y") }.count
                }
            }
            return await group.reduce(0, +)
        }
        #expect(count == 2000)
    }
}
