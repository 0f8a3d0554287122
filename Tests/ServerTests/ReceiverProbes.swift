import Glibc
import Model
import Wire

// What remote-write receivers are asked in the field notes, a row a probe: the request, the answer,
// and what is stored after it. Each row has a metric of its own, so they do not touch each other.

/// One request and what must come of it.
struct Probe {
    var name: String
    var headers: [(String, String)]
    var body: [UInt8]
    var status: Int
    /// Samples that are new in the store.
    var stored = 0
    /// X-Prometheus-Remote-Write-Samples-Written; nil when the answer has no such headers.
    var written: Int?
    /// Likewise, of the other kinds.
    var histograms = 0
    var exemplars = 0
    /// Part of the one line that says why.
    var says = ""
}

let firstType = "application/x-protobuf"
let secondType = "application/x-protobuf;proto=io.prometheus.write.v2.Request"

/// The probes at a time of the agent's clock.
struct ReceiverProbes {
    let now: Int64

    private func named(_ metric: String, _ more: (String, String)...) -> [(String, String)] {
        [("__name__", metric), ("job", "api")] + more
    }

    private func post(
        _ name: String, _ status: Int, type: String? = firstType, encoding: String? = "snappy",
        raw: [UInt8], stored: Int = 0, written: Int? = nil, says: String = ""
    ) -> Probe {
        var headers: [(String, String)] = []
        if let type { headers.append(("Content-Type", type)) }
        if let encoding { headers.append(("Content-Encoding", encoding)) }
        return Probe(
            name: name, headers: headers, body: raw, status: status, stored: stored,
            written: written, says: says)
    }

    /// A request of remote write 1.0.
    private func one(
        _ name: String, _ status: Int, _ body: [UInt8], stored: Int = 0, says: String = ""
    ) -> Probe {
        post(name, status, raw: Snappy.compress(body), stored: stored, says: says)
    }

    /// A request of remote write 2.0.
    private func two(
        _ name: String, _ status: Int, stored: Int = 0, written: Int? = nil, histograms: Int = 0,
        exemplars: Int = 0, says: String = "", _ fill: (inout SecondRequest) -> Void
    ) -> Probe {
        var request = SecondRequest()
        fill(&request)
        var probe = post(
            name, status, type: secondType, raw: Snappy.compress(request.body), stored: stored,
            written: written ?? stored, says: says)
        probe.histograms = histograms
        probe.exemplars = exemplars
        return probe
    }

    private func firstBody(_ metric: String) -> [UInt8] {
        first(named(metric), sample(now, 1))
    }

    private func secondBody(_ metric: String) -> [UInt8] {
        var request = SecondRequest()
        request.add(named(metric), sample(now, 1))
        return request.body
    }

    var all: [Probe] {
        negotiation + bodies + labelsOfOne + labelsOfTwo + order + otherFields + references
    }

    private var negotiation: [Probe] {
        let good = [
            "application/x-protobuf; proto=io.prometheus.write.v2.Request",
            "application/x-protobuf ;\tproto=io.prometheus.write.v2.Request ",
            "Application/X-Protobuf; Proto=\"io.prometheus.write.v2.Request\"; charset=x",
        ]
        let unknown = [
            "application/json", "image/png", "application/x-protobuf;proto=prometheus.Other",
            "application/x-protobuf; proto=", "application/x-protobufs",
        ]
        let first = Snappy.compress(firstBody("neg_1"))
        let second = Snappy.compress(secondBody("neg_2"))
        return [
            one("a 1.0 request", 204, firstBody("plain_1"), stored: 1),
            two("a 2.0 request", 204, stored: 1) { $0.add(named("plain_2"), sample(now, 1)) },
            one("its repetition", 204, firstBody("plain_1")),
            two("its repetition", 204, written: 1) { $0.add(named("plain_2"), sample(now, 1)) },
            post("no headers", 204, type: nil, encoding: nil, raw: first, stored: 1),
            post("empty headers", 204, type: "", encoding: "", raw: first),
            post(
                "the message's full name", 204,
                type: "application/x-protobuf; proto=prometheus.WriteRequest", raw: first),
            post("2.0 as 1.0", 400, raw: second, says: "no field of the announced message"),
            post("1.0 as 2.0", 400, type: secondType, raw: first, written: 0, says: "no field"),
        ]
            + good.enumerated().map { index, type in
                post(
                    type, 204, type: type, raw: Snappy.compress(secondBody("ows_\(index)")),
                    stored: 1, written: 1)
            } + unknown.map { post($0, 415, type: $0, raw: first, says: "is not supported") }
            + ["gzip", "deflate", "snappy, gzip"].flatMap { encoding in
                [
                    post(encoding, 415, encoding: encoding, raw: first, says: "expected snappy"),
                    post(
                        encoding + " 2.0", 415, type: secondType, encoding: encoding, raw: second,
                        written: 0),
                ]
            }
    }

    private var bodies: [Probe] {
        let framed: [UInt8] = [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]
        let truncated = Array(firstBody("cut_1").dropLast())
        return [(firstType, nil), (secondType, 0)].flatMap { type, written in
            [
                post("no snappy", 400, type: type, raw: Array("hello".utf8), written: written),
                post("framed", 400, type: type, raw: framed, written: written, says: "framed"),
                post("empty", 400, type: type, raw: [], written: written, says: "empty"),
                post("an empty block", 400, type: type, raw: [0], written: written, says: "empty"),
                post(
                    "a claim of 2 GiB", 400, type: type,
                    raw: [0x80, 0x80, 0x80, 0x80, 0x08] + [UInt8](repeating: 0, count: 64),
                    written: written, says: "exceeds limit 33554432"),
            ]
        } + [
            one("a truncated body", 400, truncated),
            post(
                "a truncated 2.0 body", 400, type: secondType,
                raw: Snappy.compress(Array(secondBody("cut_2").dropLast())), written: 0),
            one("unknown fields alone", 400, field(9, [1]) + field(10, 7)),
            one("metadata alone", 204, field(3, field(1, 1) + field(2, Array("m".utf8)))),
        ]
    }

    private static let bad: [(what: String, says: String, label: ([UInt8], [UInt8]))] = [
        ("a duplicate", "duplicate label", (Array("job".utf8), [0x62])),
        ("an empty name", "empty label name", ([], [0x62])),
        ("a name that is no UTF-8", "UTF-8", ([0xff], [0x62])),
        ("a value that is no UTF-8", "UTF-8", ([0x61], [0xc3])),
    ]

    private func raw(_ labels: [(String, String)]) -> [([UInt8], [UInt8])] {
        labels.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    }

    private var labelsOfOne: [Probe] {
        Self.bad.enumerated().map { index, bad in
            one(
                bad.what, 400,
                firstBody("lab_\(index)")
                    + first(raw(named("bad_\(index)")) + [bad.label], sample(now, 1))
                    + firstBody("lab2_\(index)"),
                stored: 2, says: bad.says)
        } + [
            one(
                "no name", 400, first([("job", "api")], sample(now, 1)) + firstBody("named_1"),
                stored: 1, says: "without __name__"),
            one("no labels", 400, first([], sample(now, 1)), says: "without __name__"),
            one("no labels and no sample", 400, first([]), says: "without __name__"),
            one(
                "unsorted", 204,
                first([("z", "1"), ("job", "api"), ("__name__", "sort_1")], sample(now, 1)),
                stored: 1),
            one("and sorted", 204, first(named("sort_1", ("z", "1")), sample(now, 1))),
            one(
                "an empty value", 204, first(named("void_1", ("z", "")), sample(now, 1)),
                stored: 1),
            one("the same without it", 204, firstBody("void_1")),
        ]
    }

    private var labelsOfTwo: [Probe] {
        Self.bad.enumerated().map { index, bad in
            two(bad.what + " 2.0", 400, stored: 2, says: bad.says) {
                $0.add(named("lab3_\(index)"), sample(now, 1))
                $0.add(raw(named("bad_\(index)")) + [bad.label], sample(now, 1))
                $0.add(named("lab4_\(index)"), sample(now, 1))
            }
        } + [
            two("no name 2.0", 400, stored: 1, says: "without __name__") {
                $0.add([("job", "api")], sample(now, 1))
                $0.add(named("named_2"), sample(now, 1))
            },
            two("no labels 2.0", 400, says: "without __name__") {
                $0.add([(String, String)](), sample(now, 1))
            },
            two("unsorted 2.0, with dots and spaces and a line break", 204, stored: 1) {
                $0.add([("z z", "a\nb"), ("a.b", "☃"), ("__name__", "x.y z")], sample(now, 1))
            },
            two("an empty value 2.0", 204, stored: 1) {
                $0.add(named("void_2", ("z", "")), sample(now, 1))
            },
            two("NaN and infinities", 204, stored: 3) {
                $0.add(named("nan"), sample(now, .nan))
                $0.add(named("inf"), sample(now, .infinity))
                $0.add(named("minf"), sample(now, -.infinity))
            },
            one("the same series by 1.0", 204, first(named("inf"), sample(now, .infinity))),
        ]
    }

    private var order: [Probe] {
        func both(
            _ name: String, _ status: Int, _ metric: String, stored: Int, written: Int? = nil,
            says: String = "", _ samples: [(Int64, Double)]
        ) -> [Probe] {
            let fields = samples.flatMap { sample($0.0, $0.1) }
            return [
                one(name, status, first(named(metric), fields), stored: stored, says: says),
                two(
                    name + " 2.0", status, stored: stored, written: written ?? stored, says: says
                ) { $0.add(named(metric + "_2"), fields) },
            ]
        }
        let stale = Double(bitPattern: staleMarkerBits)
        return both("a sample", 204, "ord", stored: 1, [(now, 1)])
            + both("the same again", 204, "ord", stored: 0, written: 1, [(now, 1)])
            + both(
                "another value", 400, "ord", stored: 0, says: "duplicate sample for timestamp",
                [(now, 2)])
            + both("an older one", 204, "ord", stored: 1, [(now - 1, 1)])
            + both("the older one again", 204, "ord", stored: 0, written: 1, [(now - 1, 1)])
            + both(
                "another value of the older one", 400, "ord", stored: 0,
                says: "duplicate sample for timestamp", [(now - 1, 2)])
            + both(
                "one outside the window", 400, "ord", stored: 0, says: "out of order",
                [(now - 300_000, 1)])
            + both("two hours old", 400, "ord", stored: 0, [(now - 7_200_000, 1)])
            + both(
                "good, late, good", 204, "mix", stored: 3, [(now, 1), (now - 1, 1), (now + 1, 1)])
            + both(
                "good, too late, good", 400, "old", stored: 2,
                [(now, 1), (now - 400_000, 1), (now + 1, 1)])
            + both("descending", 204, "desc", stored: 2, [(now, 1), (now - 1, 1)])
            + both(
                "descending over the window", 400, "desc2", stored: 1,
                [(now, 1), (now - 300_000, 1)])
            + both("time zero", 400, "zero", stored: 0, says: "out of bounds", [(0, 1)])
            + both("negative time", 400, "neg", stored: 0, says: "out of bounds", [(-1, 1)])
            + both("five minutes ahead", 204, "five", stored: 1, [(now + 300_000, 1)])
            + both("eleven minutes ahead", 400, "eleven", stored: 0, [(now + 660_000, 1)])
            + both(
                "a stale marker and after it", 204, "stale", stored: 3,
                [(now, 1), (now + 1, stale), (now + 2, 1)])
    }

    private var otherFields: [Probe] {
        func histogram(_ millis: Int64, count: Int64 = 5, zero: Int64 = 5) -> [UInt8] {
            field(1, count) + field(6, zero) + field(15, millis)
        }
        let exemplar = field(1, [3, 4]) + field(3, now)
        return [
            one("a native histogram", 204, first(named("hist_1"), field(4, histogram(now)))),
            two("a native histogram 2.0", 204, histograms: 1) {
                $0.add(named("hist_2"), field(3, histogram(now)))
            },
            two("the same histogram again", 204, histograms: 1) {
                $0.add(named("hist_2"), field(3, histogram(now)))
            },
            two("another histogram of the same time", 400, says: "duplicate sample") {
                $0.add(named("hist_2"), field(3, histogram(now, count: 6, zero: 6)))
            },
            two("a histogram too late", 400, says: "out of order") {
                $0.add(named("hist_2"), field(3, histogram(now - 400_000)))
            },
            two("a histogram far ahead", 400, says: "10 minutes ahead") {
                $0.add(named("hist_2"), field(3, histogram(now + 660_000)))
            },
            one(
                "counts that do not add up", 400,
                first(named("hist_4"), field(4, histogram(now, zero: 4))),
                says: "not what its buckets add up to"),
            two("counts that do not add up 2.0", 400, histograms: 1, says: "hist_4") {
                $0.add(named("hist_4"), field(3, histogram(now, zero: 4)))
                $0.add(named("hist_5"), field(3, histogram(now)))
            },
            two("a histogram of schema 99", 400, says: "schema") {
                $0.add(named("hist_6"), field(3, histogram(now) + field(4, 198)))
            },
            two("a histogram and a sample", 204, stored: 1, histograms: 1) {
                $0.add(named("hist_3"), sample(now, 1), field(3, histogram(now + 1)))
            },
            one(
                "an exemplar", 204, first(named("ex_1"), sample(now, 1), field(3, field(3, now))),
                stored: 1),
            one(
                "an older exemplar", 204,
                first(named("ex_1"), sample(now + 1, 1), field(3, field(3, now - 1))), stored: 1),
            two("an exemplar 2.0", 204, stored: 1, exemplars: 1) {
                $0.add(named("ex_2"), sample(now, 1), field(4, exemplar))
            },
            two("an older exemplar 2.0", 400, stored: 1, says: "exemplar older") {
                $0.add(
                    named("ex_2"), sample(now + 1, 1),
                    field(4, field(1, [3, 4]) + field(3, now - 1)))
            },
            two("an exemplar without labels", 204, stored: 1, exemplars: 1) {
                $0.add(named("ex_3"), sample(now, 1), field(4, field(3, now)))
            },
            two("a created timestamp", 204, stored: 1) {
                $0.add(named("ct"), sample(now, 1), field(6, now - 1000))
            },
            two("a start timestamp", 204, stored: 1) {
                $0.add(named("st"), sample(now, 1, start: now - 1000))
            },
        ]
            + (0...7).map { kind in
                two("metadata of type \(kind)", 204, stored: 1) {
                    $0.add(named("meta_\(kind)"), sample(now, 1), field(5, field(1, kind)))
                }
            }
    }

    private var references: [Probe] {
        let wrong: [(String, [UInt64])] = [
            ("a reference out of range", [1, 99]), ("an odd number of references", [1, 2, 3]),
            ("a reference of 2^32 - 1", [0xffff_ffff, 2]), ("one of 64 bits", [1, .max]),
        ]
        let text = "reference outside the symbols"
        let noSymbols = field(5, field(1, [1, 2]) + sample(now, 1))
        return wrong.enumerated().map { index, wrong in
            two(wrong.0, 400, stored: 2, says: text) {
                $0.add(named("ref_\(index)"), sample(now, 1))
                $0.add(references: wrong.1, sample(now, 1))
                $0.add(named("ref2_\(index)"), sample(now, 1))
            }
        } + [
            two("a help text out of range", 400, stored: 1, says: text) {
                $0.add(named("help"), sample(now, 1), field(5, field(3, 99)))
                $0.add(named("help2"), sample(now, 1))
            },
            two("an exemplar's label out of range", 400, stored: 1, says: "outside the symbols") {
                $0.add(named("exref"), sample(now, 1), field(4, field(1, [1, 99])))
            },
            two("a bad reference without a sample", 400, says: text) {
                $0.add(references: [99], [])
            },
            post(
                "no symbols", 400, type: secondType, raw: Snappy.compress(noSymbols), written: 0,
                says: "empty string"),
            post(
                "symbols that begin with a word", 400, type: secondType,
                raw: Snappy.compress(field(4, [0x61]) + noSymbols), written: 0,
                says: "empty string"),
        ]
    }
}
