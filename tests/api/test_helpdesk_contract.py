"""The simple ticketing surface line by line: who asks what, and exactly what comes back. Each row of a table is one
line of the documents behind it; IDs in paths and texts are filled in: {mine} and {theirs} are tickets of the employee
and of another one, {rating} is the employee's rating of {mine}, {me} and {other} are the two people."""
import json
import re

import pytest

from helpdesk_support import EMPLOYEE, OTHER_EMPLOYEE, helpdesk, people  # noqa: F401

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
INT, STR, OPTIONAL_INT, OPTIONAL_STR, LIST = "int", "str", "int?", "str?", "list"

TICKET = {"id": INT, "user_id": INT, "title": STR, "description": STR, "category": STR, "status": STR, "priority": STR,
          "created_at": TIME}
FULL = {**TICKET, "assigned_to": OPTIONAL_INT, "updated_at": TIME}
QUEUED = {**{name: kind for name, kind in TICKET.items() if name != "created_at"}, "assigned_to": OPTIONAL_INT,
          "created_at": TIME}
ENTRY = {"id": INT, "ticket_id": INT, "changed_by": INT, "field_name": STR, "old_value": OPTIONAL_STR,
         "new_value": OPTIONAL_STR, "changed_at": TIME}
RATING = {"id": INT, "ticket_id": INT, "user_id": INT, "rating": INT, "comment": OPTIONAL_STR, "created_at": TIME}
METRICS = {"tickets": {"total": INT, "by_status": [{"status": STR, "count": STR}], "by_category": [{"category": STR, "count": STR}],
                       "by_priority": [{"priority": STR, "count": STR}], "recent_trend": [{"date": TIME, "count": STR}]},
           "feedback": {"total": INT, "average_rating": "number", "by_rating": [{"rating": INT, "count": STR}]}, "cached_at": TIME}
RECENT = {"id": INT, "title": STR, "status": STR, "priority": STR, "created_at": TIME}

BUG = {"title": "Crash", "description": "It crashes", "category": "bug"}
REQUIRED = "title, description, and category are required"
CATEGORY = "category must be one of: bug, feature, support, other"
PRIORITY = "priority must be one of: low, medium, high, urgent"
AT_LEAST = "at least one field (status or priority) is required"
STAFF = "requires staff or admin role"
STATUS = "status must be: new, assigned, in_progress, resolved"
BAD_ID, GONE = "invalid ticket id", "ticket not found"
GIVEN = "ticket_id and rating are required"
RANGE = "rating must be an integer between 1 and 5"

# who, method, path, body, status, the body's shape or its error text
TICKETS = [
    ("employee", "POST", "/tickets", BUG, 201, TICKET),
    ("employee", "POST", "/tickets/", {**BUG, "category": "FEATURE", "priority": "URGENT"}, 201, TICKET),
    ("employee", "POST", "/tickets", {**BUG, "title": ""}, 400, REQUIRED),
    ("employee", "POST", "/tickets", {"title": "t", "category": "bug"}, 400, REQUIRED),
    ("employee", "POST", "/tickets", {"title": "t", "description": "d"}, 400, REQUIRED),
    ("employee", "POST", "/tickets", None, 400, REQUIRED),
    ("employee", "POST", "/tickets", {**BUG, "category": "hardware"}, 400, CATEGORY),
    ("employee", "POST", "/tickets", {**BUG, "priority": "critical!"}, 400, PRIORITY),
    ("employee", "POST", "/tickets", {**BUG, "title": 7}, 201, TICKET),
    ("employee", "GET", "/tickets", None, 200, {"tickets": [TICKET]}),
    ("coordinator", "GET", "/tickets?ignored=1", None, 200, {"tickets": [TICKET]}),
    ("employee", "GET", "/tickets/{mine}", None, 200, TICKET),
    ("employee", "GET", "/tickets/{mine}abc", None, 200, TICKET),
    ("coordinator", "GET", "/tickets/{theirs}", None, 200, TICKET),
    ("employee", "GET", "/tickets/abc", None, 400, BAD_ID),
    ("employee", "GET", "/tickets/{theirs}", None, 404, GONE),
    ("employee", "GET", "/tickets/999999999", None, 404, GONE),
    ("employee", "PATCH", "/tickets/{mine}", {"priority": "LOW"}, 200, TICKET),
    ("employee", "PATCH", "/tickets/{mine}", {"status": "IN_PROGRESS", "priority": "high"}, 200, TICKET),
    ("employee", "PATCH", "/tickets/{mine}", {}, 400, AT_LEAST),
    ("employee", "PATCH", "/tickets/{mine}", {"priority": "x"}, 400, PRIORITY),
    ("employee", "PATCH", "/tickets/abc", {"priority": "low"}, 400, BAD_ID),
    ("employee", "PATCH", "/tickets/{theirs}", {"priority": "low"}, 404, GONE),
    ("coordinator", "PATCH", "/tickets/{mine}", {"priority": "low"}, 404, GONE),
    ("nobody", "GET", "/tickets", None, 401, "missing token"),
    ("stranger", "GET", "/tickets", None, 401, "invalid token"),
]
WORKFLOW = [
    ("coordinator", "PATCH", "/workflow/status/{mine}", {"status": "RESOLVED"}, 200, FULL),
    ("coordinator", "PATCH", "/workflow/status/{mine}", {"status": "resolved"}, 400,
     "cannot transition from resolved to resolved. Allowed: new, assigned, in_progress"),
    ("coordinator", "PATCH", "/workflow/status/{mine}", {"status": "closed"}, 400, STATUS),
    ("coordinator", "PATCH", "/workflow/status/abc", {"status": "x"}, 400, BAD_ID),
    ("coordinator", "PATCH", "/workflow/status/999999999", {"status": "x"}, 400, STATUS),
    ("coordinator", "PATCH", "/workflow/status/999999999", {"status": "new"}, 404, GONE),
    ("employee", "PATCH", "/workflow/status/abc", {"status": "x"}, 403, STAFF),
    ("nobody", "PATCH", "/workflow/status/{mine}", {"status": "new"}, 401, "missing token"),
    ("coordinator", "PATCH", "/workflow/status/{mine}", {"status": "new"}, 200, FULL),
    ("admin", "PATCH", "/workflow/priority/{mine}", {"priority": "Urgent"}, 200, FULL),
    ("admin", "PATCH", "/workflow/priority/{mine}", {"priority": "urgent"}, 200, FULL),
    ("admin", "PATCH", "/workflow/priority/{mine}", {"priority": "x"}, 400, "priority must be: low, medium, high, urgent"),
    ("admin", "PATCH", "/workflow/priority/abc", {"priority": "low"}, 400, BAD_ID),
    ("admin", "PATCH", "/workflow/priority/999999999", {"priority": "low"}, 404, GONE),
    ("employee", "PATCH", "/workflow/priority/{mine}", {"priority": "low"}, 403, STAFF),
    ("coordinator", "PATCH", "/workflow/assign/{mine}", {"assigned_to": 424242}, 200, FULL),
    ("coordinator", "PATCH", "/workflow/assign/{mine}", {"assigned_to": "2"}, 200, FULL),
    ("coordinator", "PATCH", "/workflow/assign/{mine}", {"assigned_to": None}, 200, FULL),
    ("coordinator", "PATCH", "/workflow/assign/{mine}", {}, 200, FULL),
    ("coordinator", "PATCH", "/workflow/assign/abc", {"assigned_to": 1}, 400, BAD_ID),
    ("coordinator", "PATCH", "/workflow/assign/999999999", {"assigned_to": 1}, 404, GONE),
    ("employee", "PATCH", "/workflow/assign/{mine}", {"assigned_to": 1}, 403, STAFF),
    ("employee", "GET", "/workflow/history/{mine}", None, 200, {"history": [ENTRY]}),
    ("coordinator", "GET", "/workflow/history/{theirs}", None, 200, {"history": [ENTRY]}),
    ("employee", "GET", "/workflow/history/{theirs}", None, 404, GONE),
    ("employee", "GET", "/workflow/history/999999999", None, 404, GONE),
    ("employee", "GET", "/workflow/history/abc", None, 400, BAD_ID),
    ("coordinator", "GET", "/workflow/queue", None, 200, {"queue": [QUEUED]}),
    ("employee", "GET", "/workflow/queue", None, 403, STAFF),
    ("employee", "POST", "/workflow/auto-priority/{mine}", {"category": "bug"}, 200, {"ticketId": INT, "priority": STR}),
    ("employee", "POST", "/workflow/auto-priority/999999999", {"category": "bug"}, 200, {"ticketId": INT, "priority": STR}),
    ("employee", "POST", "/workflow/auto-priority/abc", {"category": "bug"}, 400, BAD_ID),
    ("nobody", "POST", "/workflow/auto-priority/{mine}", {"category": "bug"}, 401, "missing token"),
]
FEEDBACK = [
    ("employee", "POST", "/feedback", {"ticket_id": "{mine}", "rating": 5, "comment": "good"}, 201, RATING),
    ("employee", "POST", "/feedback", {"ticket_id": "{mine}", "rating": "3.9"}, 201, RATING),
    ("employee", "POST", "/feedback", {"ticket_id": "{mine}", "rating": 0}, 400, GIVEN),
    ("employee", "POST", "/feedback", {"rating": 3}, 400, GIVEN),
    ("employee", "POST", "/feedback", None, 400, GIVEN),
    ("employee", "POST", "/feedback", {"ticket_id": "abc", "rating": 3}, 400, "invalid ticket_id"),
    ("employee", "POST", "/feedback", {"ticket_id": "{mine}", "rating": 6}, 400, RANGE),
    ("employee", "POST", "/feedback", {"ticket_id": "{mine}", "rating": "x"}, 400, RANGE),
    ("employee", "POST", "/feedback", {"ticket_id": 999999999, "rating": 3}, 404, GONE),
    ("employee", "GET", "/feedback/ticket/{mine}", None, 200, {"feedback": [RATING], "average_rating": "number?", "total_feedback": INT}),
    ("employee", "GET", "/feedback/ticket/999999999", None, 200, {"feedback": [], "average_rating": None, "total_feedback": INT}),
    ("employee", "GET", "/feedback/ticket/abc", None, 400, BAD_ID),
    ("employee", "GET", "/feedback/user/{me}", None, 200, {"feedback": [RATING]}),
    ("coordinator", "GET", "/feedback/user/{me}", None, 200, {"feedback": [RATING]}),
    ("employee", "GET", "/feedback/user/{other}", None, 403, "permission denied"),
    ("employee", "GET", "/feedback/user/abc", None, 400, "invalid user id"),
    ("coordinator", "GET", "/feedback/stats", None, 200, {
        "total_feedback": STR, "average_rating": STR, "min_rating": INT, "max_rating": INT, "tickets_with_feedback": STR,
        "users_who_gave_feedback": STR}),
    ("employee", "GET", "/feedback/stats", None, 403, "staff access required"),
    ("other_employee", "DELETE", "/feedback/{rating}", None, 403, "permission denied"),
    ("employee", "DELETE", "/feedback/abc", None, 400, "invalid feedback id"),
    ("employee", "DELETE", "/feedback/999999999", None, 404, "feedback not found"),
    ("employee", "DELETE", "/feedback/{rating}", None, 200, {"message": "feedback deleted successfully"}),
    ("nobody", "POST", "/feedback", {"ticket_id": 1, "rating": 1}, 401, "missing token"),
]
ANALYTICS = [
    ("coordinator", "GET", "/analytics/metrics", None, 200, METRICS),
    ("admin", "GET", "/analytics/dashboard", None, 200, {"metrics": METRICS, "active_users": INT, "recent_tickets": [RECENT],
                                                          "dashboard_generated_at": TIME}),
    ("coordinator", "POST", "/analytics/refresh", None, 200, {"message": "cache refreshed successfully", "cached_at": TIME}),
    ("coordinator", "GET", "/analytics/tickets/stats", None, 200, {name: STR for name in (
        "total", "last_24h", "last_7d", "last_30d", "new_count", "in_progress_count", "resolved_count", "closed_count")}),
    ("coordinator", "GET", "/analytics/feedback/stats", None, 200, {
        "total": STR, "average_rating": STR, "min_rating": INT, "max_rating": INT, "five_star": STR, "four_star": STR,
        "three_star": STR, "two_star": STR, "one_star": STR}),
    *[("employee", method, "/analytics/" + path, None, 403, "staff access required") for method, path in (
        ("GET", "metrics"), ("GET", "dashboard"), ("POST", "refresh"), ("GET", "tickets/stats"), ("GET", "feedback/stats"))],
    ("nobody", "GET", "/analytics/metrics", None, 401, "missing token"),
    ("stranger", "GET", "/analytics/metrics", None, 401, "invalid token"),
]


def fits(value, shape):
    """Whether the value has the shape; objects have exactly its members, in its order."""
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.match(value) is not None
    if isinstance(shape, dict):
        return isinstance(value, dict) and list(value) == list(shape) and all(fits(value[name], shape[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and (not shape or all(fits(one, shape[0]) for one in value))
    kinds = {"int": int, "str": str, "int?": (int, type(None)), "str?": (str, type(None)), "number": (int, float),
             "number?": (int, float, type(None))}
    if shape in kinds:
        return isinstance(value, kinds[shape]) and not isinstance(value, bool)
    return value == shape


@pytest.fixture
def words(people):
    """What stands for the names in braces."""
    mine = people.employee.post("/tickets", BUG, expect=201).json()["id"]
    theirs = people.other_employee.post("/tickets", BUG, expect=201).json()["id"]
    people.coordinator.patch(f"/workflow/priority/{theirs}", {"priority": "low"}, expect=200)
    rating = people.employee.post("/feedback", {"ticket_id": mine, "rating": 4}, expect=201).json()["id"]
    return {"mine": mine, "theirs": theirs, "rating": rating, "me": EMPLOYEE, "other": OTHER_EMPLOYEE}


def fill(text, words):
    return re.sub(r"\{(\w+)\}", lambda match: str(words[match[1]]), text)


def line(row):
    return f"{row[0]} {row[1]} {row[2]} {json.dumps(row[3])[:40]} {row[4]}"


def check(people, words, row):
    who, method, path, body, status, expected = row
    client = people.nobody.with_token("not.a.token") if who == "stranger" else getattr(people, who)
    if body is not None:
        body = {name: fill(value, words) if isinstance(value, str) else value for name, value in body.items()}
    answer = client.request(method, fill(path, words), json=body)
    assert answer.status_code == status, answer.text
    if status < 400:
        assert fits(answer.json(), expected), answer.text
    else:
        assert answer.json()["error"] == expected


@pytest.mark.parametrize("row", [row for row in TICKETS + FEEDBACK + ANALYTICS], ids=line)
def test_line(people, words, row):
    check(people, words, row)


def test_workflow_lines(people, words):
    """One after the other: each finds what the one before has left."""
    for row in WORKFLOW:
        check(people, words, row)
    rows = people.employee.get(f"/workflow/history/{words['mine']}").json()["history"]
    told = [(row["field_name"], row["old_value"], row["new_value"]) for row in reversed(rows)]
    assert told == [("status", "new", "resolved"), ("status", "resolved", "new"), ("priority", "medium", "urgent"),
                    ("priority", "urgent", "urgent"), ("assigned_to", None, "424242"), ("status", "new", "assigned"),
                    ("assigned_to", "424242", "2"), ("assigned_to", "2", None), ("assigned_to", None, None),
                    ("priority", "urgent", "high")]


def test_every_path_also_ends_in_a_slash_and_answers_head(people, words):
    for who, method, path, _, status, _ in TICKETS + ANALYTICS:
        if method == "GET" and status == 200:
            where, _, query = fill(path, words).partition("?")
            assert getattr(people, who).get(f"{where}/?{query}").status_code == 200
            assert getattr(people, who).request("HEAD", where).status_code == 200


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE ticket; --", "%s%n{}${7*7}", "Ünïcödé 🎫 \u202e",
                                  "line\nbreak\ttab", "\\\"quoted\\\""])
def test_texts_come_back_as_they_went(people, text):
    one = people.employee.post("/tickets", {**BUG, "title": text, "description": text}, expect=201).json()
    again = people.employee.get(f"/tickets/{one['id']}").json()
    assert again["title"] == text and again["description"] == text


@pytest.mark.parametrize("body", [b'{"title": "a\\u0000b"}', b'{"title": "\xff"}', b'{"title": "\\ud800"}', b"", b"{", b"[]", b"null",
                                  b'{"title": 1e999}', b'{"a":' * 100])
def test_broken_bodies(people, body):
    answer = people.employee.request("POST", "/tickets", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]


def test_long_texts_are_refused(people):
    assert people.employee.post("/tickets", {**BUG, "title": "x" * 2_000_000}).status_code == 413


# ---- the link that rates ------------------------------------------------------------------------

def rating_path(people, number):
    return people.employee.get(f"/api/v1/tickets/{number}/feedback/link", expect=200).json()["path"]


@pytest.fixture
def resolved(people):
    """A resolved ticket's number, its subject not harmless."""
    body = people.employee.post("/api/v1/tickets", {"subject": "<b>&\"'", "description": "d", "category": "Others"},
                                expect=201).json()
    people.admin.patch(f"/api/v1/tickets/{body['ticket_number']}", {"status": "Resolved"}, expect=200)
    return body["ticket_number"]


def test_a_link_rates_without_a_login(people, resolved):
    path = rating_path(people, resolved)
    page = people.nobody.get(path, expect=200)
    assert page.headers["Content-Type"].startswith("text/html") and "&lt;b&gt;&amp;&quot;&#39;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and page.headers["Cache-Control"] == "no-store"
    ratings = f"/api/v1/tickets/{resolved}/feedback"
    people.nobody.request("HEAD", path, expect=200)
    assert people.employee.get(ratings).json()["count"] == 0
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    people.nobody.request("POST", path, data="rating=4&comment=sehr+sch%C3%B6n", headers=form, expect=200)
    one, = people.employee.get(ratings).json()["results"]
    assert (one["rating"], one["comment"], one["user_id"]) == (4, "sehr schön", EMPLOYEE)
    people.nobody.post(path, {"rating": 5}, expect=200)
    one, = people.employee.get(ratings).json()["results"]
    assert (one["rating"], one["comment"]) == (5, None)
    assert people.employee.get(f"/api/v1/tickets/{resolved}").json()["csat_rating"] == 5


def test_bad_ratings_by_link(people, resolved):
    path = rating_path(people, resolved)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("", "rating=", "rating=6", "rating=x", "rating=%ZZ", "comment=x", "rating=5&comment=" + "x" * 10001):
        answer = people.nobody.request("POST", path, data=body, headers=form)
        assert answer.status_code == 422 and answer.json()["code"] == "VALIDATION_ERROR", body[:30]
    for body, status in (({"rating": "5"}, 422), ({"rating": 0}, 422), ({}, 422)):
        assert people.nobody.post(path, body).status_code == status
    assert people.nobody.request("POST", path, data="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert people.nobody.request("POST", path, data="x" * 100_000, headers=form).status_code == 413
    people.admin.post(f"/api/v1/tickets/{resolved}/reopen", expect=200)
    assert people.nobody.post(path, {"rating": 5}).status_code == 409


def test_links_cannot_be_made_up(people, resolved):
    path = rating_path(people, resolved)
    for bad in (path[:-1], path[:-1] + ("A" if path[-1] != "A" else "B"), "/feedback/rate/x", "/feedback/rate/" + "A" * 6000,
                path + "A"):
        for method in ("GET", "POST"):
            assert people.nobody.request(method, bad, json={"rating": 1}).status_code == 404, bad[:60]
    cursor = people.employee.get("/api/v1/tickets?page_size=1").json().get("next_cursor")
    assert cursor is None or people.nobody.get("/feedback/rate/" + cursor).status_code == 404


def test_links_expire(people, resolved):
    path = f"/api/v1/tickets/{resolved}/feedback/link"
    old = people.employee.get(path, headers={"X-Demo-Time": "2024-01-01T00:00:00Z"}, expect=200).json()
    assert old["expires_at"] == "2024-01-15T00:00:00Z"
    assert people.nobody.get(old["path"]).status_code == 404
    assert people.nobody.post(old["path"], {"rating": 1}).status_code == 404
    assert people.nobody.get(people.employee.get(path).json()["path"]).status_code == 200


def test_who_gets_a_link(people, resolved):
    path = f"/api/v1/tickets/{resolved}/feedback/link"
    people.service.get(path, expect=200)
    for stranger in (people.other_employee, people.coordinator, people.admin, people.tts_admin):
        assert stranger.get(path).status_code == 403
    assert people.nobody.get(path).status_code == 401
    assert people.employee.get("/api/v1/tickets/TX20200101000001/feedback/link").status_code == 404
