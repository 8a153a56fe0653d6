"""Messages, reactions and comments in the words of the ticket system."""
import pytest
from lib.http import check_error
from messaging_support import ADAM, COLE, CORA, EMIL, EVE, World, contents


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(name="ticket")
def _ticket(world):
    return world.open_ticket()


def post(world, identity, ticket, text, **fields):
    return world.http(identity).post("/messages/", {"ticket_id": ticket["ticket_number"], "message": text, **fields},
                                     expect=201).json()


def test_messages_of_a_ticket(world, ticket):
    said = post(world, EMIL, ticket, "<i>help</i>", attachments=[{"media_id": 9, "file_name": "x.png"}])
    assert said["message"] == "<i>help</i>" and said["ticket_id"] == ticket["ticket_number"]
    assert said["sender"] == "Emil Employee" and said["user_id"] == EMIL and said["is_edited"] is False
    assert said["attachments"][0]["file_url"] == "/api/v1/media/9" and said["reactions"] == []
    page = world.http(CORA).get("/messages/", params={"ticket_id": ticket["ticket_number"]}, expect=200).json()
    assert page["results"] == [said]
    whole = world.http(CORA).get("/messages/by-ticket/", params={"ticket_id": ticket["ticket_number"]}, expect=200).json()
    assert whole["ticket_id"] == ticket["ticket_number"] and whole["ticket_status"] == "Open" and whole["messages"] == [said]
    assert world.http(CORA).get(f"/messages/{said['message_id']}/", expect=200).json() == said
    assert contents(world.messages(CORA, ticket["conversation_id"])) == ["<i>help</i>"]  # one model


def test_the_status_follows_the_ticket(world, ticket):
    world.amqp.send_event("ticket.closed", {**ticket, "status": "Closed"}, subject=ticket["ticket_number"])
    world.assign({**ticket, "status": "Closed"}, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    whole = world.http(EMIL).get("/messages/by-ticket/", params={"ticket_id": ticket["ticket_number"]}, expect=200).json()
    assert whole["ticket_status"] == "Closed" and whole["messages"] == []


def test_pages(world, ticket):
    said = [post(world, EMIL, ticket, str(n))["message_id"] for n in range(5)][::-1]

    def page(**params):
        return world.http(EMIL).get("/messages/", params={"ticket_id": ticket["ticket_number"], "page_size": 2, **params},
                                    expect=200).json()

    first = page()
    assert [m["message_id"] for m in first["results"]] == said[:2]
    post(world, EMIL, ticket, "meanwhile")
    second = page(cursor=first["next_cursor"])
    assert [m["message_id"] for m in second["results"]] == said[2:4]
    assert [m["message_id"] for m in page(page=3)["results"]] == said[3:]
    check_error(world.http(EMIL).get("/messages/", params={"ticket_id": "TX1", "cursor": "x"}), 422, "VALIDATION_ERROR")
    for path in ("/messages/", "/messages/by-ticket/"):
        check_error(world.http(EMIL).get(path), 400, "INVALID_INPUT")


def test_changes(world, ticket):
    said = post(world, EMIL, ticket, "one")
    path = f"/messages/{said['message_id']}"
    for method in ("PUT", "PATCH"):
        edited = world.http(EMIL).request(method, path + "/", 200, json={"message": method}).json()
        assert edited["message"] == method and edited["is_edited"] is True and edited["edited_at"]
    check_error(world.http(EMIL).put(path, {"message": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(world.http(CORA).put(path, {"message": "x"}), 403, "FORBIDDEN")
    check_error(world.http(CORA).delete(path), 403, "FORBIDDEN")
    check_error(world.http(CORA).post(path + "/unsend", {}), 403, "FORBIDDEN")
    unsent = world.http(EMIL).post(path + "/unsend/", {"for_all": True}, expect=200).json()
    assert unsent["is_unsent"] is True and unsent["unsent_for_all"] is True and unsent["message"] == ""
    check_error(world.http(EMIL).put(path, {"message": "x"}), 409, "CONFLICT")
    second = post(world, EMIL, ticket, "two")["message_id"]
    answer = world.http(EMIL).delete(f"/messages/{second}/", expect=200).json()
    assert answer == {"status": "Message deleted successfully"}
    whole = world.http(EMIL).get("/messages/by-ticket/", params={"ticket_id": ticket["ticket_number"]}, expect=200).json()
    assert [m["message_id"] for m in whole["messages"]] == [said["message_id"]]


def test_reactions(world, ticket):
    said = post(world, EMIL, ticket, "one")["message_id"]
    body = {"message_id": said, "reaction": "🎉"}
    added = world.http(CORA).post("/reactions/add/", body, expect=201).json()
    assert (added["reaction"], added["user"], added["user_id"]) == ("🎉", "Cora Coordinator", CORA)
    shown = world.http(EMIL).get(f"/messages/{said}", expect=200).json()
    assert shown["reaction_counts"] == {"🎉": 1} and shown["reactions"][0]["user_full_name"] == "Cora Coordinator"
    assert world.http(CORA).post("/reactions/remove/", body, expect=200).json() == {"status": "Reaction removed successfully"}
    check_error(world.http(CORA).post("/reactions/remove/", body), 404, "NOT_FOUND")
    for verb in ("add", "remove"):
        check_error(world.http(EVE).post(f"/reactions/{verb}", body), 404, "NOT_FOUND")
        check_error(world.http(CORA).post(f"/reactions/{verb}", {"message_id": said, "reaction": "no"}), 422, "VALIDATION_ERROR")
        check_error(world.http(CORA).post(f"/reactions/{verb}", {"message_id": said}), 400, "INVALID_INPUT")
        check_error(world.http(CORA).post(f"/reactions/{verb}", {"message_id": 10 ** 12, "reaction": "🎉"}), 404, "NOT_FOUND")
    world.http(EMIL).delete(f"/messages/{said}", expect=200)
    for verb in ("add", "remove"):
        check_error(world.http(CORA).post(f"/reactions/{verb}", body), 409, "CONFLICT")
    world.assign(ticket, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    check_error(world.http(CORA).post("/reactions/add", body), 403, "FORBIDDEN")


def test_a_foreign_ticket_does_not_exist(world, ticket):
    said = post(world, EMIL, ticket, "private")["message_id"]
    eve = world.http(EVE)
    params = {"ticket_id": ticket["ticket_number"]}
    for answer in (eve.get("/messages/", params=params), eve.get("/messages/by-ticket/", params=params),
                   eve.post("/messages/", {**params, "message": "x"}), eve.post("/comments/", {**params, "content": "x"}),
                   eve.get(f"/comments/by-ticket/{ticket['ticket_number']}")):
        check_error(answer, 404, "CONVERSATION_NOT_FOUND")
    for answer in (eve.get(f"/messages/{said}"), eve.put(f"/messages/{said}", {"message": "x"}), eve.delete(f"/messages/{said}"),
                   eve.post(f"/messages/{said}/unsend"), eve.get(f"/comments/{said}"), eve.delete(f"/comments/{said}"),
                   eve.put(f"/comments/{said}", {"content": "x"}), eve.post(f"/comments/{said}/reply", {"content": "x"}),
                   eve.post(f"/comments/{said}/rate", {"rating": True})):
        check_error(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize("body,status", [({}, 400), ({"message": "x"}, 400), ({"ticket_id": "TX1"}, 404),
                                         ({"ticket_id": 7, "message": "x"}, 400), ({"ticket_id": "x" * 65, "message": "x"}, 422)])
def test_refused_messages(world, body, status):
    assert world.http(EMIL).post("/messages/", body).status_code == status


def test_who_may_not_write_any_more(world, ticket):
    world.assign(ticket, COLE)
    world.conversation(COLE, ticket["ticket_number"])
    check_error(world.http(CORA).post("/messages/", {"ticket_id": ticket["ticket_number"], "message": "x"}), 403, "FORBIDDEN")
    check_error(world.http(CORA).post("/comments/", {"ticket_id": ticket["ticket_number"], "content": "x"}), 403, "FORBIDDEN")


# ---- comments -----------------------------------------------------------------------------------

def test_comments(world, ticket):
    number = ticket["ticket_number"]
    first = world.http(CORA).post("/comments/", {"ticket_id": number, "content": "first"}, expect=201).json()
    assert (first["firstname"], first["lastname"], first["role"], first["parent"]) == (
        "Cora", "Coordinator", "HDTS: Ticket Coordinator", None)
    path = f"/comments/{first['comment_id']}"
    reply = world.http(EMIL).post(path + "/reply/", {"content": "second"}, expect=201).json()
    assert reply["parent"] == first["comment_id"]
    nested = world.http(EMIL).post("/comments/", {"ticket_id": number, "content": "third", "parent": first["comment_id"]},
                                   expect=201).json()
    tree = world.http(EMIL).get(f"/comments/by-ticket/{number}/", expect=200).json()
    assert [c["comment_id"] for c in tree] == [first["comment_id"]]
    assert [c["comment_id"] for c in tree[0]["replies"]] == [reply["comment_id"], nested["comment_id"]]
    up = world.http(EMIL).post(path + "/rate/", {"rating": True}, expect=200).json()
    assert (up["thumbs_up_count"], up["thumbs_down_count"]) == (1, 0)
    down = world.http(EMIL).post(path + "/rate/", {"rating": False}, expect=200).json()
    assert (down["thumbs_up_count"], down["thumbs_down_count"]) == (0, 1)
    none = world.http(EMIL).post(path + "/rate/", {"rating": None}, expect=200).json()
    assert (none["thumbs_up_count"], none["thumbs_down_count"]) == (0, 0)
    for method in ("PUT", "PATCH"):
        assert world.http(CORA).request(method, path, 200, json={"content": method}).json()["content"] == method
    assert world.http(EMIL).get(path, expect=200).json()["content"] == "PATCH"
    check_error(world.http(CORA).put(path, {"content": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(world.http(EMIL).put(path, {"content": "x"}), 403, "FORBIDDEN")
    check_error(world.http(EMIL).delete(path), 403, "FORBIDDEN")
    assert world.http(ADAM).delete(path, expect=200).json()["content"] == ""
    check_error(world.http(CORA).put(path, {"content": "x"}), 409, "CONFLICT")
    check_error(world.http(EMIL).post(path + "/rate", {"rating": True}), 409, "CONFLICT")
    tree = world.http(EMIL).get(f"/comments/by-ticket/{number}", expect=200).json()
    assert [c["content"] for c in tree] == ["second", "third"]


def test_documents_of_a_comment(world, ticket):
    http, number = world.http(CORA), ticket["ticket_number"]
    live, _ = world.ticket_socket(EMIL, ticket, "/ws/comments/")
    chat = world.socket(EMIL)
    made = http.post("/comments", {"ticket_id": number, "content": "see", "documents": [
        {"media_id": 7, "file_name": "<b>.png", "mime_type": "image/png", "file_size": 12}]}, expect=201).json()
    path = f"/comments/{made['comment_id']}"
    document, = made["documents"]
    assert document["document"] == {
        "id": 7, "original_filename": "<b>.png", "content_type": "image/png", "file_size": 12, "is_image": True,
        "uploaded_at": made["created_at"], "uploaded_by_name": "Cora Coordinator", "download_url": "/api/v1/media/7"}
    assert (document["id"], document["file_name"], document["attached_by_name"]) == (7, "<b>.png", "Cora Coordinator")
    more = http.post(path + "/attach_document", {"media_id": 8, "file_name": "x"}, expect=200).json()
    assert [one["id"] for one in more["documents"]] == [7, 8] and more["documents"][0] == document
    frame = live.receive_type("comment_update", where=lambda f: f["action"] == "attach_document")
    assert frame["document_info"] == {"id": 8} and frame["comment"]["documents"] == more["documents"]
    edited = chat.receive_type("message_edited", where=lambda f: f["message"]["id"] == made["comment_id"])
    assert [one["media_id"] for one in edited["message"]["attachments"]] == [7, 8]
    assert http.post(path + "/attach_document", {"media_id": 8, "file_name": "y"}, expect=200).json() == more
    asked = world.http(EMIL).get(path + "/download-document/8", expect=302, allow_redirects=False)
    assert asked.headers["Location"] == "/api/v1/media/8"
    less = http.delete(path + "/detach-document/7", expect=200).json()
    assert [one["id"] for one in less["documents"]] == [8]
    live.receive_type("comment_update", where=lambda f: f["action"] == "detach_document" and f["document_info"] == {"id": 7})
    assert http.post(path + "/detach-document/8", expect=200).json()["documents"] == []
    answer = http.post(path + "/reply", {"content": "and", "documents": [{"media_id": 9, "file_name": "z"}]}, expect=201).json()
    assert [one["id"] for one in answer["documents"]] == [9]
    live.receive_type("comment_update", where=lambda f: f["action"] == "reply")
    missed, _ = world.ticket_socket(EMIL, ticket, "/ws/comments/")
    missed.send({"type": "subscribe", "ticket_number": number, "after_id": made["comment_id"]})
    actions = [missed.receive_type("comment_update")["action"] for _ in range(4)]
    assert actions == ["attach_document", "detach_document", "detach_document", "reply"]


def test_refused_documents(world, ticket):
    http, stranger = world.http(CORA), world.http(EMIL)
    made = http.post("/comments", {"ticket_id": ticket["ticket_number"], "content": "see"}, expect=201).json()
    path = f"/comments/{made['comment_id']}"
    file = {"media_id": 1, "file_name": "x"}
    check_error(stranger.post(path + "/attach_document", file), 403, "FORBIDDEN")
    check_error(world.http(EVE).post(path + "/attach_document", file), 404, "NOT_FOUND")
    check_error(http.post("/comments/0/attach_document", file), 404, "NOT_FOUND")
    check_error(http.post(path + "/attach_document", {"media_id": 1}), 400, "INVALID_INPUT")
    check_error(http.post(path + "/attach_document", {"media_id": 0, "file_name": "x"}), 422, "VALIDATION_ERROR")
    for number in range(1, 11):
        http.post(path + "/attach_document", {"media_id": number, "file_name": "x"}, expect=200)
    check_error(http.post(path + "/attach_document", {"media_id": 11, "file_name": "x"}), 409, "CONFLICT")
    check_error(stranger.delete(path + "/detach-document/1"), 403, "FORBIDDEN")
    for method, rest in (("DELETE", "/detach-document/11"), ("POST", "/detach-document/x"),
                         ("GET", "/download-document/11"), ("GET", "/download-document/x")):
        check_error(http.request(method, path + rest), 404, "NOT_FOUND")
    check_error(world.http(EVE).get(path + "/download-document/1"), 404, "NOT_FOUND")
    only = world.say(CORA, ticket["conversation_id"], "", attachments=[file])
    check_error(http.delete(f"/comments/{only['id']}/detach-document/1"), 409, "CONFLICT")
    http.delete(path, expect=200)
    check_error(http.post(path + "/attach_document", file), 409, "CONFLICT")
    check_error(http.delete(path + "/detach-document/1"), 409, "CONFLICT")


def test_refused_comments(world, ticket):
    number, http = ticket["ticket_number"], world.http(EMIL)
    said = http.post("/comments", {"ticket_id": number, "content": "x"}, expect=201).json()["comment_id"]
    for path, body, status in (("/comments", {}, 400), ("/comments", {"ticket_id": number}, 400),
                               ("/comments", {"ticket_id": number, "content": "x" * 10001}, 422),
                               ("/comments", {"ticket_id": number, "content": "x", "parent": 10 ** 12}, 422),
                               (f"/comments/{said}/reply", {}, 400), (f"/comments/{said}/rate", {"rating": "up"}, 400),
                               (f"/comments/{10 ** 12}/rate", {"rating": True}, 404)):
        assert http.post(path, body).status_code == status, (path, body)
    check_error(http.get("/comments/abc"), 404, "NOT_FOUND")
