"""What happens to a ticket after it was opened: edits, actions, comments, ratings, idempotency."""
import threading

import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, TICKET, create, helpdesk, history, own, people)  # noqa: F401
from lib.http import check_error


@pytest.fixture
def ticket(people, db):
    """Path and number of a new ticket of the employee, owned by the coordinator."""
    number = create(people.employee)["ticket_number"]
    own(db, number)
    return f"/api/v1/tickets/{number}"


def number_of(path):
    return path.rsplit("/", 1)[1]


# ---- PATCH --------------------------------------------------------------------------------------

def test_patch_changes_fields_and_leaves_history(people, db, ticket):
    answer = people.coordinator.patch(ticket, {"subject": "New subject", "priority": "low", "sub_category": None,
                                               "category": "others", "status": "in_progress",
                                               "reason": "because"}, expect=200)
    body = answer.json()
    assert (body["subject"], body["priority"], body["sub_category"]) == ("New subject", "Low", None)
    assert (body["category"], body["status"], body["version"]) == ("Others", "In Progress", 2)
    assert answer.headers["ETag"] == '"2"'
    assert people.employee.get(ticket).json() == body
    assert history(db, number_of(ticket))[1:] == [
        ("subject", TICKET["subject"], "New subject"), ("category", "IT Support", "Others"),
        ("sub_category", TICKET["sub_category"], None), ("priority", "High", "Low"),
        ("status", "Open", "In Progress")]
    rows = people.coordinator.get(ticket + "/history").json()["results"]
    assert rows[0]["note"] == "because" and rows[0]["changed_by"] == COORDINATOR
    assert rows[0]["changed_by_name"] == "Jane Smith"
    found = people.coordinator.get("/api/v1/tickets?search=new+subject&page_size=100").json()["results"]
    assert number_of(ticket) in [one["ticket_number"] for one in found]


def test_patch_without_a_difference_changes_nothing(people, db, ticket):
    body = people.coordinator.patch(ticket, {"priority": "High", "status": "open"}, expect=200).json()
    assert body["version"] == 1 and len(history(db, number_of(ticket))) == 1


def test_if_match(people, ticket):
    people.coordinator.patch(ticket, {"priority": "Low"}, headers={"If-Match": '"1"'}, expect=200)
    for stale in ('"1"', 'W/"2"', '"1", "7"', "nonsense"):
        answer = people.coordinator.patch(ticket, {"priority": "High"}, headers={"If-Match": stale})
        assert check_error(answer, 412, "PRECONDITION_FAILED")["details"]["current_version"] == 2
    people.coordinator.patch(ticket, {"priority": "High"}, headers={"If-Match": '"9", "2"'}, expect=200)
    people.coordinator.patch(ticket, {"priority": "Low"}, headers={"If-Match": "*"}, expect=200)
    check_error(people.coordinator.post(ticket + "/hold", headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")


def test_who_may_patch(people, ticket):
    people.employee.patch(ticket, {"subject": "Reworded", "description": "By its author"}, expect=200)
    check_error(people.employee.patch(ticket, {"priority": "Urgent"}), 403, "FORBIDDEN")
    check_error(people.employee.patch(ticket, {"subject": "x", "status": "Closed"}), 403, "FORBIDDEN")
    check_error(people.employee.patch(ticket, {"department": None}), 403, "FORBIDDEN")
    for stranger in (people.other_employee, people.other_coordinator, people.reviewer):
        check_error(stranger.patch(ticket, {"subject": "x"}), 403, "FORBIDDEN")
    check_error(people.tts_admin.patch(ticket, {"priority": "Low"}), 403, "FORBIDDEN")
    people.admin.patch(ticket, {"priority": "Low"}, expect=200)
    check_error(people.nobody.patch(ticket, {"subject": "x"}), 401, "UNAUTHENTICATED")
    check_error(people.service.patch(ticket, {"subject": "x"}), 403, "FORBIDDEN")
    people.coordinator.patch(ticket, {"status": "In Progress"}, expect=200)
    check_error(people.employee.patch(ticket, {"subject": "too late"}), 403, "FORBIDDEN")


@pytest.mark.parametrize("body,status", [({"nonsense": 1}, 422), ({"csat_rating": 5}, 422), ({"priority": 4}, 400),
                                         ({"subject": ""}, 422), ({"subject": "  "}, 422), ({"status": "Bogus"}, 422),
                                         ({"subject": "x" * 201}, 422), ({"id": 7}, 422)])
def test_bad_patches(people, ticket, body, status):
    answer = people.coordinator.patch(ticket, body)
    check_error(answer, status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_patch_refuses_impossible_status(people, ticket):
    people.coordinator.patch(ticket, {"status": "Resolved"}, expect=200)
    body = check_error(people.coordinator.patch(ticket, {"status": "On Hold"}), 409, "CONFLICT")
    assert body["details"]["current_status"] == "Resolved"
    check_error(people.coordinator.patch("/api/v1/tickets/TX20200101000001", {"priority": "Low"}), 404,
                "TICKET_NOT_FOUND")


# ---- actions ------------------------------------------------------------------------------------

def test_close_with_rating(people, db, ticket):
    people.coordinator.patch(ticket, {"status": "Resolved"}, expect=200)
    resolved = people.employee.get(ticket).json()
    assert resolved["date_completed"] and not resolved["time_closed"]
    body = people.employee.post(ticket + "/close", {"csat_rating": 5, "feedback": "Excellent"}, expect=200).json()
    assert (body["status"], body["csat_rating"], body["csat_feedback"]) == ("Closed", 5, "Excellent")
    assert body["date_completed"] == resolved["date_completed"] and body["time_closed"]
    rows = [(field, new) for field, _, new in history(db, number_of(ticket))]
    assert ("status", "Closed") in rows and ("csat_rating", "5") in rows
    assert people.coordinator.get(ticket + "/feedback").json()["results"][0]["rating"] == 5
    again = people.employee.get(f"/api/tickets/number/{number_of(ticket)}/").json()
    assert again["csat_rating"] == 5 and again["csat_feedback"] == "Excellent"


def test_close_rules(people, ticket):
    check_error(people.employee.post(ticket + "/close"), 409, "CONFLICT")
    check_error(people.other_employee.post(ticket + "/close"), 403, "FORBIDDEN")
    check_error(people.nobody.post(ticket + "/close"), 401, "UNAUTHENTICATED")
    check_error(people.employee.post("/api/v1/tickets/TX20200101000001/close"), 404, "TICKET_NOT_FOUND")
    for rating in (0, 6, -1, 1000000):
        check_error(people.employee.post(ticket + "/close", {"csat_rating": rating}), 422, "VALIDATION_ERROR")
    for rating in ("5", 4.5, [], True):
        check_error(people.employee.post(ticket + "/close", {"csat_rating": rating}), 400, "INVALID_INPUT")
    check_error(people.employee.post(ticket + "/close", {"feedback": "no stars"}), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.post(ticket + "/close", {"csat_rating": 5}), 403, "FORBIDDEN")
    assert people.coordinator.post(ticket + "/close", expect=200).json()["status"] == "Closed"
    check_error(people.coordinator.post(ticket + "/close"), 409, "CONFLICT")


def test_hold_resume_reopen_withdraw(people, ticket):
    def state():
        return people.employee.get(ticket).json()["status"]

    check_error(people.employee.post(ticket + "/hold"), 403, "FORBIDDEN")
    people.coordinator.post(ticket + "/hold", {"reason": "waiting for parts"}, expect=200)
    assert state() == "On Hold"
    check_error(people.coordinator.post(ticket + "/hold"), 409, "CONFLICT")
    people.coordinator.post(ticket + "/resume", expect=200)
    assert state() == "Open"
    people.coordinator.patch(ticket, {"status": "In Progress"}, expect=200)
    people.coordinator.post(ticket + "/hold", expect=200)
    people.coordinator.post(ticket + "/resume", expect=200)
    assert state() == "In Progress"
    check_error(people.coordinator.post(ticket + "/resume"), 409, "CONFLICT")
    check_error(people.employee.post(ticket + "/reopen"), 409, "CONFLICT")
    people.coordinator.patch(ticket, {"status": "Resolved"}, expect=200)
    body = people.employee.post(ticket + "/reopen", {"reason": "still broken"}, expect=200).json()
    assert body["status"] == "Open" and body["date_completed"] is None
    check_error(people.coordinator.post(ticket + "/withdraw"), 403, "FORBIDDEN")
    people.employee.post(ticket + "/withdraw", {"reason": "found it"}, expect=200)
    assert state() == "Withdrawn"
    for action in ("reopen", "withdraw", "close"):
        check_error(people.employee.post(f"{ticket}/{action}"), 409, "CONFLICT")
    notes = [row["note"] for row in people.coordinator.get(ticket + "/history?page_size=100").json()["results"]]
    assert {"waiting for parts", "still broken", "found it"} <= set(notes)


# ---- comments -----------------------------------------------------------------------------------

def test_comments(people, ticket):
    answer = people.coordinator.post(ticket + "/comments", {"comment": "Investigating the VPN connection"}, expect=201)
    public = answer.json()
    assert public["user_name"] == "Jane Smith" and public["visibility"] == "public"
    assert public["user_id"] == COORDINATOR
    note = people.coordinator.post(ticket + "/comments", {"comment": "A difficult one", "visibility": "Internal"},
                                   expect=201).json()
    reply = people.employee.post(ticket + "/comments", {"comment": "<b>Thanks</b> '"}, expect=201).json()
    integration = f"/api/tickets/number/{number_of(ticket)}/"
    assert people.employee.get(integration).json()["comments"] == [
        {"id": one["id"], "user_name": one["user_name"], "comment": one["comment"], "created_at": one["created_at"]}
        for one in (public, reply)]
    assert [one["id"] for one in people.coordinator.get(integration).json()["comments"]] == [
        public["id"], note["id"], reply["id"]]
    assert people.admin.get(ticket).json()["comments"][1] == note
    listed = people.employee.get(ticket + "/comments").json()
    assert listed["count"] == 2 and listed["results"] == [public, reply]
    listed = people.coordinator.get(ticket + "/comments?page_size=1&page=2").json()
    assert listed["count"] == 3 and listed["results"] == [note]
    body = people.employee.get(ticket).json()
    assert body["version"] == 4 and body["first_response_at"] == public["created_at"]
    fields = [row["field_name"] for row in people.employee.get(ticket + "/history").json()["results"]]
    assert fields == ["comment", "comment", "created"]


def test_who_may_comment(people, ticket):
    for client in (people.other_employee, people.reviewer, people.other_coordinator):
        check_error(client.post(ticket + "/comments", {"comment": "x"}), 403, "FORBIDDEN")
        check_error(client.get(ticket + "/comments"), 403, "FORBIDDEN")
    check_error(people.employee.post(ticket + "/comments", {"comment": "x", "visibility": "internal"}), 403, "FORBIDDEN")
    check_error(people.nobody.post(ticket + "/comments", {"comment": "x"}), 401, "UNAUTHENTICATED")
    people.tts_admin.post(ticket + "/comments", {"comment": "from the workflow's side"}, expect=201)
    check_error(people.employee.post("/api/v1/tickets/TX20200101000001/comments", {"comment": "x"}), 404,
                "TICKET_NOT_FOUND")
    people.employee.post(ticket + "/withdraw", expect=200)
    check_error(people.employee.post(ticket + "/comments", {"comment": "x"}), 409, "CONFLICT")


@pytest.mark.parametrize("body,status", [({}, 400), ({"comment": ""}, 400), ({"comment": "  \n"}, 400),
                                         ({"comment": 5}, 400), ({"comment": "x" * 10001}, 422),
                                         ({"comment": "x", "visibility": "secret"}, 422)])
def test_bad_comments(people, ticket, body, status):
    check_error(people.employee.post(ticket + "/comments", body), status,
                "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


# ---- ratings ------------------------------------------------------------------------------------

def test_feedback(people, ticket):
    check_error(people.employee.post(ticket + "/feedback", {"rating": 4}), 409, "CONFLICT")
    people.coordinator.post(ticket + "/close", expect=200)
    first = people.employee.post(ticket + "/feedback", {"rating": 4, "comment": "good"}, expect=201).json()
    again = people.employee.post(ticket + "/feedback", {"rating": 2}, expect=201).json()
    assert first["id"] == again["id"] and again["comment"] is None
    body = people.employee.get(ticket).json()
    assert body["csat_rating"] == 2 and body["csat_feedback"] is None
    people.coordinator.post(ticket + "/feedback", {"rating": 5}, expect=201)
    assert people.employee.get(ticket).json()["csat_rating"] == 2
    assert people.employee.get(ticket + "/feedback").json()["count"] == 2
    check_error(people.employee.post(ticket + "/feedback", {}), 400, "INVALID_INPUT")
    check_error(people.employee.post(ticket + "/feedback", {"rating": 6}), 422, "VALIDATION_ERROR")
    check_error(people.other_employee.post(ticket + "/feedback", {"rating": 1}), 403, "FORBIDDEN")
    check_error(people.other_employee.get(ticket + "/feedback"), 403, "FORBIDDEN")


# ---- idempotency --------------------------------------------------------------------------------

def test_idempotent_create(people, db):
    key = {"Idempotency-Key": "create-1"}
    first = people.employee.post("/api/v1/tickets", TICKET, headers=key, expect=201)
    assert "Idempotency-Replayed" not in first.headers
    again = people.employee.post("/api/v1/tickets", TICKET, headers=key, expect=201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    other = people.employee.post("/api/v1/tickets", {**TICKET, "subject": "Other"}, headers=key)
    assert "Idempotency-Key" in check_error(other, 422, "VALIDATION_ERROR")["details"]["fields"]
    # Another person, and another route, have keys of their own.
    theirs = people.other_employee.post("/api/v1/tickets", TICKET, headers=key, expect=201)
    assert theirs.json()["ticket_number"] != first.json()["ticket_number"]
    count = db.query("SELECT count(*) FROM ticket WHERE requester_id = %s AND subject = 'Other'", EMPLOYEE,
                     program="helpdesk-service")
    assert count == [(0,)]


def test_idempotent_actions(people, ticket):
    key = {"Idempotency-Key": "comment-1"}
    first = people.employee.post(ticket + "/comments", {"comment": "once"}, headers=key, expect=201).json()
    assert people.employee.post(ticket + "/comments", {"comment": "once"}, headers=key, expect=201).json() == first
    assert people.employee.get(ticket + "/comments").json()["count"] == 1
    people.employee.post(ticket + "/withdraw", headers=key, expect=200)
    assert people.employee.post(ticket + "/withdraw", headers=key, expect=200).json()["status"] == "Withdrawn"


def test_a_refused_request_may_be_sent_again(people, ticket):
    key = {"Idempotency-Key": "close-1"}
    check_error(people.employee.post(ticket + "/close", headers=key), 409, "CONFLICT")
    people.coordinator.patch(ticket, {"status": "Resolved"}, expect=200)
    people.employee.post(ticket + "/close", headers=key, expect=200)


def test_same_key_at_the_same_time(people, db):
    answers = []

    def send():
        client = people.employee.with_token(people.employee.token)
        answers.append(client.post("/api/v1/tickets", {**TICKET, "subject": "Race"},
                                   headers={"Idempotency-Key": "race-1"}))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["ticket_number"] for answer in answers}) == 1
    assert db.query("SELECT count(*) FROM ticket WHERE subject = 'Race'", program="helpdesk-service") == [(1,)]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_bad_keys(people, key):
    check_error(people.employee.post("/api/v1/tickets", TICKET, headers={"Idempotency-Key": key}), 400,
                "INVALID_INPUT")


# ---- catalogue ----------------------------------------------------------------------------------

def test_catalogue(people):
    for base in ("/api/v1", "/api"):
        categories = people.employee.get(base + "/categories/", expect=200).json()
        names = [one["name"] for one in categories["results"]]
        assert {"IT Support", "Asset Check In", "Asset Check Out", "New Budget Proposal", "Others", "bug", "feature",
                "support", "other"} <= set(names) and categories["count"] == len(names)
        it_support = categories["results"][names.index("IT Support")]
        assert it_support["expects_workflow"] is True and it_support["department"] == "IT Department"
        assert "Hardware Troubleshooting" in [one["name"] for one in it_support["sub_categories"]]
        assert categories["results"][names.index("bug")]["expects_workflow"] is False
        departments = people.employee.get(base + "/departments/", expect=200).json()
        assert {"IT Department", "Asset Department", "Budget Department"} <= {
            one["name"] for one in departments["results"]}


def test_catalogue_is_for_admins_to_change(people):
    people.admin.post("/api/v1/departments", {"name": "Facilities"}, expect=201)
    answer = people.admin.post("/api/v1/categories", {"name": "Cleaning", "department": "facilities",
                                                      "sub_categories": ["Windows", "Floors"]}, expect=201)
    assert answer.json()["sub_categories"] == ["Windows", "Floors"]
    body = create(people.employee, category="CLEANING", department=None, sub_category="windows")
    assert (body["category"], body["department"], body["sub_category"]) == ("Cleaning", "Facilities", "Windows")
    check_error(people.admin.post("/api/v1/departments", {"name": "facilities"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.post("/api/v1/categories", {"name": "cleaning"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.post("/api/v1/categories", {"name": "x", "department": "Nowhere"}), 422,
                "VALIDATION_ERROR")
    check_error(people.admin.post("/api/v1/categories", {"name": " "}), 400, "INVALID_INPUT")
    for path in ("/api/v1/departments", "/api/v1/categories"):
        for client in (people.employee, people.coordinator, people.reviewer):
            check_error(client.post(path, {"name": "y"}), 403, "FORBIDDEN")
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
