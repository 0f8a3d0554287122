"""What Grafana 11, promtool and prometheus-api-client ask, written down by hand."""

import dataclasses
import time

# Each kind of expression, and what is particular about it.
PARSED = [
    "up", '{"a.b", c!~"d"}', 'a{b="1", c!="2", d=~"3.*"} offset 1m', "a @ end()", "a @ 100.5",
    "a offset 5m @ start()", "a[5m] offset -1m", "a[5m:30s] @ start()", "a[1h:] offset 1m",
    "max_over_time((a + b)[5m:30s] @ 100.5)", "sum(a)", "sum by (x, y) (rate(a[5m]))",
    "sum without (x) (a)", "topk(3, a)", 'count_values("x", a)', "quantile(0.9, a)",
    "a * on (x) group_left (y) b", "a / ignoring (x, y) group_right () b", "a and b",
    "a or on () b", "a unless ignoring (x) b", "a > bool 1", "1 + 2 ^ 3", "2 atan2 a", "-a",
    "+a", "-1", "- - 1", "-(a)", '("x")', '"é\\n"', "NaN", "Inf", "-Inf", "1e100", "1e-7", "0x1F",
    "5m", "time()", "pi()", "round(a)", "round(a, 5)", "hour()", "hour(a)", "vector(1)",
    'label_join(a, "b", ",", "c")', 'label_replace(a, "b", "$1", "c", "(.*)")', "scalar(a)",
    "histogram_quantile(0.9, a)", "absent(a)", "clamp(a, 1, 2)", "predict_linear(a[5m], 60)",
]


@dataclasses.dataclass
class Request:
    method: str
    path: str
    parameters: list
    since: tuple = (2, 42)
    # Where the error's words are the server's own.
    masks_error: bool = False


def get(path, *parameters, **named):
    return Request("GET", path, list(parameters), **named)


def post(path, *parameters, **named):
    return Request("POST", path, list(parameters), **named)


def grafana(start: float, end: float) -> list[Request]:
    """START, END and the like are seconds as text, as Grafana formats them."""
    first, last = f"{start:.3f}", f"{end:.3f}"
    span = [("start", first), ("end", last)]
    rate = "sum by (job) (rate(http_requests_total{job=~\"api|web\"}[1m0s]))"
    return [
        # Save and test.
        post("query", ("query", "1+1"), ("time", last)),
        # Label browser and query builder.
        post("labels", *span),
        get("labels", *span, ("match[]", "http_requests_total")),
        get("labels", *span, ("limit", "2"), since=(3, 0)),
        get("label/__name__/values", *span),
        get("label/__name__/values", *span, ("match[]", '{job="api"}')),
        get("label/job/values", *span, ("match[]", "up"), ("match[]", "http_requests_total")),
        get("label/job/values", *span, ("limit", "1"), since=(3, 0)),
        get("label/nothing/values", *span),
        get("label/job/values", ("match[]", "nothing_here")),
        post("series", *span, ("match[]", 'http_requests_total{code=~"2.."}')),
        get("series", *span, ("match[]", "up"), ("match[]", '{__name__=~"http.*"}')),
        get("series", *span, ("match[]", "up"), ("limit", "1"), since=(3, 0)),
        get("series", *span, ("match[]", "nothing_here")),
        # A panel, a table, an annotation.
        post("query_range", ("query", rate), *span, ("step", "15")),
        post("query_range", ("query", "up == 0"), *span, ("step", "60")),
        post("query_range", ("query", "nothing_here"), *span, ("step", "15")),
        post("query_range", ("query", "1"), *span, ("step", "60")),
        post("query_range", ("query", "time()"), *span, ("step", "61")),
        post("query", ("query", rate), ("time", last)),
        post("query", ("query", "http_requests_total"), ("time", last)),
        post("query", ("query", "temperature / 0"), ("time", last)),
        post("query", ("query", "temperature{}[1m]"), ("time", last)),
        post("query", ("query", "histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))"),
             ("time", last)),
        post("query", ("query", '"a \\"text\\" é"'), ("time", last)),
        post("query", ("query", "http_requests_total"), ("time", last), ("limit", "1"),
             since=(3, 0)),
        post("query_range", ("query", "http_requests_total"), *span, ("step", "60"),
             ("limit", "2"), since=(3, 0)),
        # Exemplars of a panel.
        post("query_exemplars", ("query", "latency_seconds_bucket"), *span),
        get("query_exemplars", ("query", "rate(latency_seconds_bucket[5m])"), *span),
        get("query_exemplars", ("query", "nothing_here"), *span),
        # Alerting.
        get("rules"), get("rules", ("type", "alert")), get("alerts"),
        # Explore, after a typing mistake.
        post("query_range", ("query", "sum(rate(x[5m])"), *span, ("step", "15"), masks_error=True),
        post("query", ("query", "up{"), ("time", last), masks_error=True),
        get("format_query", ("query", "sum  by(job)(rate( http_requests_total[5m] ))>1")),
        get("format_query", ("query", "foo("), masks_error=True),
        *(get("parse_query", ("query", query), since=(3, 0)) for query in PARSED),
        get("parse_query", ("query", ""), since=(3, 0)),
        get("parse_query", ("query", "foo("), since=(3, 0), masks_error=True),
    ]


def clients(start: float, end: float) -> list[Request]:
    """prometheus-api-client's, and people with curl."""
    instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    return [
        get("label/__name__/values"),
        get("query", ("query", 'temperature{room="a"}'), ("time", str(int(end)))),
        get("query", ("query", "temperature[120s]"), ("time", str(int(end)))),
        get("query_range", ("query", "temperature"), ("start", str(int(start))),
            ("end", str(int(end))), ("step", "30s")),
        get("query", ("query", "up"), ("time", instant)),
        get("query", ("query", "up"), ("time", str(end)), ("timeout", "10s")),
        get("query", ("query", "up"), ("time", str(end + 120)), ("lookback_delta", "60s"),
            since=(2, 43)),
        get("query_range", ("query", "up"), ("start", str(end)), ("end", str(end)), ("step", "1")),
        get("query", ("query", "vector(1e9)"), ("time", "0")),
        get("query", ("query", "vector(-0.000001)"), ("time", "0.5")),
        get("query", ("query", "vector(1e-7)"), ("time", "-1.25")),
        # Mistakes.
        get("query", ("query", "up"), ("time", "soon"), since=(3, 0)),
        get("query", ("query", "up"), ("time", str(end)), ("timeout", "x")),
        get("query", ("query", "up"), ("time", str(end)), ("lookback_delta", "x"),
            since=(3, 0)),
        get("query", ("query", "up"), ("time", str(end)), ("limit", "x"), since=(3, 0)),
        get("query", ("query", "up"), ("time", str(end)), ("limit", "-1"), since=(3, 0)),
        get("query", ("query", ""), since=(3, 0)),
        get("query_range", ("query", "up"), ("start", "1"), ("end", "0"), ("step", "1")),
        get("query_range", ("query", "up"), ("start", "0"), ("end", "1"), ("step", "0")),
        get("query_range", ("query", "up"), ("start", "0"), ("end", "1"), ("step", "-1")),
        get("query_range", ("query", "up"), ("start", "0"), ("end", "1"), ("step", "")),
        get("query_range", ("query", "up"), ("start", ""), ("end", "1"), ("step", "1")),
        get("query_range", ("query", "up"), ("start", "0"), ("end", "x"), ("step", "1")),
        get("query_range", ("query", "up"), ("start", "0"), ("end", "12000"), ("step", "1")),
        get("query_range", ("query", "up[5m]"), ("start", "0"), ("end", "1"), ("step", "1"),
            since=(3, 0)),
        get("query_range", ("query", '"text"'), ("start", "0"), ("end", "1"), ("step", "1"),
            since=(3, 0)),
        get("query", ("query", "up + on (job) http_requests_total"), ("time", str(end))),
        get("query", ("query", "label_replace(up, \"job\", \"x\", \"instance\", \"(\")"),
            ("time", str(end)), masks_error=True),
        get("series"),
        get("series", ("match[]", "up["), masks_error=True),
        get("series", ("match[]", '{x=~".*"}')),
        get("series", ("match[]", "up"), ("start", "x"), since=(3, 0)),
        get("labels", ("start", "x"), since=(3, 0)),
        get("labels", ("limit", "x"), since=(3, 0)),
        get("labels", ("match[]", "{"), masks_error=True),
        get("label/job/values", ("end", "x"), since=(3, 0)),
        get("query_exemplars", ("query", "up"), ("start", "2"), ("end", "1")),
        get("query_exemplars", ("query", "up("), ("start", "1"), ("end", "2"), masks_error=True),
        get("metadata", ("limit", "x")),
        get("metadata", ("metric", "nothing_here")),
    ]
