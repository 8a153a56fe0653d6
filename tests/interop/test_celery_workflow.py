"""workflow-service beside a real Celery: its producer feeds us, its worker runs what we send."""
import datetime
import json
import os
import pathlib
import subprocess
import sys

import pytest
from celery import Celery
from lib.http import check_error
from lib.paths import binary
from lib.wait import wait_for
from lib.workflow import HELPDESK, TICKETS, TINA, World

HERE = pathlib.Path(__file__).parent
STOP_SECONDS = 60


class Worker:
    """A real Celery worker on one queue, in a process of its own."""

    def __init__(self, broker_url, queue, folder):
        self.results = folder / "results"
        self.log = folder / "worker.log"
        env = {**os.environ, "CELERY_BROKER_URL": broker_url, "RESULTS": str(self.results), "PYTHONPATH": str(HERE),
               "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-Q", queue, "-P", "solo",
                 "--without-gossip", "--without-mingle", "--loglevel", "info"],
                env=env, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        wait_for(lambda: "ready." in self.log.read_text(), what="the Celery worker")

    def calls(self):
        lines = self.results.read_text().splitlines() if self.results.exists() else []
        return [(task, *args) for task, args, _ in map(json.loads, lines)]

    def wait_for_call(self, *call):
        wait_for(lambda: call in self.calls(), what=f"{call} in the Celery worker")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(scope="module", name="celery")
def _celery(broker):
    """A producer with the routes of the integration document."""
    app = Celery("producer", broker=broker.url)
    app.conf.update(task_serializer="json", task_routes={"tts.tasks.*": {"queue": TICKETS}})
    yield app
    app.close()


@pytest.fixture(scope="module", name="worker")
def _worker(world, broker, tmp_path_factory):
    worker = Worker(broker.url, HELPDESK, tmp_path_factory.mktemp("celery"))
    yield worker
    worker.stop()


def send(celery, *args, task="tts.tasks.process_ticket", **kwargs):
    return celery.send_task(task, args=args, kwargs=kwargs)


def test_their_ticket_becomes_a_task_here_and_our_tasks_run_there(world, celery, worker):
    payload = world.payload()
    number = payload["ticket_number"]
    send(celery, payload)
    task = wait_for(lambda: world.task_of(number))
    assert task["status"] == "active" and task["current_step"] == "Review"
    worker.wait_for_call("update_ticket_owner", number, task["owner_id"])
    _, task = world.act(task, "approve")
    worker.wait_for_call("send_ticket_status", number, "In Progress")
    _, task = world.act(task, "approve")
    worker.wait_for_call("send_ticket_status", number, "Resolved")
    send(celery, {"ticket_number": number, "status": "Closed", "csat_rating": 4},
         task="tts.tasks.receive_hdts_ticket_status")
    wait_for(lambda: world.task_of(number)["status"] == "completed")
    about = [call for call in worker.calls() if call[1] == number]
    assert len(about) == len(set(about)) == 3
    assert "Traceback" not in worker.log.read_text()


def test_transfer_and_escalation_reach_the_worker(world, celery, worker):
    payload = world.payload()
    number = payload["ticket_number"]
    send(celery, payload)
    task = wait_for(lambda: world.task_of(number))
    world.as_person(task["owner_id"]).post("/tasks/ticket-owner/escalate/", {"ticket_number": number, "reason": "x"},
                                           expect=200)
    admin = world.task_of(number)["owner_id"]
    worker.wait_for_call("update_ticket_owner", number, admin)
    other = next(i for i in (11, 12) if i != task["owner_id"])
    world.as_person(admin).post("/tasks/ticket-owner/transfer/", {"ticket_number": number, "new_owner_id": other},
                                expect=200)
    worker.wait_for_call("update_ticket_owner", number, other)


@pytest.mark.parametrize("form", ["keywords", "one keyword", "older name"])
def test_arguments_as_python_callers_write_them(world, celery, form):
    payload = world.payload()
    if form == "keywords":
        send(celery, **payload)
    elif form == "one keyword":
        send(celery, ticket_data=payload)
    else:
        celery.send_task("tickets.tasks.receive_ticket", args=[payload], queue=TICKETS)
    wait_for(lambda: world.task_of(payload["ticket_number"]))


def test_state_in_keywords(world, celery):
    number = world.open_ticket()["ticket_number"]
    send(celery, ticket_number=number, status="Withdrawn", task="tts.tasks.receive_hdts_ticket_status")
    wait_for(lambda: world.task_of(number)["status"] == "cancelled")


def test_unicode_and_size(world, celery):
    payload = world.payload(subject="Drucker läuft nicht — プリンタ 🖨", description="ä" * 300000)
    send(celery, payload)
    task = wait_for(lambda: world.task_of(payload["ticket_number"]))
    assert task["ticket_subject"] == payload["subject"] and task["ticket_description"] == payload["description"]


def test_the_same_message_twice_is_handled_once(world, celery):
    payload = world.payload()
    for _ in range(2):
        celery.send_task("tts.tasks.process_ticket", args=[payload], task_id="fixed-" + payload["ticket_number"])
    wait_for(lambda: world.task_of(payload["ticket_number"]))
    last = world.payload()
    send(celery, last)
    wait_for(lambda: world.task_of(last["ticket_number"]))
    assert world.rows("SELECT count(*) FROM ticket WHERE number = %s", payload["ticket_number"]) == [(1,)]


def test_what_nobody_can_run_becomes_a_dead_letter(world, celery):
    unknown = send(celery, 1, task="tts.tasks.nobody_knows").id
    broken = send(celery, {"subject": "no number"}).id
    found = {}

    def look():
        method, properties, _ = world.amqp.channel.basic_get(TICKETS + ".dead", auto_ack=True)
        if method:
            found[properties.headers["id"]] = properties.headers["x-tts-reason"]
        return {unknown, broken} <= set(found)
    wait_for(look, what="dead letters")
    assert "unknown task tts.tasks.nobody_knows" in found[unknown]
    assert "INVALID_PAYLOAD" in found[broken] and "ticket_number" in found[broken]


def test_their_dead_letters_are_listed_replayed_and_purged(world, celery):
    admin = world.as_person(TINA)
    broken = send(celery, {"subject": "no number", "mark": "interop"}).id

    def letter():
        page = admin.get("/api/v1/deadletters", params={"queue": TICKETS, "page_size": 100}, expect=200).json()
        return next((d for d in page["results"] if d["message_id"] == broken), None)
    first = wait_for(letter, what="the dead letter")
    assert first["type"] == "tts.tasks.process_ticket" and "INVALID_PAYLOAD" in first["reason"]
    assert '"mark": "interop"' in first["body"] and first["headers"]["lang"] == "py" and first["attempts"] == 5
    admin.post("/api/v1/deadletters/replay", {"id": first["id"]}, expect=200)
    again = wait_for(lambda: (d := letter()) and d["id"] > first["id"] and d, what="the dead letter once more")
    assert again["attempts"] == 5 and again["body"] == first["body"]
    done = subprocess.run([binary("workflow-service"), "--dead-letters", "purge", "--id", str(again["id"])], check=True,
                          env=world.service.env, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "1 purged\n" and letter() is None


def test_their_ticket_without_a_workflow_is_started_once_there_is_one(world, celery):
    payload = world.payload(category="Asset Check In", department="Asset Department")
    number = payload["ticket_number"]
    state = ("UPDATE workflow_version v SET state = %s FROM workflow w WHERE w.id = v.workflow_id"
             " AND w.name LIKE '%%Asset Check In%%'")
    world.rows(state, "retired")
    send(celery, payload)
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND NOT is_matched", number))
    where = "/api/v1/tasks/unmatched/replay"
    check_error(world.as_person(TINA).post(where, {"ticket_number": number}), 404, "WORKFLOW_NOT_FOUND")
    world.rows(state, "published")
    world.as_person(TINA).post(where, {"ticket_number": number}, expect=200)
    assert world.task_of(number)["current_step"] == "Inspection"


def test_either_side_may_have_declared_the_queues(infra, start_service, broker, world, tmp_path):
    """Celery on our queue, and we on one that Celery made: neither declaration is refused."""
    worker = Worker(broker.url, TICKETS, tmp_path)
    worker.stop()
    assert "PRECONDITION_FAILED" not in worker.log.read_text()
    host = infra.broker("celery_first")
    try:
        folder = tmp_path / "first"
        folder.mkdir()
        first = Worker(host.url, f"{TICKETS},{HELPDESK}", folder)
        app = Celery("late", broker=host.url)
        now = datetime.datetime.now(datetime.timezone.utc)
        app.send_task("tts.tasks.process_ticket", args=[{"made_at": now.isoformat()}], queue=TICKETS)
        wait_for(lambda: first.calls())
        first.stop()
        second = start_service("workflow-service", env={"AUTH_SERVICE_URL": world.auth.url, "AMQP_URL": host.url})
        payload = world.payload()
        app.send_task("tts.tasks.process_ticket", args=[payload], queue=TICKETS)
        wait_for(lambda: world.task_of(payload["ticket_number"]))
        app.close()
        second.stop()
    finally:
        host.drop()
