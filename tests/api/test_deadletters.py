"""Dead letters of every program that consumes: listed, replayed and purged, by requests and by the command line."""
import json
import subprocess
import uuid

import pytest
from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error
from lib.paths import binary
from lib.people import FakeAuth, person
from lib.wait import wait_for

PROGRAMS = ["helpdesk-service", "workflow-service", "messaging-service", "notification-service"]
LIST, REPLAY, PURGE = "/api/v1/deadletters", "/api/v1/deadletters/replay", "/api/v1/deadletters/purge"
LAST = 4  # attempts that have failed: one more, and it is over


class Parcel:
    """One program, and the queue on which it hears of people."""

    def __init__(self, service, db, amqp):
        self.service, self.db, self.amqp = service, db, amqp
        self.name = service.name
        self.queue = f"{service.name.removesuffix('-service')}.people"
        self.admin = service.http.as_user(41, tokens.ADMIN, name="Adam Admin")

    def rows(self, sql, *args):
        return self.db.query(sql, *args, program=self.name)

    def send_bad(self, body=b"{", message_id=None, **headers):
        message_id = message_id or str(uuid.uuid4())
        self.amqp.publish("", self.queue, body, message_id=message_id, type="user.updated",
                          headers={"x-tts-attempt": LAST, **headers})
        return message_id

    def send_person(self, identity, name):
        """An event that is good, but marked as one that has failed before: it is handled all the same."""
        event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "auth-service", "type": "user.updated",
                 "time": "2026-01-12T10:30:00Z", "data": person(identity, name, tokens.EMPLOYEE, version=7)}
        return json.dumps(event).encode()

    def letter(self, message_id):
        return wait_for(lambda: next((d for d in self.list() if d["message_id"] == message_id), None),
                        what=f"dead letter {message_id}")

    def list(self, **params):
        return self.admin.get(LIST, params={"page_size": 100, **params}, expect=200).json()["results"]

    def command(self, *args, status=0):
        done = subprocess.run([binary(self.name), "--dead-letters", *args], env=self.service.env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="module", params=PROGRAMS, name="parcel")
def _parcel(request, start_service, db, broker):
    auth = FakeAuth([person(41, "Adam Admin", tokens.ADMIN)])
    service = start_service(request.param, env={"AUTH_SERVICE_URL": auth.url})
    with Amqp(broker.url) as amqp:
        yield Parcel(service, db, amqp)
    auth.close()


def test_a_dead_letter_is_listed_with_everything_about_it(parcel):
    message_id = parcel.send_bad(b"{\"hello\": ", tenant="blue", number=7, flag=True, nothing=None)
    letter = parcel.letter(message_id)
    assert set(letter) == {"id", "queue", "type", "message_id", "correlation_id", "content_type", "reason", "attempts",
                           "failed_at", "body_size", "body", "headers"}
    assert letter["queue"] == parcel.queue and letter["type"] == "user.updated"
    assert letter["reason"].startswith("INVALID_PAYLOAD") and letter["attempts"] == LAST + 1
    assert letter["body"] == "{\"hello\": " and letter["body_size"] == 10 and letter["failed_at"].endswith("Z")
    headers = letter["headers"]
    assert (headers["tenant"], headers["number"], headers["flag"], headers["nothing"]) == ("blue", 7, True, None)
    assert parcel.list(queue=parcel.queue)[0]["id"] == letter["id"]
    assert parcel.list(queue="another") == []
    assert parcel.letter(message_id) == letter  # looking changes nothing


def test_it_lies_in_its_queue_until_somebody_asks(parcel):
    name = f"{parcel.queue}.dead"
    parcel.admin.post(PURGE, {"all": True}, expect=200)
    message_id = parcel.send_bad()
    wait_for(lambda: parcel.amqp.count(name) == 1, what=f"a message in {name}")
    found = json.loads(parcel.command("list"))
    assert found["message_id"] == message_id and parcel.amqp.count(name) == 0
    again = parcel.send_bad()
    wait_for(lambda: parcel.amqp.count(name) == 1, what=f"a message in {name}")
    assert parcel.command("purge", "--queue", parcel.queue) == "2 purged\n"
    assert again not in [d["message_id"] for d in parcel.list()]


def test_without_the_broker_what_is_stored_is_listed(parcel):
    stored = parcel.letter(parcel.send_bad())
    env = {**parcel.service.env, "AMQP_URL": "amqp://guest:guest@127.0.0.1:1/x"}
    done = subprocess.run([binary(parcel.name), "--dead-letters", "list"], env=env, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 69 and stored["message_id"] in done.stdout and "broker" in done.stderr


def test_what_is_no_text_and_what_is_long(parcel):
    nasty = b"\xff\xfe\x00'; DROP TABLE dead_letter; --"
    assert parcel.letter(parcel.send_bad(nasty, note="'; --\u2028 <b>"))["body"] == "???'; DROP TABLE dead_letter; --"
    long = parcel.letter(parcel.send_bad(("x" + "ä" * 5000).encode()))
    assert long["body_size"] == 10001 and long["body"] == "x" + "ä" * 2047
    assert parcel.letter(parcel.send_bad(b""))["body"] == ""


def test_a_replayed_letter_is_handled_as_if_new(parcel):
    """What was wrong has been put right: here by changing what is kept."""
    message_id = parcel.send_bad()
    letter = parcel.letter(message_id)
    identity = 1000 + letter["id"]
    parcel.rows("UPDATE dead_letter SET body = %s WHERE id = %s", parcel.send_person(identity, "Lazarus"), letter["id"])
    reply = parcel.admin.post(REPLAY, {"id": letter["id"]}, expect=200).json()
    assert reply == {"status": "success", "count": 1, "remaining": 0}
    wait_for(lambda: parcel.rows("SELECT name FROM person WHERE id = %s", identity) == [("Lazarus",)])
    assert message_id not in [d["message_id"] for d in parcel.list()]
    check_error(parcel.admin.post(REPLAY, {"id": letter["id"]}), 404, "NOT_FOUND")


def test_what_fails_again_is_a_dead_letter_again_after_all_its_attempts(parcel):
    body = b"\xff\x00 still bad"
    message_id = parcel.send_bad(body, tenant="blue")
    first = parcel.letter(message_id)
    parcel.admin.post(REPLAY, {"ids": [first["id"]]}, expect=200)
    again = wait_for(lambda: next((d for d in parcel.list() if d["message_id"] == message_id), None))
    assert again["id"] > first["id"] and again["attempts"] == LAST + 1 and again["headers"]["tenant"] == "blue"
    assert again["headers"]["x-tts-dead"] != first["headers"]["x-tts-dead"]
    assert [bytes(kept) for kept, in parcel.rows("SELECT body FROM dead_letter WHERE id = %s", again["id"])] == [body]


def test_purging(parcel):
    several = [parcel.letter(parcel.send_bad())["id"] for _ in range(3)]
    assert parcel.admin.post(PURGE, {"ids": several[:2]}, expect=200).json()["count"] == 2
    check_error(parcel.admin.post(PURGE, {"id": several[0]}), 404, "NOT_FOUND")
    assert parcel.admin.post(PURGE, {"queue": "another"}, expect=200).json() == {
        "status": "success", "count": 0, "remaining": 0}
    assert parcel.admin.post(PURGE, {"queue": parcel.queue}, expect=200).json()["count"] >= 1
    assert parcel.list() == []
    parcel.letter(parcel.send_bad())
    assert parcel.admin.post(PURGE, {"all": True}, expect=200).json()["remaining"] == 0
    assert parcel.list() == []


@pytest.mark.parametrize("body", [{}, {"all": False}, {"id": 1, "all": True}, {"queue": ""}, {"queue": "a", "ids": [1]},
                                  {"id": "x"}, {"ids": ["x"]}, {"ids": 7}])
def test_a_choice_must_be_one(parcel, body):
    for where in (REPLAY, PURGE):
        check_error(parcel.admin.post(where, body), 400, "INVALID_INPUT")


def test_too_many_at_once(parcel):
    check_error(parcel.admin.post(PURGE, {"ids": list(range(1, 502))}), 422, "VALIDATION_ERROR")


def test_who_sees_and_touches_them(parcel):
    http = parcel.service.http
    for method, where, body in (("GET", LIST, None), ("POST", REPLAY, {"id": 1}), ("POST", PURGE, {"id": 1})):
        check_error(http.request(method, where, json=body), 401, "UNAUTHENTICATED")
        for roles in (tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.APPROVER):
            check_error(http.as_user(51, roles).request(method, where, json=body), 403, "FORBIDDEN")
        program = http.with_token(tokens.mint_service())
        if method == "GET":
            program.get(where, expect=200)
        else:
            check_error(program.post(where, body), 403, "FORBIDDEN")
        for roles in ([("hdts", "Admin")], [("tts", "Admin")]):
            assert http.as_user(41, roles).request(method, where, json=body).status_code in (200, 404)


def test_pages_of_dead_letters(parcel):
    for _ in range(5):
        parcel.send_bad()
    wait_for(lambda: len(parcel.list()) >= 5)
    whole = [d["id"] for d in parcel.list()]
    assert whole == sorted(whole, reverse=True)
    page, seen = parcel.admin.get(LIST, params={"page_size": 2}, expect=200).json(), []
    assert page["count"] == len(whole)
    seen += [d["id"] for d in page["results"]]
    while "next_cursor" in page:
        page = parcel.admin.get(LIST, params={"page_size": 2, "cursor": page["next_cursor"]}, expect=200).json()
        seen += [d["id"] for d in page["results"]]
    assert seen == whole
    check_error(parcel.admin.get(LIST, params={"cursor": "x"}), 422, "VALIDATION_ERROR")


# ---- the command line ---------------------------------------------------------------------------

def test_the_command_line(parcel):
    parcel.command("purge")
    good = parcel.letter(parcel.send_bad(b"first"))
    identity = 1000 + good["id"]
    parcel.rows("UPDATE dead_letter SET body = %s WHERE id = %s", parcel.send_person(identity, "Comma"), good["id"])
    bad = parcel.letter(parcel.send_bad(b"second"))
    listed = [json.loads(line) for line in parcel.command("list").splitlines()]
    assert [d["id"] for d in listed] == [bad["id"], good["id"]] and listed[0] == bad
    assert [json.loads(line)["id"] for line in parcel.command("list", "--id", str(good["id"])).splitlines()] == [
        good["id"]]
    assert parcel.command("list", "--queue", "another") == ""
    assert parcel.command("replay", "--id", str(good["id"])) == "1 replayed\n"
    wait_for(lambda: parcel.rows("SELECT name FROM person WHERE id = %s", identity) == [("Comma",)])
    assert parcel.command("purge", "--queue", parcel.queue) == "1 purged\n"
    assert parcel.command("list") == ""
    for wrong in ((), ("sing",), ("list", "--id"), ("list", "--id", "x"), ("purge", "--what", "1"),
                  ("purge", "--id", "1", "--queue", "q")):
        assert parcel.command(*wrong, status=64) == ""


# ---- faults -------------------------------------------------------------------------------------

def test_killed_while_letters_arrive_and_are_replayed(parcel):
    """Each is in one place: a dead letter, on its way, or handled once."""
    parcel.command("purge")
    bodies = {}
    for number in range(60):
        identity = 500000 + number
        bodies[parcel.send_bad()] = (identity, parcel.send_person(identity, f"Phoenix {number}"))
        if number in (20, 40):
            parcel.service.restart(ready=False)
    parcel.service.wait_ready()
    wait_for(lambda: {d["message_id"] for d in parcel.list()} == set(bodies), what="60 dead letters")
    kept = parcel.rows("SELECT message_id, count(*) FROM dead_letter GROUP BY 1")
    for message_id, (_, body) in bodies.items():
        parcel.rows("UPDATE dead_letter SET body = %s WHERE message_id = %s", body, message_id)
    answers = 0
    while parcel.list():
        if parcel.admin.post(REPLAY, {"ids": [d["id"] for d in parcel.list()][:20]}, expect=200).json()["count"]:
            answers += 1
            parcel.service.restart()
    assert answers >= 3 and len(kept) == 60
    wait_for(lambda: parcel.rows("SELECT count(*) FROM person WHERE name LIKE 'Phoenix%%'") == [(60,)])
    wait_for(lambda: parcel.rows("SELECT count(*) FROM outbox WHERE key LIKE 'dead letters%%'") == [(0,)])
    assert parcel.list() == []
