"""The SLO files of the tests."""

AVAILABILITY = """\
apiVersion: pitot/v1
kind: SLOs
service: inference
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [namespace, inference_service]
    sli:
      events:
        bad: inference_requests_total{response_code=~"5.."}
        total: inference_requests_total
    alerts: {page: {labels: {team: ml}}, ticket: {}}
"""

DATA_LOSS = AVAILABILITY.replace("ticket: {}", "ticket: {}, dataLoss: {after: 3s}")

# One ledger for everything, so that it is listed before any data came.
UNGROUPED = AVAILABILITY.replace("    by: [namespace, inference_service]\n", "")

# An unknown key at line 6, column 5.
BROKEN = AVAILABILITY.replace("objective:", "objectiv:")
BROKEN_LINE, BROKEN_COLUMN = 6, 5
