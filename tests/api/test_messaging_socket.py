"""Messages over WebSocket."""
import uuid

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.ws import Refused, WebSocket
from messaging_support import ADAM, CORA, EMIL, EVE, PEOPLE, RITA, World, contents

PATHS = ["/ws/messages", "/ws/chat", "/messaging/ws/messages", "/messaging/ws/chat"]


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _close_sockets(world):
    yield
    world.close_sockets()


@pytest.fixture(name="ticket")
def _ticket(world):
    return world.open_ticket()


def message(socket, **expected):
    """The next message on the socket, which must be the expected one; nothing else may come first but news of people
    whom an event before the test has replaced."""
    frame = socket.receive()
    while frame["type"] == "access_changed":
        frame = socket.receive()
    assert frame["type"] == "message" and {key: frame.get(key) for key in expected} == expected, frame
    return frame


def nothing_but(socket, mark):
    """Nothing has come until the answer to a ping."""
    socket.send({"type": "ping", "timestamp": mark})
    assert socket.receive() == {"type": "pong", "timestamp": mark}


def say_and_hear(world, identity, ticket, texts):
    """Ids of new messages that have been pushed: a socket opened from now on hears of none of them by itself."""
    with world.open_socket(identity) as ear:
        ids = [world.say(identity, ticket["conversation_id"], text)["id"] for text in texts]
        for identity_of in ids:
            message(ear, id=identity_of)
    return ids


# ---- opening ------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", PATHS)
def test_every_path_carries_messages(world, ticket, path):
    emil, cora = world.socket(EMIL, path), world.socket(CORA)
    emil.send({"type": "message", "ticket_number": ticket["ticket_number"], "content": "hello"})
    sent = message(emil, content="hello", sender_id=EMIL)
    assert message(cora, content="hello") == sent
    assert set(sent) == {"type", "id", "conversation_id", "ticket_number", "sender_id", "sender_name", "content",
                         "message_type", "created_at"}
    stored = world.messages(EMIL, ticket["conversation_id"])[0]
    assert {key: sent[key] for key in set(sent) - {"type", "message_type"}}.items() <= stored.items()


def test_where_a_token_may_be(world):
    token = tokens.mint(EMIL)
    url = world.service.url + "/ws/chat"
    for socket in (WebSocket(f"{url}?token={token}"), WebSocket(url, subprotocols=["bearer", token]),
                   WebSocket(url, headers={"Cookie": f"access_token={token}", "Origin": "http://localhost:5173"})):
        with socket:
            assert socket.receive()["user_id"] == EMIL


@pytest.mark.parametrize("path", PATHS)
def test_bad_tokens_are_refused_at_the_upgrade(world, path):
    url = world.service.url + path
    for query, token in (("", None), ("", "nonsense"), ("?token=", None), ("?token=nonsense", None),
                         ("", tokens.mint(EMIL, ttl=-5)), ("", tokens.mint(EMIL, secret="x" * 40)),
                         ("", tokens.encode({"sub": "51", "user_id": 51}, header={"alg": "none"}))):
        with pytest.raises(Refused) as refusal:
            WebSocket(url + query, token)
        assert refusal.value.status == 401


def test_a_cookie_needs_an_allowed_origin(world):
    cookie = {"Cookie": f"access_token={tokens.mint(EMIL)}", "Origin": "https://evil.example.com"}
    with pytest.raises(Refused) as refusal:
        WebSocket(world.service.url + "/ws/messages", headers=cookie)
    assert refusal.value.status == 403


def test_without_upgrade(world):
    check_error(world.http(EMIL).get("/ws/messages"), 426, "UPGRADE_REQUIRED")


# ---- messages -----------------------------------------------------------------------------------

def test_every_participant_gets_a_message(world, ticket):
    world.give_step(ticket, RITA)
    world.conversation(RITA, ticket["ticket_number"])
    sockets = [world.socket(identity) for identity in (EMIL, EMIL, CORA, RITA)]
    stranger = world.socket(EVE)
    world.say(CORA, ticket["conversation_id"], "by HTTP")
    frames = [message(socket, content="by HTTP", sender_id=CORA) for socket in sockets]
    assert all(frame == frames[0] for frame in frames)
    sockets[0].send({"type": "message", "conversation_id": ticket["conversation_id"], "content": "by socket"})
    for socket in sockets:
        message(socket, content="by socket", sender_id=EMIL, sender_name="Emil Employee")
    nothing_but(stranger, 1)


def test_the_sample_of_the_platform(world):
    """Conversation ids are texts there."""
    direct = world.http(EMIL).post("/api/v1/conversations/direct", {"recipient_id": EVE}, expect=200).json()
    emil, eve = world.socket(EMIL, "/ws/chat"), world.socket(EVE, "/ws/chat")
    emil.send({"type": "message", "conversation_id": str(direct["id"]), "content": "Hello!"})
    assert "ticket_number" not in message(eve, content="Hello!", conversation_id=direct["id"])
    message(emil, content="Hello!")


def test_a_repeated_client_id_is_answered_with_the_first_message(world, ticket):
    emil, cora = world.socket(EMIL), world.socket(CORA)
    key = str(uuid.uuid4())
    frame = {"type": "message", "conversation_id": ticket["conversation_id"], "content": "once", "client_id": key}
    emil.send(frame)
    first = message(emil, content="once", client_id=key)
    emil.send({**frame, "content": "again"})
    assert emil.receive() == first
    message(cora, content="once")
    nothing_but(cora, 2)
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == ["once"]


def test_the_order_is_the_same_for_everyone(world, ticket):
    emil, cora = world.socket(EMIL), world.socket(CORA)
    for n in range(20):
        for socket in (emil, cora):
            socket.send({"type": "message", "conversation_id": ticket["conversation_id"], "content": str(n)})
    ids = [[message(socket)["id"] for _ in range(40)] for socket in (emil, cora)]
    assert ids[0] == ids[1] == sorted(ids[0])
    assert ids[0] == [m["id"] for m in world.messages(EMIL, ticket["conversation_id"])]


@pytest.mark.parametrize("frame,code", [
    ("not json", "INVALID_INPUT"),
    ("[1]", "INVALID_INPUT"),
    ("{}", "INVALID_INPUT"),
    ({"type": "dance"}, "INVALID_INPUT"),
    ({"type": 7}, "INVALID_INPUT"),
    ({"type": "message", "content": "to whom?"}, "INVALID_INPUT"),
    ({"type": "message", "conversation_id": 0, "content": "x"}, "CONVERSATION_NOT_FOUND"),
    ({"type": "message", "conversation_id": "abc", "content": "x"}, "CONVERSATION_NOT_FOUND"),
    ({"type": "message", "conversation_id": {}, "content": "x"}, "CONVERSATION_NOT_FOUND"),
    ({"type": "message", "ticket_number": "TX0", "content": "x"}, "CONVERSATION_NOT_FOUND"),
    ({"type": "message", "ticket_number": "TX0"}, "VALIDATION_ERROR"),
    ({"type": "message", "ticket_number": "TX0", "content": " "}, "VALIDATION_ERROR"),
    ({"type": "message", "ticket_number": "TX0", "content": ["x"]}, "VALIDATION_ERROR"),
    ({"type": "message", "ticket_number": "TX0", "content": "x" * 10001}, "VALIDATION_ERROR"),
    ({"type": "message", "ticket_number": "TX0", "content": "x", "client_id": "c" * 101}, "VALIDATION_ERROR"),
    ({"type": "subscribe"}, "INVALID_INPUT"),
    ({"type": "subscribe", "conversation_id": 999999}, "CONVERSATION_NOT_FOUND"),
])
def test_refused_frames(world, frame, code):
    socket = world.socket(EMIL)
    socket.send(frame)
    answer = socket.receive()
    assert answer["type"] == "error" and answer["code"] == code and answer["message"], answer
    nothing_but(socket, 3)


def test_an_error_names_the_message_it_refuses(world):
    socket = world.socket(EMIL)
    socket.send({"type": "message", "ticket_number": "TX0", "content": "x", "client_id": "mine"})
    assert socket.receive()["client_id"] == "mine"


@pytest.mark.parametrize("kind", ["subscribe", "message"])
def test_a_foreign_conversation_is_refused(world, ticket, kind):
    eve, emil = world.socket(EVE), world.socket(EMIL)
    for name in ("conversation_id", "ticket_number"):
        eve.send({"type": kind, name: ticket[name], "content": "let me in", "after_id": 0})
        assert eve.receive()["code"] == "CONVERSATION_NOT_FOUND"
    world.say(EMIL, ticket["conversation_id"], "private")
    message(emil, content="private")
    nothing_but(eve, 4)


def test_pings(world):
    socket = world.socket(EMIL)
    for stamp in (17, "2026-01-12T10:30:00Z", None, {"a": [1]}):
        socket.send({"type": "ping", "timestamp": stamp})
        assert socket.receive() == {"type": "pong", "timestamp": stamp}
    socket.send({"type": "ping"})
    assert socket.receive() == {"type": "pong"}


def test_hostile_frames_end_the_socket(world):
    for frame, code in ((b"binary", 1003), ("x" * 70000, 1009)):
        socket = world.socket(EMIL)
        socket.send(frame)
        assert socket.wait_closed() == code
    socket = world.socket(EMIL)
    for _ in range(20_000):  # beyond what is allowed in a second, in some second
        try:
            socket.send({"type": "ping"})
        except Exception:  # pylint: disable=broad-except
            break
    assert socket.wait_closed() == 1008


# ---- subscriptions and replay -------------------------------------------------------------------

def test_subscribing(world, ticket):
    emil = world.socket(EMIL)
    expected = {"type": "subscribed", "conversation_id": ticket["conversation_id"],
                "ticket_number": ticket["ticket_number"]}
    for frame in ({"conversation_id": ticket["conversation_id"]}, {"conversation_id": str(ticket["conversation_id"])},
                  {"ticket_number": ticket["ticket_number"]}):
        emil.send({"type": "subscribe", **frame})
        assert emil.receive() == expected
    world.say(CORA, ticket["conversation_id"], "once only")
    message(emil, content="once only")
    nothing_but(emil, 5)


def test_an_admin_follows_by_subscribing(world):
    first, second = world.open_ticket(), world.open_ticket()
    adam = world.socket(ADAM)
    say_and_hear(world, EMIL, first, ["unheard"])
    for ticket in (first, second):
        adam.send({"type": "subscribe", "ticket_number": ticket["ticket_number"]})
        assert adam.receive()["type"] == "subscribed"
    world.say(EMIL, first["conversation_id"], "heard")
    message(adam, content="heard")
    world.say(EMIL, second["conversation_id"], "here too")
    message(adam, content="here too")
    adam.send({"type": "message", "ticket_number": first["ticket_number"], "content": "now I take part"})
    message(adam, content="now I take part")
    nothing_but(adam, 6)


def test_a_returning_client_misses_nothing_and_gets_nothing_twice(world, ticket):
    conversation = ticket["conversation_id"]
    said = say_and_hear(world, CORA, ticket, range(120))
    emil = world.socket(EMIL)
    world.say(CORA, conversation, "while connecting")
    live = message(emil, content="while connecting")["id"]
    emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": said[9]})
    assert emil.receive()["type"] == "subscribed"
    assert [message(emil)["id"] for _ in range(110)] == said[10:]
    nothing_but(emil, 7)
    emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": said[7]})
    assert emil.receive()["type"] == "subscribed"
    assert [message(emil)["id"] for _ in range(2)] == said[8:10]
    emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": live})
    assert emil.receive()["type"] == "subscribed"
    nothing_but(emil, 8)
    world.say(CORA, conversation, "and on")
    message(emil, content="and on")


def test_the_client_knows_ids_that_do_not_exist(world, ticket):
    emil = world.socket(EMIL)
    for after in (2 ** 52, -5):
        emil.send({"type": "subscribe", "conversation_id": ticket["conversation_id"], "after_id": after})
        assert emil.receive()["type"] == "subscribed"
    world.say(CORA, ticket["conversation_id"], "still heard")
    message(emil, content="still heard")


def test_replay_while_others_write(world, ticket):
    """Whatever falls between replay and push: each message once, in order."""
    conversation = ticket["conversation_id"]
    said = say_and_hear(world, CORA, ticket, ["x"] * 60)
    cora = world.socket(CORA)
    for _ in range(5):
        emil = world.socket(EMIL)
        for _ in range(8):
            cora.send({"type": "message", "conversation_id": conversation, "content": "y"})
        emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": 0})
        said += [message(cora)["id"] for _ in range(8)]
        got = []
        while len(got) < len(said):
            frame = emil.receive()
            if frame["type"] == "message":
                got.append(frame["id"])
        assert sorted(got) == said
        nothing_but(emil, 9)
        emil.close()
        world.sockets.remove(emil)


def test_a_long_history_is_replayed_to_the_end(world, ticket):
    """More than a socket may have unsent."""
    conversation = ticket["conversation_id"]
    say_and_hear(world, CORA, ticket, [str(n) + "ü" * 9900 for n in range(60)])
    emil = world.socket(EMIL)
    emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": 0})
    assert emil.receive()["type"] == "subscribed"
    assert [message(emil)["content"].rstrip("ü") for _ in range(60)] == [str(n) for n in range(60)]


# ---- the life of a socket -----------------------------------------------------------------------

def test_an_expired_token_ends_the_socket(world, ticket):
    name, roles = PEOPLE[EMIL]
    with WebSocket(world.service.url + "/ws/messages", tokens.mint(EMIL, roles, name=name, ttl=5)) as socket:
        assert socket.receive()["type"] == "connection_established"
        assert socket.wait_closed() == 4401
    world.say(CORA, ticket["conversation_id"], "nobody listens")


def test_two_processes_deliver_to_each_other(world, ticket):
    other = world.replica()
    here, there = world.socket(EMIL), world.socket(CORA, service=other)
    here.send({"type": "message", "conversation_id": ticket["conversation_id"], "content": "from here"})
    for socket in (here, there):
        message(socket, content="from here")
    there.send({"type": "message", "conversation_id": ticket["conversation_id"], "content": "from there"})
    for socket in (here, there):
        message(socket, content="from there", sender_id=CORA)
    other.terminate()
    assert there.wait_closed() == 1001
    other.stop()
    world.say(CORA, ticket["conversation_id"], "one left")
    message(here, content="one left")


def test_workers_on_one_port_deliver_to_each_other(world, ticket):
    many = world.replica(WORKERS=2)
    sockets = [world.socket(identity, service=many) for identity in (EMIL, CORA) * 4]
    sockets[0].send({"type": "message", "conversation_id": ticket["conversation_id"], "content": "to all"})
    for socket in sockets:
        message(socket, content="to all")
    many.terminate()
    assert [socket.wait_closed() for socket in sockets] == [1001] * len(sockets)
    many.stop()


def test_stopping_says_goodbye(world):
    other = world.replica()
    sockets = [world.socket(EMIL, service=other) for _ in range(5)]
    other.terminate()
    assert [socket.wait_closed() for socket in sockets] == [1001] * 5
    other.stop()


def test_a_killed_process_loses_no_message(world, ticket):
    """What was acknowledged is there, and what another process stored arrives."""
    other = world.replica()
    there = world.socket(CORA, service=other)
    there.send({"type": "message", "conversation_id": ticket["conversation_id"], "content": "last words"})
    seen = message(there, content="last words")["id"]
    other.kill()
    there.wait_closed()
    emil = world.socket(EMIL)
    world.say(EMIL, ticket["conversation_id"], "are you there?")
    message(emil, content="are you there?")  # so what comes to Cora from here on answers her
    cora = world.socket(CORA)
    cora.send({"type": "subscribe", "conversation_id": ticket["conversation_id"], "after_id": seen})
    assert cora.receive()["type"] == "subscribed"
    message(cora, content="are you there?")
    nothing_but(cora, 10)


def test_sockets_that_vanish_are_forgotten(world):
    for _ in range(20):
        world.socket(EMIL).abort()
    wait_for(lambda: open_sockets(world.service) == 0, what="no sockets")


def open_sockets(service):
    lines = service.http.get("/metrics", expect=200).text.splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("ws_connections ")))
