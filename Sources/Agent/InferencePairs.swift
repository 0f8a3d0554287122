import Model
import Wire

// Requests and their responses, which loggers send apart and in any order. A request without a
// response in time has failed, since servers' loggers send responses only of what went well, unless
// something was shed meanwhile: then nobody knows. An id that has been seen is kept until its time
// is over, so that duplicates are known. Bounded; in shards, so that a checkpoint that holds an
// older state makes the owner copy little at a time.

/// What is watched as one: a model's namespace, endpoint and version.
struct DriftKey: Hashable, Comparable, Sendable, Archivable {
    static let blank = DriftKey(title: "", model: "", namespace: "", endpoint: "", version: "")

    /// Of the definition.
    var title: String
    var model: String
    var namespace: String
    var endpoint: String
    var version: String
    var stream = DriftStream.inputs

    static func < (left: Self, right: Self) -> Bool {
        left.texts.lexicographicallyPrecedes(right.texts)
    }

    private var texts: [String] { [title, model, namespace, endpoint, version, stream.label] }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&title)
        archive.field(&model)
        archive.field(&namespace)
        archive.field(&endpoint)
        archive.field(&version)
        archive.field(&stream)
    }

    /// The same of another version.
    func with(version: String) -> DriftKey {
        var copy = self
        copy.version = version
        return copy
    }

    /// The same model's answers.
    var outputs: DriftKey {
        var copy = self
        copy.title += DriftModel.outputsSuffix
        copy.stream = .outputs
        return copy
    }
}

/// A half of an exchange that waits for the other, or one that is done.
struct InferenceExchange: Sendable, Archivable {
    enum State: UInt8, Sendable {
        case asked = 0
        case answered = 1
        case done = 2
    }

    static let blank = InferenceExchange(
        state: .done, key: .blank, nanos: 0, openedAt: .distantPast)

    var state: State
    var key: DriftKey
    /// Of the half that is there.
    var nanos: Int64
    var openedAt: Timestamp
    var status = 0
    /// Rows, or answers, that wait to learn their version.
    var frame: FeatureFrame?
    var sampledRate: UInt32 = 1

    mutating func archive(_ archive: inout Archive) {
        archive.field(&state)
        archive.field(&key)
        archive.field(&nanos)
        archive.field(&openedAt)
        archive.field(&status)
        archive.field(&sampledRate)
        var bytes: [UInt8] = []
        if let frame, !archive.isReading {
            var out = ByteWriter()
            frame.encode(into: &out)
            bytes = out.bytes
        }
        archive.field(&bytes)
        guard archive.isReading, !bytes.isEmpty else { return }
        var reader = ByteReader(bytes)
        frame = FeatureFrame(from: &reader)
        if frame == nil || !reader.isAtEnd { archive.fail() }
    }
}

/// Pairs the halves of exchanges by their ids.
struct InferencePairs: Sendable {
    /// Ids known at a time, and values of rows that wait.
    static let exchangesMax = 200_000
    static let wordsMax = 4_000_000
    private static let shardCount = 64

    /// What became of a half.
    enum Outcome {
        /// Known already.
        case duplicate
        case waits
        /// Both are there: the one that came first.
        case paired(InferenceExchange)
    }

    private struct Bucket: Sendable {
        /// When it is over.
        var second: Int64
        var ids: [UInt64]
    }

    private var shards = [[UInt64: InferenceExchange]](repeating: [:], count: shardCount)
    /// By their second, ascending.
    private var buckets: [Bucket] = []
    private(set) var count = 0
    private(set) var wordsWaiting = 0
    /// When bodies were last shed.
    private(set) var shedAt = Timestamp.distantPast

    /// When the next exchange is over.
    var nextDeadline: Timestamp? { buckets.first.map { Timestamp(millis: $0.second * 1000) } }

    mutating func noteShed(at now: Timestamp) { shedAt = now }

    /// The id's hash among those of a model.
    static func hash(_ id: String, _ key: DriftKey) -> UInt64 {
        var hash = FNV1a64()
        hash.combine(key.title.utf8)
        hash.combine(0)
        hash.combine(id.utf8)
        return hash.value
    }

    /// Takes a half. A half whose other half is there ends the exchange.
    mutating func take(
        _ half: InferenceExchange, id: UInt64, until: Timestamp
    ) -> Outcome {
        let shard = Int(id % UInt64(Self.shardCount))
        guard var known = shards[shard][id] else {
            var half = half
            let words = half.frame?.words.count ?? 0
            if wordsWaiting + words > Self.wordsMax { half.frame = nil }
            wordsWaiting += half.frame?.words.count ?? 0
            shards[shard][id] = half
            count += 1
            remember(id, until: until)
            return .waits
        }
        guard known.state != .done, known.state != half.state else { return .duplicate }
        let first = known
        wordsWaiting -= known.frame?.words.count ?? 0
        known.state = .done
        known.frame = nil
        shards[shard][id] = known
        return .paired(first)
    }

    private mutating func remember(_ id: UInt64, until: Timestamp) {
        // Rounded up, so that nothing ends too early.
        let second = (until.millis + 999) / 1000
        var place = buckets.count
        while place > 0, buckets[place - 1].second > second { place -= 1 }
        if place > 0, buckets[place - 1].second == second {
            buckets[place - 1].ids.append(id)
        } else {
            buckets.insert(Bucket(second: second, ids: [id]), at: place)
        }
    }

    /// The exchanges whose time is over, and the oldest of too many. Those that are done are left
    /// out.
    mutating func takeExpired(at now: Timestamp) -> [InferenceExchange] {
        var expired: [InferenceExchange] = []
        var ended = 0
        for bucket in buckets {
            guard bucket.second * 1000 <= now.millis || count > Self.exchangesMax else { break }
            ended += 1
            for id in bucket.ids {
                let shard = Int(id % UInt64(Self.shardCount))
                guard let exchange = shards[shard].removeValue(forKey: id) else { continue }
                count -= 1
                wordsWaiting -= exchange.frame?.words.count ?? 0
                if exchange.state != .done { expired.append(exchange) }
            }
        }
        buckets.removeFirst(ended)
        return expired
    }

    /// Whether something may have been shed while an exchange was open.
    func isUncertain(_ exchange: InferenceExchange) -> Bool {
        shedAt >= exchange.openedAt - .seconds(1)
    }
}

extension InferencePairs: Archivable {
    static let blank = InferencePairs()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&shedAt)
        var list = buckets.flatMap { bucket in
            bucket.ids.map { id in
                (bucket.second, id, shards[Int(id % UInt64(Self.shardCount))][id] ?? .blank)
            }
        }
        archive.array(&list, blank: (0, 0, .blank)) {
            $0.field(&$1.0)
            $0.field(&$1.1)
            $0.field(&$1.2)
        }
        guard archive.isReading else { return }
        for (second, id, exchange) in list {
            let shard = Int(id % UInt64(Self.shardCount))
            guard shards[shard].updateValue(exchange, forKey: id) == nil,
                second < .max / 2000, second > .min / 2000
            else { return archive.fail() }
            count += 1
            wordsWaiting += exchange.frame?.words.count ?? 0
            remember(id, until: Timestamp(millis: second * 1000))
        }
    }
}

/// What became of the requests to a model, and how long those that went well took.
struct InferenceTally: Hashable, Sendable, Archivable {
    static let blank = InferenceTally()

    /// Upper bounds in milliseconds; counts of at most each are exact.
    static let boundsMillis: [Double] = [
        1, 2.5, 5, 10, 25, 50, 100, 200, 250, 300, 500, 750, 1000, 1500, 2500, 5000, 10_000,
        30_000, 60_000,
    ]

    var good: UInt64 = 0
    /// Answered with 5xx, or not in time.
    var failed: UInt64 = 0
    /// Answered with 4xx: the caller's business.
    var rejected: UInt64 = 0
    /// Nobody knows: something was shed meanwhile.
    var unknown: UInt64 = 0
    /// Responses whose request never came, or was given up before.
    var unpaired: UInt64 = 0
    var duplicates: UInt64 = 0
    /// By bound, each counted once; the last is of those above all.
    private(set) var latencies = [UInt64](repeating: 0, count: boundsMillis.count + 1)
    /// Nanoseconds: whole numbers add exactly.
    private(set) var latencySum: UInt64 = 0

    mutating func answer(status: Int, nanos: Int64?) {
        switch status {
        case 500...: failed += 1
        case 400..<500: rejected += 1
        default:
            good += 1
            guard let nanos else { return }
            let took = max(0, nanos)
            // Whole nanoseconds: a bound is exact.
            let place = Self.boundsMillis.firstIndex { took <= Int64($0 * 1_000_000) }
            latencies[place ?? Self.boundsMillis.count] += 1
            latencySum &+= UInt64(took)
        }
    }

    /// Requests that took at most each bound, and all.
    var cumulative: [UInt64] {
        var sum: UInt64 = 0
        return latencies.map {
            sum += $0
            return sum
        }
    }

    var isEmpty: Bool { good + failed + rejected + unknown + unpaired + duplicates == 0 }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&good)
        archive.field(&failed)
        archive.field(&rejected)
        archive.field(&unknown)
        archive.field(&unpaired)
        archive.field(&duplicates)
        archive.array(&latencies, blank: 0) { $0.field(&$1) }
        archive.field(&latencySum)
        if archive.isReading && latencies.count != Self.boundsMillis.count + 1 {
            latencies = Self.blank.latencies
            archive.fail()
        }
    }
}
