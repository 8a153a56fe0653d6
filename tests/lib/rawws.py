"""A WebSocket client that sends whatever bytes a test wants, and says what came back."""
import base64
import json
import os
import socket
import struct
import urllib.parse
import zlib

from .wait import DEADLINE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
TAIL = b"\x00\x00\xff\xff"


def frame(opcode, payload=b"", flags=FIN, mask=None, length=None):
    """One frame. mask b"" leaves it unmasked; length claims another length, as (bits of the field, value)."""
    mask = os.urandom(4) if mask is None else mask
    bits, size = length or (7 if len(payload) < 126 else 16 if len(payload) < 65536 else 64, len(payload))
    short, rest = {7: (size, b""), 16: (126, struct.pack("!H", size & 0xFFFF)), 64: (127, struct.pack("!Q", size))}[bits]
    head = bytes([flags | opcode, (0x80 if mask else 0) | short]) + rest + mask
    return head + (xor(payload, mask) if mask else payload)


def xor(payload, mask):
    if not payload:
        return b""
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


def fragments(payload, size, opcode=TEXT, flags=0):
    """The frames of a message cut into pieces of that size."""
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
    last = len(pieces) - 1
    return [frame(opcode if n == 0 else CONTINUATION, piece, (flags if n == 0 else 0) | (FIN if n == last else 0))
            for n, piece in enumerate(pieces)]


def deflated(text, bits=15, level=9, strategy=zlib.Z_DEFAULT_STRATEGY):
    """The payload of a compressed message."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -bits, 8, strategy)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-len(TAIL)]


def inflated(payload, bits=15):
    return zlib.decompressobj(-bits).decompress(payload + TAIL)


class Answer:
    """The answer to an upgrade."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), value.strip())


class RawSocket:
    """A connection to url. open() is the usual upgrade; afterwards send() takes bytes and read_frame() parses
    what comes. A context manager."""

    def __init__(self, url):
        self.parts = urllib.parse.urlsplit(url)
        self.sock = socket.create_connection((self.parts.hostname, self.parts.port), DEADLINE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def request(self, headers, method="GET", version="HTTP/1.1"):
        """Sends a request with exactly these headers (pairs) and Host; the answer."""
        target = self.parts.path + ("?" + self.parts.query if self.parts.query else "")
        lines = [f"{method} {target} {version}", f"Host: {self.parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        while b"\r\n\r\n" not in self.buffer:
            self._receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Answer(head)

    def open(self, token, extensions=None):
        answer = self.request(upgrade(token, extensions))
        assert answer.status == 101, answer.status
        return answer

    def send(self, data):
        self.sock.sendall(data)

    def _receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._receive()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_frame(self):
        """(first byte, payload)."""
        first, second = self._take(2)
        assert not second & 0x80, "a server's frame is not masked"
        length = second & 0x7F
        if length == 126:
            length, = struct.unpack("!H", self._take(2))
            assert length >= 126
        elif length == 127:
            length, = struct.unpack("!Q", self._take(8))
            assert length >= 65536
        return first, self._take(length)

    def read(self):
        """The next frame as ("text", decoded JSON), ("pong" or "ping", payload) or ("close", code or None)."""
        first, payload = self.read_frame()
        if first & RSV1:
            assert first == FIN | RSV1 | TEXT, hex(first)
            first, payload = FIN | TEXT, inflated(payload)
        kind = {FIN | TEXT: "text", FIN | PING: "ping", FIN | PONG: "pong", FIN | CLOSE: "close"}[first]
        if kind == "text":
            return kind, json.loads(payload)
        if kind == "close":
            return kind, int.from_bytes(payload[:2], "big") if payload else None
        return kind, payload

    def read_end(self):
        """Whatever still comes until the other side hangs up."""
        try:
            while True:
                self._receive()
        except (EOFError, ConnectionResetError):
            data, self.buffer = self.buffer, b""
            return data

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def upgrade(token, extensions=None, **changes):
    """The headers of the usual upgrade. changes: others or none (None), "_" standing for "-"."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
               "Authorization": f"Bearer {token}" if token else None, "Sec-WebSocket-Extensions": extensions,
               **{name.replace("_", "-"): value for name, value in changes.items()}}
    return [(name, value) for name, value in headers.items() if value is not None]
