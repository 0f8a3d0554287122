import Model
import Text
public import Wire

// Traces as the API shows them. Spans come in the order of a waterfall, each with its depth. Times
// are as they were sent: where a span begins before its parent, the clocks of two machines differ,
// and the difference is said, not hidden. A span whose parent is not there says so.

/// What a list of traces is narrowed to.
public struct TraceFilter: Sendable {
    public var kinds = TraceKind.allCases
    /// Of a service that has a span in the trace; empty for any.
    public var service = ""
    /// At least so long, in nanoseconds.
    public var nanosMin: UInt64 = 0
    public var limit = 100

    /// Any trace.
    public init() {}
}

extension TraceRing {
    /// The traces that a filter lets through, newest first.
    public func list(_ filter: TraceFilter) -> [UInt8] {
        var out = JSONWriter()
        out.object { out in
            out.member("status", "success")
            out.key("data")
            out.object { out in
                out.key("traces")
                out.array { out in
                    var left = filter.limit
                    for trace in traces(of: filter.kinds) where left > 0 {
                        let tree = TraceTree(trace)
                        guard trace.nanos >= filter.nanosMin,
                            filter.service.isEmpty || tree.services.contains(filter.service)
                        else { continue }
                        left -= 1
                        out.object { tree.writeSummary(into: &$0) }
                    }
                }
            }
        }
        return out.bytes
    }

    /// One trace, ready to be drawn; nil when it is not kept.
    public func waterfall(_ id: TraceID) -> [UInt8]? {
        guard let trace = trace(id) else { return nil }
        let tree = TraceTree(trace)
        var out = JSONWriter()
        out.object { out in
            out.member("status", "success")
            out.key("data")
            out.object { out in
                tree.writeSummary(into: &out)
                out.key("spans")
                out.array { out in
                    for row in tree.rows { out.object { tree.write(row, into: &$0) } }
                }
            }
        }
        return out.bytes
    }
}

/// A trace's spans in their order.
struct TraceTree {
    struct Row {
        let place: Int
        let depth: Int
        /// It has a parent that is not there.
        let isOrphan: Bool
    }

    let trace: KeptTrace
    private let details: [SpanDetails]
    private(set) var rows: [Row] = []
    private var placeOf: [UInt64: Int] = [:]
    private var children: [Int: [Int]] = [:]

    init(_ trace: KeptTrace) {
        self.trace = trace
        details = trace.spans.map { SpanDetails(message: $0.message, resource: $0.resource) }
        for (place, span) in trace.spans.enumerated() { placeOf[span.record.span] = place }
        var roots: [Int] = []
        for (place, span) in trace.spans.enumerated() {
            if let parent = placeOf[span.record.parent], parent != place {
                children[parent, default: []].append(place)
            } else {
                roots.append(place)
            }
        }
        walk(from: roots)
    }

    /// Depth first, by start; a list of what is to come instead of recursion. Spans that are each
    /// other's parents hang on nothing and come last.
    private mutating func walk(from roots: [Int]) {
        var seen = Set<Int>()
        var stack = ordered(roots).reversed().map { (place: $0, depth: 0) }
        func isOrphan(_ place: Int) -> Bool {
            let parent = trace.spans[place].record.parent
            return parent != 0 && placeOf[parent] == nil
        }
        while let next = stack.popLast() {
            guard seen.insert(next.place).inserted else { continue }
            rows.append(
                Row(place: next.place, depth: next.depth, isOrphan: isOrphan(next.place)))
            for child in ordered(children[next.place] ?? []).reversed() {
                stack.append((child, next.depth + 1))
            }
        }
        for place in ordered(trace.spans.indices.filter { !seen.contains($0) }) {
            rows.append(Row(place: place, depth: 0, isOrphan: true))
        }
    }

    private func ordered(_ places: [Int]) -> [Int] {
        places.sorted {
            let (left, right) = (trace.spans[$0].record, trace.spans[$1].record)
            return (left.start, left.span) < (right.start, right.span)
        }
    }

    var services: [String] { Set(details.map(\.service)).filter { !$0.isEmpty }.sorted() }
    /// Parents that spans name and that are not there.
    var missing: Int {
        Set(rows.filter(\.isOrphan).map { trace.spans[$0.place].record.parent }).count
    }

    func writeSummary(into out: inout JSONWriter) {
        let first = rows.first?.place ?? 0
        out.member("traceId", trace.id.description)
        out.member("kind", trace.kind.word)
        out.member("rootName", details.isEmpty ? "" : details[first].name)
        out.member("rootService", details.isEmpty ? "" : details[first].service)
        out.key("start")
        out.number(Double(trace.start) / 1e9)
        out.key("startNanos")
        out.string(String(trace.start))
        out.member("durationNanos", integer: Int(clamping: trace.nanos))
        out.key("services")
        out.array { out in for service in services { out.string(service) } }
        out.member("spanCount", integer: trace.spans.count)
        out.member("spansLeftOut", integer: trace.left)
        out.member("missingParents", integer: missing)
        out.member(
            "badSpans", integer: trace.spans.count { $0.verdict.contains(.bad) })
        out.member(
            "slowSpans", integer: trace.spans.count { $0.verdict.contains(.slow) })
    }

    func write(_ row: Row, into out: inout JSONWriter) {
        let span = trace.spans[row.place]
        let record = span.record
        let own = details[row.place]
        out.member("spanId", hexadecimal(record.span))
        out.member("parentSpanId", record.parent == 0 ? "" : hexadecimal(record.parent))
        out.member("depth", integer: row.depth)
        out.key("parentMissing")
        out.bool(row.isOrphan)
        out.member("name", own.name)
        out.member("service", own.service)
        out.member("kind", SpanLabels.kindWord(record.kind))
        out.member("status", SpanLabels.statusWord(record.status))
        out.member("statusMessage", own.statusMessage)
        out.member("offsetNanos", integer: Int(clamping: record.start - trace.start))
        out.member("durationNanos", integer: Int(clamping: record.nanos))
        out.member("selfNanos", integer: Int(clamping: selfNanos(row.place)))
        out.member("skewNanos", integer: skew(record))
        out.key("bad")
        out.bool(span.verdict.contains(.bad))
        out.key("slow")
        out.bool(span.verdict.contains(.slow))
        out.member("weight", record.weight)
        write(own.attributes, "attributes", into: &out)
        write(own.resource, "resource", into: &out)
        out.key("events")
        out.array { out in
            for event in own.events {
                out.object { out in
                    out.member("name", event.name)
                    out.member(
                        "offsetNanos",
                        integer: Int(Int64(bitPattern: event.nanos &- trace.start)))
                    write(event.attributes, "attributes", into: &out)
                }
            }
        }
        out.key("links")
        out.array { out in
            for link in own.links {
                out.object { out in
                    out.member("traceId", link.trace.description)
                    out.member("spanId", hexadecimal(link.span))
                }
            }
        }
        out.member("unreadable", integer: own.unreadable)
    }

    private func write(
        _ attributes: [SpanDetails.Attribute], _ name: String, into out: inout JSONWriter
    ) {
        out.key(name)
        out.array { out in
            for one in attributes {
                out.object { out in
                    out.member("key", one.key)
                    out.key("value")
                    out.raw(one.json)
                }
            }
        }
    }

    /// How much earlier than its parent a span begins: 0 when it does not.
    private func skew(_ record: SpanRecord) -> Int {
        guard let parent = placeOf[record.parent] else { return 0 }
        let begin = trace.spans[parent].record.start
        return begin > record.start ? Int(clamping: begin - record.start) : 0
    }

    /// The time of a span in which none of its children ran.
    private func selfNanos(_ place: Int) -> UInt64 {
        let own = trace.spans[place].record
        var covered: UInt64 = 0
        var until = own.start
        for child in ordered(children[place] ?? []) {
            let record = trace.spans[child].record
            let (from, to) = (max(record.start, until), min(record.end, own.end))
            if to > from {
                covered += to - from
                until = to
            }
        }
        return own.nanos - covered
    }
}
