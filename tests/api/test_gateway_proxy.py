"""The gateway forwards: heads, bodies of every framing, connections, and what it does when a side fails."""
import contextlib
import signal
import socket
import threading
import time

import pytest
import requests

from gateway_support import Gateway, Raw, Scripted, Upstream, reply, route, service
from lib.http import check_error
from lib.paths import VARIANT
from lib.wait import wait_for


@pytest.fixture(scope="module")
def echo():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def scripted():
    """An upstream whose conversation each test writes."""
    with Scripted() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(echo, scripted):
    services = [
        service("echo", echo, route("/plain", strip_path=False), route("/stripped"),
                route("/host", preserve_host=True)),
        service("based", echo, route("/based"), path="/base/"),
        service("scripted", scripted, route("/scripted"), retries=0),
        service("impatient", scripted, route("/impatient"), read_timeout=3000, retries=0),
        service("nobody", None, route("/nobody"), host="127.0.0.1", port=1),
        service("nameless", None, route("/nameless"), host="no-such-host.invalid", port=80),
        service("secure", echo, route("/secure", protocols=["https"])),
    ]
    with Gateway(services=services) as program:
        yield program


def call(gateway, text):
    with gateway.raw() as client:
        client.send(text)
        return client.answer()


# ---- heads ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, target", [
    ("/plain", "/plain"), ("/plain/", "/plain/"), ("/plain/a%20b?x=1&y", "/plain/a%20b?x=1&y"),
    ("/plain?", "/plain?"), ("/stripped", "/"), ("/stripped/", "/"), ("/stripped/a/b?q", "/a/b?q"),
    ("/stripped?q", "/?q"), ("/based", "/base"), ("/based/", "/base/"), ("/based/x", "/base/x"),
    ("/x/../plain//y", "/plain/y"), ("/%70lain", "/plain"), ("http://other.example/plain/z?1", "/plain/z?1"),
])
def test_target(gateway, path, target):
    answer = call(gateway, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.json()["line"] == f"GET {target} HTTP/1.1"


def test_headers_reach_the_upstream_but_those_of_the_connection(gateway, echo):
    answer = call(gateway, b"GET /plain HTTP/1.1\r\nHost: desk.example\r\nConnection: keep-alive, X-Private\r\n"
                           b"Keep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
                           b"Proxy-Authorization: x\r\nProxy-Connection: x\r\nX-Private: x\r\n"
                           b"X-Multi: 1\r\nX-Multi: 2\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\n\r\n")
    seen = {}
    for name, value in answer.json()["headers"]:
        seen.setdefault(name.lower(), []).append(value)
    for gone in ("connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "proxy-authorization",
                 "proxy-connection", "x-private"):
        assert gone not in seen
    assert seen["x-multi"] == ["1", "2"]
    assert seen["cookie"] == ["a=b"] and seen["authorization"] == ["Basic eDp5"]
    assert seen["host"] == [echo.address]
    assert seen["x-forwarded-host"] == ["desk.example"] and seen["x-forwarded-proto"] == ["http"]
    assert seen["x-forwarded-for"] == ["127.0.0.1"] and seen["x-forwarded-port"] == [str(gateway.port)]


def test_host_is_preserved_on_request(gateway):
    answer = call(gateway, b"GET /host HTTP/1.1\r\nHost: desk.example:99\r\n\r\n").json()
    assert ["Host", "desk.example:99"] in answer["headers"]
    assert ["X-Forwarded-Prefix", "/host"] in answer["headers"]


def test_what_clients_say_about_themselves_is_not_believed(gateway):
    answer = gateway.http.get("/plain", 200, headers={
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Consumer-Username": "admin",
        "X-Credential-Identifier": "x", "X-Forwarded-Prefix": "/x"})
    assert "6.6.6.6" not in answer.text and "evil" not in answer.text and "admin" not in answer.text


def test_what_trusted_proxies_say_is_passed_on(echo):
    with Gateway(services=[service("echo", echo, route("/"))],
                 env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.1"}) as program:
        seen = dict(program.http.get("/", 200, headers={
            "X-Forwarded-For": "1.1.1.1, 2.2.2.2, 10.0.0.1", "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "desk.example", "X-Forwarded-Port": "443"}).json()["headers"])
        assert seen["X-Forwarded-For"] == "1.1.1.1, 2.2.2.2, 10.0.0.1, 127.0.0.1"
        assert seen["X-Real-IP"] == "2.2.2.2" and seen["X-Forwarded-Proto"] == "https"
        assert seen["X-Forwarded-Host"] == "desk.example" and seen["X-Forwarded-Port"] == "443"


def test_identity_of_a_request(gateway):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = gateway.http.get("/plain", 200, headers={"X-Request-ID": "req-7", "tracestate": "a=b",
                                                      "traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    seen = {name.lower(): value for name, value in answer.json()["headers"]}
    assert seen["x-request-id"] == answer.headers["X-Request-ID"] == "req-7"
    version, trace_id, span, flags = seen["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", trace, "01") and span != "b7ad6b7169203331"
    assert seen["tracestate"] == "a=b" and answer.headers["X-Trace-Id"] == trace
    first, second = gateway.http.get("/plain", 200), gateway.http.get("/plain", 200)
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert first.headers["X-Trace-Id"] != second.headers["X-Trace-Id"]


def test_response_headers(gateway, scripted):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 299 Odd Thing\r\nContent-Length: 2\r\nConnection: X-Private\r\nX-Private: 1\r\n"
                        b"Keep-Alive: timeout=5\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Request-ID: theirs\r\n"
                        b"X-Trace-Id: theirs\r\n\r\nok")
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"GET /scripted HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\n\r\n")
        line, headers = client.read_head()
    assert line == "HTTP/1.1 299 Odd Thing"
    names = [name.lower() for name, _ in headers]
    assert names.count("set-cookie") == 2 and "x-private" not in names and "keep-alive" not in names
    assert ("X-Request-ID", "mine") in headers and names.count("x-request-id") == 1
    assert ("X-Trace-Id", "theirs") in headers and names.count("x-trace-id") == 1


# ---- bodies -----------------------------------------------------------------------------------------

def test_bodies_with_a_length(gateway):
    body = "x" * 300_000
    answer = gateway.http.request("POST", "/plain", 200, data=body).json()
    assert answer["body"] == body and ["Content-Length", "300000"] in answer["headers"]
    assert gateway.http.request("DELETE", "/plain", 200).json()["body"] == ""


def test_chunked_bodies(gateway):
    answer = gateway.http.request("POST", "/plain", 200, data=iter([b"one", b"two" * 50_000, b"three"])).json()
    assert answer["body"] == "one" + "two" * 50_000 + "three"
    assert ["Transfer-Encoding", "chunked"] in answer["headers"]


def test_chunk_extensions_and_trailers_end_here(gateway):
    answer = call(gateway, b"POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"3;ext=1\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n")
    assert answer.json()["body"] == "abc" and "X-Trailer" not in str(answer.json())


@pytest.mark.parametrize("response, body", [
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n", b"abcde"),
    (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
    (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    (b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 5\r\n\r\n", b""),
    (b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", b"x"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_response_framings(gateway, scripted, response, body, version):
    def script(connection):
        connection.read_request()
        connection.send(response)
    scripted.script = script
    with gateway.raw() as client:
        client.send(f"GET /scripted HTTP/{version}\r\nHost: a\r\nConnection: keep-alive\r\n\r\n".encode())
        answer = client.answer()
        if answer.status == 103:
            assert version == "1.1" and answer.get("Link") == "</a>"
            answer = client.answer()
        assert answer.body == body
        assert (answer.get("Transfer-Encoding") == "chunked") == (
            version == "1.1" and b"Content-Length" not in response and body != b"")


def test_head_has_the_length_but_no_body(gateway, scripted):
    def script(connection):
        while True:
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    scripted.script = script
    with gateway.raw() as client:
        for _ in range(2):
            client.send(b"HEAD /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = client.answer("HEAD")
            assert answer.status == 200 and answer.get("Content-Length") == "1234"


def test_a_response_flows_as_it_is_made(gateway, scripted):
    more = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        more.wait(30)
        connection.send(b"6\r\nsecond\r\n0\r\n\r\n")
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"GET /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_head()
        assert client.read_exactly(10) == b"5\r\nfirst\r\n"
        more.set()
        assert client.read_exactly(16) == b"6\r\nsecond\r\n0\r\n\r\n"[:16]


def test_expect_continue_is_between_the_ends(gateway, scripted):
    def script(connection):
        _, headers = connection.read_head()
        assert ("Expect", "100-continue") in headers
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = connection.read_body(headers)
        connection.send(reply(body))
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"POST /scripted HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert client.answer().status == 100
        client.send(b"body")
        assert client.answer().body == b"body"


def test_a_refused_body_need_not_be_sent(gateway):
    with gateway.raw() as client:
        client.send(b"POST /none HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 400000\r\n\r\n")
        answer = client.answer()
        assert answer.status == 404 and answer.get("Connection") == "close"
        assert client.is_closed()


def test_the_rest_of_a_refused_body_is_read(gateway):
    with gateway.raw() as client:
        client.send(b"POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
        assert client.answer().status == 404
        client.send(b"x" * 99_000 + b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().status == 200


def test_an_early_answer_ends_the_connection(gateway, scripted):
    def script(connection):
        connection.read_head()
        connection.send(reply("too much", "413 Content Too Large", ["Connection: close"]))
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"POST /scripted HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 5000)
        answer = client.answer()
        assert answer.status == 413 and answer.body == b"too much"
        assert client.is_closed()


# ---- memory -----------------------------------------------------------------------------------------

SIZE = 48 * 1024 * 1024
# AddressSanitizer keeps freed memory for a while, so its figure says nothing.
GROWTH_KIB = 8 * 1024 if VARIANT != "asan" else 1024 * 1024


def test_large_uploads_pass_in_constant_memory(gateway, scripted):
    received = []

    def script(connection):
        _, headers = connection.read_head()
        left = int(dict(headers)["Content-Length"])
        total = len(connection.buffer)
        while total < left:
            data = connection.sock.recv(262144)
            if not data:
                return
            total += len(data)
        received.append(total)
        connection.send(reply())
    scripted.script = script
    before, peak = gateway.rss_kib(), 0
    with gateway.raw(30) as client:
        client.send(f"PUT /scripted HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        piece = b"x" * 1_048_576
        for _ in range(SIZE // len(piece)):
            client.send(piece)
            peak = max(peak, gateway.rss_kib())
        assert client.answer().status == 200
    assert received == [SIZE]
    assert peak - before < GROWTH_KIB


def test_a_slow_reader_holds_the_upstream_back(gateway, scripted):
    sent = []

    def script(connection):
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        connection.sock.settimeout(0.4)
        total = 0
        piece = b"y" * 65536
        try:
            while total < SIZE:
                total += connection.sock.send(piece[:SIZE - total])
        except TimeoutError:
            pass
        sent.append(total)
        connection.sock.settimeout(10)
        while total < SIZE:
            total += connection.sock.send(piece[:SIZE - total])
    scripted.script = script
    before = gateway.rss_kib()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.connect(("127.0.0.1", gateway.port))
    with client:
        client.settimeout(20)
        client.sendall(b"GET /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_for(lambda: sent, what="the upstream is held back")
        assert sent[0] < 12 * 1024 * 1024
        assert gateway.rss_kib() - before < GROWTH_KIB
        total = 0
        while True:
            data = client.recv(1_048_576)
            total += len(data)
            if total > SIZE or not data:
                break
        assert total > SIZE


# ---- connections ------------------------------------------------------------------------------------

def test_connections_are_kept_on_both_sides(echo):
    with Gateway(services=[service("echo", echo, route("/"))]) as program:
        before = echo.connections
        with program.raw() as client:
            for _ in range(20):
                client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
                assert client.answer().status == 200
        for _ in range(5):
            requests.get(program.url, timeout=30)
        assert echo.connections == before + 1


def test_a_kept_connection_that_was_closed_is_replaced(gateway, echo):
    gateway.http.get("/plain", 200)
    echo.close_connections()
    for method in ("POST", "GET", "POST"):
        gateway.http.request(method, "/plain", 200)


def test_a_connection_closed_under_an_idempotent_request_is_replaced(gateway, scripted):
    calls = []

    def script(connection):
        connection.read_request()
        connection.send(reply("one"))
        calls.append(connection.read_request().line)
    scripted.script = script
    for _ in range(3):
        assert gateway.http.get("/scripted", 200).text == "one"
    assert len(calls) == 2
    assert gateway.http.post("/scripted").status_code == 502


def test_pipelined_requests_are_answered_in_order(gateway):
    with gateway.raw() as client:
        client.send(b"".join(f"GET /plain/{n} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for n in range(5))
                    + b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
                    + b"POST /plain/6 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nz"
                    + b"GET /plain/7 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [client.answer() for _ in range(8)]
        assert [a.status for a in answers] == [200] * 5 + [404, 200, 200]
        assert [a.json()["line"].split()[1] for a in answers if a.status == 200] == [
            f"/plain/{n}" for n in (0, 1, 2, 3, 4, 6, 7)]
        assert answers[-1].get("Connection") == "close" and client.is_closed()


def test_http_1_0_clients(gateway):
    with gateway.raw() as client:
        client.send(b"GET /plain HTTP/1.0\r\n\r\n")
        assert client.answer().get("Connection") == "close"
        assert client.is_closed()
    with gateway.raw() as client:
        for _ in range(2):
            client.send(b"GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert client.answer().get("Connection") == "keep-alive"


def test_a_half_closed_client_gets_its_answer(gateway, scripted):
    has_ended = threading.Event()

    def script(connection):
        connection.read_request()
        has_ended.wait(20)
        connection.send(reply("late"))
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"GET /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
        client.half_close()
        has_ended.set()
        assert client.answer().body == b"late"
        assert client.is_closed()


def test_a_client_that_leaves_in_its_body_is_not_forwarded_as_complete(gateway, scripted):
    begun, ended = threading.Event(), threading.Event()

    def script(connection):
        connection.read_head()
        begun.set()
        try:
            connection.read_exactly(10)
        except EOFError:
            ended.set()
            raise
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"POST /scripted HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        assert begun.wait(20)
    assert ended.wait(20)


def test_a_request_that_does_not_go_on_is_ended(echo):
    with Gateway(services=[service("echo", echo, route("/"))],
                 env={"CLIENT_HEAD_TIMEOUT": "1s", "CLIENT_BODY_TIMEOUT": "1s"}) as program:
        with program.raw() as head, program.raw() as body:
            head.send(b"GET / HTTP/1.1\r\nHo")
            body.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx")
            for client in (head, body):
                answer = client.answer()
                assert answer.status == 408 and answer.json()["code"] == "REQUEST_TIMEOUT"
                assert client.is_closed()


def test_a_connection_without_a_request_is_ended(echo):
    with Gateway(services=[service("echo", echo, route("/"))], env={"CLIENT_IDLE_TIMEOUT": "1s"}) as program:
        with program.raw() as client:
            assert client.is_closed()


def test_nothing_leaks(gateway):
    count = 40

    def burst():
        for _ in range(count):
            with gateway.raw() as client:
                client.send(b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /pl")
                client.answer()
    before = gateway.open_files()
    burst()
    wait_for(lambda: gateway.open_files() < before + count / 2, what="descriptors are closed")


# ---- failures ---------------------------------------------------------------------------------------

def test_no_route(gateway):
    body = check_error(gateway.http.get("/none"), 404, "NOT_FOUND")
    assert body["message"] == "no Route matched with those values"
    assert gateway.http.get("/plainer").status_code == 404


def test_problem_details_for_those_who_ask(gateway):
    answer = gateway.http.get("/none", 404, headers={"Accept": "application/problem+json"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404 and answer.json()["detail"] == "no Route matched with those values"


def test_tls_only_route(gateway):
    answer = gateway.http.get("/secure")
    assert answer.headers["Upgrade"].startswith("TLS")
    check_error(answer, 426, "UPGRADE_REQUIRED")


def test_an_upstream_that_is_not_there(gateway):
    answer = gateway.http.post("/nobody", json={})
    check_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"


def test_a_name_that_does_not_resolve(gateway):
    body = check_error(gateway.http.get("/nameless"), 503, "SERVICE_UNAVAILABLE")
    assert body["message"] == "name resolution failed"


def test_an_upstream_that_does_not_answer(gateway, scripted):
    scripted.script = lambda connection: (connection.read_request(), connection.recv())
    began = time.monotonic()
    body = check_error(gateway.http.get("/impatient"), 504, "GATEWAY_TIMEOUT")
    assert body["message"] == "The upstream server is timing out"
    assert 2.9 < time.monotonic() - began < 30


@pytest.mark.parametrize("response", [
    b"", b"nonsense\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\nA: b\n\n",
    b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
])
def test_an_upstream_that_talks_nonsense(gateway, scripted, response):
    def script(connection):
        connection.read_request()
        connection.send(response)
    scripted.script = script
    body = check_error(gateway.http.get("/scripted"), 502, "BAD_GATEWAY")
    assert body["message"] == "An invalid response was received from the upstream server"


HALF_RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
]


def check_cut_off(client):
    """The client can tell that its response is not complete."""
    with pytest.raises((EOFError, ValueError, ConnectionResetError)):
        client.answer()


@pytest.mark.parametrize("response", HALF_RESPONSES)
@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_upstream_that_dies_in_its_response(gateway, scripted, response, end):
    def script(connection):
        connection.read_request()
        connection.send(response)
        if end == "reset":
            connection.reset()
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"GET /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
        check_cut_off(client)
    gateway.http.get("/plain", 200)


def test_an_upstream_that_falls_silent_in_its_response(gateway, scripted):
    def script(connection):
        connection.send(HALF_RESPONSES[int(connection.read_request().get("X-Response"))])
        connection.recv()
    scripted.script = script
    with contextlib.ExitStack() as open_clients:
        clients = [open_clients.enter_context(gateway.raw()) for _ in HALF_RESPONSES]
        for number, client in enumerate(clients):
            client.send(f"GET /impatient HTTP/1.1\r\nHost: a\r\nX-Response: {number}\r\n\r\n".encode())
        for client in clients:
            check_cut_off(client)


SMUGGLING = [
    "GET /plain HTTP/1.1\r\n\r\n", "GET /plain HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET  /plain HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /plain HTTP/1.1\nHost: a\n\n", "GET /plain HTTP/1.1\r\nHost : a\r\n\r\n", "GET /plain HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
    "GET /plain HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "GET /plain HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "GET /plain\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /plain#x HTTP/1.1\r\nHost: a\r\n\r\n", "GET plain HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /plain%zz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /plain%00 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST /plain HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("text", SMUGGLING)
def test_ambiguous_requests_are_refused_and_go_nowhere(gateway, echo, text):
    before = len(echo.requests)
    with gateway.raw() as client:
        client.send(text.encode("latin-1") + b"GET /plain/smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = client.answer()
        assert answer.status == 400, answer.body
        assert answer.json()["code"] == "INVALID_INPUT" and answer.get("Connection") == "close"
        assert client.is_closed()
    assert len(echo.requests) == before


@pytest.mark.parametrize("text, status", [
    ("POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("GET /plain HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("GET /" + "x" * 40_000, 414),
    ("GET /plain HTTP/1.1\r\nHost: a\r\nX: " + "x" * 40_000, 431),
    ("GET /plain HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * 200 + "\r\n", 431),
])
def test_other_refused_heads(gateway, text, status):
    with gateway.raw() as client:
        client.send(text.encode())
        assert client.answer().status == status
        assert client.is_closed()


@pytest.mark.parametrize("body", ["zz\r\n", "-1\r\n", "3\r\nabcX\r\n", "3 \r\nabc\r\n", "fffffffffffffffff\r\n", "\r\n", "3\nabc\n"])
def test_malformed_chunks_never_complete_a_request(gateway, scripted, body):
    complete = []

    def script(connection):
        connection.read_request()
        complete.append(1)
        connection.send(reply())
    scripted.script = script
    with gateway.raw() as client:
        client.send(b"POST /scripted HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body.encode()
                    + b"0\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = client.answer()
        assert answer.status == 400 and client.is_closed()
    assert not complete


# ---- several targets --------------------------------------------------------------------------------

def balanced(*upstreams, **fields):
    return {"name": "pair", "targets": [{"target": u.address} for u in upstreams], **fields}


def test_targets_take_turns_and_a_dead_one_is_left_out():
    with Upstream(lambda _: reply("a")) as a, Upstream(lambda _: reply("b")) as b:
        with Gateway(upstreams=[balanced(a, b)],
                     services=[service("pair", None, route("/"), host="pair")]) as program:
            assert sorted(program.http.get("/").text for _ in range(10)) == ["a"] * 5 + ["b"] * 5
            a.close()
            assert {program.http.request(method, "/", 200).text for method in ("GET", "POST") * 10} == {"b"}
            with Upstream(lambda _: reply("a"), port=a.port):
                wait_for(lambda: program.http.get("/").text == "a", what="the target is back")


def test_weights():
    with Upstream(lambda _: reply("a")) as a, Upstream(lambda _: reply("b")) as b:
        upstream = {"name": "pair", "targets": [{"target": a.address, "weight": 30}, {"target": b.address, "weight": 10}]}
        with Gateway(upstreams=[upstream], services=[service("pair", None, route("/"), host="pair")]) as program:
            assert sorted(program.http.get("/").text for _ in range(8)) == ["a"] * 6 + ["b"] * 2


def test_least_connections_avoids_the_busy_one():
    held = threading.Event()

    def slow(_):
        held.wait(30)
        return reply("slow")
    with Upstream(slow) as a, Upstream(lambda _: reply("b")) as b:
        with Gateway(upstreams=[balanced(a, b, algorithm="least-connections")],
                     services=[service("pair", None, route("/"), host="pair")]) as program:
            with program.raw() as waiting:
                waiting.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                if not wait_for(lambda: len(a.requests) + len(b.requests) == 1) or b.requests:
                    waiting.answer()
                    waiting.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                wait_for(lambda: a.requests, what="one request is held")
                assert {program.http.get("/").text for _ in range(6)} == {"b"}
                held.set()
                assert waiting.answer().body == b"slow"


@pytest.mark.parametrize("method, sees", [("GET", 200), ("DELETE", 200), ("POST", 502)])
def test_only_idempotent_requests_are_sent_twice(method, sees):
    def drop(_):
        return None
    with Upstream(drop) as a, Upstream(lambda _: reply("b")) as b:
        with Gateway(upstreams=[balanced(a, b)],
                     services=[service("pair", None, route("/"), host="pair")]) as program:
            statuses = [program.http.request(method, "/").status_code for _ in range(4)]
            assert sees in statuses and (sees == 502 or set(statuses) == {200})
            assert a.requests


# ---- life -------------------------------------------------------------------------------------------

def test_a_reload_drops_no_request(echo, scripted):
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        connection.read_request()
        arrived.set()
        release.wait(30)
        connection.send(reply("old"))
    scripted.script = script
    services = [service("echo", echo, route("/a")), service("scripted", scripted, route("/held"))]
    with Gateway(services=services) as program, program.raw() as held, program.raw() as kept:
        held.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        kept.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert kept.answer().status == 200
        assert arrived.wait(30)
        failures, stop = [], threading.Event()

        def hammer():
            session = requests.Session()
            while not stop.is_set():
                try:
                    status = session.get(program.url + "/a", timeout=30).status_code
                except requests.RequestException as problem:
                    status = problem
                if status != 200:
                    failures.append(status)
        thread = threading.Thread(target=hammer)
        thread.start()
        program.write(services=[service("echo", echo, route("/a"), route("/b"))])
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: program.http.get("/b").status_code == 200, what="the new route is served")
        assert program.http.get("/held").status_code == 404
        kept.send(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        assert kept.answer().status == 200
        release.set()
        assert held.answer().body == b"old"
        stop.set()
        thread.join()
        assert not failures


def test_a_file_with_an_error_never_replaces_a_good_one(echo):
    with Gateway(services=[service("echo", echo, route("/a"))]) as program:
        program.file.write_text("_format_version: \"3.0\"\nservices:\n  - nam: x\n", encoding="utf-8")
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "unknown key \\\"nam\\\"" in program.log_text(), what="the refusal is logged")
        assert f"{program.file.name}:3: services[0]" in program.log_text()
        program.http.get("/a", 200)


def test_a_stop_waits_for_what_is_in_flight(scripted):
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        connection.read_request()
        arrived.set()
        release.wait(30)
        connection.send(reply("done"))
    scripted.script = script
    program = Gateway(services=[service("scripted", scripted, route("/"))])
    with program.raw() as busy, program.raw() as idle:
        busy.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert arrived.wait(30)
        program.http.get("/health", 200)  # accepted after the idle one
        program.terminate()
        assert idle.is_closed()
        with pytest.raises(OSError):
            Raw(program.port)
        release.set()
        answer = busy.answer()
        assert answer.body == b"done" and answer.get("Connection") == "close"
    program.stop()


def test_several_processes_share_the_port(echo):
    with Gateway(services=[service("echo", echo, route("/a"))], env={"WORKERS": "2"}) as program:
        def answers(path):
            return {requests.get(program.url + path, timeout=30).status_code for _ in range(20)}
        wait_for(lambda: answers("/ready") == {200}, what="every process is ready")
        assert answers("/a") == {200}
        program.write(services=[service("echo", echo, route("/b"))])
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: answers("/b") == {200} and answers("/a") == {404}, what="every process has the new file")


def test_own_endpoints(gateway):
    health = gateway.http.get("/health", 200).json()
    assert health["status"] == "ok" and health["service"] == "gateway" and health["version"]
    assert gateway.http.get("/ready", 200).json()["status"] == "ready"
    assert gateway.http.get("/version", 200).json()["service"] == "gateway"
    assert "process_resident_memory_bytes" in gateway.http.get("/metrics", 200).text
    assert gateway.http.get("/openapi.json", 200).json()["openapi"].startswith("3.")
    assert gateway.http.post("/health").status_code == 405
