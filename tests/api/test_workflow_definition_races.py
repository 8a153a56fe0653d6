"""Publishing at the same time as others publish, edit, and tickets arrive."""
import concurrent.futures
import threading
import uuid

import pytest
from lib.definitions import PATH, definition, end, go, step, url
from lib.wait import wait_for
from lib.workflow import TINA, World

ROUNDS = 8


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


def at_once(*calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def numbered(n):
    """A definition that tells its number in every step."""
    return {"steps": [step(f"Look {n}", start=True), step(f"Check {n}", "Approver")],
            "transitions": [go(f"Look {n}", "pass", f"Check {n}"), end(f"Check {n}", "accept")]}


def test_of_two_publishes_one_finds_the_draft(tina):
    made = tina.post(PATH, definition(), expect=201).json()
    version = 0
    for n in range(ROUNDS):
        revision = tina.patch(url(made), numbered(n), expect=200).json()["revision"]
        match = {"If-Match": f'"{revision}"'} if n % 2 else {}
        answers = at_once(*[lambda: tina.post(url(made, "publish"), headers=match)] * 4)
        version += 1
        assert sorted(a.status_code for a in answers) == [200] + [412 if n % 2 else 409] * 3
        assert [a.json()["version"] for a in answers if a.status_code == 200] == [version]
    assert tina.get(url(made, "versions"), expect=200).json()["count"] == ROUNDS


def test_a_repeated_publish_is_answered_alike(tina):
    made = tina.post(PATH, definition(), expect=201).json()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    answers = at_once(*[lambda: tina.post(url(made, "publish"), headers=key)] * 4)
    assert {a.status_code for a in answers} == {200} and {a.json()["version"] for a in answers} == {1}
    assert tina.get(url(made, "versions"), expect=200).json()["count"] == 1


def test_edits_and_publishes_mix_without_loss(tina):
    made = tina.post(PATH, definition(), expect=201).json()
    for n in range(ROUNDS):
        tina.patch(url(made), {"description": f"before {n}"}, expect=200)
        edit, publish = at_once(lambda n=n: tina.patch(url(made), numbered(n)), lambda: tina.post(url(made, "publish")))
        assert edit.status_code == 200 and publish.status_code == 200
        # The edit went in whole before, or is the draft now.
        now = tina.get(url(made), expect=200).json()
        steps = {s["name"] for s in now["steps"]}
        assert now["has_draft"] != (f"Look {n}" in steps)
        draft = tina.get(url(made, "draft"), expect=200).json()
        assert {s["name"] for s in draft["steps"]} == {f"Look {n}", f"Check {n}"}


def test_one_of_two_gets_the_name(tina):
    name = f"Wanted {uuid.uuid4().hex[:8]}"
    answers = at_once(*[lambda: tina.post(PATH, definition(name=name))] * 4)
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]


def test_tickets_see_one_whole_version(world, tina):
    made = tina.post(PATH, {**definition(publish=True), **numbered(0)}, expect=201).json()
    is_over = threading.Event()

    def send():
        numbers = []
        while not is_over.is_set():
            numbers.append(world.send_ticket(category=made["category"]))
        return numbers

    def publish():
        try:
            for n in range(1, ROUNDS + 1):
                tina.patch(url(made), numbered(n), expect=200)
                tina.post(url(made, "publish"), expect=200)
        finally:
            is_over.set()

    numbers, _ = at_once(send, publish)
    wait_for(lambda: world.rows("SELECT count(*) FROM ticket WHERE number = ANY (%s)", numbers)[0][0] == len(numbers),
             what="every ticket", timeout=180)
    rows = world.rows(
        "SELECT v.version, s.name, s.version_id = t.version_id, (SELECT count(*) FROM step x WHERE x.version_id = v.id),"
        " (SELECT count(*) FROM transition x JOIN step f ON f.id = x.from_step_id LEFT JOIN step g ON g.id = x.to_step_id"
        "  WHERE f.version_id = v.id AND x.version_id = v.id AND coalesce(g.version_id, v.id) = v.id)"
        " FROM ticket k JOIN task t ON t.ticket_id = k.id JOIN workflow_version v ON v.id = t.version_id"
        " JOIN step s ON s.id = t.current_step_id WHERE k.number = ANY (%s)", numbers)
    assert len(rows) == len(numbers)
    assert all(name == f"Look {version - 1}" and is_own and (steps, transitions) == (2, 2)
               for version, name, is_own, steps, transitions in rows)
    task = wait_for(lambda: world.task_of(numbers[0]), what="the first task")
    assert [t["name"] for t in task["available_transitions"]] == ["pass"]
