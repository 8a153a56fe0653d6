"""Comments: changing and removing one's own, answering what one has read, naming people, cursors."""
import pytest

from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, PROCESS_QUEUE, create, helpdesk,  # noqa: F401
                              own, people, start_helpdesk, People)
from lib.amqp import Amqp
from lib.http import check_error


@pytest.fixture
def ticket(people, db):
    """A ticket of the employee that the coordinator owns; its path."""
    number = create(people.employee)["ticket_number"]
    own(db, number)
    return f"/api/v1/tickets/{number}"


def say(client, ticket, text, **more):
    return client.post(ticket + "/comments", {"comment": text, **more}, expect=201).json()


def test_a_comment_has_a_place_of_its_own(people, ticket):
    answer = people.employee.post(ticket + "/comments", {"comment": "hello"}, expect=201)
    body = answer.json()
    assert answer.headers["Location"] == f"{ticket}/comments/{body['id']}" and answer.headers["ETag"] == '"1"'
    assert body["edited_at"] is None and body["version"] == 1
    for client in (people.employee, people.coordinator, people.admin, people.service):
        again = client.get(f"{ticket}/comments/{body['id']}", expect=200)
        assert again.json() == body and again.headers["ETag"] == '"1"'
    note = say(people.coordinator, ticket, "secret", visibility="internal")
    check_error(people.employee.get(f"{ticket}/comments/{note['id']}"), 404, "NOT_FOUND")
    check_error(people.employee.get(f"{ticket}/comments/999999999"), 404, "NOT_FOUND")
    check_error(people.employee.get(f"{ticket}/comments/x"), 404, "NOT_FOUND")
    check_error(people.other_employee.get(f"{ticket}/comments/{body['id']}"), 403, "FORBIDDEN")
    check_error(people.nobody.get(f"{ticket}/comments/{body['id']}"), 401, "UNAUTHENTICATED")
    check_error(people.employee.get("/api/v1/tickets/TX20200101000001/comments/1"), 404, "TICKET_NOT_FOUND")


def test_edit(people, ticket):
    body = say(people.employee, ticket, "helo")
    path = f"{ticket}/comments/{body['id']}"
    before = people.employee.get(ticket).headers["ETag"]
    answer = people.employee.patch(path, {"comment": "hello"}, headers={"If-Match": '"1"'}, expect=200)
    assert answer.json()["comment"] == "hello" and answer.json()["edited_at"] and answer.headers["ETag"] == '"2"'
    assert people.employee.get(ticket).headers["ETag"] != before
    assert people.employee.get(ticket).json()["comments"][0]["comment"] == "hello"
    check_error(people.employee.patch(path, {"comment": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    assert people.employee.patch(path, {"comment": "hello"}, expect=200).json()["version"] == 2
    rows = people.coordinator.get(ticket + "/history").json()["results"]
    assert (rows[0]["field_name"], rows[0]["old_value"], rows[0]["new_value"]) == ("comment", "helo", "hello")
    assert rows[0]["changed_by"] == EMPLOYEE and rows[0]["note"] == f"edited {body['id']}"
    assert "helo" not in people.employee.get(ticket + "/history").text.replace("hello", "")


def test_remove(people, ticket):
    body = say(people.coordinator, ticket, "the password is hunter2")
    path = f"{ticket}/comments/{body['id']}"
    check_error(people.coordinator.delete(path, headers={"If-Match": '"7"'}), 412, "PRECONDITION_FAILED")
    answer = people.coordinator.delete(path, expect=204)
    assert answer.content == b""
    check_error(people.coordinator.delete(path), 404, "NOT_FOUND")
    assert "hunter2" not in people.employee.get(ticket).text + people.employee.get(ticket + "/history").text
    rows = people.coordinator.get(ticket + "/history").json()["results"]
    assert rows[0]["old_value"] == "the password is hunter2" and rows[0]["new_value"] is None


def test_only_ones_own(people, ticket):
    path = f"{ticket}/comments/{say(people.employee, ticket, 'mine')['id']}"
    for stranger in (people.coordinator, people.admin, people.other_employee, people.tts_admin):
        check_error(stranger.patch(path, {"comment": "x"}), 403, "FORBIDDEN")
        check_error(stranger.delete(path), 403, "FORBIDDEN")
    for method in ("patch", "delete"):
        check_error(getattr(people.nobody, method)(path), 401, "UNAUTHENTICATED")
        check_error(getattr(people.employee, method)(f"{ticket}/comments/999999999", **(
            {"json": {"comment": "x"}} if method == "patch" else {})), 404, "NOT_FOUND")


@pytest.mark.parametrize("body,status", [({}, 400), ({"comment": ""}, 400), ({"comment": "  "}, 400), ({"comment": 5}, 400),
                                         ({"comment": "x" * 10001}, 422), ({"comment": "x", "visibility": "public"}, 422)])
def test_bad_edits(people, ticket, body, status):
    path = f"{ticket}/comments/{say(people.employee, ticket, 'mine')['id']}"
    check_error(people.employee.patch(path, body), status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_too_late(people, db, ticket):
    body = say(people.employee, ticket, "old")
    db.query("UPDATE ticket_comment SET created_at = created_at - interval '16 minutes' WHERE id = %s", body["id"],
             program="helpdesk-service")
    path = f"{ticket}/comments/{body['id']}"
    check_error(people.employee.patch(path, {"comment": "new"}), 409, "CONFLICT")
    check_error(people.employee.delete(path), 409, "CONFLICT")


# ---- collisions ---------------------------------------------------------------------------------

def test_after_comment_id(people, ticket):
    first = say(people.employee, ticket, "it is broken", after_comment_id=0)
    answer = say(people.coordinator, ticket, "I look at it", after_comment_id=first["id"])
    body = check_error(people.admin.post(ticket + "/comments", {"comment": "so do I", "after_comment_id": first["id"]}),
                       409, "CONFLICT_NEW_REPLY")
    assert [one["comment"] for one in body["details"]["new_comments"]] == ["I look at it"]
    assert [one["comment"] for one in people.admin.get(ticket + "/comments").json()["results"]] == [
        "it is broken", "I look at it"]
    say(people.admin, ticket, "so do I", after_comment_id=answer["id"])
    # what one has written oneself is no news
    say(people.admin, ticket, "really", after_comment_id=answer["id"])


def test_internal_notes_are_no_news_for_the_requester(people, ticket):
    first = say(people.employee, ticket, "it is broken")
    say(people.coordinator, ticket, "secret", visibility="internal")
    say(people.employee, ticket, "still", after_comment_id=first["id"])
    body = check_error(people.admin.post(ticket + "/comments", {"comment": "x", "after_comment_id": first["id"]}), 409,
                       "CONFLICT_NEW_REPLY")
    assert [one["visibility"] for one in body["details"]["new_comments"]] == ["internal", "public"]


def test_a_refused_answer_may_be_sent_again_under_its_key(people, ticket):
    say(people.employee, ticket, "question")
    key = {"Idempotency-Key": "again"}
    check_error(people.coordinator.post(ticket + "/comments", {"comment": "a", "after_comment_id": 0}, headers=key), 409,
                "CONFLICT_NEW_REPLY")
    one = people.coordinator.post(ticket + "/comments", {"comment": "a"}, headers=key, expect=201)
    two = people.coordinator.post(ticket + "/comments", {"comment": "a"}, headers=key, expect=201)
    assert one.json() == two.json() and two.headers["Idempotency-Replayed"] == "true"


# ---- mentions -----------------------------------------------------------------------------------

@pytest.fixture(scope="module", autouse=True)
def listener(helpdesk, broker):
    """Somebody wants every message from the beginning, so that none waits for a first subscriber."""
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


@pytest.fixture
def events(listener):
    return listener.listen("ticket.commented"), listener


def next_event(events, number):
    queue, connection = events
    while True:
        _, event, _ = connection.receive(queue)
        if event["subject"] == number:
            return event["data"]


def test_mentions(people, db, events, ticket):
    number = ticket.rsplit("/", maxsplit=1)[1]
    db.query("INSERT INTO person_role VALUES (%s, 'hdts', 'Admin', 1) ON CONFLICT DO NOTHING", ADMIN,
             program="helpdesk-service")
    say(people.employee, ticket, f"@[{COORDINATOR}] and @ADAM@company.com! but not @[{OTHER_EMPLOYEE}], @[999999], "
        "x@jane.smith@company.com, @nobody@company.com. @[x] @ @[")
    assert next_event(events, number)["mentioned_ids"] == [COORDINATOR, ADMIN]
    say(people.coordinator, ticket, f"@[{EMPLOYEE}] must not know, @[{ADMIN}] may", visibility="internal")
    assert next_event(events, number)["mentioned_ids"] == [ADMIN]
    say(people.coordinator, ticket, "nobody in particular")
    assert "mentioned_ids" not in next_event(events, number)


# ---- pages --------------------------------------------------------------------------------------

@pytest.mark.parametrize("what", ["comments", "history"])
def test_cursors(people, ticket, what):
    for i in range(7):
        say(people.employee, ticket, str(i))
        say(people.coordinator, ticket, f"note {i}", visibility="internal")
    whole = [one["id"] for one in people.coordinator.get(f"{ticket}/{what}?page_size=100").json()["results"]]
    public = [one["id"] for one in people.employee.get(f"{ticket}/{what}?page_size=100").json()["results"]]
    assert len(public) < len(whole)
    for client, ids in ((people.coordinator, whole), (people.employee, public)):
        page = client.get(f"{ticket}/{what}?page_size=3", expect=200).json()
        assert page["count"] == len(ids)
        seen = [one["id"] for one in page["results"]]
        while "next_cursor" in page:
            cursor = page["next_cursor"]
            page = client.get(f"{ticket}/{what}?page_size=3&cursor={cursor}", expect=200).json()
            seen += [one["id"] for one in page["results"]]
            assert ("cursor=" in page["next"]) if page["next"] else "next_cursor" not in page
        assert seen == ids
    for bad in (cursor[:-2], cursor + "x", "x", "A" * 5000):
        check_error(people.coordinator.get(f"{ticket}/{what}?page_size=3&cursor={bad}"), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.get(f"{ticket}/{what}?page=2&cursor={cursor}"), 422, "VALIDATION_ERROR")
    elsewhere = f"/api/v1/tickets/{create(people.employee)['ticket_number']}"
    check_error(people.employee.get(f"{elsewhere}/{what}?page_size=3&cursor={cursor}"), 422, "VALIDATION_ERROR")


def test_cursors_of_the_ticket_list(people):
    for i in range(9):
        create(people.other_employee, subject=f"Cursor {i}", priority=["Low", "High", "Urgent"][i % 3])
    for sort in ("created_at", "-created_at", "-updated_at", "priority", "-priority", "status", "number", "-number"):
        base = f"/api/v1/tickets?category=IT+Support&sort={sort}"
        whole = people.other_employee.get(base + "&page_size=100", expect=200).json()["results"]
        page = people.other_employee.get(base + "&page_size=2", expect=200).json()
        seen = page["results"]
        while "next_cursor" in page:
            page = people.other_employee.get(f"{base}&page_size=4&cursor={page['next_cursor']}", expect=200).json()
            seen += page["results"]
        assert [one["id"] for one in seen] == [one["id"] for one in whole]
    cursor = people.other_employee.get(base + "&page_size=2").json()["next_cursor"]
    check_error(people.other_employee.get(f"/api/v1/tickets?cursor={cursor}"), 422, "VALIDATION_ERROR")


def test_nobody_edits_when_the_window_is_shut(start_service, db, broker):
    service = start_helpdesk(start_service, db, env={"COMMENT_EDIT_WINDOW": "0s"})
    client = People(service.http).employee
    ticket = f"/api/v1/tickets/{create(client)['ticket_number']}"
    path = f"{ticket}/comments/{say(client, ticket, 'final')['id']}"
    check_error(client.patch(path, {"comment": "x"}), 409, "CONFLICT")
