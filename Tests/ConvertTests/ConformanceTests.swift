import Foundation
import SLO
import Testing
import Text

@testable import Convert

/// Every file that the peers ship, where the maintainers' data lies beside the checkout.
@Suite(.enabled(if: conformanceFolder != nil, "the maintainers' data is not here"))
struct ConformanceTests {
    private func inputs() throws -> [PeerFile] {
        let folder = try #require(conformanceFolder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        return try paths.compactMap { path in
            let url = folder.appending(path: path)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
                return nil
            }
            return PeerFile(path: path, bytes: Array(try Data(contentsOf: url)))
        }
    }

    @Test func everyFileIsConvertedOrRefusedWithAReason() throws {
        let conversion = Conversion(try inputs())
        #expect(conversion.files.count > 150)
        for file in conversion.files {
            #expect(
                file.text != nil || !file.refusals.isEmpty || file.part != nil, "\(file.path)")
            for refusal in file.refusals {
                #expect(refusal.position.file == file.path)
                #expect(refusal.position.line > 0 && refusal.position.column > 0)
                // A reason that a person can act on says what was expected, or gives advice.
                #expect(refusal.expected != nil || refusal.hint != nil, "\(refusal)")
            }
        }
    }

    @Test func everyOutputIsWhatOurReaderTakes() throws {
        for file in Conversion(try inputs()).files {
            guard let text = file.text else { continue }
            let documents = try YAML.parse(Array(text.utf8), file: file.path)
            let read = documents.map { DefinitionReader.read($0) }
            let errors = read.flatMap(\.diagnostics).filter {
                $0.severity == .error && !$0.what.contains("time zone")
            }
            #expect(errors == [], "\(file.path)")
            if errors.isEmpty && !text.contains("timeZone") {
                #expect(read.flatMap(\.definitions).count == file.slos.count, "\(file.path)")
            }
        }
    }

    @Test func whatCanBeCountedIsCounted() throws {
        let conversion = Conversion(try inputs())
        // None of what a peer counts is left a query: only gauges and VictoriaMetrics' functions.
        let queried = conversion.files.filter { $0.slos.contains { $0.kind == "query" } }
        for file in queried {
            #expect(file.path.contains("wifi") || file.path.contains("openslo"), "\(file.path)")
        }
        #expect(conversion.slos >= 90)
    }

    @Test func everySLOSaysWhatDiffers() throws {
        for file in Conversion(try inputs()).files {
            for slo in file.slos { #expect(!slo.differences.isEmpty, "\(file.path) \(slo.name)") }
        }
    }
}
