"""What sockets are told of the moment: typing, presence, access that ends; and the sockets of a ticket."""
import socket

import pytest
from lib import tokens
from lib.http import check_error
from lib.people import person
from lib.wait import wait_for
from lib.ws import Refused, WebSocket
from messaging_support import ADAM, COLE, CORA, EMIL, EVE, PEOPLE, RITA, ROLF, World

TICKET_PATHS = ["/ws/tickets/", "/tickets/", "/messaging/ws/tickets/"]
COMMENT_PATHS = ["/ws/comments/", "/messaging/ws/comments/"]
LEASE_S = 20  # seconds: no shorter than a machine under load may pause


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker, env={"PRESENCE_LEASE_S": LEASE_S})
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _close_sockets(world):
    yield
    world.close_sockets()


@pytest.fixture(name="ticket")
def _ticket(world):
    return world.open_ticket()


def told(socket):
    """The next frame that is not about sockets of tests before this one, whose end is still told."""
    frame = socket.receive()
    while frame["type"] == "presence_update":
        frame = socket.receive()
    return frame


def nothing_but(socket, mark):
    socket.send({"type": "ping", "timestamp": mark})
    frame = socket.receive()
    assert frame == {"type": "pong", "timestamp": mark}, frame


def subscribe(world, identity, ticket, service=None, **extra):
    socket = world.socket(identity, service=service)
    socket.send({"type": "subscribe", "ticket_number": ticket["ticket_number"], **extra})
    assert socket.receive()["type"] == "subscribed"
    return socket


def gone(world, asked_by, identity, conversation):
    """The person's sockets of tests before this one are forgotten."""
    wait_for(lambda: not is_online(world, asked_by, identity, conversation)["is_online"], what="nobody there")


def is_online(world, asked_by, identity, conversation):
    page = world.http(asked_by).get(f"/api/v1/conversations/{conversation}/participants", expect=200).json()
    return next(p for p in page["results"] if p["user_id"] == identity)


# ---- the sockets of a ticket --------------------------------------------------------------------

@pytest.mark.parametrize("path", TICKET_PATHS)
def test_a_ticket_has_a_socket(world, ticket, path):
    emil, greeting = world.ticket_socket(EMIL, ticket, path)
    users = set(greeting.pop("users")) - {"Cora Coordinator"}
    assert users == {"Emil Employee"}
    assert greeting == {"type": "connection_established", "ticket_id": ticket["ticket_number"], "user_id": str(EMIL),
                        "conversation_id": ticket["conversation_id"],
                        "message": f"Connected to ticket {ticket['ticket_number']}"}
    other = world.open_ticket()
    world.say(CORA, other["conversation_id"], "another ticket")
    said = world.say(CORA, ticket["conversation_id"], "hello", attachments=[{"media_id": 5, "file_name": "a.txt"}])
    frame = told(emil)
    assert frame["type"] == "message_sent" and frame["seq"] == said["id"]
    sent = frame["message"]
    assert set(sent) == {
        "message_id", "conversation_id", "ticket_id", "sender", "sender_role", "user_id", "message", "created_at",
        "updated_at", "is_edited", "edited_at", "is_deleted", "deleted_at", "is_unsent", "unsent_at", "unsent_for_all",
        "attachments", "reactions", "reaction_counts"}
    assert (sent["message_id"], sent["sender"], sent["message"], sent["ticket_id"], sent["sender_role"]) == (
        said["id"], "Cora Coordinator", "hello", ticket["ticket_number"], "HDTS: Ticket Coordinator")
    assert sent["attachments"][0]["filename"] == "a.txt" and sent["attachments"][0]["attachment_id"] == 5
    emil.send({"type": "message", "content": "no name needed", "client_id": "k"})
    assert emil.receive_type("message_sent")["message"]["client_id"] == "k"
    emil.send({"type": "message", "conversation_id": other["conversation_id"], "content": "elsewhere"})
    assert told(emil)["code"] == "CONVERSATION_NOT_FOUND"
    emil.send({"type": "ping"})
    assert told(emil) == {"type": "pong"}


def test_what_becomes_of_messages_is_told_there(world, ticket):
    emil, _ = world.ticket_socket(EMIL, ticket)
    said = world.say(CORA, ticket["conversation_id"], "one")
    path = f"/api/v1/messages/{said['id']}"
    cora = world.http(CORA)
    assert told(emil)["type"] == "message_sent"
    cora.patch(path, {"content": "two"}, expect=200)
    frame = told(emil)
    assert frame["type"] == "message_edited" and frame["message"]["message"] == "two" and frame["message"]["is_edited"]
    cora.post(path + "/reactions", {"reaction": "👍"}, expect=200)
    frame = told(emil)
    assert frame["type"] == "reaction_added" and frame["message_id"] == said["id"] and frame["reaction"]["reaction"] == "👍"
    cora.delete(path + "/reactions/👍", expect=200)
    frame = told(emil)
    assert (frame["type"], frame["user"], frame["reaction"]) == ("reaction_removed", "Cora Coordinator", "👍")
    cora.post(path + "/unsend", expect=200)
    frame = told(emil)
    assert frame["type"] == "message_unsent" and frame["message"]["is_unsent"] and frame["message"]["message"] == ""
    second = world.say(CORA, ticket["conversation_id"], "x")
    assert told(emil)["type"] == "message_sent"
    cora.delete(f"/api/v1/messages/{second['id']}", expect=200)
    frame = told(emil)
    assert frame["type"] == "message_deleted" and frame["message_id"] == second["id"]


@pytest.mark.parametrize("path", COMMENT_PATHS)
def test_comments_have_a_socket(world, ticket, path):
    emil, greeting = world.ticket_socket(EMIL, ticket, path)
    assert greeting["type"] == "connection_established" and greeting["ticket_id"] == ticket["ticket_number"]
    emil.send({"type": "subscribe"})
    assert emil.receive()["ticket_id"] == ticket["ticket_number"]
    said = world.say(CORA, ticket["conversation_id"], "one")
    frame = emil.receive()
    assert (frame["type"], frame["action"]) == ("comment_update", "create") and frame["timestamp"]
    assert (frame["comment"]["comment_id"], frame["comment"]["firstname"], frame["comment"]["content"]) == (
        said["id"], "Cora", "one")
    reply = world.say(EMIL, ticket["conversation_id"], "two", reply_to_id=said["id"])
    frame = emil.receive()
    assert frame["action"] == "reply" and frame["comment"]["parent"] == said["id"]
    cora = world.http(CORA)
    cora.patch(f"/api/v1/messages/{said['id']}", {"content": "uno"}, expect=200)
    assert emil.receive()["action"] == "update"
    cora.post(f"/api/v1/messages/{said['id']}/reactions", {"reaction": "👍"}, expect=200)
    frame = emil.receive()
    assert frame["action"] == "rate" and frame["comment"]["thumbs_up_count"] == 1 and frame["rating_data"]["user_id"] == CORA
    world.http(EMIL).delete(f"/api/v1/messages/{reply['id']}", expect=200)
    frame = emil.receive()
    assert frame["action"] == "delete" and frame["deleted_comment_id"] == reply["id"]
    emil.send({"type": "ping", "timestamp": 5})
    assert emil.receive() == {"type": "pong", "timestamp": 5}


@pytest.mark.parametrize("path", TICKET_PATHS + COMMENT_PATHS)
def test_the_sockets_of_a_ticket_want_access(world, ticket, path):
    url = world.service.url + path + ticket["ticket_number"]
    for token, status in ((None, 401), ("nonsense", 401), (tokens.mint(EMIL, ttl=-5), 401), (tokens.mint(EVE), 404),
                          (tokens.mint_service(), 403)):
        with pytest.raises(Refused) as refusal:
            WebSocket(url, token)
        assert refusal.value.status == status
    with pytest.raises(Refused) as refusal:
        WebSocket(world.service.url + path + "TX0", tokens.mint(EMIL))
    assert refusal.value.status == 404
    check_error(world.http(EMIL).get(path + ticket["ticket_number"]), 426, "UPGRADE_REQUIRED")
    check_error(world.http(EVE).get(path + ticket["ticket_number"]), 404, "CONVERSATION_NOT_FOUND")
    name, roles = PEOPLE[EMIL]
    for suffix in ("?token=" + tokens.mint(EMIL, roles, name=name), "/?token=" + tokens.mint(EMIL, roles, name=name)):
        with WebSocket(url + suffix) as socket:
            assert socket.receive()["type"] == "connection_established"
    with WebSocket(url, tokens.mint(EMIL, roles, name=name, ttl=5)) as socket:
        assert socket.wait_closed() == 4401


def test_a_ticket_socket_replays(world, ticket):
    ear = world.socket(CORA)
    said = [world.say(CORA, ticket["conversation_id"], str(n))["id"] for n in range(3)]
    assert [ear.receive_type("message")["id"] for _ in said] == said  # so none of them comes by itself any more
    emil, _ = world.ticket_socket(EMIL, ticket)
    emil.send({"type": "subscribe", "after_id": said[0]})
    assert emil.receive_type("subscribed")
    assert [emil.receive_type("message_sent")["message"]["message_id"] for _ in range(2)] == said[1:]


# ---- typing -------------------------------------------------------------------------------------

def test_typing_is_told_to_who_looks(world, ticket):
    other = world.replica()
    emil, _ = world.ticket_socket(EMIL, ticket)
    cora = subscribe(world, CORA, ticket, other)
    idle = world.socket(CORA)
    emil.send({"type": "typing_start", "user": "Somebody Else"})
    frame = cora.receive_type("typing_indicator")
    assert frame == {"type": "typing_indicator", "conversation_id": ticket["conversation_id"],
                     "ticket_number": ticket["ticket_number"], "user": "Emil Employee", "user_id": EMIL, "is_typing": True}
    emil.send({"type": "typing_start"})  # goes on: not told again so soon
    emil.send({"type": "typing_stop"})
    assert cora.receive_type("typing_indicator")["is_typing"] is False
    cora.send({"type": "typing_start", "ticket_number": ticket["ticket_number"]})
    assert emil.receive_type("typing_indicator")["user_id"] == CORA
    cora.close()  # without a word
    world.sockets.remove(cora)
    frame = emil.receive_type("typing_indicator")
    assert (frame["user_id"], frame["is_typing"]) == (CORA, False)
    nothing_but(idle, 1)
    other.stop()


def test_typing_ends_by_itself(world, ticket):
    emil, cora = subscribe(world, EMIL, ticket), subscribe(world, CORA, ticket)
    emil.send({"type": "typing_start", "conversation_id": ticket["conversation_id"]})
    assert cora.receive_type("typing_indicator")["is_typing"] is True
    assert cora.receive_type("typing_indicator")["is_typing"] is False
    nothing_but(emil, 2)


def test_who_may_not_write_does_not_type(world, ticket):
    cora, eve = world.socket(CORA), world.socket(EVE)
    world.assign(ticket, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    cora.receive_type("access_changed")
    for socket, code in ((cora, "FORBIDDEN"), (eve, "CONVERSATION_NOT_FOUND")):
        socket.send({"type": "typing_start", "ticket_number": ticket["ticket_number"]})
        assert socket.receive()["code"] == code
    eve.send({"type": "typing_start"})
    assert eve.receive()["code"] == "INVALID_INPUT"


# ---- presence -----------------------------------------------------------------------------------

def test_who_comes_and_goes(world, ticket):
    gone(world, CORA, EMIL, ticket["conversation_id"])
    other = world.replica()
    cora, greeting = world.ticket_socket(CORA, ticket)
    assert "Emil Employee" not in greeting["users"]
    wait_for(lambda: is_online(world, CORA, CORA, ticket["conversation_id"])["is_online"], what="Cora entered")
    first = world.socket(EMIL, service=other)
    frame = cora.receive_type("presence_update")
    assert frame == {"type": "presence_update", "conversation_id": ticket["conversation_id"],
                     "ticket_number": ticket["ticket_number"], "user": "Emil Employee", "user_id": EMIL, "status": "online",
                     "users": ["Cora Coordinator", "Emil Employee"]}
    assert is_online(world, CORA, EMIL, ticket["conversation_id"])["is_online"]
    second = world.socket(EMIL)
    first.close()
    world.sockets.remove(first)
    assert world.ticket_socket(RITA, world.open_ticket(owner_id=RITA, requester_id=RITA))[1]["users"] == [
        "Cora Coordinator", "Rita Reviewer"]
    nothing_but(cora, 3)
    second.close()
    world.sockets.remove(second)
    frame = cora.receive_type("presence_update")
    assert frame["status"] == "offline" and frame["users"] == ["Cora Coordinator"]
    seen = is_online(world, CORA, EMIL, ticket["conversation_id"])
    assert not seen["is_online"] and seen["last_seen_at"]
    other.stop()


def test_presence_on_the_persons_socket_is_for_who_asks(world, ticket):
    gone(world, CORA, EMIL, ticket["conversation_id"])
    asks, does_not = subscribe(world, CORA, ticket, presence=True), subscribe(world, CORA, ticket)
    emil = world.socket(EMIL)
    assert asks.receive_type("presence_update")["status"] == "online"
    emil.close()
    world.sockets.remove(emil)
    assert asks.receive_type("presence_update")["status"] == "offline"
    asks.send({"type": "unsubscribe", "ticket_number": ticket["ticket_number"]})
    assert asks.receive_type("unsubscribed")["conversation_id"] == ticket["conversation_id"]
    nothing_but(does_not, 4)


def test_the_presence_of_a_killed_process_ends(world, ticket):
    gone(world, CORA, EMIL, ticket["conversation_id"])
    other = world.replica()
    cora, _ = world.ticket_socket(CORA, ticket)
    world.socket(EMIL, service=other)
    assert cora.receive_type("presence_update")["status"] == "online"
    other.kill()
    assert cora.receive_type("presence_update")["status"] == "offline"


def test_the_presence_of_a_stopped_process_ends(world, ticket):
    gone(world, CORA, EMIL, ticket["conversation_id"])
    other = world.replica()
    cora, _ = world.ticket_socket(CORA, ticket)
    world.socket(EMIL, service=other)
    assert cora.receive_type("presence_update")["status"] == "online"
    other.stop()
    assert cora.receive_type("presence_update")["status"] == "offline"


# ---- access that ends ---------------------------------------------------------------------------

def test_who_is_replaced_reads_on_and_is_told(world, ticket):
    cora, _ = world.ticket_socket(CORA, ticket)
    chat = world.socket(CORA)
    world.assign(ticket, COLE)
    for socket in (cora, chat):
        frame = socket.receive_type("access_changed")
        assert (frame["conversation_id"], frame["ticket_number"], frame["may_read"], frame["may_write"], frame["reason"]) == (
            ticket["conversation_id"], ticket["ticket_number"], True, False, "replaced")
    world.say(EMIL, ticket["conversation_id"], "to Cole")
    assert cora.receive_type("message_sent")["message"]["message"] == "to Cole"
    nothing_but(chat, 5)
    cora.send({"type": "message", "content": "wait"})
    assert told(cora)["code"] == "FORBIDDEN"


def tell_roles(world, kind, identity, roles, version, active=True):
    world.amqp.send_event(kind, {**person(identity, PEOPLE[identity][0], roles, version=version), "active": active},
                          source="auth-service", subject=str(identity))


def test_who_is_disabled_is_sent_away(world, ticket):
    sockets = [world.socket(ROLF), world.ticket_socket(ROLF, world.open_ticket(requester_id=ROLF, owner_id=ROLF))[0]]
    other = world.replica()
    sockets.append(world.socket(ROLF, service=other))
    stays = world.socket(EMIL)
    direct = world.direct(ROLF, EVE)
    tell_roles(world, "user.updated", ROLF, PEOPLE[ROLF][1], 7, active=False)
    for socket in sockets:
        frame = socket.receive_type("access_changed")
        assert (frame["may_read"], frame["reason"]) == (False, "disabled")
        assert socket.wait_closed() == 4403
    path = f"/api/v1/conversations/{direct['id']}/messages"
    wait_for(lambda: world.http(ROLF).post(path, {"content": "x"}).status_code == 403, what="the refusal")
    check_error(world.http(ROLF).post(path, {"content": "x"}), 403, "FORBIDDEN")
    check_error(world.http(EMIL).post("/api/v1/conversations", {"title": "x", "participant_ids": [ROLF]}), 422,
                "VALIDATION_ERROR")
    nothing_but(stays, 6)
    other.stop()


def test_who_is_no_admin_any_more_loses_what_is_not_his(world, ticket):
    own = world.direct(ADAM, EMIL)
    chat = subscribe(world, ADAM, ticket)
    chat.send({"type": "subscribe", "conversation_id": own["id"]})
    assert chat.receive_type("subscribed")
    on_ticket, _ = world.ticket_socket(ADAM, ticket)
    tell_roles(world, "role.revoked", ADAM, tokens.EMPLOYEE, 9)
    for socket in (chat, on_ticket):
        frame = socket.receive_type("access_changed")
        assert (frame["conversation_id"], frame["may_read"]) == (ticket["conversation_id"], False)
    assert on_ticket.wait_closed() == 4403
    emil = world.socket(EMIL)
    world.say(EMIL, ticket["conversation_id"], "among ourselves")
    emil.receive_type("message")
    world.say(EMIL, own["id"], "still there?")
    assert chat.receive_type("message")["content"] == "still there?"
    chat.send({"type": "subscribe", "ticket_number": ticket["ticket_number"]})
    assert chat.receive()["code"] == "CONVERSATION_NOT_FOUND"


# ---- floods and slow readers --------------------------------------------------------------------

def deaf_socket(world, identity):
    """An open socket with hardly any room for what it never reads."""
    name, roles = PEOPLE[identity]
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", world.service.port))
    deaf.sendall((f"GET /ws/messages?token={tokens.mint(identity, roles, name=name)} HTTP/1.1\r\nHost: x\r\n"
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    greeting = b""
    while b"connection_established" not in greeting:
        greeting += deaf.recv(1024)
    return deaf


def test_who_does_not_read_is_dropped(world):
    """Other people hear everything."""
    direct = world.direct(EMIL, EVE)
    wait_for(lambda: open_sockets(world) == 0, what="no sockets of other tests")
    ear = world.socket(EMIL)
    with deaf_socket(world, EVE):
        text = "ü" * 9900
        for number in range(600):
            world.say(EMIL, direct["id"], f"{number} {text}")
            ear.receive_type("message")
            if open_sockets(world) == 1:
                break
        wait_for(lambda: open_sockets(world) == 1, what="the end of who does not read")


def open_sockets(world):
    lines = world.service.http.get("/metrics", expect=200).text.splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("ws_connections ")))


def test_floods_end_the_socket(world, ticket):
    emil, _ = world.ticket_socket(EMIL, ticket)
    for _ in range(5000):
        try:
            emil.send({"type": "typing_start"})
        except Exception:  # pylint: disable=broad-except
            break
    assert emil.wait_closed() == 1008
    wait_for(lambda: world.http(EMIL).get("/api/v1/conversations").status_code == 200, what="the program")
