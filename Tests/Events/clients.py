"""Sends runs with openlineage-python and cloudevents, in threads, and prints what must be counted.
usage: clients.py URL RUNS SEED. Runs in the environment of scripts/test-events.sh."""

import concurrent.futures
import datetime
import json
import random
import sys
import time
import uuid

import requests
from cloudevents.conversion import to_binary, to_structured
from cloudevents.http import CloudEvent
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import job_type_job, nominal_time_run, parent_run
from openlineage.client.transport.http import HttpConfig, HttpTransport

url, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
base = time.time() + 1
client = OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict({
    "url": url, "retry": {"total": 20, "backoff_factor": 0.01, "read": 20, "connect": 20}})))
expected = {"success/openlineage": [0, 0], "success/generic": [0, 0], "steps": [0, 0],
            "quick": [0, 0], "documented": [0, 0], "runs": count + count // 2}
jobs = []


def stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def millis(text: str) -> int:
    """The client's times have microseconds, Pitot counts milliseconds."""
    since = datetime.datetime.fromisoformat(text) - datetime.datetime.fromtimestamp(
        0, datetime.timezone.utc)
    return since // datetime.timedelta(milliseconds=1)


def tally(name: str, bad: bool) -> None:
    expected[name][0] += bad
    expected[name][1] += 1


def lineage(number: int) -> None:
    """One run: its events, in any order, and what they must count."""
    run, began = str(uuid.UUID(int=chance.getrandbits(128))), base + chance.uniform(0, 200)
    took = chance.choice([1, 29.999, 30, 30.001, 90])
    end = chance.choice([RunState.COMPLETE] * 3 + [RunState.FAIL, RunState.ABORT])
    facets = {}
    if chance.random() < 0.7:
        facets["nominalTime"] = nominal_time_run.NominalTimeRunFacet(stamp(began))
    is_step = chance.random() < 0.3
    if is_step:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(str(uuid.UUID(int=1))),
            job=parent_run.Job(namespace="team-a", name="nightly"))
    job = Job(namespace="team-a", name=f"job-{number % 7}", facets={
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "TEST", "DAG")})

    def event(state: RunState, at: float) -> RunEvent:
        return RunEvent(
            eventType=state, eventTime=stamp(at), producer="https://example.org/test",
            run=Run(runId=run, facets=facets), job=job, inputs=[], outputs=[])

    events = [event(RunState.START, began), event(end, began + took)]
    if chance.random() < 0.3:
        events.append(event(RunState.RUNNING, began + took / 2))
    jobs.extend(lambda one=one: client.emit(one) for one in events)
    if is_step:
        tally("steps", end is not RunState.COMPLETE)
        return
    if end is not RunState.ABORT:
        tally("success/openlineage", end is RunState.FAIL)
    if end is RunState.COMPLETE:
        tally("quick", millis(stamp(began + took)) - millis(stamp(began)) > 30_000)
    tally("documented", "nominalTime" not in facets)


def post(event: CloudEvent, is_binary: bool) -> None:
    headers, body = to_binary(event) if is_binary else to_structured(event)
    for _ in range(100):
        try:
            answer = requests.post(url + "/api/v1/events", headers=headers, data=body, timeout=10)
            if answer.status_code < 300:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.01)
    raise AssertionError("an event was not taken")


def cloud(number: int) -> None:
    ended = base + chance.uniform(0, 200)
    bad = chance.random() < 0.2
    for step, at in (("started", ended - 5), ("failed" if bad else "succeeded", ended)):
        event = CloudEvent(
            {"type": f"io.pitot.run.{step}", "source": "/test", "subject": f"run-{number}",
             "time": stamp(at)},
            {"namespace": "team-a", "job": "nightly"})
        is_binary = chance.random() < 0.5
        jobs.append(lambda one=event, how=is_binary: post(one, how))
    tally("success/generic", bad)


for number in range(count):
    lineage(number)
for number in range(count // 2):
    cloud(number)
chance.shuffle(jobs)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    for done in [pool.submit(job) for job in jobs]:
        done.result()
print(json.dumps(expected))
