import Agent
import Query
import Testing
import Text

/// Trees as Prometheus 3.5.3 answered `/api/v1/parse_query`; `make diff` asks one for more of them.
@Suite struct QueryTreeTests {
    private static let a =
        #"{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"#
        + #""startOrEnd":null,"timestamp":null,"type":"vectorSelector"}"#

    private static let atEnd =
        #"{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"#
        + #""startOrEnd":"end","timestamp":null,"type":"vectorSelector"}"#

    private static let told: [(String, String)] = [
        ("-1", #"{"type":"numberLiteral","val":"-1"}"#), ("a", a),
        (#"("x")"#, #"{"expr":{"type":"stringLiteral","val":"x"},"type":"parenExpr"}"#),
        ("-a", #"{"expr":\#(a),"op":"-","type":"unaryExpr"}"#),
        (
            #"sum by (a) (rate(x{b="1"}[5m] offset 1m))"#,
            #"{"expr":{"args":[{"matchers":[{"name":"b","type":"=","value":"1"},"#
                + #"{"name":"__name__","type":"=","value":"x"}],"name":"x","offset":60000,"#
                + #""range":300000,"startOrEnd":null,"timestamp":null,"type":"matrixSelector"}],"#
                + #""func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","#
                + #""variadic":0},"type":"call"},"grouping":["a"],"op":"sum","param":null,"#
                + #""type":"aggregation","without":false}"#
        ),
        (
            "a * on (x) group_left (y) a",
            #"{"bool":false,"lhs":\#(a),"matching":{"card":"many-to-one","include":["y"],"#
                + #""labels":["x"],"on":true},"op":"*","rhs":\#(a),"type":"binaryExpr"}"#
        ),
        (
            "a > bool 1",
            #"{"bool":true,"lhs":\#(a),"matching":null,"op":">","#
                + #""rhs":{"type":"numberLiteral","val":"1"},"type":"binaryExpr"}"#
        ),
        (
            "topk(3, a @ end())",
            #"{"expr":\#(atEnd),"#
                + #""grouping":[],"op":"topk","param":{"type":"numberLiteral","val":"3"},"#
                + #""type":"aggregation","without":false}"#
        ),
        (
            "max_over_time(a[5m:30s] @ 100.5 offset -1m)",
            #"{"args":[{"expr":\#(a),"offset":-60000,"range":300000,"startOrEnd":null,"#
                + #""step":30000,"timestamp":100500,"type":"subquery"}],"func":{"argTypes":"#
                + #"["matrix"],"name":"max_over_time","returnType":"vector","variadic":0},"#
                + #""type":"call"}"#
        ),
        (
            #"label_join(a,"b","c")"#,
            #"{"args":[\#(a),{"type":"stringLiteral","val":"b"},"#
                + #"{"type":"stringLiteral","val":"c"}],"func":{"argTypes":["vector","string","#
                + #""string","string"],"name":"label_join","returnType":"vector","variadic":-1},"#
                + #""type":"call"}"#
        ),
        (
            "round(a)",
            #"{"args":[\#(a)],"func":{"argTypes":["vector","scalar"],"name":"round","#
                + #""returnType":"vector","variadic":1},"type":"call"}"#
        ),
    ]

    @Test(arguments: told)
    func treesAreThoseOfPrometheus(query: String, tree: String) throws {
        var json = JSONWriter()
        writeQueryTree(try Expression.parse(query), into: &json)
        #expect(json.text == tree)
    }
}
