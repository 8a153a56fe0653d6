"""The client of the package ws, as most programs under Node use it, with each program that has sockets."""
import json

import pytest
from lib.node import Program
from lib.sockets import PLACES, Sockets

PARAMETERS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.fixture(scope="module", name="sockets")
def _sockets(start_service):
    world = Sockets(start_service)
    yield world
    world.close()


def client(sockets, place, token=None, **options):
    headers = {"Authorization": f"Bearer {sockets.token() if token is None else token}"}
    return Program("ws_client.js", sockets.url(place), json.dumps({"headers": headers, **options}))


def opened(sockets, place, **options):
    """A socket that has been greeted."""
    program = client(sockets, place, **options)
    expected = PARAMETERS if options.get("perMessageDeflate", True) else None
    assert program.receive() == {"event": "upgrade", "extensions": expected}
    assert program.receive()["event"] == "open"
    for kind in sockets.greetings(place):
        assert json.loads(program.receive()["text"])["type"] == kind
    return program


def ping(stamp):
    return json.dumps({"type": "ping", "timestamp": stamp}, ensure_ascii=False)


def expect_pong(program, stamp, deflated=None):
    event = program.receive()
    assert event["event"] == "message" and not event["isBinary"], event
    assert json.loads(event["text"]) == {"type": "pong", "timestamp": stamp}
    assert deflated is None or event["deflated"] == deflated


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("compressed", [True, False])
def test_messages(sockets, place, compressed):
    with opened(sockets, place, perMessageDeflate=compressed) as program:
        for stamp in ("short", "ä€😀" * 50, "long " * 5000):
            program.send({"do": "send", "text": ping(stamp)})
            expect_pong(program, stamp, compressed and len(ping(stamp).encode()) >= 512)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("compressed", [True, False])
def test_fragments_with_a_ping_between(sockets, place, compressed):
    with opened(sockets, place, perMessageDeflate={"threshold": 0} if compressed else False) as program:
        stamp = "x" * 3000
        text = ping(stamp)
        for at in range(0, len(text), 700):
            program.send({"do": "send", "text": text[at:at + 700], "fin": at + 700 >= len(text), "compress": compressed})
            if at == 700:
                program.send({"do": "ping", "text": "you there?"})
        assert program.receive() == {"event": "pong", "text": "you there?"}
        expect_pong(program, stamp)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("code,reason", [(1000, "done"), (1001, ""), (3000, "mine"), (4999, "r" * 123)])
def test_close_codes_come_back(sockets, place, code, reason):
    with opened(sockets, place) as program:
        program.send({"do": "close", "code": code, "reason": reason})
        assert program.receive() == {"event": "close", "code": code, "reason": ""}


@pytest.mark.parametrize("place", PLACES)
def test_close_codes_of_refusals(sockets, place):
    for command, code in (({"do": "binary", "text": "b"}, 1003),
                          ({"do": "send", "text": "x" * 70_000, "compress": False}, 1009),
                          ({"do": "send", "text": "x" * 5_000_000, "compress": True}, 1009)):
        with opened(sockets, place) as program:
            program.send(command)
            assert program.receive() == {"event": "close", "code": code, "reason": ""}


@pytest.mark.parametrize("place", PLACES)
def test_an_expired_token_ends_the_socket(sockets, place):
    with opened(sockets, place, token=sockets.token(ttl=4)) as program:
        assert program.receive() == {"event": "close", "code": 4401, "reason": "the token has expired"}


@pytest.mark.parametrize("place", PLACES)
def test_bad_tokens_are_refused(sockets, place):
    for token in ("", "nonsense", sockets.token(ttl=-5), sockets.token(secret="x" * 40)):
        with client(sockets, place, token=token) as program:
            assert program.receive() == {"event": "refused", "status": 401}


@pytest.mark.parametrize("place", PLACES)
def test_a_token_in_the_query(sockets, place):
    with Program("ws_client.js", f"{sockets.url(place)}?token={sockets.token()}", "{}") as program:
        assert program.receive() == {"event": "upgrade", "extensions": PARAMETERS}
        assert program.receive()["event"] == "open"
