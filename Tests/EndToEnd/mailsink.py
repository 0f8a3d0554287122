"""A mail server on loopback that keeps what it is given."""

import base64
import email
import email.policy
import socketserver
import threading


class Mail:
    def __init__(self, sender: str, recipients: list[str], raw: bytes):
        self.sender = sender
        self.recipients = recipients
        self.raw = raw
        self.message = email.message_from_bytes(raw, policy=email.policy.default)


class MailSink:
    """Takes mail from `user` with `password`, by AUTH PLAIN or LOGIN."""

    def __init__(self, user: str, password: str):
        self.mails: list[Mail] = []
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line: str) -> None:
                self.wfile.write(line.encode() + b"\r\n")

            def line(self) -> str:
                return self.rfile.readline().decode().strip()

            def handle(self):
                self.say("220 sink")
                sender, recipients, is_known = "", [], False
                while line := self.line():
                    verb, _, rest = line.partition(" ")
                    verb = verb.upper()
                    if verb == "EHLO":
                        self.say("250-sink")
                        self.say("250 AUTH PLAIN")
                    elif verb == "AUTH":
                        word = rest.partition(" ")[2]
                        if not word:
                            self.say("334 ")
                            word = self.line()
                        given = base64.b64decode(word).split(b"\0")[1:]
                        is_known = given == [user.encode(), password.encode()]
                        self.say("235 ok" if is_known else "535 no")
                    elif verb == "MAIL":
                        sender = rest.split("<")[1].split(">")[0]
                        self.say("250 ok" if is_known else "530 who are you")
                    elif verb == "RCPT":
                        recipients.append(rest.split("<")[1].split(">")[0])
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        raw = b""
                        while (part := self.rfile.readline()) != b".\r\n":
                            raw += part[1:] if part.startswith(b".") else part
                        sink.mails.append(Mail(sender, recipients, raw))
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
