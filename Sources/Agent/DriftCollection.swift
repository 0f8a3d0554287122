import Drift
import Model
import Wire

// The first rows of a version, of which its baseline is made. They are kept as words in blocks, so
// that a checkpoint shares all but the newest.

/// Rows of a live baseline, collected so far. Values are in the order of the features.
struct DriftCollection: Sendable, Archivable {
    static let blank = DriftCollection()
    private static let rowsPerBlock = 256

    fileprivate struct Block: Sendable, Archivable {
        static let blank = Block()

        var frame = FeatureFrame()
        var places: [String: Int] = [:]

        mutating func archive(_ archive: inout Archive) {
            var bytes: [UInt8] = []
            if !archive.isReading {
                var out = ByteWriter()
                frame.encode(into: &out)
                bytes = out.bytes
            }
            archive.field(&bytes)
            guard archive.isReading else { return }
            var reader = ByteReader(bytes)
            guard let frame = FeatureFrame(from: &reader), reader.isAtEnd else {
                return archive.fail()
            }
            self.frame = frame
            places = Dictionary(zip(frame.texts, frame.texts.indices)) { first, _ in first }
        }
    }

    private var blocks: [Block] = []
    private(set) var rows = 0

    /// Adds a row in its order of arrival; text words point into `texts`.
    mutating func add(
        _ row: [FeatureWord], _ texts: [String], _ columns: [String], at time: Timestamp
    ) {
        if blocks.last.map({ $0.frame.rows >= Self.rowsPerBlock }) ?? true {
            var block = Block()
            block.frame.columns = columns
            blocks.append(block)
        }
        let last = blocks.count - 1
        for word in row {
            guard case .text(let place) = word.content else {
                blocks[last].frame.words.append(word)
                continue
            }
            blocks[last].frame.words.append(FeatureWord(text: blocks[last].place(of: texts[place])))
        }
        blocks[last].frame.times.append(time)
        rows += 1
    }

    /// The rows as a table; declared types decide what a column is.
    func table(_ features: [DriftFeature]) -> TrainingTable? {
        var times: [Timestamp] = []
        times.reserveCapacity(rows)
        for block in blocks { times += block.frame.times }
        let columns = features.indices.map { index in
            var values: [FeatureValue] = []
            values.reserveCapacity(rows)
            for block in blocks {
                for row in 0..<block.frame.rows {
                    let word = block.frame.words[row * features.count + index]
                    values.append(FeatureValue(word, texts: block.frame.texts) ?? .missing)
                }
            }
            switch features[index].type {
            case .categorical: return TrainingColumn(levels: values)
            case .numeric, .binary:
                return TrainingColumn(
                    values.map { value in
                        if case .flag(let flag) = value { .number(flag ? 1 : 0) } else { value }
                    })
            case nil: return TrainingColumn(values)
            }
        }
        return TrainingTable(
            names: features.map(\.name), columns: columns, times: times, isInOrder: true)
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&blocks)
        guard archive.isReading else { return }
        rows = blocks.reduce(0) { $0 + $1.frame.rows }
        let width = blocks.first?.frame.columns.count ?? 0
        if !blocks.allSatisfy({
            $0.frame.columns.count == width && $0.frame.times.count == $0.frame.rows
        }) {
            self = .blank
            archive.fail()
        }
    }
}

extension DriftCollection.Block {
    fileprivate mutating func place(of text: String) -> Int {
        if let place = places[text] { return place }
        places[text] = frame.texts.count
        frame.texts.append(text)
        return frame.texts.count - 1
    }
}
