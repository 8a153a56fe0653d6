"""Reading tasks: owned tickets, logs, one's own items, deadlines, definitions."""
import datetime

import pytest
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, COLE, CORA, EMIL, EVE, RITA, ROLF, TINA, World


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


ROW = {"task_id", "ticket_number", "ticket_subject", "ticket_description", "status", "priority", "category",
       "sub_category", "department", "created_at", "updated_at", "target_resolution", "sla_breach_at",
       "time_remaining", "is_breached", "current_step", "assigned_to", "owner_id"}


def parse(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(hours):
    at = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(hours=hours)
    return at.isoformat().replace("+00:00", "Z")


def owner(world, task):
    return world.as_person(task["owner_id"])


# ---- owned tickets ------------------------------------------------------------------------------

def test_owned_row_has_exactly_the_documented_fields(world):
    created = stamp(-3.75)
    task = world.open_ticket(created_at=created)
    page = owner(world, task).get("/tasks/owned-tickets/", expect=200,
                                  params={"search": task["ticket_number"]}).json()
    assert set(page) == {"count", "next", "previous", "results"}
    assert page["count"] == 1 and page["next"] is None and page["previous"] is None
    row = page["results"][0]
    assert set(row) == ROW
    assert row["created_at"] == created
    assert parse(row["target_resolution"]) - parse(created) == datetime.timedelta(hours=8)
    assert parse(row["sla_breach_at"]) - parse(created) == datetime.timedelta(hours=24)
    assert row["time_remaining"] in ("4h 15m", "4h 14m")
    assert row["is_breached"] is False
    assert row["status"] == "active" and row["current_step"] == "Review"
    assert row["assigned_to"] in ("Rita Reviewer", "Rolf Reviewer")
    assert row["owner_id"] in (CORA, COLE)
    assert row["sub_category"] == "Network Connectivity Issue" and row["priority"] == "High"


def test_target_and_breach_are_two_deadlines(world):
    late = world.open_ticket(created_at=stamp(-9))
    row = owner(world, late).get("/tasks/owned-tickets/", params={"search": late["ticket_number"]}).json()["results"][0]
    assert row["time_remaining"] == "0h 0m" and row["is_breached"] is False
    breached = world.open_ticket(created_at=stamp(-25))
    row = owner(world, breached).get("/tasks/owned-tickets/",
                                     params={"search": breached["ticket_number"]}).json()["results"][0]
    assert row["is_breached"] is True


def test_owned_pages_link_to_each_other(world):
    mark = "paging-mark"
    numbers = {world.open_ticket(subject=f"{mark} {i}")["ticket_number"] for i in range(6)}
    seen = []
    for coordinator in (CORA, COLE):
        client = world.as_person(coordinator)
        path = f"/tasks/owned-tickets/?search={mark}&page_size=2"
        page = client.get(path, expect=200).json()
        assert page["count"] == 3 and len(page["results"]) == 2 and page["previous"] is None
        assert page["next"].startswith(world.service.url + "/tasks/owned-tickets/?")
        seen += page["results"]
        second = client.get(page["next"].removeprefix(world.service.url), expect=200).json()
        assert len(second["results"]) == 1 and second["next"] is None
        assert "page=1" in second["previous"]
        first = client.get(second["previous"].removeprefix(world.service.url), expect=200).json()
        assert first["results"] == page["results"]
        seen += second["results"]
        beyond = client.get(path + "&page=9", expect=200).json()
        assert beyond["count"] == 3 and beyond["results"] == []
    assert {row["ticket_number"] for row in seen} == numbers


def test_long_lists_are_not_counted_to_their_end(world):
    world.rows("""WITH k AS (INSERT INTO ticket (number, subject, description, category, sub_category, department,
            priority, status, requester_name, requester_email, submitted_at, created_at, updated_at)
            SELECT 'LONG' || n, CASE n WHEN 1 THEN 'Zinnoberrot' ELSE 'Grau' END, '', 'Long List', '', '', 'Low', 'Open', '',
            '', now() - n * interval '1 s', now(), now() FROM generate_series(1, 10100) n RETURNING id, submitted_at)
        INSERT INTO task (ticket_id, version_id, status, owner_id, submitted_at, created_at, updated_at)
        SELECT k.id, (SELECT min(id) FROM workflow_version), 'resolved', 4711, k.submitted_at, now(), now() FROM k""")
    client, path = world.http.as_user(4711, tokens.COORDINATOR), "/tasks/owned-tickets/"
    for search, least in (({}, 10000), ({"search": "gRAu"}, 100), ({"category": "long list"}, 100)):
        page = client.get(path, params={"page_size": 50, **search}, expect=200).json()
        assert page["count"] >= least and page["count_estimated"] is True and len(page["results"]) == 50
        after = client.get(page["next"].removeprefix(world.service.url), expect=200).json()
        assert not {row["task_id"] for row in page["results"]} & {row["task_id"] for row in after["results"]}
    last = client.get(path, params={"page_size": 100, "page": 101}, expect=200).json()
    assert last["next"] is None and len(last["results"]) == 100
    rare = client.get(path, params={"search": "zinnober"}, expect=200).json()
    assert rare["count"] == 1 and "count_estimated" not in rare


def test_links_speak_of_the_address_the_client_used(world):
    world.open_ticket()
    world.open_ticket()
    world.open_ticket()
    page = world.as_person(CORA).get("/tasks/owned-tickets/?page_size=1", expect=200, headers={
        "X-Forwarded-Host": "desk.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/workflow"}).json()
    assert page["next"].startswith("https://desk.example.com/workflow/tasks/owned-tickets/?")


@pytest.mark.parametrize("params, found", [
    ({"status": "active"}, True), ({"status": "ACTIVE"}, True), ({"status": "in_progress"}, False),
    ({"status": "resolved"}, False), ({"status": "completed"}, False),
    ({"priority": "Low"}, True), ({"priority": "low"}, True), ({"priority": "High"}, False),
    ({"category": "it support"}, True), ({"category": "Hardware"}, False),
    ({"search": "FILTER-MARK"}, True), ({"search": "secret words"}, True), ({"search": "%"}, False),
    ({"search": "'; DROP TABLE task; --"}, False),
])
def test_owned_filters(world, params, found):
    if not hasattr(world, "filtered"):
        world.filtered = world.open_ticket(subject="filter-mark", description="Some Secret Words", priority="Low")
    rows = owner(world, world.filtered).get("/tasks/owned-tickets/", params={"page_size": 100, **params},
                                            expect=200).json()["results"]
    assert (world.filtered["ticket_number"] in [row["ticket_number"] for row in rows]) is found


@pytest.mark.parametrize("params", [{"page": "0"}, {"page": "x"}, {"page_size": "101"}, {"page_size": "-1"},
                                    {"status": "sleeping"}, {"priority": "whatever"}])
def test_owned_refuses_values_that_mean_nothing(world, params):
    answer = world.as_person(CORA).get("/tasks/owned-tickets/", params=params)
    assert answer.status_code in (400, 422)
    assert next(iter(params)) in check_error(answer, answer.status_code, answer.json()["code"])["details"]["fields"]


def test_owned_is_for_coordinators(world):
    check_error(world.http.get("/tasks/owned-tickets/"), 401, "UNAUTHENTICATED")
    for nobody in (EMIL, RITA, ANNA):
        check_error(world.as_person(nobody).get("/tasks/owned-tickets/"), 403, "FORBIDDEN")
    check_error(world.http.with_token(tokens.mint_service()).get("/tasks/owned-tickets/"), 403, "FORBIDDEN")
    newcomer = world.http.as_user(999, tokens.COORDINATOR)
    page = newcomer.get("/tasks/owned-tickets", expect=200).json()
    assert page == {"count": 0, "next": None, "previous": None, "results": []}


def test_a_cookie_is_as_good_as_a_header(world):
    token = tokens.mint(CORA, tokens.COORDINATOR)
    world.http.get("/tasks/owned-tickets/", headers={"Cookie": f"access_token={token}"}, expect=200)


# ---- logs ---------------------------------------------------------------------------------------

def test_logs_tell_the_whole_history(world):
    task = world.open_ticket()
    reviewer = task["current_item"]["assigned_to_id"]
    world.as_person(reviewer).post(f"/api/v1/tasks/{task['task_id']}/start", {"notes": "Started investigation"},
                                   expect=200)
    world.act(task, "approve", "VPN credentials reset and verified working")
    log = world.as_person(EMIL).get("/tasks/logs/", params={"ticket_number": task["ticket_number"]}, expect=200).json()
    assert set(log) == {"task_id", "ticket_id", "workflow_id", "workflow_name", "logs"}
    assert log["task_id"] == task["task_id"] and log["ticket_id"] == task["ticket_number"]
    assert log["workflow_name"] == "IT Support Workflow" and len(log["workflow_id"]) == 36
    first, second = log["logs"]
    assert set(first) == {"task_item_id", "user_id", "user_full_name", "role", "status", "origin", "notes",
                          "assigned_on", "acted_on", "assigned_on_step_id", "assigned_on_step_name", "task_history"}
    assert first["user_id"] == reviewer and first["role"] == "Reviewer" and first["origin"] == "User Action"
    assert first["status"] == "resolved" and first["notes"] == "VPN credentials reset and verified working"
    assert first["assigned_on_step_name"] == "Review" and first["acted_on"] >= first["assigned_on"]
    assert [(h["status"], h["origin"], h["notes"]) for h in first["task_history"]] == [
        ("new", "System", "Task assigned"), ("in_progress", "User Action", "Started investigation"),
        ("resolved", "User Action", "VPN credentials reset and verified working")]
    assert set(first["task_history"][0]) == {"task_item_history_id", "status", "origin", "notes", "created_at"}
    assert second["user_id"] == ANNA and second["status"] == "new" and second["acted_on"] is None


def test_logs_by_every_name_of_the_key(world):
    task = world.open_ticket()
    admin = world.as_person(ADAM)
    number = task["ticket_number"]
    wanted = admin.get(f"/tasks/logs/?ticket_number={number}", expect=200).json()
    assert admin.get(f"/tasks/logs?ticket_id={number}", expect=200).json() == wanted
    assert admin.get(f"/tasks/logs/?task_id={task['task_id']}", expect=200).json() == wanted
    assert admin.get(f"/api/v1/tasks/logs?ticket_number={number}", expect=200).json() == wanted


def test_logs_are_for_those_involved(world):
    task = world.open_ticket()
    path = f"/tasks/logs/?ticket_number={task['ticket_number']}"
    for identity in (EMIL, task["owner_id"], task["current_item"]["assigned_to_id"], ADAM, TINA):
        world.as_person(identity).get(path, expect=200)
    other = COLE if task["owner_id"] == CORA else CORA
    for identity in (EVE, ANNA, other):
        check_error(world.as_person(identity).get(path), 403, "FORBIDDEN")
    check_error(world.http.get(path), 401, "UNAUTHENTICATED")


def test_logs_refusals(world):
    admin = world.as_person(ADAM)
    check_error(admin.get("/tasks/logs/"), 400, "INVALID_INPUT")
    check_error(admin.get("/tasks/logs/?ticket_number=TX00000000000000"), 404, "TASK_NOT_FOUND")
    check_error(admin.get("/tasks/logs/?task_id=999999"), 404, "TASK_NOT_FOUND")
    number = world.send_ticket(category="Catering")
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s", number), what="unmatched ticket")
    check_error(admin.get(f"/tasks/logs/?ticket_number={number}"), 404, "TASK_NOT_FOUND")


# ---- the canonical views ------------------------------------------------------------------------

def test_task_names_its_item_and_its_ways_out(world):
    task = world.open_ticket()
    again = world.as_person(EMIL).get(f"/api/v1/tasks/{task['task_id']}", expect=200).json()
    assert {k: v for k, v in again.items() if k != "time_remaining"} == \
        {k: v for k, v in task.items() if k != "time_remaining"}
    item = task["current_item"]
    assert {"task_item_id", "step", "role", "assigned_to"} <= set(item)
    assert item["step"] == "Review" and item["role"] == "Reviewer" and item["status"] == "new"
    ways = {t["name"]: (t["to_step"], t["outcome"]) for t in task["available_transitions"]}
    assert ways == {"approve": ("Quality Assurance", None), "reject": (None, "rejected"),
                    "escalate": ("Admin Review", None)}


def test_task_scope(world):
    task = world.open_ticket()
    path = f"/api/v1/tasks/{task['task_id']}"
    check_error(world.http.get(path), 401, "UNAUTHENTICATED")
    check_error(world.as_person(EVE).get(path), 403, "FORBIDDEN")
    check_error(world.as_person(ADAM).get("/api/v1/tasks/99999999"), 404, "TASK_NOT_FOUND")
    check_error(world.as_person(ADAM).get("/api/v1/tasks/none"), 404, "TASK_NOT_FOUND")
    world.http.with_token(tokens.mint_service()).get(path, expect=200)
    mine = world.as_person(EVE).get("/api/v1/tasks", expect=200).json()
    assert mine["count"] == 0 and mine["results"] == []
    all_of_them = world.as_person(TINA).get("/api/v1/tasks?page_size=1", expect=200).json()
    assert all_of_them["count"] > 1
    check_error(world.http.get("/api/v1/tasks"), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("path", ["/tasks/my-tasks/", "/api/v1/tasks/mine"])
def test_my_tasks(world, path):
    task = world.open_ticket()
    me = task["current_item"]["assigned_to_id"]
    client = world.as_person(me)
    number = task["ticket_number"]
    mine = client.get(path, params={"search": number}, expect=200).json()
    assert mine["count"] == 1
    row = mine["results"][0]
    assert row["ticket_number"] == number and row["step"] == "Review" and row["status"] == "new"
    assert [t["name"] for t in row["available_transitions"]] == ["approve", "reject", "escalate"]
    other = world.as_person(ROLF if me == RITA else RITA)
    assert other.get(path, params={"search": number}).json()["count"] == 0
    world.act(task, "approve")
    assert client.get(path, params={"search": number}).json()["count"] == 0
    assert client.get(path, params={"search": number, "tab": "inactive"}).json()["count"] == 1
    assert client.get(path, params={"search": number, "status": "resolved"}).json()["count"] == 1
    assert client.get(path, params={"search": number, "tab": "all"}).json()["count"] == 1
    check_error(world.http.get(path), 401, "UNAUTHENTICATED")


def test_sla_explains_the_deadlines(world):
    created = stamp(0)
    task = world.open_ticket(created_at=created, priority="Urgent")
    path = f"/api/v1/sla/{task['ticket_number']}"
    sla = world.as_person(EMIL).get(path, expect=200).json()
    assert sla["priority"] == "Urgent" and sla["is_breached"] is False
    clock = sla["clocks"][0]
    assert clock["metric"] == "resolution" and clock["state"] == "running" and clock["target_minutes"] == 120
    assert clock["due_at"] == sla["target_resolution"] and clock["breach_at"] == sla["sla_breach_at"]
    assert "Urgent" in clock["explanation"]
    check_error(world.as_person(EVE).get(path), 403, "FORBIDDEN")
    check_error(world.http.get(path), 401, "UNAUTHENTICATED")
    check_error(world.as_person(ADAM).get("/api/v1/sla/TX0"), 404, "TICKET_NOT_FOUND")


def test_workflows_are_readable(world):
    client = world.as_person(EMIL)
    page = client.get("/api/v1/workflows", expect=200).json()
    names = {w["name"]: w for w in page["results"]}
    assert {"IT Support Workflow", "Asset Check Out Workflow", "Asset Check In Workflow",
            "Budget Proposal Workflow"} <= set(names)
    support = client.get(f"/api/v1/workflows/{names['IT Support Workflow']['workflow_id']}", expect=200).json()
    assert support["state"] == "published" and support["department"] == "IT Department"
    assert support["category"] == "IT Support" and support["sub_category"] is None
    assert [(s["name"], s["role_system"], s["role"], s["is_start"]) for s in support["steps"]] == [
        ("Review", "tts", "Reviewer", True), ("Quality Assurance", "tts", "Approver", False),
        ("Admin Review", "tts", "Admin", False)]
    assert {(t["from_step"], t["name"], t["to_step"], t["outcome"]) for t in support["transitions"]} == {
        ("Review", "approve", "Quality Assurance", None), ("Review", "reject", None, "rejected"),
        ("Review", "escalate", "Admin Review", None), ("Quality Assurance", "approve", None, "resolved"),
        ("Quality Assurance", "reject", "Review", None), ("Admin Review", "approve", None, "resolved"),
        ("Admin Review", "reject", None, "rejected")}
    high = next(t for t in support["sla"] if t["priority"] == "High")
    assert (high["target_minutes"], high["breach_minutes"]) == (480, 1440)
    for unknown in ("00000000-0000-4000-8000-000000000000", "17", "x" * 36):
        check_error(client.get(f"/api/v1/workflows/{unknown}"), 404, "WORKFLOW_NOT_FOUND")
    check_error(world.http.get("/api/v1/workflows"), 401, "UNAUTHENTICATED")
    check_error(world.http.get("/api/v1/workflows/x"), 401, "UNAUTHENTICATED")


def test_demonstration_workflows_are_seeded_once(world, start_service):
    before = world.rows("SELECT count(*) FROM workflow")[0][0]
    second = start_service("workflow-service", env={"AUTH_SERVICE_URL": world.auth.url})
    assert second.is_running()
    assert world.rows("SELECT count(*) FROM workflow")[0][0] == before
