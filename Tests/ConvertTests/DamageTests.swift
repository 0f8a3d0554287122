import Model
import Testing
import Text

@testable import Convert

/// Broken input is refused with a place, never a crash.
@Suite struct DamageTests {
    private let inputs = [
        slothFile(
            #"sum(rate(e{a=~"x|y"}[{{.window}}])) or vector(0)"#, "sum(rate(t[{{.window}}]))"),
        """
        apiVersion: pyrra.dev/v1alpha1
        kind: ServiceLevelObjective
        metadata: {name: api, namespace: shop}
        spec:
          target: "99"
          window: 4w
          indicator:
            latency:
              success: {metric: 'd_seconds_bucket{le="0.25"}'}
              total: {metric: d_seconds_count}
        """,
        """
        [{"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "s"}, "spec": {
        "service": "a", "timeWindow": [{"duration": "1M", "calendar": {"timeZone": "UTC"}}],
        "indicator": {"spec": {"ratioMetric": {"counter": true,
        "good": {"metricSource": {"type": "prometheus", "spec": {"query": "g"}}},
        "total": {"metricSource": {"type": "prometheus", "spec": {"query": "t"}}}}}},
        "objectives": [{"target": 0.99}]}}]
        """,
        """
        groups:
        - name: g
          rules:
          - {record: "r:x5m", expr: "sum(rate(e[5m])) / sum(rate(t[5m]))"}
          - {record: "r:x1h", expr: "sum(rate(e[1h])) / sum(rate(t[1h]))"}
          - alert: B
            expr: r:x5m > (14.4 * 0.01) and r:x1h > (14.4 * 0.01)
            labels: {severity: page}
        """,
    ]

    @Test func everyTruncationIsConvertedOrRefused() {
        for input in inputs {
            let bytes = Array(input.utf8)
            for length in 0...bytes.count { check(Array(bytes[..<length])) }
        }
    }

    @Test func everyByteMayBeAnother() {
        for input in inputs {
            let bytes = Array(input.utf8)
            for index in bytes.indices {
                for flip in [UInt8(1), 0x80] {
                    var damaged = bytes
                    damaged[index] ^= flip
                    check(damaged)
                }
            }
        }
    }

    private func check(_ bytes: [UInt8]) {
        let conversion = Conversion([PeerFile(path: "in.yaml", bytes: bytes)])
        let file = conversion.files[0]
        #expect(file.text != nil || !file.refusals.isEmpty || file.part != nil)
        for refusal in file.refusals { #expect(refusal.position.line > 0 && !refusal.what.isEmpty) }
    }
}
