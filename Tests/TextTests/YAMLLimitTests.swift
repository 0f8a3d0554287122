import Testing
import Text

private func failure(_ text: String) -> String {
    do throws(Diagnostic) {
        return "parsed: \(try YAML.parse(Array(text.utf8), file: "f.yaml").count)"
    } catch {
        return error.description
    }
}

@Suite struct YAMLLimitTests {
    @Test func inputIsLimitedInBytes() throws {
        let full = [UInt8](repeating: UInt8(ascii: "#"), count: YAML.bytesMax)
        #expect(try YAML.parse(full, file: "f").isEmpty)
        #expect(throws: Diagnostic.self) { try YAML.parse(full + [0x23], file: "f") }
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try yaml(nested(YAML.depthMax)).count == 1)
        #expect(failure(nested(YAML.depthMax + 1)).hasPrefix("f.yaml:1:65: nested too deeply"))
        #expect(failure(String(repeating: "[", count: 1 << 20)).contains("nested too deeply"))
        let block = String(repeating: "- ", count: 1 << 16)
        #expect(failure(block).contains("nested too deeply"))
    }

    @Test func aliasesCountForTheDepth() throws {
        func chain(_ length: Int) -> String {
            var text = "a0: &a0 [x]\n"
            for index in 1..<length { text += "a\(index): &a\(index) [*a\(index - 1)]\n" }
            return text
        }
        // The mapping around the chain is one level.
        #expect(try yaml(chain(YAML.depthMax - 1)).count == 1)
        #expect(failure(chain(YAML.depthMax)).contains("nested too deeply"))
    }

    @Test func tagDirectivesAreLimited() throws {
        func tags(_ count: Int) -> String {
            (0..<count).map { "%TAG !\($0)! x\n" }.joined() + "---\na: 1\n"
        }
        #expect(try yaml(tags(YAML.tagDirectivesMax)).count == 1)
        #expect(failure(tags(YAML.tagDirectivesMax + 1)).hasPrefix("f.yaml:65:1: too many %TAG"))
    }

    @Test func nodesAreLimited() throws {
        let full = "[" + String(repeating: "a,", count: YAML.nodesMax - 1) + "]"
        #expect(try yaml(full).first?.elements.count == YAML.nodesMax - 1)
        let over = "[" + String(repeating: "a,", count: YAML.nodesMax) + "]"
        #expect(failure(over).contains("too many values"))
    }

    @Test func billionLaughsEndEarly() {
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for index in 1...9 {
            let copies = Array(repeating: "*a\(index - 1)", count: 9).joined(separator: ", ")
            text += "a\(index): &a\(index) [\(copies)]\n"
        }
        #expect(failure(text).contains("f.yaml:6:"))
        #expect(failure(text).contains("too many values, aliases followed"))
    }
}
