"""Tags, watchers, links, approval, auto-close."""
import pytest

from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, OTHER_COORDINATOR, OTHER_EMPLOYEE, PROCESS_QUEUE,  # noqa: F401
                              REVIEWER, TICKET, People, create, helpdesk, history, own, people, start_helpdesk)
from lib.amqp import Amqp
from lib.http import check_error
from lib.wait import wait_for

NOWHERE = "/api/v1/tickets/TX20200101000001"


@pytest.fixture(scope="module", autouse=True)
def listener(helpdesk, broker):
    """Somebody wants every message from the beginning, so that none waits for a first subscriber."""
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


@pytest.fixture
def ticket(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    return f"/api/v1/tickets/{number}"


def number_of(path):
    return path.split("/")[4]


def next_event(listener, queue, number):
    while True:
        _, event, _ = listener.receive(queue)
        if event["subject"] == number:
            return event


# ---- tags ---------------------------------------------------------------------------------------

def test_tags(people, db, ticket):
    answer = people.coordinator.post(ticket + "/tags", {"tags": [" VPN ", "network", "vpn"]}, expect=200)
    assert answer.json() == {"tags": ["network", "vpn"]} and answer.headers["ETag"] == '"2"'
    assert people.employee.get(ticket).json()["tags"] == ["network", "vpn"]
    again = people.coordinator.post(ticket + "/tags", {"tags": ["vpn"]}, expect=200)
    assert again.headers["ETag"] == '"2"'
    people.coordinator.patch(ticket, {"tags": ["b", "a", "'; DROP TABLE ticket --"]}, expect=200)
    assert people.coordinator.delete(ticket + "/tags/A", expect=200).json() == {"tags": ["'; drop table ticket --", "b"]}
    check_error(people.coordinator.delete(ticket + "/tags/a"), 404, "NOT_FOUND")
    assert history(db, number_of(ticket))[1:] == [
        ("tags", None, "network, vpn"), ("tags", "network, vpn", "'; drop table ticket --, a, b"),
        ("tags", "'; drop table ticket --, a, b", "'; drop table ticket --, b")]
    check_error(people.coordinator.post(ticket + "/tags", {"tags": ["x"]}, headers={"If-Match": '"1"'}), 412,
                "PRECONDITION_FAILED")


def test_tags_are_counted(people, ticket):
    def counts(search):
        return {one["tag"]: one["count"]
                for one in people.coordinator.get(f"/api/v1/tags?search={search}", expect=200).json()["results"]}
    other = f"/api/v1/tickets/{create(people.service, requester_id=EMPLOYEE, tags=['counted-a'])['ticket_number']}"
    people.coordinator.post(ticket + "/tags", {"tags": ["Counted-A", "counted-b"]}, expect=200)
    assert counts("counted") == {"counted-a": 2, "counted-b": 1} and counts("COUNTED-B") == {"counted-b": 1}
    people.admin.patch(other, {"tags": []}, expect=200)
    assert counts("counted-a") == {"counted-a": 1} and counts("%25") == {} and counts("count_d") == {}
    first = people.coordinator.get("/api/v1/tags?page_size=1", expect=200).json()["results"]
    assert len(first) == 1
    check_error(people.employee.get("/api/v1/tags"), 403, "FORBIDDEN")
    check_error(people.nobody.get("/api/v1/tags"), 401, "UNAUTHENTICATED")
    check_error(people.coordinator.get("/api/v1/tags?page_size=0"), 422, "VALIDATION_ERROR")


def test_tags_filter(people, db, ticket):
    people.coordinator.post(ticket + "/tags", {"tags": ["needle"]}, expect=200)
    for client in (people.coordinator, people.employee, people.admin):
        found = client.get("/api/v1/tickets?tag=Needle", expect=200).json()
        assert [one["ticket_number"] for one in found["results"]] == [number_of(ticket)] and found["count"] == 1
    assert people.other_employee.get("/api/v1/tickets?tag=needle", expect=200).json()["count"] == 0


@pytest.mark.parametrize("body,status", [({}, 400), ({"tags": "x"}, 400), ({"tags": [5]}, 400), ({"tags": [""]}, 422),
                                         ({"tags": ["a,b"]}, 422), ({"tags": ["x" * 51]}, 422),
                                         ({"tags": [str(i) for i in range(21)]}, 422)])
def test_bad_tags(people, ticket, body, status):
    check_error(people.coordinator.post(ticket + "/tags", body), status,
                "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_who_may_tag(people, ticket):
    for stranger in (people.employee, people.other_employee, people.other_coordinator, people.tts_admin):
        check_error(stranger.post(ticket + "/tags", {"tags": ["x"]}), 403, "FORBIDDEN")
        check_error(stranger.delete(ticket + "/tags/x"), 403, "FORBIDDEN")
    check_error(people.employee.patch(ticket, {"tags": ["x"]}), 403, "FORBIDDEN")
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "tags": ["x"]}), 403, "FORBIDDEN")
    check_error(people.nobody.post(ticket + "/tags", {"tags": ["x"]}), 401, "UNAUTHENTICATED")
    check_error(people.nobody.delete(ticket + "/tags/x"), 401, "UNAUTHENTICATED")
    check_error(people.coordinator.post(NOWHERE + "/tags", {"tags": ["x"]}), 404, "TICKET_NOT_FOUND")


# ---- watchers -----------------------------------------------------------------------------------

def watching(client, ticket):
    return [one["user_id"] for one in client.get(ticket + "/watchers", expect=200).json()["results"]]


def test_watching_gives_a_view(people, db, ticket, listener):
    assert watching(people.employee, ticket) == []
    check_error(people.other_employee.post(ticket + "/watchers"), 403, "FORBIDDEN")
    body = people.coordinator.post(ticket + "/watchers", {"user_id": OTHER_EMPLOYEE}, expect=201).json()
    assert body == {"user_id": OTHER_EMPLOYEE, "name": "Ann Other", "email": "ann.other@company.com"}
    people.coordinator.post(ticket + "/watchers", expect=201)
    people.coordinator.post(ticket + "/watchers", {}, expect=201)
    assert watching(people.other_employee, ticket) == [OTHER_EMPLOYEE, COORDINATOR]
    people.other_employee.get(ticket, expect=200)
    assert number_of(ticket) in people.other_employee.get("/api/v1/tickets?page_size=100").text
    # a watching employee reads no notes and changes nothing
    queue = listener.listen("ticket.commented")
    people.coordinator.post(ticket + "/comments", {"comment": "secret", "visibility": "internal"}, expect=201)
    db.query("INSERT INTO person_role VALUES (%s, 'hdts', 'Ticket Coordinator', 1) ON CONFLICT DO NOTHING", COORDINATOR,
             program="helpdesk-service")
    for path in ("", "/comments", "/history"):
        assert "secret" not in people.other_employee.get(ticket + path, expect=200).text
        assert "internal" not in people.other_employee.get(ticket + path, expect=200).text
    assert next_event(listener, queue, number_of(ticket))["data"]["watcher_ids"] == [COORDINATOR]
    people.employee.post(ticket + "/comments", {"comment": "hello"}, expect=201)
    assert next_event(listener, queue, number_of(ticket))["data"]["watcher_ids"] == [OTHER_EMPLOYEE, COORDINATOR]
    check_error(people.other_employee.patch(ticket, {"priority": "Low"}), 403, "FORBIDDEN")
    assert [row[1:] for row in history(db, number_of(ticket)) if row[0] == "watcher"] == [
        (None, str(OTHER_EMPLOYEE)), (None, str(COORDINATOR))]
    people.other_employee.delete(ticket + "/watchers/me", expect=204)
    check_error(people.other_employee.get(ticket), 403, "FORBIDDEN")


def test_who_may_add_watchers(people, ticket):
    check_error(people.employee.post(ticket + "/watchers", {"user_id": OTHER_EMPLOYEE}), 403, "FORBIDDEN")
    people.employee.post(ticket + "/watchers", expect=201)
    people.employee.delete(f"{ticket}/watchers/{EMPLOYEE}", expect=204)
    people.employee.get(ticket, expect=200)
    check_error(people.employee.delete(f"{ticket}/watchers/{EMPLOYEE}"), 404, "NOT_FOUND")
    check_error(people.employee.delete(f"{ticket}/watchers/{COORDINATOR}"), 403, "FORBIDDEN")
    check_error(people.coordinator.delete(f"{ticket}/watchers/x"), 404, "NOT_FOUND")
    check_error(people.coordinator.post(ticket + "/watchers", {"user_id": 999999}), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.post(ticket + "/watchers", {"user_id": 0}), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.post(ticket + "/watchers", {"user_id": "x"}), 400, "INVALID_INPUT")
    check_error(people.coordinator.post(NOWHERE + "/watchers"), 404, "TICKET_NOT_FOUND")
    check_error(people.other_coordinator.get(ticket + "/watchers"), 403, "FORBIDDEN")
    for method in ("GET", "POST"):
        check_error(people.nobody.request(method, ticket + "/watchers"), 401, "UNAUTHENTICATED")
    check_error(people.nobody.delete(ticket + "/watchers/me"), 401, "UNAUTHENTICATED")


# ---- links --------------------------------------------------------------------------------------

def link(client, ticket, kind, other):
    return client.post(ticket + "/links", {"type": kind, "ticket_number": number_of(other)})


def links(client, ticket):
    return [(one["type"], one["ticket_number"]) for one in client.get(ticket + "/links", expect=200).json()["results"]]


@pytest.fixture
def three(people, db):
    paths = []
    for _ in range(3):
        number = create(people.employee)["ticket_number"]
        own(db, number)
        paths.append(f"/api/v1/tickets/{number}")
    return paths


@pytest.mark.parametrize("there,back", [("parent_of", "child_of"), ("child_of", "parent_of"), ("blocks", "blocked_by"),
                                        ("blocked_by", "blocks"), ("duplicate_of", "duplicated_by"),
                                        ("duplicated_by", "duplicate_of")])
def test_links_show_on_both_sides(people, db, three, there, back):
    one, two, _ = three
    answer = link(people.coordinator, one, there, two)
    assert answer.status_code == 201 and answer.json()["type"] == there
    assert answer.json()["subject"] == TICKET["subject"] and answer.json()["status"] == "Open"
    assert links(people.coordinator, one) == [(there, number_of(two))]
    assert links(people.employee, two) == [(back, number_of(one))]
    assert ("link", None, f"{back} {number_of(one)}") in history(db, number_of(two))
    check_error(link(people.coordinator, one, there, two), 409, "DUPLICATE_RESOURCE")
    people.coordinator.delete(f"{two}/links/{answer.json()['id']}", expect=204)
    assert links(people.coordinator, one) == []
    assert ("link", f"{there} {number_of(two)}", None) in history(db, number_of(one))
    check_error(people.coordinator.delete(f"{two}/links/{answer.json()['id']}"), 404, "NOT_FOUND")


def test_no_circles(people, three):
    one, two, three_ = three
    assert link(people.coordinator, one, "parent_of", two).status_code == 201
    assert link(people.coordinator, three_, "child_of", two).status_code == 201
    check_error(link(people.coordinator, three_, "parent_of", one), 409, "CONFLICT")
    check_error(link(people.coordinator, one, "parent_of", three_), 409, "CONFLICT")
    check_error(link(people.coordinator, one, "parent_of", one), 422, "VALIDATION_ERROR")
    check_error(link(people.coordinator, one, "blocks", one), 422, "VALIDATION_ERROR")


def test_links_tell_nothing_of_foreign_tickets(people, db, ticket):
    hidden = create(people.other_employee, subject="Hidden")["ticket_number"]
    other = f"/api/v1/tickets/{hidden}"
    check_error(link(people.coordinator, ticket, "blocks", other), 422, "VALIDATION_ERROR")
    check_error(link(people.coordinator, ticket, "blocks", NOWHERE), 422, "VALIDATION_ERROR")
    assert link(people.admin, ticket, "blocks", other).status_code == 201
    assert links(people.admin, ticket) == [("blocks", hidden)]
    assert links(people.coordinator, ticket) == [] and links(people.employee, ticket) == []
    assert hidden not in people.employee.get(ticket + "/history").text


def test_who_may_link(people, ticket, three):
    for stranger in (people.employee, people.other_employee, people.other_coordinator, people.tts_admin):
        check_error(link(stranger, ticket, "blocks", three[0]), 403, "FORBIDDEN")
        check_error(stranger.delete(ticket + "/links/1"), 403, "FORBIDDEN")
    check_error(people.other_employee.get(ticket + "/links"), 403, "FORBIDDEN")
    check_error(people.coordinator.get(NOWHERE + "/links"), 404, "TICKET_NOT_FOUND")
    check_error(people.coordinator.delete(ticket + "/links/x"), 404, "NOT_FOUND")
    for body in ({}, {"type": "blocks"}, {"type": "loves", "ticket_number": "x"}, {"type": 5, "ticket_number": "x"}):
        assert people.coordinator.post(ticket + "/links", body).status_code in (400, 422)
    for method in ("GET", "POST"):
        check_error(people.nobody.request(method, ticket + "/links"), 401, "UNAUTHENTICATED")
    check_error(people.nobody.delete(ticket + "/links/1"), 401, "UNAUTHENTICATED")


# ---- approval -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def gated(people):
    people.admin.post("/api/v1/categories", {"name": "Gated", "needs_approval": True}, expect=201)


@pytest.fixture
def pending(people, gated):
    body = create(people.employee, category="gated")
    return f"/api/v1/tickets/{body['ticket_number']}"


def tasks_about(listener, number, until):
    """The names of the Celery tasks about the ticket, up to the first about the other one."""
    names = []
    while True:
        properties, body, _ = listener.receive(PROCESS_QUEUE)
        if body[0][0]["ticket_number"] == number:
            names.append(properties.headers["task"])
        if body[0][0]["ticket_number"] == until:
            return names


def test_approval_starts_the_workflow(people, db, pending, listener):
    number = number_of(pending)
    assert people.employee.get(pending).json()["approval_status"] == "pending"
    assert people.other_coordinator.get(pending, expect=200).json()["status"] == "Open"
    for client in (people.coordinator, people.admin, people.employee):
        found = client.get("/api/v1/tickets?approval=pending&page_size=100", expect=200).json()["results"]
        assert number in [one["ticket_number"] for one in found]
    assert people.other_employee.get("/api/v1/tickets?approval=pending", expect=200).json()["count"] == 0
    assert tasks_about(listener, number, create(people.employee)["ticket_number"]) == []
    body = people.coordinator.post(pending + "/approve", {"reason": "fine", "priority": "Urgent"}, expect=200).json()
    assert (body["approval_status"], body["priority"], body["status"]) == ("approved", "Urgent", "Open")
    assert tasks_about(listener, number, create(people.employee)["ticket_number"]) == ["tts.tasks.process_ticket"]
    rows = history(db, number)
    assert ("approval_status", "pending", "approved") in rows and ("priority", "High", "Urgent") in rows
    check_error(people.admin.post(pending + "/approve"), 409, "CONFLICT")
    check_error(people.admin.post(pending + "/reject", {"reason": "x"}), 409, "CONFLICT")


def test_rejection(people, pending, listener):
    queue = listener.listen("ticket.status_changed")
    for body in ({}, {"reason": ""}, {"reason": "  "}):
        check_error(people.coordinator.post(pending + "/reject", body), 400, "INVALID_INPUT")
    body = people.coordinator.post(pending + "/reject", {"reason": "no budget"}, expect=200).json()
    assert (body["approval_status"], body["status"]) == ("rejected", "Rejected")
    event = next_event(listener, queue, number_of(pending))["data"]
    assert event["reason"] == "no budget" and event["status"] == "Rejected"
    assert people.employee.post(pending + "/reopen", expect=200).json()["approval_status"] == "pending"
    people.employee.post(pending + "/withdraw", expect=200)
    assert tasks_about(listener, number_of(pending), create(people.employee)["ticket_number"]) == []
    found = people.coordinator.get("/api/v1/tickets?approval=pending&status=Withdrawn&page_size=100").json()["results"]
    assert number_of(pending) not in [one["ticket_number"] for one in found]
    check_error(people.other_coordinator.get(pending), 403, "FORBIDDEN")


def test_nothing_else_happens_to_a_pending_ticket(people, pending):
    for action in ("close", "hold", "resume", "reopen"):
        check_error(people.coordinator.post(f"{pending}/{action}"), 409, "CONFLICT")
    check_error(people.coordinator.patch(pending, {"status": "Resolved"}), 409, "CONFLICT")
    people.coordinator.patch(pending, {"priority": "Low"}, expect=200)
    identity = people.employee.get(pending).json()["id"]
    answer = people.coordinator.patch(f"/workflow/status/{identity}", {"status": "resolved"})
    assert answer.status_code == 400 and answer.json()["error"] == "the ticket waits for approval"


def test_who_may_decide(people, pending, ticket):
    for action, body in (("approve", None), ("reject", {"reason": "x"})):
        for stranger in (people.employee, people.tts_admin):
            check_error(stranger.post(f"{pending}/{action}", body), 403, "FORBIDDEN")
        check_error(people.other_employee.post(f"{pending}/{action}", body), 403, "FORBIDDEN")
        check_error(people.nobody.post(f"{pending}/{action}", body), 401, "UNAUTHENTICATED")
        check_error(people.coordinator.post(f"{NOWHERE}/{action}", body), 404, "TICKET_NOT_FOUND")
        check_error(people.coordinator.post(f"{ticket}/{action}", body), 409, "CONFLICT")
        check_error(people.coordinator.post(f"{pending}/{action}", body, headers={"If-Match": '"9"'}), 412,
                    "PRECONDITION_FAILED")
    check_error(people.coordinator.post(pending + "/approve", {"priority": "Huge"}), 422, "VALIDATION_ERROR")


# ---- time ---------------------------------------------------------------------------------------

def test_reopening_ends(people, db, ticket):
    people.coordinator.patch(ticket, {"status": "Resolved"}, expect=200)
    people.employee.post(ticket + "/close", expect=200)
    db.query("UPDATE ticket SET completed_at = completed_at - interval '31 days' WHERE number = %s", number_of(ticket),
             program="helpdesk-service")
    check_error(people.employee.post(ticket + "/reopen"), 409, "CONFLICT")
    check_error(people.admin.post(ticket + "/reopen"), 409, "CONFLICT")


def test_resolved_tickets_are_closed_once(people, db, listener, start_service):
    """By three processes at once, each ticket exactly once."""
    numbers = []
    for _ in range(12):
        number = create(people.employee)["ticket_number"]
        own(db, number)
        people.coordinator.patch(f"/api/v1/tickets/{number}", {"status": "Resolved"}, expect=200)
        numbers.append(number)
    closed = listener.listen("ticket.closed")
    db.query("UPDATE ticket SET updated_at = updated_at - interval '2 days' WHERE number = ANY (%s)", numbers[:10],
             program="helpdesk-service")
    db.query("UPDATE ticket SET updated_at = updated_at + interval '2 days' WHERE number = ANY (%s)", numbers[10:],
             program="helpdesk-service")
    for _ in range(3):
        start_helpdesk(start_service, db, env={"AUTO_CLOSE_AFTER": "20s"})

    def are_closed():
        rows = db.query("SELECT count(*) FROM ticket WHERE status = 'Closed' AND number = ANY (%s)", numbers,
                        program="helpdesk-service")
        return rows[0][0] == 10
    wait_for(are_closed, 60, "auto-close")
    for number in numbers[:10]:
        assert [row for row in history(db, number) if row[2] == "Closed"] == [("status", "Resolved", "Closed")]
    rows = db.query("SELECT h.changed_by, h.note FROM ticket_history h JOIN ticket t ON t.id = h.ticket_id "
                    "WHERE t.number = %s AND h.new_value = 'Closed'", numbers[0], program="helpdesk-service")
    assert rows == [(None, "closed automatically")]
    seen = [event["subject"] for event in (listener.receive(closed)[1] for _ in range(10))]
    assert sorted(seen) == sorted(numbers[:10])
    assert people.employee.get(f"/api/v1/tickets/{numbers[11]}").json()["status"] == "Resolved"
