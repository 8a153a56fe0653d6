"""How work finds people: policies, agents, the pool, and what is taken by hand."""
import collections
import datetime

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, COLE, CORA, EMIL, EVE, PEOPLE, RITA, ROLF, TINA, World

POLICIES, AGENTS = "/api/v1/assignment/policies", "/api/v1/assignment/agents"
REVIEWER = {"system": "tts", "role": "Reviewer"}
OWNER = {"system": "hdts", "role": "Ticket Coordinator"}


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


@pytest.fixture(autouse=True)
def _as_at_first(world):
    """Each test leaves the next one people who take everything in turn, and nothing that waits."""
    yield
    tina = world.as_person(TINA)
    for policy in tina.get(POLICIES, params={"page_size": 100}, expect=200).json()["results"]:
        tina.delete(f"{POLICIES}/{policy['id']}", expect=204)
    for identity in PEOPLE:
        set_agent(world, identity, capacity=None, weight=1, skills=[], presence="available", out_from=None,
                  out_until=None, substitute_id=None)
    wait_for(lambda: world.rows("SELECT count(*) FROM task_item WHERE status = 'pool'") == [(0,)], what="empty pool")
    assert miscounted(world) == []


def miscounted(world):
    return world.rows(
        "SELECT l.person_id FROM agent_load l WHERE l.open_items <> (SELECT count(*) FROM task_item i"
        " WHERE i.assignee_id = l.person_id AND i.status IN ('new', 'in_progress'))")


def set_policy(world, kind, target=None, **fields):
    return world.as_person(TINA).post(POLICIES, {**(target or REVIEWER), "kind": kind, **fields}, expect=201).json()


def set_agent(world, identity, who=TINA, **fields):
    return world.as_person(who).patch(f"{AGENTS}/{identity}", fields, expect=200).json()


def item_of(world, task):
    return world.task_of(task["ticket_number"])["current_item"]


def assignee(task):
    return task["current_item"]["assigned_to_id"]


def decisions(world, task, who=TINA):
    return world.as_person(who).get(f"/api/v1/tasks/{task['task_id']}/assignments", params={"page_size": 100},
                                    expect=200).json()["results"]


def given_to(world, task):
    return wait_for(lambda: item_of(world, task)["assigned_to_id"], what="somebody to have it")


def in_an_hour(hours=1):
    return later(hours=hours)


def later(**delta):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)
    return then.replace(microsecond=0).isoformat().replace("+00:00", "Z")


# ---- policies: keeping them ---------------------------------------------------------------------

def test_the_life_of_a_policy(world, tina):
    sent = {"system": "TTS", "role": "reviewer", "kind": "skills", "must": ["  VPN ", "vpn", "{Category}"],
            "should": ["<b>'\";--"]}
    answer = tina.post(POLICIES, sent, expect=201)
    made = answer.json()
    path = f"{POLICIES}/{made['id']}"
    assert answer.headers["Location"] == path and answer.headers["ETag"] == '"1"'
    assert (made["system"], made["role"], made["kind"]) == ("tts", "Reviewer", "skills")
    assert made["must"] == ["vpn", "{category}"] and made["should"] == ["<b>'\";--"]
    assert made["workflow_id"] is None and made["fallback"] is None and made["version"] == 1
    got = world.as_person(EMIL).get(path, expect=200)
    assert got.json() == made and got.headers["ETag"] == '"1"'
    assert tina.get(POLICIES, expect=200).json()["results"] == [made]
    changed = tina.patch(path, {"should": []}, headers={"If-Match": '"1"'}, expect=200)
    assert changed.json()["must"] == made["must"] and changed.headers["ETag"] == '"2"'
    check_error(tina.patch(path, {"should": []}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(tina.put(path, sent, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(tina.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    replaced = tina.put(path, {**OWNER, "kind": "sticky"}, expect=200).json()
    assert replaced["role"] == "Ticket Coordinator" and replaced["fallback"] == "round_robin"
    assert replaced["must"] == [] and replaced["version"] == 3 and replaced["created_at"] == made["created_at"]
    tina.delete(path, headers={"If-Match": '"3"'}, expect=204)
    for gone in (tina.get(path), tina.put(path, sent), tina.patch(path, {}), tina.delete(path)):
        check_error(gone, 404, "NOT_FOUND")
    for other in ("0", "x", "99999999999999999999"):
        check_error(tina.get(f"{POLICIES}/{other}"), 404, "NOT_FOUND")


def test_a_role_and_a_step_have_one_policy_each(world, tina):
    workflow = world.open_ticket()["workflow_id"]
    first = set_policy(world, "weighted")
    check_error(tina.post(POLICIES, {**REVIEWER, "kind": "manual"}), 409, "DUPLICATE_RESOURCE")
    step = {"workflow_id": workflow.upper(), "step": "REVIEW"}
    made = tina.post(POLICIES, {**step, "kind": "manual"}, expect=201).json()
    assert made["step"] == "Review" and made["workflow"] == "IT Support Workflow" and made["role"] is None
    for request in (tina.post(POLICIES, {**step, "kind": "weighted"}),
                    tina.patch(f"{POLICIES}/{made['id']}", {**REVIEWER, "workflow_id": None, "step": None}),
                    tina.put(f"{POLICIES}/{first['id']}", {**step, "kind": "weighted"})):
        check_error(request, 409, "DUPLICATE_RESOURCE")


def test_a_post_is_done_once(tina):
    key = {"Idempotency-Key": "policy-1"}
    one = tina.post(POLICIES, {**REVIEWER, "kind": "weighted"}, headers=key, expect=201).json()
    assert tina.post(POLICIES, {**REVIEWER, "kind": "weighted"}, headers=key, expect=201).json() == one


@pytest.mark.parametrize("body, status, field", [
    ({**REVIEWER}, 400, "kind"), ({**REVIEWER, "kind": 7}, 400, "kind"), ({**REVIEWER, "kind": "random"}, 422, "kind"),
    ({"kind": "weighted"}, 422, "role"), ({"system": "tts", "kind": "weighted"}, 422, "role"),
    ({"role": "Reviewer", "kind": "weighted"}, 422, "system"),
    ({"system": "tts", "role": "Nobody", "kind": "weighted"}, 422, "role"),
    ({"system": "tts'; DROP TABLE agent--", "role": "Reviewer", "kind": "weighted"}, 422, "role"),
    ({**REVIEWER, "kind": "weighted", "fallback": "skills"}, 422, "fallback"),
    ({**REVIEWER, "kind": "sticky", "fallback": "sticky"}, 422, "fallback"),
    ({**REVIEWER, "kind": "weighted", "must": ["vpn"]}, 422, "must"),
    ({**REVIEWER, "kind": "sticky", "should": ["vpn"]}, 422, "should"),
    ({**REVIEWER, "kind": "skills", "must": [" "]}, 422, "must"),
    ({**REVIEWER, "kind": "skills", "must": ["x" * 65]}, 422, "must"),
    ({**REVIEWER, "kind": "skills", "must": ["x"] * 51}, 422, "must"),
    ({**REVIEWER, "kind": "skills", "must": [7]}, 400, "must[0]"),
    ({**REVIEWER, "kind": "skills", "must": "vpn"}, 400, "must"),
    ({**REVIEWER, "kind": "weighted", "role": "x" * 201}, 422, "role"),
    ({**REVIEWER, "kind": "weighted", "step": "Review"}, 422, "role"),
    ({"workflow_id": "x", "step": "Review", "kind": "weighted"}, 422, "workflow_id"),
    ({"workflow_id": "00000000-0000-4000-8000-000000000000", "step": "Review", "kind": "manual"}, 422, "workflow_id"),
    ({"step": "Review", "kind": "weighted"}, 422, "workflow_id"),
    ({**REVIEWER, "kind": "weighted", "surprise": 1}, 422, "surprise"),
])
def test_bad_policies(tina, body, status, field):
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    assert field in check_error(tina.post(POLICIES, body), status, code)["details"]["fields"]


def test_a_step_that_is_none(world, tina):
    workflow = world.open_ticket()["workflow_id"]
    answer = tina.post(POLICIES, {"workflow_id": workflow, "step": "Lunch", "kind": "manual"})
    assert "step" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]


def test_who_may_change_policies(world):
    made = set_policy(world, "weighted")
    for identity in (EMIL, CORA, RITA, ADAM):
        client = world.as_person(identity)
        check_error(client.post(POLICIES, {**OWNER, "kind": "manual"}), 403, "FORBIDDEN")
        check_error(client.delete(f"{POLICIES}/{made['id']}"), 403, "FORBIDDEN")
    check_error(world.http.get(POLICIES), 401, "UNAUTHENTICATED")
    assert world.http.with_token(tokens.mint_service()).get(POLICIES, expect=200).json()["count"] == 1


# ---- agents -------------------------------------------------------------------------------------

def test_the_life_of_an_agent(world, tina):
    before = tina.get(f"{AGENTS}/{ROLF}", expect=200)
    agent = before.json()
    assert agent["name"] == "Rolf Reviewer" and agent["presence"] == "available" and agent["capacity"] is None
    assert agent["weight"] == 1 and agent["skills"] == [] and agent["open_items"] is None
    headers = {"If-Match": before.headers["ETag"]}
    sent = {"capacity": 10000, "weight": 1000, "skills": ["VPN", "ünïcode", "vpn"], "presence": "Busy",
            "out_from": in_an_hour(), "out_until": in_an_hour(2), "substitute_id": RITA}
    answer = tina.patch(f"{AGENTS}/{ROLF}", sent, headers=headers, expect=200)
    changed = answer.json()
    assert changed["skills"] == ["vpn", "ünïcode"]
    assert changed["presence"] == "busy" and changed["substitute"] == "Rita Reviewer" and changed["capacity"] == 10000
    assert changed["out_from"] == sent["out_from"] and changed["open_items"] is not None
    assert answer.headers["ETag"] == f'"{changed["version"]}"'
    assert world.as_person(ROLF).get(f"{AGENTS}/{ROLF}", expect=200).json() == changed
    check_error(tina.patch(f"{AGENTS}/{ROLF}", {"weight": 2}, headers=headers), 412, "PRECONDITION_FAILED")


def test_agents_are_listed(world, tina):
    page = tina.get(AGENTS, params={"page_size": 3}, expect=200).json()
    everyone = sorted(set(PEOPLE) - {EMIL, EVE})
    assert page["count"] == len(everyone) and [a["user_id"] for a in page["results"]] == everyone[:3]
    assert page["next"].endswith("page=2") and page["previous"] is None
    page = world.as_person(CORA).get(AGENTS, params={"system": "tts", "role": "Reviewer"}, expect=200).json()
    assert [a["user_id"] for a in page["results"]] == [RITA, ROLF]
    assert tina.get(AGENTS, params={"role": "'; --"}, expect=200).json() == {
        "count": 0, "next": None, "previous": None, "results": []}
    check_error(tina.get(AGENTS, params={"page": "x"}), 400, "INVALID_INPUT")
    for identity in (EMIL, RITA):
        check_error(world.as_person(identity).get(AGENTS), 403, "FORBIDDEN")


def test_agents_change_what_is_theirs(world):
    rita = world.as_person(RITA)
    changed = rita.patch(f"{AGENTS}/{RITA}", {"presence": "away", "out_until": in_an_hour(), "substitute_id": ROLF},
                         expect=200).json()
    assert changed["presence"] == "away" and changed["substitute_id"] == ROLF
    for body in ({"capacity": 1}, {"capacity": None}, {"weight": 9}, {"skills": []}):
        check_error(rita.patch(f"{AGENTS}/{RITA}", body), 403, "FORBIDDEN")
    for identity in (ROLF, EMIL, CORA, ADAM):
        check_error(world.as_person(identity).patch(f"{AGENTS}/{RITA}", {"presence": "available"}), 403, "FORBIDDEN")
    check_error(world.as_person(EMIL).get(f"{AGENTS}/{RITA}"), 403, "FORBIDDEN")
    check_error(world.http.get(f"{AGENTS}/{RITA}"), 401, "UNAUTHENTICATED")
    check_error(world.http.with_token(tokens.mint_service()).patch(f"{AGENTS}/{RITA}", {}), 403, "FORBIDDEN")


def test_agents_who_are_nobody(tina):
    for identity in ("999", "x", "-1", "99999999999999999999"):
        check_error(tina.get(f"{AGENTS}/{identity}"), 404, "USER_NOT_FOUND")
        check_error(tina.patch(f"{AGENTS}/{identity}", {"weight": 1}), 404, "USER_NOT_FOUND")


@pytest.mark.parametrize("body, status, field", [
    ({"capacity": -1}, 422, "capacity"), ({"capacity": 10001}, 422, "capacity"), ({"capacity": "7"}, 400, "capacity"),
    ({"capacity": 1.5}, 400, "capacity"), ({"weight": -1}, 422, "weight"), ({"weight": 1001}, 422, "weight"),
    ({"weight": 2 ** 63}, 400, "weight"), ({"skills": ["", "x"]}, 422, "skills"), ({"skills": "vpn"}, 400, "skills"),
    ({"skills": ["x" * 65]}, 422, "skills"), ({"presence": "asleep"}, 422, "presence"),
    ({"presence": True}, 400, "presence"), ({"out_from": "tomorrow"}, 422, "out_from"), ({"out_from": 7}, 400, "out_from"),
    ({"out_from": "2026-01-02T00:00:00Z", "out_until": "2026-01-01T00:00:00Z"}, 422, "out_until"),
    ({"substitute_id": RITA}, 422, "substitute_id"), ({"substitute_id": ANNA}, 422, "substitute_id"),
    ({"substitute_id": 999}, 422, "substitute_id"), ({"substitute_id": "x"}, 400, "substitute_id"),
    ({"surprise": 1}, 422, "surprise"),
])
def test_bad_agents(tina, body, status, field):
    answer = tina.patch(f"{AGENTS}/{RITA}", body)
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    assert field in check_error(answer, status, code)["details"]["fields"]


def test_bodies_that_are_none(tina):
    for method, path in (("POST", POLICIES), ("PATCH", f"{AGENTS}/{RITA}")):
        for data in (b"{", b'{"kind": "\xff"}', b'{"role": "a\\u0000b"}', b"[]"):
            answer = tina.request(method, path, data=data, headers={"Content-Type": "application/json"})
            check_error(answer, 400, "INVALID_INPUT")
        answer = tina.request(method, path, data=b"a=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
        check_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


# ---- what policies do ---------------------------------------------------------------------------

def test_the_least_loaded_gets_the_next(world):
    set_policy(world, "least_loaded")
    loads = {i: world.as_person(TINA).get(f"{AGENTS}/{i}").json()["open_items"] for i in (RITA, ROLF)}
    for _ in range(abs(loads[RITA] - loads[ROLF])):
        least = min(loads, key=loads.get)
        assert assignee(world.open_ticket()) == least
        loads[least] += 1
    counts = collections.Counter(assignee(world.open_ticket()) for _ in range(4))
    assert counts == {RITA: 2, ROLF: 2}


def test_weights_are_shares(world):
    set_policy(world, "weighted", OWNER)
    set_agent(world, CORA, weight=3)
    counts = collections.Counter(world.open_ticket()["owner_id"] for _ in range(8))
    assert counts == {CORA: 6, COLE: 2}


def test_a_policy_of_skills_and_why_it_chose(world):
    set_policy(world, "skills", must=["{sub_category}"], should=["german"])
    set_agent(world, ROLF, skills=["vpn"])
    task = world.open_ticket(sub_category="VPN")
    assert assignee(task) == ROLF
    owner, step = decisions(world, task)
    assert owner["task_item_id"] is None and owner["role"] == "Ticket Coordinator" and owner["policy"] == "round_robin"
    assert step["step"] == "Review" and step["reason"] == "by skills" and step["user_id"] == ROLF
    assert step["candidates"] == [
        {"user_id": RITA, "name": "Rita Reviewer", "standing": "lacks_skills", "score": None, "substitute_id": None},
        {"user_id": ROLF, "name": "Rolf Reviewer", "standing": "available", "score": 0, "substitute_id": None}]
    waits = world.open_ticket(sub_category="Coffee")
    assert assignee(waits) is None and decisions(world, waits)[1]["reason"] == "nobody has the skills"


def test_who_knows_the_requester_goes_on(world):
    set_policy(world, "sticky", fallback="least_loaded")
    first = world.open_ticket(employee_id=EVE)
    for _ in range(3):
        assert assignee(world.open_ticket(employee_id=EVE)) == assignee(first)
    set_agent(world, assignee(first), presence="offline")
    assert assignee(world.open_ticket(employee_id=EVE)) not in (None, assignee(first))


def test_who_is_out_is_replaced(world):
    set_agent(world, RITA, out_until=in_an_hour(), substitute_id=ROLF)
    task = world.open_ticket()
    assert [assignee(task)] + [assignee(world.open_ticket()) for _ in range(3)] == [ROLF] * 4
    rita = decisions(world, task)[1]["candidates"][0]
    assert rita["standing"] == "replaced" and rita["substitute_id"] == ROLF
    set_agent(world, RITA, out_from=in_an_hour(), out_until=None)
    assert RITA in [assignee(world.open_ticket()) for _ in range(2)]


def test_a_step_has_its_own_policy(world):
    task = world.open_ticket()
    set_policy(world, "least_loaded", {"workflow_id": task["workflow_id"], "step": "Review"})
    set_policy(world, "manual")
    task = world.open_ticket()
    assert assignee(task) in (RITA, ROLF) and decisions(world, task)[1]["policy"] == "least_loaded"


# ---- the pool -----------------------------------------------------------------------------------

def test_nobody_is_there_until_somebody_is(world):
    events = world.amqp.listen("task.*")
    for identity in (RITA, ROLF):
        set_agent(world, identity, who=identity, presence="away")
    task = world.open_ticket()
    number = task["ticket_number"]
    assert assignee(task) is None and task["current_item"]["status"] == "pool"
    waits = world.amqp.receive_type(events, "task.pooled", where=lambda e: e["subject"] == number)["data"]
    assert waits["admin_ids"] == [TINA] and waits["reason"] == "nobody is available" and waits["role"] == "Reviewer"
    assert waits["task_item_id"] == task["current_item"]["task_item_id"] and "assignee_id" not in waits
    set_agent(world, ROLF, who=ROLF, presence="available")
    assert given_to(world, task) == ROLF
    given = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["subject"] == number)["data"]
    assert given["assignee_id"] == ROLF
    last = decisions(world, task)[-1]
    assert last["reason"] == "round robin, from the pool" and last["user_id"] == ROLF


def test_whoever_comes_back_in_time_has_what_waited(world):
    for identity in (RITA, ROLF):
        set_agent(world, identity, who=identity, out_until=later(seconds=4))
    task = world.open_ticket()
    assert assignee(task) is None
    assert {c["standing"] for c in decisions(world, task)[1]["candidates"]} == {"out_of_office"}
    assert given_to(world, task) in (RITA, ROLF)


def test_capacities_hold_and_come_back(world):
    set_policy(world, "least_loaded")
    for identity in (RITA, ROLF):
        load = world.as_person(TINA).get(f"{AGENTS}/{identity}").json()["open_items"]
        set_agent(world, identity, capacity=load + 1)
    one, two = world.open_ticket(), world.open_ticket()
    assert {assignee(one), assignee(two)} == {RITA, ROLF}
    low, urgent = world.open_ticket(priority="Low"), world.open_ticket(priority="Urgent")
    assert assignee(low) is None and assignee(urgent) is None
    full = {c["standing"] for c in decisions(world, low)[1]["candidates"]}
    assert full == {"full"} and decisions(world, low)[1]["reason"] == "nobody is available"
    world.act(one, "reject", "Done with")
    assert given_to(world, urgent) == assignee(one) and item_of(world, low)["assigned_to_id"] is None
    world.status_task(two["ticket_number"], "Withdrawn")
    assert given_to(world, low) == assignee(two)


def test_whoever_leaves_hands_back_by_policy(world):
    set_policy(world, "weighted")
    set_policy(world, "manual", OWNER)
    set_agent(world, ROLF, weight=0)
    task = world.open_ticket()
    assert assignee(task) == RITA and task["owner_id"] is None
    try:
        world.tell_person(RITA, "Rita Reviewer", [], active=False)
        assert wait_for(lambda: item_of(world, task)["assigned_to_id"] == ROLF)
        assert decisions(world, task)[-1]["policy"] == "weighted"
    finally:
        world.tell_person(RITA, "Rita Reviewer", tokens.REVIEWER)
        wait_for(lambda: world.rows("SELECT active FROM person WHERE id = %s", RITA) == [(True,)])


def test_owners_wait_for_one_too(world):
    for identity in (CORA, COLE):
        set_agent(world, identity, presence="offline")
    task = world.open_ticket()
    assert task["owner_id"] is None
    set_agent(world, COLE, presence="available")
    assert wait_for(lambda: world.task_of(task["ticket_number"])["owner_id"]) == COLE


# ---- by hand ------------------------------------------------------------------------------------

def claim(world, task, who, **kwargs):
    return world.as_person(who).post(f"/api/v1/tasks/{task['task_id']}/claim", **kwargs)


def give(world, task, user_id, who=TINA, **fields):
    return world.as_person(who).post(f"/api/v1/tasks/{task['task_id']}/assign", {"user_id": user_id, **fields})


def test_work_is_taken_by_hand(world):
    set_policy(world, "manual")
    events = world.amqp.listen("task.assigned")
    task = world.open_ticket()
    assert assignee(task) is None
    for identity in (EMIL, ANNA, TINA, CORA):
        check_error(claim(world, task, identity), 403, "FORBIDDEN")
    check_error(world.http.post(f"/api/v1/tasks/{task['task_id']}/claim"), 401, "UNAUTHENTICATED")
    for unknown in ("99999999", "x"):
        check_error(world.as_person(RITA).post(f"/api/v1/tasks/{unknown}/claim"), 404, "TASK_NOT_FOUND")
    key = {"Idempotency-Key": f"claim-{task['task_id']}"}
    taken = claim(world, task, RITA, headers=key, expect=200).json()
    assert taken["current_item"]["assigned_to_id"] == RITA and taken["current_item"]["status"] == "new"
    assert claim(world, task, RITA, headers=key, expect=200).json() == taken
    given = world.amqp.receive_type(events, "task.assigned", where=lambda e: e["subject"] == task["ticket_number"])
    assert given["data"]["assignee_id"] == RITA and given["data"]["actor_id"] == RITA
    check_error(claim(world, task, ROLF), 409, "CONFLICT")
    last = decisions(world, task, RITA)[-1]
    assert last["actor_id"] == RITA and last["reason"] == "taken by hand" and last["policy"] == "manual"
    world.act(taken, "reject", "No")
    check_error(claim(world, task, RITA), 409, "ALREADY_COMPLETED")


def test_nobody_takes_more_than_they_can(world):
    set_policy(world, "manual")
    set_agent(world, RITA, capacity=0)
    task = world.open_ticket()
    answer = check_error(claim(world, task, RITA), 409, "CONFLICT")
    assert "same time" in answer["message"]
    world.status_task(task["ticket_number"], "On Hold")
    wait_for(lambda: world.task_of(task["ticket_number"])["status"] == "on_hold")
    check_error(claim(world, task, ROLF), 409, "CONFLICT")
    check_error(give(world, task, ROLF), 409, "CONFLICT")


def test_an_admin_gives(world):
    set_policy(world, "manual")
    set_agent(world, ROLF, capacity=0, presence="away")
    task = world.open_ticket()
    for identity in (EMIL, RITA, CORA, ADAM):
        check_error(give(world, task, RITA, who=identity), 403, "FORBIDDEN")
    for stranger in (ANNA, 999, -1):
        fields = check_error(give(world, task, stranger), 422, "VALIDATION_ERROR")["details"]["fields"]
        assert list(fields) == ["user_id"]
    check_error(give(world, task, None), 400, "INVALID_INPUT")
    check_error(give(world, task, RITA, reason="x" * 4001), 422, "VALIDATION_ERROR")
    check_error(world.as_person(TINA).post("/api/v1/tasks/99999999/assign", {"user_id": RITA}), 404, "TASK_NOT_FOUND")
    words = "Knows it <b>'\"; DROP TABLE task--"
    given = give(world, task, ROLF, reason=words)
    assert given.status_code == 200 and given.json()["current_item"]["assigned_to_id"] == ROLF
    last = decisions(world, task)[-1]
    assert last["reason"] == words and last["actor_id"] == TINA and last["user_id"] == ROLF
    check_error(give(world, task, RITA), 409, "CONFLICT")
    world.act(given.json(), "reject", "No")
    check_error(give(world, task, RITA), 409, "ALREADY_COMPLETED")


def test_who_may_read_decisions(world):
    task = world.open_ticket()
    path = f"/api/v1/tasks/{task['task_id']}/assignments"
    for identity in (EMIL, assignee(task), task["owner_id"], ADAM, TINA):
        assert world.as_person(identity).get(path, expect=200).json()["count"] == 2
    world.http.with_token(tokens.mint_service()).get(path, expect=200)
    for identity in (EVE, ANNA):
        check_error(world.as_person(identity).get(path), 403, "FORBIDDEN")
    check_error(world.http.get(path), 401, "UNAUTHENTICATED")
    for unknown in ("99999999", "x"):
        check_error(world.as_person(TINA).get(f"/api/v1/tasks/{unknown}/assignments"), 404, "TASK_NOT_FOUND")
    page = world.as_person(TINA).get(path, params={"page": 2, "page_size": 1}, expect=200).json()
    assert page["count"] == 2 and len(page["results"]) == 1 and page["previous"].endswith("page=1")
