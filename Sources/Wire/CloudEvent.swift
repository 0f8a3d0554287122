internal import Model

// CloudEvents 1.0 over HTTP: binary mode (attributes in `ce-` headers, the body is the data),
// structured mode (one JSON object), batch mode (an array of them). What is read of an event is
// what tells about a model: KServe's payload logger (org.kubeflow.serving.inference.request and
// .response, binary mode) and Seldon Core 1 (io.seldon.serving.inference.request, .response and
// .feedback); feedback of other servers comes as io.pitot.inference.feedback. Version 0.2 of the
// specification, which Seldon sends, has the same headers.

/// An HTTP request that should hold CloudEvents, as a connection's thread gives it away.
public struct CloudEventBody: Sendable {
    /// The headers whose names are in `headerNames`, those in lower case.
    public var headers: [FeatureHeader]
    public var contentType: String
    public var body: [UInt8]

    /// A request.
    public init(headers: [FeatureHeader], contentType: String, body: [UInt8]) {
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }

    /// Whether a type is that of events about requests to models.
    public static func isInference(_ type: String) -> Bool {
        ["org.kubeflow.serving.inference.", "io.seldon.serving.", "io.pitot.inference."]
            .contains { type.hasPrefix($0) }
    }

    /// The headers that are looked at.
    public static let headerNames = [
        "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-inferenceservicename",
        "ce-namespace", "ce-component", "ce-endpoint", "ce-metadata", "ce-statuscode",
        "ce-modelid", "ce-requestid", "ce-subject", "ce-sampledrate",
    ]
}

/// Reads CloudEvents about models. Keeps a parser: one for each thread.
public struct CloudEventReader: ~Copyable {
    private let tape: JSONTape
    private let limits: FeatureLimits

    /// Nil when there is no memory.
    public init?(limits: FeatureLimits = FeatureLimits()) {
        guard let tape = JSONTape(bytesMax: limits.bodyBytes) else { return nil }
        self.tape = tape
        self.limits = limits
    }

    /// The events of a request, in their order, and what was wrong with those that are none.
    /// O(bytes).
    public borrowing func read(
        _ request: CloudEventBody
    ) -> (events: [FeatureEvent], faults: [PayloadFault]) {
        guard request.body.count <= limits.bodyBytes else { return ([], [.tooLarge]) }
        let kind = request.contentType.prefix { $0 != ";" }.lowercased()
        if kind.hasPrefix("application/cloudevents") {
            return structured(request.body)
        }
        var attributes = CloudAttributes()
        for header in request.headers where header.name.hasPrefix("ce-") {
            guard let value = CloudAttributes.decoded(header.value) else {
                return ([], [.notAnEvent])
            }
            attributes.set(String(header.name.dropFirst(3)), value)
        }
        guard attributes.isWhole else { return ([], [.notAnEvent]) }
        guard var event = attributes.event else { return ([], [.unknownType]) }
        if kind.hasPrefix("application/grpc") || InferencePayload.looksLikeGRPC(request.body) {
            event.faults.append(.grpc)
            return ([event], [])
        }
        payload(of: request.body, into: &event)
        return ([event], [])
    }

    /// Reads a body, with binary tensors behind its JSON if it has any.
    private borrowing func payload(of body: [UInt8], into event: inout FeatureEvent) {
        unsafe body.withUnsafeBufferPointer { bytes in
            let end = unsafe InferencePayload.jsonEnd(bytes)
            let text = unsafe UnsafeBufferPointer(rebasing: bytes[..<end])
            let rest = unsafe UnsafeBufferPointer(rebasing: bytes[end...])
            do throws(JSONFault) {
                event = unsafe try tape.read(text) {
                    var copy = event
                    unsafe InferencePayload.read($0, rest, limits, into: &copy)
                    return copy
                }
            } catch { event.faults.append(PayloadFault(error)) }
        }
    }

    private borrowing func structured(
        _ body: [UInt8]
    ) -> (events: [FeatureEvent], faults: [PayloadFault]) {
        var events: [FeatureEvent] = []
        var faults: [PayloadFault] = []
        /// Bodies in base64 are read when the tape is free again.
        var packed: [(place: Int, body: [UInt8])] = []
        var values = 0
        unsafe body.withUnsafeBufferPointer { bytes in
            do throws(JSONFault) {
                unsafe try tape.read(bytes) { root in
                    func take(_ value: TapeCursor) -> Bool {
                        guard events.count < limits.events else {
                            faults.append(.tooLarge)
                            return false
                        }
                        let before = events.count
                        self.take(value, &events, &faults, &packed)
                        if events.count > before { values += events[before].frame.words.count }
                        if values > limits.values { faults.append(.tooManyValues) }
                        return values <= limits.values
                    }
                    if root.isArray {
                        root.forEachElement(take)
                    } else {
                        _ = take(root)
                    }
                }
            } catch { faults.append(PayloadFault(error)) }
        }
        for (place, body) in packed {
            if InferencePayload.looksLikeGRPC(body) {
                events[place].faults.append(.grpc)
            } else {
                payload(of: body, into: &events[place])
            }
        }
        return (events, faults)
    }

    private borrowing func take(
        _ value: TapeCursor, _ events: inout [FeatureEvent], _ faults: inout [PayloadFault],
        _ packed: inout [(place: Int, body: [UInt8])]
    ) {
        var attributes = CloudAttributes()
        var data: Int?
        var base64: [UInt8]?
        var isBroken = false
        value.forEachMember { name, member in
            switch name.string ?? "" {
            case "data": data = member.index
            case "data_base64":
                base64 = unsafe member.isString ? Base64.decoded(member.stringBytes) : nil
                if base64 == nil { isBroken = true }
            case let attribute:
                if let text = member.string {
                    attributes.set(attribute, text)
                } else if let number = member.integer {
                    attributes.set(attribute, String(number))
                }
            }
            return true
        }
        guard value.isObject, attributes.isWhole, !isBroken else {
            return faults.append(.notAnEvent)
        }
        guard var event = attributes.event else { return faults.append(.unknownType) }
        if let base64 {
            packed.append((events.count, base64))
        } else if let data {
            unsafe InferencePayload.read(
                value.at(data), UnsafeBufferPointer(start: nil, count: 0), limits, into: &event)
        }
        events.append(event)
    }
}

/// The attributes of an event that are looked at.
struct CloudAttributes {
    private static let bytesMax = 4096
    private static let headersMax = 32

    private var values: [String: String] = [:]

    mutating func set(_ name: String, _ value: String) {
        if value.utf8.count <= Self.bytesMax { values[name] = value }
    }

    func value(_ name: String) -> String { values[name] ?? "" }

    /// Whether all that an event must have is there.
    var isWhole: Bool {
        !value("id").isEmpty && !value("type").isEmpty && !value("source").isEmpty
            && !value("specversion").isEmpty
    }

    /// What it says about a model; nil when its type is another.
    var event: FeatureEvent? {
        let kind: FeatureEvent.Kind
        switch value("type") {
        case "org.kubeflow.serving.inference.request", "io.seldon.serving.inference.request":
            kind = .request
        case "org.kubeflow.serving.inference.response", "io.seldon.serving.inference.response":
            kind = .response
        case "io.seldon.serving.feedback", "io.pitot.inference.feedback": kind = .feedback
        default: return nil
        }
        var event = FeatureEvent(kind)
        // Seldon's events have ids of their own; the request's is an extension.
        event.id = values["requestid"] ?? value("id")
        event.model = values["inferenceservicename"] ?? value("modelid")
        event.namespace = value("namespace")
        event.endpoint = value("endpoint")
        event.nanos = CloudTime.nanos(value("time")) ?? 0
        event.status = Int(value("statuscode")) ?? 0
        // The specification's sampling extension: how many events this one stands for.
        event.sampledRate = max(1, UInt32(value("sampledrate")) ?? 1)
        event.headers = Self.headers(value("metadata"))
        return event
    }

    /// `{"X-Tenant":["a"]}`: the first value of each.
    private static func headers(_ metadata: String) -> [FeatureHeader] {
        guard metadata.utf8.count > 2, let tape = JSONTape(bytesMax: bytesMax) else { return [] }
        let bytes = Array(metadata.utf8)
        let found = unsafe bytes.withUnsafeBufferPointer { bytes in
            // What is no JSON has no headers: they are a help, not the message.
            unsafe try? tape.read(bytes) { root in
                var headers: [FeatureHeader] = []
                root.forEachMember { name, value in
                    var first = value.string
                    value.forEachElement {
                        first = $0.string
                        return false
                    }
                    if let first {
                        headers.append(
                            FeatureHeader(name: (name.string ?? "").lowercased(), value: first))
                    }
                    return headers.count < headersMax
                }
                return headers
            }
        }
        return found ?? []
    }

    /// A header's value, percent-decoded; nil when that is no UTF-8.
    static func decoded(_ value: String) -> String? {
        guard value.utf8.contains(UInt8(ascii: "%")) else { return value }
        let bytes = Array(value.utf8)
        var out: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
                let high = Character(UnicodeScalar(bytes[place + 1])).hexDigitValue,
                let low = Character(UnicodeScalar(bytes[place + 2])).hexDigitValue
            {
                out.append(UInt8(high << 4 | low))
                place += 3
            } else {
                out.append(bytes[place])
                place += 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}

/// RFC 3339 to the nanosecond.
enum CloudTime {
    static func nanos(_ text: String) -> Int64? {
        var scanner = DigitScanner(Array(text.utf8))
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2),
            scanner.take("-"), let day = scanner.number(2), scanner.take("T") || scanner.take("t"),
            let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
            scanner.take(":"), let second = scanner.number(2), 1...12 ~= month, 1...31 ~= day,
            1970...2200 ~= year, hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        if scanner.take(".") {
            var unit: Int64 = 100_000_000
            var digits = 0
            while let digit = scanner.number(1) {
                fraction += digit * unit
                unit /= 10
                digits += 1
            }
            if digits == 0 { return nil }
        }
        var offset: Int64 = 0
        if !scanner.take("Z") && !scanner.take("z") {
            let isBehind = scanner.take("-")
            guard isBehind || scanner.take("+"), let hours = scanner.number(2), scanner.take(":"),
                let minutes = scanner.number(2)
            else { return nil }
            offset = (isBehind ? -1 : 1) * (hours * 60 + minutes)
        }
        guard scanner.isAtEnd else { return nil }
        // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days =
            365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        let minutes = (days * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1_000_000_000 + fraction
    }

    private struct DigitScanner {
        let bytes: [UInt8]
        var place = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { place == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
            place += 1
            return true
        }

        mutating func number(_ digits: Int) -> Int64? {
            guard place + digits <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[place..<place + digits] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            place += digits
            return value
        }
    }
}
