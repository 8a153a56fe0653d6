"""Deliveries as administrators see them: lists, attempts, resending, limits; a program that is killed while it sends."""
import itertools

import pytest
from lib import tokens
from lib.http import check_error
from lib.smtp import MailServer
from lib.wait import wait_for
from notification_support import ADAM, CORA, EMIL, EVE, RITA, World, mails_to, parse

PATH = "/api/v1/notifications/deliveries"


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="world")
def _world(infra, start_service, broker, server):
    database = infra.database("delivery")
    world = World(start_service, broker, env={"DB_URL": database.url("notification-service"), "SMTP_URL": server.url,
                                              "EMAIL_PER_HOUR": "3", "EMAIL_PER_DAY": "0", "SMS_PER_HOUR": "2"})
    world.database = database
    yield world
    world.service.stop()
    world.close()
    database.drop()


@pytest.fixture(autouse=True)
def _calm(world, server):
    yield
    server.answers = {}
    world.database.query("DELETE FROM preference", program="notification-service")
    world.database.query("DELETE FROM digest", program="notification-service")
    world.database.query("DELETE FROM notification", program="notification-service")
    world.database.query("UPDATE mailbox SET unread = 0", program="notification-service")


def send_mail(world, **fields):
    body = {"to": "someone@example.org", "subject": "Hi", "body": "Text", **fields}
    return world.http(CORA).post("/api/v1/notifications/email", body, expect=202).json()


def ended(world, title, status, **params):
    return wait_for(lambda: (lambda one: one["status"] == status and one)(world.delivery_of(title, **params)), what=status)


def due(world, clause="true"):
    """Lets what waits go at once."""
    world.database.query(f"UPDATE delivery SET next_attempt_at = now() WHERE status IN ('queued', 'sending') AND {clause}",
                         program="notification-service")


# ---- looking ------------------------------------------------------------------------------------

@pytest.mark.parametrize("identity", [EMIL, CORA, RITA])
def test_deliveries_are_administrators_business(world, identity):
    for method, path in (("GET", PATH), ("GET", PATH + "/1"), ("GET", PATH + "/stats"), ("POST", PATH + "/1/resend")):
        check_error(world.http(identity).request(method, path), 403, "FORBIDDEN")


def test_a_delivery_and_its_attempts(world, server):
    server.answers = {"RCPT": "451 greylisted"}
    send_mail(world, subject="attempts", user_id=EMIL)
    waiting = wait_for(lambda: (lambda one: one["last_error"] and one)(world.delivery_of("attempts")), what="an attempt")
    assert waiting["status"] == "queued" and waiting["attempts"] == 1 and waiting["next_attempt_at"]
    server.answers = {}
    due(world)
    sent = ended(world, "attempts", "sent")
    assert sent["next_attempt_at"] is None and sent["sent_at"] and sent["last_error"] is None
    assert (sent["recipient"], sent["user_id"], sent["channel"], sent["type"]) == ("someone@example.org", EMIL, "email",
                                                                                   "email")
    body = world.http(ADAM).get(f"{PATH}/{sent['id']}", expect=200).json()
    assert body["delivery"] == sent
    assert [(one["number"], bool(one["error"])) for one in body["attempts"]] == [(2, False), (1, True)]
    assert "451" in body["attempts"][1]["error"]
    service = world.service.http.with_token(tokens.mint_service())
    service.get(f"{PATH}/{sent['id']}", expect=200)
    for identity in (0, "abc", 10 ** 12, 10 ** 30):
        check_error(world.http(ADAM).get(f"{PATH}/{identity}"), 404, "NOT_FOUND")


def test_lists(world):
    for n in range(5):
        send_mail(world, subject=f"list {n}", to=f"l{n}@example.org")
    world.http(CORA).post("/api/v1/notifications/sms", {"to": "+49151", "message": "x"}, expect=202)
    wait_for(lambda: len(world.deliveries(status="sent")) == 6, what="all of them")
    admin = world.http(ADAM)
    first = admin.get(PATH, params={"page_size": 2, "channel": "email"}, expect=200).json()
    assert first["count"] == 5 and [one["title"] for one in first["results"]] == ["list 4", "list 3"]
    second = admin.get(PATH, params={"page_size": 2, "channel": "email", "page": 2}, expect=200).json()
    assert [one["title"] for one in second["results"]] == ["list 2", "list 1"]
    by_cursor = admin.get(PATH, params={"page_size": 2, "channel": "email", "cursor": first["next_cursor"]},
                          expect=200).json()
    assert by_cursor["results"] == second["results"]
    assert len(world.deliveries(channel="sms")) == 1 and world.deliveries(status="failed") == []
    assert len(world.deliveries(channel="email", status="sent")) == 5 and world.deliveries(user_id=EVE) == []
    for params, status in (({"status": "x"}, 422), ({"channel": "in_app"}, 422), ({"user_id": 0}, 422),
                           ({"user_id": "x"}, 400), ({"cursor": "x"}, 422), ({"page": 0}, 422)):
        answer = admin.get(PATH, params=params)
        check_error(answer, status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_figures(world):
    send_mail(world, subject="figures")
    world.notify(EMIL)
    ended(world, "figures", "sent")
    stats = world.http(ADAM).get(PATH + "/stats", expect=200).json()["stats"]
    assert {(one["channel"], one["status"]): one["count"] for one in stats} == {("email", "sent"): 1, ("in_app", "sent"): 1}
    queue = world.http(CORA).get("/notifications/queue", expect=200).json()
    assert queue == {"queue_length": 0, "stats": [{"status": "sent", "count": "2"}]}


# ---- again --------------------------------------------------------------------------------------

def test_resending(world, server):
    server.answers = {"RCPT": "550 no such user"}
    send_mail(world, subject="again")
    failed = ended(world, "again", "failed")
    server.answers = {}
    key = {"Idempotency-Key": "resend"}
    answer = world.http(ADAM).post(f"{PATH}/{failed['id']}/resend", headers=key, expect=201)
    made = answer.json()
    assert made["id"] != failed["id"] and made["notification_id"] == failed["notification_id"]
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    again = world.http(ADAM).post(f"{PATH}/{failed['id']}/resend", headers=key, expect=201)
    assert again.json()["id"] == made["id"]
    wait_for(lambda: world.http(ADAM).get(f"{PATH}/{made['id']}").json()["delivery"]["status"] == "sent", what="sent")
    texts = [text for _, _, text in server.mails if parse(text)["Subject"] == "again"]
    assert len(texts) == 1 and parse(texts[0])["Message-ID"].startswith(f"<delivery-{made['id']}.")
    assert world.http(ADAM).get(f"{PATH}/{failed['id']}").json()["delivery"]["status"] == "failed"
    for identity in (0, "abc", 10 ** 12):
        check_error(world.http(ADAM).post(f"{PATH}/{identity}/resend"), 404, "NOT_FOUND")


def test_what_is_on_its_way_is_not_sent_again(world, server):
    server.answers = {"RCPT": "451 greylisted"}
    send_mail(world, subject="under way")
    waiting = wait_for(lambda: world.delivery_of("under way"), what="the delivery")
    answer = world.http(ADAM).post(f"{PATH}/{waiting['id']}/resend")
    assert check_error(answer, 409, "CONFLICT")["details"]["reason"] == "it is still on its way"


# ---- limits -------------------------------------------------------------------------------------

def test_more_mail_than_a_person_may_get_waits_in_a_digest(world, server):
    tickets = [world.ticket(requester_id=EVE, owner_id=None) for _ in range(6)]
    for ticket in tickets:
        world.send("ticket.created", ticket)
    for ticket in tickets:
        world.told(EVE, ticket["ticket_number"])
    wait_for(lambda: len(world.deliveries(user_id=EVE, status="sent")) == 3, what="three mails")
    collected = world.deliveries(user_id=EVE, status="collected")
    assert len(collected) == 3
    world.database.query("UPDATE digest SET due_at = now()", program="notification-service")
    mail = wait_for(lambda: next(mail for mail in mails_to([text for _, _, text in server.mails], f"user{EVE}@example.com")
                                 if mail["Subject"] == "3 notifications from the helpdesk"), what="the digest")
    for one in collected:
        assert one["title"] in mail.get_body(("plain",)).get_content()
    wait_for(lambda: not world.deliveries(user_id=EVE, status="collected"), what="the rest")
    again = world.http(ADAM).post(f"{PATH}/{collected[0]['id']}/resend")
    assert check_error(again, 409, "CONFLICT")["details"]["reason"] == "a digest has told of it"
    digest = next(one for one in world.deliveries(user_id=EVE) if one["type"] == "digest")
    world.http(ADAM).post(f"{PATH}/{digest['id']}/resend", expect=201)
    wait_for(lambda: sum(mail["Subject"] == "3 notifications from the helpdesk" for mail in mails_to(
        [text for _, _, text in server.mails], f"user{EVE}@example.com")) == 2, what="the digest again")


def test_more_mail_on_purpose_than_an_address_may_get_waits(world):
    for n in range(5):
        send_mail(world, subject=f"limit {n}", to="Limited@example.org")
    wait_for(lambda: len(world.deliveries(status="sent")) == 3, what="three mails")
    waiting = world.deliveries(status="queued")
    assert [one["title"] for one in waiting] == ["limit 4", "limit 3"]
    assert waiting[1]["not_before"] > waiting[1]["created_at"] and waiting[0]["not_before"] >= waiting[1]["not_before"]
    send_mail(world, subject="another", to="other@example.org")
    ended(world, "another", "sent")
    due(world)
    wait_for(lambda: len(world.deliveries(status="sent")) == 6, what="all of them in the end")


def test_the_limit_is_kept_whoever_sends(world):
    other = world.replica()
    try:
        tickets = [world.ticket(requester_id=EVE, owner_id=None) for _ in range(30)]
        for ticket in tickets:
            world.send("ticket.created", ticket)
        wait_for(lambda: len(world.deliveries(user_id=EVE)) == 30, what="all of them")
        wait_for(lambda: len(world.deliveries(user_id=EVE, status="sent")) == 3, what="three mails")
        assert len(world.deliveries(user_id=EVE, status="collected")) == 27
    finally:
        other.stop()


# ---- killed -------------------------------------------------------------------------------------

def message_ids(server, prefix):
    return [parse(text)["Message-ID"] for _, _, text in server.mails if parse(text)["Subject"].startswith(prefix)]


def test_a_program_killed_while_sending_loses_and_doubles_nothing(world, server):
    """What was acknowledged arrives; what arrives twice has the same Message-ID."""
    acknowledged = []
    for round_ in range(4):
        unanswered, taken = [], itertools.count()
        server.answers = {"MESSAGE": lambda _, usual, u=unanswered, t=taken: usual if next(t) < 8 else u.append(1)}
        for n in range(25):
            acknowledged.append(send_mail(world, subject=f"kill {round_}.{n}", to=f"k{round_}.{n}@k{n % 5}.example.org"))
        wait_for(lambda u=unanswered: len(u) > 4, what="mails in hand")
        world.service.kill()
        server.answers = {}
        world.service.start()
        due(world, "status = 'sending'")
    wait_for(lambda: len(world.deliveries(status="sent")) == 100, what="all of them")
    mails = {parse(text)["Subject"]: set() for _, _, text in server.mails if parse(text)["Subject"].startswith("kill ")}
    for _, _, text in server.mails:
        if parse(text)["Subject"] in mails:
            mails[parse(text)["Subject"]].add(parse(text)["Message-ID"])
    assert set(mails) == {one["title"] for one in acknowledged} and len(acknowledged) == 100
    assert all(len(ids) == 1 for ids in mails.values())
    assert len(set(message_ids(server, "kill "))) == 100


def test_events_consumed_by_a_program_that_is_killed_notify_once(world):
    tickets = [world.ticket(requester_id=EVE, owner_id=None) for _ in range(60)]
    for part in range(3):
        for ticket in tickets[part * 20:part * 20 + 20]:
            world.send("ticket.created", ticket)
        wait_for(lambda p=part: len(world.notifications(EVE, limit=100)) > p * 20, what="the first ones")
        world.service.kill()
        world.service.start()
    for ticket in tickets:
        world.told(EVE, ticket["ticket_number"])
    listed = [one["ticket_number"] for one in world.notifications(EVE, limit=100)]
    assert sorted(listed) == sorted(ticket["ticket_number"] for ticket in tickets)
    assert world.unread(EVE) == 60 and len(world.deliveries(user_id=EVE)) == 60
