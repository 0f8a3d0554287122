#!/usr/bin/env python3
"""The OpenTelemetry SDK sends spans and metrics, over HTTP and gRPC, through bad proxies and good
TLS; what Pitot has counted is what the SDK was given. usage: run.py [--spans N]."""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import grpc  # noqa: E402
import harness  # noqa: E402
from agent import Agent  # noqa: E402
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import (  # noqa: E402
    OTLPMetricExporter as GRPCMetrics)
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: E402
    OTLPSpanExporter as GRPCSpans)
from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: E402
    OTLPMetricExporter as HTTPMetrics)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: E402
    OTLPSpanExporter as HTTPSpans)
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402
from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: E402
from proxies import GRPCProxy, HTTPProxy, Mischief  # noqa: E402

SPANS = 1000
SLOS = """
apiVersion: pitot/v1
kind: SLOs
service: shop
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [service_name]
    sli: {spans: {select: '{service_name=~".+"}'}}
"""


def send_spans(exporter, service: str, count: int, seed: int) -> int:
    """Requests with a call inside each; how many were bad."""
    generator = random.Random(seed)
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(
        exporter, max_queue_size=10 * count, max_export_batch_size=100,
        schedule_delay_millis=50))
    tracer = provider.get_tracer("test")
    bad = 0
    for _ in range(count):
        attributes = {"http.route": "/pay", "http.response.status_code": 200}
        with tracer.start_as_current_span("pay", kind=SpanKind.SERVER,
                                          attributes=attributes) as request:
            with tracer.start_as_current_span("db", kind=SpanKind.CLIENT):
                pass
            if generator.random() < 0.05:
                bad += 1
                request.set_status(Status(StatusCode.ERROR))
    provider.force_flush(60_000)
    provider.shutdown()
    return bad


class SDKTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        cls.http, cls.grpc = harness.free_port(), harness.free_port()
        cls.agent = Agent(
            cls.folder, {"slo.yaml": SLOS},
            f'otlp: {{http: "127.0.0.1:{cls.http}", grpc: "127.0.0.1:{cls.grpc}"}}\n').start()
        cls.addClassCleanup(cls.agent.kill)

    def check(self, service: str, bad: int, total: int) -> None:
        found = lambda: self.agent.events("availability", service_name=service)
        harness.wait_until(
            f"{service} has {bad} of {total}", lambda: (events := found())
            and (events["bad"], events["total"]) == (bad, total))
        time.sleep(0.5)
        self.assertEqual(found()["total"], total, "nothing comes after")

    def test_http_through_a_bad_proxy(self):
        mischief = Mischief(1)
        proxy = HTTPProxy(self.http, mischief)
        self.addCleanup(proxy.stop)
        for name, compression in (("plain", Compression.NoCompression),
                                  ("gzip", Compression.Gzip)):
            exporter = HTTPSpans(
                endpoint=f"http://127.0.0.1:{proxy.port}/v1/traces", compression=compression,
                timeout=60)
            self.check("http-" + name, send_spans(exporter, "http-" + name, SPANS, 1), SPANS)
        self.assertGreater(mischief.counts["lost"], 5)

    def test_grpc_through_a_bad_proxy(self):
        mischief = Mischief(2)
        proxy = GRPCProxy(self.grpc, mischief)
        self.addCleanup(proxy.stop)
        exporter = GRPCSpans(endpoint=f"http://127.0.0.1:{proxy.port}", insecure=True, timeout=60)
        self.check("grpc", send_spans(exporter, "grpc", SPANS, 3), SPANS)
        self.assertGreater(mischief.counts["lost"], 5)

    def test_grpc_with_gzip(self):
        exporter = GRPCSpans(
            endpoint=f"http://127.0.0.1:{self.grpc}", insecure=True,
            compression=grpc.Compression.Gzip)
        self.check("grpc-gzip", send_spans(exporter, "grpc-gzip", SPANS, 4), SPANS)

    def test_grpc_over_tls(self):
        folder = self.folder / "tls"
        folder.mkdir()
        certificate, key = folder / "tls.crt", folder / "tls.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        port = harness.free_port()
        agent = Agent(
            folder, {"slo.yaml": SLOS},
            f'otlp: {{http: "off", grpc: "127.0.0.1:{port}", certificate: {certificate}, '
            f"key: {key}}}\n").start()
        self.addCleanup(agent.kill)
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        exporter = GRPCSpans(endpoint=f"https://localhost:{port}", credentials=credentials)
        bad = send_spans(exporter, "tls", 200, 5)
        harness.wait_until("they are counted", lambda: agent.events(
            "availability", service_name="tls") is not None)
        events = agent.events("availability", service_name="tls")
        self.assertEqual((events["bad"], events["total"]), (bad, 200))

    def test_statuses_of_grpc(self):
        channel = grpc.insecure_channel(f"127.0.0.1:{self.grpc}")
        self.addCleanup(channel.close)
        export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

        def status(method, body, **more):
            try:
                channel.unary_unary(method)(body, timeout=10, **more)
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

        self.assertEqual(status(export, b""), grpc.StatusCode.OK)
        self.assertEqual(status(export, b"\x0a\xff"), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(status("/a.B/C", b""), grpc.StatusCode.UNIMPLEMENTED)
        self.assertEqual(status(export, bytes(33 << 20)), grpc.StatusCode.RESOURCE_EXHAUSTED)
        bomb = bytes(40 << 20)
        self.assertEqual(
            status(export, bomb, compression=grpc.Compression.Gzip),
            grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertEqual(status(export, b""), grpc.StatusCode.OK)

    def test_metrics_over_http_and_grpc(self):
        for name, exporter in (
                ("m-http", HTTPMetrics(endpoint=f"http://127.0.0.1:{self.http}/v1/metrics")),
                ("m-grpc", GRPCMetrics(endpoint=f"127.0.0.1:{self.grpc}", insecure=True))):
            reader = PeriodicExportingMetricReader(exporter, export_interval_millis=60_000)
            provider = MeterProvider([reader], resource=Resource.create({"service.name": name}))
            meter = provider.get_meter("test")
            counter = meter.create_counter("orders.placed")
            duration = meter.create_histogram("order.duration", unit="s")
            for number in range(50):
                counter.add(2, {"region": "eu"})
                duration.record(number / 10)
            provider.force_flush(10_000)
            provider.shutdown()
            for query, expected in (
                    (f'orders_placed_total{{job="{name}",region="eu"}}', "100"),
                    (f'order_duration_seconds_count{{job="{name}"}}', "50")):
                harness.wait_until(query, lambda: self.value(query) == expected)

    def value(self, query: str):
        path = "/api/v1/query?query=" + urllib.parse.quote(query)
        found = self.agent.get(path).json()["data"]["result"]
        return found[0]["value"][1] if found else None

    def test_a_drain_tells_clients_to_go(self):
        folder = self.folder / "drain"
        port = harness.free_port()
        agent = Agent(folder, {"slo.yaml": SLOS},
                      f'otlp: {{http: "off", grpc: "127.0.0.1:{port}"}}\n').start()
        self.addCleanup(agent.kill)
        exporter = GRPCSpans(endpoint=f"http://127.0.0.1:{port}", insecure=True)
        bad = send_spans(exporter, "drain", 100, 6)
        agent.process.stop()
        agent.start()
        exporter = GRPCSpans(endpoint=f"http://127.0.0.1:{port}", insecure=True)
        bad += send_spans(exporter, "drain", 100, 7)
        harness.wait_until("both are counted", lambda: (events := agent.events(
            "availability", service_name="drain")) and events["total"] == 200)
        self.assertEqual(agent.events("availability", service_name="drain")["bad"], bad)


def main():
    global SPANS
    parser = argparse.ArgumentParser()
    parser.add_argument("--spans", type=int, default=SPANS)
    known, rest = parser.parse_known_args()
    SPANS = known.spans
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()
