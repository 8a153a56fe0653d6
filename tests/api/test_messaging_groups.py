"""Groups, preferences, what is unread, and the list of conversations."""
import json
import uuid

import pytest
from lib.http import check_error
from lib.wait import wait_for
from messaging_support import ADAM, COLE, CORA, EMIL, EVE, PEOPLE, RITA, ROLF, World, contents


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker, env={"GROUP_MEMBERS_MAX": 4})
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _close_sockets(world):
    yield
    world.close_sockets()


def base(group):
    return f"/api/v1/conversations/{group['id']}"


def members(world, identity, group):
    page = world.http(identity).get(base(group) + "/participants", expect=200).json()
    return {p["user_id"]: p for p in page["results"]}


def unread(world, identity):
    return world.http(identity).get("/api/v1/conversations/unread", expect=200).json()


# ---- groups -------------------------------------------------------------------------------------

def test_a_group_from_beginning_to_end(world):
    title = "<b>Fire drill</b> '; --"
    rita = world.socket(RITA)
    answer = world.http(EMIL).post("/api/v1/conversations", {"title": title, "type": "group", "participant_ids": [RITA]},
                                   expect=201)
    group = answer.json()
    assert answer.headers["Location"] == base(group) and answer.headers["ETag"] == f'"{group["version"]}"'
    assert (group["type"], group["title"], group["owner_id"]) == ("group", title, EMIL)
    frame = rita.receive_type("conversation_updated")
    assert frame["change"] == "members_added" and frame["title"] == title and frame["user_ids"] == [RITA, EMIL]
    assert set(members(world, RITA, group)) == {EMIL, RITA} and members(world, RITA, group)[EMIL]["is_owner"]
    world.say(RITA, group["id"], "when?")
    assert rita.receive_type("message")["content"] == "when?"
    renamed = world.http(EMIL).patch(base(group), {"title": "Drill"}, headers={"If-Match": answer.headers["ETag"]},
                                     expect=200).json()
    assert renamed["title"] == "Drill" and renamed["version"] == group["version"] + 1
    assert rita.receive_type("conversation_updated")["change"] == "renamed"
    check_error(world.http(EMIL).patch(base(group), {"title": "X"}, headers={"If-Match": '"1"'}), 412,
                "PRECONDITION_FAILED")
    world.http(EMIL).post(base(group) + "/participants", {"user_ids": [EVE, RITA]}, expect=200)
    assert set(members(world, EVE, group)) == {EMIL, RITA, EVE}
    assert contents(world.messages(EVE, group["id"])) == ["when?"]
    assert world.http(EVE).get(base(group), expect=200).json()["unread_count"] == 0
    world.http(EMIL).post(base(group) + "/leave", expect=200)
    check_error(world.http(EMIL).get(base(group)), 404, "CONVERSATION_NOT_FOUND")
    assert world.http(RITA).get(base(group), expect=200).json()["owner_id"] in (RITA, EVE)
    assert rita.receive_type("conversation_updated", where=lambda f: f["change"] == "owner")


def test_only_the_owner_manages(world):
    group = world.group(EMIL, RITA, EVE)
    for answer in (world.http(RITA).patch(base(group), {"title": "Mine"}),
                   world.http(RITA).post(base(group) + "/participants", {"user_ids": [CORA]}),
                   world.http(RITA).delete(base(group) + f"/participants/{EVE}")):
        check_error(answer, 403, "FORBIDDEN")
    for identity in (CORA, ADAM):
        for answer in (world.http(identity).patch(base(group), {"title": "Mine"}),
                       world.http(identity).get(base(group)), world.http(identity).get(base(group) + "/participants"),
                       world.http(identity).post(base(group) + "/participants", {"user_ids": [identity]}),
                       world.http(identity).delete(base(group) + f"/participants/{EVE}"),
                       world.http(identity).put(base(group) + "/preferences", {"is_muted": True}),
                       world.http(identity).post(base(group) + "/leave")):
            check_error(answer, 404, "CONVERSATION_NOT_FOUND")
    world.http(EMIL).patch(base(group), {"owner_id": RITA}, expect=200)
    check_error(world.http(EMIL).patch(base(group), {"title": "Mine"}), 403, "FORBIDDEN")
    world.http(RITA).patch(base(group), {"title": "Mine"}, expect=200)
    world.http(RITA).delete(base(group) + f"/participants/{EVE}", expect=200)
    check_error(world.http(RITA).delete(base(group) + f"/participants/{EVE}"), 404, "USER_NOT_FOUND")
    check_error(world.http(RITA).delete(base(group) + "/participants/abc"), 404, "USER_NOT_FOUND")


def test_who_is_removed_is_told_and_hears_no_more(world):
    group = world.group(EMIL, RITA)
    rita = world.socket(RITA)
    rita.send({"type": "subscribe", "conversation_id": group["id"]})
    rita.receive_type("subscribed")
    world.http(EMIL).delete(base(group) + f"/participants/{RITA}", expect=200)
    frame = rita.receive_type("access_changed")
    assert (frame["conversation_id"], frame["may_read"], frame["may_write"], frame["reason"]) == (
        group["id"], False, False, "removed")
    emil = world.socket(EMIL)
    world.say(EMIL, group["id"], "gone at last")
    emil.receive_type("message")
    rita.send({"type": "message", "conversation_id": group["id"], "content": "hello?"})
    assert rita.receive()["code"] == "CONVERSATION_NOT_FOUND"
    check_error(world.http(RITA).get(base(group) + "/messages"), 404, "CONVERSATION_NOT_FOUND")
    world.http(EMIL).post(base(group) + "/participants", {"user_ids": [RITA]}, expect=200)
    assert rita.receive_type("conversation_updated")["change"] == "members_added"
    world.say(EMIL, group["id"], "welcome back")
    assert rita.receive_type("message")["content"] == "welcome back"
    world.http(RITA).post(base(group) + "/leave", expect=200)
    assert rita.receive_type("access_changed")["reason"] == "left"


def test_the_last_one_leaves(world):
    group = world.group(EMIL)
    world.http(EMIL).post(base(group) + "/leave", expect=200)
    check_error(world.http(EMIL).post(base(group) + "/leave"), 404, "CONVERSATION_NOT_FOUND")


def test_a_group_has_limits(world):
    check_error(world.http(EMIL).post("/api/v1/conversations", {"title": "x", "participant_ids": [EVE, RITA, CORA, COLE]}),
                422, "VALIDATION_ERROR")
    group = world.group(EMIL, EVE, RITA, CORA)
    check_error(world.http(EMIL).post(base(group) + "/participants", {"user_ids": [COLE]}), 409, "CONFLICT")
    assert set(members(world, EMIL, group)) == {EMIL, EVE, RITA, CORA}
    world.http(EMIL).post(base(group) + "/participants", {"user_ids": [EVE]}, expect=200)


@pytest.mark.parametrize("body,status", [
    ({}, 400), ({"title": ""}, 400), ({"title": 7}, 400), ({"title": "x" * 201}, 422),
    ({"title": "x", "type": "direct"}, 422), ({"title": "x", "participant_ids": "all"}, 400),
    ({"title": "x", "participant_ids": ["a"]}, 400), ({"title": "x", "participant_ids": [4711]}, 422),
    ({"title": "x", "participant_ids": [-1]}, 422), ({"title": "x", "participant_ids": [10 ** 15]}, 422),
])
def test_refused_groups(world, body, status):
    assert world.http(EMIL).post("/api/v1/conversations", body).status_code == status


def test_refused_changes_of_groups(world):
    group = world.group(EMIL, RITA)
    http = world.http(EMIL)
    for body, status in (({"title": "x" * 201}, 422), ({"title": 5}, 400), ({"owner_id": EVE}, 422), ({"owner_id": 0}, 422)):
        assert http.patch(base(group), body).status_code == status, body
    for body, status in (({}, 400), ({"user_ids": []}, 422), ({"user_ids": [4711]}, 422), ({"user_ids": 5}, 400)):
        assert http.post(base(group) + "/participants", body).status_code == status, body
    direct = world.direct(EMIL, RITA)
    for answer in (http.patch(base(direct), {"title": "x"}), http.post(base(direct) + "/leave"),
                   http.post(base(direct) + "/participants", {"user_ids": [EVE]}),
                   http.delete(base(direct) + f"/participants/{RITA}")):
        check_error(answer, 409, "CONFLICT")
    for path in ("/api/v1/conversations/999999", "/api/v1/conversations/abc"):
        for answer in (http.get(path), http.patch(path, {"title": "x"}), http.post(path + "/leave"),
                       http.put(path + "/preferences", {}), http.get(path + "/participants")):
            check_error(answer, 404, "CONVERSATION_NOT_FOUND")


def test_a_repeated_request_makes_one_group(world):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (world.http(EMIL).post("/api/v1/conversations", {"title": "Once"}, headers=key, expect=201)
                    for _ in range(2))
    assert first.json() == again.json() and again.headers["Idempotency-Replayed"] == "true"


def test_participants_come_in_pages(world):
    group = world.group(EMIL, EVE, RITA, CORA)
    seen, cursor = [], None
    while True:
        page = world.http(EMIL).get(base(group) + "/participants", params={"page_size": 3, "cursor": cursor} if cursor else
                                    {"page_size": 3}, expect=200).json()
        seen += [p["user_id"] for p in page["results"]]
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert seen == sorted([EMIL, EVE, RITA, CORA])
    assert {p["name"] for p in members(world, EMIL, group).values()} == {PEOPLE[i][0] for i in (EMIL, EVE, RITA, CORA)}
    check_error(world.http(EMIL).get(base(group) + "/participants", params={"cursor": "x"}), 422, "VALIDATION_ERROR")


# ---- preferences and what is unread ---------------------------------------------------------------

def test_a_message_brings_a_conversation_back_unless_it_is_muted(world):
    ticket = world.open_ticket()
    for conversation in (world.group(EMIL, ROLF), {"id": ticket["conversation_id"]}, world.direct(EMIL, ROLF)):
        other = CORA if conversation["id"] == ticket["conversation_id"] else ROLF

        def is_listed(archived, conversation=conversation):
            return conversation["id"] in [c["id"] for c in world.conversations(EMIL, archived=archived)]

        put_away = world.http(EMIL).put(base(conversation) + "/preferences", {"is_archived": True}, expect=200).json()
        assert put_away["is_archived"] is True and put_away["is_muted"] is False
        assert is_listed("true") and not is_listed("false")
        world.say(other, conversation["id"], "ping")
        assert is_listed("false") and not is_listed("true")
        world.http(EMIL).put(base(conversation) + "/preferences", {"is_archived": True, "is_muted": True}, expect=200)
        before = unread(world, EMIL)
        world.say(other, conversation["id"], "ping")
        assert is_listed("true") and unread(world, EMIL) == before
        back = world.http(EMIL).put(base(conversation) + "/preferences", {"is_archived": False, "is_muted": False},
                                    expect=200).json()
        assert back["unread_count"] == 2 and unread(world, EMIL)["unread_count"] == before["unread_count"] + 2


@pytest.mark.parametrize("body", [{"is_muted": "yes"}, {"is_archived": 1}, []])
def test_refused_preferences(world, body):
    direct = world.direct(EMIL, EVE)
    assert world.http(EMIL).put(base(direct) + "/preferences", body).status_code == 400


def test_what_is_unread_is_counted(world):
    before = unread(world, COLE)
    assert before == {"unread_count": 0, "conversations": 0}
    direct, group = world.direct(EMIL, COLE), world.group(EMIL, COLE)
    said = [world.say(EMIL, direct["id"], str(n))["id"] for n in range(3)]
    world.say(EMIL, group["id"], "x")
    assert unread(world, COLE) == {"unread_count": 4, "conversations": 2}
    world.http(COLE).put(f"/api/v1/messages/{said[1]}/read", expect=200)
    assert unread(world, COLE) == {"unread_count": 2, "conversations": 2}
    answer = world.http(COLE).put(base(direct) + "/read", {"up_to_id": said[0]}, expect=200).json()
    assert answer["last_read_id"] == said[1]
    world.http(COLE).put(base(direct) + "/read", expect=200)
    assert unread(world, COLE) == {"unread_count": 1, "conversations": 1}
    world.http(COLE).put(base(group) + "/read", {"up_to_id": 10 ** 15}, expect=200)
    assert unread(world, COLE) == before
    for body in ({"up_to_id": 0}, {"up_to_id": -1}):
        check_error(world.http(COLE).put(base(direct) + "/read", body), 422, "VALIDATION_ERROR")
    check_error(world.http(EVE).put(f"/api/v1/messages/{said[0]}/read"), 404, "NOT_FOUND")


def test_messages_say_whether_they_have_been_read(world):
    direct = world.direct(CORA, COLE)
    for identity, text in ((CORA, "one"), (COLE, "two"), (COLE, "three")):
        world.say(identity, direct["id"], text)

    def read(identity):
        page = world.http(identity).get(base(direct) + "/messages", expect=200).json()
        return [m["is_read"] for m in page["results"]]

    assert read(COLE) == [True, False, False] and read(CORA) == [True, False, False]
    world.http(CORA).put(base(direct) + "/read", expect=200)
    assert read(COLE) == [True, True, True] and read(CORA) == [True, True, True]


def test_who_has_read_what_is_told(world):
    direct = world.direct(EMIL, EVE)
    emil, eve = world.socket(EMIL), world.socket(EVE)
    said = world.say(EMIL, direct["id"], "read me")
    eve.receive_type("message")
    eve.send({"type": "read", "conversation_id": direct["id"], "message_id": said["id"]})
    assert eve.receive_type("read")["last_read_id"] == said["id"]
    frame = emil.receive_type("message_read")
    assert (frame["user_id"], frame["last_read_id"], frame["conversation_id"]) == (EVE, said["id"], direct["id"])
    assert members(world, EMIL, direct)[EVE]["last_read_id"] == said["id"]
    back = world.socket(EMIL)
    back.send({"type": "subscribe", "conversation_id": direct["id"], "after_id": said["id"]})
    back.receive_type("subscribed")
    assert back.receive() == frame
    eve.send({"type": "read", "conversation_id": 999999})
    assert eve.receive_type("error")["code"] == "CONVERSATION_NOT_FOUND"


# ---- the list -----------------------------------------------------------------------------------

def test_the_list_comes_in_pages(world):
    made = [world.group(ROLF, EVE, title=f"G{n}")["id"] for n in range(3)] + [world.direct(ROLF, EVE)["id"]]
    ticket = world.open_ticket(requester_id=ROLF)
    wait_for(lambda: world.conversations(ROLF, ticket_number=ticket["ticket_number"]), what="the ticket")
    made.append(ticket["conversation_id"])
    world.say(ROLF, made[0], "bump")
    everything = [c["id"] for c in world.conversations(ROLF)]
    assert everything[0] == made[0] and set(made) <= set(everything)
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = world.http(ROLF).get("/api/v1/conversations", params=params, expect=200).json()
        assert len(page["results"]) <= 2 and page["data"] == page["results"]
        seen += [c["id"] for c in page["results"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
        if len(seen) == 2:
            world.say(ROLF, everything[0], "while reading")
    assert seen == everything
    for params, status in (({"limit": 0}, 422), ({"limit": 101}, 422), ({"cursor": "nonsense"}, 422),
                           ({"archived": "maybe"}, 400)):
        assert world.http(ROLF).get("/api/v1/conversations", params=params).status_code == status, params
    archived = world.http(ROLF).get("/api/v1/conversations", params={"archived": "true", "limit": 2}, expect=200).json()
    assert archived["results"] == []


def test_direct_conversations_name_the_other_one(world):
    direct = world.direct(EMIL, EVE)
    assert (direct["counterpart_id"], direct["counterpart_name"]) == (EVE, "Eve Employee")
    assert world.direct(EVE, EMIL)["counterpart_name"] == "Emil Employee"


def test_messages_come_with_the_list(world):
    direct = world.direct(ROLF, COLE)
    said = [world.say(ROLF, direct["id"], str(n)) for n in range(12)]

    def embedded(identity, **params):
        found = next(c for c in world.conversations(identity, **params) if c["id"] == direct["id"])
        return [(m["content"], m["is_read"]) for m in found.get("messages", [])]

    assert embedded(COLE) == [(str(n), False) for n in range(2, 12)]
    assert embedded(ROLF) == [("11", False)] and embedded(ROLF, messages=0) == []
    world.http(COLE).put(base(direct) + "/read", {"up_to_id": said[10]["id"]}, expect=200)
    assert embedded(COLE) == [("11", False)]
    assert embedded(ROLF, messages=3) == [("9", True), ("10", True), ("11", False)]
    ticket = world.open_ticket()
    world.say(CORA, ticket["conversation_id"], "of a ticket")
    of_ticket, = world.conversations(EMIL, ticket_number=ticket["ticket_number"])
    assert [m["content"] for m in of_ticket["messages"]] == ["of a ticket"]
    for wrong in (-1, 51):
        check_error(world.http(EMIL).get("/api/v1/conversations", params={"messages": wrong}), 422, "VALIDATION_ERROR")


def test_the_context_of_a_direct_conversation(world):
    path = "/api/v1/conversations/direct"
    made = world.http(COLE).post(path, {"recipient_id": RITA, "context": {"property_id": 7, "title": "<b>\u00fc"}}, expect=200)
    assert json.loads(made.json()["metadata"]) == {"property_id": 7, "title": "<b>\u00fc"}
    assert world.direct(RITA, COLE)["metadata"] == made.json()["metadata"]
    world.http(RITA).post("/api/v1/messages", {"recipient_id": COLE, "content": "x", "context": {"a": None}}, expect=201)
    assert json.loads(world.direct(COLE, RITA)["metadata"]) == {"a": None}
    assert world.group(EMIL, EVE)["metadata"] == "{}"
    for wrong in ([], "x", 7, {"x": "y" * 4096}):
        check_error(world.http(COLE).post(path, {"recipient_id": RITA, "context": wrong}), 422, "VALIDATION_ERROR")


def test_history_comes_in_pages(world):
    direct = world.direct(CORA, RITA)
    said = [world.say(CORA, direct["id"], str(n))["id"] for n in range(7)]
    seen, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = world.http(RITA).get(base(direct) + "/messages", params=params, expect=200).json()
        seen = [m["id"] for m in page["results"]] + seen
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == said
