import Drift
import Model
import Wire

// A live baseline: the first rows of a version, until there are enough of them.

extension DriftWatch {
    mutating func collect(
        _ frame: FeatureFrame, _ collection: inout DriftCollection, _ time: Timestamp,
        _ now: Timestamp
    ) {
        let wanted = definition.features.map(\.name)
        let names = names(frame)
        let places = Dictionary(zip(names, names.indices)) { first, _ in first }
        let columns = wanted.map { places[$0] }
        let unknown = UInt64(names.filter { !wanted.contains($0) }.count)
        absent = wanted.filter { places[$0] == nil }
        for row in 0..<frame.rows {
            if unknown > 0 { refusals.add(.unknownFeature, times: unknown) }
            var words: [FeatureWord] = []
            var isGood = true
            for (index, column) in columns.enumerated() {
                let word = column.map { frame.words[row * names.count + $0] } ?? .missing
                if let refusal = refusal(of: word, definition.features[index].type) {
                    refusals.add(refusal)
                    isGood = false
                }
                words.append(word)
            }
            guard isGood else { continue }
            collection.add(
                words, frame.texts, wanted, at: Self.time(frame, row, time, now))
            if collection.rows >= definition.firstRows ?? .max {
                // What is left of the frame begins the watch with the next one.
                return build(collection, at: now)
            }
        }
        stage = .collecting(collection)
    }

    /// Why a value cannot be in a baseline.
    private func refusal(of word: FeatureWord, _ type: DriftFeatureType?) -> FeatureRefusal? {
        switch word.content {
        case .missing: nil
        case .number(let number):
            number.isNaN ? .notANumber : number.isFinite ? nil : .infinite
        case .flag: nil
        case .text: type == .numeric || type == .binary ? .wrongType : nil
        case .nested: .wrongType
        case .tooLong: .tooLong
        }
    }

    private mutating func build(_ collection: DriftCollection, at now: Timestamp) {
        var settings = definition.live
        settings.version = key.version
        do throws(BaselineError) {
            guard let table = collection.table(definition.features) else {
                stage = .failed("the rows make no table")
                return
            }
            let built = try BaselineBuilder.build(table, settings)
            stage = .watching(DriftMonitor(built.baseline, definition.monitor))
            windowStart = now
        } catch {
            stage = .failed("no baseline of the first rows: \(error)")
        }
    }
}
