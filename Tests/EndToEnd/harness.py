"""Processes, ports and waiting for the end-to-end tests. No fixed ports, no bare sleeps."""

import atexit
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "build" / "peers"
PITOT = pathlib.Path(os.environ.get("PITOT", ".build/debug/pitot"))
if not PITOT.is_absolute():
    PITOT = ROOT / PITOT

POLL_SECONDS = 0.05
DEADLINE_SECONDS = 20.0

_running: list["Process"] = []


@atexit.register
def _kill_all() -> None:
    for process in list(_running):
        process.kill()


def free_port() -> int:
    """A port nobody listens on now, as the kernel hands it out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what: str, condition, deadline: float = DEADLINE_SECONDS):
    """The first truthy value of `condition()`. Fails with what it waited for and all logs' ends."""
    end = time.monotonic() + deadline
    last_error = None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
            last_error = None
        except OSError as error:
            last_error = error
        time.sleep(POLL_SECONDS)
    logs = "\n".join(process.log_end() for process in _running)
    raise AssertionError(f"not within {deadline} s: {what} (last error: {last_error})\n{logs}")


class Response:
    """What a server answered."""

    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def request(port: int, method: str, path: str, body: bytes | None = None, headers=None):
    """One HTTP request to the loopback interface; OSError when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        try:
            connection.request(method, path, body=body, headers=headers or {})
        except (BrokenPipeError, ConnectionResetError):
            pass  # A server may answer before it has read everything; its answer is still there.
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    except http.client.HTTPException as error:
        raise OSError(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()


def answers(port: int, path: str, status: int = 200) -> bool:
    return request(port, "GET", path).status == status


class Process:
    """A child with its log in a file; killed at exit if it is still there."""

    def __init__(self, name: str, command: list, folder: pathlib.Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log_path = folder / f"{name}.log"
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        _running.append(self)

    @property
    def is_running(self) -> bool:
        return self.child.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def log_end(self) -> str:
        lines = self.log().splitlines()[-15:]
        return "\n".join([f"--- {self.name} (exit {self.child.poll()})"] + lines)

    def signal(self, number: int) -> None:
        if self.is_running:
            self.child.send_signal(number)

    def wait(self, deadline: float = DEADLINE_SECONDS) -> int:
        """The exit code."""
        try:
            code = self.child.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not exit\n{self.log_end()}") from None
        self._forget()
        return code

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """kill -9: no chance to clean up."""
        self.signal(signal.SIGKILL)
        self.child.wait()
        self._forget()

    def _forget(self) -> None:
        if self in _running:
            _running.remove(self)
