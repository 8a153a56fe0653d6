"""The WebSocket protocol (RFC 6455, RFC 7692) as each program with sockets speaks it, by itself and behind the
gateway: the groups of cases of the Autobahn test suite, for a protocol of JSON texts."""
import hashlib
import base64

import pytest
from lib import rawws
from lib.rawws import RawSocket, upgrade
from lib.sockets import PLACES, Sockets
from websocket_cases import CASES, DEFLATE_CASES

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PARAMETERS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture(scope="module", name="sockets")
def _sockets(start_service):
    world = Sockets(start_service)
    yield world
    world.close()


@pytest.fixture(name="place", params=PLACES)
def _place(request):
    return request.param


def opened(sockets, place, extensions=None):
    """A socket that has been greeted."""
    raw = RawSocket(sockets.url(place))
    answer = raw.open(sockets.token(), extensions)
    assert ("sec-websocket-extensions" in answer.headers) == bool(extensions)
    for kind in sockets.greetings(place):
        assert raw.read()[1]["type"] == kind
    return raw


def play(raw, case):
    """Sends what the case sends, and expects what it expects, then the end if that was a close."""
    for data in case.sends:
        raw.send(data)
    for expected in case.expects:
        assert raw.read() == expected
    if case.expects[-1][0] == "close":
        assert raw.read_end() == b""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(sockets, place, case):
    with opened(sockets, place) as raw:
        play(raw, case)


@pytest.mark.parametrize("case", DEFLATE_CASES, ids=lambda case: case.name)
def test_compressed_case(sockets, place, case):
    with opened(sockets, place, "permessage-deflate; client_max_window_bits") as raw:
        play(raw, case)


# ---- the upgrade --------------------------------------------------------------------------------

def test_the_answer_to_an_upgrade(sockets, place):
    with RawSocket(sockets.url(place)) as raw:
        answer = raw.request(upgrade(sockets.token(), Sec_WebSocket_Key=KEY))
        assert answer.status == 101
        assert answer.headers["upgrade"].lower() == "websocket"
        assert answer.headers["connection"].lower() == "upgrade"
        assert answer.headers["sec-websocket-accept"] == base64.b64encode(hashlib.sha1((KEY + GUID).encode()).digest()).decode()
        assert not {"sec-websocket-extensions", "sec-websocket-protocol", "content-length"} & set(answer.headers)


@pytest.mark.parametrize("offer,answer", [
    ("permessage-deflate", PARAMETERS),
    ("permessage-deflate; client_max_window_bits", PARAMETERS),
    ("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", PARAMETERS + "; server_max_window_bits=9"),
    ("x-unknown; a=b, permessage-deflate; server_no_context_takeover", PARAMETERS),
    ("permessage-deflate; future=1, permessage-deflate", PARAMETERS),
    ("x-webkit-deflate-frame", None),
    ("permessage-deflate; future=1", None),
    ("permessage-deflate; server_max_window_bits=99", None),
])
def test_offers_of_compression(sockets, place, offer, answer):
    """The gateway passes offer and answer on as they are."""
    with RawSocket(sockets.url(place)) as raw:
        assert raw.open(sockets.token(), offer).headers.get("sec-websocket-extensions") == answer


def test_a_small_window_is_kept_to(sockets, place):
    """What is inflated with the window that was asked for arrives whole."""
    with RawSocket(sockets.url(place)) as raw:
        raw.open(sockets.token(), "permessage-deflate; server_max_window_bits=9")
        for _ in sockets.greetings(place):
            raw.read()
        for size in (100, 511, 600, 2000, 20000):
            stamp = ("0123456789abcdef" * (size // 16 + 1))[:size]
            raw.send(rawws.frame(rawws.TEXT, ('{"type":"ping","timestamp":"%s"}' % stamp).encode()))
            first, payload = raw.read_frame()
            text = rawws.inflated(payload, bits=9) if first & rawws.RSV1 else payload
            assert stamp.encode() in text


@pytest.mark.parametrize("changes,status", [
    ({"Upgrade": None}, 426),
    ({"Connection": "keep-alive"}, 426),
    ({"Sec_WebSocket_Version": "8"}, 426),
    ({"Sec_WebSocket_Version": None}, 426),
    ({"Sec_WebSocket_Key": None}, 400),
    ({"Sec_WebSocket_Key": "short"}, 400),
    ({"Sec_WebSocket_Key": "!" * 24}, 400),
])
def test_refused_upgrades(sockets, place, changes, status):
    with RawSocket(sockets.url(place)) as raw:
        answer = raw.request(upgrade(sockets.token(), **changes))
        assert answer.status == status
        if status == 426:
            assert answer.headers["sec-websocket-version"] == "13"


def test_http_1_0_knows_no_upgrade(sockets, place):
    with RawSocket(sockets.url(place)) as raw:
        assert raw.request(upgrade(sockets.token()), version="HTTP/1.0").status == 426


def test_bad_tokens_refuse_the_upgrade(sockets, place):
    for token in (None, "nonsense", sockets.token(ttl=-5), sockets.token(secret="x" * 40)):
        with RawSocket(sockets.url(place)) as raw:
            answer = raw.request(upgrade(token))
            assert answer.status == 401 and answer.headers["www-authenticate"]


def test_headers_in_any_form(sockets, place):
    """Names and tokens in any case, lists over several lines."""
    headers = [(name.upper(), "WebSocket" if name == "Upgrade" else value)
               for name, value in upgrade(sockets.token(), Connection=None)]
    with RawSocket(sockets.url(place)) as raw:
        answer = raw.request([("connection", "keep-alive, UPGRADE"), ("Sec-WebSocket-Extensions", "x-unknown"),
                              ("Sec-WebSocket-Extensions", "permessage-deflate"), *headers])
        assert answer.status == 101
        assert answer.headers["sec-websocket-extensions"] == PARAMETERS


# ---- the life of a socket -----------------------------------------------------------------------

def test_an_expired_token_ends_the_socket(sockets, place):
    with RawSocket(sockets.url(place)) as raw:
        raw.open(sockets.token(ttl=4))
        for _ in sockets.greetings(place):
            raw.read()
        assert raw.read() == ("close", 4401)


def test_flooding_ends_the_socket(sockets, place):
    """Messages, pings and empty fragments alike."""
    for flood in (rawws.frame(rawws.PING), rawws.frame(rawws.TEXT, b"{}"),
                  rawws.frame(rawws.TEXT, b"", 0) + rawws.frame(rawws.CONTINUATION, b"", 0) * 20_000):
        with opened(sockets, place) as raw:
            try:
                for _ in range(20_000 if len(flood) < 100 else 1):  # beyond what is allowed in a second, in some second
                    raw.send(flood)
            except OSError:
                pass
            while True:
                kind, what = raw.read()
                if kind == "close":
                    break
            assert what == 1008


def test_a_frame_byte_by_byte(sockets, place):
    with opened(sockets, place) as raw:
        for byte in rawws.frame(rawws.TEXT, b'{"type":"ping","timestamp":7}'):
            raw.send(bytes([byte]))
        assert raw.read() == ("text", {"type": "pong", "timestamp": 7})


def test_frames_with_the_upgrade(sockets, place):
    """What is sent before the answer is there is not lost."""
    with RawSocket(sockets.url(place)) as raw:
        lines = ["GET " + raw.parts.path + " HTTP/1.1", "Host: " + raw.parts.netloc]
        lines += [f"{name}: {value}" for name, value in upgrade(sockets.token())]
        raw.send("\r\n".join(lines).encode() + b"\r\n\r\n" + rawws.frame(rawws.TEXT, b'{"type":"ping","timestamp":1}'))
        while b"\r\n\r\n" not in raw.buffer:
            raw._receive()  # pylint: disable=protected-access
        raw.buffer = raw.buffer.split(b"\r\n\r\n", 1)[1]
        kinds = {raw.read()[1]["type"] for _ in range(len(sockets.greetings(place)) + 1)}
        assert kinds == {*sockets.greetings(place), "pong"}
