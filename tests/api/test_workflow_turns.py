"""Lists of turns, and tickets that no workflow has taken."""
import concurrent.futures

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, CORA, EMIL, PEOPLE, RITA, ROLF, TINA, World


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


TEAM = ["/api/v1/tasks/team", "/tasks/team/"]
ALL = ["/api/v1/tasks/all", "/tasks/all-tasks/"]
UNMATCHED = ["/api/v1/tasks/unmatched", "/tasks/unassigned-tickets/"]


def rows(client, where, **params):
    return client.get(where, params={"page_size": 100, **params}, expect=200).json()["results"]


def numbers(found):
    return {row["ticket_number"] for row in found}


# ---- turns --------------------------------------------------------------------------------------

@pytest.mark.parametrize("where", TEAM)
def test_a_role_sees_its_turns_whoever_has_them(world, where):
    tasks = [world.open_ticket() for _ in range(3)]
    mine = {task["ticket_number"] for task in tasks}
    for reviewer in (RITA, ROLF):
        found = rows(world.as_person(reviewer), where)
        assert mine <= numbers(found) and {row["role"] for row in found} == {"Reviewer"}
    row = next(r for r in rows(world.as_person(RITA), where) if r["ticket_number"] == tasks[0]["ticket_number"])
    item = tasks[0]["current_item"]
    assert row["task_item_id"] == item["task_item_id"] and row["assigned_to"] == item["assigned_to"]
    assert row["assigned_to_id"] == item["assigned_to_id"] and row["status"] == "new"
    assert [t["name"] for t in row["available_transitions"]] == ["approve", "reject", "escalate"]
    for other in (ANNA, TINA, EMIL, CORA, 999):
        client = world.http.as_user(other, tokens.REVIEWER) if other == 999 else world.as_person(other)
        assert not mine & numbers(rows(client, where))


def test_pooled_turns_are_among_them(world):
    name, roles = PEOPLE[ANNA]
    task = world.open_ticket()
    world.tell_person(ANNA, name, tokens.EMPLOYEE)
    wait_for(lambda: not world.rows("SELECT 1 FROM person_role WHERE role = 'Approver'"))
    world.act(task, "approve")
    pooled = rows(world.as_person(ADAM), ALL[0], status="pool")
    assert [(r["ticket_number"], r["assigned_to"], r["assigned_to_id"]) for r in pooled] == [
        (task["ticket_number"], None, None)]
    world.tell_person(ANNA, name, roles)
    wait_for(lambda: task["ticket_number"] in numbers(rows(world.as_person(ANNA), TEAM[0])))


def test_an_escalated_turn_is_the_other_roles(world):
    task = world.open_ticket()
    number = task["ticket_number"]
    world.as_person(ADAM).post(f"/api/v1/tasks/{task['task_id']}/escalate", {"reason": "x"}, expect=200)
    assert number in numbers(rows(world.as_person(TINA), TEAM[0]))
    assert number not in numbers(rows(world.as_person(RITA), TEAM[0]))
    assert number in numbers(rows(world.as_person(RITA), TEAM[0], tab="inactive"))
    assert number in numbers(rows(world.as_person(ADAM), ALL[0], role="admin"))
    assert number not in numbers(rows(world.as_person(ADAM), ALL[0], role="Reviewer"))


def test_filters(world):
    word = "Zylinderkopf"
    task = world.open_ticket(subject=f"Die {word}dichtung ist hin")
    number = task["ticket_number"]
    _, task = world.act(task, "approve")
    for scope, client in ((TEAM[0], world.as_person(RITA)), (ALL[0], world.as_person(ADAM))):
        assert number in numbers(rows(client, scope, tab="inactive"))
        assert number in numbers(rows(client, scope, tab="all"))
        assert number in numbers(rows(client, scope, status="resolved"))
        assert number not in numbers(rows(client, scope, status="cancelled"))
        for text in (word, word.lower(), "die zylinder", number, number[:-2].lower()):
            assert number in numbers(rows(client, scope, tab="inactive", search=text)), text
        for text in ("%", "_", "kopfdichtung", "'; DROP TABLE task; --", "&|!:*()", "\\", number + "X"):
            assert number not in numbers(rows(client, scope, tab="all", search=text)), text
    assert number in numbers(rows(world.as_person(ADAM), ALL[0], search=word, role="Approver"))
    assert rows(world.as_person(RITA), TEAM[0], role="Approver") == []
    assert numbers(rows(world.as_person(ANNA), TEAM[0], role="APPROVER")) == numbers(rows(world.as_person(ANNA), TEAM[0]))


@pytest.mark.parametrize("where", ALL)
def test_everybodys_turns_are_for_admins_and_programs(world, where):
    number = world.open_ticket()["ticket_number"]
    for client in (world.as_person(ADAM), world.as_person(TINA), world.http.with_token(tokens.mint_service())):
        assert number in numbers(rows(client, where))
    check_error(world.http.get(where), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA):
        check_error(world.as_person(person).get(where), 403, "FORBIDDEN")


@pytest.mark.parametrize("where, who", [(TEAM[0], RITA), (ALL[0], ADAM)])
@pytest.mark.parametrize("search", [None, "seitenweise"])
def test_pages_and_cursors_show_everything_once(world, where, who, search):
    if not hasattr(world, "paged"):
        world.paged = [world.open_ticket(subject=f"seitenweise {i}")["ticket_number"] for i in range(7)]
    client, params = world.as_person(who), {"page_size": 3, **({"search": search} if search else {})}
    whole = [row["task_item_id"] for row in rows(client, where, **({"search": search} if search else {}))]
    assert whole == sorted(whole, reverse=True) and len(whole) >= 7
    page = client.get(where, params=params, expect=200).json()
    assert page["count"] == len(whole)
    seen = [row["task_item_id"] for row in page["results"]]
    second = client.get(where, params={**params, "page": 2}, expect=200).json()
    assert [row["task_item_id"] for row in second["results"]] == whole[3:6] and "page=1" in second["previous"]
    while "next_cursor" in page:
        page = client.get(where, params={**params, "cursor": page["next_cursor"]}, expect=200).json()
        assert page["count"] is None
        seen += [row["task_item_id"] for row in page["results"]]
    assert seen == whole
    for wrong in ({"cursor": "x"}, {"page": 0}, {"page_size": 0}, {"tab": "x"}, {"status": "x"}, {"search": "x" * 201}):
        check_error(client.get(where, params=wrong), 422, "VALIDATION_ERROR")


# ---- without a workflow -------------------------------------------------------------------------

def unmatched(world, **fields):
    """A ticket that no workflow takes, once it is known."""
    number = world.send_ticket(**{"category": "Catering", **fields})
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND NOT is_matched", number))
    return number


def workflow_id(world, name="Asset Check In"):
    page = world.as_person(ADAM).get("/api/v1/workflows", params={"page_size": 100}, expect=200).json()
    return next(w["workflow_id"] for w in page["results"] if name in w["name"])


@pytest.mark.parametrize("where", UNMATCHED)
def test_the_list_of_tickets_without_a_workflow(world, where):
    number = unmatched(world, subject="<b>Canapés</b>", department="Kitchen")
    taken = world.open_ticket()["ticket_number"]
    client = world.as_person(ADAM)
    row = next(r for r in rows(client, where) if r["ticket_number"] == number)
    assert row["ticket_subject"] == "<b>Canapés</b>" and row["category"] == "Catering" and row["status"] == "Open"
    assert row["department"] == "Kitchen" and row["requester_id"] == EMIL and row["created_at"]
    assert taken not in numbers(rows(client, where))
    assert number in numbers(rows(client, where, category="CATERING"))
    assert rows(client, where, category="nothing") == []
    check_error(world.http.get(where), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA):
        check_error(world.as_person(person).get(where), 403, "FORBIDDEN")
    unmatched(world)
    first = client.get(where, params={"page_size": 1}, expect=200).json()
    assert first["count"] >= 2 and len(first["results"]) == 1
    second = client.get(where, params={"page_size": 1, "cursor": first["next_cursor"]}, expect=200).json()
    assert second["results"] != first["results"]
    world.status_task(number, "Withdrawn")
    wait_for(lambda: number not in numbers(rows(client, where)))


def test_started_by_hand_in_a_named_workflow(world):
    number = unmatched(world)
    client, body = world.as_person(TINA), {"ticket_number": number, "workflow_id": workflow_id(world)}
    events = world.amqp.listen("task.assigned")
    answer = client.post("/api/v1/tasks/start", body, expect=201)
    task = answer.json()
    assert answer.headers["Location"] == f"/api/v1/tasks/{task['task_id']}"
    assert task["ticket_number"] == number and task["status"] == "active" and task["owner_id"]
    event = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["subject"] == number)
    assert event["data"]["assignee_id"] == task["current_item"]["assigned_to_id"]
    owners = world.helpdesk_tasks(number, "update_ticket_owner")
    assert owners[0][1]["owner_id"] == task["owner_id"]
    assert number not in numbers(rows(client, UNMATCHED[0]))
    assert len(client.get(f"/api/v1/sla/{number}", expect=200).json()["clocks"]) == 2
    check_error(client.post("/api/v1/tasks/start", body), 409, "CONFLICT")
    world.act(task, "accept")


def test_what_cannot_be_started(world):
    number, client = unmatched(world), world.as_person(TINA)
    body = {"ticket_number": number, "workflow_id": workflow_id(world)}
    check_error(world.http.post("/api/v1/tasks/start", body), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA, ADAM):
        check_error(world.as_person(person).post("/api/v1/tasks/start", body), 403, "FORBIDDEN")
    check_error(client.post("/api/v1/tasks/start", {"ticket_number": "TX0"}), 404, "TICKET_NOT_FOUND")
    check_error(client.post("/api/v1/tasks/start", {"ticket_number": number}), 404, "WORKFLOW_NOT_FOUND")
    for unknown in ("x", "00000000-0000-4000-8000-000000000000", ""):
        check_error(client.post("/api/v1/tasks/start", {**body, "workflow_id": unknown}), 404, "WORKFLOW_NOT_FOUND")
    for wrong in ({}, {"ticket_number": ""}, {"ticket_number": 7}, {"ticket_number": number, "workflow_id": 7}):
        check_error(client.post("/api/v1/tasks/start", wrong), 400, "INVALID_INPUT")
    world.status_task(number, "Closed")
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND status = 'Closed'", number))
    check_error(client.post("/api/v1/tasks/start", body), 409, "CONFLICT")


def test_of_many_starts_one_wins(world):
    number = unmatched(world)
    body = {"ticket_number": number, "workflow_id": workflow_id(world)}
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: world.as_person(TINA).post("/api/v1/tasks/start", body), range(6)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409, 409]


def set_state(world, state):
    """Takes the workflow of an asset's return out of use, or brings it back, as publishing does."""
    world.rows("UPDATE workflow_version v SET state = %s FROM workflow w WHERE w.id = v.workflow_id"
               " AND w.name LIKE '%%Asset Check In%%'", state)


ASSET = {"department": "Asset Department", "category": "Asset Check In"}


def test_matched_anew_once_there_is_a_workflow(world):
    client = world.as_person(TINA)
    set_state(world, "retired")
    several = [unmatched(world, **ASSET) for _ in range(3)]
    hopeless = unmatched(world)
    withdrawn = unmatched(world, **ASSET)
    world.status_task(withdrawn, "Withdrawn")
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND status = 'Withdrawn'", withdrawn))
    one = {"ticket_number": several[0]}
    check_error(client.post("/api/v1/tasks/unmatched/replay", one), 404, "WORKFLOW_NOT_FOUND")
    set_state(world, "published")
    reply = client.post("/api/v1/tasks/unmatched/replay", one, expect=200).json()
    task = world.task_of(several[0])
    assert reply == {"status": "success", "ticket_number": several[0], "task_id": task["task_id"],
                     "message": "The work on the ticket has begun"}
    check_error(client.post("/api/v1/tasks/unmatched/replay", one), 409, "CONFLICT")
    assert world.task_of(several[1]) is None
    reply = client.post("/api/v1/tasks/unmatched/replay", expect=202).json()
    assert reply["status"] == "success" and reply["task_id"] is None
    for number in several[1:]:
        wait_for(lambda n=number: world.task_of(n))
    wait_for(lambda: world.rows("SELECT matched_epoch = (SELECT epoch FROM matching) FROM ticket WHERE number = %s",
                                hopeless) == [(True,)])
    assert world.task_of(hopeless) is None and world.task_of(withdrawn) is None


def test_publishing_a_workflow_takes_what_waited_for_it(world):
    several = [unmatched(world, category="Catering for guests") for _ in range(3)]
    other = unmatched(world)
    world.as_person(TINA).post("/api/v1/workflows", {
        "name": "Catering for guests", "category": "Catering for guests", "publish": True,
        "steps": [{"name": "Order", "role_system": "tts", "role": "Reviewer", "weight": 1, "is_start": True}],
        "transitions": [{"from_step": "Order", "name": "done", "outcome": "resolved"}]}, expect=201)
    for number in several:
        assert wait_for(lambda n=number: world.task_of(n))["current_step"] == "Order"
    assert world.task_of(other) is None


def test_who_may_not_match_anew(world):
    where = "/api/v1/tasks/unmatched/replay"
    check_error(world.http.post(where), 401, "UNAUTHENTICATED")
    for person in (EMIL, CORA, RITA, ADAM):
        check_error(world.as_person(person).post(where), 403, "FORBIDDEN")
    check_error(world.as_person(TINA).post(where, {"ticket_number": "TX0"}), 404, "TICKET_NOT_FOUND")
    for wrong in ({"ticket_number": ""}, {"ticket_number": []}):
        check_error(world.as_person(TINA).post(where, wrong), 400, "INVALID_INPUT")


def test_another_category_is_another_chance(world):
    number = unmatched(world, department="IT Department")
    world.amqp.send_event("ticket.updated", {"ticket_id": 1, "ticket_number": number, "subject": "s",
                                             "category": "IT Support"}, source="helpdesk-service", subject=number)
    assert wait_for(lambda: world.task_of(number))["current_step"] == "Review"


def test_two_programs_match_each_ticket_once(world, start_service):
    start_service("workflow-service", env={"AUTH_SERVICE_URL": world.auth.url})
    set_state(world, "retired")
    several = [unmatched(world, **ASSET) for _ in range(30)]
    set_state(world, "published")
    world.as_person(TINA).post("/api/v1/tasks/unmatched/replay", expect=202)
    world.service.kill()
    world.service.start()
    for number in several:
        wait_for(lambda n=number: world.task_of(n))
    assert world.rows("SELECT count(*) FROM task t JOIN ticket k ON k.id = t.ticket_id WHERE k.number = ANY(%s)",
                      several) == [(30,)]
