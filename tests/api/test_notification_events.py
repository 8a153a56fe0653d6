"""The fleet's events become notifications, live frames and mails; neighbours come and go."""
import datetime
import os
import subprocess
import uuid

import pytest
import requests
from lib import tokens
from lib.http import check_error
from lib.paths import binary
from lib.people import person
from lib.proxy import Proxy
from lib.wait import DEADLINE, wait_for
from notification_support import ADAM, CORA, EMIL, EVE, RITA, World, mails_to

DEMO_TIME = "2026-01-12T10:30:00Z"


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _close_sockets(world):
    yield
    world.close_sockets()


def address(identity):
    return f"user{identity}@example.com"


def mailed(world, identity, number):
    """The mails to the person about a ticket, so far."""
    return [mail for mail in mails_to(world.service.mails(), address(identity)) if number in str(mail["References"])]


def figure(world, name):
    """A metric, summed over its labels."""
    lines = world.service.http.get("/metrics", expect=200).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))


def settle(world, waiting=0):
    """Everything sent so far has been handled: the queue's order is not kept, so each handler must be done. waiting: how
    many deliveries have their time to come."""
    def is_idle():
        queue = world.amqp.count("notification.events")
        running = figure(world, "amqp_consumed_total") - figure(world, "amqp_handled_total")
        pending = world.http(CORA).get("/notifications/queue").json()["queue_length"]
        return queue == 0 and running == 0 and pending == waiting
    mark = world.ticket()
    world.send("ticket.created", mark)
    world.told(EMIL, mark["ticket_number"])
    wait_for(is_idle, what="an idle queue")


# ---- who is told --------------------------------------------------------------------------------

@pytest.mark.parametrize("kind,fields,told", [
    ("ticket.created", {"actor_id": EMIL}, {EMIL: ("ticket_created", True)}),
    ("ticket.assigned", {}, {CORA: ("ticket_assigned", True), EMIL: ("ticket_assigned", True)}),
    ("ticket.assigned", {"actor_id": CORA}, {EMIL: ("ticket_assigned", True)}),
    ("ticket.status_changed", {"status": "In Progress", "old_status": "Open", "actor_id": RITA},
     {EMIL: ("ticket_status_changed", True), CORA: ("ticket_status_changed", False)}),
    ("ticket.status_changed", {"status": "Withdrawn", "actor_id": EMIL}, {CORA: ("ticket_status_changed", False)}),
    ("ticket.commented", {"comment": "hi", "visibility": "public", "actor_id": EMIL}, {CORA: ("comment_added", True)}),
    ("ticket.commented", {"comment": "hi", "visibility": "public", "actor_id": CORA}, {EMIL: ("comment_added", True)}),
    ("ticket.commented", {"comment": "hi", "visibility": "internal", "actor_id": ADAM},
     {CORA: ("comment_added", True)}),
    ("ticket.closed", {"status": "Closed", "rating": 4, "actor_id": EMIL},
     {EMIL: ("ticket_closed", True), CORA: ("ticket_closed", True)}),
    ("ticket.updated", {"actor_id": CORA}, {}),
    ("feedback.received", {"rating": 5, "actor_id": EMIL}, {CORA: ("feedback_received", False)}),
])
def test_ticket_events(world, kind, fields, told):
    ticket = world.ticket(**fields)
    world.send(kind, ticket)
    check_told(world, ticket, told)


@pytest.mark.parametrize("kind,fields,told", [
    ("task.assigned", {}, {RITA: ("task_assigned", True)}),
    ("task.assigned", {"assignee_id": None}, {}),
    ("task.pooled", {"assignee_id": None, "reason": "nobody is available", "admin_ids": [ADAM, EVE]},
     {ADAM: ("task_pooled", True), EVE: ("task_pooled", True)}),
    ("task.pooled", {"assignee_id": None, "reason": "to be taken by hand", "admin_ids": []}, {}),
    ("task.transitioned", {"step": "Quality Assurance", "transition": "approve", "actor_id": RITA},
     {CORA: ("workflow_step_change", False)}),
    ("task.completed", {"outcome": "resolved", "actor_id": RITA}, {CORA: ("task_completed", True)}),
    ("sla.warning", {"metric": "resolution"}, {RITA: ("sla_warning", True), CORA: ("sla_warning", True)}),
    ("sla.breached", {"metric": "resolution"}, {RITA: ("sla_breach", True), CORA: ("sla_breach", True)}),
])
def test_task_events(world, kind, fields, told):
    ticket = world.ticket()
    world.send(kind, world.task(ticket, **fields))
    check_told(world, ticket, told)


def check_told(world, ticket, told):
    """told: {person: (type, whether it was mailed too)}; everybody else was told nothing."""
    number = ticket["ticket_number"]
    for identity, (kind, is_mailed) in told.items():
        one = world.told(identity, number)
        assert one["type"] == kind and number in one["title"] and "VPN" in one["message"]
        if is_mailed:
            mail, = wait_for(lambda i=identity: mailed(world, i, number), what=f"mail to {identity}")
            assert str(mail["Subject"]) == one["title"]
    settle(world)
    for identity in (EMIL, EVE, CORA, RITA, ADAM):
        assert len(world.about(identity, number)) == (identity in told)
        assert len(mailed(world, identity, number)) == told.get(identity, (None, False))[1]


def test_the_words_of_an_event(world):
    ticket = world.ticket(subject="Drucker \"brennt\"", status="On Hold", actor_id=ADAM, actor_name="Adam Admin",
                          comment="Löschen!" + "x" * 2000, visibility="public")
    world.send("ticket.commented", ticket)
    told = world.told(EMIL, ticket["ticket_number"])
    assert told["message"].startswith(f"Adam Admin wrote on {ticket['ticket_number']} \"Drucker \"brennt\"\": Löschen!x")
    assert told["message"].endswith("x…") and len(told["message"]) < 700
    assert told["ticket_id"] == ticket["ticket_id"]


def test_messages_are_told_to_the_others(world):
    ticket = world.ticket()
    event = {"id": 7, "conversation_id": 3, "sender_id": EMIL, "sender_name": "Emil Employee",
             "ticket_number": ticket["ticket_number"], "content": "Hello?", "created_at": DEMO_TIME,
             "participant_ids": [EMIL, CORA, RITA]}
    world.send("message.created", event)
    for identity in (CORA, RITA):
        told = world.told(identity, ticket["ticket_number"])
        assert (told["type"], told["title"], told["message"]) == ("message_received", "New message from Emil Employee",
                                                                   "Hello?")
    settle(world)
    assert world.about(EMIL, ticket["ticket_number"]) == [] and mailed(world, CORA, ticket["ticket_number"]) == []


def message(number, ticket, **fields):
    return {"id": number, "conversation_id": 3, "sender_id": EMIL, "sender_name": "Emil Employee",
            "ticket_number": ticket["ticket_number"], "content": "a secret", "created_at": DEMO_TIME,
            "participant_ids": [EMIL, CORA, RITA], **fields}


def test_who_has_muted_a_conversation_is_not_told(world):
    ticket = world.ticket()
    world.send("message.created", message(8, ticket, muted_ids=[RITA]))
    world.told(CORA, ticket["ticket_number"])
    settle(world)
    assert world.about(RITA, ticket["ticket_number"]) == []


@pytest.mark.parametrize("number,change", [(9, "deleted"), (10, "unsent")])
def test_what_was_taken_back_is_not_told_any_more(world, db, number, change):
    ticket = world.ticket()
    device = world.http(CORA).post("/api/v1/notifications/devices", {"token": f"cora-{change}", "platform": "web"},
                                   expect=201).json()
    now = datetime.datetime.now(datetime.timezone.utc)
    world.wish(CORA, time_zone="UTC", quiet_hours={"from": (now - datetime.timedelta(hours=2)).strftime("%H:%M"),
                                                   "to": (now + datetime.timedelta(hours=2)).strftime("%H:%M")})
    world.send("message.created", message(number, ticket))
    told, read = (world.told(identity, ticket["ticket_number"]) for identity in (CORA, RITA))
    world.http(RITA).put(f"/api/v1/notifications/{read['id']}/read", expect=200)
    waiting, = [one for one in world.deliveries(user_id=CORA) if one["notification_id"] == told["id"]]
    assert waiting["status"] == "queued"
    unread, socket = world.unread(CORA), world.socket(CORA)
    for kind in ("edited", "reaction_added"):
        world.send("message.changed", message(number, ticket, change=kind))
    settle(world, waiting=1)
    assert world.told(CORA, ticket["ticket_number"]) == told
    world.send("message.changed", message(number, ticket, change=change, content=""))
    world.send("message.changed", message(number, ticket, change=change, content=""))
    frame = socket.receive_type("notification_update", where=lambda f: f["notification"]["id"] == told["id"])
    assert frame["action"] == "updated"
    for identity, before in ((CORA, told), (RITA, {**read, "is_read": True})):
        after = world.told(identity, ticket["ticket_number"])
        assert (after["title"], after["message"]) == ("A message from Emil Employee", "The message was taken back.")
        assert {**after, "read_at": None, "title": before["title"], "message": before["message"]} == {**before, "read_at": None}
    assert frame["notification"] == {key: world.told(CORA, ticket["ticket_number"])[key] for key in frame["notification"]}
    settle(world)
    assert world.unread(CORA) == unread
    waiting, = [one for one in world.deliveries(user_id=CORA) if one["id"] == waiting["id"]]
    assert (waiting["status"], waiting["last_error"]) == ("suppressed", "the message is gone")
    kept = db.query("SELECT n::text FROM notification n WHERE ticket_number = %s", ticket["ticket_number"],
                    program="notification-service")
    assert len(kept) == 2 and "secret" not in str(kept)
    world.wish(CORA, quiet_hours=None)
    world.http(CORA).delete(f"/api/v1/notifications/devices/{device['id']}", expect=204)


def test_an_edited_message_is_told_as_it_is_now(world):
    ticket = world.ticket()
    number = ticket["ticket_number"]
    world.send("message.created", message(12, ticket, version=1))
    told, unread = world.told(CORA, number), world.unread(CORA)
    socket = world.socket(CORA)
    for version, words in ((3, "edited twice"), (2, "edited once")):
        world.send("message.changed", message(12, ticket, change="edited", version=version, content=words))
    frame = socket.receive_type("notification_update")
    assert frame["action"] == "updated" and frame["notification"]["id"] == told["id"]
    settle(world)
    after = world.told(CORA, number)
    assert after == {**told, "message": "edited twice"} and world.unread(CORA) == unread
    assert frame["notification"] == {key: after[key] for key in frame["notification"]}


def test_what_was_taken_back_before_is_never_told(world):
    ticket = world.ticket()
    world.send("message.changed", message(11, ticket, change="deleted", content=""))
    settle(world)
    world.send("message.created", message(11, ticket))
    settle(world)
    assert world.about(CORA, ticket["ticket_number"]) == []


def test_new_people_are_welcomed(world):
    world.amqp.send_event("user.created", person(77, "Nora Néw", tokens.EMPLOYEE, email="nora@example.org"))
    http = world.service.http.as_user(77)
    told, = wait_for(lambda: http.get("/api/v1/notifications").json()["notifications"], what="the welcome")
    assert told["type"] == "welcome" and "Nora Néw" in told["message"]
    mail, = wait_for(lambda: mails_to(world.service.mails(), "nora@example.org"), what="mail")
    assert mail["To"].addresses[0].display_name == "Nora Néw"


# ---- live ---------------------------------------------------------------------------------------

def test_an_event_is_seen_live(world):
    emil, cora, eve = world.socket(EMIL), world.socket(CORA), world.socket(EVE)
    ticket = world.ticket()
    world.send("ticket.assigned", ticket)
    for identity, socket in ((EMIL, emil), (CORA, cora)):
        frame = socket.receive_type("notification_update",
                                    where=lambda f: f["notification"]["ticket_number"] == ticket["ticket_number"])
        told = world.told(identity, ticket["ticket_number"])
        assert frame["notification"] == {key: told[key] for key in frame["notification"]}
        assert socket.receive_type("count_update")["unread_count"] <= world.unread(identity)
    eve.send({"type": "ping"})
    assert eve.receive() == {"type": "pong"}


def test_the_event_of_a_notification(world):
    events = world.amqp.listen("notification.*")
    made = world.notify(EMIL, ticket_number="TX7")
    event = world.amqp.receive_type(events, "notification.created", where=lambda e: e["data"]["id"] == made["id"])
    assert event["source"] == "notification-service" and event["subject"] == str(EMIL)
    assert event["data"] == {key: made[key] for key in ("id", "user_id", "type", "title", "message", "ticket_number", "is_read",
                                                        "created_at")}
    world.http(EMIL).put("/api/v1/notifications/read-all", expect=200)
    event = world.amqp.receive_type(events, "notification.read")
    assert event["data"]["user_id"] == EMIL and "id" not in {k: v for k, v in event["data"].items() if v}


def test_traces_go_on(world):
    events = world.amqp.listen("notification.created")
    ticket = world.ticket()
    trace = uuid.uuid4().hex
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "test", "type": "ticket.assigned", "data": ticket}
    world.amqp.publish("tts.events", "ticket.assigned", event, message_id=event["id"],
                       headers={"traceparent": f"00-{trace}-{'b2' * 8}-01"})
    told = world.amqp.receive_type(events, "notification.created",
                                   where=lambda e: e["data"]["ticket_number"] == ticket["ticket_number"])
    assert told["traceparent"].startswith(f"00-{trace}-")


# ---- once ---------------------------------------------------------------------------------------

def test_a_repeated_event_notifies_once(world):
    ticket = world.ticket()
    event = world.send("ticket.created", ticket)
    world.told(EMIL, ticket["ticket_number"])
    world.amqp.publish("tts.events", "ticket.created", event, message_id=event["id"])
    # Even when the broker gives it another id: the event's own is kept with the notification.
    world.amqp.publish("tts.events", "ticket.created", event, message_id=str(uuid.uuid4()))
    settle(world)
    assert len(world.about(EMIL, ticket["ticket_number"])) == 1
    assert len(mailed(world, EMIL, ticket["ticket_number"])) == 1


def test_what_cannot_be_understood_is_kept_apart(world):
    bad = {
        "no json": ("ticket.created", b"{"),
        "no event": ("ticket.created", {"hello": "world"}),
        "no number": ("ticket.assigned", {"specversion": "1.0", "id": "1", "source": "t", "type": "ticket.assigned",
                                          "data": {"ticket_id": 1}}),
        "bad task": ("sla.warning", {"specversion": "1.0", "id": "2", "source": "t", "type": "sla.warning",
                                     "data": {"ticket_number": 7}}),
        "bad message": ("message.created", {"specversion": "1.0", "id": "3", "source": "t", "type": "message.created",
                                            "data": {"id": "x"}}),
        "bad person": ("user.created", {"specversion": "1.0", "id": "4", "source": "t", "type": "user.created",
                                        "data": []}),
    }
    for name, (kind, body) in bad.items():
        world.amqp.publish("tts.events", kind, body, message_id=name)
    ticket = world.ticket()
    world.send("ticket.created", ticket)
    world.told(EMIL, ticket["ticket_number"])
    reasons = world.amqp.receive_dead("notification.events", len(bad))
    assert set(reasons) == set(bad)
    assert all(reason.startswith("INVALID_PAYLOAD: ") for reason in reasons.values()), reasons


# ---- demo history -------------------------------------------------------------------------------

def test_history_is_stored_as_read_and_not_mailed(world):
    socket = world.socket(EMIL)
    before = world.unread(EMIL)
    ticket = world.ticket()
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "test", "type": "ticket.assigned", "data": ticket,
             "time": DEMO_TIME}
    world.amqp.publish("tts.events", "ticket.assigned", event, message_id=event["id"],
                       headers={"x-tts-time": DEMO_TIME})
    told = world.told(EMIL, ticket["ticket_number"])
    assert told["is_read"] is True
    assert told["created_at"] == told["read_at"] == DEMO_TIME.replace("Z", ".000Z")
    made = world.http(ADAM).post("/api/v1/notifications",
                                 {"user_id": EMIL, "type": "x", "title": "x", "message": "x", "channel": "in_app"},
                                 headers={"X-Demo-Time": DEMO_TIME}, expect=201).json()
    assert made["is_read"] is True and made["created_at"] == DEMO_TIME.replace("Z", ".000Z")
    settle(world)
    assert mailed(world, EMIL, ticket["ticket_number"]) == []
    live = world.notify(EMIL)
    frame = socket.receive_type("notification_update", where=lambda f: f["notification"]["id"] in
                                (told["id"], made["id"], live["id"]))
    assert frame["notification"]["id"] == live["id"]
    assert world.unread(EMIL) == before + 2


# ---- neighbours away ----------------------------------------------------------------------------

def is_ready(service):
    return requests.get(service.url + "/ready", timeout=DEADLINE).status_code == 200


@pytest.fixture(name="fragile")
def _fragile(start_service, db, broker):
    """A program whose connections the test can cut: (world, to the database, to the broker)."""
    to_db, to_broker = Proxy(db.url("notification-service")), Proxy(broker.url)
    world = World(start_service, broker, env={"DB_URL": to_db.url, "AMQP_URL": to_broker.url})
    yield world, to_db, to_broker
    to_db.restore()
    to_broker.restore()
    world.close_sockets()
    world.service.stop()
    world.close()
    to_db.close()
    to_broker.close()


def test_the_broker_goes_away_and_comes_back(fragile):
    world, _, to_broker = fragile
    socket = world.socket(EVE)
    to_broker.cut()
    wait_for(lambda: not is_ready(world.service), what="unready")
    made = world.notify(EVE)
    assert world.notifications(EVE)[0] == made
    ticket = world.ticket(requester_id=EVE)
    world.send("ticket.created", ticket)
    to_broker.restore()
    world.service.wait_ready()
    frame = socket.receive_type("notification_update")
    assert frame["notification"]["id"] == made["id"]
    world.told(EVE, ticket["ticket_number"])
    frame = socket.receive_type("notification_update")
    assert frame["notification"]["ticket_number"] == ticket["ticket_number"]


def test_what_changes_while_the_broker_is_away_is_seen_afterwards(fragile, world):
    """By a process without a connection; another one has it."""
    apart, _, to_broker = fragile
    ticket = apart.ticket()
    number = ticket["ticket_number"]
    apart.send("message.created", message(13, ticket, version=1))
    told = apart.told(CORA, number)
    socket = apart.socket(CORA)
    to_broker.cut()
    wait_for(lambda: not is_ready(apart.service), what="unready")
    world.send("message.changed", message(13, ticket, change="edited", version=2, content="other words"))
    wait_for(lambda: world.told(CORA, number)["message"] == "other words", what="the edit")
    to_broker.restore()
    apart.service.wait_ready()
    frame = socket.receive_type("notification_update", where=lambda f: f["notification"]["id"] == told["id"])
    assert frame["action"] == "updated" and frame["notification"]["message"] == "other words"


def test_what_is_read_elsewhere_while_the_broker_is_away_is_counted_afterwards(fragile, world):
    apart, _, to_broker = fragile
    made = world.notify(EVE)
    socket, idle = apart.socket(EVE), apart.socket(ADAM)
    to_broker.cut()
    wait_for(lambda: not is_ready(apart.service), what="unready")
    world.http(EVE).put(f"/api/v1/notifications/{made['id']}/read", expect=200)
    unread = [world.unread(EVE), world.unread(ADAM)]
    to_broker.restore()
    socket.receive_type("count_update", where=lambda f: f["unread_count"] == unread[0])
    assert idle.receive_type("count_update")["unread_count"] == unread[1]


def test_the_database_goes_away_and_comes_back(fragile):
    world, to_db, _ = fragile
    socket = world.socket(EVE)
    to_db.cut()
    wait_for(lambda: not is_ready(world.service), what="unready")
    http = world.http(CORA)
    for answer in (http.get("/api/v1/notifications"), http.get("/api/v1/notifications/unread-count"),
                   http.get("/api/v1/notifications/preferences"), http.put("/api/v1/notifications/preferences", {}),
                   http.put("/api/v1/notifications/read-all"), http.put("/api/v1/notifications/1/read"),
                   http.delete("/api/v1/notifications/1"), http.get("/notifications/queue"),
                   http.get(f"/notifications/history/{EVE}"),
                   http.post("/api/v1/notifications/sms", {"to": "1", "message": "x"}),
                   http.post("/notifications/notify", {"user_id": 1, "type": "test_alert", "channel": "in_app",
                                                       "message": "x"})):
        check_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
    assert requests.get(world.service.url + "/health", timeout=DEADLINE).status_code == 200
    socket.send({"type": "mark_read", "notification_id": 1})
    assert socket.receive()["code"] == "SERVICE_UNAVAILABLE"
    ticket = world.ticket(requester_id=EVE)
    world.send("ticket.created", ticket)
    to_db.restore()
    world.service.wait_ready()
    frame = socket.receive_type("notification_update")
    assert frame["notification"]["ticket_number"] == ticket["ticket_number"]
    assert len(world.about(EVE, ticket["ticket_number"])) == 1


def test_kill_9_between_events_loses_and_doubles_nothing(fragile):
    world, _, _ = fragile
    tickets = []
    for _ in range(3):
        for _ in range(10):
            tickets.append(world.ticket(requester_id=EVE))
            world.send("ticket.created", tickets[-1])
        world.service.restart(ready=False)
    world.service.wait_ready()
    for ticket in tickets:
        world.told(EVE, ticket["ticket_number"])
    settle(world)
    listed = [one["ticket_number"] for one in world.notifications(EVE, limit=100)]
    assert [listed.count(ticket["ticket_number"]) for ticket in tickets] == [1] * len(tickets)


def test_without_auth_service_the_first_start_waits(infra, start_service, broker):
    database = infra.database("first")
    world = World(start_service, broker, ready=False, env={"DB_URL": database.url("notification-service"),
                                                           "AUTH_SERVICE_URL": "http://127.0.0.1:9"})
    wait_for(lambda: "start-up waits" in world.service.log_text(), what="a line in the log")
    assert not is_ready(world.service)
    world.service.set_env("AUTH_SERVICE_URL", world.auth.url)
    world.service.restart()
    world.service.stop()
    world.close()
    database.drop()


def test_a_bad_sender_is_refused_at_the_start(world):
    for sender in ("nobody", "Name <a@b\r\nBcc: x@y.z>", "a@b.c, d@e.f", "Tést <a@b.c>"):
        env = {**world.service.env, "MAIL_FROM": sender, "PORT": "0"}
        result = subprocess.run([os.fspath(binary("notification-service"))], env=env, timeout=DEADLINE, text=True, check=False,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert result.returncode == 78 and "MAIL_FROM" in result.stderr, (sender, result)


# ---- jobs ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("fields,message", [
    ({"state": "succeeded", "done": 10, "failed": 0}, "10 of 10 done, 0 failed."),
    ({"state": "partial", "dry_run": True}, "Dry run: 4 of 10 done, 1 failed."),
    ({"state": "failed", "done": 0, "error": "Nothing was changed"}, "0 of 10 done, 1 failed. Nothing was changed.")])
def test_who_asked_is_told_of_the_end_of_a_job(world, fields, message):
    before = max((one["id"] for one in world.notifications(CORA)), default=0)

    def new():
        return [(one["title"], one["message"]) for one in world.notifications(CORA)
                if one["id"] > before and one["type"] == "job_completed"]
    world.send("job.completed", world.job(CORA, **fields))
    wait_for(new, what="a notification")
    settle(world)
    assert new() == [(f"Your job has ended: {fields['state']}", message)]
