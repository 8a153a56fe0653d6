"""The audit trail: what is recorded, and who reads it."""
import csv
import io
import json

import pytest

from audit_support import AUDIT, event, found, listener, sealed, verify  # noqa: F401
from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, TTS_ADMIN, create, helpdesk,  # noqa: F401
                              own, people, post_file, start_helpdesk)
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for


# ---- what is recorded ---------------------------------------------------------------------------

def test_opening_a_ticket(people):
    answer = people.employee.post("/api/v1/tickets", {"subject": "s", "description": "secret words", "category": "bug"},
                                  headers={"User-Agent": "a browser"}, expect=201)
    number = answer.json()["ticket_number"]
    one = event(people.admin, "ticket.create", object=number)
    assert one["actor"] == {"kind": "person", "id": EMPLOYEE, "label": "John Doe"}
    assert one["object"]["type"] == "ticket" and one["object"]["number"] == number and int(one["object"]["id"]) > 0
    assert (one["source"], one["result"], one["on_behalf_of"]) == ("helpdesk-service", "allowed", None)
    assert one["address"] == "127.0.0.1" and one["user_agent"] == "a browser"
    assert one["trace_id"] == answer.headers["X-Trace-Id"]
    assert "secret words" not in json.dumps(one)
    assert people.admin.get(f"{AUDIT}/{one['id']}", expect=200).json() == one


def test_opening_for_somebody_else(people):
    number = create(people.service, requester_id=OTHER_EMPLOYEE)["ticket_number"]
    one = event(people.admin, "ticket.create", object=number)
    assert one["actor"] == {"kind": "service", "id": None, "label": "workflow-service"}
    assert one["on_behalf_of"] == OTHER_EMPLOYEE
    assert one in found(people.admin, actor="workflow-service")
    assert one not in found(people.admin, actor=OTHER_EMPLOYEE)


def test_changing_a_ticket(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    path = f"/api/v1/tickets/{number}"
    people.coordinator.patch(path, {"priority": "Low", "description": "other words", "reason": "it can wait"}, expect=200)
    one = event(people.admin, "ticket.update", object=number)
    assert sorted(one["changes"], key=lambda c: c["field"]) == [
        {"field": "description"}, {"field": "priority", "old": "High", "new": "Low"}]
    assert one["reason"] == "it can wait" and one["actor"]["id"] == COORDINATOR
    before = len(found(people.admin, object=number))
    people.coordinator.patch(path, {"priority": "Low"}, expect=200)
    people.coordinator.post(f"{path}/hold", {"reason": "waits for parts"}, expect=200)
    held = event(people.admin, "ticket.update", lambda e: e["reason"] == "waits for parts", object=number)
    assert {"field": "status", "old": "Open", "new": "On Hold"} in held["changes"]
    assert len(found(people.admin, object=number)) == before + 1


def test_custom_fields_tell_their_values(people):
    people.admin.post("/api/v1/custom-fields", {"key": "floor", "type": "number"}, expect=201)
    number = create(people.employee, custom_fields={"floor": 3})["ticket_number"]
    people.admin.patch(f"/api/v1/tickets/{number}", {"custom_fields": {"floor": 4}}, expect=200)
    one = event(people.admin, "ticket.update", object=number)
    assert one["changes"] == [{"field": "custom_fields.floor", "old": 3, "new": 4}]


def test_comments_are_named_and_not_repeated(people):
    number = create(people.employee)["ticket_number"]
    path = f"/api/v1/tickets/{number}/comments"
    comment = people.employee.post(path, {"comment": "first words"}, expect=201).json()["id"]
    people.employee.patch(f"{path}/{comment}", {"comment": "second words"}, expect=200)
    people.employee.delete(f"{path}/{comment}", expect=204)
    for action in ("comment.edit", "comment.remove"):
        one = event(people.admin, action, object=number)
        assert one["object"] == {"type": "comment", "id": str(comment), "number": number} and one["changes"] == []
        assert "words" not in json.dumps(one)
    assert len(found(people.admin, object_type="comment", object=comment)) == 2


@pytest.mark.parametrize("delete", ["/api/v1/tickets/{number}/attachments/{id}", "/api/v1/media/{id}", "/media/{id}"])
def test_removed_attachments(people, delete):
    number = create(people.employee)["ticket_number"]
    one = post_file(people.employee, name="plan.png", path=f"/api/v1/tickets/{number}/attachments", expect=201).json()
    people.employee.delete(delete.format(number=number, id=one["id"]), expect=200)
    gone = event(people.admin, "attachment.remove", object=number)
    assert gone["changes"][0] == {"field": "filename", "old": "plan.png", "new": None}
    assert gone["object"] == {"type": "attachment", "id": str(one["id"]), "number": number}


def test_the_catalogue(people):
    department = people.admin.post("/api/v1/departments", {"name": "Audit House"}, expect=201).json()["id"]
    people.admin.patch(f"/api/v1/departments/{department}", {"name": "Audit Home"}, expect=200)
    category = people.tts_admin.post("/api/v1/categories", {"name": "Audited"}, expect=201).json()["id"]
    people.tts_admin.patch(f"/api/v1/categories/{category}", {"needs_approval": True, "department": "Audit Home"}, expect=200)
    sub = people.admin.post(f"/api/v1/categories/{category}/sub-categories", {"name": "Part"}, expect=201).json()["id"]
    people.admin.patch(f"/api/v1/categories/{category}/sub-categories/{sub}", {"name": "Piece"}, expect=200)
    people.admin.delete(f"/api/v1/categories/{category}/sub-categories/{sub}", expect=204)
    people.admin.delete(f"/api/v1/categories/{category}", expect=204)
    people.admin.delete(f"/api/v1/departments/{department}", expect=204)
    renamed = event(people.admin, "department.update", object=department)
    assert {"field": "name", "old": "Audit House", "new": "Audit Home"} in renamed["changes"]
    changed = event(people.admin, "category.update", object=category)
    assert {"field": "needs_approval", "old": False, "new": True} in changed["changes"]
    assert {"field": "department", "old": None, "new": "Audit Home"} in changed["changes"]
    assert changed["actor"]["id"] == TTS_ADMIN and changed["details"] == {"name": "Audited"}
    assert event(people.admin, "sub_category.update", object=sub)["changes"] == [
        {"field": "name", "old": "Part", "new": "Piece"}]
    for action, one in (("department.create", department), ("department.remove", department),
                        ("category.create", category), ("category.remove", category),
                        ("sub_category.create", sub), ("sub_category.remove", sub)):
        assert event(people.admin, action, object=one)


def test_custom_field_definitions(people):
    one = people.admin.post("/api/v1/custom-fields", {"key": "shelf", "type": "text"}, expect=201).json()["id"]
    people.admin.patch(f"/api/v1/custom-fields/{one}", {"label": "Which shelf"}, expect=200)
    people.admin.delete(f"/api/v1/custom-fields/{one}", expect=204)
    assert event(people.admin, "custom_field.create", object=one)["details"] == {"name": "shelf"}
    assert event(people.admin, "custom_field.update", object=one)["changes"] == [
        {"field": "label", "old": "shelf", "new": "Which shelf"}]
    assert event(people.admin, "custom_field.remove", object=one)


def test_what_fails_is_not_recorded(people, db):
    sealed(db)
    before = found(people.admin, action="department.create")
    check_error(people.admin.post("/api/v1/departments", {"name": "IT Department"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.employee.post("/api/v1/tickets", {"subject": "only"}), 400, "INVALID_INPUT")
    sealed(db)
    assert found(people.admin, action="department.create") == before


def test_a_repeated_request_is_recorded_once(people, db):
    key = {"Idempotency-Key": "audit once"}
    for _ in range(2):
        number = people.employee.post("/api/v1/tickets", {"subject": "s", "description": "d", "category": "bug"},
                                      headers=key, expect=201).json()["ticket_number"]
    sealed(db)
    assert len(found(people.admin, object=number)) == 1


# ---- refusals -----------------------------------------------------------------------------------

def test_refusals(people):
    number = create(people.employee)["ticket_number"]
    stranger = people.nobody.as_user(8001, tokens.EMPLOYEE)
    check_error(stranger.get(f"/api/v1/tickets/{number}"), 403, "FORBIDDEN")
    one = event(people.admin, "access.refuse", object=number)
    assert one["result"] == "refused" and one["actor"] == {"kind": "person", "id": 8001, "label": None}
    assert one["details"] == {"route": "GET /api/v1/tickets/{number}"} and one["object"]["type"] == "ticket"
    assert one in found(people.admin, result="refused") and one not in found(people.admin, result="allowed")


def test_a_flood_of_refusals_is_counted(people, db, start_service):
    stranger = people.nobody.as_user(8002, tokens.EMPLOYEE)
    for _ in range(25):
        check_error(stranger.post("/api/v1/departments", {"name": "x"}), 403, "FORBIDDEN")
    wait_for(lambda: len(found(people.admin, actor=8002)) == 10)
    sealed(db)
    assert len(found(people.admin, actor=8002)) == 10


def test_a_stop_writes_what_is_left(people, db, start_service):
    other = start_helpdesk(start_service, db)
    stranger = other.http.as_user(8003, tokens.EMPLOYEE)
    for _ in range(12):
        check_error(stranger.get(AUDIT), 403, "FORBIDDEN")
    other.stop()
    counted = event(people.admin, "access.refuse", lambda e: "count" in (e["details"] or {}), actor=8003)
    assert counted["details"] == {"count": 2}
    assert len(found(people.admin, actor=8003)) == 11


# ---- what others tell ---------------------------------------------------------------------------

def test_events_of_the_workflow(people, listener):
    data = {"task_id": 71, "ticket_number": "TX20260112000071", "step": "Quality", "previous_step": "Review",
            "transition": "approve", "notes": "private words", "status": "in_progress", "actor_id": ADMIN,
            "assignee_id": COORDINATOR}
    told = listener.send_event("task.transitioned", data, source="workflow-service", subject="TX20260112000071")
    one = event(people.admin, "task.transitioned", object="TX20260112000071")
    assert one["source"] == "workflow-service" and one["source_id"] == told["id"]
    assert one["object"] == {"type": "task", "id": "71", "number": "TX20260112000071"}
    assert one["actor"] == {"kind": "person", "id": ADMIN, "label": "Adam Admin"}
    assert {"field": "step", "old": "Review", "new": "Quality"} in one["changes"]
    assert one["details"]["transition"] == "approve" and "private" not in json.dumps(one)
    listener.publish("tts.events", "task.transitioned", told, message_id=told["id"])
    listener.send_event("sla.breached", {"task_id": 71, "ticket_number": "TX20260112000071", "metric": "resolution"},
                        source="workflow-service")
    assert event(people.admin, "sla.breached", object=71)["details"] == {"metric": "resolution"}
    assert len(found(people.admin, action="task.transitioned", object=71)) == 1


def test_records_of_auth_service(people, listener):
    listener.send_event("audit.recorded", {
        "action": "role.grant", "result": "refused", "actor_id": ADMIN, "target_type": "user", "target_id": "555",
        "address": "10.1.2.3", "user_agent": "curl", "trace_id": "f" * 32, "details": {"code": "FORBIDDEN"}},
                        source="auth-service")
    one = event(people.admin, "role.grant", source="auth-service")
    assert one["object"] == {"type": "user", "id": "555", "number": None} and one["result"] == "refused"
    assert (one["address"], one["user_agent"], one["trace_id"]) == ("10.1.2.3", "curl", "f" * 32)
    assert one["details"] == {"code": "FORBIDDEN"} and one["actor"]["label"] == "Adam Admin"


def test_hostile_records(people, listener):
    nasty = "'; DROP TABLE audit_event; -- <script>\u2028 \U0001f600"
    listener.send_event("audit.recorded", {"action": nasty, "result": "allowed", "target_id": nasty,
                                           "details": {nasty: nasty}}, source=nasty)
    one = wait_for(lambda: next((e for e in found(people.admin) if e["action"] == nasty), None))
    assert one["source"] == nasty and one["details"] == {nasty: nasty} and one["actor"]["kind"] == "system"
    for body in (b"no json", {"specversion": "1.0"}, {"specversion": "1.0", "id": "x", "source": "y",
                                                      "type": "audit.recorded", "data": {"action": 5}}):
        listener.publish("tts.events", "audit.recorded", body, message_id=f"bad {body!r}"[:60])
    assert len(listener.receive_dead("helpdesk.audit", 3)) == 3


# ---- reading ------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [AUDIT, f"{AUDIT}/1", f"{AUDIT}/export", f"{AUDIT}/verify"])
def test_who_reads(people, db, path):
    create(people.employee)
    assert sealed(db) > 0
    for client in (people.employee, people.coordinator, people.reviewer):
        check_error(client.get(path), 403, "FORBIDDEN")
    check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    for client in (people.admin, people.tts_admin, people.service):
        client.get(path, expect=200)


def test_pages(people, db):
    for number in range(25):
        people.admin.post("/api/v1/departments", {"name": f"Page {number}"}, expect=201)
    sealed(db)
    seen, query = [], "action=department.create&page_size=7"
    path = f"{AUDIT}?{query}"
    while path:
        page = people.admin.get(path, expect=200).json()
        assert page["count"] is None and page["previous"] is None and len(page["results"]) <= 7
        seen += page["results"]
        assert (page["next"] is None) == ("next_cursor" not in page)
        path = page["next"] and f"{AUDIT}?{query}&cursor={page['next_cursor']}"
        assert not page["next"] or page["next"].endswith(f"cursor={page['next_cursor']}")
    places = [(e["at"], e["id"]) for e in seen]
    assert len(seen) >= 25 and places == sorted(places, reverse=True) and len(set(places)) == len(places)
    cursor = people.admin.get(f"{AUDIT}?{query}").json()["next_cursor"]
    check_error(people.admin.get(f"{AUDIT}?action=ticket.create&cursor={cursor}"), 422, "VALIDATION_ERROR")


def test_filters(people, db):
    number = create(people.employee)["ticket_number"]
    one = event(people.admin, "ticket.create", object=number)
    for filters in ({"actor": EMPLOYEE}, {"object_type": "ticket"}, {"object": number}, {"object": one["object"]["id"]},
                    {"source": "helpdesk-service"}, {"action": "ticket.create"}, {"from": one["at"]},
                    {"actor": EMPLOYEE, "object": number, "action": "ticket.create", "result": "allowed"}):
        assert one in found(people.admin, **filters), filters
    for filters in ({"actor": OTHER_EMPLOYEE}, {"actor": "nobody-service"}, {"object_type": "comment"}, {"object": "TX1"},
                    {"object": 999999999}, {"source": "auth-service"}, {"action": "ticket.update"}, {"to": one["at"]},
                    {"from": "2100-01-01T00:00:00Z"}, {"actor": OTHER_EMPLOYEE, "object": number}):
        assert one not in found(people.admin, **filters), filters
    assert found(people.admin, action="%25") == [] and found(people.admin, object="'%20OR%20true--") == []


@pytest.mark.parametrize("query", ["from=yesterday", "to=1", "result=maybe", "page_size=0", "cursor=x",
                                   "actor=" + "9" * 200, "object=" + "x" * 101])
def test_bad_filters(people, query):
    check_error(people.admin.get(f"{AUDIT}?page_size=x"), 400, "INVALID_INPUT")
    check_error(people.admin.get(f"{AUDIT}?{query}"), 422, "VALIDATION_ERROR")
    if not query.startswith(("page_size", "cursor")):
        check_error(people.admin.get(f"{AUDIT}/export?{query}"), 422, "VALIDATION_ERROR")


def test_no_such_event(people):
    for name in ("999999999", "0", "-1", "x", "9" * 30):
        check_error(people.admin.get(f"{AUDIT}/{name}"), 404, "NOT_FOUND")


def test_export(people, db):
    create(people.employee)
    sealed(db)
    answer = people.admin.get(f"{AUDIT}/export?object_type=ticket", expect=200)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.ndjson"'
    lines = [json.loads(line) for line in answer.text.splitlines()]
    count = db.query("SELECT count(*) FROM audit_event JOIN audit_kind k ON k.id = kind_id "
                     "WHERE object_type = 'ticket'", program="helpdesk-service")[0][0]
    assert len(lines) == count and lines[0] == people.admin.get(f"{AUDIT}/{lines[0]['id']}").json()
    assert event(people.admin, "audit.export", lambda e: e["details"] == {"query": "object_type=ticket"}, actor=ADMIN)


def test_exports_of_tickets_are_recorded(people):
    people.coordinator.get("/api/v1/tickets/export?format=csv&category=Nothing", expect=200)
    one = event(people.admin, "ticket.export", actor=COORDINATOR)
    assert one["details"] == {"query": "format=csv&category=Nothing"} and one["object"]["type"] == "ticket"


def test_export_as_csv(people, db):
    create(people.employee)
    sealed(db)
    answer = people.admin.get(f"{AUDIT}/export?object_type=ticket&format=csv", expect=200)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    one = people.admin.get(f"{AUDIT}/{rows[0]['id']}", expect=200).json()
    assert (rows[0]["at"], rows[0]["action"], rows[0]["object_number"], rows[0]["actor_label"]) == (
        one["at"], one["action"], one["object"]["number"], one["actor"]["label"])
    assert len(rows) == len(people.admin.get(f"{AUDIT}/export?object_type=ticket").text.splitlines())
    check_error(people.admin.get(f"{AUDIT}/export?format=xml"), 422, "VALIDATION_ERROR")


def test_erased_people(people, db, listener):
    listener.send_event("user.created", {"id": 8100, "email": "gone@example.org", "name": "Gone Soon", "active": True,
                                         "version": 1, "roles": []}, source="auth-service", subject="8100")
    create(people.nobody.as_user(8100, tokens.EMPLOYEE, name="Gone Soon", email="gone@example.org"))
    wait_for(lambda: event(people.admin, "ticket.create", actor=8100)["actor"]["label"] == "Gone Soon")
    listener.send_event("user.updated", {"id": 8100, "email": "", "name": "Erased person", "active": False,
                                         "version": 2, "roles": []}, source="auth-service", subject="8100")
    wait_for(lambda: event(people.admin, "ticket.create", actor=8100)["actor"] == {
        "kind": "person", "id": 8100, "label": "Erased person"})
    assert verify(people.admin)["valid"]
