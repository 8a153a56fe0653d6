"""WebSockets pass through: tokens, frames, ends."""
import asyncio
import os
import threading

import pytest
import websockets

from gateway_support import Gateway, Scripted, consumer, plugin, reply, route, service
from lib import tokens
from lib.paths import VARIANT
from lib.wait import wait_for
from lib.ws import Closed, Refused, WebSocket

UPGRADE = (b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


class Echo:
    """A WebSocket server of the websockets library, in a thread of its own."""

    def __init__(self):
        self.paths = []
        self.headers = []
        self.close_codes = []
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        async def handle(socket):
            self.paths.append(socket.path)
            self.headers.append(socket.request_headers)
            async for message in socket:
                await socket.send(message)
            self.close_codes.append(socket.close_code)

        async def serve():
            self.server = await websockets.serve(handle, "127.0.0.1", 0, subprotocols=["bearer"], max_size=None,
                                                 ping_interval=None)
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(serve(), self.loop)
        assert started.wait(30)


@pytest.fixture(scope="module")
def echo():
    return Echo()


@pytest.fixture(scope="module")
def scripted():
    with Scripted() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(echo, scripted):
    token = plugin("jwt", cookie_names=["access_token"], uri_param_names=["token"])
    services = [service("live", echo, route("/ws/chat", strip_path=False), plugins=[token], read_timeout=3600000),
                service("open", echo, route("/open"), read_timeout=3600000),
                service("short", echo, route("/short"), read_timeout=3000),
                service("scripted", scripted, route("/scripted"))]
    with Gateway(services=services, consumers=[consumer("${JWT_SECRET}")],
                 plugins=[plugin("cors", origins=["https://desk.example"], credentials=True)]) as program:
        yield program


def test_frames_pass_both_ways(gateway, echo):
    with WebSocket(gateway.url + "/open/room?x=1") as socket:
        for n in range(50):
            socket.send({"n": n})
            assert socket.receive() == {"n": n}
    assert echo.paths[-1] == "/room?x=1"
    wait_for(lambda: echo.close_codes and echo.close_codes[-1] == 1000, what="the close reaches the service")
    headers = echo.headers[-1]
    assert headers["X-Forwarded-For"] == "127.0.0.1" and headers["traceparent"]


def test_a_token_in_the_query(gateway, echo):
    token = tokens.mint(7)
    with WebSocket(f"{gateway.url}/ws/chat?token={token}") as socket:
        socket.send({"type": "ping"})
        assert socket.receive()["type"] == "ping"
    assert echo.paths[-1] == f"/ws/chat?token={token}"
    assert token not in gateway.log_text()


def test_a_token_in_the_subprotocol(gateway):
    with WebSocket(gateway.url + "/ws/chat", subprotocols=["bearer", tokens.mint(7)]) as socket:
        assert socket.subprotocol == "bearer"
        socket.send({"a": 1})
        assert socket.receive() == {"a": 1}


def test_a_token_in_the_header(gateway):
    with WebSocket(gateway.url + "/ws/chat", token=tokens.mint(7)) as socket:
        socket.send({"a": 1})
        assert socket.receive() == {"a": 1}


@pytest.mark.parametrize("query", ["", "?token=bad", "?token=" + tokens.mint(1, ttl=-5), "?jwt=" + tokens.mint(1)],
                         ids=["none", "bad", "expired", "other-name"])
def test_without_a_good_token_the_upgrade_is_refused(gateway, query):
    with pytest.raises(Refused) as refusal:
        WebSocket(gateway.url + "/ws/chat" + query)
    assert refusal.value.status == 401


@pytest.mark.parametrize("origin, status", [(None, 403), ("https://evil.example", 403), ("https://desk.example", 101)])
def test_a_cookie_needs_an_allowed_origin_to_open_a_socket(gateway, origin, status):
    headers = {"Cookie": f"access_token={tokens.mint(7)}"}
    if origin:
        headers["Origin"] = origin
    if status == 101:
        WebSocket(gateway.url + "/ws/chat", headers=headers).close()
    else:
        with pytest.raises(Refused) as refusal:
            WebSocket(gateway.url + "/ws/chat", headers=headers)
        assert refusal.value.status == status


def test_large_messages(gateway):
    text = "x" * 3_000_000
    with WebSocket(gateway.url + "/open", timeout=60) as socket:
        socket.send({"text": text})
        assert socket.receive()["text"] == text


def test_a_silent_socket_ends_after_its_time(gateway):
    with WebSocket(gateway.url + "/short") as socket:
        with pytest.raises(Closed):
            socket.receive()


def upgrade(gateway, path="/scripted", extra=b""):
    client = gateway.raw()
    client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n".encode() + UPGRADE + b"\r\n" + extra)
    return client


def test_bytes_beside_the_upgrade_are_not_lost(gateway, scripted):
    got = []

    def script(connection):
        _, headers = connection.read_head()
        assert ("Upgrade", "websocket") in headers and ("Connection", "Upgrade") in headers
        connection.send(SWITCH + b"early")
        got.append(connection.read_exactly(5))
        connection.send(b"late")
        got.append(connection.sock.recv(100))
    scripted.script = script
    with upgrade(gateway, extra=b"first") as client:
        assert client.answer().status == 101
        assert client.read_exactly(9) == b"earlylate"
    wait_for(lambda: got == [b"first", b""], what="the end is passed on")


def test_a_half_closed_side_still_hears_the_other(gateway, scripted):
    def script(connection):
        connection.read_head()
        connection.send(SWITCH)
        assert connection.sock.recv(100) == b""
        connection.send(b"goodbye")
    scripted.script = script
    with upgrade(gateway) as client:
        client.answer()
        client.half_close()
        assert client.rest() == b"goodbye"


def test_a_refused_upgrade_is_an_ordinary_answer(gateway, scripted):
    def script(connection):
        while True:
            connection.read_request()
            connection.send(reply("no", "403 Forbidden"))
    scripted.script = script
    with upgrade(gateway) as client:
        answer = client.answer()
        assert answer.status == 403 and answer.body == b"no"
        client.send(b"GET /scripted HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.answer().status == 403


@pytest.mark.parametrize("head", [
    b"POST /scripted HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + UPGRADE,
    b"GET /scripted HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + UPGRADE.replace(b"websocket", b"h2c"),
    b"GET /scripted HTTP/1.0\r\nHost: a\r\n" + UPGRADE,
    b"GET /scripted HTTP/1.1\r\nHost: a\r\n" + UPGRADE.replace(b"keep-alive, Upgrade", b"keep-alive"),
])
def test_what_is_no_websocket_is_not_upgraded(gateway, scripted, head):
    seen = []

    def script(connection):
        seen.append(connection.read_request())
        connection.send(reply("plain"))
    scripted.script = script
    with gateway.raw() as client:
        client.send(head + b"\r\n")
        assert client.answer().body == b"plain"
    assert "upgrade" not in seen[0].names() and "connection" not in seen[0].names()


def test_sockets_are_told_when_the_gateway_stops():
    echo = Echo()
    with Gateway(services=[service("open", echo, route("/"), read_timeout=3600000)]) as program:
        sockets = [WebSocket(program.url + "/") for _ in range(3)]
        for socket in sockets:
            socket.send({"text": "x" * 70_000})
            socket.receive()
        program.terminate()
        assert [socket.wait_closed() for socket in sockets] == [1001] * 3
        for socket in sockets:
            socket.close()
        program.process.wait(30)
    wait_for(lambda: echo.close_codes == [1001] * 3, what="the service is told, too")


@pytest.mark.release_build
def test_many_sockets_at_little_cost(gateway):
    before = gateway.rss_kib()
    sockets = [WebSocket(gateway.url + "/open") for _ in range(60)]
    for socket in sockets:
        socket.send({"a": 1})
    assert all(socket.receive() == {"a": 1} for socket in sockets)
    if VARIANT != "asan":
        assert gateway.rss_kib() - before < 60 * 32
    files = len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
    for socket in sockets:
        socket.close()
    wait_for(lambda: gateway.open_files() <= files - 120, what="both sides of each socket are closed")
