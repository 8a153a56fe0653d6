"""What becomes of messages: edits, deletions, reactions, replies, mentions, attachments; over HTTP and live."""
import pytest
from lib.http import check_error
from lib.wait import wait_for
from messaging_support import ADAM, COLE, CORA, EMIL, EVE, RITA, World, contents

HOSTILE = "<script>alert('x')</script> & \"quotes\" '); DROP TABLE message; -- \u202e \U0001f600"


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


def patch(world, identity, message, content, **headers):
    return world.http(identity).patch(f"/api/v1/messages/{message['id']}", {"content": content}, headers=headers)


def react(world, identity, message, emoji):
    return world.http(identity).post(f"/api/v1/messages/{message['id']}/reactions", {"reaction": emoji})


# ---- editing ------------------------------------------------------------------------------------

def test_an_edit_keeps_what_was_there(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "frist")
    cora = world.socket(CORA)
    answer = patch(world, EMIL, said, HOSTILE)
    assert answer.status_code == 200 and answer.headers["ETag"] == '"2"'
    edited = answer.json()
    assert edited["content"] == HOSTILE and edited["version"] == 2 and edited["edited_at"] > said["created_at"]
    frame = cora.receive_type("message_edited")
    assert frame["message"] == edited and frame["conversation_id"] == ticket["conversation_id"]
    assert frame["ticket_number"] == ticket["ticket_number"] and frame["seq"] > said["id"]
    versions = world.http(CORA).get(f"/api/v1/messages/{said['id']}/versions", expect=200).json()
    assert [(v["version"], v["content"]) for v in versions["results"]] == [(1, "frist"), (2, HOSTILE)]
    assert world.messages(CORA, ticket["conversation_id"]) == [edited]


def test_an_edit_knows_what_it_changes(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "one")
    assert patch(world, EMIL, said, "two", **{"If-Match": '"1"'}).status_code == 200
    for tag in ('"1"', "nonsense", '"99"'):
        body = check_error(patch(world, EMIL, said, "three", **{"If-Match": tag}), 412, "PRECONDITION_FAILED")
        assert body["details"]["current_version"] == 2
    assert patch(world, EMIL, said, "two").json()["version"] == 2
    assert world.http(EMIL).put(f"/api/v1/messages/{said['id']}", {"message": "four"}, expect=200).json()["version"] == 3


def test_who_may_edit(world, ticket):
    said = world.say(CORA, ticket["conversation_id"], "mine")
    check_error(patch(world, EMIL, said, "yours"), 403, "FORBIDDEN")
    check_error(patch(world, ADAM, said, "yours"), 403, "FORBIDDEN")
    check_error(patch(world, EVE, said, "yours"), 404, "NOT_FOUND")
    check_error(patch(world, CORA, {"id": 10 ** 12}, "x"), 404, "NOT_FOUND")
    check_error(patch(world, CORA, {"id": "abc"}, "x"), 404, "NOT_FOUND")
    world.assign(ticket, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    check_error(patch(world, CORA, said, "after the fact"), 403, "FORBIDDEN")
    for content, status in (("", 400), (" ", 400), (7, 400), ("x" * 10001, 422)):
        assert patch(world, CORA, said, content).status_code == status


# ---- deleting and unsending ---------------------------------------------------------------------

def test_a_deleted_message_leaves_a_stone(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "oops")
    reply = world.say(CORA, ticket["conversation_id"], "what?", reply_to_id=said["id"])
    cora = world.socket(CORA)
    gone = world.http(EMIL).delete(f"/api/v1/messages/{said['id']}", expect=200).json()
    assert gone["content"] == "" and gone["deleted_at"]
    frame = cora.receive_type("message_deleted")
    assert frame["message_id"] == said["id"]
    listed = world.messages(CORA, ticket["conversation_id"])
    assert contents(listed) == ["", "what?"] and listed[1]["reply_to"]["content"] == ""
    assert world.http(EMIL).get(f"/api/v1/messages/{said['id']}/versions", expect=200).json()["results"] == []
    assert world.http(EMIL).delete(f"/api/v1/messages/{said['id']}", expect=200).json() == gone
    check_error(patch(world, EMIL, said, "again"), 409, "CONFLICT")
    check_error(react(world, CORA, said, "👍"), 409, "CONFLICT")
    check_error(world.http(EMIL).delete(f"/api/v1/messages/{reply['id']}"), 403, "FORBIDDEN")
    check_error(world.http(EVE).delete(f"/api/v1/messages/{reply['id']}"), 404, "NOT_FOUND")
    world.http(ADAM).delete(f"/api/v1/messages/{reply['id']}", expect=200)


def test_an_unsent_message_is_erased(world, ticket, db):
    said = world.say(EMIL, ticket["conversation_id"], "a secret", attachments=[{"media_id": 4, "file_name": "s.txt"}])
    patch(world, EMIL, said, "another secret")
    react(world, CORA, said, "🔥")
    check_error(world.http(CORA).post(f"/api/v1/messages/{said['id']}/unsend"), 403, "FORBIDDEN")
    check_error(world.http(ADAM).post(f"/api/v1/messages/{said['id']}/unsend"), 403, "FORBIDDEN")
    check_error(world.http(EVE).post(f"/api/v1/messages/{said['id']}/unsend"), 404, "NOT_FOUND")
    cora = world.socket(CORA)
    gone = world.http(EMIL).post(f"/api/v1/messages/{said['id']}/unsend", expect=200).json()
    assert gone["content"] == "" and gone["unsent_at"] and "attachments" not in gone and "reactions" not in gone
    assert cora.receive_type("message_unsent")["message"] == gone
    assert db.query("SELECT content, attachments FROM message WHERE id = %s", said["id"],
                    program="messaging-service") == [("", None)]
    assert db.query("SELECT count(*) FROM message_version WHERE message_id = %s", said["id"],
                    program="messaging-service") == [(0,)]
    assert world.http(EMIL).post(f"/api/v1/messages/{said['id']}/unsend", expect=200).json() == gone


def test_the_time_to_unsend_ends(world, ticket):
    hurried = world.replica(UNSEND_WINDOW_S=0)
    said = world.say(EMIL, ticket["conversation_id"], "too late")
    answer = world.http(EMIL, hurried).post(f"/api/v1/messages/{said['id']}/unsend")
    assert "too late" in check_error(answer, 409, "CONFLICT")["message"]
    assert contents(world.messages(EMIL, ticket["conversation_id"])) == ["too late"]
    hurried.stop()


# ---- reactions ----------------------------------------------------------------------------------

def test_reactions(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "done")
    emil = world.socket(EMIL)
    for identity, emoji in ((CORA, "👍"), (EMIL, "👍"), (CORA, "❤️"), (CORA, "👍🏽"), (CORA, "👨‍👩‍👧"), (CORA, "🇩🇪"), (CORA, "5️⃣")):
        answer = react(world, identity, said, emoji)
        assert answer.status_code == 200, answer.text
    counts = answer.json()["reaction_counts"]
    assert counts == {"👍": 2, "❤️": 1, "👍🏽": 1, "👨‍👩‍👧": 1, "🇩🇪": 1, "5️⃣": 1}
    frame = emil.receive_type("reaction_added")
    assert frame["message_id"] == said["id"]
    assert {k: frame["reaction"][k] for k in ("reaction", "user", "user_id", "user_full_name")} == {
        "reaction": "👍", "user": "Cora Coordinator", "user_id": CORA, "user_full_name": "Cora Coordinator"}
    for _ in range(6):
        emil.receive_type("reaction_added")
    assert react(world, CORA, said, "👍").json()["reaction_counts"] == counts  # one of each
    path = f"/api/v1/messages/{said['id']}/reactions/"
    assert "❤️" not in world.http(CORA).delete(path + "❤️", expect=200).json()["reaction_counts"]
    frame = emil.receive_type("reaction_removed")
    assert (frame["message_id"], frame["user"], frame["reaction"]) == (said["id"], "Cora Coordinator", "❤️")
    world.http(CORA).delete(path + "❤️", expect=200)
    emil.send({"type": "ping"})
    assert emil.receive()["type"] == "pong"


@pytest.mark.parametrize("emoji,status", [("", 400), ("x", 422), ("ok", 422), ("<b>", 422), ("5", 422), ("👍x", 422),
                                          ("👍👍", 422), ("👍" * 30, 422), ("\u200d", 422), (7, 400), ("é", 422)])
def test_refused_reactions(world, ticket, emoji, status):
    said = world.say(EMIL, ticket["conversation_id"], "x")
    assert react(world, EMIL, said, emoji).status_code == status


def test_reactions_are_limited_and_follow_access(world, ticket):
    said = world.say(EMIL, ticket["conversation_id"], "x")
    for number in range(20):
        assert react(world, EMIL, said, chr(0x1F600 + number)).status_code == 200
    check_error(react(world, EMIL, said, "🔥"), 409, "CONFLICT")
    assert react(world, CORA, said, chr(0x1F600)).status_code == 200
    check_error(react(world, EVE, said, "👍"), 404, "NOT_FOUND")
    check_error(world.http(EVE).delete(f"/api/v1/messages/{said['id']}/reactions/👍"), 404, "NOT_FOUND")
    check_error(world.http(EMIL).delete(f"/api/v1/messages/{said['id']}/reactions/x"), 422, "VALIDATION_ERROR")


# ---- replies, mentions, attachments -------------------------------------------------------------

def test_a_reply_quotes(world, ticket):
    first = world.say(EMIL, ticket["conversation_id"], HOSTILE + "ü" * 200)
    cora = world.socket(CORA)
    reply = world.say(CORA, ticket["conversation_id"], "indeed", reply_to_id=first["id"])
    quote = reply["reply_to"]
    assert quote == {"id": first["id"], "sender_id": EMIL, "sender_name": "Emil Employee",
                     "content": (HOSTILE + "ü" * 200)[:140]}
    assert cora.receive_type("message", where=lambda f: f["id"] == reply["id"])["reply_to"] == quote
    foreign = world.say(EMIL, world.direct(EMIL, EVE)["id"], "elsewhere")
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    for wrong in (foreign["id"], 10 ** 12, 0, -4):
        check_error(world.http(EMIL).post(path, {"content": "x", "reply_to_id": wrong}), 422, "VALIDATION_ERROR")


def test_mentions(world, ticket):
    events = world.amqp.listen("message.created")
    said = world.say(EMIL, ticket["conversation_id"], "hi @cora coordinator, not a@Emil Employee nor @Eve Employee",
                     mentions=[EMIL, EMIL])
    assert said["mentions"] == [EMIL, CORA]
    event = world.amqp.receive_type(events, "message.created", where=lambda e: e["data"]["id"] == said["id"])
    assert event["data"]["mentioned_ids"] == [EMIL, CORA]
    assert patch(world, EMIL, said, "nobody").json().get("mentions") is None
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    check_error(world.http(EMIL).post(path, {"content": "x", "mentions": [EVE]}), 422, "VALIDATION_ERROR")
    check_error(world.http(EMIL).post(path, {"content": "x", "mentions": list(range(1, 60))}), 422, "VALIDATION_ERROR")
    check_error(world.http(EMIL).post(path, {"content": "x", "mentions": ["Cora"]}), 400, "INVALID_INPUT")


def test_attachments(world, ticket):
    files = [{"media_id": 7, "file_name": "r\u00e9sum\u00e9 <b>; \"1\".pdf", "mime_type": "application/pdf", "file_size": 12},
             {"id": "8", "filename": "x" * 255}]
    said = world.http(EMIL).post("/api/v1/messages", {
        "conversation_id": ticket["conversation_id"], "content": "", "type": "file", "attachments": files}, expect=201).json()
    assert said["type"] == "file" and said["content"] == ""
    first, second = said["attachments"]
    assert first["media_id"] == first["id"] == 7 and first["file_url"] == "/api/v1/media/7"
    assert first["file_name"] == files[0]["file_name"] and first["file_size"] == 12
    assert second["media_id"] == 8 and second["file_name"] == "x" * 255
    assert world.messages(CORA, ticket["conversation_id"]) == [said]


@pytest.mark.parametrize("files,status", [
    ([{"file_name": "no id"}], 400), ([{"media_id": 1}], 400), ([{"media_id": 0, "file_name": "x"}], 422),
    ([{"media_id": 1, "file_name": "x" * 256}], 422), ([{"media_id": 1, "file_name": "x", "file_size": -1}], 422),
    ([{"media_id": "x", "file_name": "x"}], 400), ([7], 400), ("x", 400),
    ([{"media_id": 1, "file_name": "x"}] * 11, 422),
])
def test_refused_attachments(world, ticket, files, status):
    answer = world.http(EMIL).post(f"/api/v1/conversations/{ticket['conversation_id']}/messages",
                                   {"content": "x", "attachments": files})
    assert answer.status_code == status, answer.text


def test_refused_types(world, ticket):
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
    check_error(world.http(EMIL).post(path, {"content": "x", "type": "dance"}), 422, "VALIDATION_ERROR")


# ---- the same by frames -------------------------------------------------------------------------

def test_changes_by_frames(world, ticket):
    emil, cora = world.socket(EMIL), world.socket(CORA)
    emil.send({"type": "message", "ticket_number": ticket["ticket_number"], "content": "one @Cora Coordinator",
               "message_type": "text", "attachments": [{"media_id": 3, "file_name": "a.txt"}]})
    said = cora.receive_type("message")
    assert said["mentions"] == [CORA] and said["attachments"][0]["media_id"] == 3
    steps = [
        (emil, {"type": "edit", "content": "two"}, "message_edited"),
        (cora, {"type": "reaction_add", "reaction": "👍"}, "reaction_added"),
        (cora, {"type": "reaction_remove", "reaction": "👍"}, "reaction_removed"),
        (emil, {"type": "unsend"}, "message_unsent"),
    ]
    last = said["id"]
    for socket, frame, kind in steps:
        socket.send({**frame, "message_id": said["id"]})
        heard = [listener.receive_type(kind) for listener in (emil, cora)]
        assert heard[0] == heard[1] and heard[0]["seq"] > last
        last = heard[0]["seq"]
    emil.send({"type": "unsend", "message_id": said["id"]})
    assert emil.receive() == {"type": "unchanged", "message_id": said["id"]}
    for frame, code in (({"type": "edit", "message_id": said["id"], "content": "x"}, "CONFLICT"),
                        ({"type": "edit", "message_id": said["id"]}, "VALIDATION_ERROR"),
                        ({"type": "delete"}, "NOT_FOUND"), ({"type": "delete", "message_id": "x"}, "NOT_FOUND"),
                        ({"type": "reaction_add", "message_id": said["id"], "reaction": "x"}, "VALIDATION_ERROR"),
                        ({"type": "reaction_add", "message_id": 10 ** 12, "reaction": "👍"}, "NOT_FOUND")):
        emil.send(frame)
        assert emil.receive()["code"] == code
    eve = world.socket(EVE)
    second = world.say(EMIL, ticket["conversation_id"], "again")
    for kind in ("edit", "delete", "unsend"):
        eve.send({"type": kind, "message_id": second["id"], "content": "x"})
        assert eve.receive()["code"] == "NOT_FOUND"


def test_a_returning_client_learns_of_changes_too(world, ticket):
    conversation = ticket["conversation_id"]
    ear = world.socket(CORA)
    first, second = (world.say(EMIL, conversation, text) for text in ("one", "two"))
    for said in (first, second):
        assert ear.receive_type("message")["id"] == said["id"]
    emil = world.socket(EMIL)
    emil.send({"type": "subscribe", "conversation_id": conversation, "after_id": 0})
    seen = [emil.receive_type("message")["id"] for _ in range(2)]
    assert seen == [first["id"], second["id"]]
    emil.close()
    patch(world, EMIL, first, "edited")
    react(world, CORA, second, "👍")
    third = world.say(CORA, conversation, "three")
    world.http(CORA).delete(f"/api/v1/messages/{third['id']}", expect=200)
    mark = world.say(CORA, conversation, "four")
    wait_for(lambda: world.messages(EMIL, conversation)[-1]["id"] == mark["id"], what="the mark")
    back = world.socket(EMIL)
    back.send({"type": "subscribe", "conversation_id": conversation, "after_id": seen[-1]})
    assert back.receive_type("subscribed")
    frames = []
    while not frames or frames[-1].get("id") != mark["id"]:
        frames.append(back.receive())
    assert [f["type"] for f in frames] == ["message_edited", "reaction_added", "message", "message_deleted", "message"]
    places = [f.get("seq", f.get("id")) for f in frames]
    assert places == sorted(places) and len(set(places)) == len(places)
    assert frames[0]["message"]["content"] == "edited" and frames[2]["content"] == ""
    back.send({"type": "subscribe", "conversation_id": conversation, "after_id": places[1]})
    assert back.receive_type("subscribed")
    back.send({"type": "ping"})
    assert back.receive()["type"] == "pong"


# ---- search -------------------------------------------------------------------------------------

def search(world, identity, q, **params):
    return world.http(identity).get("/api/v1/messages/search", params={"q": q, **params}, expect=200).json()


def test_search(world, ticket):
    conversation = ticket["conversation_id"]
    said = [world.say(EMIL, conversation, f"The zebra {n} crossed")["id"] for n in range(5)]
    direct = world.direct(EMIL, EVE)["id"]
    private = world.say(EMIL, direct, "a zebra between us")["id"]
    assert [m["id"] for m in search(world, CORA, "ZEBRA")["results"]] == said[::-1]
    assert [m["id"] for m in search(world, EVE, "zebra")["results"]] == [private]
    assert search(world, RITA, "zebra")["results"] == []
    assert [m["id"] for m in search(world, EMIL, "zebra", conversation_id=conversation)["results"]] == said[::-1]
    assert search(world, EVE, "zebra", conversation_id=conversation)["results"] == []
    page = search(world, CORA, "zebra", limit=2)
    assert [m["id"] for m in page["results"]] == said[:2:-1]
    page = search(world, CORA, "zebra", limit=2, cursor=page["next_cursor"])
    assert [m["id"] for m in page["results"]] == said[2:0:-1]
    assert search(world, CORA, "zebra", limit=2, cursor=page["next_cursor"])["next_cursor"] is None
    patch(world, EMIL, {"id": said[0]}, "no animal")
    world.http(EMIL).delete(f"/api/v1/messages/{said[1]}", expect=200)
    assert [m["id"] for m in search(world, CORA, "zebra")["results"]] == said[:1:-1]
    assert [m["id"] for m in search(world, CORA, '"crossed the"')["results"]] == []
    for hostile in ("'; DROP TABLE message; --", "<->", "a & | !", "\\", "%", "((((", ":*"):
        search(world, CORA, hostile)


def test_refused_searches(world):
    http = world.http(EMIL)
    for params, status in (({}, 400), ({"q": " "}, 400), ({"q": "x" * 201}, 422), ({"q": "x", "limit": 0}, 422),
                           ({"q": "x", "limit": 101}, 422), ({"q": "x", "cursor": "abc"}, 400),
                           ({"q": "x", "conversation_id": 0}, 422)):
        answer = http.get("/api/v1/messages/search", params=params)
        assert answer.status_code == status, (params, answer.text)
