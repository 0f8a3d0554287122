import Agent
import Model
import Testing
import Text
import Wire

/// Composites: minutes judged over what each member's minutes were.
@Suite struct CompositeScenarioTests {
    private static let members = """
        apiVersion: pitot/v1
        kind: SLOs
        service: shop
        slos:
          - {name: cart, objective: 90, sli: {events: {bad: cart_errors, total: cart_requests}}}
          - {name: pay, objective: 99, sli: {events: {bad: pay_errors, total: pay_requests}}}
          - {name: stock, objective: 99, sli: {threshold: {metric: stock_age, op: below, value: 9}}}

        """

    private static func composite(
        _ name: String, _ more: String, _ of: String = "{slo: shop/cart}, {slo: shop/pay}"
    ) -> String {
        "  - {name: \(name), objective: 99, sli: {composite: {\(more)of: [\(of)]}}}\n"
    }

    /// One minute's requests and errors of both services, and the stock's age.
    private struct Minute {
        var cart = (10.0, 0.0)
        var pay = (10.0, 0.0)
        var stock: Double? = 1
    }

    private struct Shop {
        var cart = (0.0, 0.0)
        var pay = (0.0, 0.0)

        func series(_ name: String, _ value: Double, _ instance: String, _ time: Timestamp)
            -> OutgoingSeries
        {
            OutgoingSeries(
                labels: Labels([("__name__", name), ("job", "x"), ("instance", instance)]),
                samples: [(time, value)])
        }

        mutating func pass(_ minute: Minute, _ time: Timestamp) -> [[OutgoingSeries]] {
            cart = (cart.0 + minute.cart.0, cart.1 + minute.cart.1)
            pay = (pay.0 + minute.pay.0, pay.1 + minute.pay.1)
            var stock = [series("up", 1, "stock", time)]
            if let age = minute.stock { stock.append(series("stock_age", age, "stock", time)) }
            return [
                [
                    series("up", 1, "cart", time), series("cart_requests", cart.0, "cart", time),
                    series("cart_errors", cart.1, "cart", time),
                ],
                [
                    series("up", 1, "pay", time), series("pay_requests", pay.0, "pay", time),
                    series("pay_errors", pay.1, "pay", time),
                ], stock,
            ]
        }
    }

    private func live(
        _ rules: String, _ minutes: [Minute], isShuffled seed: UInt64? = nil
    ) -> AgentWorld {
        var world = AgentWorld(rules)
        var shop = Shop()
        var random = SeededGenerator(state: seed ?? 0)
        var bodies: [(arrival: Double, series: [OutgoingSeries])] = []
        for (index, minute) in ([Minute(cart: (0, 0), pay: (0, 0), stock: nil)] + minutes)
            .enumerated()
        {
            let seconds = Double(index) * 60 + 30
            for series in shop.pass(minute, at(seconds)) {
                let delay = seed == nil ? 0 : Double.random(in: 0...200, using: &random).rounded()
                bodies.append((seconds + delay, series))
            }
        }
        for body in bodies.sorted(by: { $0.arrival < $1.arrival }) {
            world.write(body.series, at: at(body.arrival))
        }
        world.advance(to: Double(minutes.count) * 60 + 300)
        return world
    }

    private func counts(_ world: AgentWorld, _ name: String) throws -> [Double?] {
        let slo = try #require(try world.slos().first { $0.text("name") == name })
        return ["bad", "total"].map { slo.number("events", $0) }
    }

    @Test func aMinuteIsBadWhenOneMembersIs() throws {
        let world = live(
            Self.members + Self.composite("all", ""),
            [
                // Within both budgets: one of ten is 90 %, which is no more than allowed.
                Minute(cart: (10, 1)),
                Minute(cart: (10, 2)), Minute(pay: (10, 1)), Minute(cart: (10, 2), pay: (10, 1)),
                // No traffic of one, none of both.
                Minute(cart: (0, 0)), Minute(cart: (0, 0), pay: (0, 0)),
            ])
        #expect(try counts(world, "all") == [3, 5])
    }

    @Test func aWeightedMinuteIsBadByTheShareThatIs() throws {
        let world = live(
            Self.members
                + Self.composite(
                    "journey", "mode: weighted, ",
                    "{slo: shop/cart, weight: 3}, {slo: shop/pay}, {slo: shop/stock, weight: 4}"),
            [
                Minute(), Minute(cart: (10, 9)), Minute(pay: (10, 9)), Minute(stock: 20),
                Minute(cart: (10, 9), stock: nil), Minute(cart: (0, 0), pay: (0, 0), stock: 20),
            ])
        let found = try counts(world, "journey")
        let bad = 3 / 8.0 + 1 / 8.0 + 4 / 8.0 + 3 / 4.0 + 1
        #expect(found[1] == 6)
        #expect(abs((found[0] ?? 0) - bad) < 1e-9)
    }

    @Test func compositesNest() throws {
        let world = live(
            Self.members
                + Self.composite("outer", "", "{slo: shop/inner}, {slo: shop/stock}")
                + Self.composite("inner", ""),
            [Minute(), Minute(pay: (10, 5)), Minute(stock: 30), Minute()])
        #expect(try counts(world, "inner") == [1, 4])
        #expect(try counts(world, "outer") == [2, 4])
    }

    @Test func whatAMemberDidNotShowIsPartialOfTheWhole() throws {
        var world = live(
            Self.members + Self.composite("all", ""), Array(repeating: Minute(), count: 9))
        // The payment service is gone; the cart goes on.
        var shop = Shop(cart: (90, 0), pay: (90, 0))
        for minute in 10...60 {
            let time = at(Double(minute) * 60 + 330)
            world.write(shop.pass(Minute(), time)[0], at: time)
        }
        let whole = try #require(try world.slos().first { $0.text("name") == "all" })
        #expect(whole.window("5m")?.text("evidence") == "partial")
        let best = try #require(whole.number("budget", "best"))
        let worst = try #require(whole.number("budget", "worst"))
        #expect(best == 1 && worst < best)
    }

    @Test func groupsOfMembersMeetByTheLabelsOfTheComposite() throws {
        let rules = """
            apiVersion: pitot/v1
            kind: SLOs
            service: shop
            slos:
              - {name: a, objective: 99, by: [model, pod],
                 sli: {threshold: {metric: a, op: below, value: 9}}}
              - {name: b, objective: 99, by: [model],
                 sli: {threshold: {metric: b, op: below, value: 9}}}
              - {name: both, objective: 99, by: [model],
                 sli: {composite: {of: [{slo: shop/a}, {slo: shop/b}]}}}

            """
        var world = AgentWorld(rules)
        func series(_ name: String, _ model: String, _ pod: String, _ value: Double, _ s: Double)
            -> OutgoingSeries
        {
            OutgoingSeries(
                labels: Labels([
                    ("__name__", name), ("model", model), ("pod", pod), ("job", "x"),
                    ("instance", "i"),
                ]), samples: [(at(s), value)])
        }
        for minute in 0..<4 {
            let s = Double(minute) * 60 + 30
            world.write(
                [
                    series("a", "m1", "p1", 1, s), series("a", "m1", "p2", minute == 1 ? 20 : 1, s),
                    series("b", "m1", "", 1, s), series("a", "m2", "p1", 1, s),
                    series("b", "m2", "", minute == 2 ? 20 : 1, s),
                ], at: at(s))
        }
        world.advance(to: 300)
        let both = try world.slos().filter { $0.text("name") == "both" }
        #expect(both.map { $0["labels"]?.text("model") } == ["m1", "m2"])
        #expect(both.map { $0.number("events", "bad") } == [1, 1])
        #expect(both.map { $0.number("events", "total") } == [4, 4])
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func anyOrderOfArrivalGivesTheMinutesOfTheOracle(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        func some(_ odds: Int) -> Bool { Int.random(in: 0..<odds, using: &random) == 0 }
        let minutes = (0..<200).map { _ in
            var minute = Minute()
            if some(4) { minute.cart = (0, 0) } else if some(3) { minute.cart.1 = 2 }
            if some(5) { minute.pay.1 = 1 }
            if some(6) { minute.stock = some(3) ? nil : 20 }
            return minute
        }
        let rules =
            Self.members + Self.composite("all", "")
            + Self.composite(
                "journey", "mode: weighted, ",
                "{slo: shop/cart, weight: 3}, {slo: shop/pay, weight: 1.5}, {slo: shop/stock}")
            + Self.composite("outer", "", "{slo: shop/all}, {slo: shop/stock}")
        let world = live(rules, minutes, isShuffled: seed)
        var joint = (bad: 0.0, total: 0.0)
        var weighted = (bad: 0.0, total: 0.0)
        var outer = (bad: 0.0, total: 0.0)
        for minute in minutes {
            let cart: Bool? = minute.cart.0 > 0 ? minute.cart.1 / minute.cart.0 > 0.1 : nil
            let pay: Bool? = minute.pay.0 > 0 ? minute.pay.1 / minute.pay.0 > 0.01 : nil
            let stock = minute.stock.map { $0 >= 9 }
            let all = [cart, pay].compactMap(\.self)
            if !all.isEmpty {
                joint.total += 1
                if all.contains(true) { joint.bad += 1 }
            }
            let states = [(cart, 3.0), (pay, 1.5), (stock, 1)].filter { $0.0 != nil }
            if !states.isEmpty {
                weighted.total += 1
                let bad = states.filter { $0.0 == true }.reduce(0) { $0 + $1.1 }
                weighted.bad += bad / states.reduce(0) { $0 + $1.1 }
            }
            if !all.isEmpty || stock != nil {
                outer.total += 1
                if all.contains(true) || stock == true { outer.bad += 1 }
            }
        }
        #expect(try counts(world, "all") == [joint.bad, joint.total])
        #expect(try counts(world, "outer") == [outer.bad, outer.total])
        let found = try counts(world, "journey")
        #expect(found[1] == weighted.total)
        #expect(abs((found[0] ?? -1) - weighted.bad) <= 1e-9 * max(1, weighted.bad))
    }
}
