"""Policies, and what the clocks of tickets do by them: pausing, priorities, reopening, breaches."""
import datetime
import uuid

import pytest
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, CORA, EMIL, RITA, TINA, World

PATH = "/api/v1/sla/policies"
HOUR = 3600


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


@pytest.fixture(name="policy")
def _policy(world, tina):
    """policy(**fields): one of the workflow that this suite's tickets take, gone after the test."""
    made = []

    def make(**fields):
        fields = {"name": uuid.uuid4().hex, "workflows": [workflow_id(world)], **fields}
        made.append(tina.post(PATH, fields, expect=201).json())
        return made[-1]

    yield make
    for one in made:
        assert tina.delete(f"{PATH}/{one['id']}").status_code in (204, 404)


def workflow_id(world, name="IT Support Workflow"):
    page = world.as_person(ADAM).get("/api/v1/workflows", params={"page_size": 100}, expect=200).json()
    return next(w["workflow_id"] for w in page["results"] if w["name"] == name)


def sla_of(world, number):
    return world.as_person(ADAM).get(f"/api/v1/sla/{number}", expect=200).json()


def clock_of(world, number, metric="resolution"):
    return next((c for c in sla_of(world, number)["clocks"] if c["metric"] == metric), None)


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(**delta):
    at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(**delta)
    return at.isoformat().replace("+00:00", "Z")


def kinds(world, number, metric="resolution"):
    return [kind for kind, in world.rows(
        "SELECT e.kind FROM ticket k JOIN task t ON t.ticket_id = k.id JOIN sla_clock c ON c.task_id = t.id"
        " JOIN sla_event e ON e.clock_id = c.id WHERE k.number = %s AND c.metric = %s ORDER BY e.id", number, metric)]


def breaches(world, metric="resolution"):
    return world.rows("SELECT count(*) FROM sla_event e JOIN sla_clock c ON c.id = e.clock_id"
                      " WHERE e.kind = 'breach' AND c.metric = %s", metric)[0][0]


def tell(world, kind, number, **fields):
    """An event of the helpdesk about a ticket."""
    world.amqp.send_event(kind, {"ticket_id": 1, "ticket_number": number, "subject": "Network connectivity issue",
                                 "category": "IT Support", "department": "IT Department", "status": "Open",
                                 "requester_id": EMIL, **fields}, source="helpdesk-service", subject=number)


# ---- policies -----------------------------------------------------------------------------------

def test_the_life_of_a_policy(world, tina):
    sent = {"name": f"Gold <i>'\" {uuid.uuid4().hex[:6]}", "calendar_id": None, "warn_percents": [50, 90],
            "pause_statuses": ["on_hold", "active"], "reopen": "new_cycle", "escalate_owner": True, "escalate_step": True,
            "is_default": False, "workflows": [workflow_id(world, "Asset Check In Workflow")],
            "first_response": [{"priority": "High", "target_minutes": 30}, {"priority": "Low", "target_minutes": 60}]}
    answer = tina.post(PATH, sent, expect=201)
    made = answer.json()
    assert {key: made[key] for key in sent} == sent and made["calendar"] is None
    assert answer.headers["Location"] == f"{PATH}/{made['id']}" and answer.headers["ETag"] == '"1"'
    got = world.as_person(EMIL).get(f"{PATH}/{made['id']}", expect=200)
    assert got.json() == made and got.headers["ETag"] == '"1"'
    assert made["id"] in [p["id"] for p in tina.get(PATH, params={"page_size": 100}, expect=200).json()["results"]]
    changed = tina.patch(f"{PATH}/{made['id']}", {"first_response": [], "warn_percents": [90, 10]},
                         headers={"If-Match": '"1"'}, expect=200).json()
    assert changed["warn_percents"] == [10, 90] and changed["first_response"] == [] and changed["version"] == 2
    assert changed["workflows"] == sent["workflows"] and changed["pause_statuses"] == sent["pause_statuses"]
    for method in ("PATCH", "DELETE"):
        check_error(tina.request(method, f"{PATH}/{made['id']}", json={}, headers={"If-Match": '"1"'}), 412,
                    "PRECONDITION_FAILED")
    tina.delete(f"{PATH}/{made['id']}", headers={"If-Match": '"2"'}, expect=204)
    check_error(tina.get(f"{PATH}/{made['id']}"), 404, "NOT_FOUND")


def test_what_is_not_said_has_a_default(tina):
    made = tina.post(PATH, {"name": uuid.uuid4().hex}, expect=201).json()
    assert made["warn_percents"] == [80] and made["pause_statuses"] == ["on_hold"] and made["reopen"] == "resume"
    assert (made["escalate_owner"], made["escalate_step"], made["is_default"]) == (False, False, False)
    assert made["workflows"] == [] and made["calendar_id"] is None
    tina.delete(f"{PATH}/{made['id']}", expect=204)


@pytest.mark.parametrize("change, field", [
    ({"warn_percents": [0]}, "warn_percents"), ({"warn_percents": [101]}, "warn_percents"),
    ({"warn_percents": [5, 5]}, "warn_percents"), ({"warn_percents": list(range(1, 12))}, "warn_percents"),
    ({"pause_statuses": ["resolved"]}, "pause_statuses"), ({"pause_statuses": ["x'; --"]}, "pause_statuses"),
    ({"reopen": "never"}, "reopen"), ({"calendar_id": 99999999}, "calendar_id"), ({"name": "n" * 101}, "name"),
    ({"workflows": ["x"]}, "workflows"), ({"workflows": [str(uuid.uuid4())]}, "workflows"),
    ({"workflows": ["00000000-0000-4000-8000-000000000000"] * 2}, "workflows"),
    ({"first_response": [{"priority": "High", "target_minutes": 0}]}, "first_response[0].target_minutes"),
    ({"first_response": [{"priority": "Soon", "target_minutes": 1}]}, "first_response[0].priority"),
    ({"first_response": [{"priority": "High", "target_minutes": 1}] * 2}, "first_response"),
])
def test_what_makes_no_sense_is_refused(tina, change, field):
    fields = check_error(tina.post(PATH, {"name": uuid.uuid4().hex, **change}), 422, "VALIDATION_ERROR")["details"]["fields"]
    assert list(fields) == [field]


@pytest.mark.parametrize("sent", [{}, {"name": " "}, {"name": 3}, {"name": "x", "warn_percents": 80},
                                  {"name": "x", "calendar_id": "one"}, {"name": "x", "is_default": "perhaps"}], ids=str)
def test_malformed_policies_are_refused(tina, sent):
    check_error(tina.post(PATH, sent), 400, "INVALID_INPUT")


def test_names_are_unique_and_requests_repeatable(tina):
    sent, key = {"name": uuid.uuid4().hex}, {"Idempotency-Key": uuid.uuid4().hex}
    one = tina.post(PATH, sent, headers=key, expect=201).json()
    assert tina.post(PATH, sent, headers=key, expect=201).json() == one
    check_error(tina.post(PATH, {"name": sent["name"].upper()}), 409, "DUPLICATE_RESOURCE")
    other = tina.post(PATH, {"name": uuid.uuid4().hex}, expect=201).json()
    check_error(tina.patch(f"{PATH}/{other['id']}", sent), 409, "DUPLICATE_RESOURCE")
    for made in (one, other):
        tina.delete(f"{PATH}/{made['id']}", expect=204)


def test_a_workflow_has_one_policy_and_there_is_one_default(world, tina):
    ids = [workflow_id(world, "Budget Proposal Workflow")]
    one, two = (tina.post(PATH, {"name": uuid.uuid4().hex, "workflows": ids, "is_default": True}, expect=201).json()
                for _ in range(2))
    first, second = (tina.get(f"{PATH}/{p['id']}", expect=200).json() for p in (one, two))
    assert first["workflows"] == [] and first["is_default"] is False and first["version"] == 2
    assert second["workflows"] == ids and second["is_default"] is True
    for made in (one, two):
        tina.delete(f"{PATH}/{made['id']}", expect=204)


@pytest.mark.parametrize("path", ["0", "99999999", "x", "9" * 30])
def test_unknown_policies(tina, path):
    for method in ("GET", "PATCH", "DELETE"):
        check_error(tina.request(method, f"{PATH}/{path}", json={} if method == "PATCH" else None), 404, "NOT_FOUND")


def test_only_administrators_of_workflows_change_policies(world):
    for person in (EMIL, RITA, CORA, ADAM):
        client = world.as_person(person)
        client.get(PATH, expect=200)
        check_error(client.post(PATH, {"name": "mine"}), 403, "FORBIDDEN")
        check_error(client.patch(f"{PATH}/1", {}), 403, "FORBIDDEN")
        check_error(client.delete(f"{PATH}/1"), 403, "FORBIDDEN")
    check_error(world.http.get(PATH), 401, "UNAUTHENTICATED")


# ---- clocks -------------------------------------------------------------------------------------

def test_without_a_policy_every_moment_counts(world):
    number = world.open_ticket(created_at="2026-01-12T10:30:00Z", priority="High")["ticket_number"]
    clock = clock_of(world, number)
    assert clock["due_at"] == "2026-01-12T18:30:00Z" and clock["breach_at"] == "2026-01-13T10:30:00Z"
    assert clock["calendar"] is None and clock["policy"] is None and clock["target_s"] == 8 * HOUR
    assert any("Around the clock" in line for line in clock["explain"])
    step = clock_of(world, number, "step")
    assert step["state"] == "running" and step["target_s"] == 4 * HOUR and step["breach_s"] == 12 * HOUR
    assert parse(step["due_at"]) - parse(step["started_at"]) == datetime.timedelta(hours=4)


def test_a_hold_pauses_and_resuming_goes_on(world):
    number = world.open_ticket(created_at=stamp(hours=-2))["ticket_number"]
    before = clock_of(world, number)
    world.status_task(number, "On Hold")
    wait_for(lambda: clock_of(world, number)["paused"], what="the clock to pause")
    paused, sla = clock_of(world, number), sla_of(world, number)
    assert paused["state"] == "paused" and paused["due_at"] is None and paused["breach_at"] is None
    assert 2 * HOUR <= paused["consumed_s"] < 2 * HOUR + 300
    assert paused["consumed_s"] + paused["remaining_s"] in (8 * HOUR, 8 * HOUR - 1)
    assert sla["target_resolution"] is None and sla["time_remaining"] is None and sla["is_breached"] is False
    # As if it had been held three hours ago: what is left is counted from now on all the same.
    world.status_task(number, "In Progress")
    wait_for(lambda: not clock_of(world, number)["paused"], what="the clock to go on")
    after = clock_of(world, number)
    assert after["consumed_s"] >= paused["consumed_s"] and parse(after["due_at"]) >= parse(before["due_at"])
    assert kinds(world, number) == ["activate", "pause", "resume"] == kinds(world, number, "step")
    assert sla_of(world, number)["target_resolution"] == after["due_at"]


def test_what_pauses_is_the_policy_s(world, policy):
    policy(pause_statuses=["active"])
    task = world.open_ticket()
    number = task["ticket_number"]
    assert clock_of(world, number)["state"] == "paused"
    world.as_person(task["current_item"]["assigned_to_id"]).post(f"/api/v1/tasks/{task['task_id']}/start", expect=200)
    assert clock_of(world, number)["state"] == "running"
    world.status_task(number, "On Hold")
    wait_for(lambda: world.task_of(number)["status"] == "on_hold")
    assert clock_of(world, number)["state"] == "running"


def test_another_priority_keeps_what_is_consumed(world):
    created = stamp(hours=-3)
    number = world.open_ticket(created_at=created, priority="High")["ticket_number"]
    tell(world, "ticket.updated", number, priority="Low", subject="Another subject")
    wait_for(lambda: clock_of(world, number)["target_minutes"] == 72 * 60, what="the other target")
    clock = clock_of(world, number)
    assert parse(clock["due_at"]) - parse(created) == datetime.timedelta(hours=72)
    assert clock["consumed_s"] >= 3 * HOUR and clock_of(world, number, "step")["target_minutes"] == 36 * 60
    row = world.task_of(number)
    assert row["priority"] == "Low" and row["ticket_subject"] == "Another subject"
    assert row["target_resolution"] == clock["due_at"]
    tell(world, "ticket.updated", number, priority="Urgent")
    wait_for(lambda: clock_of(world, number)["target_minutes"] == 120)
    assert parse(clock_of(world, number)["due_at"]) - parse(created) == datetime.timedelta(hours=2)
    assert kinds(world, number)[:3] == ["activate", "apply_policy", "apply_policy"]


def test_a_breach_stays_whatever_follows(world):
    events = world.amqp.listen("sla.breached")
    number = world.open_ticket(created_at=stamp(hours=-25))["ticket_number"]
    world.amqp.receive_type(events, "sla.breached", where=lambda e: e["subject"] == number)
    tell(world, "ticket.updated", number, priority="Low")
    wait_for(lambda: clock_of(world, number)["target_minutes"] == 72 * 60)
    world.status_task(number, "On Hold")
    wait_for(lambda: clock_of(world, number)["paused"])
    assert clock_of(world, number)["breached"] is True and world.task_of(number)["is_breached"] is True
    world.status_task(number, "Withdrawn")
    wait_for(lambda: clock_of(world, number)["state"] == "breached")
    assert kinds(world, number).count("breach") == 1
    # The tickets of other tests breach in their time, too: counted is what is recorded.
    wait_for(lambda: world.metric('sla_breaches_total{metric="resolution"}') == breaches(world) >= 1)


def test_opened_again_it_goes_on_or_starts_anew(world, policy):
    for reopen in ("resume", "new_cycle"):
        made = policy(reopen=reopen)
        task = world.open_ticket(created_at=stamp(hours=-5))
        number = task["ticket_number"]
        world.act(task, "reject")
        assert clock_of(world, number)["state"] == "met" and clock_of(world, number, "step")["state"] == "met"
        world.status_task(number, "Open")
        wait_for(lambda n=number: clock_of(world, n)["state"] == "running", what="the clock to go on")
        clock, step = clock_of(world, number), clock_of(world, number, "step")
        assert step["cycle"] == 2 and len(step["cycles"]) == 2 and step["state"] == "running"
        if reopen == "resume":
            assert clock["cycle"] == 1 and 5 * HOUR <= clock["consumed_s"] < 6 * HOUR
        else:
            assert clock["cycle"] == 2 and clock["consumed_s"] < HOUR
            assert [c["state"] for c in clock["cycles"]] == ["met", "running"]
            assert sla_of(world, number)["target_resolution"] == clock["due_at"]
        assert "reopen" in kinds(world, number)
        world.as_person(TINA).delete(f"{PATH}/{made['id']}", expect=204)


def test_each_step_has_a_clock_of_its_own(world):
    task = world.open_ticket()
    number = task["ticket_number"]
    _, task = world.act(task, "approve")
    step = clock_of(world, number, "step")
    assert [c["state"] for c in step["cycles"]] == ["met", "running"] and step["target_s"] == 2 * HOUR
    mine = world.as_person(task["current_item"]["assigned_to_id"]).get("/tasks/my-tasks/", params={"search": number}).json()
    assert mine["results"][0]["target_resolution"] == step["due_at"]
    _, task = world.act(task, "approve")
    assert all(c["state"] == "met" for c in sla_of(world, number)["clocks"])


def test_several_warnings_come_once_each(world, policy):
    policy(warn_percents=[50, 100])
    events = world.amqp.listen("sla.*")
    number = world.open_ticket(created_at=stamp(hours=-5))["ticket_number"]
    world.amqp.receive_type(events, "sla.warning", where=lambda e: e["subject"] == number)
    clock = clock_of(world, number)
    assert clock["warn_at"] == clock["due_at"] and clock["warned_at"]
    tell(world, "ticket.updated", number, priority="Urgent")
    world.amqp.receive_type(events, "sla.warning", where=lambda e: e["subject"] == number)
    wait_for(lambda: kinds(world, number) == ["activate", "warn", "apply_policy", "warn"])


def test_a_public_answer_is_the_first_response(world, policy):
    policy(first_response=[{"priority": "High", "target_minutes": 60}])
    number = world.open_ticket(created_at=stamp(minutes=-10))["ticket_number"]
    clock = clock_of(world, number, "first_response")
    assert clock["state"] == "running" and clock["target_s"] == HOUR == clock["breach_s"]
    tell(world, "ticket.commented", number, comment="note", visibility="internal", actor_id=CORA)
    tell(world, "ticket.commented", number, comment="me", visibility="public", actor_id=EMIL)
    tell(world, "ticket.commented", number, comment="robot", visibility="public")
    tell(world, "ticket.updated", number, priority="High", subject="All three have been seen")
    wait_for(lambda: world.task_of(number)["ticket_subject"] == "All three have been seen")
    assert clock_of(world, number, "first_response")["state"] == "running"
    tell(world, "ticket.commented", number, comment="Hello", visibility="public", actor_id=CORA)
    wait_for(lambda: clock_of(world, number, "first_response")["state"] == "met", what="the first response")
    assert world.open_ticket(priority="Low") and kinds(world, number, "first_response") == ["activate", "fulfil"]


def test_events_about_unknown_tickets_are_left_aside(world):
    tell(world, "ticket.updated", "TX-never-seen", priority="Low")
    tell(world, "ticket.commented", "TX-never-seen", comment="x", visibility="public", actor_id=CORA)
    number = world.open_ticket()["ticket_number"]
    tell(world, "ticket.updated", number, priority="Low")
    wait_for(lambda: clock_of(world, number)["target_minutes"] == 72 * 60)


# ---- breaches -----------------------------------------------------------------------------------

def test_a_breach_escalates_the_owner(world, policy):
    policy(escalate_owner=True)
    task = world.open_ticket(created_at=stamp(hours=-25))
    number = task["ticket_number"]
    wait_for(lambda: world.task_of(number)["owner_id"] in (ADAM, TINA), what="an Admin to own the ticket")
    changes = world.rows("SELECT kind, actor_id, reason FROM ownership_change WHERE task_id = %s ORDER BY id", task["task_id"])
    assert [c[0] for c in changes] == ["assigned", "escalated"] and changes[1][1] is None and "deadline" in changes[1][2]
    owners = [kwargs["owner_id"] for _, kwargs in world.helpdesk_tasks(number, "update_ticket_owner", 2)]
    assert owners[1] == world.task_of(number)["owner_id"]


def breach_step(world, number):
    """Lets the running step's time pass by moving its beginning."""
    world.rows("UPDATE sla_clock c SET anchor_at = anchor_at - interval '30 hours', due_at = due_at - interval '30 hours',"
               " breach_at = c.breach_at - interval '30 hours', next_wake = now() FROM task t JOIN ticket k"
               " ON k.id = t.ticket_id WHERE t.id = c.task_id AND k.number = %s AND c.metric = 'step'"
               " AND c.stopped_at IS NULL", number)


def test_a_step_s_breach_gives_it_to_the_role_it_escalates_to(world, policy):
    policy(escalate_step=True)
    events = world.amqp.listen()
    task = world.open_ticket()
    number, item = task["ticket_number"], task["current_item"]
    breach_step(world, number)
    event = world.amqp.receive_type(events, "sla.breached", where=lambda e: e["subject"] == number)
    assert event["data"]["metric"] == "step"
    wait_for(lambda: world.task_of(number)["current_item"]["assigned_to_id"] == TINA, what="the escalation")
    now = world.task_of(number)
    assert now["current_step"] == "Review" and now["current_item"]["task_item_id"] != item["task_item_id"]
    assert world.rows("SELECT status, origin FROM task_item WHERE id = %s", item["task_item_id"]) == [("escalated", "Escalation")]
    world.tell_person(TINA, *world.people[TINA])  # a change of hers leaves her the item
    event = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["data"]["assignee_id"] == TINA)
    assert event["data"]["ticket_number"] == number
    _, after = world.act(now, "approve")
    assert after["current_step"] == "Quality Assurance"


def test_each_breach_comes_once_through_kills(world, start_service):
    events = world.amqp.listen("sla.breached")
    second = start_service("workflow-service", env={"AUTH_SERVICE_URL": world.auth.url})
    numbers = []
    for _ in range(3):
        numbers += [world.send_ticket(created_at=stamp(hours=-25)) for _ in range(40)]
        wait_for(lambda: world.rows("SELECT count(*) FROM sla_clock WHERE breached_at IS NOT NULL")[0][0] > len(numbers) - 40)
        world.service.restart(ready=False)
        second.restart(ready=False)
    world.service.wait_ready()
    heard = {}
    while len(heard) < len(numbers):
        _, event, _ = world.amqp.receive(events)
        if event["subject"] in numbers:
            heard.setdefault(event["subject"], set()).add(event["id"])
    breached = world.rows("SELECT k.number, count(*) FROM ticket k JOIN task t ON t.ticket_id = k.id JOIN sla_clock c"
                          " ON c.task_id = t.id JOIN sla_event e ON e.clock_id = c.id WHERE e.kind = 'breach'"
                          " AND k.number = ANY(%s) GROUP BY k.number", numbers)
    assert sorted(breached) == sorted((n, 1) for n in numbers)
    assert all(len(ids) == 1 for ids in heard.values())
    assert world.metric("sla_timer_lag_seconds_count") >= 0
