"""What messaging-service learns from the fleet's events, and how it bears the loss of its neighbours."""
import datetime
import uuid

import pytest
import requests
from lib import tokens
from lib.http import check_error
from lib.people import person
from lib.proxy import Proxy
from lib.wait import DEADLINE, wait_for
from messaging_support import ADAM, COLE, CORA, EMIL, EVE, PEOPLE, RITA, ROLF, World, contents

DEMO_TIME = "2026-01-12T10:30:00Z"


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(name="ticket")
def _ticket(world):
    return world.open_ticket()


def hour(number):
    """A time of day for events in order."""
    return f"2026-01-12T{number:02}:00:00Z"


def participants(world, ticket):
    """Who is told of a message."""
    events = world.amqp.listen("message.created")
    mark = world.say(ADAM, ticket["conversation_id"], "who hears me?")["id"]
    event = world.amqp.receive_type(events, "message.created", where=lambda e: e["data"]["id"] == mark)
    return set(event["data"]["participant_ids"]) - {ADAM}


# ---- people of a ticket -------------------------------------------------------------------------

def test_participants_follow_the_ticket(world, ticket):
    assert participants(world, ticket) == {EMIL, CORA}
    world.give_step(ticket, RITA)
    world.conversation(RITA, ticket["ticket_number"])
    assert participants(world, ticket) == {EMIL, CORA, RITA}
    world.give_step(ticket, ROLF)
    world.conversation(ROLF, ticket["ticket_number"])
    world.assign(ticket, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    assert participants(world, ticket) == {EMIL, COLE, ROLF}


def test_former_people_read_and_no_longer_write(world, ticket):
    number, conversation = ticket["ticket_number"], ticket["conversation_id"]
    world.assign(ticket, COLE)
    world.conversation(COLE, number)
    world.say(EMIL, conversation, "about Cora")
    assert contents(world.messages(CORA, conversation)) == ["about Cora"]
    check_error(world.http(CORA).post(f"/api/v1/conversations/{conversation}/messages", {"content": "wait"}),
                403, "FORBIDDEN")
    with world.open_socket(CORA) as socket:
        socket.send({"type": "message", "ticket_number": number, "content": "wait"})
        assert socket.receive()["code"] == "FORBIDDEN"
        socket.send({"type": "subscribe", "ticket_number": number})
        assert socket.receive()["type"] == "subscribed"
        world.say(COLE, conversation, "hello")
        assert socket.receive()["content"] == "hello"
    world.assign(ticket, CORA)
    wait_for(lambda: participants(world, ticket) == {EMIL, CORA}, what="Cora's return")
    world.say(CORA, conversation, "back again")


def test_the_events_may_come_in_any_order(world):
    ticket = world.ticket()
    world.give_step(ticket, RITA, time=hour(12))
    world.conversation(RITA, ticket["ticket_number"])
    world.give_step(ticket, ROLF, time=hour(11))
    world.assign(ticket, CORA, time=hour(13))
    world.assign(ticket, COLE, time=hour(12))
    world.amqp.send_event("ticket.created", ticket, time=hour(10))
    for identity in (EMIL, COLE, CORA, ROLF):
        conversation = world.conversation(identity, ticket["ticket_number"])
    ticket["conversation_id"] = conversation["id"]
    assert conversation["title"] == "VPN"
    assert participants(world, ticket) == {EMIL, CORA, RITA}


def test_a_changed_subject_becomes_the_title(world, ticket):
    world.assign({**ticket, "subject": "Wi-Fi"}, CORA)
    wait_for(lambda: world.conversation(EMIL, ticket["ticket_number"])["title"] == "Wi-Fi", what="the new title")


def test_a_repeated_event_is_harmless(world, ticket, db):
    event = world.amqp.send_event("ticket.assigned", {**ticket, "owner_id": COLE, "owner_name": "Cole"})
    world.conversation(COLE, ticket["ticket_number"])
    world.assign(ticket, CORA)
    wait_for(lambda: participants(world, ticket) == {EMIL, CORA}, what="Cora")
    world.amqp.publish("tts.events", "ticket.assigned", event, message_id=event["id"])
    world.give_step(ticket, RITA)
    world.conversation(RITA, ticket["ticket_number"])
    assert participants(world, ticket) == {EMIL, CORA, RITA}
    assert db.query("SELECT count(*) FROM conversation WHERE ticket_number = %s", ticket["ticket_number"],
                    program="messaging-service") == [(1,)]


def test_what_cannot_be_understood_is_kept_apart(world, broker):
    """Retried for 15 s, then in <queue>.dead with the reason; the queue goes on meanwhile."""
    bad = {
        "no json": b"{",
        "no event": {"hello": "world"},
        "no data": {"specversion": "1.0", "id": "1", "source": "test", "type": "ticket.created"},
        "no number": {"specversion": "1.0", "id": "2", "source": "test", "type": "ticket.created",
                      "data": {"ticket_id": 1}},
        "wrong type": {"specversion": "1.0", "id": "3", "source": "test", "type": "ticket.created",
                       "data": {"ticket_id": 1, "ticket_number": "TX1", "requester_id": "Emil"}},
    }
    for name, body in bad.items():
        world.amqp.publish("tts.events", "ticket.created", body, message_id=name)
    world.amqp.publish("tts.events", "user.updated", {"hello": "world"}, message_id="no person")
    assert world.open_ticket()["conversation_id"] > 0
    reasons = world.amqp.receive_dead("messaging.tickets", len(bad))
    assert set(reasons) == set(bad)
    assert all(reason.startswith("INVALID_PAYLOAD: ") for reason in reasons.values()), reasons
    assert list(world.amqp.receive_dead("messaging.people", 1)) == ["no person"]
    assert broker.api("GET", f"/queues/{broker.name}/messaging.tickets")["type"] == "quorum"


# ---- people of the fleet ------------------------------------------------------------------------

def rename(world, identity, name, version):
    world.amqp.send_event("user.updated", person(identity, name, PEOPLE[identity][1], version=version),
                          source="auth-service", subject=str(identity))


def test_people_come_from_the_snapshot_with_a_service_token(world):
    path, authorization = world.auth.requests[0]
    assert path == "/api/v1/users/snapshot?after=0" and authorization.startswith("Bearer ")


def test_names_follow_the_events(world, ticket):
    rename(world, EMIL, "Emil Married", 5)
    wait_for(lambda: world.say(EMIL, ticket["conversation_id"], "x")["sender_name"] == "Emil Married", what="new name")
    rename(world, EMIL, "Emil Older", 4)
    rename(world, EVE, "Eve Newer", 6)
    direct = world.http(EVE).post("/api/v1/conversations/direct", {"recipient_id": EMIL}, expect=200).json()
    wait_for(lambda: world.say(EVE, direct["id"], "x")["sender_name"] == "Eve Newer", what="new name")
    assert world.say(EMIL, ticket["conversation_id"], "x")["sender_name"] == "Emil Married"


def test_new_people_can_be_addressed(world):
    body = {"recipient_id": 77, "content": "welcome"}
    check_error(world.http(CORA).post("/api/v1/messages", body), 404, "USER_NOT_FOUND")
    world.amqp.send_event("user.created", person(77, "Nora New", tokens.EMPLOYEE), source="auth-service", subject="77")
    wait_for(lambda: world.http(CORA).post("/api/v1/messages", body).status_code == 201, what="Nora")


# ---- demo history -------------------------------------------------------------------------------

def test_history_keeps_its_time(world, ticket):
    events = world.amqp.listen("message.created")
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    said = world.http(ADAM).post(path, {"content": "long ago"}, headers={"X-Demo-Time": DEMO_TIME}, expect=201).json()
    assert said["created_at"] == DEMO_TIME.replace("Z", ".000Z")
    while True:
        properties, event, _ = world.amqp.receive(events)
        if event["data"]["id"] == said["id"]:
            break
    assert properties.headers["x-tts-time"] == said["created_at"]


# ---- neighbours away ----------------------------------------------------------------------------

def is_ready(service):
    return requests.get(service.url + "/ready", timeout=DEADLINE).status_code == 200


def test_without_auth_service_the_first_start_waits(infra, start_service, broker):
    world = World(start_service, broker, ready=False, env={"DB_URL": None})
    try:
        world.service.kill()
        database = infra.database("first")
        world.auth.is_away = True
        world.auth.page_size = 3
        world.service.set_env("DB_URL", database.url("messaging-service"))
        world.service.start(ready=False)
        wait_for(lambda: len(world.auth.requests) > 2, what="attempts")
        assert not is_ready(world.service)
        world.auth.is_away = False
        world.service.wait_ready()
        assert database.query("SELECT count(*) FROM person", program="messaging-service") == [(len(PEOPLE),)]
        world.auth.is_away = True
        world.service.restart()
        world.service.stop()
        database.drop()
    finally:
        world.close()


@pytest.fixture(name="fragile")
def _fragile(start_service, db, broker):
    """A program whose connections the test can cut: (world, to the database, to the broker)."""
    to_db, to_broker = Proxy(db.url("messaging-service")), Proxy(broker.url)
    world = World(start_service, broker, env={"DB_URL": to_db.url, "AMQP_URL": to_broker.url})
    yield world, to_db, to_broker
    to_db.restore()
    to_broker.restore()
    world.close_sockets()
    world.service.stop()
    world.close()
    to_db.close()
    to_broker.close()


def test_the_broker_goes_away_and_comes_back(fragile):
    world, _, to_broker = fragile
    ticket = world.open_ticket()
    conversation = ticket["conversation_id"]
    sockets = [world.socket(EMIL), world.socket(CORA)]
    to_broker.cut()
    wait_for(lambda: not is_ready(world.service), what="unready")
    said = [world.say(EMIL, conversation, f"into the void {n}") for n in range(3)]
    assert world.messages(CORA, conversation) == said
    late = world.socket(CORA)
    to_broker.restore()
    world.service.wait_ready()
    for socket in [*sockets, late]:
        assert [socket.receive()["id"] for _ in said] == [one["id"] for one in said]
    world.say(CORA, conversation, "I hear you")
    for socket in [*sockets, late]:
        assert socket.receive()["content"] == "I hear you"


def test_a_message_of_another_process_is_not_missed_while_the_broker_is_away_here(fragile, start_service, broker):
    """The queue of a process is gone with its connection, so what is announced meanwhile must be looked up."""
    world, _, to_broker = fragile
    elsewhere = World(start_service, broker)
    ticket = world.open_ticket()
    cora = world.socket(CORA)
    to_broker.cut()
    wait_for(lambda: not is_ready(world.service), what="unready")
    with elsewhere.open_socket(EMIL) as emil:
        said = elsewhere.say(EMIL, ticket["conversation_id"], "can you hear me?")
        assert emil.receive()["id"] == said["id"]
    to_broker.restore()
    assert cora.receive()["id"] == said["id"]
    after = elsewhere.say(EMIL, ticket["conversation_id"], "and now?")
    assert cora.receive()["id"] == after["id"]
    elsewhere.service.stop()
    elsewhere.close()


def test_the_database_goes_away_and_comes_back(fragile):
    world, to_db, _ = fragile
    ticket = world.open_ticket()
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    socket = world.socket(EMIL)
    to_db.cut()
    wait_for(lambda: not is_ready(world.service), what="unready")
    for answer in (world.http(EMIL).get("/api/v1/conversations"), world.http(EMIL).get(path),
                   world.http(EMIL).post(path, {"content": "x"}), world.http(EMIL).get("/api/v1/messages/1"),
                   world.http(EMIL).put(f"/api/v1/conversations/{ticket['conversation_id']}/read"),
                   world.http(EMIL).post("/api/v1/conversations/direct", {"recipient_id": EVE})):
        check_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
    assert requests.get(world.service.url + "/health", timeout=DEADLINE).status_code == 200
    key = str(uuid.uuid4())
    frame = {"type": "message", "ticket_number": ticket["ticket_number"], "content": "x", "client_id": key}
    socket.send(frame)
    answer = socket.receive()
    assert (answer["type"], answer["code"], answer["client_id"]) == ("error", "SERVICE_UNAVAILABLE", key)
    world.assign(ticket, COLE)
    to_db.restore()
    world.service.wait_ready()
    socket.send(frame)
    assert socket.receive()["content"] == "x"
    world.conversation(COLE, ticket["ticket_number"])


def test_kill_9_loses_nothing_that_was_acknowledged(fragile):
    world, _, _ = fragile
    ticket = world.open_ticket()
    said = []
    for _ in range(3):
        said += [world.say(EMIL, ticket["conversation_id"], "x")["id"] for _ in range(5)]
        world.service.restart()
    events = world.amqp.listen("message.created")
    said.append(world.say(EMIL, ticket["conversation_id"], "last")["id"])
    world.amqp.receive_type(events, "message.created", where=lambda e: e["data"]["id"] == said[-1])
    assert [m["id"] for m in world.messages(CORA, ticket["conversation_id"])] == said


def test_times_are_utc(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "now")["created_at"]
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(said.replace("Z", "+00:00"))
    assert abs(age.total_seconds()) < 60
