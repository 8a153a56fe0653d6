"""What the gateway's tests are made of: upstreams that misbehave on purpose, a client that says exactly
what a test wants, and route files written as data."""
import json
import os
import socket
import threading
import uuid

from lib.paths import WORK
from lib.ports import free_ports
from lib.service import Service
from lib.wait import DEADLINE


class Request:
    """A request as an upstream received it."""

    def __init__(self, line, headers, body):
        self.line = line
        self.method, self.target, self.version = line.split(" ", 2)
        self.headers = headers
        self.body = body

    def get(self, name):
        """The values of a header, joined; None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def names(self):
        return [key.lower() for key, _ in self.headers]


class Connection:
    """One accepted connection, for handlers that speak for themselves."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def recv(self):
        data = self.sock.recv(65536)
        self.buffer += data
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self.recv():
                raise EOFError
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def read_exactly(self, count):
        while len(self.buffer) < count:
            if not self.recv():
                raise EOFError
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_head(self):
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        return lines[0], [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            if size:
                body += self.read_exactly(size)
            assert self.read_until(b"\r\n") == b""
            if not size:
                return body

    def read_body(self, headers):
        fields = {key.lower(): value for key, value in headers}
        if fields.get("transfer-encoding") == "chunked":
            return self.read_chunks()
        return self.read_exactly(int(fields.get("content-length", 0)))

    def read_request(self):
        line, headers = self.read_head()
        return Request(line, headers, self.read_body(headers))

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        """Closes with a reset instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.sock.close()


def reply(body=b"", status="200 OK", headers=()):
    """A response with a length."""
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def echo(request):
    """Tells what arrived."""
    text = json.dumps({"line": request.line, "headers": request.headers, "body": request.body.decode("latin-1")})
    return reply(text, headers=["Content-Type: application/json"])


class Upstream:
    """A server on a port of its own. answer(request) gives the bytes of a response; serve(connection)
    replaces the whole conversation."""

    def __init__(self, answer=echo, serve=None, port=0):
        self.answer = answer
        self.serve = serve or self._serve
        self.requests = []
        self.connections = 0
        self.open = []
        self.port = port or free_ports(1)[0]
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        try:
            self.serve(Connection(sock))
        except (EOFError, OSError):
            pass
        finally:
            sock.close()

    def _serve(self, connection):
        while True:
            request = connection.read_request()
            self.requests.append(request)
            answer = self.answer(request)
            if answer is None:
                return
            connection.send(answer)

    def close_connections(self):
        for sock in self.open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.open.clear()

    def close(self):
        # shutdown first: close alone would not wake the accepting thread
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.close_connections()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Scripted(Upstream):
    """An upstream that follows script, a function of a Connection; a new script ends old conversations."""

    def __init__(self):
        self._script = None
        super().__init__(serve=lambda connection: self._script(connection))

    @property
    def script(self):
        return self._script

    @script.setter
    def script(self, script):
        self._script = script
        self.close_connections()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def get(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body)


class Raw(Connection):
    """A client that sends bytes as they are."""

    def __init__(self, port, timeout=DEADLINE):
        super().__init__(socket.create_connection(("127.0.0.1", port), timeout))

    def answer(self, method="GET"):
        """The next response; its body by its own framing."""
        line, headers = self.read_head()
        status = int(line.split(" ")[1])
        fields = {key.lower(): value for key, value in headers}
        if method == "HEAD" or status in (204, 304) or status < 200:
            body = b""
        elif "transfer-encoding" in fields or "content-length" in fields:
            body = self.read_body(headers)
        else:
            body = self.rest()
        return Answer(status, headers, body)

    def rest(self):
        """Everything until the other side closes."""
        while self.recv():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed(self):
        """Whether the other side has ended the connection; waits for it as long as the time-out."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def service(name, upstream, *routes, plugins=(), **fields):
    """A service of the route file at an Upstream, or a host and port given in fields."""
    address = {"host": "127.0.0.1", "port": upstream.port} if upstream else {}
    return {"name": name, **address, **fields, "routes": list(routes), "plugins": list(plugins)}


def route(*paths, **fields):
    return {"name": fields.pop("name", paths[0].strip("/").replace("/", "-") or "root"), "paths": list(paths),
            **fields}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def plugin(name, **config):
    return {"name": name, "config": config}


def consumer(secret, username="people", **fields):
    return {"username": username, "jwt_secrets": [{"key": "tts-jwt-issuer", "secret": secret}], **fields}


class Gateway(Service):
    """The gateway with a route file made of the given collections (JSON is YAML)."""

    def __init__(self, env=None, **collections):
        self.file = WORK / "gateway" / f"{uuid.uuid4().hex[:8]}.yml"
        self.write(**collections)
        super().__init__("gateway", env={"GATEWAY_CONFIG": self.file, **(env or {})})

    def write(self, **collections):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({"_format_version": "3.0", **collections}, indent=1), encoding="utf-8")

    def raw(self, timeout=DEADLINE):
        return Raw(self.port, timeout)

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
