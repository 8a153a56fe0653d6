"""The gateway and its connections: how long they live, what it does when a side fails, several targets, reloads."""
import contextlib
import signal
import threading
import time

import pytest
import requests

from gateway_support import Gateway, Raw, Upstream, reply, route, service
from lib.http import check_error
from lib.wait import wait_for
from proxy_support import echo, gateway, scripted  # noqa: F401


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
