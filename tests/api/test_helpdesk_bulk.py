"""Changing many tickets at once: operations, jobs, their items, and what happens when something dies."""
import itertools
import json
import threading
import uuid

import psycopg2
import pytest

from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, OTHER_COORDINATOR, OTHER_EMPLOYEE, PROCESS_QUEUE, REVIEWER,  # noqa: F401
                              TTS_ADMIN, create, helpdesk, history, own, people, start_helpdesk)
from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error
from lib.wait import wait_for

BULK, JOBS = "/api/v1/tickets/bulk", "/api/v1/jobs"
NO_JOB = f"{JOBS}/00000000-0000-4000-8000-000000000000"
HIGH = [{"op": "set_priority", "priority": "High"}]
ROLES = [(EMPLOYEE, tokens.EMPLOYEE), (OTHER_EMPLOYEE, tokens.EMPLOYEE), (COORDINATOR, tokens.COORDINATOR),
         (OTHER_COORDINATOR, tokens.COORDINATOR), (REVIEWER, tokens.REVIEWER), (ADMIN, tokens.ADMIN),
         (TTS_ADMIN, [("tts", "Admin")])]
PROGRAM = "helpdesk-service"
sequence = itertools.count(1)


def grant(db, user_id, roles):
    """What role.assigned and role.revoked would leave."""
    db.query("DELETE FROM person_role WHERE person_id = %s", user_id, program=PROGRAM)
    for number, (system, role) in enumerate(roles, 1):
        db.query("INSERT INTO person_role VALUES (%s, %s, %s, %s)", user_id, system, role, number, program=PROGRAM)


@pytest.fixture(scope="module", autouse=True)
def everything(helpdesk, broker, db):
    """A queue that gets every message, and people with their roles."""
    for user_id, roles in ROLES:
        grant(db, user_id, roles)
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


def some_tickets(db, count, owner=COORDINATOR, priority="Low"):
    """Numbers of so many new tickets of an owner, made without the program."""
    first = next(sequence) * 100000
    db.query("INSERT INTO ticket (id, number, subject, description, category, department, priority, requester_id,"
             " requester_name, requester_email, owner_id, owner_name, created_at, updated_at)"
             " SELECT 1000000000 + n, 'TX20200101' || n, 'Bulk', 'Text', 'IT Support', 'IT Department',"
             " %s::ticket_priority, %s, 'John Doe', 'john.doe@company.com', %s, 'Jane Smith', now(), now()"
             " FROM generate_series(%s, %s) n", priority, EMPLOYEE, owner, 100000 + first, 100000 + first + count - 1,
             program=PROGRAM)
    for user, column in ((EMPLOYEE, "is_requester"), (owner, "is_owner")):
        db.query(f"INSERT INTO ticket_participant (user_id, ticket_id, created_at, {column}) SELECT %s, id, created_at,"
                 " true FROM ticket WHERE id BETWEEN %s AND %s", user, 1000100000 + first, 1000100000 + first + count - 1,
                 program=PROGRAM)
    return [f"TX20200101{100000 + first + n}" for n in range(count)]


def order(client, numbers, operations, expect=202, wait=None, key=None, **members):
    """The answer to a bulk change."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    if wait:
        headers["Prefer"] = f"wait={wait}"
    return client.post(BULK, {"select": {"numbers": numbers}, "operations": operations, **members}, expect=expect,
                       headers=headers)


def now(client, numbers, operations, **members):
    """The finished job of a bulk change, with its items."""
    job = order(client, numbers, operations, wait=10, expect=None, **members)
    assert job.status_code in (200, 202), job.text
    body = job.json()
    finished(client, body["id"])
    return {**client.get(f"{JOBS}/{body['id']}", expect=200).json(), "items": items(client, body["id"])}


def finished(client, job_id):
    """The job, once it has ended."""
    def ended():
        job = client.get(f"{JOBS}/{job_id}", expect=200).json()
        return job if job["finished_at"] else None
    return wait_for(ended, 120, "the end of the job", 0.05)


def items(client, job_id, query=""):
    return client.get(f"{JOBS}/{job_id}/items?page_size=100{query}", expect=200).json()["results"]


def counts(job):
    return job["state"], job["total"], job["done"], job["failed"], job["skipped"]


def changes(db, numbers, field="priority"):
    """How often the field of each ticket has changed, by the history."""
    rows = db.query("SELECT t.number, (SELECT count(*) FROM ticket_history h WHERE h.ticket_id = t.id"
                    " AND h.field_name = %s) FROM ticket t WHERE t.number = ANY(%s)", field, list(numbers),
                    program=PROGRAM)
    return dict(rows)


class Locked:
    """Holds a ticket's row, so that whoever changes it waits."""

    def __init__(self, db, number):
        self.connection = psycopg2.connect(db.url(PROGRAM))
        self.cursor = self.connection.cursor()
        self.cursor.execute("SELECT 1 FROM ticket WHERE number = %s FOR UPDATE", (number,))

    def __enter__(self):
        return self

    def release(self):
        self.connection.close()

    def __exit__(self, *_):
        self.release()


# ---- the order ----------------------------------------------------------------------------------

def test_a_few_tickets_at_once(people, db, everything):
    numbers = some_tickets(db, 3)
    answer = order(people.coordinator, numbers + numbers[:1], HIGH + [{"op": "add_tags", "tags": ["VPN"]},
                   {"op": "comment", "comment": "We know <b>this</b>'; --"}], wait=30, reason="outage", expect=200)
    assert answer.headers["Preference-Applied"] == "wait=10"
    job = answer.json()
    assert answer.headers["Location"] == f"{JOBS}/{job['id']}"
    assert counts(job) == ("succeeded", 3, 3, 0, 0) and job["kind"] == "ticket.bulk"
    assert job["created_by"] == COORDINATOR and job["created_by_name"] == "Jane Smith" and not job["error"]
    assert [(one["ticket_number"], one["state"], one["code"], one["version"]) for one in job["items"]] == [
        (number, "done", None, 3) for number in numbers]
    for number in numbers:
        ticket = people.coordinator.get(f"/api/v1/tickets/{number}", expect=200).json()
        assert (ticket["priority"], ticket["tags"]) == ("High", ["vpn"])
        assert [one["comment"] for one in ticket["comments"]] == ["We know <b>this</b>'; --"]
        assert history(db, number)[:2] == [("priority", "Low", "High"), ("tags", None, "vpn")]
        rows = db.query("SELECT changed_by, changed_by_name, note FROM ticket_history h JOIN ticket t"
                        " ON t.id = h.ticket_id WHERE t.number = %s AND field_name = 'priority'", number, program=PROGRAM)
        assert rows == [(COORDINATOR, "Jane Smith", "outage")]
    told = {number: [] for number in numbers}
    while any(len(kinds) < 2 for kinds in told.values()):
        _, event, kind = everything.receive("everything")
        if event["subject"] in told:
            told[event["subject"]].append(kind)
            assert event["data"]["actor_id"] == COORDINATOR
    assert set(map(tuple, told.values())) == {("ticket.updated", "ticket.commented")}
    event = everything.receive_type("everything", "job.completed", where=lambda one: one["subject"] == job["id"])
    assert event["data"] == {"job_id": job["id"], "kind": "ticket.bulk", "state": "succeeded", "dry_run": False,
                             "total": 3, "done": 3, "failed": 0, "skipped": 0, "created_by": COORDINATOR,
                             "created_by_name": "Jane Smith", "created_at": event["data"]["created_at"],
                             "finished_at": event["data"]["finished_at"]}


def test_a_job_goes_on_by_itself(people, db):
    numbers = some_tickets(db, 120)
    answer = order(people.coordinator, numbers, HIGH, wait=5)  # too many to wait for
    job = answer.json()
    assert counts(job)[1:] == (0, 0, 0, 0) and job["state"] == "queued" and "items" not in job
    assert answer.headers["Location"] == f"{JOBS}/{job['id']}" and "Preference-Applied" not in answer.headers
    job = finished(people.coordinator, job["id"])
    assert counts(job) == ("succeeded", 120, 120, 0, 0)
    assert job["created_at"] <= job["started_at"] <= job["finished_at"] < job["expires_at"]
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_it_needs_a_key(people, db):
    numbers = some_tickets(db, 1)
    refused = people.coordinator.post(BULK, {"select": {"numbers": numbers}, "operations": HIGH})
    body = check_error(refused, 400, "INVALID_INPUT")
    assert "is required" in body["details"]["fields"]["Idempotency-Key"]
    body = check_error(order(people.coordinator, numbers, HIGH, key="x" * 256, expect=None), 400, "INVALID_INPUT")
    assert "255" in body["details"]["fields"]["Idempotency-Key"]


def test_a_repeated_order_is_one_job(people, db):
    numbers, key = some_tickets(db, 2), uuid.uuid4().hex
    first = order(people.coordinator, numbers, HIGH, key=key)
    again = order(people.coordinator, numbers, HIGH, key=key, wait=5)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    check_error(order(people.coordinator, numbers[:1], HIGH, key=key, expect=None), 422, "VALIDATION_ERROR")
    finished(people.coordinator, first.json()["id"])
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)
    other = order(people.other_coordinator, numbers, HIGH, key=key).json()
    assert other["id"] != first.json()["id"]


def test_many_repeats_at_once_are_one_job(people, db):
    numbers, key, ids = some_tickets(db, 1), uuid.uuid4().hex, []

    def send():
        ids.append(order(people.coordinator, numbers, HIGH, key=key).json()["id"])
    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 6 and len(set(ids)) == 1


def fields(answer, status, code):
    return set(check_error(answer, status, code)["details"]["fields"])


def test_all_problems_are_named_at_once(people):
    operations = [{"op": "set_status", "status": "Nowhere"}, {"op": "set_priority"}, {"op": "comment", "comment": " "},
                  {"op": "hold", "status": "Open"}, {"op": "add_tags", "tags": ["a,b"]}, {"op": "set_priority", "priority": "x"},
                  {"op": "fly"}, {"op": "set_category", "category": None}, {"op": "comment", "comment": "x", "surprise": 1},
                  {"op": "assign"}, {"op": "reject"}, {"op": "assign", "user_id": 0}]
    numbers = ["TX20200101100001", "nonsense", "' OR 1=1 --"]
    assert fields(order(people.coordinator, numbers, operations, expect=None), 422, "VALIDATION_ERROR") == {
        "select.numbers[1]", "select.numbers[2]", "operations[0].status", "operations[1].priority",
        "operations[2].comment", "operations[3].status", "operations[4].tags", "operations[5].priority",
        "operations[6].op", "operations[7].category", "operations[8].surprise", "operations[9].user_id", "reason",
        "operations[11].user_id"}


@pytest.mark.parametrize("body,status,field", [
    ({"operations": HIGH}, 400, "select"), ({"select": {}, "operations": HIGH}, 422, "select"),
    ({"select": {"numbers": "x"}, "operations": HIGH}, 400, "select.numbers"),
    ({"select": {"numbers": [5]}, "operations": HIGH}, 400, "select.numbers[0]"),
    ({"select": [], "operations": HIGH}, 400, "select"), ({"select": {"numbers": ["TX20200101100001"]}}, 400, "operations"),
    ({"select": {"numbers": []}, "operations": HIGH}, 422, "select.numbers"),
    ({"select": {"numbers": ["TX20200101100001"], "query": "x"}, "operations": HIGH}, 422, "select"),
    ({"select": {"numbers": ["TX20200101100001"], "max": 5}, "operations": HIGH}, 422, "select.max"),
    ({"select": {"query": " "}, "operations": HIGH}, 422, "select.query"),
    ({"select": {"query": "status:nowhere"}, "operations": HIGH}, 422, "select.query"),
    ({"select": {"query": "nofield:x"}, "operations": HIGH}, 422, "select.query"),
    ({"select": {"query": "x" * 1001}, "operations": HIGH}, 422, "select.query"),
    ({"select": {"query": 5}, "operations": HIGH}, 400, "select.query"),
    ({"select": {"query": "x", "max": 0}, "operations": HIGH}, 422, "select.max"),
    ({"select": {"query": "x", "max": 10001}, "operations": HIGH}, 422, "select.max"),
    ({"select": {"numbers": ["TX20200101100001"] * 10001}, "operations": HIGH}, 422, "select.numbers"),
    ({"select": {"numbers": ["TX20200101100001"], "x": 1}, "operations": HIGH}, 422, "select.x"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": []}, 422, "operations"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": HIGH * 21}, 422, "operations"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": [5]}, 400, "operations[0]"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": HIGH, "reason": "x" * 1001}, 422, "reason"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": HIGH, "atomic": "yes"}, 400, "atomic"),
    ({"select": {"numbers": ["TX20200101100001"]}, "operations": HIGH, "unknown": 1}, 422, "unknown"),
    ({"select": {"numbers": ["TX20200101100001"] * 101}, "operations": HIGH, "atomic": True}, 422, "select.numbers")])
def test_bad_orders(people, body, status, field):
    refused = people.coordinator.post(BULK, body, headers={"Idempotency-Key": uuid.uuid4().hex})
    assert fields(refused, status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR") == {field}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"select":{"numbers":["\xff"]}}', b'{"select":{"numbers":["\\u0000"]}}',
                                  b"[" * 100000, b'{"select":{"numbers":[1e999]}}'])
def test_bodies_that_are_no_order(people, body):
    refused = people.coordinator.request("POST", BULK, data=body, headers={
        "Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"})
    check_error(refused, 400, "INVALID_INPUT")


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=x", "respond-async", "wait=99999999999999999999",
                                    ",,;=", "wait=0", "x" * 3000])
def test_odd_preferences_wait_for_nothing(people, db, prefer):
    answer = people.coordinator.post(BULK, {"select": {"numbers": some_tickets(db, 1)}, "operations": HIGH}, expect=202,
                                     headers={"Idempotency-Key": uuid.uuid4().hex, "Prefer": prefer})
    assert "Preference-Applied" not in answer.headers


def test_a_preference_among_others(people, db):
    answer = people.coordinator.post(BULK, {"select": {"numbers": some_tickets(db, 1)}, "operations": HIGH}, expect=200,
                                     headers={"Idempotency-Key": uuid.uuid4().hex, "Prefer": "handling=lenient, Wait = 10"})
    assert len(answer.json()["items"]) == 1


# ---- operations ---------------------------------------------------------------------------------

@pytest.mark.parametrize("operation,member,expected", [
    ({"op": "set_status", "status": "in_progress"}, "status", "In Progress"),
    ({"op": "set_priority", "priority": "critical"}, "priority", "Urgent"),
    ({"op": "set_category", "category": "it support", "sub_category": "VPN <x>"}, "sub_category", "VPN <x>"),
    ({"op": "set_category", "category": " Elsewhere "}, "category", "Elsewhere"),
    ({"op": "set_department", "department": "Nowhere'"}, "department", "Nowhere'"),
    ({"op": "set_department", "department": None}, "department", None),
    ({"op": "add_tags", "tags": ["B", "a"]}, "tags", ["a", "b"]),
    ({"op": "assign", "user_id": OTHER_COORDINATOR}, "current_owner", OTHER_COORDINATOR),
    ({"op": "assign", "user_id": None}, "current_owner", None),
    ({"op": "hold"}, "status", "On Hold"),
    ({"op": "close"}, "status", "Closed")])
def test_operations(people, db, operation, member, expected):
    number, = some_tickets(db, 1)
    job = now(people.admin, [number], [operation])
    assert counts(job) == ("succeeded", 1, 1, 0, 0), job
    ticket = people.admin.get(f"/api/v1/tickets/{number}", expect=200).json()
    if member == "current_owner":
        (owner,), = db.query("SELECT owner_id FROM ticket WHERE number = %s", number, program=PROGRAM)
        assert owner == expected
    else:
        assert ticket[member] == expected
    assert job["items"][0]["version"] == ticket["version"] == 2


def test_operations_follow_one_another(people, db):
    number, = some_tickets(db, 1)
    steps = [{"op": "set_status", "status": "Resolved"}, {"op": "reopen"}, {"op": "hold"}, {"op": "resume"},
             {"op": "add_tags", "tags": ["x", "y"]}, {"op": "remove_tags", "tags": ["X", "never"]},
             {"op": "comment", "comment": "one", "visibility": "internal"}, {"op": "add_watcher", "user_id": OTHER_EMPLOYEE},
             {"op": "add_watcher"}, {"op": "remove_watcher"}]
    job = now(people.coordinator, [number], steps)
    assert counts(job) == ("succeeded", 1, 1, 0, 0), job
    ticket = people.coordinator.get(f"/api/v1/tickets/{number}", expect=200).json()
    assert (ticket["status"], ticket["tags"]) == ("Open", ["y"])
    assert ticket["comments"][0]["visibility"] == "internal"
    watchers = people.coordinator.get(f"/api/v1/tickets/{number}/watchers", expect=200).json()["results"]
    assert [one["user_id"] for one in watchers] == [OTHER_EMPLOYEE]
    assert "one" not in people.employee.get(f"/api/v1/tickets/{number}", expect=200).text


def test_nothing_to_change_is_done(people, db):
    number, = some_tickets(db, 1, priority="High")
    job = now(people.coordinator, [number], HIGH + [{"op": "remove_tags", "tags": ["x"]}, {"op": "remove_watcher"}])
    assert counts(job) == ("succeeded", 1, 1, 0, 0) and job["items"][0]["version"] == 1
    assert history(db, number) == []


def test_approval(people, db):
    waiting = [create(people.employee)["ticket_number"] for _ in range(2)]
    db.query("UPDATE ticket SET approval = 'pending' WHERE number = ANY(%s)", waiting, program=PROGRAM)
    assert counts(now(people.other_coordinator, waiting[:1], [{"op": "approve"}]))[0] == "succeeded"
    job = now(people.other_coordinator, waiting[1:], [{"op": "set_status", "status": "Resolved"}])
    assert (job["items"][0]["code"], job["items"][0]["message"]) == ("CONFLICT", "The ticket waits for approval")
    assert counts(now(people.other_coordinator, waiting[1:], [{"op": "reject"}], reason="no"))[0] == "succeeded"
    status = [people.employee.get(f"/api/v1/tickets/{one}", expect=200).json()["status"] for one in waiting]
    assert status == ["Open", "Rejected"]


def test_requesters_do_what_they_may(people, db):
    numbers = some_tickets(db, 2)
    job = now(people.employee, numbers, [{"op": "comment", "comment": "me, too"}, {"op": "withdraw"}])
    assert counts(job)[0] == "succeeded"
    job = now(people.employee, numbers, [{"op": "comment", "comment": "and now?"}])
    assert {(one["code"], one["message"]) for one in job["items"]} == {
        ("CONFLICT", "A closed ticket must be reopened first")}
    more = some_tickets(db, 2)
    for steps in (HIGH, [{"op": "hold"}], [{"op": "comment", "comment": "x", "visibility": "internal"}],
                  [{"op": "assign", "user_id": EMPLOYEE}], [{"op": "add_watcher", "user_id": OTHER_EMPLOYEE}]):
        job = now(people.employee, more, steps)
        assert job["state"] == "failed" and {one["code"] for one in job["items"]} == {"FORBIDDEN"}, steps
    assert history(db, more[0]) == []


def test_refused_items_say_why(people, db):
    mine, = some_tickets(db, 1)
    foreign, = some_tickets(db, 1, owner=OTHER_COORDINATOR)
    finished_one, = some_tickets(db, 1)
    now(people.coordinator, [finished_one], [{"op": "close"}])
    nothing = "TX20200101999999999"
    job = now(people.coordinator, [nothing, mine, foreign, finished_one], [{"op": "hold"}])
    assert counts(job) == ("partial", 4, 1, 3, 0)
    assert [(one["ticket_number"], one["state"], one["code"]) for one in job["items"]] == [
        (nothing, "failed", "TICKET_NOT_FOUND"), (mine, "done", None), (foreign, "failed", "FORBIDDEN"),
        (finished_one, "failed", "CONFLICT")]
    assert job["items"][3]["message"] == "The ticket is Closed"
    assert [one["ticket_number"] for one in items(people.coordinator, job["id"], "&state=failed")] == [
        nothing, foreign, finished_one]
    for step, code in (({"op": "assign", "user_id": 10 ** 9}, "USER_NOT_FOUND"),
                       ({"op": "add_watcher", "user_id": 10 ** 9}, "USER_NOT_FOUND"),
                       ({"op": "set_status", "status": "Withdrawn"}, "CONFLICT")):
        assert now(people.coordinator, [mine], [step])["items"][0]["code"] == code


def test_a_refused_item_leaves_nothing(people, db):
    """What comes before the refused operation is not done either."""
    number, = some_tickets(db, 1)
    job = now(people.coordinator, [number], HIGH + [{"op": "comment", "comment": "x"}, {"op": "withdraw"}])
    assert job["items"][0]["code"] == "FORBIDDEN" and job["state"] == "failed"
    assert history(db, number) == []


def test_too_many_tags(people, db):
    number, = some_tickets(db, 1)
    steps = [{"op": "add_tags", "tags": [f"a{i}" for i in range(20)]}, {"op": "add_tags", "tags": ["one more"]}]
    job = now(people.coordinator, [number], steps)
    assert job["items"][0]["code"] == "VALIDATION_ERROR" and "20" in job["items"][0]["message"]


# ---- by a query ---------------------------------------------------------------------------------

def tag(db, numbers, word):
    db.query("INSERT INTO ticket_tag (ticket_id, tag, created_at) SELECT id, %s, created_at FROM ticket"
             " WHERE number = ANY(%s)", word, list(numbers), program=PROGRAM)
    db.query("UPDATE ticket SET tags = array_append(tags, %s) WHERE number = ANY(%s)", word, list(numbers), program=PROGRAM)


def by_query(client, query, operations, expect=202, maximum=None, **members):
    select = {"query": query, **({"max": maximum} if maximum else {})}
    job = client.post(BULK, {"select": select, "operations": operations, **members}, expect=expect,
                      headers={"Idempotency-Key": uuid.uuid4().hex}).json()
    return finished(client, job["id"])


def test_a_query_selects_within_the_scope_of_who_asks(people, db):
    mine, foreign = some_tickets(db, 4), some_tickets(db, 2, owner=OTHER_COORDINATOR)
    tag(db, mine + foreign, "query-a")
    now(people.coordinator, mine[:1], [{"op": "hold"}])
    job = by_query(people.coordinator, "tag:query-a -status:on-hold owner:me", HIGH)
    assert counts(job) == ("succeeded", 3, 3, 0, 0)
    assert changes(db, mine + foreign) == {**dict.fromkeys(mine[1:], 1), **dict.fromkeys(mine[:1] + foreign, 0)}
    assert counts(by_query(people.coordinator, "tag:query-a", HIGH, dry_run=True))[:3] == ("succeeded", 4, 4)
    assert counts(by_query(people.admin, "tag:query-a", HIGH))[:3] == ("succeeded", 6, 6)
    assert counts(by_query(people.employee, "tag:query-a", [{"op": "withdraw"}], dry_run=True))[:3] == ("succeeded", 6, 6)
    assert counts(by_query(people.other_employee, "tag:query-a", HIGH)) == ("succeeded", 0, 0, 0, 0)


def test_a_query_answers_at_once_when_it_finds_few(people, db):
    numbers = some_tickets(db, 3)
    tag(db, numbers, "query-b")
    job = people.coordinator.post(BULK, {"select": {"query": "tag:query-b"}, "operations": HIGH}, expect=200, headers={
        "Idempotency-Key": uuid.uuid4().hex, "Prefer": "wait=10"}).json()
    assert {one["ticket_number"] for one in job["items"]} == set(numbers)


def test_what_changes_does_not_change_the_selection(people, db):
    """The operation makes the tickets leave the query; all that matched at first are dealt with."""
    numbers = some_tickets(db, 2500)
    tag(db, numbers, "query-c")
    job = by_query(people.coordinator, "tag:query-c priority:low", HIGH)
    assert counts(job) == ("succeeded", 2500, 2500, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_a_query_finds_no_more_than_is_allowed(people, db):
    numbers = some_tickets(db, 10001)
    tag(db, numbers, "query-d")
    job = by_query(people.coordinator, "tag:query-d", [{"op": "hold"}])
    assert job["state"] == "failed" and "10000" in job["error"] and job["done"] == 0
    job = by_query(people.coordinator, "tag:query-d", [{"op": "hold"}], maximum=150)
    assert counts(job) == ("succeeded", 150, 150, 0, 0)
    job = by_query(people.coordinator, "tag:query-d", HIGH, atomic=True)
    assert job["state"] == "failed" and "100" in job["error"]
    assert counts(by_query(people.coordinator, "tag:query-d", HIGH, atomic=True, maximum=7))[:3] == ("succeeded", 7, 7)
    assert sum(changes(db, numbers).values()) == 7


def test_hostile_queries(people):
    for query in ("'; DROP TABLE ticket --", "tag:\"' OR 1=1 --\"", "<script>", "\\", "%_%", "number:TX*"):
        job = by_query(people.other_employee, query, HIGH, dry_run=True)
        assert job["state"] in ("succeeded", "failed")


def test_a_query_of_somebody_who_is_gone(people, db):
    db.query("UPDATE person SET active = false WHERE id = %s", OTHER_EMPLOYEE, program=PROGRAM)
    try:
        job = by_query(people.other_employee, "is:open", HIGH)
        assert job["state"] == "failed" and job["error"] and job["total"] == 0
    finally:
        db.query("UPDATE person SET active = true WHERE id = %s", OTHER_EMPLOYEE, program=PROGRAM)


# ---- dry run, atomic ----------------------------------------------------------------------------

def test_a_dry_run_changes_nothing(people, db, everything):
    mine, = some_tickets(db, 1)
    foreign, = some_tickets(db, 1, owner=OTHER_COORDINATOR)
    job = now(people.coordinator, [mine, foreign], HIGH + [{"op": "comment", "comment": "hi"}, {"op": "add_watcher"}],
              dry_run=True)
    assert counts(job) == ("partial", 2, 1, 1, 0) and job["dry_run"]
    assert job["items"][0]["changes"] == [{"field": "priority", "old": "Low", "new": "High"},
                                          {"field": "comment", "old": None, "new": "hi"},
                                          {"field": "watcher", "old": None, "new": str(COORDINATOR)}]
    assert job["items"][0]["version"] == 1 and job["items"][1]["code"] == "FORBIDDEN"
    assert history(db, mine) == [] and people.coordinator.get(f"/api/v1/tickets/{mine}").json()["comments"] == []
    event = everything.receive_type("everything", "job.completed", where=lambda one: one["subject"] == job["id"])
    assert event["data"]["dry_run"] is True


def test_all_or_nothing(people, db):
    numbers = some_tickets(db, 5)
    assert counts(now(people.coordinator, numbers, HIGH, atomic=True)) == ("succeeded", 5, 5, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)
    foreign, = some_tickets(db, 1, owner=OTHER_COORDINATOR)
    job = now(people.coordinator, numbers[:2] + [foreign] + numbers[2:], [{"op": "hold"}, {"op": "comment", "comment": "x"}],
              atomic=True)
    assert counts(job) == ("failed", 6, 0, 1, 5) and job["error"] and job["atomic"]
    assert {one["ticket_number"]: one["code"] for one in job["items"]} == {
        **dict.fromkeys(numbers, "ROLLED_BACK"), foreign: "FORBIDDEN"}
    assert changes(db, numbers, "status") == dict.fromkeys(numbers, 0)
    assert changes(db, numbers, "comment") == dict.fromkeys(numbers, 0)
    assert db.query("SELECT count(*) FROM outbox WHERE key = ANY(%s) AND type = 'ticket.commented'", numbers,
                    program=PROGRAM) == [(0,)]


def test_atomic_orders_of_the_same_tickets_do_not_lock_each_other_out(people, db):
    numbers = some_tickets(db, 20)
    jobs = [order(people.coordinator, one, [{"op": "set_priority", "priority": priority}], atomic=True).json()["id"]
            for one, priority in ((numbers, "High"), (numbers[::-1], "Urgent"), (numbers, "Medium"))]
    assert {counts(finished(people.coordinator, job)) for job in jobs} == {("succeeded", 20, 20, 0, 0)}


# ---- rights -------------------------------------------------------------------------------------

def test_a_lost_role_counts_from_now_on(people, db):
    """The token still has it."""
    numbers = some_tickets(db, 2)
    grant(db, COORDINATOR, tokens.EMPLOYEE)
    try:
        job = now(people.coordinator, numbers, HIGH)
        assert job["state"] == "failed" and {one["code"] for one in job["items"]} == {"FORBIDDEN"}
        db.query("UPDATE person SET active = false WHERE id = %s", COORDINATOR, program=PROGRAM)
        job = now(people.coordinator, numbers, [{"op": "comment", "comment": "x"}])
        assert {one["code"] for one in job["items"]} == {"FORBIDDEN"}
    finally:
        db.query("UPDATE person SET active = true WHERE id = %s", COORDINATOR, program=PROGRAM)
        grant(db, COORDINATOR, tokens.COORDINATOR)
    assert changes(db, numbers) == dict.fromkeys(numbers, 0)


def test_a_role_lost_in_the_middle(people, db):
    numbers = some_tickets(db, 10)
    with Locked(db, numbers[4]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 4, what="the items before the locked one")
        grant(db, COORDINATOR, tokens.EMPLOYEE)
        locked.release()
    try:
        assert counts(finished(people.coordinator, job)) == ("partial", 10, 5, 5, 0)
        assert {one["code"] for one in items(people.coordinator, job, "&state=failed")} == {"FORBIDDEN"}
    finally:
        grant(db, COORDINATOR, tokens.COORDINATOR)


def test_an_api_token_gives_no_more_than_its_scope(helpdesk, people, db):
    numbers = some_tickets(db, 1)
    scoped = helpdesk.http.with_token(tokens.mint(COORDINATOR, tokens.COORDINATOR, scope="TICKET_COMMENT TICKET_READ"))
    assert now(scoped, numbers, HIGH)["items"][0]["code"] == "FORBIDDEN"
    assert now(scoped, numbers, [{"op": "comment", "comment": "x"}])["state"] == "succeeded"
    check_error(helpdesk.http.with_token(tokens.mint(COORDINATOR, tokens.COORDINATOR, scope="TICKET_READ")).post(
        BULK, {"select": {"numbers": numbers}, "operations": HIGH}), 403, "FORBIDDEN")


def test_jobs_are_their_owners(people, db):
    numbers = some_tickets(db, 1)
    job = now(people.coordinator, numbers, HIGH)["id"]
    for path in (f"{JOBS}/{job}", f"{JOBS}/{job}/items"):
        people.admin.get(path, expect=200)
        people.tts_admin.get(path, expect=200)
        for stranger in (people.other_coordinator, people.employee):
            check_error(stranger.get(path), 404, "NOT_FOUND")
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
        check_error(people.service.get(path), 403, "FORBIDDEN")
    check_error(people.other_coordinator.post(f"{JOBS}/{job}/cancel"), 404, "NOT_FOUND")
    for path in (NO_JOB, f"{JOBS}/x", f"{JOBS}/%00", f"{JOBS}/' OR 1=1", f"{JOBS}/{job}0", f"{JOBS}/{'9' * 200}"):
        for client in (people.coordinator, people.admin):
            assert client.get(path).status_code in (400, 404)
            assert client.get(path + "/items").status_code in (400, 404)
    check_error(people.coordinator.get(NO_JOB), 404, "NOT_FOUND")
    check_error(people.coordinator.get(NO_JOB + "/items"), 404, "NOT_FOUND")
    check_error(people.coordinator.post(NO_JOB + "/cancel"), 404, "NOT_FOUND")


# ---- lists --------------------------------------------------------------------------------------

def test_lists_of_jobs(people, db):
    mine = [now(people.reviewer, some_tickets(db, 1), HIGH)["id"] for _ in range(3)]
    page = people.reviewer.get(f"{JOBS}?page_size=2", expect=200).json()
    assert [one["id"] for one in page["results"]] == mine[:0:-1] and page["count"] == 3
    rest = people.reviewer.get(f"{JOBS}?page_size=2&cursor={page['next_cursor']}", expect=200).json()
    assert [one["id"] for one in rest["results"]] == mine[:1] and "next_cursor" not in rest
    assert people.reviewer.get(f"{JOBS}?state=failed", expect=200).json()["count"] == 3
    assert people.reviewer.get(f"{JOBS}?state=running", expect=200).json()["results"] == []
    everybody = people.admin.get(f"{JOBS}?page_size=100", expect=200).json()
    assert set(mine) < {one["id"] for one in everybody["results"]}
    check_error(people.reviewer.get(f"{JOBS}?state=x"), 422, "VALIDATION_ERROR")
    check_error(people.reviewer.get(f"{JOBS}?cursor=x"), 422, "VALIDATION_ERROR")
    check_error(people.reviewer.get(f"{JOBS}?page_size=0"), 422, "VALIDATION_ERROR")
    check_error(people.nobody.get(JOBS), 401, "UNAUTHENTICATED")


def test_lists_of_items(people, db):
    numbers = some_tickets(db, 25)
    job = now(people.coordinator, numbers, HIGH)["id"]
    found, path = [], f"{JOBS}/{job}/items"
    while path:
        page = people.coordinator.get(path, expect=200).json()
        found += [one["ticket_number"] for one in page["results"]]
        path = f"{JOBS}/{job}/items?cursor={page['next_cursor']}" if "next_cursor" in page else None
    assert found == numbers
    assert people.coordinator.get(f"{JOBS}/{job}/items?page=3", expect=200).json()["count"] == 25
    check_error(people.coordinator.get(f"{JOBS}/{job}/items?state=x"), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.get(f"{JOBS}/{job}/items?cursor=x"), 422, "VALIDATION_ERROR")


# ---- cancelling, limits, order of work ----------------------------------------------------------

def test_cancelling_ends_after_the_item_in_hand(people, db, everything):
    numbers, answers = some_tickets(db, 30), []
    with Locked(db, numbers[9]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 9, what="the items before the locked one")
        thread = threading.Thread(target=lambda: answers.append(people.coordinator.post(f"{JOBS}/{job}/cancel")))
        thread.start()
        wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  " AND query LIKE '%%job_item%%'"), what="the cancelling to wait")
        locked.release()
        thread.join()
    assert answers[0].status_code == 200 and counts(answers[0].json()) == ("cancelled", 30, 10, 0, 20)
    assert counts(people.coordinator.get(f"{JOBS}/{job}").json()) == ("cancelled", 30, 10, 0, 20)
    assert {one["code"] for one in items(people.coordinator, job, "&state=skipped")} == {"CANCELLED"}
    check_error(people.coordinator.post(f"{JOBS}/{job}/cancel"), 409, "CONFLICT")
    event = everything.receive_type("everything", "job.completed", where=lambda one: one["subject"] == job)
    assert event["data"]["state"] == "cancelled" and event["data"]["skipped"] == 20
    assert changes(db, numbers) == {**dict.fromkeys(numbers[:10], 1), **dict.fromkeys(numbers[10:], 0)}


def test_administrators_cancel_what_waits(people, db):
    numbers = some_tickets(db, 2)
    with Locked(db, numbers[0]):
        first = order(people.coordinator, numbers[:1], HIGH).json()["id"]
        wait_for(lambda: people.coordinator.get(f"{JOBS}/{first}").json()["started_at"], what="the worker to be busy")
        second = order(people.coordinator, numbers[1:], HIGH).json()["id"]
        cancelled = people.admin.post(f"{JOBS}/{second}/cancel", expect=200,
                                      headers={"Idempotency-Key": "once"}).json()
        again = people.admin.post(f"{JOBS}/{second}/cancel", expect=200, headers={"Idempotency-Key": "once"})
        assert again.headers["Idempotency-Replayed"] == "true" and again.json() == cancelled
        assert cancelled["state"] == "cancelled" and cancelled["done"] == 0
    assert counts(finished(people.coordinator, first))[0] == "succeeded"
    assert changes(db, numbers[1:]) == {numbers[1]: 0}


def test_only_so_many_unfinished_jobs(people, db):
    number, = some_tickets(db, 1)
    with Locked(db, number):
        jobs = [order(people.other_coordinator, [number], HIGH).json()["id"] for _ in range(20)]
        body = check_error(order(people.other_coordinator, [number], HIGH, expect=None), 409, "CONFLICT")
        assert "unfinished" in body["message"]
        one_more = order(people.coordinator, [number], HIGH).json()["id"]
    for job in jobs:
        finished(people.other_coordinator, job)
    finished(people.coordinator, one_more)


def test_a_small_job_overtakes_a_large_one(people, db):
    large, small = some_tickets(db, 1500), some_tickets(db, 3)
    with Locked(db, large[0]):
        first = order(people.coordinator, large, HIGH).json()["id"]
        second = order(people.coordinator, small, HIGH).json()["id"]
    assert counts(finished(people.coordinator, second)) == ("succeeded", 3, 3, 0, 0)
    assert people.coordinator.get(f"{JOBS}/{first}").json()["finished_at"] is None
    people.coordinator.post(f"{JOBS}/{first}/cancel", expect=200)


def test_progress_is_told(people, db, everything):
    numbers = some_tickets(db, 20)
    with Locked(db, numbers[10]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 10, what="the items before the locked one")
        # as if it had been told of long ago
        db.query("UPDATE job SET progress_at = now() - interval '1 minute' WHERE id = %s", job, program=PROGRAM)
        locked.release()
    finished(people.coordinator, job)
    kinds = []
    while "job.completed" not in kinds:
        _, event, kind = everything.receive("everything")
        if event["subject"] == job:
            kinds.append(kind)
            assert event["data"]["job_id"] == job and event["data"]["created_by"] == COORDINATOR
            assert event["data"]["done"] <= event["data"]["total"] == 20
    assert kinds[0] == "job.progress"


# ---- replicas, crashes, age ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def replica(helpdesk, start_service, db):
    return start_helpdesk(start_service, db)


def test_replicas_share_a_job(people, replica, db):
    numbers = some_tickets(db, 60)
    with Locked(db, numbers[0]) as locked:  # whoever comes first waits here; the other one does the rest
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 59, what="all but the locked one")
        assert people.coordinator.get(f"{JOBS}/{job}").json()["state"] == "running"
        locked.release()
    assert counts(finished(replica.http.with_token(people.coordinator.token), job)) == ("succeeded", 60, 60, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_a_killed_worker_loses_and_doubles_nothing(people, helpdesk, replica, db, everything):
    """Both die in the middle, one after the other."""
    numbers = some_tickets(db, 500)
    everything.channel.queue_purge("everything")
    client = people.coordinator
    job = order(client, numbers, HIGH + [{"op": "comment", "comment": "once"}, {"op": "add_tags", "tags": ["crash"]}]).json()["id"]
    for victim, share in ((replica, 60), (helpdesk, 200), (replica, 330)):
        wait_for(lambda: sum(changes(db, numbers).values()) >= share, 120, f"{share} items")  # pylint: disable=cell-var-from-loop
        victim.kill()
        victim.start(ready=False)
    for program in (helpdesk, replica):
        program.wait_ready()
    assert counts(finished(client, job)) == ("succeeded", 500, 500, 0, 0)
    for field in ("priority", "comment", "tags"):
        assert changes(db, numbers, field) == dict.fromkeys(numbers, 1)
    told = {}

    def all_told():
        while True:
            method, properties, body = everything.channel.basic_get("everything", auto_ack=True)
            if not method:
                return db.query("SELECT count(*) FROM outbox", program=PROGRAM) == [(0,)]
            event = json.loads(body)
            told.setdefault((event["subject"], event["type"]), set()).add(properties.message_id)
    wait_for(all_told, 120, "the outbox to be empty")
    for number in numbers:
        assert len(told[number, "ticket.updated"]) == len(told[number, "ticket.commented"]) == 1
    assert len(told[job, "job.completed"]) == 1


def test_a_killed_atomic_job_is_all_or_nothing(people, helpdesk, db):
    numbers = some_tickets(db, 100)
    with Locked(db, numbers[80]):
        job = order(people.coordinator, numbers, HIGH, atomic=True).json()["id"]
        wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  " AND query LIKE '%%FROM ticket t%%FOR UPDATE%%'"), what="the worker to wait")
        helpdesk.kill()
        assert changes(db, numbers) == dict.fromkeys(numbers, 0)
    helpdesk.start()
    assert counts(finished(people.coordinator, job)) == ("succeeded", 100, 100, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_old_jobs_are_forgotten(people, helpdesk, db):
    job = now(people.coordinator, some_tickets(db, 1), HIGH)["id"]
    kept = now(people.coordinator, some_tickets(db, 1), HIGH)["id"]
    (days,), = db.query("SELECT extract(day FROM expires_at - finished_at)::int FROM job WHERE id = %s", job, program=PROGRAM)
    assert days == 30
    db.query("UPDATE job SET expires_at = now() - interval '1 second' WHERE id = %s", job, program=PROGRAM)
    helpdesk.restart()
    wait_for(lambda: people.coordinator.get(f"{JOBS}/{job}").status_code == 404, what="the job to be forgotten")
    assert db.query("SELECT count(*) FROM job_item WHERE job_id = %s", job, program=PROGRAM) == [(0,)]
    people.coordinator.get(f"{JOBS}/{kept}", expect=200)


@pytest.mark.parametrize("sql", [
    "SELECT * FROM job WHERE created_by = 5 ORDER BY seq DESC LIMIT 11",
    "SELECT * FROM job WHERE created_by = 5 AND seq < 90000 ORDER BY seq DESC LIMIT 11",
    "SELECT * FROM job ORDER BY seq DESC LIMIT 11", "SELECT count(*) FROM job WHERE created_by = 5 AND state = 'failed'",
    "SELECT * FROM job WHERE state = 'failed' ORDER BY seq DESC LIMIT 11",
    "SELECT id FROM job WHERE state IN ('queued', 'running') ORDER BY turn_at, seq LIMIT 1 FOR UPDATE SKIP LOCKED",
    "SELECT count(*) FROM job WHERE created_by = 5 AND state IN ('queued', 'running')",
    "SELECT id FROM job WHERE expires_at < '2021-01-01' ORDER BY expires_at LIMIT 20",
    "SELECT * FROM job_item WHERE job_id = %(id)s AND state = 'pending' AND ordinal > 10 ORDER BY ordinal LIMIT 1 FOR UPDATE",
    "SELECT * FROM job_item WHERE job_id = %(id)s AND ordinal > 10 ORDER BY ordinal LIMIT 11",
    "SELECT count(*) FILTER (WHERE state = 'done') FROM job_item WHERE job_id = %(id)s"])
def test_no_statement_reads_a_whole_table(db, many_jobs, sql):
    with db.cursor(PROGRAM) as cursor:
        cursor.execute("EXPLAIN " + sql, {"id": many_jobs})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


@pytest.fixture(scope="module")
def many_jobs(db, people):
    """The id of one of a great many."""
    db.query("INSERT INTO job (id, kind, state, is_atomic, is_dry_run, params, created_by, created_by_name, roles, created_at,"
             " turn_at, finished_at, expires_at) SELECT gen_random_uuid(), 'old', CASE WHEN n %% 100 = 0 THEN 'failed'"
             " ELSE 'succeeded' END::job_state, false, false, '{}', n %% 1000, 'x', '[]', now(), now(), now(),"
             " now() + interval '30 days' FROM generate_series(1, 50000) n", program=PROGRAM)
    db.query("INSERT INTO job_item (job_id, ordinal, subject, state) SELECT id, n, n::text, 'done' FROM"
             " (SELECT id FROM job WHERE kind = 'old' LIMIT 200) j, generate_series(1, 500) n", program=PROGRAM)
    for table in ("job", "job_item"):
        db.query(f"ANALYZE {table}", program=PROGRAM)
    (job,), = db.query("SELECT job_id FROM job_item WHERE ordinal = 500 LIMIT 1", program=PROGRAM)
    return job
