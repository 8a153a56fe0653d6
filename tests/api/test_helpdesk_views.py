"""Saved views and their counters."""
import pytest

from helpdesk_support import (EMPLOYEE, OTHER_COORDINATOR, People, create, helpdesk, own, people)  # noqa: F401
from lib.http import check_error
from lib.wait import wait_for

PATH = "/api/v1/views"
VIEW = {"name": "Urgent ones", "query": "priority:urgent is:open", "sort": "-priority",
        "columns": ["ticket_number", "subject"], "position": 3}


def save(client, **changes):
    return client.post(PATH, {**VIEW, **changes}, expect=201).json()


def ids(client):
    return [one["id"] for one in client.get(PATH, expect=200).json()["results"]]


@pytest.fixture(autouse=True)
def cleared(db):
    yield
    db.query("DELETE FROM ticket_view", program="helpdesk-service")


def test_a_view_comes_back_as_it_went(people):
    answer = people.employee.post(PATH, VIEW, expect=201)
    body = answer.json()
    assert {key: body[key] for key in VIEW} == VIEW
    assert (body["shared_with"], body["role"], body["owner_id"], body["is_built_in"], body["version"]) == (
        "private", None, EMPLOYEE, False, 1)
    assert answer.headers["Location"] == f"{PATH}/{body['id']}" and answer.headers["ETag"] == '"1"'
    again = people.employee.get(f"{PATH}/{body['id']}", expect=200)
    assert again.json() == body and again.headers["ETag"] == '"1"'
    assert save(people.employee, name="  '; DROP TABLE ticket_view; -- <b> ", query="")["name"] == \
        "'; DROP TABLE ticket_view; -- <b>"


def test_a_repeated_request_saves_one(people):
    headers = {"Idempotency-Key": "view-1"}
    first = people.employee.post(PATH, VIEW, headers=headers, expect=201)
    again = people.employee.post(PATH, VIEW, headers=headers, expect=201)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    assert len([one for one in ids(people.employee) if one == first.json()["id"]]) == 1


def test_built_in_views(people):
    assert ids(people.coordinator) == ["my-open", "unassigned", "all-open", "waiting-approval", "recently-updated"]
    assert ids(people.employee) == ["my-open", "all-open", "recently-updated"]
    assert people.employee.get(PATH + "/my-open", expect=200).json()["query"] == "requester:me is:open"
    assert people.coordinator.get(PATH + "/my-open", expect=200).json()["query"] == "owner:me is:open"
    check_error(people.employee.get(PATH + "/unassigned"), 404, "NOT_FOUND")
    check_error(people.admin.patch(PATH + "/my-open", {"name": "x"}), 403, "FORBIDDEN")
    check_error(people.admin.delete(PATH + "/my-open"), 403, "FORBIDDEN")
    check_error(people.employee.delete(PATH + "/unassigned"), 404, "NOT_FOUND")


def test_changing_and_removing(people):
    path = f"{PATH}/{save(people.employee)['id']}"
    check_error(people.employee.patch(path, {"name": "x"}, headers={"If-Match": '"7"'}), 412, "PRECONDITION_FAILED")
    changed = people.employee.patch(path, {"name": "Other", "columns": []}, headers={"If-Match": '"1"'}, expect=200)
    assert changed.headers["ETag"] == '"2"' and changed.json()["name"] == "Other" and changed.json()["columns"] == []
    assert changed.json()["query"] == VIEW["query"]
    check_error(people.employee.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    assert people.employee.delete(path, expect=204).content == b""
    check_error(people.employee.get(path), 404, "NOT_FOUND")
    check_error(people.employee.patch(path, {"name": "x"}), 404, "NOT_FOUND")


def test_sharing(people):
    private = save(people.coordinator)["id"]
    role = save(people.coordinator, shared_with="role", role="hdts:Ticket Coordinator")["id"]
    everybody = save(people.coordinator, shared_with="everybody")["id"]
    assert {private, role, everybody} <= set(ids(people.coordinator))
    assert {private, role, everybody} & set(ids(people.other_coordinator)) == {role, everybody}
    assert {private, role, everybody} & set(ids(people.employee)) == {everybody}
    for client, view in ((people.other_coordinator, private), (people.employee, private), (people.employee, role),
                         (people.admin, private)):
        for answer in (client.get(f"{PATH}/{view}"), client.get(f"{PATH}/{view}/tickets"), client.get(f"{PATH}/{view}/count"),
                       client.patch(f"{PATH}/{view}", {"name": "x"}), client.delete(f"{PATH}/{view}")):
            check_error(answer, 404, "NOT_FOUND")
    check_error(people.employee.patch(f"{PATH}/{everybody}", {"name": "x"}), 403, "FORBIDDEN")
    check_error(people.other_coordinator.delete(f"{PATH}/{role}"), 403, "FORBIDDEN")
    assert people.admin.patch(f"{PATH}/{everybody}", {"name": "x"}, expect=200).json()["name"] == "x"
    back = people.coordinator.patch(f"{PATH}/{role}", {"shared_with": "private"}, expect=200).json()
    assert back["role"] is None
    check_error(people.other_coordinator.get(f"{PATH}/{role}"), 404, "NOT_FOUND")
    for shared in ({"shared_with": "everybody"}, {"shared_with": "role", "role": "hdts:Admin"}):
        check_error(people.employee.post(PATH, {**VIEW, **shared}), 403, "FORBIDDEN")


@pytest.mark.parametrize("change,status,field", [
    ({"name": None}, 400, "name"), ({"name": "   "}, 400, "name"), ({"name": "x" * 101}, 422, "name"), ({"name": 5}, 400, "name"),
    ({"query": "colour:red"}, 422, "query"), ({"query": "x" * 1001}, 422, "query"), ({"query": 5}, 400, "query"),
    ({"sort": "shape"}, 422, "sort"), ({"columns": ["shape"]}, 422, "columns"), ({"columns": ["|"]}, 422, "columns"),
    ({"columns": ["subject"] * 31}, 422, "columns"), ({"columns": "subject"}, 400, "columns"),
    ({"shared_with": "all"}, 422, "shared_with"), ({"shared_with": "role"}, 422, "role"),
    ({"shared_with": "role", "role": "Admin"}, 422, "role"), ({"position": -1}, 422, "position"), ({"colour": "red"}, 422, "colour"),
])
def test_bad_views(people, change, status, field):
    answer = people.coordinator.post(PATH, {**VIEW, **change})
    check_error(answer, status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")
    assert field in answer.json()["details"]["fields"]
    if field != "name" or status == 422:
        path = f"{PATH}/{save(people.coordinator)['id']}"
        check_error(people.coordinator.patch(path, change), status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_at_most_fifty(people, db):
    db.query("INSERT INTO ticket_view (owner_id, name, query, sort, columns, shared_with, position, created_at, updated_at) "
             "SELECT %s, 'x', '', 'number', '{}', 'private', 0, now(), now() FROM generate_series(1, 49)", EMPLOYEE,
             program="helpdesk-service")
    save(people.employee)
    check_error(people.employee.post(PATH, VIEW), 409, "CONFLICT")
    save(people.other_employee)


def test_nobody_has_views(people):
    for path in ("", "/counts", "/my-open", "/my-open/tickets", "/my-open/count"):
        check_error(people.nobody.get(PATH + path), 401, "UNAUTHENTICATED")
    check_error(people.nobody.post(PATH, VIEW), 401, "UNAUTHENTICATED")
    for path in ("/0", "/x", "/99999999999999999999", "/-1"):
        check_error(people.employee.get(PATH + path), 404, "NOT_FOUND")


# ---- tickets and counters -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def tickets(people, db):
    numbers = [create(people.employee, subject=f"ticket {n}", priority=("Urgent" if n % 2 else "Low"))["ticket_number"]
               for n in range(6)]
    numbers.append(create(people.other_employee, subject="foreign", priority="Urgent")["ticket_number"])
    own(db, numbers[1])
    return numbers


def test_tickets_of_a_view(people, tickets):
    view = save(people.coordinator, shared_with="everybody", sort="number", query="priority:urgent is:open")["id"]
    path = f"{PATH}/{view}/tickets"
    numbers = lambda answer: [one["ticket_number"] for one in answer["results"]]  # noqa: E731
    first = people.employee.get(path + "?page_size=2", expect=200).json()
    assert numbers(first) == [tickets[1], tickets[3]] and first["count"] == 3
    rest = people.employee.get(path, params={"page_size": 2, "cursor": first["next_cursor"]}, expect=200).json()
    assert numbers(rest) == [tickets[5]]
    assert numbers(people.employee.get(path + "?page=2&page_size=2", expect=200).json()) == [tickets[5]]
    assert numbers(people.coordinator.get(path, expect=200).json()) == [tickets[1]]
    assert numbers(people.admin.get(path, expect=200).json()) == [tickets[1], tickets[3], tickets[5], tickets[6]]
    people.coordinator.patch(f"{PATH}/{view}", {"sort": "-priority"}, expect=200)
    check_error(people.employee.get(path, params={"page_size": 2, "cursor": first["next_cursor"]}), 422, "VALIDATION_ERROR")
    check_error(people.employee.get(path + "?page=0"), 422, "VALIDATION_ERROR")


def count(client, view):
    body = client.get(f"{PATH}/{view}/count", expect=200).json()
    assert body["id"] == view and "count_estimated" not in body and body["as_of"].endswith("Z")
    return body["count"]


def test_counters(people, tickets):
    view = save(people.coordinator, shared_with="everybody", query="priority:urgent is:open")["id"]
    assert count(people.employee, view) == 3 and count(people.coordinator, view) == 1 and count(people.admin, view) == 4
    assert count(people.employee, "my-open") == 6 and count(people.coordinator, "my-open") == 1
    counts = people.employee.get(PATH + "/counts", expect=200).json()
    assert counts["count"] == 4
    assert {one["id"]: one["count"] for one in counts["results"]} == {"my-open": 6, "all-open": 6, "recently-updated": 6, view: 3}


def test_counters_follow(people, tickets):
    words = save(people.admin, query="flugelhorn")["id"]
    tallied = save(people.admin, query="priority:urgent -status:closed")["id"]
    assert count(people.admin, words) == 0
    before = count(people.admin, tallied)
    number = create(people.other_employee, subject="flugelhorn", priority="Urgent")["ticket_number"]
    assert count(people.admin, tallied) == before + 1
    wait_for(lambda: count(people.admin, words) == 1, 60, "the new count")
    people.other_employee.post(f"/api/v1/tickets/{number}/withdraw", expect=200)


def test_a_query_that_is_no_longer_good(people, db, tickets):
    view = save(people.employee)["id"]
    db.query("UPDATE ticket_view SET query = 'colour:red' WHERE id = %s", view, program="helpdesk-service")
    for path in ("tickets", "count"):
        check_error(people.employee.get(f"{PATH}/{view}/{path}"), 422, "VALIDATION_ERROR")
    assert view not in [one["id"] for one in people.employee.get(PATH + "/counts", expect=200).json()["results"]]
