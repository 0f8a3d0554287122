import Query
import Testing

@Suite struct ScriptTests {
    @Test(arguments: Scripts.own.map(\.name))
    func ownScriptsPass(name: String) throws {
        let script = try #require(Scripts.own.first { $0.name == name })
        let report = ScriptRunner.run(script.text)
        for failure in report.failures {
            Issue.record("\(script.name):\(failure.line): \(failure.what)")
        }
        #expect(report.passed > 10)
    }

    /// 17 files, 1,479 evaluations of Prometheus 3.5.3.
    @Test func upstreamScriptsPassWhereTheyAre() {
        guard !Scripts.conformance.isEmpty else {
            print("conformance scripts are not beside this checkout: not run")
            return
        }
        var passed = 0
        for script in Scripts.conformance {
            let report = ScriptRunner.run(script.text)
            passed += report.passed
            for failure in report.failures {
                Issue.record("\(script.name):\(failure.line): \(failure.what)")
            }
        }
        #expect(passed == 1479)
    }

    /// What an own script must use at least once.
    @Test func everyFunctionAggregationAndOperatorHasACase() throws {
        var functions: Set<Function> = []
        var aggregations: Set<AggregationOperator> = []
        var operators: Set<BinaryOperator> = []
        func visit(_ expression: Expression) {
            switch expression {
            case .call(let node): functions.insert(node.function)
            case .aggregate(let node): aggregations.insert(node.op)
            case .binary(let node): operators.insert(node.op)
            default: break
            }
            expression.children.forEach(visit)
        }
        for text in Scripts.expressions(Scripts.own) {
            visit(try Expression.parse(text, features: .all))
        }
        #expect(Set(Function.allCases).subtracting(functions).isEmpty)
        #expect(Set(AggregationOperator.allCases).subtracting(aggregations).isEmpty)
        #expect(Set(BinaryOperator.allCases).subtracting(operators).isEmpty)
    }

    @Test func wrongExpectationsAreReportedWithTheirLine() {
        let script = """
            load 1m
              m 1 2

            eval instant at 1m m
              m 3

            eval instant at 1m m
              m 2

            eval range from 0 to 1m step 1m m
              m 1 2 3

            eval instant at 1m sum(m)
              {a="b"} 2

            eval_fail instant at 1m m

            eval_warn instant at 1m m
              m 2

            eval instant at 1m rate(m[5m])
              expect no_info
              {} 1
            """
        let report = ScriptRunner.run(script)
        #expect(report.passed == 1)
        #expect(report.failures.map(\.line) == [4, 10, 13, 16, 18, 21])
    }

    @Test(arguments: [
        ("nonsense", 1), ("load 1x\n m 1", 1), ("load 1m\n m 1 2x", 2), ("\neval instant at 1m", 2),
        ("eval range from 0 to 1m m", 1), ("load 1m\n m{a=b} 1", 2), ("load 1m\n m {{sum:x}}", 2),
        ("eval instant at 0 m\n expect wonders", 2), ("load 1m\n m 1x99999999999", 2),
    ])
    func brokenScriptsSayWhere(text: String, line: Int) {
        let report = ScriptRunner.run(text)
        #expect(report.failures.count == 1)
        #expect(report.failures.first?.line == line)
    }
}
