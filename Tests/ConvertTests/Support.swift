import Foundation
import Model
import Testing
import Text

@testable import Convert

/// One file, converted.
func converted(_ text: String, path: String = "in.yaml") throws -> ConvertedFile {
    let conversion = Conversion([PeerFile(path: path, bytes: Array(text.utf8))])
    return try #require(conversion.files.first)
}

/// What the importers make of one document, before our own reader has seen it.
func imported(_ text: String) throws -> Imported {
    let documents = try YAML.parse(Array(text.utf8), file: "in.yaml")
    let windows = SlothWindows(period: .days(30), among: documents)
    var catalog = OpenSLOCatalog(documents.compactMap(OpenSLOObject.init))
    var result = Imported()
    for document in documents {
        switch DocumentKind(document) {
        case .slothFile:
            result =
                result + SlothImporter.read(document, isResource: false, windows: windows)
        case .slothResource:
            result = result + SlothImporter.read(document, isResource: true, windows: windows)
        case .pyrra: result = result + PyrraImporter.read(document)
        case .openSLO(let object) where object.kind == "SLO":
            result = result + OpenSLOImporter.read(object, &catalog)
        case .rules: result = result + BurnRuleImporter.read(document)
        case .openSLO, .alertWindows, .foreign: break
        }
    }
    return result
}

/// The SLI of the first SLO.
func sli(_ text: String) throws -> NativeSLI {
    let result = try imported(text)
    return try #require(result.slos.first, "\(result.refusals)").sli
}

/// Topics of what differs, in order.
func topics(_ slo: NativeSLO) -> [String] { slo.differences.map(\.topic.rawValue) }

/// The maintainers' data beside the checkout; nil where there is none.
let conformanceFolder: URL? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.deletingLastPathComponent().appending(path: "shared/conformance/slo")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()

/// A Sloth file with one SLO of these queries.
func slothFile(_ error: String, _ total: String, objective: String = "99.9") -> String {
    """
    version: prometheus/v1
    service: shop
    slos:
      - name: checkout
        objective: \(objective)
        sli:
          events:
            error_query: |
              \(error)
            total_query: |
              \(total)
        alerting:
          name: CheckoutBurns
    """
}

/// A Sloth file with one raw query.
func rawSlothFile(_ query: String) -> String {
    """
    version: prometheus/v1
    service: shop
    slos:
      - name: checkout
        objective: 99.9
        sli:
          raw:
            error_ratio_query: |
              \(query)
    """
}
