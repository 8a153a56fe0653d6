"""The simple ticketing surface: its own shapes, texts and codes."""
import re

import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, create, helpdesk, history, own,  # noqa: F401
                              people)

BUG = {"title": "Application crashes on login", "description": "It crashes", "category": "bug"}
TICKET_MEMBERS = ["id", "user_id", "title", "description", "category", "status", "priority", "created_at"]
FULL_MEMBERS = TICKET_MEMBERS + ["assigned_to", "updated_at"]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def refused(answer, status, text):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == text


@pytest.fixture
def bug(people):
    return people.employee.post("/tickets", BUG, expect=201).json()


# ---- /tickets -----------------------------------------------------------------------------------

def test_create(people):
    body = people.employee.post("/tickets", {**BUG, "category": "BUG", "priority": "Urgent"}, expect=201).json()
    assert list(body) == TICKET_MEMBERS
    assert body["user_id"] == EMPLOYEE and body["status"] == "new"
    assert body["category"] == "bug" and body["priority"] == "urgent" and TIME.match(body["created_at"])
    assert people.employee.post("/tickets/", BUG, expect=201).json()["priority"] == "medium"
    assert people.employee.get(f"/tickets/{body['id']}", expect=200).json() == body


def test_create_is_the_same_ticket_everywhere(people):
    body = people.employee.post("/tickets", BUG, expect=201).json()
    found = [one for one in people.employee.get("/api/v1/tickets").json()["results"] if one["id"] == body["id"]]
    assert found[0]["subject"] == BUG["title"] and found[0]["category"] == "bug" and found[0]["status"] == "Open"
    number = create(people.employee, subject="Canonical")["id"]
    assert people.employee.get(f"/tickets/{number}", expect=200).json()["title"] == "Canonical"


REQUIRED = "title, description, and category are required"


@pytest.mark.parametrize("body,text", [
    ({}, REQUIRED), (None, REQUIRED), ({**BUG, "title": ""}, REQUIRED), ({**BUG, "title": None}, REQUIRED),
    ({**BUG, "description": {}}, REQUIRED), ({"title": "t", "description": "d"}, REQUIRED),
    ({**BUG, "category": "hardware"}, "category must be one of: bug, feature, support, other"),
    ({**BUG, "category": 5}, "category must be one of: bug, feature, support, other"),
    ({**BUG, "priority": "huge"}, "priority must be one of: low, medium, high, urgent"),
    ({**BUG, "priority": 4}, "priority must be one of: low, medium, high, urgent")])
def test_create_refusals(people, body, text):
    refused(people.employee.post("/tickets", body), 400, text)


def test_numbers_are_taken_as_texts(people):
    assert people.employee.post("/tickets", {**BUG, "title": 7}, expect=201).json()["title"] == "7"


def test_malformed_bodies(people):
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[1]", b'"x"', b"\xff"):
        assert people.employee.request("POST", "/tickets", data=body, headers=headers).status_code == 400


def test_tokens(people, bug):
    for method, path in (("POST", "/tickets"), ("GET", "/tickets"), ("GET", f"/tickets/{bug['id']}"),
                         ("PATCH", f"/tickets/{bug['id']}"), ("PATCH", f"/workflow/status/{bug['id']}"),
                         ("GET", "/workflow/queue"), ("POST", "/feedback"), ("GET", "/feedback/stats")):
        refused(people.nobody.request(method, path), 401, "missing token")
        refused(people.nobody.with_token("a.b.c").request(method, path), 401, "invalid token")
        expired = people.nobody.as_user(EMPLOYEE, ttl=-3600)
        refused(expired.request(method, path), 401, "invalid token")


def test_list(people, bug):
    other = people.other_employee.post("/tickets", BUG, expect=201).json()
    mine = people.employee.get("/tickets", expect=200).json()["tickets"]
    assert mine[0] == bug and {one["user_id"] for one in mine} == {EMPLOYEE}
    everything = people.coordinator.get("/tickets", expect=200).json()["tickets"]
    assert everything[:2] == [other, bug]
    assert people.reviewer.get("/tickets", expect=200).json() == {"tickets": []}


def test_a_long_list_is_complete_and_in_order(people, db):
    db.query("INSERT INTO ticket (id, number, subject, description, category, priority, requester_id, requester_name, "
             "requester_email, created_at, updated_at) SELECT 1000000 + i, 'TX20200101' || lpad(i::text, 6, '0'), "
             "'old ' || i, 'd', 'bug', (enum_range(NULL::ticket_priority))[1 + i %% 4], 4711, 'x', 'x', "
             "'2020-01-01'::timestamptz + i / 3 * interval '1 second', '2020-01-01' FROM generate_series(1, 1001) i",
             program="helpdesk-service")
    for client in (people.nobody.as_user(4711), people.coordinator):
        ids = [one["id"] for one in client.get("/tickets", expect=200).json()["tickets"] if one["user_id"] == 4711]
        assert ids == list(range(1001001, 1000000, -1))
    queue = people.coordinator.get("/workflow/queue", expect=200).json()["queue"]
    rank = {"urgent": 0, "high": 1, "medium": 2, "low": 3}
    keys = [(rank[one["priority"]], one["created_at"], one["id"]) for one in queue]
    assert keys == sorted(keys) and len([one for one in queue if one["user_id"] == 4711]) == 1001
    db.query("DELETE FROM ticket WHERE requester_id = 4711", program="helpdesk-service")


def test_get(people, bug):
    path = f"/tickets/{bug['id']}"
    assert people.coordinator.get(path, expect=200).json() == bug
    assert people.employee.get(path + "abc", expect=200).json() == bug
    refused(people.other_employee.get(path), 404, "ticket not found")
    refused(people.employee.get("/tickets/999999999"), 404, "ticket not found")
    refused(people.employee.get("/tickets/99999999999999999999"), 404, "ticket not found")
    for identity in ("abc", "-1", "%27", "%FF"):
        refused(people.employee.get("/tickets/" + identity), 400, "invalid ticket id")


def test_patch(people, db, bug):
    path = f"/tickets/{bug['id']}"
    body = people.employee.patch(path, {"priority": "HIGH"}, expect=200).json()
    assert list(body) == TICKET_MEMBERS and body["priority"] == "high" and body["status"] == "new"
    assert people.employee.patch(path, {"status": "In_Progress"}, expect=200).json()["status"] == "in_progress"
    assert people.employee.patch(path, {"status": "closed"}, expect=200).json()["status"] == "closed"
    refused(people.employee.patch(path, {}), 400, "at least one field (status or priority) is required")
    refused(people.employee.patch(path), 400, "at least one field (status or priority) is required")
    refused(people.employee.patch(path, {"priority": "x"}), 400, "priority must be one of: low, medium, high, urgent")
    refused(people.employee.patch(path, {"status": "x"}), 400,
            "status must be one of: new, assigned, in_progress, resolved, closed")
    refused(people.employee.patch("/tickets/abc", {"status": "new"}), 400, "invalid ticket id")
    refused(people.employee.patch("/tickets/999999999", {"status": "new"}), 404, "ticket not found")
    for foreigner in (people.other_employee, people.coordinator, people.admin):
        refused(foreigner.patch(path, {"priority": "low"}), 404, "ticket not found")


# ---- /workflow ----------------------------------------------------------------------------------

def test_staff_only(people, bug):
    for method, path in (("PATCH", "/workflow/status/"), ("PATCH", "/workflow/priority/"), ("PATCH", "/workflow/assign/")):
        refused(people.employee.request(method, path + str(bug["id"]), json={}), 403, "requires staff or admin role")
        refused(people.employee.request(method, path + "abc", json={}), 403, "requires staff or admin role")
        refused(people.coordinator.request(method, path + "abc", json={}), 400, "invalid ticket id")
    refused(people.employee.get("/workflow/queue"), 403, "requires staff or admin role")


def test_status(people, bug):
    path = f"/workflow/status/{bug['id']}"
    body = people.coordinator.patch(path, {"status": "IN_PROGRESS"}, expect=200).json()
    assert list(body) == FULL_MEMBERS and body["status"] == "in_progress" and TIME.match(body["updated_at"])
    for status in ("resolved", "new", "assigned", "resolved", "assigned", "in_progress"):
        assert people.admin.patch(path, {"status": status}, expect=200).json()["status"] == status
    refused(people.coordinator.patch(path, {"status": "in_progress"}), 400,
            "cannot transition from in_progress to in_progress. Allowed: new, assigned, resolved")
    for status in ("closed", "x", 4, None):
        refused(people.coordinator.patch(path, {"status": status}), 400,
                "status must be: new, assigned, in_progress, resolved")
    refused(people.coordinator.patch(path), 400, "status must be: new, assigned, in_progress, resolved")
    refused(people.coordinator.patch("/workflow/status/999999999", {"status": "new"}), 404, "ticket not found")
    people.employee.patch(f"/tickets/{bug['id']}", {"status": "closed"}, expect=200)
    refused(people.coordinator.patch(path, {"status": "new"}), 400, "cannot transition from closed to new. Allowed: ")


def test_priority(people, bug):
    path = f"/workflow/priority/{bug['id']}"
    assert people.coordinator.patch(path, {"priority": "Urgent"}, expect=200).json()["priority"] == "urgent"
    refused(people.coordinator.patch(path, {"priority": "x"}), 400, "priority must be: low, medium, high, urgent")
    refused(people.coordinator.patch("/workflow/priority/999999999", {"priority": "low"}), 404, "ticket not found")


def test_assign(people, bug):
    path = f"/workflow/assign/{bug['id']}"
    body = people.coordinator.patch(path, {"assigned_to": COORDINATOR}, expect=200).json()
    assert body["assigned_to"] == COORDINATOR and body["status"] == "assigned"
    assert people.coordinator.patch(path, {"assigned_to": "2"}, expect=200).json()["assigned_to"] == 2
    for nobody in (None, 0, "", False):
        people.coordinator.patch(path, {"assigned_to": 3}, expect=200)
        body = people.coordinator.patch(path, {"assigned_to": nobody}, expect=200).json()
        assert body["assigned_to"] is None and body["status"] == "assigned"
    people.coordinator.patch(path, {"assigned_to": 3}, expect=200)
    assert people.coordinator.patch(path, expect=200).json()["assigned_to"] is None
    for bad in ("abc", -1, 1.5, True, [], {}):
        refused(people.coordinator.patch(path, {"assigned_to": bad}), 400, "assigned_to must be a user id")
    refused(people.coordinator.patch("/workflow/assign/999999999", {"assigned_to": 1}), 404, "ticket not found")


def test_history(people, bug):
    identity = bug["id"]
    assert people.employee.get(f"/workflow/history/{identity}", expect=200).json() == {"history": []}
    people.coordinator.patch(f"/workflow/assign/{identity}", {"assigned_to": COORDINATOR}, expect=200)
    people.coordinator.patch(f"/workflow/status/{identity}", {"status": "in_progress"}, expect=200)
    people.coordinator.patch(f"/workflow/status/{identity}", {"status": "assigned"}, expect=200)
    people.coordinator.patch(f"/workflow/status/{identity}", {"status": "new"}, expect=200)
    people.coordinator.patch(f"/workflow/priority/{identity}", {"priority": "low"}, expect=200)
    people.coordinator.patch(f"/workflow/assign/{identity}", {"assigned_to": None}, expect=200)
    rows = people.employee.get(f"/workflow/history/{identity}", expect=200).json()["history"]
    assert list(rows[0]) == ["id", "ticket_id", "changed_by", "field_name", "old_value", "new_value", "changed_at"]
    assert [(row["field_name"], row["old_value"], row["new_value"]) for row in reversed(rows)] == [
        ("assigned_to", None, str(COORDINATOR)), ("status", "new", "assigned"), ("status", "assigned", "in_progress"),
        ("status", "in_progress", "assigned"), ("status", "assigned", "new"), ("priority", "medium", "low"),
        ("assigned_to", str(COORDINATOR), None)]
    assert {row["changed_by"] for row in rows} == {COORDINATOR} and {row["ticket_id"] for row in rows} == {identity}
    assert all(TIME.match(row["changed_at"]) for row in rows)
    refused(people.other_employee.get(f"/workflow/history/{identity}"), 404, "ticket not found")
    refused(people.employee.get("/workflow/history/abc"), 400, "invalid ticket id")


def test_queue(people, bug):
    people.coordinator.patch(f"/workflow/status/{bug['id']}", {"status": "resolved"}, expect=200)
    queue = people.coordinator.get("/workflow/queue", expect=200).json()["queue"]
    assert bug["id"] not in [one["id"] for one in queue]
    assert list(queue[0]) == ["id", "user_id", "title", "description", "category", "status", "priority", "assigned_to",
                              "created_at"]


@pytest.mark.parametrize("category,priority", [("bug", "high"), ("Feature", "medium"), ("support", "medium"),
                                               ("other", "low"), ("anything", "medium"), (None, "medium"), (5, "medium")])
def test_auto_priority(people, bug, category, priority):
    path = f"/workflow/auto-priority/{bug['id']}"
    assert people.employee.post(path, {"category": category}, expect=200).json() == {
        "ticketId": bug["id"], "priority": priority}
    assert people.employee.get(f"/tickets/{bug['id']}").json()["priority"] == priority


def test_auto_priority_refusals(people, bug):
    refused(people.employee.post("/workflow/auto-priority/abc", {}), 400, "invalid ticket id")
    for client, identity in ((people.other_employee, bug["id"]), (people.employee, 999999999)):
        assert client.post(f"/workflow/auto-priority/{identity}", {"category": "bug"}, expect=200).json() == {
            "ticketId": identity, "priority": "high"}
    assert people.employee.get(f"/tickets/{bug['id']}").json() == bug


# ---- /feedback ----------------------------------------------------------------------------------

def test_feedback(people, bug):
    body = people.employee.post("/feedback", {"ticket_id": bug["id"], "rating": 4, "comment": "ok"}, expect=201).json()
    assert list(body) == ["id", "ticket_id", "user_id", "rating", "comment", "created_at"]
    assert (body["ticket_id"], body["user_id"], body["rating"]) == (bug["id"], EMPLOYEE, 4)
    again = people.employee.post("/feedback", {"ticket_id": str(bug["id"]), "rating": "3.9", "comment": ""},
                                 expect=201).json()
    assert again["id"] == body["id"] and again["rating"] == 3 and again["comment"] is None
    people.coordinator.post("/feedback", {"ticket_id": bug["id"], "rating": 4}, expect=201)
    listed = people.employee.get(f"/feedback/ticket/{bug['id']}", expect=200).json()
    assert [one["rating"] for one in listed["feedback"]] == [4, 3]
    assert listed["average_rating"] == 3.5 and listed["total_feedback"] == 2
    assert people.employee.get("/feedback/ticket/999999999", expect=200).json() == {
        "feedback": [], "average_rating": None, "total_feedback": 0}
    assert people.other_employee.get(f"/feedback/ticket/{bug['id']}", expect=200).json()["total_feedback"] == 0
    mine = people.employee.get(f"/feedback/user/{EMPLOYEE}", expect=200).json()["feedback"]
    assert mine[0] == again
    people.coordinator.get(f"/feedback/user/{EMPLOYEE}", expect=200)
    refused(people.employee.get(f"/feedback/user/{OTHER_EMPLOYEE}"), 403, "permission denied")
    refused(people.employee.get("/feedback/user/abc"), 400, "invalid user id")
    refused(people.employee.get("/feedback/ticket/abc"), 400, "invalid ticket id")


@pytest.mark.parametrize("change,status,text", [
    ({"rating": 0}, 400, "ticket_id and rating are required"), ({"rating": None}, 400, "ticket_id and rating are required"),
    ({"ticket_id": None}, 400, "ticket_id and rating are required"), ({"ticket_id": "abc"}, 400, "invalid ticket_id"),
    ({"rating": 6}, 400, "rating must be an integer between 1 and 5"),
    ({"rating": "x"}, 400, "rating must be an integer between 1 and 5"),
    ({"ticket_id": 999999999}, 404, "ticket not found")])
def test_feedback_refusals(people, bug, change, status, text):
    refused(people.employee.post("/feedback", {"ticket_id": bug["id"], "rating": 5, **change}), status, text)
    refused(people.employee.post("/feedback"), 400, "ticket_id and rating are required")
    refused(people.other_employee.post("/feedback", {"ticket_id": bug["id"], "rating": 5}), 404, "ticket not found")


def test_feedback_is_deleted_by_author_or_staff(people, bug):
    for deleter in (people.employee, people.coordinator):
        body = people.employee.post("/feedback", {"ticket_id": bug["id"], "rating": 5}, expect=201).json()
        refused(people.other_employee.delete(f"/feedback/{body['id']}"), 403, "permission denied")
        assert deleter.delete(f"/feedback/{body['id']}", expect=200).json() == {
            "message": "feedback deleted successfully"}
        refused(deleter.delete(f"/feedback/{body['id']}"), 404, "feedback not found")
    refused(people.employee.delete("/feedback/abc"), 400, "invalid feedback id")


def test_feedback_stats(people, db, bug):
    db.query("DELETE FROM feedback", program="helpdesk-service")
    assert people.coordinator.get("/feedback/stats", expect=200).json() == {
        "total_feedback": "0", "average_rating": 0, "min_rating": None, "max_rating": None,
        "tickets_with_feedback": "0", "users_who_gave_feedback": "0"}
    people.employee.post("/feedback", {"ticket_id": bug["id"], "rating": 5}, expect=201)
    people.coordinator.post("/feedback", {"ticket_id": bug["id"], "rating": 4}, expect=201)
    assert people.coordinator.get("/feedback/stats", expect=200).json() == {
        "total_feedback": "2", "average_rating": "4.50", "min_rating": 4, "max_rating": 5,
        "tickets_with_feedback": "1", "users_who_gave_feedback": "2"}
    refused(people.employee.get("/feedback/stats"), 403, "staff access required")


# ---- /analytics ---------------------------------------------------------------------------------

ANALYTICS = [("GET", "metrics"), ("GET", "dashboard"), ("POST", "refresh"), ("GET", "tickets/stats"),
             ("GET", "feedback/stats")]


@pytest.mark.parametrize("method,path", ANALYTICS)
def test_analytics_are_for_staff(people, method, path):
    refused(people.employee.request(method, "/analytics/" + path), 403, "staff access required")
    refused(people.reviewer.request(method, "/analytics/" + path), 403, "staff access required")
    refused(people.nobody.request(method, "/analytics/" + path), 401, "missing token")
    refused(people.nobody.with_token("x.y.z").request(method, "/analytics/" + path), 401, "invalid token")
    for client in (people.coordinator, people.admin):
        assert client.request(method, "/analytics/" + path).status_code == 200


def counts(groups, member):
    return {group[member]: int(group["count"]) for group in groups}


def test_metrics(people, db, bug):
    db.query("DELETE FROM feedback", program="helpdesk-service")
    before = people.coordinator.get("/analytics/metrics", expect=200).json()
    assert list(before) == ["tickets", "feedback", "cached_at"] and TIME.match(before["cached_at"])
    assert list(before["tickets"]) == ["total", "by_status", "by_category", "by_priority", "recent_trend"]
    assert before["feedback"] == {"total": 0, "average_rating": 0, "by_rating": []}
    one = people.employee.post("/tickets", {**BUG, "category": "feature", "priority": "urgent"}, expect=201).json()
    people.coordinator.patch(f"/workflow/status/{one['id']}", {"status": "resolved"}, expect=200)
    people.coordinator.patch(f"/workflow/assign/{bug['id']}", {"assigned_to": COORDINATOR}, expect=200)
    for identity, rating in ((one["id"], 5), (bug["id"], 4), (bug["id"], 4)):
        people.employee.post("/feedback", {"ticket_id": identity, "rating": rating}, expect=201)
    after = people.coordinator.get("/analytics/metrics", expect=200).json()
    assert after["tickets"]["total"] == before["tickets"]["total"] + 1
    for group, member, word in (("by_status", "status", "resolved"), ("by_status", "status", "assigned"),
                                ("by_category", "category", "feature"), ("by_priority", "priority", "urgent")):
        old, new = (counts(body["tickets"][group], member) for body in (before, after))
        assert new[word] == old.get(word, 0) + 1
        ordered = [int(entry["count"]) for entry in after["tickets"][group]]
        assert ordered == sorted(ordered, reverse=True) and sum(ordered) == after["tickets"]["total"]
        assert all(isinstance(entry["count"], str) for entry in after["tickets"][group])
    today = after["tickets"]["recent_trend"][0]
    assert today["date"].endswith("T00:00:00.000Z") and isinstance(today["count"], str)
    assert after["feedback"] == {"total": 2, "average_rating": 4.5, "by_rating": [
        {"rating": 5, "count": "1"}, {"rating": 4, "count": "1"}]}
    # the same as counting
    real = dict(db.query("SELECT category, count(*) FROM ticket GROUP BY 1", program="helpdesk-service"))
    assert counts(after["tickets"]["by_category"], "category") == real


def test_dashboard(people, bug):
    body = people.coordinator.get("/analytics/dashboard", expect=200).json()
    assert list(body) == ["metrics", "active_users", "recent_tickets", "dashboard_generated_at"]
    assert TIME.match(body["dashboard_generated_at"]) and list(body["metrics"]) == ["tickets", "feedback", "cached_at"]
    assert body["active_users"] >= 1 and isinstance(body["active_users"], int)
    assert 1 <= len(body["recent_tickets"]) <= 10
    assert body["recent_tickets"][0] == {name: bug[name] for name in ("id", "title", "status", "priority", "created_at")}


def test_refresh(people):
    body = people.coordinator.post("/analytics/refresh", expect=200).json()
    assert list(body) == ["message", "cached_at"] and body["message"] == "cache refreshed successfully"
    assert TIME.match(body["cached_at"])


def test_ticket_stats(people, db, bug):
    people.coordinator.patch(f"/workflow/status/{bug['id']}", {"status": "in_progress"}, expect=200)
    body = people.coordinator.get("/analytics/tickets/stats", expect=200).json()
    assert list(body) == ["total", "last_24h", "last_7d", "last_30d", "new_count", "in_progress_count", "resolved_count",
                          "closed_count"]
    assert all(isinstance(value, str) for value in body.values())
    real = db.query("SELECT count(*), count(*) FILTER (WHERE created_at > now() - interval '24 hours'), "
                    "count(*) FILTER (WHERE status IN ('In Progress', 'On Hold')), "
                    "count(*) FILTER (WHERE status = 'Open' AND NOT is_assigned) FROM ticket",
                    program="helpdesk-service")[0]
    assert real == tuple(int(body[name]) for name in ("total", "last_24h", "in_progress_count", "new_count"))
    assert int(body["total"]) >= int(body["last_30d"]) >= int(body["last_7d"]) >= int(body["last_24h"]) >= 1


def test_feedback_figures(people, db, bug):
    db.query("DELETE FROM feedback", program="helpdesk-service")
    members = ["total", "average_rating", "min_rating", "max_rating", "five_star", "four_star", "three_star", "two_star",
               "one_star"]
    body = people.coordinator.get("/analytics/feedback/stats", expect=200).json()
    assert list(body) == members and [body[name] for name in members] == ["0", 0, None, None, "0", "0", "0", "0", "0"]
    people.employee.post("/feedback", {"ticket_id": bug["id"], "rating": 5}, expect=201)
    people.coordinator.post("/feedback", {"ticket_id": bug["id"], "rating": 4}, expect=201)
    body = people.coordinator.get("/analytics/feedback/stats", expect=200).json()
    assert [body[name] for name in members] == ["2", "4.50", 4, 5, "1", "1", "0", "0", "0"]
