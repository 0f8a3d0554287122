public import Model
public import Text

// Alertmanager's `gettableSilence` and `postableSilence` (api/v2/openapi.yaml).

extension Silence {
    /// Appends it as `GET /api/v2/silences` shows it, in the order of Alertmanager's members.
    public func write(into json: inout JSONWriter, at now: Timestamp) {
        json.object { member in
            member.member("id", id)
            member.key("status")
            member.object { $0.member("state", state(at: now).rawValue) }
            member.member("updatedAt", millisText(updatedAt))
            member.member("comment", comment)
            member.member("createdBy", createdBy)
            member.member("endsAt", millisText(endsAt))
            member.key("matchers")
            member.array { list in
                for matcher in matchers { matcher.write(into: &list) }
            }
            member.member("startsAt", millisText(startsAt))
        }
    }

    /// Whether it is one that `GET /api/v2/silences?filter=` asks for: the texts of its matchers,
    /// taken for labels, pass all of the filters, as Alertmanager has it.
    public func passes(_ filters: [Matcher]) -> Bool {
        if filters.isEmpty { return true }
        guard let selector = try? Selector(filters) else { return false }
        return selector.matches(Labels(matchers.map { ($0.name, $0.value) }))
    }
}

extension Matcher {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { member in
            member.member("isEqual", bool: op == .equal || op == .matches)
            member.member("isRegex", bool: op == .matches || op == .notMatches)
            member.member("name", name)
            member.member("value", value)
        }
    }

    fileprivate init?(_ json: JSONValue) {
        guard let name = json["name"]?.asString, let value = json["value"]?.asString,
            let isRegex = json["isRegex"]?.asBool
        else { return nil }
        let isEqual = json["isEqual"].flatMap { $0.isNull ? nil : $0 } ?? .bool(true)
        guard let isEqual = isEqual.asBool else { return nil }
        switch (isEqual, isRegex) {
        case (true, false): self.init(name, .equal, value)
        case (false, false): self.init(name, .notEqual, value)
        case (true, true): self.init(name, .matches, value)
        case (false, true): self.init(name, .notMatches, value)
        }
    }
}

/// Why a body is none that the schema of the API allows.
public struct BodyFault: Error, Hashable, Sendable {
    /// 400 for what is no JSON or of another type, 422 for what the schema forbids.
    public let status: Int
    /// As go-openapi numbers them.
    public let code: Int
    /// What is wrong.
    public let message: String

    /// A fault as it is.
    public init(status: Int, code: Int, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// A member that must be there.
    static func missing(_ name: String) -> Self {
        Self(status: 422, code: 602, message: "\(name) in body is required")
    }

    /// Something of another type than the schema's.
    static func type(_ what: String, _ expected: String) -> Self {
        Self(
            status: 400, code: 400, message: "\(what) has another type; expected \(expected)")
    }

    /// A text that is no JSON.
    public static func syntax(_ error: JSONError) -> Self {
        Self(status: 400, code: 400, message: "the body is no JSON: \(error)")
    }

    /// As a body of a reply.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.object { member in
            member.member("code", integer: code)
            member.member("message", message)
        }
        return json.bytes
    }
}

extension SilenceDraft {
    /// Reads `POST /api/v2/silences`.
    public init(_ json: JSONValue) throws(BodyFault) {
        guard case .object = json else { throw .type("the silence", "an object") }
        func text(_ name: String) throws(BodyFault) -> String {
            guard let value = json[name], !value.isNull else { throw .missing(name) }
            guard let text = value.asString else { throw .type(name, "text") }
            return text
        }
        func time(_ name: String) throws(BodyFault) -> Timestamp {
            guard let time = Timestamp(rfc3339: try text(name)) else {
                throw .type(name, "a time such as 2026-11-23T16:15:25Z")
            }
            return time
        }
        let comment = try text("comment")
        let createdBy = try text("createdBy")
        let endsAt = try time("endsAt")
        guard let list = json["matchers"], !list.isNull else { throw .missing("matchers") }
        guard case .array(let elements) = list else { throw .type("matchers", "a list") }
        guard !elements.isEmpty else {
            throw BodyFault(
                status: 422, code: 612, message: "matchers in body should have at least 1 items")
        }
        var matchers: [Matcher] = []
        for element in elements {
            guard let matcher = Matcher(element) else {
                throw .type("a matcher", "{name, value, isRegex, isEqual}")
            }
            matchers.append(matcher)
        }
        let startsAt = try time("startsAt")
        let id = json["id"]?.asString ?? ""
        self.init(
            replaces: id.isEmpty ? nil : id, matchers: matchers, startsAt: startsAt,
            endsAt: endsAt, createdBy: createdBy, comment: comment)
    }
}
