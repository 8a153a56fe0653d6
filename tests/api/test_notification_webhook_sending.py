"""Webhooks on their way: what is sent, again and again, to whom and to whom not."""
import datetime
import socket
import ssl
import subprocess
import threading
import time

import pytest
from lib.hooks import ADAM, URL, Hooks
from lib.http import check_error
from lib.receiver import Receiver
from lib.wait import wait_for


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = Hooks(start_service, broker, env={"WEBHOOK_TIMEOUT": "3"})
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _remove_all(world):
    yield
    world.remove_all()


@pytest.fixture(name="receiver")
def _receiver():
    with Receiver() as receiver:
        yield receiver


def is_delivered(delivery):
    return delivery["status"] == "delivered"


def has_failed_once(delivery):
    return delivery["last_error"]


# ---- what is sent -------------------------------------------------------------------------------

def test_an_event_arrives_signed_and_thin(world, receiver):
    hook = world.add(receiver, headers={"Authorization": "Bearer mine", "X-Api-Key": "a b"})
    ticket = world.send("ticket.status_changed", world.ticket(old_status="Open", status="In Progress", comment="secret",
                                                              reason="secret", actor_id=11))
    call = receiver.wait(1)[0]
    assert call.is_signed_with(hook["secret"]) and not call.is_signed_with("whsec_" + "A" * 43 + "=")
    assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 60
    assert call.path == "/hook" and call.headers["content-type"] == "application/json"
    assert call.headers["user-agent"].startswith("TTS-Webhooks/")
    assert call.headers["authorization"] == "Bearer mine" and call.headers["x-api-key"] == "a b"
    body = call.json
    assert set(body) == {"type", "timestamp", "data"} and body["type"] == "ticket.status_changed"
    assert datetime.datetime.fromisoformat(body["timestamp"].replace("Z", "+00:00"))
    assert body["data"] == {"ticket_id": ticket["ticket_id"], "ticket_number": ticket["ticket_number"],
                            "status": "In Progress", "old_status": "Open", "priority": "High", "requester_id": 51,
                            "actor_id": 11, "seq": 1}
    world.send("ticket.closed", ticket)
    second = receiver.wait(2)[1]
    assert second.json["data"]["seq"] == 2 and second.id != call.id
    delivery = world.wait_delivery(hook, is_delivered)
    assert delivery["event_type"] == "ticket.closed" and delivery["last_status"] == 204
    assert world.get(hook)["last_success_at"]


def test_everyone_gets_what_they_asked_for(world):
    wanted = {"ticket.created": ["ticket.created"], "ticket.*": ["ticket.created", "ticket.closed"],
              "task.*": ["task.assigned"], "*": ["ticket.created", "ticket.closed", "task.assigned"],
              "sla.breached": []}
    receivers = {pattern: Receiver() for pattern in wanted}
    try:
        for pattern, receiver in receivers.items():
            world.add(receiver, [pattern])
        ticket = world.ticket()
        for kind in ("ticket.created", "ticket.closed"):
            world.send(kind, ticket)
        world.send("task.assigned", {"task_id": 5, "ticket_number": ticket["ticket_number"], "notes": "secret",
                                     "assignee_id": 21})
        # Neither what is no webhook's business nor what is told as long past.
        world.send("ticket.created", headers={"x-tts-time": "2025-01-01T00:00:00.000Z"})
        world.amqp.send_event("message.created", {"id": 1, "conversation_id": 1, "content": "x"})
        marks = world.ticket()
        world.send("ticket.closed", marks)
        receivers["*"].wait(1, marks["ticket_number"])
        for pattern, receiver in receivers.items():
            calls = receiver.wait(len(wanted[pattern]), ticket["ticket_number"])
            assert sorted(call.json["type"] for call in calls) == sorted(wanted[pattern]), pattern
            strange = [call.json for call in receiver.calls
                       if call.json["data"].get("ticket_number") not in (ticket["ticket_number"], marks["ticket_number"])]
            assert not strange
        # One message has one id, whoever gets it.
        assert receivers["task.*"].calls[0].id in {call.id for call in receivers["*"].calls}
    finally:
        for receiver in receivers.values():
            receiver.close()


def test_a_repeated_event_is_told_once(world, receiver):
    world.add(receiver)
    ticket = world.ticket()
    for _ in range(3):
        world.send("ticket.created", ticket, message_id="00000000-0000-4000-8000-00000000feed")
    last = world.send()
    receiver.wait(1, last["ticket_number"])
    assert len(receiver.about(ticket["ticket_number"])) == 1


def test_a_ping(world, receiver):
    hook = world.add(receiver, ["sla.breached"])
    answer = world.admin.post(f"{URL}/{hook['id']}/ping", expect=202)
    delivery = answer.json()
    assert delivery["event_type"] == "webhook.ping" and delivery["status"] == "pending"
    assert answer.headers["Location"] == f"{URL}/{hook['id']}/deliveries/{delivery['id']}"
    call = receiver.wait(1)[0]
    assert call.json["type"] == "webhook.ping" and call.json["data"] == {"webhook_id": hook["id"]}
    assert call.is_signed_with(hook["secret"]) and call.id == delivery["message_id"]
    shown = world.wait_delivery(hook, is_delivered, delivery["id"])
    assert shown["payload"] == call.json and len(shown["attempt_log"]) == 1
    attempt = shown["attempt_log"][0]
    assert attempt["status"] == 204 and attempt["error"] is None and attempt["duration_ms"] >= 0


def test_both_secrets_sign_while_they_overlap(world, receiver):
    hook = world.add(receiver)
    world.send()
    assert len(receiver.wait(1)[0].headers["webhook-signature"].split(" ")) == 1
    new = world.act(hook, "rotate-secret")["secret"]
    world.send()
    call = receiver.wait(2)[1]
    assert call.is_signed_with(hook["secret"]) and call.is_signed_with(new)
    newest = world.act(hook, "rotate-secret", {"overlap_hours": 0})["secret"]
    world.send()
    call = receiver.wait(3)[2]
    assert call.is_signed_with(newest) and not call.is_signed_with(new) and not call.is_signed_with(hook["secret"])


# ---- failures -----------------------------------------------------------------------------------

def test_a_failure_is_tried_again_with_the_same_id_and_body(world, receiver):
    answers = iter([500, (302, {"Location": "http://127.0.0.1:1/"})])
    receiver.answer = lambda call: next(answers)
    hook = world.add(receiver)
    world.send()
    first = receiver.wait(1)[0]
    failed = world.wait_delivery(hook, has_failed_once)
    assert failed["status"] == "pending" and failed["last_status"] == 500 and failed["attempts"] == 1
    assert failed["last_error"] == "answered 500" and failed["next_attempt_at"]
    state = world.get(hook)
    assert state["failures"] == 1 and state["failing_since"] and state["enabled"]
    second = receiver.wait(2)[1]
    assert second.id == first.id and second.body == first.body
    assert 4 < second.at - first.at < 15
    assert second.is_signed_with(hook["secret"])
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    delivery = world.wait_delivery(hook, lambda d: d["attempts"] == 2 and d["last_status"] == 302)
    assert "redirect" in delivery["last_error"]
    # Minutes later, were it not asked for now.
    due = datetime.datetime.fromisoformat(delivery["next_attempt_at"].replace("Z", "+00:00"))
    assert 200 < (due - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 400
    assert world.get(hook)["failures"] == 2


def test_the_log_keeps_how_an_answer_begins(world, receiver):
    receiver.answer = lambda call: (200, {}, "<é>\0\n".encode() + b"\xff" + b"x" * 5000)
    hook = world.add(receiver)
    world.act(hook, "ping", expect=202)
    attempt = world.wait_delivery(hook, is_delivered)["attempt_log"][0]
    assert attempt["reply"].startswith("<") and len(attempt["reply"].encode()) <= 1024
    assert attempt["reply"].endswith("xxxx") and attempt["error"] is None


@pytest.mark.parametrize("status", [300, 301, 307, 400, 404, 500, 599])
def test_only_2xx_is_success(world, receiver, status):
    with Receiver() as elsewhere:
        receiver.answer = lambda call: (status, {"Location": elsewhere.url})
        hook = world.add(receiver)
        world.act(hook, "ping", expect=202)
        delivery = world.wait_delivery(hook, has_failed_once)
        assert delivery["status"] == "pending" and delivery["attempt_log"][0]["error"]
        assert not elsewhere.calls


class Rude:
    """Accepts connections and says whatever bytes it was made with, after it has read the head."""

    def __init__(self, *pieces, endless=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.pieces, self.endless = pieces, endless
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock):
        try:
            with sock:
                sock.recv(65536)
                for piece in self.pieces:
                    sock.sendall(piece)
                while self.endless:
                    sock.sendall(self.endless)
        except OSError:
            pass

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("name,pieces,endless", [
    ("hangs up", [], None),
    ("nonsense", [b"hello\r\n\r\n"], None),
    ("an old answer", [b"<html>"], None),
    ("half a head", [b"HTTP/1.1 200"], None),
    ("a head without end", [OK], b"X-Header: " + b"y" * 4000 + b"\r\n"),
    ("interim answers without end", [], b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("half a body", [OK + b"Content-Length: 100\r\n\r\nabc"], None),
    ("a bad chunk", [OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"], None),
])
def test_answers_that_are_none(world, name, pieces, endless):
    with Rude(*pieces, endless=endless) as rude:
        hook = world.add(rude.url)
        world.act(hook, "ping", expect=202)
        delivery = world.wait_delivery(hook, has_failed_once)
        assert delivery["last_status"] is None and delivery["attempt_log"][0]["error"], name


def test_a_body_without_end_is_not_read(world):
    with Rude(OK + b"\r\n", endless=b"z" * 65536) as rude:
        hook = world.add(rude.url)
        world.act(hook, "ping", expect=202)
        delivery = world.wait_delivery(hook, is_delivered)
        assert delivery["attempt_log"][0]["reply"] == "z" * 1024
        assert delivery["attempt_log"][0]["duration_ms"] < 3000


def test_an_endpoint_that_does_not_answer(world, receiver):
    receiver.answer = receiver.hang
    hook = world.add(receiver)
    world.act(hook, "ping", expect=202)
    delivery = world.wait_delivery(hook, has_failed_once)
    assert delivery["last_error"] == "no answer in time" and delivery["last_status"] is None
    assert 2500 < delivery["attempt_log"][0]["duration_ms"] < 20_000


def test_a_certificate_that_nobody_has_signed(world, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with Receiver() as receiver:
        receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
        hook = world.add(receiver.url.replace("http:", "https:"))
        world.act(hook, "ping", expect=202)
        assert "certificate" in world.wait_delivery(hook, has_failed_once)["last_error"].lower()
        assert not receiver.calls


def test_too_busy_means_later(world, receiver):
    receiver.answer = lambda call: (429, {"Retry-After": "120"})
    hook = world.add(receiver)
    world.send()
    world.wait_delivery(hook, has_failed_once)
    world.send()
    state = world.get(hook)
    now = datetime.datetime.now(datetime.timezone.utc)
    for moment in (state["paused_until"], world.deliveries(hook)[-1]["next_attempt_at"]):
        assert 60 < (datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")) - now).total_seconds() < 130
    # Nothing else goes there meanwhile; what somebody changes begins anew.
    waiting = wait_for(lambda: [d for d in world.deliveries(hook, status="pending") if not d["attempts"]],
                       what="a delivery that waits")
    receiver.answer = lambda call: 200
    world.act(hook, "enable")
    world.wait_delivery(hook, is_delivered, waiting[0]["id"])


def test_who_is_gone_is_disabled(world, receiver):
    events = world.amqp.listen("webhook.failed")
    receiver.answer = lambda call: 410
    hook = world.add(receiver.url + "?token=hidden")
    world.send()
    event = world.amqp.receive_type(events, "webhook.failed")
    assert event["data"]["webhook_id"] == hook["id"] and event["data"]["reason"] == "gone"
    assert event["data"]["host"] == "127.0.0.1" and event["data"]["last_status"] == 410
    assert "hidden" not in str(event)
    state = world.get(hook)
    assert not state["enabled"] and state["disabled_reason"] == "gone" and state["disabled_at"]
    assert state["version"] == hook["version"] + 1
    told = wait_for(lambda: [one for one in world.admin.get("/api/v1/notifications").json()["notifications"]
                             if one["type"] == "webhook_failed"], what="a notification")
    assert f"Webhook {hook['id']} " in told[0]["message"] and "hidden" not in told[0]["message"]
    # What waits is sent once it is enabled again.
    receiver.answer = lambda call: 200
    world.act(hook, "enable")
    delivery = world.deliveries(hook)[-1]
    assert delivery["status"] == "pending"


def test_who_has_failed_for_long_is_disabled(world, receiver):
    world_of = world.program(WEBHOOK_DISABLE_AFTER="1", WEBHOOK_TIMEOUT="3")
    world.service.stop()
    try:
        events = world.amqp.listen("webhook.failed")
        admin = world_of.http.as_user(ADAM, [("hdts", "Admin"), ("tts", "Admin")])
        receiver.answer = lambda call: 503
        hook = admin.post(URL, {"url": receiver.url, "event_types": ["ticket.*"]}, expect=201).json()
        world.send()
        event = world.amqp.receive_type(events, "webhook.failed")
        assert event["data"]["reason"] == "failing" and event["data"]["last_status"] == 503
        assert len(receiver.calls) == 2
        state = admin.get(f"{URL}/{hook['id']}", expect=200).json()
        assert not state["enabled"] and state["disabled_reason"] == "failing" and state["failures"] == 2
    finally:
        world.service.start()
        world_of.stop()


# ---- once more ----------------------------------------------------------------------------------

def test_one_is_replayed(world, receiver):
    hook = world.add(receiver)
    world.send()
    first = receiver.wait(1)[0]
    delivery = world.wait_delivery(hook, is_delivered)
    again = world.admin.post(f"{URL}/{hook['id']}/deliveries/{delivery['id']}/replay", expect=202).json()
    assert again["id"] == delivery["id"]
    second = receiver.wait(2)[1]
    assert second.id == first.id and second.body == first.body
    shown = world.wait_delivery(hook, lambda d: is_delivered(d) and len(d["attempt_log"]) == 2)
    assert shown["attempts"] == 1


def test_what_is_going_on_is_not_replayed(world, receiver):
    receiver.answer = receiver.hang
    hook = world.add(receiver)
    world.send()
    receiver.wait(1)
    delivery = world.deliveries(hook)[0]
    check_error(world.admin.post(f"{URL}/{hook['id']}/deliveries/{delivery['id']}/replay"), 409, "CONFLICT")


def test_what_was_missed_is_replayed_from_a_time(world, receiver):
    before = world.handled()
    world.send("ticket.created")
    wait_for(lambda: world.handled() > before, what="an event that nobody wants")
    hook, other = world.add(receiver, ["ticket.created"]), world.add(receiver.url + "2")
    world.act(hook, "disable")
    missed = [world.send() for _ in range(3)]
    world.send("ticket.closed")
    wait_for(lambda: len(world.deliveries(other, status="delivered")) == 4, what="four deliveries")
    assert not world.deliveries(hook)
    world.act(hook, "enable")
    path = f"{URL}/{hook['id']}/replay"
    for body, count in (({"since": "2100-01-01T00:00:00Z"}, 0),
                         ({"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}, 0),
                         ({"since": "2020-01-01T00:00:00Z"}, 3), ({"since": "2020-01-01T00:00:00Z"}, 0)):
        assert world.admin.post(path, body, expect=202).json() == {"count": count, "more": False}
    for ticket in missed:
        assert [call.path for call in receiver.wait(2, ticket["ticket_number"])].count("/hook") == 1
    check_error(world.admin.post(path, {"since": "yesterday"}), 422, "VALIDATION_ERROR")
    for body in ({}, {"since": 7}):
        check_error(world.admin.post(path, body), 400, "INVALID_INPUT")
    check_error(world.admin.post(path, {"since": "2026-01-01T00:00:00Z", "until": []}), 400, "INVALID_INPUT")


def test_the_log(world, receiver):
    receiver.answer = lambda call: 500 if call.json["type"] == "ticket.closed" else 200
    hook = world.add(receiver)
    for kind in ("ticket.created", "ticket.closed", "ticket.created", "ticket.updated", "ticket.created"):
        world.send(kind)
    wait_for(lambda: len([d for d in world.deliveries(hook) if d["last_status"]]) == 5, what="five attempts")
    everything = world.deliveries(hook)
    assert [d["id"] for d in everything] == sorted((d["id"] for d in everything), reverse=True)
    assert {d["event_type"] for d in world.deliveries(hook, status="pending")} == {"ticket.closed"}
    assert len(world.deliveries(hook, status="delivered")) == 4
    assert len(world.deliveries(hook, event_type="ticket.created")) == 3
    assert len(world.deliveries(hook, event_type="ticket.created", status="failed")) == 0
    path = f"{URL}/{hook['id']}/deliveries"
    page = world.admin.get(path, params={"page_size": 2}, expect=200).json()
    assert page["count"] == 5
    seen = page["results"]
    while page.get("next_cursor"):
        page = world.admin.get(path, params={"page_size": 2, "cursor": page["next_cursor"]}, expect=200).json()
        seen += page["results"]
    assert [d["id"] for d in seen] == [d["id"] for d in everything]
    check_error(world.admin.get(path, params={"status": "lost"}), 422, "VALIDATION_ERROR")
    check_error(world.admin.get(path, params={"cursor": "x"}), 422, "VALIDATION_ERROR")
    other = world.add(receiver)
    check_error(world.admin.get(f"{URL}/{other['id']}/deliveries/{seen[0]['id']}"), 404, "NOT_FOUND")


# ---- where nothing may go -----------------------------------------------------------------------

@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.",
                                  "LOCALHOST", "0"])
def test_names_of_this_machine_are_refused_when_they_are_looked_up(world, host):
    strict = world.program(WEBHOOK_ALLOW="")
    admin = strict.http.as_user(ADAM, [("hdts", "Admin"), ("tts", "Admin")])
    world.service.stop()
    try:
        with Rude() as rude:
            url = rude.url.replace("127.0.0.1", host)
            hook = admin.post(URL, {"url": url, "event_types": ["*"]}, expect=201).json()
            admin.post(f"{URL}/{hook['id']}/ping", expect=202)

            def has_failed():
                return admin.get(f"{URL}/{hook['id']}/deliveries", expect=200).json()["results"][0]["last_error"]
            error = wait_for(has_failed, what="a refusal")
            assert rude.connections == 0
            # Not every one of them is a name to everybody's resolver.
            assert error == "the address is not allowed" or "resolve" in error, error
            if host.lower() in ("localhost", "127.1", "2130706433"):
                assert error == "the address is not allowed"
    finally:
        world.service.start()
        strict.stop()
