"""Time and second tries: who is too slow is given up, and what can be sent again without harm is."""
import socket
import threading
import time

import pytest

from gateway_support import Gateway, Scripted, Upstream, echo, reply, route, service
from lib.http import check_error
from lib.wait import wait_for

SIZE = 16 * 1024 * 1024


@pytest.fixture(scope="module")
def scripted():
    with Scripted() as upstream:
        yield upstream


# ---- clients ----------------------------------------------------------------------------------------

def drip(client, seconds=20):
    """Sends a byte now and then until an answer comes."""
    client.sock.settimeout(0.05)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if not client.recv():
                raise EOFError
            break
        except TimeoutError:
            client.send(b"x")
    client.sock.settimeout(10)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_drips_is_refused(scripted, framing):
    """Never silent as long as the time-out, but slower than the minimum rate."""
    complete = []

    def script(connection):
        connection.read_request()
        complete.append(1)
        connection.send(reply())
    scripted.script = script
    head = b"Content-Length: 100000\r\n\r\n" if framing == "length" else b"Transfer-Encoding: chunked\r\n\r\n186a0\r\n"
    with Gateway(services=[service("scripted", scripted, route("/"))],
                 env={"CLIENT_BODY_TIMEOUT": "1s", "CLIENT_MIN_RATE": "1000"}) as program, program.raw() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + head)
        drip(client)
        answer = client.answer()
        assert answer.status == 408 and answer.get("Connection") == "close"
    assert not complete


def test_a_slow_body_within_the_rate_passes(scripted):
    def script(connection):
        connection.send(reply(connection.read_request().body))
    scripted.script = script
    with Gateway(services=[service("scripted", scripted, route("/"))],
                 env={"CLIENT_BODY_TIMEOUT": "20s", "CLIENT_MIN_RATE": "0"}) as program, program.raw() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
        for _ in range(12):
            client.send(b"y")
            time.sleep(0.02)
        assert client.answer().body == b"y" * 12


@pytest.mark.parametrize("takes", [0, 1])
def test_a_reader_that_takes_next_to_nothing_is_given_up(scripted, takes):
    def script(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        while connection.sock.send(b"y" * 65536):
            pass
    scripted.script = script
    with Gateway(services=[service("scripted", scripted, route("/"))],
                 env={"CLIENT_WRITE_TIMEOUT": "1s", "CLIENT_MIN_RATE": "100k", "ACCESS_LOG": "all"}) as program, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", program.port))
        client.settimeout(10)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

        def is_given_up():
            if takes:
                client.recv(takes)
            return "the client takes too little data" in program.log_text()
        wait_for(is_given_up, what="the reader is given up")


# ---- targets ----------------------------------------------------------------------------------------

def test_a_target_that_takes_no_data_is_given_up(scripted):
    scripted.script = lambda connection: (connection.read_head(), time.sleep(20))
    with Gateway(services=[service("scripted", scripted, route("/"), write_timeout=300)]) as program:
        with program.raw(30) as client:
            client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n".encode())
            client.sock.settimeout(0.5)
            try:
                while client.sock.send(b"x" * 65536):
                    pass
            except OSError:
                pass
            client.sock.settimeout(20)
            assert client.answer().status == 504
        assert "the upstream takes no data" in program.log_text()


def test_a_target_that_cannot_be_connected_to_in_time():
    """Its queue of connections is full, so that a further one is not answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        with Upstream(lambda _: reply("b")) as b:
            targets = [{"target": f"127.0.0.1:{listener.getsockname()[1]}"}, {"target": b.address}]
            services = [service("pair", None, route("/"), host="pair", connect_timeout=300),
                        service("full", None, route("/full"), host="127.0.0.1", port=listener.getsockname()[1],
                                connect_timeout=300)]
            with Gateway(upstreams=[{"name": "pair", "targets": targets}], services=services) as program:
                assert {program.http.request(method, "/", 200).text for method in ("GET", "POST", "POST")} == {"b"}
                check_error(program.http.get("/full"), 504, "GATEWAY_TIMEOUT")
        for filler in fillers:
            filler.close()


class Counting(Upstream):
    """Knows how many of its connections are open, and answers when told to."""

    def __init__(self):
        self.now, self.most = 0, 0
        self.lock, self.go = threading.Lock(), threading.Event()
        super().__init__(serve=self.count)

    def count(self, connection):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            while True:
                connection.read_request()
                self.go.wait(20)
                connection.send(reply())
        finally:
            with self.lock:
                self.now -= 1


def test_unused_connections_are_bounded_and_do_not_stay():
    with Counting() as upstream, Gateway(services=[service("counting", upstream, route("/"))],
                                         env={"UPSTREAM_IDLE_MAX": "2", "UPSTREAM_IDLE_TIMEOUT": "1s"}) as program:
        clients = [program.raw() for _ in range(6)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: upstream.now == 6, what="each request has a connection")
        upstream.go.set()
        assert [client.answer().status for client in clients] == [200] * 6
        wait_for(lambda: upstream.now <= 2, what="two are kept")
        wait_for(lambda: upstream.now == 0, what="and those not for long")
        for client in clients:
            client.close()


# ---- second tries -----------------------------------------------------------------------------------

def trio(*upstreams):
    return {"name": "set", "targets": [{"target": u.address} for u in upstreams]}


def start(*upstreams, **fields):
    return Gateway(upstreams=[trio(*upstreams)], services=[service("set", None, route("/"), host="set", **fields)])


def chunks(body):
    return b"".join(f"{len(body[i:i + 7]):x}\r\n".encode() + body[i:i + 7] + b"\r\n" for i in range(0, len(body), 7)) + b"0\r\n\r\n"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_is_sent_again_with_an_idempotent_request(method, framing):
    body = bytes(range(97, 123)) * 20
    head = f"{method} / HTTP/1.1\r\nHost: a\r\n".encode()
    text = head + (f"Content-Length: {len(body)}\r\n\r\n".encode() + body if framing == "length"
                   else b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body))
    with Upstream(lambda _: None) as a, Upstream(echo) as b, start(a, b) as program:
        statuses = []
        for _ in range(3):
            with program.raw() as client:
                client.send(text)
                answer = client.answer()
                statuses.append(answer.status)
                assert answer.status != 200 or answer.json()["body"] == body.decode()
        assert a.requests
        assert statuses == [200] * 3 if method in ("PUT", "DELETE") else 502 in statuses


def test_a_body_that_comes_while_a_target_fails_is_sent_whole(scripted):
    """The first half went to the target that broke off, the rest comes later."""
    scripted.script = lambda connection: (connection.read_head(), connection.read_exactly(5))
    with Upstream(echo) as b, start(scripted, b) as program:
        for _ in range(2):
            with program.raw() as client:
                client.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
                wait_for(lambda: scripted.connections and True)
                time.sleep(0.1)
                client.send(b"-last")
                assert client.answer().json()["body"] == "first-last"
        assert scripted.connections


def test_a_large_body_is_not_kept_for_a_second_try():
    with Upstream(lambda _: None) as a, Upstream(lambda _: None) as b, start(a, b) as program:
        assert program.http.request("PUT", "/", data="x" * 300_000).status_code == 502
        assert len(a.requests) + len(b.requests) == 1


@pytest.mark.parametrize("retries, tries", [(0, 1), (1, 2), (5, 3)])
def test_tries_are_bounded(retries, tries):
    with Upstream(lambda _: None) as a, Upstream(lambda _: None) as b, Upstream(lambda _: None) as c:
        with start(a, b, c, retries=retries) as program:
            program.http.get("/", 502)
            assert [len(u.requests) for u in (a, b, c)].count(1) == tries


def test_nothing_is_tried_again_once_the_client_has_seen_a_byte(scripted):
    calls = []

    def script(connection):
        calls.append(connection.read_request())
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    scripted.script = script
    with Upstream(lambda _: reply("b")) as b, start(scripted, b) as program:
        for turn in range(2):
            with program.raw() as client:
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                client.read_head()
                client.rest()
            assert len(calls) + len(b.requests) == turn + 1
        assert len(calls) == 1


def test_a_kept_connection_that_died_does_not_fail_a_request_with_a_body():
    with Upstream(echo) as a, start(a) as program:
        for method in ("PUT", "POST", "PATCH", "DELETE") * 3:
            program.http.request(method, "/", 200, data="body")
            a.close_connections()
