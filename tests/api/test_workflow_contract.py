"""The integration document's HTTP side of the workflow, field by field and code by code."""
import re

import pytest
from lib import tokens
from lib.http import check_error
from lib.workflow import ADAM, COLE, CORA, EMIL, EVE, World

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
# Where each answers: as written, canonically, and as the gateway maps the prefixed spellings onto them.
OWNED = ["/tasks/owned-tickets/", "/tasks/owned-tickets", "/api/v1/tasks/owned-tickets"]
LOGS = ["/tasks/logs/", "/api/v1/tasks/logs"]
TRANSITIONS = ["/transitions/", "/api/v1/transitions"]
ESCALATE = ["/tasks/ticket-owner/escalate/", "/api/v1/tasks/ticket-owner/escalate"]
TRANSFER = ["/tasks/ticket-owner/transfer/", "/api/v1/tasks/ticket-owner/transfer"]


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="task")
def _task(world):
    return world.open_ticket(subject="Network connectivity issue", description="Unable to access VPN")


def way(task, name):
    return next(t["transition_id"] for t in task["available_transitions"] if t["name"] == name)


def act(task, name, **fields):
    return {"task_item_id": task["current_item"]["task_item_id"], "transition_id": way(task, name),
            "notes": "Approved after verification", **fields}


def assignee(world, task):
    return world.as_person(task["current_item"]["assigned_to_id"])


KINDS = {int: lambda v: type(v) is int, str: lambda v: isinstance(v, str), bool: lambda v: isinstance(v, bool),
         "time": lambda v: isinstance(v, str) and bool(TIME.match(v)), None: lambda v: v is None}


def check_fields(found, wanted):
    assert set(found) == set(wanted)
    for name, kind in wanted.items():
        assert KINDS[kind](found[name]), (name, found[name])


# ---- GET /tasks/owned-tickets/ ------------------------------------------------------------------

@pytest.mark.parametrize("path", OWNED)
def test_owned_tickets(world, task, path):
    owner = world.as_person(task["owner_id"])
    page = owner.get(path, params={"status": "active", "priority": "High", "category": "IT Support",
                                   "search": task["ticket_number"], "page": 1, "page_size": 20}, expect=200).json()
    assert page["count"] == 1 and page["next"] is None and page["previous"] is None
    check_fields(page["results"][0], {
        "task_id": int, "ticket_number": str, "ticket_subject": str, "ticket_description": str, "status": str,
        "priority": str, "category": str, "sub_category": str, "department": str, "created_at": "time",
        "updated_at": "time", "target_resolution": "time", "sla_breach_at": "time", "time_remaining": str,
        "is_breached": bool, "current_step": str, "assigned_to": str, "owner_id": int})
    for status in ("in_progress", "resolved", "completed"):
        assert owner.get(path, params={"status": status, "search": task["ticket_number"]}, expect=200).json() == {
            "count": 0, "next": None, "previous": None, "results": []}
    for search in ("connectivity", "access vpn"):
        assert owner.get(path, params={"search": search}, expect=200).json()["count"] >= 1
    body = check_error(world.http.get(path), 401, "UNAUTHENTICATED")
    assert body["error"] == "Authentication required"
    check_error(world.as_person(EMIL).get(path), 403, "FORBIDDEN")
    token = tokens.mint(task["owner_id"], tokens.COORDINATOR)
    world.http.get(path, headers={"Cookie": f"access_token={token}"}, expect=200)


# ---- GET /tasks/logs/ ---------------------------------------------------------------------------

@pytest.mark.parametrize("path", LOGS)
def test_logs(world, task, path):
    world.act(task, "approve", "VPN credentials reset and verified working")
    number = task["ticket_number"]
    log = world.as_person(EMIL).get(path, params={"ticket_number": number}, expect=200).json()
    assert set(log) == {"task_id", "ticket_id", "workflow_id", "workflow_name", "logs"}
    assert log["ticket_id"] == number and log["workflow_name"] == "IT Support Workflow"
    entry = log["logs"][0]
    history = entry.pop("task_history")
    check_fields(entry, {"task_item_id": int, "user_id": int, "user_full_name": str, "role": str, "status": str,
                         "origin": str, "notes": str, "assigned_on": "time", "acted_on": "time",
                         "assigned_on_step_id": int, "assigned_on_step_name": str})
    assert entry["role"] == "Reviewer" and entry["status"] == "resolved" and entry["origin"] == "User Action"
    for line in history:
        check_fields(line, {"task_item_history_id": int, "status": str, "origin": str, "notes": str,
                            "created_at": "time"})
    assert [(h["status"], h["origin"]) for h in history] == [
        ("new", "System"), ("in_progress", "User Action"), ("resolved", "User Action")]
    assert history[0]["notes"] == "Task assigned" and history[-1]["notes"] == entry["notes"]
    check_error(world.http.get(path, params={"ticket_number": number}), 401, "UNAUTHENTICATED")
    check_error(world.as_person(EVE).get(path, params={"ticket_number": number}), 403, "FORBIDDEN")
    check_error(world.as_person(EMIL).get(path, params={"ticket_number": "TX0"}), 404, "TASK_NOT_FOUND")
    world.as_person(ADAM).get(path, params={"ticket_number": number}, expect=200)


# ---- POST /transitions/ -------------------------------------------------------------------------

@pytest.mark.parametrize("path", TRANSITIONS)
def test_transitions(world, task, path):
    client, body = assignee(world, task), act(task, "approve")
    check_error(world.http.post(path, body), 401, "UNAUTHENTICATED")
    check_error(world.as_person(EMIL).post(path, body), 403, "FORBIDDEN")
    check_error(client.post(path, {**body, "task_item_id": 999999}), 404, "TASK_NOT_FOUND")
    for name in ("task_item_id", "transition_id", "notes"):
        answer = client.post(path, {key: value for key, value in body.items() if key != name})
        assert list(check_error(answer, 400, "INVALID_INPUT")["details"]["fields"]) == [name]
    other = world.open_ticket()
    _, other = world.act(other, "approve")
    answer = client.post(path, {**body, "transition_id": way(other, "reject")})
    refusal = check_error(answer, 400, "INVALID_TRANSITION")
    assert refusal["message"] == "This transition is not available for the current step"
    details = {key: refusal["details"][key] for key in ("current_step", "attempted_transition", "available_transitions")}
    assert details == {"current_step": "Review", "attempted_transition": "reject",
                       "available_transitions": ["approve", "reject", "escalate"]}
    reply = client.post(path, body, expect=200).json()
    assert reply == {"status": "success", "task_item_id": body["task_item_id"], "new_status": "resolved",
                     "next_step": "Quality Assurance", "next_assignee": "Anna Approver",
                     "message": "Transition completed successfully"}
    check_error(client.post(path, body), 409, "ALREADY_COMPLETED")


# ---- POST /tasks/ticket-owner/… -----------------------------------------------------------------

@pytest.mark.parametrize("path", ESCALATE)
def test_escalate(world, task, path):
    owner = task["owner_id"]
    body = {"ticket_number": task["ticket_number"], "reason": "Requires admin intervention due to complexity",
            "urgency": "High"}
    check_error(world.http.post(path, body), 401, "UNAUTHENTICATED")
    check_error(world.as_person(COLE if owner == CORA else CORA).post(path, body), 403, "FORBIDDEN")
    check_error(world.as_person(owner).post(path, {**body, "ticket_number": "TX0"}), 404, "TICKET_NOT_FOUND")
    reply = world.as_person(owner).post(path, body, expect=200).json()
    check_fields(reply, {"status": str, "ticket_number": str, "old_owner": str, "new_owner": str,
                         "escalated_at": "time", "message": str})
    assert reply["status"] == "success" and reply["message"] == "Ticket escalated successfully"
    check_error(world.as_person(owner).post(path, body), 409, "ALREADY_ESCALATED")


@pytest.mark.parametrize("path", TRANSFER)
def test_transfer(world, task, path):
    old = task["owner_id"]
    new = COLE if old == CORA else CORA
    admin, body = world.as_person(ADAM), {"ticket_number": task["ticket_number"], "new_owner_id": new,
                                          "reason": "Workload balancing"}
    check_error(world.http.post(path, body), 401, "UNAUTHENTICATED")
    check_error(world.as_person(old).post(path, body), 403, "INSUFFICIENT_PERMISSIONS")
    check_error(admin.post(path, {**body, "ticket_number": "TX0"}), 404, "TICKET_NOT_FOUND")
    check_error(admin.post(path, {**body, "new_owner_id": 999}), 404, "USER_NOT_FOUND")
    check_error(admin.post(path, {**body, "new_owner_id": old}), 400, "INVALID_TRANSFER")
    reply = admin.post(path, body, expect=200).json()
    check_fields(reply, {"status": str, "ticket_number": str, "old_owner": str, "new_owner": str,
                         "transferred_by": str, "transferred_at": "time"})
    assert reply["status"] == "success" and reply["transferred_by"] == "Adam Admin"
