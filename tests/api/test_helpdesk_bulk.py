"""Changing many tickets at once: the order, its operations, and which tickets it is about."""
import threading
import uuid

import pytest

from bulk_support import (BULK, HIGH, JOBS, PROGRAM, changes, counts, everything, finished, items, now, order,  # noqa: F401
                          some_tickets)
from helpdesk_support import (COORDINATOR, EMPLOYEE, OTHER_COORDINATOR, OTHER_EMPLOYEE, create, helpdesk,  # noqa: F401
                              history, people)
from lib.http import check_error


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
    completed = []
    # the events of one ticket keep their order, those of others and of the job may come in between
    while not completed or any(len(kinds) < 2 for kinds in told.values()):
        _, event, kind = everything.receive("everything")
        if event["subject"] in told:
            told[event["subject"]].append(kind)
            assert event["data"]["actor_id"] == COORDINATOR
        elif kind == "job.completed" and event["subject"] == job["id"]:
            completed.append(event)
    assert set(map(tuple, told.values())) == {("ticket.updated", "ticket.commented")}
    event, = completed
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
