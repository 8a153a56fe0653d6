"""What people do with a task besides transitions: hold, resume, escalate, reassign, reopen."""
import concurrent.futures

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, COLE, CORA, EMIL, EVE, HELPDESK, PEOPLE, RITA, ROLF, TINA, World


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="task")
def _task(world):
    return world.open_ticket()


def path(task, action):
    return f"/api/v1/tasks/{task['task_id']}/{action}"


def assignee(world, task):
    return world.as_person(task["current_item"]["assigned_to_id"])


def item_of(task):
    return task["current_item"]["task_item_id"]


def colleague_of(task):
    return ROLF if task["current_item"]["assigned_to_id"] == RITA else RITA


def statuses(world, task):
    """What the helpdesk has been told about the ticket's status."""
    wait_for(lambda: world.rows("SELECT count(*) FROM outbox") == [(0,)], what="everything to be sent")
    found = []
    while world.amqp.count(HELPDESK):
        properties, body, _ = world.amqp.receive(HELPDESK)
        if properties.headers["task"] == "send_ticket_status" and body[0][0] == task["ticket_number"]:
            found.append(body[0][1])
    return found


def history(world, task):
    """(status, origin, notes) of every entry of the task's log."""
    logs = world.as_person(ADAM).get("/tasks/logs/", params={"task_id": task["task_id"]}, expect=200).json()["logs"]
    return [(entry["status"], entry["origin"], entry["notes"]) for item in logs for entry in item["task_history"]]


def clock(world, task):
    return world.as_person(ADAM).get(f"/api/v1/sla/{task['ticket_number']}", expect=200).json()["clocks"][0]


def way(task, name):
    return next(t["transition_id"] for t in task["available_transitions"] if t["name"] == name)


# ---- hold and resume ----------------------------------------------------------------------------

@pytest.mark.parametrize("who", ["assignee", "owner", "hdts admin", "tts admin"])
def test_a_task_is_held_and_resumed(world, task, who):
    client = {"assignee": assignee(world, task), "owner": world.as_person(task["owner_id"]),
              "hdts admin": world.as_person(ADAM), "tts admin": world.as_person(TINA)}[who]
    held = client.post(path(task, "hold"), {"notes": "Waiting for a part"}, expect=200).json()
    assert held["status"] == "on_hold" and held["current_item"] == task["current_item"]
    assert clock(world, task)["state"] == "paused" and held["target_resolution"] is None
    body = {"task_item_id": item_of(task), "transition_id": way(task, "approve"), "notes": "x"}
    check_error(assignee(world, task).post("/transitions/", body), 409, "CONFLICT")
    check_error(client.post(path(task, "hold")), 409, "CONFLICT")
    resumed = client.post(path(task, "resume"), expect=200).json()
    assert resumed["status"] == "active" and resumed["target_resolution"]
    assert clock(world, task)["state"] == "running"
    check_error(client.post(path(task, "resume")), 409, "CONFLICT")
    assert statuses(world, task) == ["On Hold", "In Progress"]
    assert history(world, task)[1:] == [("on_hold", "User Action", "Waiting for a part"),
                                        ("new", "User Action", "Resumed")]
    assignee(world, task).post("/transitions/", body, expect=200)


def test_resuming_returns_to_work_that_had_begun(world, task):
    assignee(world, task).post(path(task, "start"), expect=200)
    assignee(world, task).post(path(task, "hold"), {"reason": "lunch"}, expect=200)
    assert assignee(world, task).post(path(task, "resume"), expect=200).json()["status"] == "in_progress"
    assert statuses(world, task) == ["In Progress", "On Hold", "In Progress"]


def test_the_older_spelling_toggles(world, task):
    number = task["ticket_number"]
    reply = assignee(world, task).post(f"/tasks/{task['task_id']}/toggle-hold/", {"notes": "later"}, expect=200).json()
    assert reply == {"success": True, "new_status": "On Hold", "previous_status": "In Progress",
                     "ticket_number": number, "message": "The task is on hold"}
    reply = assignee(world, task).post(f"/tasks/{task['task_id']}/toggle-hold/", expect=200).json()
    assert reply["new_status"] == "In Progress" and reply["previous_status"] == "On Hold"
    assert world.task_of(number)["status"] == "active"
    check_error(world.as_person(EMIL).post(f"/tasks/{task['task_id']}/toggle-hold/"), 403, "FORBIDDEN")
    check_error(world.as_person(EMIL).post("/tasks/999999/toggle-hold/"), 404, "TASK_NOT_FOUND")
    world.act(task, "reject")
    check_error(world.as_person(ADAM).post(f"/tasks/{task['task_id']}/toggle-hold/"), 409, "ALREADY_COMPLETED")


@pytest.mark.parametrize("action", ["hold", "resume"])
def test_who_may_not_hold(world, task, action):
    check_error(world.http.post(path(task, action)), 401, "UNAUTHENTICATED")
    other = COLE if task["owner_id"] == CORA else CORA
    for stranger in (EMIL, EVE, ANNA, other, colleague_of(task)):
        check_error(world.as_person(stranger).post(path(task, action)), 403, "FORBIDDEN")
    for unknown in ("999999", "0", "-1", "x", "99999999999999999999"):
        check_error(world.as_person(ADAM).post(f"/api/v1/tasks/{unknown}/{action}"), 404, "TASK_NOT_FOUND")
    for wrong in ({"notes": 7}, {"notes": []}):
        check_error(world.as_person(ADAM).post(path(task, action), wrong), 400, "INVALID_INPUT")
    check_error(world.as_person(ADAM).post(path(task, action), {"notes": "x" * 4001}), 422, "VALIDATION_ERROR")
    former = assignee(world, task)
    _, done = world.act(task, "reject")
    check_error(former.post(path(done, action)), 409, "ALREADY_COMPLETED")
    check_error(world.as_person(ADAM).post(path(done, action)), 409, "ALREADY_COMPLETED")
    check_error(world.as_person(EMIL).post(path(done, action)), 403, "FORBIDDEN")


def test_of_many_holds_one_wins_and_the_helpdesk_hears_once(world, task):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: world.as_person(ADAM).post(path(task, "hold")), range(6)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409, 409, 409]
    assert statuses(world, task) == ["On Hold"]


def test_a_repeated_request_is_answered_as_before(world, task):
    key = {"Idempotency-Key": f"hold-{task['task_id']}"}
    first = assignee(world, task).post(path(task, "hold"), {"notes": "once"}, headers=key, expect=200)
    again = assignee(world, task).post(path(task, "hold"), {"notes": "once"}, headers=key, expect=200)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()
    assert statuses(world, task) == ["On Hold"]


def test_what_is_said_is_kept_verbatim(world, task):
    text = "'; DROP TABLE task; -- <script>alert(1)</script> 🖨"
    world.as_person(ADAM).post(path(task, "hold"), {"notes": text}, expect=200)
    assert history(world, task)[-1] == ("on_hold", "User Action", text)


def test_held_here_and_resumed_by_the_helpdesk(world, task):
    world.as_person(ADAM).post(path(task, "hold"), expect=200)
    number = task["ticket_number"]
    world.status_task(number, "On Hold")
    world.status_task(number, "In Progress")
    world.status_task(number, "In Progress")
    wait_for(lambda: world.task_of(number)["status"] == "active")
    assert statuses(world, task) == ["On Hold"]
    assert history(world, task)[-1] == ("new", "System", "The helpdesk set the ticket to In Progress")
    world.status_task(number, "Withdrawn")
    wait_for(lambda: world.task_of(number)["status"] == "cancelled")
    check_error(world.as_person(ADAM).post(path(task, "hold")), 409, "ALREADY_COMPLETED")


# ---- escalation of an item ----------------------------------------------------------------------

def test_an_item_is_escalated(world, task):
    events = world.amqp.listen("task.assigned")
    former = assignee(world, task)
    escalated = former.post(path(task, "escalate"), {"reason": "Too hard"}, expect=200).json()
    item = escalated["current_item"]
    assert escalated["current_step"] == "Review" and item["assigned_to_id"] == TINA and item["status"] == "new"
    assert item["task_item_id"] != item_of(task)
    event = world.amqp.receive_type(events, "task.assigned",
                                    where=lambda e: e["data"]["task_item_id"] == item["task_item_id"])
    data = event["data"]
    assert data["assignee_id"] == TINA and data["role"] == "Admin" and data["notes"] == "Too hard"
    assert data["actor_id"] == task["current_item"]["assigned_to_id"]
    assert history(world, task)[1:] == [("escalated", "Escalation", "Too hard"), ("new", "Escalation", "Too hard")]
    assert world.rows("SELECT reason, chosen_id FROM assignment_decision WHERE task_item_id = %s",
                      item["task_item_id"]) == [("escalated, round robin", TINA)]
    for who in (TINA, ADAM):
        check_error(world.as_person(who).post(path(task, "escalate"), {"reason": "again"}), 409, "ALREADY_ESCALATED")
    check_error(former.post(path(task, "escalate"), {"reason": "again"}), 403, "FORBIDDEN")
    world.act(escalated, "approve")


def test_escalation_by_the_item(world, task):
    body = {"task_item_id": item_of(task), "reason": "Too hard"}
    check_error(world.as_person(EMIL).post("/tasks/escalate/", body), 403, "FORBIDDEN")
    check_error(world.as_person(ADAM).post("/tasks/escalate/", {**body, "task_item_id": 999999}), 404,
                "TASK_NOT_FOUND")
    client = assignee(world, task)
    escalated = client.post("/tasks/escalate/", body, expect=200).json()
    assert escalated["current_item"]["assigned_to_id"] == TINA
    check_error(client.post("/tasks/escalate/", body), 409, "ALREADY_COMPLETED")
    check_error(world.as_person(TINA).post("/tasks/escalate/", {**body, "task_item_id": item_of(escalated)}), 409,
                "ALREADY_ESCALATED")


def test_what_cannot_be_escalated(world, task):
    client = assignee(world, task)
    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": 1}):
        assert "reason" in check_error(client.post(path(task, "escalate"), body), 400,
                                       "INVALID_INPUT")["details"]["fields"]
    check_error(world.http.post(path(task, "escalate"), {"reason": "x"}), 401, "UNAUTHENTICATED")
    check_error(world.as_person(EMIL).post(path(task, "escalate"), {"reason": "x"}), 403, "FORBIDDEN")
    check_error(world.as_person(ADAM).post("/api/v1/tasks/999999/escalate", {"reason": "x"}), 404, "TASK_NOT_FOUND")
    client.post(path(task, "hold"), expect=200)
    check_error(client.post(path(task, "escalate"), {"reason": "x"}), 409, "CONFLICT")
    client.post(path(task, "resume"), expect=200)
    _, done = world.act(task, "reject")
    check_error(client.post(path(done, "escalate"), {"reason": "x"}), 409, "ALREADY_COMPLETED")


def test_one_of_many_escalations_wins(world, task):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(
            lambda _: world.as_person(ADAM).post(path(task, "escalate"), {"reason": "x"}), range(6)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409, 409, 409]
    assert world.rows("SELECT count(*) FROM task_item WHERE task_id = %s", task["task_id"]) == [(2,)]


def test_escalated_to_a_role_that_nobody_holds(world, task):
    """It waits for that role, not for the one that it was taken from."""
    name, roles = PEOPLE[TINA]
    world.tell_person(TINA, name, tokens.EMPLOYEE)
    wait_for(lambda: not world.rows("SELECT 1 FROM person_role WHERE system = 'tts' AND role = 'Admin'"))
    escalated = assignee(world, task).post(path(task, "escalate"), {"reason": "x"}, expect=200).json()
    assert escalated["current_item"]["status"] == "pool" and escalated["current_item"]["assigned_to_id"] is None
    other = world.open_ticket()  # others of the role are served meanwhile
    assert other["current_item"]["assigned_to_id"] in (RITA, ROLF)
    assert world.task_of(task["ticket_number"])["current_item"]["status"] == "pool"
    world.tell_person(TINA, name, roles)
    wait_for(lambda: world.task_of(task["ticket_number"])["current_item"]["assigned_to_id"] == TINA)


# ---- reassignment -------------------------------------------------------------------------------

def test_an_admin_reassigns(world, task):
    events = world.amqp.listen("task.assigned")
    to = colleague_of(task)
    moved = world.as_person(TINA).post(path(task, "reassign"), {"user_id": to, "reason": "On leave"}, expect=200).json()
    assert moved["current_item"]["assigned_to_id"] == to and moved["current_item"]["status"] == "new"
    data = world.amqp.receive_type(events, "task.assigned",
                                   where=lambda e: e["data"]["task_item_id"] == item_of(moved))["data"]
    assert data["assignee_id"] == to and data["actor_id"] == TINA and data["notes"] == "On leave"
    assert history(world, task)[1:] == [("reassigned", "Reassigned", "On leave"), ("new", "Reassigned", "On leave")]
    decision = world.rows("SELECT reason, chosen_id, candidates FROM assignment_decision WHERE task_item_id = %s",
                          item_of(moved))
    assert decision == [("named by an administrator", to, [RITA, ROLF])]
    body = {"task_item_id": item_of(task), "transition_id": way(task, "approve"), "notes": "x"}
    check_error(assignee(world, task).post("/transitions/", body), 409, "ALREADY_COMPLETED")
    world.act(moved, "approve")


def test_the_older_spelling_transfers_an_item(world, task):
    to = colleague_of(task)
    body = {"task_item_id": item_of(task), "user_id": to, "notes": "swap"}
    check_error(world.as_person(TINA).post("/tasks/transfer/", {**body, "task_item_id": 999999}), 404,
                "TASK_NOT_FOUND")
    moved = world.as_person(TINA).post("/tasks/transfer/", body, expect=200).json()
    assert moved["current_item"]["assigned_to_id"] == to
    check_error(world.as_person(TINA).post("/tasks/transfer/", body), 409, "ALREADY_COMPLETED")
    check_error(world.as_person(TINA).post("/tasks/transfer/", {**body, "task_item_id": item_of(moved)}), 400,
                "INVALID_TRANSFER")


def test_what_cannot_be_reassigned(world, task):
    admin, to = world.as_person(TINA), colleague_of(task)
    body = {"user_id": to, "reason": "x"}
    check_error(world.http.post(path(task, "reassign"), body), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA, ADAM, task["current_item"]["assigned_to_id"]):
        check_error(world.as_person(person).post(path(task, "reassign"), body), 403, "FORBIDDEN")
    check_error(admin.post("/api/v1/tasks/999999/reassign", body), 404, "TASK_NOT_FOUND")
    check_error(admin.post(path(task, "reassign"), {**body, "user_id": 999}), 404, "USER_NOT_FOUND")
    for without in (EMIL, ANNA, TINA):
        answer = admin.post(path(task, "reassign"), {**body, "user_id": without})
        assert list(check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]) == ["user_id"]
    same = task["current_item"]["assigned_to_id"]
    check_error(admin.post(path(task, "reassign"), {**body, "user_id": same}), 400, "INVALID_TRANSFER")
    for wrong in ({"reason": ""}, {"reason": None}, {"user_id": None}, {"user_id": "x"}, {"user_id": 1.5}):
        answer = admin.post(path(task, "reassign"), {**body, **wrong})
        assert list(check_error(answer, 400, "INVALID_INPUT")["details"]["fields"]) == list(wrong)
    world.act(task, "reject")
    check_error(admin.post(path(task, "reassign"), body), 409, "ALREADY_COMPLETED")


def test_a_transition_and_a_reassignment_at_once(world):
    """Whichever comes first: one open item, and the other is told."""
    for _ in range(5):
        task = world.open_ticket()
        to, body = colleague_of(task), {"task_item_id": item_of(task), "transition_id": way(task, "approve"),
                                        "notes": "x"}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            acted = pool.submit(assignee(world, task).post, "/transitions/", body)
            moved = pool.submit(world.as_person(TINA).post, path(task, "reassign"), {"user_id": to, "reason": "x"})
        if acted.result().status_code == 200:
            assert moved.result().status_code == 422, moved.result().text  # of the next step's role
        else:
            check_error(acted.result(), 409, "ALREADY_COMPLETED")
            assert moved.result().status_code == 200
        items = world.rows("SELECT count(*) FROM task_item WHERE task_id = %s AND status IN ('new', 'pool')",
                           task["task_id"])
        assert items == [(1,)]


# ---- reopening ----------------------------------------------------------------------------------

@pytest.mark.parametrize("end", ["reject", "approve"])
def test_an_admin_reopens(world, task, end):
    _, task = world.act(task, end)
    if end == "approve":
        _, task = world.act(task, "approve")
    events = world.amqp.listen("task.assigned")
    again = world.as_person(TINA).post(path(task, "reopen"), {"reason": "Not solved"}, expect=200).json()
    assert again["status"] == "active" and again["current_step"] == "Review" and again["resolved_at"] is None
    assert again["owner_id"] == task["owner_id"]
    event = world.amqp.receive_type(events, "task.assigned",
                                    where=lambda e: e["data"]["task_item_id"] == item_of(again))
    assert event["data"]["assignee_id"] == again["current_item"]["assigned_to_id"]
    assert statuses(world, task)[-1] == "Open"
    assert history(world, task)[-1] == ("new", "User Action", "Not solved")
    assert clock(world, task)["state"] == "running"
    check_error(world.as_person(TINA).post(path(task, "reopen")), 409, "CONFLICT")
    world.act(again, "approve")


def test_what_cannot_be_reopened(world, task):
    admin = world.as_person(TINA)
    check_error(world.http.post(path(task, "reopen")), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA, ADAM):
        check_error(world.as_person(person).post(path(task, "reopen")), 403, "FORBIDDEN")
    check_error(admin.post("/api/v1/tasks/999999/reopen"), 404, "TASK_NOT_FOUND")
    check_error(admin.post(path(task, "reopen")), 409, "CONFLICT")
    world.act(task, "reject")
    world.status_task(task["ticket_number"], "Closed")
    wait_for(lambda: world.task_of(task["ticket_number"])["status"] == "completed")
    check_error(admin.post(path(task, "reopen")), 409, "CONFLICT")


def test_of_many_reopenings_one_wins(world, task):
    world.act(task, "reject")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: world.as_person(TINA).post(path(task, "reopen")), range(6)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409, 409, 409]
    assert statuses(world, task).count("Open") == 1
