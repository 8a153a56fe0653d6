"""What arrives on the queues: tickets, their states, people; and what runs by the clock."""
import collections
import datetime

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, CORA, EMIL, HELPDESK, PEOPLE, RITA, ROLF, TICKETS, World

DEAD = TICKETS + ".dead"


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


def stamp(**delta):
    at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(**delta)
    return at.isoformat().replace("+00:00", "Z")


def counted(world, task, code):
    return world.metric(f'workflow_ticket_messages_total{{task="{task}",code="{code}"}}')


def count_of(world, number):
    return world.rows("SELECT count(*) FROM ticket WHERE number = %s", number)[0][0]


def dead_letters(world, wanted):
    """The reasons of the dead letters whose bodies contain these texts, by text."""
    found = {}

    def look():
        method, properties, body = world.amqp.channel.basic_get(DEAD, auto_ack=True)
        if method:
            found.update({text: properties.headers["x-tts-reason"] for text in wanted if text in body.decode()})
        return len(found) == len(wanted)
    wait_for(look, what=f"dead letters with {wanted}")
    return found


def status_of(world, number):
    return world.task_of(number)["status"]


# ---- process_ticket -----------------------------------------------------------------------------

def test_a_ticket_becomes_a_task_and_the_helpdesk_learns_its_owner(world):
    events = world.amqp.listen("task.assigned")
    task = world.open_ticket()
    number = task["ticket_number"]
    args, kwargs = world.helpdesk_tasks(number, "update_ticket_owner")[0]
    assert args == [] and kwargs == {"ticket_number": number, "owner_id": task["owner_id"]}
    event = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["subject"] == number)
    assert event["data"]["assignee_id"] == task["current_item"]["assigned_to_id"]
    assert event["data"]["workflow_name"] == "IT Support Workflow" and event["data"]["role"] == "Reviewer"
    decisions = world.rows("SELECT role_name, candidates, chosen_id, reason FROM assignment_decision"
                           " WHERE task_id = %s ORDER BY task_item_id NULLS FIRST", task["task_id"])
    assert decisions == [("Ticket Coordinator", [11, 12], task["owner_id"], "round robin"),
                         ("Reviewer", [RITA, ROLF], event["data"]["assignee_id"], "round robin")]


@pytest.mark.parametrize("send", [
    lambda w, p: w.amqp.send_task(TICKETS, "tts.tasks.process_ticket", [p]),
    lambda w, p: w.amqp.send_task(TICKETS, "tts.tasks.process_ticket", [], p),
    lambda w, p: w.amqp.send_task(TICKETS, "tts.tasks.process_ticket", [], {"ticket_data": p}),
    lambda w, p: w.amqp.send_task(TICKETS, "tickets.tasks.receive_ticket", [p]),
], ids=["positional", "keywords", "one keyword", "older name"])
def test_arguments_in_every_form(world, send):
    payload = world.payload()
    send(world, payload)
    assert wait_for(lambda: world.task_of(payload["ticket_number"]))["status"] == "active"


def test_words_and_times_are_taken_leniently(world):
    task = world.open_ticket(priority="critical", department="  it DEPARTMENT ", category="it support",
                             created_at="2026-01-12T11:30:00+01:00", employee_id="51", sub_category=None,
                             something_else={"a": [1]})
    assert task["priority"] == "Urgent" and task["created_at"] == "2026-01-12T10:30:00Z"
    assert task["requester_id"] == EMIL
    assert world.open_ticket(priority=None)["priority"] == "Medium"


def test_a_ticket_told_twice_is_one_ticket(world):
    before = counted(world, "process_ticket", "DUPLICATE_TICKET")
    number = world.open_ticket()["ticket_number"]
    world.send_ticket(ticket_number=number, subject="Another subject")
    wait_for(lambda: counted(world, "process_ticket", "DUPLICATE_TICKET") == before + 1)
    assert count_of(world, number) == 1
    assert world.task_of(number)["ticket_subject"] == "Network connectivity issue"


def test_a_ticket_nobody_takes_is_kept(world):
    before = counted(world, "process_ticket", "WORKFLOW_NOT_FOUND")
    number = world.send_ticket(category="Catering")
    wait_for(lambda: counted(world, "process_ticket", "WORKFLOW_NOT_FOUND") == before + 1)
    assert world.rows("SELECT is_matched FROM ticket WHERE number = %s", number) == [(False,)]
    silent = world.send_ticket(category="bug", department="")
    wait_for(lambda: count_of(world, silent))
    assert counted(world, "process_ticket", "WORKFLOW_NOT_FOUND") == before + 1
    assert silent not in world.service.log_text()


def test_work_is_dealt_out_in_turns(world):
    owners, assignees = collections.Counter(), collections.Counter()
    numbers = [world.send_ticket() for _ in range(40)]
    for number in numbers:
        task = wait_for(lambda n=number: world.task_of(n))
        owners[task["owner_id"]] += 1
        assignees[task["current_item"]["assigned_to_id"]] += 1
    assert set(owners.values()) == {20} and set(assignees.values()) == {20}


BROKEN = [({"subject": None}, "subject"), ({"category": ""}, "category"), ({"priority": "soon"}, "priority"),
          ({"created_at": "yesterday"}, "created_at"), ({"ticket_number": "T" * 65}, "ticket_number"),
          ({"description": 7}, "description")]


def test_broken_messages_are_retried_and_then_parked(world):
    wanted = {}
    for change, reason in BROKEN:
        mark = world.payload()["ticket_number"]
        world.send_ticket(**{"employee_name": mark, **change})
        wanted[mark] = reason
    number = world.open_ticket()["ticket_number"]
    world.status_task(number, "Closed", csat_rating=6)
    wanted[number] = "csat_rating"
    world.amqp.publish("", TICKETS, b"{not json", headers={"task": "tts.tasks.process_ticket", "id": "broken-1",
                                                           "retries": 0})
    wanted["{not json"] = "INVALID_PAYLOAD"
    world.amqp.send_task(TICKETS, "tts.tasks.process_ticket", ["just-a-text"])
    wanted["just-a-text"] = "not an object"
    reasons = dead_letters(world, list(wanted))
    for text, reason in wanted.items():
        assert reasons[text].startswith("INVALID_PAYLOAD") and reason in reasons[text], reasons[text]
    assert status_of(world, number) == "active"


def test_an_unknown_task_is_parked_at_once(world):
    world.amqp.send_task(TICKETS, "tts.tasks.make_coffee", ["unknown-mark"])
    assert "unknown task tts.tasks.make_coffee" in dead_letters(world, ["unknown-mark"])["unknown-mark"]


# ---- receive_hdts_ticket_status -----------------------------------------------------------------

def test_closing_completes_the_task_and_keeps_the_rating(world):
    task = world.open_ticket()
    number = task["ticket_number"]
    _, task = world.act(task, "approve")
    _, task = world.act(task, "approve")
    world.status_task(number, "Closed", csat_rating=5, feedback="Excellent service, issue resolved quickly",
                      date_completed="2026-01-12T15:30:00Z", time_closed="2026-01-12T15:30:00Z")
    wait_for(lambda: status_of(world, number) == "completed")
    assert world.rows("SELECT status, rating, feedback FROM ticket WHERE number = %s", number) == [
        ("Closed", 5, "Excellent service, issue resolved quickly")]
    check_error(world.as_person(task["owner_id"]).post("/tasks/ticket-owner/escalate/", {
        "ticket_number": number, "reason": "late"}), 409, "ALREADY_COMPLETED")


def test_withdrawing_cancels_the_work(world):
    task = world.open_ticket()
    number, item = task["ticket_number"], task["current_item"]
    world.status_task(number, "Withdrawn")
    wait_for(lambda: status_of(world, number) == "cancelled")
    check_error(world.as_person(item["assigned_to_id"]).post("/transitions/", {
        "task_item_id": item["task_item_id"], "transition_id": task["available_transitions"][0]["transition_id"],
        "notes": "x"}), 409, "ALREADY_COMPLETED")
    clock = world.as_person(ADAM).get(f"/api/v1/sla/{number}").json()["clocks"][0]
    assert clock["state"] == "cancelled" and clock["stopped_at"]
    world.status_task(number, "Closed")
    world.status_task(number, "Closed", csat_rating=3)
    wait_for(lambda: world.rows("SELECT rating FROM ticket WHERE number = %s", number) == [(3,)])
    assert status_of(world, number) == "cancelled"


def test_holding_and_resuming(world):
    task = world.open_ticket()
    number, item = task["ticket_number"], task["current_item"]
    world.amqp.send_task(TICKETS, "tts.tasks.receive_hdts_ticket_status", [number, "On Hold"])
    wait_for(lambda: status_of(world, number) == "on_hold")
    body = {"task_item_id": item["task_item_id"], "notes": "x",
            "transition_id": task["available_transitions"][0]["transition_id"]}
    client = world.as_person(item["assigned_to_id"])
    check_error(client.post("/transitions/", body), 409, "CONFLICT")
    check_error(client.post(f"/api/v1/tasks/{task['task_id']}/start"), 409, "CONFLICT")
    world.amqp.send_task(TICKETS, "tts.tasks.receive_hdts_ticket_status", [],
                         {"ticket_number": number, "status": "in_progress"})
    wait_for(lambda: status_of(world, number) == "active")
    client.post("/transitions/", body, expect=200)


def test_a_ticket_opened_again_starts_anew(world):
    task = world.open_ticket()
    number = task["ticket_number"]
    _, task = world.act(task, "reject")
    events = world.amqp.listen("task.assigned")
    world.status_task(number, "In Progress")
    world.status_task(number, "Open")
    wait_for(lambda: status_of(world, number) == "active")
    again = world.task_of(number)
    assert again["current_step"] == "Review" and again["owner_id"] == task["owner_id"]
    event = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["subject"] == number)
    assert event["data"]["assignee_id"] == again["current_item"]["assigned_to_id"]
    log = world.as_person(ADAM).get(f"/tasks/logs/?ticket_number={number}").json()["logs"]
    assert [entry["status"] for entry in log] == ["resolved", "new"]
    world.status_task(number, "Open")
    world.status_task(number, "Withdrawn")
    wait_for(lambda: status_of(world, number) == "cancelled")
    assert len(world.rows("SELECT 1 FROM task_item WHERE task_id = %s", task["task_id"])) == 2


def test_what_cannot_be_applied_is_counted_and_dropped(world):
    unknown = counted(world, "receive_hdts_ticket_status", "TICKET_NOT_FOUND")
    invalid = counted(world, "receive_hdts_ticket_status", "INVALID_STATUS")
    number = world.open_ticket()["ticket_number"]
    world.status_task("TX00000000000000", "Closed")
    world.status_task(number, "Asleep")
    wait_for(lambda: counted(world, "receive_hdts_ticket_status", "TICKET_NOT_FOUND") == unknown + 1)
    wait_for(lambda: counted(world, "receive_hdts_ticket_status", "INVALID_STATUS") == invalid + 1)
    assert status_of(world, number) == "active"


def test_ticket_and_state_keep_their_order(world):
    numbers = []
    for _ in range(20):
        numbers.append(world.send_ticket())
        world.status_task(numbers[-1], "Withdrawn")
    for number in numbers:
        wait_for(lambda n=number: status_of(world, n) == "cancelled")


# ---- people -------------------------------------------------------------------------------------

def test_work_waits_until_somebody_holds_the_role(world):
    budget = {"department": "Budget Department", "category": "New Budget Proposal"}
    task = world.open_ticket(**budget)
    name, roles = PEOPLE[ANNA]
    world.tell_person(ANNA, name, tokens.EMPLOYEE)
    wait_for(lambda: not world.rows("SELECT 1 FROM person_role WHERE role = 'Approver'"))
    reply, task = world.act(task, "forward")
    assert reply["next_step"] == "Finance Approval" and reply["next_assignee"] is None
    assert task["current_item"]["status"] == "pool" and task["current_item"]["assigned_to"] is None
    check_error(world.as_person(ANNA).post("/transitions/", {
        "task_item_id": task["current_item"]["task_item_id"], "notes": "x",
        "transition_id": task["available_transitions"][0]["transition_id"]}), 403, "FORBIDDEN")
    events = world.amqp.listen("task.assigned")
    world.tell_person(ANNA, name, roles)
    given = world.amqp.receive_type(events, "task.assigned",
                                    where=lambda e: e["subject"] == task["ticket_number"])["data"]
    assert given["assignee_id"] == ANNA
    assert world.task_of(task["ticket_number"])["current_item"]["status"] == "new"


def test_whoever_is_deactivated_hands_work_back(world):
    task = world.open_ticket()
    gone = task["current_item"]["assigned_to_id"]
    left = ROLF if gone == RITA else RITA
    name, roles = PEOPLE[gone]
    world.tell_person(gone, name, roles, active=False)
    now = wait_for(lambda: (t := world.task_of(task["ticket_number"]))["current_item"]["assigned_to_id"] == left and t)
    assert now["current_item"]["task_item_id"] != task["current_item"]["task_item_id"]
    log = world.as_person(ADAM).get(f"/tasks/logs/?ticket_number={task['ticket_number']}").json()["logs"]
    assert [entry["status"] for entry in log] == ["reassigned", "new"]
    world.tell_person(gone, name, roles)
    wait_for(lambda: world.rows("SELECT 1 FROM person WHERE id = %s AND active", gone))


def test_a_ticket_finds_an_owner_later(world):
    for coordinator in (11, 12):
        name, _ = PEOPLE[coordinator]
        world.tell_person(coordinator, name, tokens.EMPLOYEE)
    wait_for(lambda: not world.rows("SELECT 1 FROM person_role WHERE role = 'Ticket Coordinator'"))
    task = world.open_ticket()
    assert task["owner_id"] is None
    world.tell_person(CORA, *PEOPLE[CORA])
    wait_for(lambda: world.task_of(task["ticket_number"])["owner_id"] == CORA)
    assert world.helpdesk_tasks(task["ticket_number"], "update_ticket_owner")[0][1]["owner_id"] == CORA
    world.tell_person(12, *PEOPLE[12])
    wait_for(lambda: len(world.rows("SELECT 1 FROM person_role WHERE role = 'Ticket Coordinator'")) == 2)


# ---- clocks -------------------------------------------------------------------------------------

def test_a_warning_and_a_breach_come_once(world, start_service):
    start_service("workflow-service", env={"AUTH_SERVICE_URL": world.auth.url})  # a second replica looks too
    events = world.amqp.listen("sla.*")
    warned = [world.open_ticket(created_at=stamp(hours=-7))["ticket_number"] for _ in range(10)]
    breached = [world.open_ticket(created_at=stamp(hours=-25))["ticket_number"] for _ in range(10)]
    heard = collections.Counter()
    for _ in range(20):
        _, event, kind = world.amqp.receive(events)
        heard[(kind, event["subject"])] += 1
    assert heard == collections.Counter([("sla.warning", n) for n in warned] + [("sla.breached", n) for n in breached])
    sample = world.task_of(breached[0])
    clock = world.as_person(ADAM).get(f"/api/v1/sla/{breached[0]}").json()["clocks"][0]
    assert clock["state"] == "running" and clock["breached_at"] and sample["is_breached"] is True
    with pytest.raises(AssertionError):
        world.amqp.receive(events, 1.5)


def test_a_deadline_in_the_future_is_noticed_when_it_comes(world):
    events = world.amqp.listen("sla.warning")
    # 80 % of 8 hours are 6 h 24 min.
    created = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=6, minutes=24, seconds=-2)
    number = world.open_ticket(created_at=created.isoformat())["ticket_number"]
    event = world.amqp.receive_type(events, "sla.warning", where=lambda e: e["subject"] == number)
    at = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
    late = (at - created - datetime.timedelta(hours=6, minutes=24)).total_seconds()
    assert 0 <= late < 10
    assert event["data"]["metric"] == "resolution" and event["data"]["owner_id"]


# ---- faults -------------------------------------------------------------------------------------

def test_nothing_is_lost_or_doubled_when_the_program_is_killed(world):
    numbers = []
    for round_ in range(3):
        numbers += [world.send_ticket() for _ in range(30)]
        wait_for(lambda n=numbers[round_ * 30]: count_of(world, n))
        world.service.restart(ready=round_ == 2)
    for number in numbers:
        wait_for(lambda n=number: world.task_of(n))
    counts = world.rows("SELECT count(*), count(DISTINCT ticket_id) FROM task JOIN ticket ON ticket.id = ticket_id"
                        " WHERE number = ANY(%s)", numbers)
    assert counts == [(90, 90)]
    owners = collections.Counter()
    while len(owners) < 90:
        properties, body, _ = world.amqp.receive(HELPDESK)
        if properties.headers["task"] == "update_ticket_owner" and body[1]["ticket_number"] in numbers:
            owners[body[1]["ticket_number"]] += 1
    assert sorted(owners) == sorted(numbers)
