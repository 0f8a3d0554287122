import Model
import Testing
import Text

@testable import Alerting

@Suite struct SilenceTests {
    private func draft(
        _ matchers: [Matcher], from: Int64 = 0, to: Int64 = 100, replaces: String? = nil
    ) -> SilenceDraft {
        SilenceDraft(
            replaces: replaces, matchers: matchers, startsAt: at(from), endsAt: at(to),
            createdBy: "ann", comment: "moving disks")
    }

    private let slow = [Matcher("alertname", .equal, "slow")]

    private func fault(_ draft: SilenceDraft, now: Int64 = 0) -> SilenceFault? {
        var book = SilenceBook()
        do throws(SilenceFault) {
            _ = try book.set(draft, id: "1", now: at(now))
            return nil
        } catch { return error }
    }

    @Test func whatIsSilencedIsToldWhenTheSilenceEnds() throws {
        var notifier = Notifier(routed(wait: .zero, interval: .seconds(10)))
        _ = try notifier.silence(draft(slow, to: 25), id: "1", now: at(0))
        notifier.breach(key("slow"), 0)
        notifier.breach(key("down"), 0)
        #expect(notifier.told(0) == ["down:firing"])
        #expect(notifier.told(20) == [])
        #expect(notifier.told(30) == ["down:firing slow:firing"])
    }

    @Test func whoWasToldHearsTheEndOfWhatIsSilenced() throws {
        var notifier = Notifier(routed(wait: .zero, interval: .seconds(10)))
        notifier.breach(key("slow"), 0)
        #expect(notifier.told(0) == ["slow:firing"])
        _ = try notifier.silence(draft(slow), id: "1", now: at(1))
        notifier.clear(key("slow"), 5)
        #expect(notifier.told(10) == ["slow:resolved"])
    }

    @Test func aDraftThatCannotBeTakenSaysWhy() {
        #expect(fault(draft([])) == .noMatcher)
        #expect(fault(draft([Matcher("a", .matches, ".*")])) == .matchesEverything)
        #expect(fault(draft([Matcher("a", .matches, "(")])) == .badPattern(matcher: #"a=~"(""#))
        #expect(fault(draft(slow, from: 5, to: 5)) == .endsBeforeItStarts)
        #expect(fault(draft(slow, to: 10), now: 10) == .endsInThePast)
        #expect(fault(draft(slow, replaces: "9")) == .notFound(id: "9"))
        #expect(fault(draft(slow)) == nil)
    }

    @Test func anActiveOneIsProlongedInPlaceAndReplacedWhenItsMatchersChange() throws {
        var book = SilenceBook()
        _ = try book.set(draft(slow), id: "1", now: at(0))
        let same = try book.set(draft(slow, to: 200, replaces: "1"), id: "2", now: at(10))
        #expect(same == "1")
        #expect(book["1"]?.endsAt == at(200))
        let other = [Matcher("alertname", .equal, "down")]
        let new = try book.set(draft(other, to: 200, replaces: "1"), id: "3", now: at(20))
        #expect(new == "3")
        #expect(book["1"]?.state(at: at(20)) == .expired)
        #expect(book["3"]?.startsAt == at(20))
    }

    @Test func anExpiredOneStaysForFiveDays() throws {
        var book = SilenceBook()
        _ = try book.set(draft(slow), id: "1", now: at(0))
        try book.expire("1", now: at(50))
        let ended = book
        #expect(throws: SilenceFault.expired(id: "1")) {
            var copy = ended
            try copy.expire("1", now: at(51))
        }
        #expect(book.all(at: at(60)).map(\.id) == ["1"])
        let later: Int64 = 50 + 120 * 3600
        #expect(book.all(at: at(later)).isEmpty)
        _ = try book.set(draft(slow, from: later, to: later + 9), id: "2", now: at(later))
        #expect(book.count == 1)
    }

    @Test func aFullBookMakesRoomOfExpiredOnesOnly() throws {
        var book = SilenceBook()
        for number in 0..<SilenceBook.silencesMax {
            _ = try book.set(draft(slow, to: 1000), id: "\(number)", now: at(0))
        }
        let full = book
        #expect(throws: SilenceFault.full(max: SilenceBook.silencesMax)) {
            var copy = full
            _ = try copy.set(draft(slow), id: "x", now: at(1))
        }
        try book.expire("7", now: at(2))
        _ = try book.set(draft(slow), id: "x", now: at(3))
        #expect(book["7"] == nil)
    }

    @Test func silencesSurviveACheckpoint() throws {
        var notifier = Notifier(routed())
        _ = try notifier.silence(
            draft(slow + [Matcher("b", .notMatches, "c\"d")]), id: "1", now: at(0))
        var sections = notifier.sections()
        var restored = Notifier(routed())
        while let section = sections.next() {
            let isTaken = restored.restore(section)
            #expect(isTaken)
        }
        let isWhole = restored.finishRestore()
        #expect(isWhole)
        #expect(restored.silences["1"] == notifier.silences["1"])
        #expect(restored.silences.active(at: at(1)).silencing(key("slow")) == ["1"])
    }

    @Test func standingsNameWhatSuppressesAnAlert() throws {
        var settings = routed(wait: .zero)
        settings.inhibitRules = [
            InhibitRule(
                source: [Matcher("alertname", .equal, "down")],
                target: [Matcher("alertname", .equal, "slow")], equal: .of([]))
        ]
        settings.externalLabels = Labels([("cluster", "eu1")])
        var notifier = Notifier(settings)
        notifier.breach(key("down"), 0)
        notifier.breach(key("slow"), 0)
        _ = try notifier.silence(
            draft([Matcher("cluster", .equal, "eu1")]), id: "1", now: at(0))
        let standings = notifier.standings(at: at(1))
        let slow = try #require(standings.first { $0.labels["alertname"] == "slow" })
        let down = try #require(standings.first { $0.labels["alertname"] == "down" })
        #expect(standings.map(\.silencedBy) == [["1"], ["1"]])
        #expect(slow.inhibitedBy == [down.fingerprint] && down.inhibitedBy == [])
        #expect(standings.map(\.receivers) == [["all"], ["all"]])
    }
}

/// The book and its index against the plain meaning of silences.
@Suite struct SilenceWalkTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func whatIsSilencedIsWhatSomeActiveSilenceMatches(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var book = SilenceBook()
        var all: [(id: String, matchers: [Matcher], from: Int64, to: Int64)] = []
        let names = ["alertname", "team", "é.x", "host"]
        for number in 0..<300 {
            let matchers = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                let op = [Matcher.Operator.equal, .equal, .matches, .notEqual, .notMatches][
                    Int.random(in: 0..<5, using: &random)]
                return Matcher(
                    names[Int.random(in: 0..<4, using: &random)], op,
                    "v\(Int.random(in: 0..<6, using: &random))")
            }
            let from = Int64.random(in: 0...50, using: &random)
            let to = from + Int64.random(in: 1...50, using: &random)
            let draft = SilenceDraft(
                replaces: nil, matchers: matchers, startsAt: at(from), endsAt: at(to),
                createdBy: "", comment: "")
            do throws(SilenceFault) {
                _ = try book.set(draft, id: "\(number)", now: at(0))
                all.append(("\(number)", matchers, from, to))
            } catch { #expect(error == .matchesEverything) }
        }
        for _ in 0..<200 {
            let now = Int64.random(in: 0...100, using: &random)
            let labels = Labels(
                names.compactMap { name in
                    let value = Int.random(in: 0..<8, using: &random)
                    return value == 7 ? nil : (name, "v\(value)")
                })
            let expected = all.filter { one in
                one.from <= now && now < one.to
                    && one.matchers.allSatisfy { matcher in
                        let isSame = (labels[matcher.name] ?? "") == matcher.value
                        return isSame == (matcher.op == .equal || matcher.op == .matches)
                    }
            }.map(\.id).sorted()
            let active = book.active(at: at(now))
            #expect(active.silencing(labels) == expected)
            #expect(active.silences(labels) == !expected.isEmpty)
        }
    }

    @Test func aSilenceIsReadAndWrittenAsAlertmanagerDoes() throws {
        let text = """
            {"matchers":[{"name":"a","value":"b","isRegex":false},\
            {"name":"c","value":"d|e","isRegex":true,"isEqual":false}],\
            "startsAt":"2026-11-23T16:15:25Z","endsAt":"2026-11-23T18:15:25.5+01:00",\
            "createdBy":"ann","comment":"hello"}
            """
        let draft = try SilenceDraft(JSONValue.parse(Array(text.utf8)))
        var book = SilenceBook()
        let id = try book.set(draft, id: "81c047ce-f1a3-42a4-b9ee-9f574961794a", now: at(1))
        var json = JSONWriter()
        book[id]?.write(into: &json, at: at(1))
        // The members and their order are those of a capture of 0.25.
        #expect(
            json.text == """
                {"id":"81c047ce-f1a3-42a4-b9ee-9f574961794a","status":{"state":"active"},\
                "updatedAt":"2026-11-23T16:15:26.000Z","comment":"hello","createdBy":"ann",\
                "endsAt":"2026-11-23T17:15:25.500Z","matchers":[\
                {"isEqual":true,"isRegex":false,"name":"a","value":"b"},\
                {"isEqual":false,"isRegex":true,"name":"c","value":"d|e"}],\
                "startsAt":"2026-11-23T16:15:26.000Z"}
                """)
    }

    @Test func aBodyThatTheSchemaForbidsIsRefusedAsAlertmanagerDoes() throws {
        func fault(_ text: String) throws -> BodyFault? {
            let json = try JSONValue.parse(Array(text.utf8))
            do throws(BodyFault) {
                _ = try SilenceDraft(json)
                return nil
            } catch { return error }
        }
        #expect(
            try fault("{}")
                == BodyFault(status: 422, code: 602, message: "comment in body is required"))
        let rest = #""createdBy":"a","comment":"","endsAt":"2026-11-23T16:15:25Z""#
        #expect(try fault("{\(rest),\"matchers\":[]}")?.code == 612)
        #expect(try fault("{\(rest)}")?.code == 602)
        #expect(try fault(#"{"comment":"","createdBy":"a","endsAt":"now"}"#)?.status == 400)
        #expect(try fault("[]")?.status == 400)
        #expect(try fault("{\(rest),\"matchers\":[1]}")?.status == 400)
        #expect(
            try fault("{\(rest),\"matchers\":[{\"name\":\"a\",\"value\":\"b\"}]}")?.status == 400)
    }

    @Test func changesSurviveTheLogAndDamageIsRefused() throws {
        let changes: [AlertmanagerChange] = [
            .endSilence(id: "x"),
            .silence(
                SilenceDraft(
                    replaces: "y", matchers: [Matcher("é", .notMatches, "a|b")], startsAt: at(1),
                    endsAt: at(2), createdBy: "c", comment: "d"), id: "z"),
            .post([
                PostedAlert(
                    labels: key("a", ("b", "c")),
                    details: AlertDetails(annotations: [("d", "e")], generatorURL: "f", value: 2),
                    startsAt: nil, endsAt: at(3)),
                PostedAlert(
                    labels: key("b"), details: AlertDetails(), startsAt: at(1), endsAt: nil),
            ]),
        ]
        for change in changes {
            let bytes = change.bytes
            #expect(AlertmanagerChange(bytes: bytes) == change)
            for length in bytes.indices {
                #expect(AlertmanagerChange(bytes: Array(bytes[..<length])) == nil)
            }
            for place in bytes.indices {
                var damaged = bytes
                damaged[place] ^= 0x81
                _ = AlertmanagerChange(bytes: damaged)
            }
        }
    }
}
