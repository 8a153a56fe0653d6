"""Acting on tasks: transitions, escalation and transfer of ownership, and what others hear of it."""
import concurrent.futures
import re

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, COLE, CORA, EMIL, EVE, HELPDESK, RITA, ROLF, TINA, World


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="task")
def _task(world):
    return world.open_ticket()


def way(task, name):
    return next(t["transition_id"] for t in task["available_transitions"] if t["name"] == name)


def body_of(task, name="approve", **fields):
    return {"task_item_id": task["current_item"]["task_item_id"], "transition_id": way(task, name),
            "notes": "Approved after verification", **fields}


def assignee(world, task):
    return world.as_person(task["current_item"]["assigned_to_id"])


def statuses(world, task):
    """What the helpdesk has been told about the ticket's status."""
    wait_for(lambda: world.rows("SELECT count(*) FROM outbox") == [(0,)], what="everything to be sent")
    found = []
    while world.amqp.count(HELPDESK):
        properties, body, _ = world.amqp.receive(HELPDESK)
        if properties.headers["task"] == "send_ticket_status" and body[0][0] == task["ticket_number"]:
            found.append(body[0][1])
    return found


# ---- transitions --------------------------------------------------------------------------------

def test_the_way_to_a_resolution(world, task):
    events = world.amqp.listen("task.*")
    reply, task = world.act(task, "approve", "Approved after verification")
    assert reply == {"status": "success", "task_item_id": reply["task_item_id"], "new_status": "resolved",
                     "next_step": "Quality Assurance", "next_assignee": "Anna Approver",
                     "message": "Transition completed successfully"}
    assert task["status"] == "in_progress" and task["current_step"] == "Quality Assurance"
    assert task["current_item"]["assigned_to_id"] == ANNA
    moved = world.amqp.receive_type(events, "task.transitioned")
    assert moved["subject"] == task["ticket_number"] and moved["source"] == "workflow-service"
    data = moved["data"]
    assert data["previous_step"] == "Review" and data["step"] == "Quality Assurance"
    assert data["transition"] == "approve" and data["notes"] == "Approved after verification"
    given = world.amqp.receive_type(events, "task.assigned")["data"]
    assert given["assignee_id"] == ANNA and given["step"] == "Quality Assurance" and given["requester_id"] == EMIL
    assert given["owner_id"] == task["owner_id"] and given["task_item_id"] == task["current_item"]["task_item_id"]

    reply, task = world.act(task, "approve")
    assert reply["next_step"] is None and reply["next_assignee"] is None and reply["new_status"] == "resolved"
    assert task["status"] == "resolved" and task["current_item"] is None and task["available_transitions"] == []
    assert task["time_remaining"] is None and task["resolved_at"]
    done = world.amqp.receive_type(events, "task.completed")["data"]
    assert done["outcome"] == "resolved" and done["actor_id"] == ANNA
    assert statuses(world, task) == ["In Progress", "Resolved"]


def test_an_immediate_rejection(world, task):
    _, task = world.act(task, "reject", "Out of scope")
    assert task["status"] == "rejected"
    assert statuses(world, task) == ["Rejected"]


def test_escalation_goes_to_the_admin_step_and_back_is_possible(world, task):
    _, task = world.act(task, "approve")
    _, task = world.act(task, "reject", "Not yet")
    assert task["current_step"] == "Review"
    reply, task = world.act(task, "escalate", "Too hard")
    assert reply["next_step"] == "Admin Review" and task["current_item"]["assigned_to_id"] == TINA
    _, task = world.act(task, "approve")
    assert task["status"] == "resolved"


def test_beginning_tells_the_helpdesk_once(world, task):
    path = f"/api/v1/tasks/{task['task_id']}/start"
    for _ in range(2):
        begun = assignee(world, task).post(path, expect=200).json()
        assert begun["status"] == "in_progress" and begun["current_item"]["status"] == "in_progress"
    check_error(world.as_person(ANNA).post(path), 403, "FORBIDDEN")
    check_error(world.http.post(path), 401, "UNAUTHENTICATED")
    check_error(world.as_person(ANNA).post("/api/v1/tasks/999999/start"), 404, "TASK_NOT_FOUND")
    _, task = world.act(task, "reject")
    check_error(world.as_person(EMIL).post(path), 409, "ALREADY_COMPLETED")
    assert statuses(world, task) == ["In Progress", "Rejected"]


def test_the_spelling_of_the_older_system(world, task):
    body = body_of(task)
    body["task_id"] = body.pop("task_item_id")
    assignee(world, task).post("/api/v1/transitions", body, expect=200)


def test_a_named_next_assignee(world, task):
    _, task = world.act(task, "approve")
    for colleague in (RITA, ROLF):
        reply, task = world.act(task, "reject", next_assignee_id=colleague)
        assert task["current_item"]["assigned_to_id"] == colleague
        assert reply["next_assignee"] == world.people[colleague][0]
        _, task = world.act(task, "approve")
    for stranger in (EMIL, ANNA, 999):
        answer = world.as_person(ANNA).post("/transitions/", body_of(task, "reject", next_assignee_id=stranger))
        assert "next_assignee_id" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]


def test_a_transition_of_another_step(world, task):
    elsewhere = world.open_ticket()
    _, elsewhere = world.act(elsewhere, "approve")
    foreign = way(elsewhere, "approve")
    answer = assignee(world, task).post("/transitions/", {**body_of(task), "transition_id": foreign})
    details = check_error(answer, 400, "INVALID_TRANSITION")["details"]
    assert details["current_step"] == "Review" and details["attempted_transition"] == "approve"
    assert details["available_transitions"] == ["approve", "reject", "escalate"]
    answer = assignee(world, task).post("/transitions/", {**body_of(task), "transition_id": 999999})
    assert check_error(answer, 400, "INVALID_TRANSITION")["details"]["attempted_transition"] == "999999"
    assert world.task_of(task["ticket_number"])["status"] == "active"


def test_a_transition_of_another_workflow(world, task):
    other = world.open_ticket(department="Asset Department", category="Asset Check In")
    answer = assignee(world, task).post("/transitions/", {**body_of(task), "transition_id": way(other, "accept")})
    check_error(answer, 400, "INVALID_TRANSITION")


def test_only_the_assignee_may_act(world, task):
    body = body_of(task)
    check_error(world.http.post("/transitions/", body), 401, "UNAUTHENTICATED")
    for identity in (EMIL, ANNA, ADAM, TINA, task["owner_id"]):
        check_error(world.as_person(identity).post("/transitions/", body), 403, "FORBIDDEN")
    check_error(world.http.with_token(tokens.mint_service()).post("/transitions/", body), 403, "FORBIDDEN")


def test_unknown_and_finished_items(world, task):
    client = assignee(world, task)
    check_error(client.post("/transitions/", {**body_of(task), "task_item_id": 999999}), 404, "TASK_NOT_FOUND")
    check_error(client.post("/transitions/", {**body_of(task), "task_item_id": -1}), 404, "TASK_NOT_FOUND")
    world.act(task, "approve")
    check_error(client.post("/transitions/", body_of(task)), 409, "ALREADY_COMPLETED")
    check_error(world.as_person(EMIL).post("/transitions/", body_of(task)), 403, "FORBIDDEN")


@pytest.mark.parametrize("change", [
    {"notes": None}, {"notes": ""}, {"notes": "  \n"}, {"task_item_id": None}, {"task_item_id": "x"},
    {"transition_id": None}, {"transition_id": [1]}, {"transition_id": 1.5}, {"notes": 7}])
def test_what_is_missing_or_ill_typed(world, task, change):
    answer = assignee(world, task).post("/transitions/", {**body_of(task), **change})
    fields = check_error(answer, 400, "INVALID_INPUT")["details"]["fields"]
    assert list(fields) == list(change)


def test_bodies_that_are_no_transition(world, task):
    client = assignee(world, task)
    check_error(client.request("POST", "/transitions/", data=b"{", headers={"Content-Type": "application/json"}),
                400, "INVALID_INPUT")
    check_error(client.request("POST", "/transitions/", data=b"a=1",
                               headers={"Content-Type": "application/x-www-form-urlencoded"}),
                415, "UNSUPPORTED_MEDIA_TYPE")
    check_error(client.get("/transitions/"), 405, "METHOD_NOT_ALLOWED")
    answer = client.post("/transitions/", body_of(task, notes="x" * 4001))
    check_error(answer, 422, "VALIDATION_ERROR")


def test_of_two_at_once_one_wins(world):
    for _ in range(5):
        task = world.open_ticket()
        who = task["current_item"]["assigned_to_id"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(
                lambda name, t=task, w=who: world.as_person(w).post("/transitions/", body_of(t, name)),
                ["approve", "reject", "escalate", "approve"] * 2))
        won = [a for a in answers if a.status_code == 200]
        assert len(won) == 1, [a.text for a in answers]
        for lost in (a for a in answers if a is not won[0]):
            check_error(lost, 409, "ALREADY_COMPLETED")
        items = world.rows("SELECT status FROM task_item WHERE task_id = %s", task["task_id"])
        assert len(items) <= 2 and sum(status in ("new", "pool", "in_progress") for status, in items) <= 1


# ---- ownership ----------------------------------------------------------------------------------

def escalation(task, **fields):
    return {"ticket_number": task["ticket_number"], "reason": "Requires admin intervention due to complexity",
            "urgency": "High", **fields}


ESCALATE = ["/tasks/ticket-owner/escalate/", "/api/v1/tasks/ticket-owner/escalate"]
TRANSFER = ["/tasks/ticket-owner/transfer/", "/api/v1/tasks/ticket-owner/transfer"]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


@pytest.mark.parametrize("path", ESCALATE)
def test_the_owner_escalates_to_an_admin(world, task, path):
    owner = task["owner_id"]
    reply = world.as_person(owner).post(path, escalation(task), expect=200).json()
    assert TIME.match(reply.pop("escalated_at"))
    assert reply == {"status": "success", "ticket_number": task["ticket_number"],
                     "old_owner": world.people[owner][0], "new_owner": "Adam Admin",
                     "message": "Ticket escalated successfully"}
    assert world.task_of(task["ticket_number"])["owner_id"] == ADAM
    owners = [k["owner_id"] for _, k in world.helpdesk_tasks(task["ticket_number"], "update_ticket_owner", 2)]
    assert owners == [owner, ADAM]
    check_error(world.as_person(owner).post(path, escalation(task)), 409, "ALREADY_ESCALATED")
    check_error(world.as_person(ADAM).post(path, escalation(task)), 409, "ALREADY_ESCALATED")
    log = world.rows("SELECT kind, reason, urgency FROM ownership_change WHERE task_id = %s ORDER BY id",
                     task["task_id"])
    assert log[-1] == ("escalated", "Requires admin intervention due to complexity", "High")


@pytest.mark.parametrize("path", ESCALATE)
def test_who_may_not_escalate(world, task, path):
    other = COLE if task["owner_id"] == CORA else CORA
    check_error(world.http.post(path, escalation(task)), 401, "UNAUTHENTICATED")
    for identity in (other, EMIL, RITA, ADAM):
        check_error(world.as_person(identity).post(path, escalation(task)), 403, "FORBIDDEN")
    check_error(world.as_person(CORA).post(path, escalation(task, ticket_number="TX0")), 404, "TICKET_NOT_FOUND")
    for missing in ("reason", "ticket_number"):
        answer = world.as_person(CORA).post(path, escalation(task, **{missing: " "}))
        check_error(answer, 400, "INVALID_INPUT")


def test_one_of_two_escalations_wins(world, task):
    owner = task["owner_id"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: world.as_person(owner).post(ESCALATE[0], escalation(task)), range(4)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]


@pytest.mark.parametrize("path", TRANSFER)
@pytest.mark.parametrize("admin", [ADAM, TINA])
def test_an_admin_transfers(world, task, path, admin):
    old = task["owner_id"]
    new = COLE if old == CORA else CORA
    reply = world.as_person(admin).post(path, {"ticket_number": task["ticket_number"], "new_owner_id": new,
                                               "reason": "Workload balancing"}, expect=200).json()
    assert TIME.match(reply.pop("transferred_at"))
    assert reply == {"status": "success", "ticket_number": task["ticket_number"], "old_owner": world.people[old][0],
                     "new_owner": world.people[new][0], "transferred_by": world.people[admin][0]}
    owners = [k["owner_id"] for _, k in world.helpdesk_tasks(task["ticket_number"], "update_ticket_owner", 2)]
    assert owners == [old, new]
    again = {"ticket_id": task["ticket_number"], "new_owner_user_id": new}
    check_error(world.as_person(admin).post(path, again), 400, "INVALID_TRANSFER")
    world.as_person(admin).post(path, {**again, "new_owner_user_id": old}, expect=200)


@pytest.mark.parametrize("path", TRANSFER)
def test_transfer_refusals(world, task, path):
    body = {"ticket_number": task["ticket_number"], "new_owner_id": COLE, "reason": "x"}
    check_error(world.http.post(path, body), 401, "UNAUTHENTICATED")
    for identity in (CORA, EMIL, RITA, ANNA):
        check_error(world.as_person(identity).post(path, body), 403, "INSUFFICIENT_PERMISSIONS")
    admin = world.as_person(ADAM)
    check_error(admin.post(path, {**body, "ticket_number": "TX0"}), 404, "TICKET_NOT_FOUND")
    check_error(admin.post(path, {**body, "new_owner_id": 999}), 404, "USER_NOT_FOUND")
    check_error(admin.post(path, {**body, "new_owner_id": EVE}), 400, "INVALID_TRANSFER")
    check_error(admin.post(path, {"ticket_number": body["ticket_number"]}), 400, "INVALID_INPUT")


def test_a_transferred_ticket_may_be_escalated_again(world, task):
    world.as_person(task["owner_id"]).post(ESCALATE[0], escalation(task), expect=200)
    world.as_person(ADAM).post(TRANSFER[0], {"ticket_number": task["ticket_number"], "new_owner_id": COLE},
                               expect=200)
    world.as_person(COLE).post(ESCALATE[0], escalation(task), expect=200)


def test_a_former_owner_still_reads_the_log(world, task):
    former = task["owner_id"]
    world.as_person(former).post(ESCALATE[0], escalation(task), expect=200)
    world.as_person(former).get(f"/tasks/logs/?ticket_number={task['ticket_number']}", expect=200)
