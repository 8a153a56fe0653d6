"""Conversations and messages over HTTP."""
import uuid

import pytest
from lib import tokens
from lib.http import check_error
from messaging_support import ADAM, CORA, EMIL, EVE, PEOPLE, RITA, World, contents


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(name="ticket")
def _ticket(world):
    return world.open_ticket()


# ---- who may ------------------------------------------------------------------------------------

ROUTES = [
    ("GET", "/api/v1/conversations"),
    ("POST", "/api/v1/conversations"),
    ("GET", "/api/v1/conversations/unread"),
    ("POST", "/api/v1/conversations/direct"),
    ("GET", "/api/v1/conversations/1"),
    ("PATCH", "/api/v1/conversations/1"),
    ("GET", "/api/v1/conversations/1/participants"),
    ("POST", "/api/v1/conversations/1/participants"),
    ("DELETE", "/api/v1/conversations/1/participants/2"),
    ("POST", "/api/v1/conversations/1/leave"),
    ("PUT", "/api/v1/conversations/1/preferences"),
    ("GET", "/api/v1/conversations/1/messages"),
    ("POST", "/api/v1/conversations/1/messages"),
    ("PUT", "/api/v1/conversations/1/read"),
    ("GET", "/api/v1/messages"),
    ("POST", "/api/v1/messages"),
    ("GET", "/api/v1/messages/search"),
    ("GET", "/api/v1/messages/1"),
    ("GET", "/api/v1/messages/1/versions"),
    ("PATCH", "/api/v1/messages/1"),
    ("PUT", "/api/v1/messages/1"),
    ("DELETE", "/api/v1/messages/1"),
    ("POST", "/api/v1/messages/1/unsend"),
    ("PUT", "/api/v1/messages/1/read"),
    ("POST", "/api/v1/messages/1/reactions"),
    ("DELETE", "/api/v1/messages/1/reactions/x"),
    ("GET", "/messages"),
    ("POST", "/messages"),
    ("GET", "/messages/by-ticket"),
    ("GET", "/messages/1"),
    ("POST", "/reactions/add"),
    ("POST", "/reactions/remove"),
    ("GET", "/comments/by-ticket/TX1"),
    ("POST", "/comments"),
    ("GET", "/comments/1"),
    ("POST", "/comments/1/reply"),
    ("POST", "/comments/1/rate"),
    ("GET", "/ws/messages"),
    ("GET", "/ws/chat"),
    ("GET", "/messaging/ws/messages"),
    ("GET", "/messaging/ws/chat"),
    ("GET", "/ws/tickets/TX1"),
    ("GET", "/tickets/TX1"),
    ("GET", "/messaging/ws/tickets/TX1"),
    ("GET", "/ws/comments/TX1"),
    ("GET", "/messaging/ws/comments/TX1"),
]


@pytest.mark.parametrize("method,path", ROUTES)
def test_every_route_wants_a_person(world, method, path):
    http = world.service.http
    body = {} if method in ("POST", "PUT", "PATCH") else None
    check_error(http.request(method, path, json=body), 401, "UNAUTHENTICATED")
    check_error(http.with_token("nonsense").request(method, path, json=body), 401, "UNAUTHENTICATED")
    old = tokens.mint(EMIL, ttl=-60)
    check_error(http.with_token(old).request(method, path, json=body), 401, "UNAUTHENTICATED")
    foreign = tokens.mint(EMIL, secret="another-secret-of-sufficient-length-000")
    check_error(http.with_token(foreign).request(method, path, json=body), 401, "UNAUTHENTICATED")
    check_error(http.with_token(tokens.mint_service()).request(method, path, json=body), 403, "FORBIDDEN")


@pytest.mark.parametrize("identity", [EVE, RITA])
def test_a_foreign_conversation_does_not_exist(world, ticket, identity):
    base = f"/api/v1/conversations/{ticket['conversation_id']}"
    message = world.say(EMIL, ticket["conversation_id"], "between us")
    http = world.http(identity)
    for answer in (http.get(f"{base}/messages"), http.post(f"{base}/messages", {"content": "me too"}),
                   http.put(f"{base}/read"),
                   http.get("/api/v1/messages", params={"ticket_number": ticket["ticket_number"]}),
                   http.get("/api/v1/messages", params={"conversation_id": ticket["conversation_id"]}),
                   http.post("/api/v1/messages", {"ticket_number": ticket["ticket_number"], "content": "me too"}),
                   http.post("/api/v1/messages", {"conversation_id": ticket["conversation_id"], "content": "x"})):
        check_error(answer, 404, "CONVERSATION_NOT_FOUND")
    check_error(http.get(f"/api/v1/messages/{message['id']}"), 404, "NOT_FOUND")
    assert world.conversations(identity, ticket_number=ticket["ticket_number"]) == []
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == ["between us"]


@pytest.mark.parametrize("identity", [0, -1, 999999, "abc", "99999999999999999999"])
def test_an_unknown_conversation(world, identity):
    base = f"/api/v1/conversations/{identity}"
    http = world.http(EMIL)
    check_error(http.get(f"{base}/messages"), 404, "CONVERSATION_NOT_FOUND")
    check_error(http.post(f"{base}/messages", {"content": "hello"}), 404, "CONVERSATION_NOT_FOUND")
    check_error(http.put(f"{base}/read"), 404, "CONVERSATION_NOT_FOUND")
    check_error(http.get(f"/api/v1/messages/{identity}"), 404, "NOT_FOUND")


def test_an_admin_reads_any_ticket_and_joins_by_writing(world, ticket):
    number, conversation = ticket["ticket_number"], ticket["conversation_id"]
    world.say(EMIL, conversation, "help")
    assert world.conversations(ADAM) == [] or all(c["ticket_number"] != number for c in world.conversations(ADAM))
    found = world.conversations(ADAM, ticket_number=number)
    assert [c["id"] for c in found] == [conversation] and found[0]["last_message"] == "help"
    assert contents(world.messages(ADAM, conversation)) == ["help"]
    world.say(ADAM, conversation, "I am on it")
    assert [c["id"] for c in world.conversations(ADAM) if c["ticket_number"] == number] == [conversation]


# ---- conversations ------------------------------------------------------------------------------

def test_the_conversation_of_a_ticket(world, ticket):
    answer = world.http(EMIL).get("/api/v1/conversations", params={"ticket_number": ticket["ticket_number"]},
                                  expect=200).json()
    assert answer["success"] is True and answer["count"] == 1 and answer["data"] == answer["results"]
    conversation = answer["results"][0]
    assert conversation["type"] == "support" and conversation["title"] == "VPN"
    assert conversation["ticket_number"] == ticket["ticket_number"]
    assert conversation["unread_count"] == 0 and conversation["last_message"] is None
    assert world.conversations(CORA, ticket_number=ticket["ticket_number"])[0]["id"] == conversation["id"]


def test_conversations_are_listed_latest_first(world):
    first, second = world.open_ticket(), world.open_ticket()
    world.say(EMIL, first["conversation_id"], "bump")
    listed = [c["id"] for c in world.conversations(EMIL)]
    assert listed.index(first["conversation_id"]) < listed.index(second["conversation_id"])
    assert world.http(EMIL).get("/api/v1/messages", expect=200).json()["results"][0]["id"] == listed[0]


def test_unread_counts_and_reading(world, ticket):
    number, conversation = ticket["ticket_number"], ticket["conversation_id"]

    def unread(identity):
        return world.conversations(identity, ticket_number=number)[0]["unread_count"]

    for text in ("one", "two"):
        last = world.say(EMIL, conversation, text)
    assert (unread(EMIL), unread(CORA)) == (0, 2)
    answer = world.http(CORA).put(f"/api/v1/conversations/{conversation}/read", expect=200).json()
    assert answer == {"success": True, "conversation_id": conversation, "last_read_id": last["id"]}
    assert unread(CORA) == 0
    world.say(EMIL, conversation, "three")
    assert unread(CORA) == 1
    world.say(CORA, conversation, "an answer is a sign of having read")
    assert (unread(CORA), unread(EMIL)) == (0, 1)


def test_a_direct_conversation_is_found_again(world):
    made = world.http(EMIL).post("/api/v1/conversations/direct", {"recipient_id": EVE}, expect=200).json()
    assert made["type"] == "direct" and made["ticket_number"] is None
    again = world.http(EVE).post("/api/v1/conversations/direct", {"recipient_id": EMIL}, expect=200).json()
    assert again["id"] == made["id"]
    world.say(EMIL, made["id"], "psst")
    seen = world.http(EVE).post("/api/v1/conversations/direct", {"recipient_id": EMIL}, expect=200).json()
    assert seen["unread_count"] == 1 and seen["last_message"] == "psst"
    check_error(world.http(ADAM).get(f"/api/v1/conversations/{made['id']}/messages"), 404, "CONVERSATION_NOT_FOUND")


@pytest.mark.parametrize("body,status,code", [
    ({}, 400, "INVALID_INPUT"),
    ({"recipient_id": "Eve"}, 400, "INVALID_INPUT"),
    ({"recipient_id": 0}, 422, "VALIDATION_ERROR"),
    ({"recipient_id": EMIL}, 422, "VALIDATION_ERROR"),
    ({"recipient_id": 4711}, 404, "USER_NOT_FOUND"),
])
def test_refused_direct_conversations(world, body, status, code):
    check_error(world.http(EMIL).post("/api/v1/conversations/direct", body), status, code)


# ---- messages -----------------------------------------------------------------------------------

def test_a_message_is_stored_and_announced(world, ticket):
    events = world.amqp.listen("message.created")
    answer = world.http(EMIL).post(f"/api/v1/conversations/{ticket['conversation_id']}/messages",
                                   {"content": "Grüße 😀 <b>\n", "client_id": "c-1"},
                                   headers={"traceparent": "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"}, expect=201)
    message = answer.json()
    assert set(message) == {"id", "conversation_id", "ticket_number", "sender_id", "sender_name", "sender_role", "content",
                            "type", "client_id", "version", "created_at"}
    assert message["sender_role"] == "HDTS: Employee" and message["type"] == "text" and message["version"] == 1
    assert message["sender_id"] == EMIL and message["sender_name"] == "Emil Employee"
    assert message["content"] == "Grüße 😀 <b>\n" and message["created_at"].endswith("Z")
    assert world.messages(CORA, ticket["conversation_id"]) == [message]
    assert world.http(CORA).get(f"/api/v1/messages/{message['id']}", expect=200).json() == message
    event = world.amqp.receive_type(events, "message.created", where=lambda e: e["data"]["id"] == message["id"])
    assert event["source"] == "messaging-service" and event["subject"] == ticket["ticket_number"]
    assert event["traceparent"].startswith("00-" + "a1" * 16)
    assert event["data"] == {**message, "participant_ids": [CORA, EMIL]}


def test_who_does_not_want_to_hear_of_it_is_named(world, ticket):
    path = f"/api/v1/conversations/{ticket['conversation_id']}"
    events = world.amqp.listen("message.created")
    world.http(CORA).put(path + "/preferences", {"is_muted": True}, expect=200)
    said = world.say(EMIL, ticket["conversation_id"], "hello")
    event = world.amqp.receive_type(events, "message.created", where=lambda e: e["data"]["id"] == said["id"])
    assert event["data"]["participant_ids"] == [CORA, EMIL] and event["data"]["muted_ids"] == [CORA]
    world.http(CORA).put(path + "/preferences", {"is_muted": False}, expect=200)


@pytest.mark.parametrize("way", ["client_id", "Idempotency-Key"])
def test_a_repeated_message_is_stored_once(world, ticket, way):
    key = str(uuid.uuid4())
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"

    def post(identity, text):
        body, headers = {"content": text}, {}
        (body if way == "client_id" else headers)[way] = key
        return world.http(identity).post(path, body, headers=headers, expect=201).json()

    first = post(EMIL, "once")
    assert post(EMIL, "another text") == first
    assert post(CORA, "the key of another person")["id"] != first["id"]
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == ["once", "the key of another person"]


def test_an_empty_client_id_is_none(world, ticket):
    for text in ("a", "b"):
        world.say(EMIL, ticket["conversation_id"], text, client_id="")
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == ["a", "b"]


def test_pages_of_messages(world, ticket):
    said = [world.say(EMIL, ticket["conversation_id"], str(n))["id"] for n in range(7)]

    def page(**params):
        return [m["id"] for m in world.messages(CORA, ticket["conversation_id"], **params)]

    assert page() == said
    assert page(limit=3) == said[-3:]
    assert page(limit=3, before=said[4]) == said[1:4]
    assert page(after=said[4]) == said[5:]
    assert page(after=said[0], limit=2) == said[1:3]
    assert page(after=said[0], before=said[3]) == said[1:3]
    assert page(after=said[-1]) == []
    by_ticket = world.http(CORA).get("/api/v1/messages", params={"ticket_number": ticket["ticket_number"], "limit": 2},
                                     expect=200).json()
    assert [m["id"] for m in by_ticket["results"]] == said[-2:] and by_ticket["data"] == by_ticket["results"]
    assert by_ticket["conversation_id"] == ticket["conversation_id"]
    for params in ({"limit": 0}, {"limit": 201}, {"after": -1}, {"before": 0}):
        answer = world.http(CORA).get(f"/api/v1/conversations/{ticket['conversation_id']}/messages", params=params)
        assert list(params) == list(check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"])


@pytest.mark.parametrize("body,status,code", [
    ({}, 400, "INVALID_INPUT"),
    ({"content": ""}, 400, "INVALID_INPUT"),
    ({"content": " \n"}, 400, "INVALID_INPUT"),
    ({"content": 7}, 400, "INVALID_INPUT"),
    ({"content": "x" * 10001}, 422, "VALIDATION_ERROR"),
    ({"content": "x", "client_id": "c" * 101}, 422, "VALIDATION_ERROR"),
])
def test_refused_messages(world, ticket, body, status, code):
    check_error(world.http(EMIL).post(f"/api/v1/conversations/{ticket['conversation_id']}/messages", body), status, code)
    check_error(world.http(EMIL).post("/api/v1/messages", {**body, "conversation_id": ticket["conversation_id"]}),
                status, code)
    assert world.messages(EMIL, ticket["conversation_id"]) == []


def test_the_longest_message(world, ticket):
    text = "ü" * 10000
    assert world.say(EMIL, ticket["conversation_id"], text)["content"] == text


def test_malformed_bodies(world, ticket):
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    http = world.http(EMIL)
    json_type = {"Content-Type": "application/json"}
    check_error(http.request("POST", path, data=b"{", headers=json_type), 400, "INVALID_INPUT")
    check_error(http.request("POST", path, data=b"{\"content\":\"\xff\"}", headers=json_type), 400, "INVALID_INPUT")
    check_error(http.request("POST", path, data=b"{\"content\":\"a\\u0000b\"}", headers=json_type), 400, "INVALID_INPUT")
    check_error(http.request("POST", path, data=b"content=x",
                             headers={"Content-Type": "application/x-www-form-urlencoded"}), 415,
                "UNSUPPORTED_MEDIA_TYPE")
    check_error(http.request("DELETE", path), 405, "METHOD_NOT_ALLOWED")


def test_ways_to_address_a_message(world, ticket):
    http = world.http(EMIL)
    by_id = http.post("/api/v1/messages", {"conversation_id": str(ticket["conversation_id"]), "content": "1",
                                           "type": "text"}, expect=201).json()
    by_number = http.post("/api/v1/messages", {"ticket_number": ticket["ticket_number"], "content": "2"},
                          expect=201).json()
    assert by_id["conversation_id"] == by_number["conversation_id"] == ticket["conversation_id"]
    older = http.post("/api/v1/messages", {"ticket_id": ticket["ticket_number"], "message": "0"}, expect=201).json()
    assert older["content"] == "0" and older["conversation_id"] == ticket["conversation_id"]
    for path in ("/api/v1/messages", "/api/v1/conversations"):
        assert http.get(path, params={"ticket_id": ticket["ticket_number"]}, expect=200).json()["count"] > 0
    direct = http.post("/api/v1/messages", {"recipient_id": RITA, "content": "3"}, expect=201).json()
    assert contents(world.messages(RITA, direct["conversation_id"])) == ["3"]
    check_error(http.post("/api/v1/messages", {"content": "to whom?"}), 400, "INVALID_INPUT")
    check_error(http.post("/api/v1/messages", {"recipient_id": 4711, "content": "x"}), 404, "USER_NOT_FOUND")
    check_error(http.post("/api/v1/messages", {"recipient_id": EMIL, "content": "x"}), 422, "VALIDATION_ERROR")
    check_error(http.post("/api/v1/messages", {"ticket_number": "TX0", "content": "x"}), 404, "CONVERSATION_NOT_FOUND")


def test_sql_in_texts_is_text(world, ticket):
    text = "'); DROP TABLE message; --"
    world.say(EMIL, ticket["conversation_id"], text, client_id=text)
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == [text]
    assert world.conversations(EMIL, ticket_number="' OR '1'='1") == []


def test_the_senders_name_is_the_known_one(world, ticket):
    """The token may be older than the name."""
    http = world.service.http.as_user(EMIL, PEOPLE[EMIL][1], name="Emil Unmarried")
    message = http.post(f"/api/v1/conversations/{ticket['conversation_id']}/messages", {"content": "x"}, expect=201)
    assert message.json()["sender_name"] == "Emil Employee"
