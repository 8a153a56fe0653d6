"""A receiver of webhooks, which keeps what it is sent and answers as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from .wait import wait_for


class Call:
    """One request. headers: names in lower case."""

    def __init__(self, path, headers, body):
        self.at = time.monotonic()
        self.path, self.headers, self.body = path, headers, body

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def json(self):
        return json.loads(self.body)

    def is_signed_with(self, secret):
        """As Standard Webhooks has it."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


class Receiver:
    """answer(call) is called for each request: a status, (status, headers), (status, headers, body), or None after
    it has waited long enough for nobody to want an answer."""

    def __init__(self, answer=lambda call: 204):
        self.calls = []
        self.answer = answer
        self.now, self.most = 0, 0  # requests at a time
        self.released = threading.Event()
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with receiver.lock:
                    receiver.calls.append(call)
                    receiver.now += 1
                    receiver.most = max(receiver.most, receiver.now)
                try:
                    answer = receiver.answer(call)
                finally:
                    with receiver.lock:  # before the sender knows, who may send the next at once
                        receiver.now -= 1
                try:
                    self.reply(answer)
                except OSError:
                    pass

            def reply(self, answer):
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = (answer if isinstance(answer, tuple) else (answer,)) + ({}, b"")[
                    len(answer) - 1 if isinstance(answer, tuple) else 0:]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hang(self, _call):
        """An answer that does not come before the receiver is closed."""
        self.released.wait()

    def about(self, number):
        """What was told of a ticket."""
        return [call for call in list(self.calls) if call.json["data"].get("ticket_number") == number]

    def wait(self, count, number=None, timeout=60):
        """The first so many calls, of one ticket or of all."""
        def enough():
            calls = list(self.calls) if number is None else self.about(number)
            return [calls] if len(calls) >= count else None
        return wait_for(enough, timeout, f"{count} webhooks")[0]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
