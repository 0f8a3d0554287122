"""A webhook receiver that does what it is told: refuses, hangs, resets, recovers."""

import json
import socket
import ssl
import threading
import time


class Received:
    """One request as it came: when, with what key, and what it told."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes, answered: bool):
        self.path = path
        self.at = time.monotonic()
        self.headers = headers
        self.body = body
        self.answered = answered

    @property
    def key(self) -> str:
        return self.headers.get("idempotency-key", "")

    def told(self) -> dict:
        return json.loads(self.body)


class FaultSink:
    """Speaks HTTP/1.1 on a port that stays the same. `mode` says what happens to a request:

    ok, 429, 429:SECONDS, 429:date:SECONDS, 500, 503, hang, reset, slow, hold; `tls`: the port
    answers as no TLS server would; `closed`: nobody listens.
    """

    def __init__(self, mode: str = "ok", tls: ssl.SSLContext | None = None):
        self.lock = threading.Condition()
        self.mode = mode
        self._modes = [mode]
        self.requests: list[Received] = []
        self.held = 0
        self.answer = lambda path, body: "ok"
        self.accepted = 0
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._listener = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if mode != "closed":
            self._listen()

    def url(self, path: str = "/") -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        if self._listener:
            # A thread that waits in accept would keep the port.
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()
            self._listener = None
        with self.lock:
            self.mode = "stopped"
            self.lock.notify_all()
            for each in list(self._open):
                each.close()

    def set(self, mode: str) -> float:
        """Changes what happens from now on; when that was."""
        with self.lock:
            self.mode = mode
            self._modes.append(mode)
            self.lock.notify_all()
        if mode == "closed":
            if self._listener:
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                self._listener = None
        elif self._listener is None:
            self._listen()
        return time.monotonic()

    def taken(self) -> list[Received]:
        """The requests that were answered with 200."""
        with self.lock:
            return [each for each in self.requests if each.answered]

    def seen(self) -> int:
        with self.lock:
            return len(self.requests)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self.lock:
            self._open.add(connection)
        try:
            if self._tls:
                if self.mode == "tls":
                    connection.sendall(b"this is no handshake\r\n\r\n")
                    return
                connection = self._tls.wrap_socket(connection, server_side=True)
            while self._request(connection):
                pass
        except OSError:
            pass
        finally:
            with self.lock:
                self._open.discard(connection)
            connection.close()

    def _request(self, connection: socket.socket) -> bool:
        data = b""
        slow = self.mode == "slow"
        while b"\r\n\r\n" not in data:
            part = connection.recv(1 if slow else 65536)
            if not part:
                return False
            if slow:
                time.sleep(0.02)
                slow = self.mode == "slow"
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        headers = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < int(headers.get("content-length", 0)):
            part = connection.recv(65536)
            if not part:
                return False
            body += part
        return self._answer(connection, path, headers, body)

    def _answer(self, connection, path, headers, body) -> bool:
        with self.lock:
            mode = self.mode
            received = Received(path, headers, body, mode == "ok")
            self.requests.append(received)
            self.lock.notify_all()
            if mode == "hold":
                # Until told to go on: taken, if that is what comes next.
                self.held += 1
                place = len(self._modes)
                self.lock.wait_for(lambda: len(self._modes) > place, timeout=60)
                if self._modes[place:place + 1] != ["ok"]:
                    return False
                mode = "ok"
                received.answered = True
            if mode in ("hang", "slow"):
                self.lock.wait_for(lambda: self.mode not in ("hang", "slow"), timeout=60)
                return False
        if mode == "reset":
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            return False
        return self._say(connection, mode, self.answer(path, body))

    @staticmethod
    def _say(connection, mode: str, text: str) -> bool:
        status, _, after = mode.partition(":")
        status = "200" if status == "ok" else status
        extra = ""
        if after.startswith("date:"):
            then = time.gmtime(time.time() + float(after[5:]))
            extra = f"Retry-After: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', then)}\r\n"
        elif after:
            extra = f"Retry-After: {after}\r\n"
        connection.sendall(
            f"HTTP/1.1 {status} x\r\nContent-Length: {len(text)}\r\n{extra}\r\n{text}".encode())
        return True


def certificate(folder) -> ssl.SSLContext:
    """A server's context with a certificate of its own; `ca.pem` in the folder trusts it."""
    import subprocess
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "ca.pem"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
