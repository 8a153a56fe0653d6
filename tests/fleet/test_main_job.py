"""A ticket's whole life through the gateway, every step seen by the people it concerns."""
import re
import uuid

import pytest

from lib.http import check_error
from lib.wait import wait_for
from lib.ws import WebSocket

TICKET = {
    "subject": "Network connectivity issue",
    "description": "Unable to access VPN",
    "category": "IT Support",
    "sub_category": "Network Connectivity Issue",
    "department": "IT Department",
    "priority": "High",
}


class Life:
    """What the steps below hand on to each other."""


@pytest.fixture(scope="module")
def life(fleet):
    state = Life()
    state.fleet = fleet
    state.admin = fleet.login("admin@example.com")
    state.sockets = []
    yield state
    for socket in state.sockets:
        socket.close()


def notifications(client, kind, number):
    """The notifications of that type about that ticket, once there are any."""
    def found():
        answer = client.get("/api/v1/notifications", expect=200).json()
        return [n for n in answer["notifications"] if n["type"] == kind and n["ticket_number"] == number]
    return wait_for(found, what=f"{kind} notification for {number}")


def by_number(client, number):
    return client.get(f"/api/tickets/number/{number}/", expect=200).json()


def person(life, user_id):
    """A client logged in as that person."""
    email = life.admin.get(f"/api/v1/users/{user_id}", expect=200).json()["email"]
    return life.fleet.login(email)


def current(life):
    """The ticket's task once it has a current item with somebody to do it."""
    def task():
        found = life.admin.get(f"/api/v1/tasks?ticket_number={life.number}", expect=200).json()["results"]
        return found and found[0]["current_item"] and found[0]["current_item"]["assigned_to_id"] and found[0]
    return wait_for(task, what="a current task item")


def transition(task, name):
    return next(t for t in task["available_transitions"] if t["name"].lower() == name)


def mails_to(life, address):
    return [mail for mail in life.fleet["notification-service"].mails() if f"<{address}>" in mail]


def test_an_employee_registers_and_logs_in(life):
    life.email = f"john.doe.{uuid.uuid4().hex[:6]}@example.com"
    http = life.fleet.http
    made = http.post("/auth/register", {"email": life.email, "password": "test123",
                                        "first_name": "John", "last_name": "Doe"}, expect=201).json()
    assert made["email"] == life.email and made["role"] == "user"
    assert set(http.post("/token/", {"email": life.email, "password": "test123"}, expect=200).json()) == {
        "access", "refresh"}
    simple = http.post("/auth/login", {"email": life.email, "password": "test123"}, expect=200).json()
    assert set(simple) == {"token"}
    check_error(http.post("/token/", {"email": life.email, "password": "wrong1"}), 401, "INVALID_CREDENTIALS")
    life.employee = life.fleet.login(life.email, "test123")
    life.employee_id = made["id"]


def test_live_sockets_open_through_the_gateway(life):
    life.screen = WebSocket(life.fleet.url + "/ws/notifications?token=" + life.employee.token)
    life.sockets.append(life.screen)
    hello = life.screen.receive_type("connection_established")
    assert hello["user_id"] == life.employee_id
    assert "unread_count" in life.screen.receive_type("count_update")


def test_the_ticket_is_accepted_with_its_number(life):
    answer = life.employee.post("/api/v1/tickets", TICKET, expect=201)
    body = answer.json()
    life.number = body["ticket_number"]
    assert re.fullmatch(r"TX\d{14}", life.number)
    assert answer.headers["Location"].rstrip("/").endswith(life.number)
    for field, value in TICKET.items():
        assert body[field] == value
    assert body["status"] == "Open" and body["employee"]["email"] == life.email
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["created_at"])


def test_the_requester_is_told(life):
    assert notifications(life.employee, "ticket_created", life.number)
    pushed = life.screen.receive_type("notification_update",
                                      where=lambda f: f["notification"]["type"] == "ticket_created")
    assert pushed["action"] == "created" and pushed["notification"]["ticket_number"] == life.number
    assert life.screen.receive_type("count_update")["unread_count"] >= 1
    wait_for(lambda: [m for m in mails_to(life, life.email) if life.number in m], what="a mail about the ticket")


def test_workflow_gives_it_an_owner_and_a_reviewer(life):
    shown = wait_for(lambda: (t := by_number(life.employee, life.number))["ticket_owner_id"] and t, what="an owner")
    life.owner_id = shown["ticket_owner_id"]
    owner = life.admin.get(f"/api/v1/users/{life.owner_id}", expect=200).json()
    assert owner["email"].startswith("coordinator") and shown["ticket_owner_name"] == owner["full_name"]
    life.owner = person(life, life.owner_id)
    task = current(life)
    assert task["current_item"]["step"] == "Review" and task["current_item"]["role"] == "Reviewer"
    assert {t["name"].lower() for t in task["available_transitions"]} == {"approve", "reject", "escalate"}
    life.reviewer_id = task["current_item"]["assigned_to_id"]
    life.reviewer = person(life, life.reviewer_id)
    assert notifications(life.owner, "ticket_assigned", life.number)
    assert notifications(life.reviewer, "task_assigned", life.number)


def test_the_owner_sees_it_with_both_deadlines(life):
    page = life.owner.get("/tasks/owned-tickets/?page_size=100", expect=200).json()
    assert set(page) == {"count", "next", "previous", "results"}
    row = next(r for r in page["results"] if r["ticket_number"] == life.number)
    assert set(row) >= {
        "task_id", "ticket_number", "ticket_subject", "ticket_description", "status", "priority", "category",
        "sub_category", "department", "created_at", "updated_at", "target_resolution", "sla_breach_at",
        "time_remaining", "is_breached", "current_step", "assigned_to", "owner_id"}
    assert row["ticket_subject"] == TICKET["subject"] and row["current_step"] == "Review"
    assert row["owner_id"] == life.owner_id and row["is_breached"] is False
    assert row["created_at"] < row["target_resolution"] < row["sla_breach_at"]
    assert re.fullmatch(r"(\d+h )?\d+m", row["time_remaining"])
    check_error(life.employee.get("/tasks/owned-tickets/"), 403, "FORBIDDEN")
    check_error(life.fleet.http.get("/tasks/owned-tickets/"), 401, "UNAUTHENTICATED")


def test_only_the_assignee_moves_it_on(life):
    task = current(life)
    approve = {"task_item_id": task["current_item"]["task_item_id"],
               "transition_id": transition(task, "approve")["transition_id"], "notes": "Approved after verification"}
    check_error(life.employee.post("/transitions/", approve), 403, "FORBIDDEN")
    done = life.reviewer.post("/transitions/", approve, expect=200).json()
    assert done["status"] == "success" and done["task_item_id"] == approve["task_item_id"]
    assert done["new_status"] == "resolved" and done["next_step"] == "Quality Assurance"
    assert done["next_assignee"] and done["message"]
    check_error(life.reviewer.post("/transitions/", approve), 409, "ALREADY_COMPLETED")
    check_error(life.reviewer.post("/transitions/", {**approve, "task_item_id": 10**9}), 404, "TASK_NOT_FOUND")
    wait_for(lambda: by_number(life.employee, life.number)["status"] == "In Progress", what="In Progress")


def test_a_wrong_transition_names_the_right_ones(life):
    task = wait_for(lambda: (t := current(life))["current_item"]["step"] == "Quality Assurance" and t, what="QA")
    life.approver = person(life, task["current_item"]["assigned_to_id"])
    body = check_error(life.approver.post("/transitions/", {
        "task_item_id": task["current_item"]["task_item_id"], "transition_id": 10**9, "notes": "?"}),
        400, "INVALID_TRANSITION")
    assert body["details"]["current_step"] == "Quality Assurance"
    assert {name.lower() for name in body["details"]["available_transitions"]} == {"approve", "reject"}


def test_the_approver_resolves_it(life):
    task = current(life)
    done = life.approver.post("/transitions/", {
        "task_item_id": task["current_item"]["task_item_id"],
        "transition_id": transition(task, "approve")["transition_id"], "notes": "Verified"}, expect=200).json()
    assert done["next_step"] is None and done["next_assignee"] is None
    wait_for(lambda: by_number(life.employee, life.number)["status"] == "Resolved", what="Resolved")
    assert notifications(life.employee, "ticket_status_changed", life.number)
    assert notifications(life.owner, "task_completed", life.number)


def test_the_logs_tell_the_whole_history(life):
    logs = life.owner.get(f"/tasks/logs/?ticket_number={life.number}", expect=200).json()
    assert logs["ticket_id"] == life.number and logs["workflow_name"] == "IT Support Workflow"
    steps = [(item["role"], item["assigned_on_step_name"], item["status"]) for item in logs["logs"]]
    assert steps == [("Reviewer", "Review", "resolved"), ("Approver", "Quality Assurance", "resolved")]
    history = [h["status"] for h in logs["logs"][0]["task_history"]]
    assert history[0] == "new" and history[-1] == "resolved"
    assert logs["logs"][0]["notes"] == "Approved after verification"
    check_error(life.fleet.http.get(f"/tasks/logs/?ticket_number={life.number}"), 401, "UNAUTHENTICATED")
    check_error(life.owner.get("/tasks/logs/?ticket_number=TX00000000000000"), 404, "TASK_NOT_FOUND")


def test_the_employee_closes_it_with_a_rating(life):
    closed = life.employee.post(f"/api/v1/tickets/{life.number}/close",
                                {"csat_rating": 5, "feedback": "Excellent service"}, expect=200).json()
    assert closed["status"] == "Closed"
    shown = by_number(life.employee, life.number)
    assert shown["csat_rating"] == 5 and shown["csat_feedback"] == "Excellent service" and shown["date_completed"]
    assert notifications(life.owner, "ticket_closed", life.number)
    wait_for(lambda: life.fleet.db.query(
        "SELECT 1 FROM workflow.task t JOIN workflow.ticket k ON k.id = t.ticket_id"
        " WHERE k.number = %s AND t.status = 'completed'", life.number), 15,
        "the closing to reach workflow")


def test_employee_and_owner_talk(life):
    token = life.owner.token
    with WebSocket(life.fleet.url + "/ws/messages", token=token) as owner, \
            WebSocket(life.fleet.url + "/ws/messages?token=" + life.employee.token) as employee:
        employee.send({"type": "subscribe", "ticket_number": life.number})
        life.conversation = employee.receive_type("subscribed")["conversation_id"]
        employee.send({"type": "message", "ticket_number": life.number, "content": "Thank you!", "client_id": "a1"})
        for socket in (employee, owner):
            frame = socket.receive_type("message")
            assert frame["content"] == "Thank you!" and frame["sender_id"] == life.employee_id
            assert frame["conversation_id"] == life.conversation and frame["client_id"] == "a1"
        owner.send({"type": "message", "conversation_id": life.conversation, "content": "You are welcome."})
        assert employee.receive_type("message", where=lambda f: f["sender_id"] == life.owner_id)
        employee.send({"type": "ping"})
        assert employee.receive_type("pong")
    stored = life.owner.get(f"/api/v1/conversations/{life.conversation}/messages", expect=200).json()
    assert [m["content"] for m in stored["results"]] == ["Thank you!", "You are welcome."]


def test_a_stranger_sees_nothing(life):
    stranger = life.fleet.login("employee2@example.com")
    check_error(stranger.get(f"/api/tickets/number/{life.number}/"), 403, "FORBIDDEN")
    check_error(stranger.get(f"/tasks/logs/?ticket_number={life.number}"), 403, "FORBIDDEN")
    check_error(stranger.get(f"/api/v1/conversations/{life.conversation}/messages"), 404, "CONVERSATION_NOT_FOUND")
    check_error(stranger.get("/api/tickets/number/TX00000000000000/"), 404, "TICKET_NOT_FOUND")


def test_ownership_moves(life):
    number = life.employee.post("/api/v1/tickets", TICKET, expect=201).json()["ticket_number"]
    owner_id = wait_for(lambda: by_number(life.employee, number)["ticket_owner_id"], what="an owner")
    owner = person(life, owner_id)
    check_error(owner.post("/tasks/ticket-owner/transfer/", {
        "ticket_number": number, "new_owner_id": owner_id, "reason": "x"}), 403, "INSUFFICIENT_PERMISSIONS")
    moved = owner.post("/tasks/ticket-owner/escalate/", {
        "ticket_number": number, "reason": "Requires admin intervention", "urgency": "High"}, expect=200).json()
    assert moved["status"] == "success" and moved["old_owner"] and moved["new_owner"] and moved["escalated_at"]
    wait_for(lambda: by_number(life.employee, number)["ticket_owner_id"] != owner_id, what="the new owner")
    back = life.admin.post("/tasks/ticket-owner/transfer/", {
        "ticket_number": number, "new_owner_id": owner_id, "reason": "Workload balancing"}, expect=200).json()
    assert back["transferred_by"] and back["transferred_at"]
    wait_for(lambda: by_number(life.employee, number)["ticket_owner_id"] == owner_id, what="the old owner")
    check_error(life.admin.post("/tasks/ticket-owner/transfer/", {
        "ticket_number": number, "new_owner_id": owner_id, "reason": "x"}), 400, "INVALID_TRANSFER")
    check_error(life.admin.post("/tasks/ticket-owner/transfer/", {
        "ticket_number": number, "new_owner_id": 10**9, "reason": "x"}), 404, "USER_NOT_FOUND")


def test_errors_name_their_trace(life):
    answer = life.employee.get(f"/api/tickets/number/{life.number}/", expect=200)
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Trace-Id"])
    refused = life.fleet.http.get(f"/api/tickets/number/{life.number}/")
    assert refused.json()["details"]["trace_id"] == refused.headers["X-Trace-Id"]
