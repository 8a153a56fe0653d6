"""Figures of work: what they count, for whom, as JSON and CSV, and where work gets stuck."""
import csv
import datetime
import io

import pytest
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, ANNA, CORA, EMIL, RITA, ROLF, TINA, World

PATH = "/api/v1/tasks/statistics"
STUCK = f"{PATH}/bottlenecks"
BY = ["workflow", "step", "role", "person", "priority"]


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


def figures(world, by, key, **params):
    found = world.as_person(ADAM).get(PATH, params={"by": by, **params}, expect=200).json()
    assert found["by"] == by
    return next((row for row in found["results"] if key in (row["key"], row["label"])), {})


def test_a_task_leaves_its_figures_behind(world):
    name = "IT Support Workflow"
    before = figures(world, "workflow", name)
    task = world.open_ticket()
    reviewer = str(task["current_item"]["assigned_to_id"])
    assert figures(world, "step", "Review")["open"] >= 1
    assert figures(world, "person", reviewer)["oldest"]
    _, task = world.act(task, "approve")
    world.act(task, "approve")
    after = figures(world, "workflow", name)
    for column in ("started", "finished", "resolved", "met"):
        assert after[column] == before.get(column, 0) + 1, column
    assert after["open"] == before.get("open", 0) and after["attainment"] is not None
    assert figures(world, "step", "Review")["resolved"] >= 1
    assert figures(world, "role", "tts:Reviewer")["label"] == "Reviewer"
    assert figures(world, "person", reviewer)["resolved"] >= 1
    assert figures(world, "priority", "High")["resolved"] >= 1
    wait_for(lambda: not world.rows("SELECT 1 FROM statistic_note"), what="the notes to be folded")
    assert figures(world, "workflow", name) == after
    assert figures(world, "step", "Review", workflow_id=after["workflow_id"])["workflow"] == name


def test_waiting_work_is_a_bottleneck(world):
    world.open_ticket()
    steps = world.as_person(CORA).get(STUCK, expect=200).json()["results"]
    opens = [step["open"] for step in steps]
    assert opens == sorted(opens, reverse=True) and steps[0]["step"] == "Review"
    assert steps[0]["oldest"] and steps[0]["oldest_age_s"] >= 0 and "open" in steps[0]["why"][0]


def test_csv_has_the_same_rows(world):
    world.open_ticket()
    wanted = world.as_person(ADAM).get(PATH, params={"by": "step"}, expect=200).json()["results"]
    answer = world.as_person(ADAM).get(PATH, params={"by": "step", "format": "csv"}, expect=200)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(r["key"], int(r["open"])) for r in rows] == [(r["key"], r["open"]) for r in wanted]
    assert list(rows[0]) == list(wanted[0])


@pytest.mark.parametrize("where", [PATH, STUCK])
def test_bad_questions_name_their_field(world, where):
    admin = world.as_person(ADAM)
    for field, params in {
            "from": [{"from": "2026-13-01"}, {"from": "yesterday"}, {"from": "2026-03-02", "to": "2026-03-01"},
                     {"from": "2024-01-01", "to": "2025-02-04"}, {"from": "' OR 1=1 --"}],
            "to": [{"to": "2026-02-30"}, {"to": "2026-01-31T00:00:00Z"}],
            "workflow_id": [{"workflow_id": "7"}, {"workflow_id": "00000000-0000-0000-0000-000000000000"}]}.items():
        for one in params:
            details = check_error(admin.get(where, params=one), 422, "VALIDATION_ERROR")["details"]
            assert field in str(details), (one, details)
    admin.get(where, params={"from": "2024-01-01", "to": "2025-02-03"}, expect=200)


def test_unknown_words_are_refused(world):
    admin = world.as_person(ADAM)
    for params in ({"by": "colour"}, {"format": "xml"}):
        assert admin.get(PATH, params=params).status_code == 422


@pytest.mark.parametrize("where", [PATH, STUCK])
def test_who_may_ask(world, where):
    check_error(world.http.get(where), 401, "UNAUTHENTICATED")
    for person in (EMIL, RITA, ROLF, ANNA):
        check_error(world.as_person(person).get(where), 403, "FORBIDDEN")
    for person in (CORA, ADAM, TINA):
        world.as_person(person).get(where, expect=200)


@pytest.mark.parametrize("by", BY)
def test_a_period_without_work_has_no_finished(world, by):
    world.open_ticket()
    day = (datetime.date.today() - datetime.timedelta(days=700)).isoformat()
    rows = world.as_person(ADAM).get(PATH, params={"by": by, "from": day, "to": day}, expect=200).json()["results"]
    assert all(row["finished"] == 0 and row["mean_s"] is None for row in rows)
