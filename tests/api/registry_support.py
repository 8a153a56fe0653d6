"""What the tests of registry-service share."""
import http.server
import json
import socket
import threading
import uuid

import psycopg2

from lib import tokens

FAST = {"LEASE_EXPIRY": "4s", "CHECK_INTERVAL": "1s", "CHECK_RETRY_INTERVAL": "1s", "CHECK_TIMEOUT_MS": "3000",
        "SYNC_INTERVAL_MS": "50", "PRESERVE_BELOW_PERCENT": "0"}


class Peer:
    """A small HTTP server whose /health can be switched."""

    def __init__(self):
        peer = self
        self.status, self.body, self.calls = 200, b'{"status":"ok","service":"peer"}', []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                peer.calls.append(self.path)
                self.send_response(peer.status)
                self.send_header("Content-Length", str(len(peer.body)))
                self.end_headers()
                self.wfile.write(peer.body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Stream:
    """An event stream, read line by line from a socket of its own."""

    def __init__(self, program, last_id=None, timeout=30, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", program.port))
        head = "GET /registry/events HTTP/1.1\r\nHost: registry\r\n"
        if last_id is not None:
            head += f"Last-Event-ID: {last_id}\r\n"
        self.socket.sendall((head + "\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(self.file.readline, b"\r\n"))

    def lines(self):
        """The lines of the next block; None at the end of the stream."""
        block = []
        while True:
            line = self.file.readline()
            if not line:
                return None
            if line == b"\n":
                return block
            block.append(line.decode().rstrip("\n"))

    def event(self):
        """The next event as (id, directory); comments and retry hints are passed over."""
        while True:
            block = self.lines()
            if block is None:
                return None
            if any(line.startswith("data:") for line in block):
                fields = dict(line.split(": ", 1) for line in block)
                assert fields["event"] == "directory"
                return int(fields["id"]), json.loads(fields["data"])

    def until(self, condition):
        """Events up to the first whose directory satisfies condition; that one."""
        while True:
            event = self.event()
            assert event, "the stream has ended"
            if condition(event[1]):
                return event

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def unique():
    return f"svc-{uuid.uuid4().hex[:8]}"


def register(registry, name, port=3001, **more):
    return registry.http.post("/register", {"name": name, "host": "127.0.0.1", "port": port, **more}, expect=201).json()


def status_of(registry, name):
    answer = registry.http.get(f"/services/{name}")
    return answer.json()["status"] if answer.status_code == 200 else None


def names(directory):
    return {service["name"] for service in directory["services"]}


def own_status(program):
    return program.http.get("/registry/status", expect=200).json()


def metric(program, line):
    text = program.http.get("/metrics", expect=200).text
    return next(float(one.rsplit(" ", 1)[1]) for one in text.splitlines() if one.startswith(line + " "))


def as_program(registry):
    return registry.http.with_token(tokens.mint_service("gateway"))


class Switch:
    """Takes a database away from everybody and gives it back."""

    def __init__(self, infra, database):
        self.server, self.name = infra.db_url, database.name

    def _run(self, sql):
        connection = psycopg2.connect(self.server)
        connection.autocommit = True
        connection.cursor().execute(sql)
        connection.close()

    def off(self):
        self._run(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false')
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")

    def on(self):
        self._run(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true')
