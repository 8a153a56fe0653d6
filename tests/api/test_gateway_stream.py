"""Bodies of any size pass in constant memory, both ways, at the pace of the slower side."""
import os
import socket
import threading

import pytest

from gateway_support import Gateway, Scripted, route, service
from lib.paths import VARIANT
from lib.wait import wait_for

SIZE = int(os.environ.get("STREAM_MIB", "256" if VARIANT != "asan" else "64")) * 1024 * 1024
# AddressSanitizer keeps freed memory for a while, so its figure says nothing.
GROWTH_KIB = 6 * 1024 if VARIANT != "asan" else 1024 * 1024
PIECE = b"x" * 1_048_576
TICKS = os.sysconf("SC_CLK_TCK")


pytestmark = pytest.mark.release_build  # how much memory a stream takes


@pytest.fixture(scope="module")
def upstream():
    """An upstream whose conversation each test writes."""
    with Scripted() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(upstream):
    with Gateway(services=[service("scripted", upstream, route("/"))]) as program:
        yield program


def cpu_seconds(program):
    with open(f"/proc/{program.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def swallow(sock, buffer, size):
    """Reads size bytes and keeps none; how many came after what is in the buffer already."""
    total, store = len(buffer), memoryview(bytearray(len(PIECE)))
    while total < size:
        count = sock.recv_into(store)
        if not count:
            break
        total += count
    return total


def send_chunked(sock, size):
    for _ in range(size // len(PIECE)):
        sock.sendall(f"{len(PIECE):x}\r\n".encode() + PIECE + b"\r\n")
    sock.sendall(b"0\r\n\r\n")


class Peak:
    """The largest memory of a program while a test runs."""

    def __init__(self, program):
        self.program, self.before, self.most = program, program.rss_kib(), 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.stop.wait(0.02):
            self.most = max(self.most, self.program.rss_kib())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        assert self.most - self.before < GROWTH_KIB


def test_an_upload_passes_in_constant_memory(gateway, upstream):
    received = []

    def script(connection):
        connection.read_head()
        received.append(swallow(connection.sock, connection.buffer, SIZE))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    upstream.script = script
    with Peak(gateway), gateway.raw(60) as client:
        client.send(f"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        for _ in range(SIZE // len(PIECE)):
            client.send(PIECE)
        assert client.answer().status == 200
    assert received == [SIZE]


def test_a_download_passes_in_constant_memory(gateway, upstream):
    def script(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        for _ in range(SIZE // len(PIECE)):
            connection.send(PIECE)
    upstream.script = script
    with Peak(gateway), gateway.raw(60) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_head()
        assert swallow(client.sock, client.buffer, SIZE) == SIZE


def test_chunked_bodies_of_any_size_pass_both_ways_at_once(gateway, upstream):
    """The upstream sends back what it gets while it gets it."""
    size = SIZE // 4

    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + connection.buffer)
        while True:
            data = connection.sock.recv(262144)
            connection.send(data)
            if data.endswith(b"\r\n0\r\n\r\n") or not data:
                return
    upstream.script = script
    with Peak(gateway), gateway.raw(60) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        sender = threading.Thread(target=send_chunked, args=(client.sock, size))
        sender.start()
        client.read_head()
        total = 0
        while count := int(client.read_until(b"\r\n"), 16):
            total += count
            assert client.read_exactly(count) == b"x" * count
            client.read_exactly(2)
        sender.join()
    assert total == size


def test_waiting_for_a_slow_reader_costs_nothing(gateway, upstream):
    """Neither memory, nor time of the processor, nor the attention of other clients."""
    used, done = [], threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        connection.sock.settimeout(0.5)
        sent, before = 0, None
        while sent < SIZE and not done.is_set():
            try:
                sent += connection.sock.send(PIECE[:SIZE - sent])
            except TimeoutError:
                if before is None:
                    before = cpu_seconds(gateway)
                else:
                    used.append(cpu_seconds(gateway) - before)
                    before = None
    upstream.script = script
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.connect(("127.0.0.1", gateway.port))
    with client, Peak(gateway):
        client.settimeout(60)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: used, what="the upstream is held back")
        gateway.http.get("/health", 200)
        assert used[0] < 0.25
        assert swallow(client, b"", SIZE) >= SIZE
    done.set()


UPGRADE = (b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def send_until_held(sock, limit):
    """Sends until the other side takes no more for a while; how much it took."""
    sock.settimeout(0.5)
    sent = 0
    while sent < limit:
        try:
            sent += sock.send(PIECE)
        except TimeoutError:
            break
    sock.settimeout(30)
    return sent


@pytest.mark.parametrize("slow", ["client", "target"])
def test_a_slow_end_of_a_websocket_holds_the_other_back(gateway, upstream, slow):
    """And goes on where it stopped, to the last byte."""
    sent, received, begin = [], [], threading.Event()

    def work(sock, sends):
        if sends:
            sent.append(send_until_held(sock, SIZE))
            sock.shutdown(socket.SHUT_WR)
        else:
            assert begin.wait(30)
            received.append(swallow(sock, b"", SIZE * 2))

    def script(connection):
        connection.read_head()
        connection.send(SWITCH)
        work(connection.sock, sends=slow == "client")
    upstream.script = script
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.connect(("127.0.0.1", gateway.port))
    with client, Peak(gateway):
        client.settimeout(30)
        client.sendall(UPGRADE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        other = threading.Thread(target=work, args=(client, slow == "target"))
        other.start()
        wait_for(lambda: sent, what="one end is held back")
        assert sent[0] < SIZE // 2
        begin.set()
        other.join()
        wait_for(lambda: received, what="the rest arrives")
    assert received == sent


def test_a_head_larger_than_a_piece_of_a_body(upstream):
    def script(connection):
        _, headers = connection.read_head()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(dict(headers)['X-Long'])}\r\n\r\n".encode())
        connection.send(dict(headers)["X-Long"].encode())
    upstream.script = script
    with Gateway(services=[service("scripted", upstream, route("/"))], env={"MAX_HEAD_BYTES": "200k"}) as program:
        with program.raw() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 150_000 + b"\r\n\r\n")
            assert len(client.answer().body) == 150_000
        with program.raw() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\n")
            assert client.answer().status == 431


@pytest.mark.parametrize("size", [65_520, 65_536, 70_000, 200_000])
def test_an_endless_head_of_an_upstream_is_refused_at_once(gateway, upstream, size):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nX: " + b"x" * size)
        connection.recv()
    upstream.script = script
    assert gateway.http.get("/", 502).json()["code"] == "BAD_GATEWAY"
