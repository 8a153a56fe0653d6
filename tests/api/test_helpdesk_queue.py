"""What helpdesk-service says to the broker, and what it takes from it."""
import json
import re
import uuid

import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, OTHER_COORDINATOR, PROCESS_QUEUE, REVIEWER, STATUS_QUEUE,
                              TICKET, create, helpdesk, history, own, people)  # noqa: F401
from lib.amqp import Amqp
from lib.http import check_error
from lib.wait import wait_for


@pytest.fixture
def amqp(helpdesk, broker):
    wait_for(lambda: any(queue["name"] == STATUS_QUEUE and queue.get("consumers")
                         for queue in broker.api("GET", f"/queues/{broker.name}")), 20, "the consumer")
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        # Somebody wants every event, so that none waits for a first subscriber.
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


def task_of(properties, body):
    """Name and arguments of a Celery message, after a look at its envelope."""
    headers = properties.headers
    assert properties.content_type == "application/json" and properties.content_encoding == "utf-8"
    assert properties.delivery_mode == 2 and properties.correlation_id == headers["id"]
    for name in ("lang", "task", "id", "root_id", "parent_id", "group", "retries", "eta", "expires", "argsrepr",
                 "kwargsrepr", "origin"):
        assert name in headers, name
    args, kwargs, embed = body
    assert kwargs == {} and isinstance(embed, dict)
    return headers["task"], args


def next_task(amqp, number):
    while True:
        properties, body, _ = amqp.receive(PROCESS_QUEUE)
        task, args = task_of(properties, body)
        if args[0]["ticket_number"] == number:
            return task, args[0]


def ticket_events(amqp, queue, number, kinds):
    """The next events about the ticket, which are of these kinds in this order; their data."""
    found = []
    while len(found) < len(kinds):
        _, event, key = amqp.receive(queue)
        if event["subject"] != number:
            continue
        assert event["type"] == key and event["specversion"] == "1.0" and event["source"] == "helpdesk-service"
        found.append(event)
    assert [event["type"] for event in found] == list(kinds)
    return [event["data"] for event in found]


# ---- out ----------------------------------------------------------------------------------------

def test_created_ticket_goes_to_the_workflow(people, amqp):
    events = amqp.listen("ticket.#")
    body = create(people.employee)
    number = body["ticket_number"]
    task, payload = next_task(amqp, number)
    assert task == "tts.tasks.process_ticket"
    assert payload == {**TICKET, "ticket_number": number, "employee_id": EMPLOYEE, "employee_name": "John Doe",
                       "employee_email": "john.doe@company.com", "status": "Open", "created_at": body["created_at"]}
    assert list(payload) == ["ticket_number", "subject", "description", "category", "sub_category", "department",
                             "priority", "employee_id", "employee_name", "employee_email", "status", "created_at"]
    data, = ticket_events(amqp, events, number, ["ticket.created"])
    assert data["ticket_id"] == body["id"] and data["requester_id"] == EMPLOYEE and data["status"] == "Open"


def test_changes_are_told(people, db, amqp):
    events = amqp.listen("#")
    number = create(people.employee)["ticket_number"]
    own(db, number)
    assert next_task(amqp, number)[0] == "tts.tasks.process_ticket"
    path = f"/api/v1/tickets/{number}"
    people.coordinator.patch(path, {"priority": "Low", "status": "In Progress"}, expect=200)
    people.coordinator.post(path + "/comments", {"comment": "secret", "visibility": "internal"}, expect=201)
    people.coordinator.post(path + "/hold", {"reason": "parts"}, expect=200)
    people.coordinator.patch(path, {"status": "Resolved"}, expect=200)
    people.employee.post(path + "/close", {"csat_rating": 5, "feedback": "Excellent service"}, expect=200)
    _, updated, progress, comment, hold, resolved, closed, feedback = ticket_events(
        amqp, events, number, ["ticket.created", "ticket.updated", "ticket.status_changed", "ticket.commented",
                               "ticket.status_changed", "ticket.status_changed", "ticket.closed",
                               "feedback.received"])
    assert updated["priority"] == "Low" and updated["actor_id"] == COORDINATOR
    assert (progress["old_status"], progress["status"]) == ("Open", "In Progress")
    assert comment["comment"] == "secret" and comment["visibility"] == "internal"
    assert hold["reason"] == "parts" and hold["status"] == "On Hold"
    assert resolved["status"] == "Resolved"
    assert (closed["old_status"], closed["status"], closed["rating"]) == ("Resolved", "Closed", 5)
    assert feedback["rating"] == 5 and feedback["feedback"] == "Excellent service"
    told = [next_task(amqp, number) for _ in range(4)]
    assert {task for task, _ in told} == {"tts.tasks.receive_hdts_ticket_status"}
    assert [payload["status"] for _, payload in told] == ["In Progress", "On Hold", "Resolved", "Closed"]
    final = told[-1][1]
    assert final["csat_rating"] == 5 and final["feedback"] == "Excellent service"
    stamp = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    assert stamp.match(final["date_completed"]) and stamp.match(final["time_closed"])


def test_events_carry_the_trace(people, amqp):
    events = amqp.listen("ticket.created")
    trace = uuid.uuid4().hex
    answer = people.employee.post("/api/v1/tickets", TICKET, expect=201,
                                  headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    while True:
        properties, event, _ = amqp.receive(events)
        if event["subject"] == answer.json()["ticket_number"]:
            break
    assert event["id"] == properties.message_id
    assert trace in json.dumps({**event, **(properties.headers or {})})


# ---- in: tasks of the workflow ------------------------------------------------------------------

def shown(people, number):
    return people.admin.get(f"/api/tickets/number/{number}/", expect=200).json()


@pytest.mark.parametrize("args,kwargs", [(lambda n: [n, COORDINATOR], None),
                                         (lambda n: [], lambda n: {"ticket_number": n, "owner_id": COORDINATOR}),
                                         (lambda n: [n], lambda n: {"owner_id": str(COORDINATOR)}),
                                         (lambda n: [{"ticket_number": n, "owner_id": COORDINATOR}], None)])
def test_update_ticket_owner(people, db, amqp, args, kwargs):
    events = amqp.listen("ticket.assigned")
    number = create(people.employee)["ticket_number"]
    amqp.send_task(STATUS_QUEUE, "update_ticket_owner", args(number), kwargs(number) if kwargs else None)
    wait_for(lambda: shown(people, number)["ticket_owner_id"] == COORDINATOR)
    assert shown(people, number)["ticket_owner_name"] == "Jane Smith"
    people.coordinator.get(f"/api/tickets/number/{number}/", expect=200)
    data, = ticket_events(amqp, events, number, ["ticket.assigned"])
    assert data["owner_id"] == COORDINATOR and data["owner_name"] == "Jane Smith"
    assert data.get("actor_id") is None
    assert ("owner", None, str(COORDINATOR)) in history(db, number)


def test_a_new_owner_takes_the_ticket_over(people, amqp):
    number = create(people.employee)["ticket_number"]
    for owner in (COORDINATOR, OTHER_COORDINATOR):
        amqp.send_task(STATUS_QUEUE, "update_ticket_owner", [number, owner])
    wait_for(lambda: shown(people, number)["ticket_owner_id"] == OTHER_COORDINATOR)
    check_error(people.coordinator.get(f"/api/tickets/number/{number}/"), 403, "FORBIDDEN")
    assert number in people.other_coordinator.get("/api/v1/tickets").text
    assert number not in people.coordinator.get("/api/v1/tickets?page_size=100").text


def counted(helpdesk, code):
    found = re.search(r'helpdesk_queue_problems_total\{[^}]*code="%s"[^}]*\} (\d+)' % code,
                      helpdesk.http.get("/metrics").text)
    return int(found.group(1)) if found else 0


def test_task_for_an_unknown_ticket_is_counted_and_done(helpdesk, broker, amqp):
    before = counted(helpdesk, "TICKET_NOT_FOUND")
    amqp.send_task(STATUS_QUEUE, "update_ticket_owner", ["TX20200101000001", COORDINATOR])
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", ["nonsense", "Resolved"])
    wait_for(lambda: counted(helpdesk, "TICKET_NOT_FOUND") == before + 2)
    wait_for(lambda: amqp.count(STATUS_QUEUE) == 0)
    assert "TICKET_NOT_FOUND" in helpdesk.log_text()


def test_unknown_owner_is_rolled_back(helpdesk, people, db, amqp):
    before = counted(helpdesk, "INVALID_OWNER")
    number = create(people.employee)["ticket_number"]
    amqp.send_task(STATUS_QUEUE, "update_ticket_owner", [number, 999999])
    wait_for(lambda: counted(helpdesk, "INVALID_OWNER") > before)
    assert shown(people, number)["ticket_owner_id"] is None
    assert history(db, number) == [("created", None, number)]
    # The person becomes known in the meantime: a later attempt succeeds.
    db.query("INSERT INTO person (id, email, name, department, active, version) "
             "VALUES (999999, 'late@company.com', 'Late Comer', '', true, 1)", program="helpdesk-service")
    wait_for(lambda: shown(people, number)["ticket_owner_name"] == "Late Comer")


def test_send_ticket_status(people, db, amqp):
    events = amqp.listen("ticket.status_changed")
    number = create(people.employee)["ticket_number"]
    next_task(amqp, number)
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [number, "in_progress"])
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [], {"ticket_number": number, "status": "Resolved"})
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [{"ticket_number": number, "status": "resolved"}])
    first, second = ticket_events(amqp, events, number, ["ticket.status_changed"] * 2)
    assert (first["status"], second["old_status"], second["status"]) == ("In Progress", "In Progress", "Resolved")
    body = shown(people, number)
    assert body["status"] == "Resolved" and body["date_completed"]
    assert [row for row in history(db, number) if row[0] == "status"] == [
        ("status", "Open", "In Progress"), ("status", "In Progress", "Resolved")]
    # The workflow is not told what it said itself.
    other = create(people.employee)["ticket_number"]
    assert next_task(amqp, other)[0] == "tts.tasks.process_ticket"
    people.employee.post(f"/api/v1/tickets/{number}/close", {"csat_rating": 3}, expect=200)
    assert next_task(amqp, number)[1]["status"] == "Closed"


def test_late_status_does_not_open_a_closed_ticket(helpdesk, people, amqp):
    number = create(people.employee)["ticket_number"]
    people.employee.post(f"/api/v1/tickets/{number}/withdraw", expect=200)
    before = counted(helpdesk, "INVALID_STATUS")
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [number, "In Progress"])
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [number, "Pending External"])
    other = create(people.employee)["ticket_number"]
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [other, "Nonsense"])
    wait_for(lambda: counted(helpdesk, "INVALID_STATUS") >= before + 2)
    assert shown(people, number)["status"] == "Withdrawn" and shown(people, other)["status"] == "Open"


def test_what_is_delivered_twice_is_done_once(people, db, amqp):
    number = create(people.employee)["ticket_number"]
    identity = str(uuid.uuid4())
    for _ in range(2):
        amqp.send_task(STATUS_QUEUE, "update_ticket_owner", [number, COORDINATOR], id=identity)
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [number, "Resolved"])
    wait_for(lambda: shown(people, number)["status"] == "Resolved")
    assert len([row for row in history(db, number) if row[0] == "owner"]) == 1


@pytest.mark.parametrize("body", [b"not json", b"{}", b"[]", b'[["x"],{}]', b"[" * 3000, b"\xff\xfe"],
                         ids=["text", "object", "empty", "short", "deep", "binary"])
def test_malformed_tasks_harm_nothing(helpdesk, people, amqp, body):
    amqp.publish("", STATUS_QUEUE, body, headers={"task": "update_ticket_owner", "id": str(uuid.uuid4())})
    amqp.publish("", STATUS_QUEUE, body, headers={"task": "no.such.task", "id": str(uuid.uuid4())})
    number = create(people.employee)["ticket_number"]
    amqp.send_task(STATUS_QUEUE, "send_ticket_status", [number, "On Hold"])
    wait_for(lambda: shown(people, number)["status"] == "On Hold")
    assert helpdesk.is_running()


# ---- in: events ---------------------------------------------------------------------------------

def task_assigned(amqp, number, assignee):
    amqp.send_event("task.assigned", {"task_id": 1, "task_item_id": 1, "ticket_number": number, "subject": "x",
                                      "workflow_name": "IT Support Workflow", "step": "Review", "role": "Reviewer",
                                      "status": "new", "assignee_id": assignee, "assignee_name": "Rita Reviewer"},
                    source="workflow-service", subject=number)


def test_an_assigned_person_may_see_the_ticket(people, amqp):
    number = create(people.employee)["ticket_number"]
    path = f"/api/tickets/number/{number}/"
    check_error(people.reviewer.get(path), 403, "FORBIDDEN")
    task_assigned(amqp, number, REVIEWER)
    wait_for(lambda: people.reviewer.get(path).status_code == 200)
    assert number in people.reviewer.get("/api/v1/tickets").text
    people.reviewer.post(f"/api/v1/tickets/{number}/comments", {"comment": "note", "visibility": "internal"}, expect=201)
    assert people.reviewer.get(path).json()["comments"][0]["comment"] == "note"
    assert people.employee.get(path).json()["comments"] == []
    check_error(people.reviewer.patch(f"/api/v1/tickets/{number}", {"priority": "Low"}), 403, "FORBIDDEN")


def test_people_events(people, db, amqp):
    number = create(people.employee)["ticket_number"]
    user = {"id": 5000, "email": "new@company.com", "name": "New Coordinator", "department": "IT Department",
            "active": True, "version": 1, "roles": [{"system": "hdts", "role": "Ticket Coordinator",
                                                     "system_role_id": 5}]}
    amqp.send_event("user.created", user, source="auth-service")
    amqp.send_task(STATUS_QUEUE, "update_ticket_owner", [number, 5000])
    wait_for(lambda: shown(people, number)["ticket_owner_name"] == "New Coordinator")
    amqp.send_event("user.updated", {**user, "name": "Renamed", "version": 2}, source="auth-service")
    wait_for(lambda: shown(people, number)["ticket_owner_name"] == "Renamed")
