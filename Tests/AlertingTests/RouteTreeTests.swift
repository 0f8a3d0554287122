import Alerting
import Model
import Testing

@Suite struct RouteTreeTests {
    private static func route(
        _ receiver: String, _ matchers: [Matcher] = [], continues: Bool = false,
        _ children: [RouteSettings] = []
    ) -> RouteSettings {
        var route = RouteSettings(receiver: receiver, groupBy: ["alertname"], groupWait: .zero)
        route.matchers = matchers
        route.continues = continues
        route.children = children
        return route
    }

    private static func settings(_ root: RouteSettings) -> NotifierSettings {
        var settings = NotifierSettings()
        settings.route = root
        settings.receivers = ["all", "pager", "chat", "night", "audit"].map {
            ReceiverSettings(name: $0, webhooks: [WebhookSettings(url: "http://\($0)/")])
        }
        return settings
    }

    /// The receivers that hear of an alert, sorted.
    private func told(_ labels: Labels, _ root: RouteSettings) -> [String] {
        let routing = Routing(Self.settings(root))
        return routing.routes(for: labels).map(\.receiver)
    }

    private static let tree = route(
        "all", [],
        [
            route("audit", [Matcher("severity", .matches, "page|ticket")], continues: true),
            route(
                "pager", [Matcher("severity", .equal, "page")],
                [route("night", [Matcher("team", .notEqual, "")])]),
            route("chat", [Matcher("severity", .notMatches, "page")]),
        ])

    @Test func theDeepestRouteOfEachBranchTakesTheAlert() {
        #expect(told(key("a", ("severity", "page")), Self.tree) == ["audit", "pager"])
        #expect(
            told(key("a", ("severity", "page"), ("team", "ml")), Self.tree) == ["audit", "night"])
        #expect(told(key("a", ("severity", "ticket")), Self.tree) == ["audit", "chat"])
        #expect(told(key("a"), Self.tree) == ["chat"])
    }

    @Test func whatNoChildTakesStaysWithItsParent() {
        let tree = Self.route("all", [], [Self.route("pager", [Matcher("a", .equal, "b")])])
        #expect(told(key("x"), tree) == ["all"])
    }

    @Test func siblingsThatMatchAlikeAreGroupsOfTheirOwn() {
        let page = [Matcher("severity", .equal, "page")]
        let tree = Self.route(
            "all", [],
            [Self.route("pager", page, continues: true), Self.route("chat", page)])
        var notifier = Notifier(Self.settings(tree))
        notifier.breach(key("a", ("severity", "page")), 0)
        let deliveries = notifier.takeDeliveries()
        #expect(deliveries.count == 2)
        #expect(notifier.groupCount == 2)
        let bodies = deliveries.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies.contains { $0.contains(#"{}/{severity=\"page\"}:{alertname=\"a\"}"#) })
    }

    @Test func agreesWithABruteForceReadingOfTheTree() {
        var random = SeededRandom(7)
        for _ in 0..<300 {
            let tree = randomTree(&random, depth: 3)
            let labels = key(
                "a", ("x", "\(random.next() % 3)"), ("y", "\(random.next() % 3)"))
            #expect(told(labels, tree) == brute(labels, tree, isRoot: true))
        }
    }

    private func randomTree(_ random: inout SeededRandom, depth: Int) -> RouteSettings {
        let names = ["all", "pager", "chat", "night", "audit"]
        let count = depth == 0 ? 0 : Int(random.next() % 4)
        let operators: [Matcher.Operator] = [.equal, .notEqual]
        let matcher = Matcher(
            random.next() % 2 == 0 ? "x" : "y", operators[Int(random.next() % 2)],
            "\(random.next() % 3)")
        let children = (0..<count).map { _ in randomTree(&random, depth: depth - 1) }
        return Self.route(
            names[Int(random.next() % 5)], [matcher], continues: random.next() % 2 == 0, children)
    }

    /// Straight from the description: nil when it does not match.
    private func brute(_ labels: Labels, _ route: RouteSettings, isRoot: Bool) -> [String]? {
        let holds = route.matchers.allSatisfy { matcher in
            let value = labels[matcher.name] ?? ""
            return matcher.op == .equal ? value == matcher.value : value != matcher.value
        }
        guard holds || isRoot else { return nil }
        var all: [String] = []
        for child in route.children {
            guard let found = brute(labels, child, isRoot: false) else { continue }
            all += found
            if !child.continues { break }
        }
        return all.isEmpty ? [route.receiver] : all
    }
}

/// xorshift64*.
private struct SeededRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return (state &* 2_685_821_657_736_338_717) >> 33
    }
}
