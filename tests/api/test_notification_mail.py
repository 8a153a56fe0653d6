"""What leaves the program: mails as files and through a server, short messages, retries."""
import time

import pytest
from lib.smtp import MailServer
from lib.wait import wait_for
from notification_support import CORA, EMIL, EVE, World, html, mails_to, parse, plain

TICKET_URL = "https://help.example.org/t/{number}?from=mail"


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    """Mail becomes files."""
    world = World(start_service, broker, env={"TICKET_URL": TICKET_URL,
                                              "MAIL_FROM": "Help Desk <desk@help.example.org>"})
    yield world
    world.close()


@pytest.fixture(name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(name="smtp")
def _smtp(infra, start_service, server):
    """A program of its own that has this mail server."""
    database, broker = infra.database("mail"), infra.broker("mail")
    world = World(start_service, broker, env={"SMTP_URL": server.url, "DB_URL": database.url("notification-service"),
                                              "AMQP_URL": broker.url})
    world.database = database
    yield world
    world.service.stop()
    world.close()
    database.drop()
    broker.drop()


def send_mail(world, **fields):
    body = {"to": "someone@example.org", "subject": "Hi", "body": "Text", **fields}
    return world.http(CORA).post("/api/v1/notifications/email", body, expect=202).json()


def history(world, identity):
    return world.http(CORA).get(f"/notifications/history/{identity}", expect=200).json()["notifications"]


def mail_file(world, to):
    mail, = wait_for(lambda: mails_to(world.service.mails(), to), what=f"mail to {to}")
    return mail


# ---- files --------------------------------------------------------------------------------------

def test_a_mail_as_a_mail_program_sees_it(world):
    ticket = world.ticket(subject="Größe 😀")
    world.send("ticket.created", ticket)
    mail, = wait_for(lambda: [m for m in mails_to(world.service.mails(), f"user{EMIL}@example.com")
                              if ticket["ticket_number"] in m["Subject"]], what="mail")
    assert mail["From"] == "Help Desk <desk@help.example.org>"
    assert mail["To"] == f"Emil Employee <user{EMIL}@example.com>"
    assert mail["Subject"] == f"We received your ticket {ticket['ticket_number']}"
    text = plain(mail)
    assert f"Your ticket {ticket['ticket_number']} \"Größe 😀\" has been received" in text
    assert TICKET_URL.replace("{number}", ticket["ticket_number"]) in text
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in mail.iter_parts()} == {"utf-8"}
    assert "&quot;Größe 😀&quot;" in html(mail) and "?from=mail" in html(mail)
    assert mail["Auto-Submitted"] == "auto-generated" and mail["MIME-Version"] == "1.0"
    assert mail["Date"].datetime.utcoffset().total_seconds() == 0
    assert abs(mail["Date"].datetime.timestamp() - time.time()) < 120
    assert mail["Message-ID"].startswith("<delivery-") and mail["Message-ID"].endswith("@help.example.org>")
    assert mail["References"] == mail["In-Reply-To"] == f"<ticket-{ticket['ticket_number']}@help.example.org>"


def test_every_mail_has_its_own_id_and_a_ticket_one_thread(world):
    ticket = world.ticket()
    for kind in ("ticket.created", "ticket.assigned"):
        world.send(kind, ticket)
    mails = wait_for(lambda: two([m for m in mails_to(world.service.mails(), f"user{EMIL}@example.com")
                                  if ticket["ticket_number"] in m["Subject"]]), what="two mails")
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert len({mail["References"] for mail in mails}) == 1


def two(items):
    return items if len(items) == 2 else None


def test_hostile_texts(world):
    subject = "Hi\r\nBcc: victim@example.org\r\n\r\n<script>"
    send_mail(world, to="hostile@example.org", subject=subject, body=".\r\n.\nRCPT TO:<x@y.z>\n\x1b[31m\n..\n" + "ü" * 5000)
    mail = mail_file(world, "hostile@example.org")
    assert mail["Bcc"] is None and mail.keys().count("Subject") == 1
    assert "victim@example.org" in mail["Subject"]
    assert plain(mail).replace("\r", "").startswith(".\n.\nRCPT TO:<x@y.z>\n")
    assert plain(mail).count("ü") == html(mail).count("ü") == 5000
    assert "<script>" not in html(mail) and "RCPT TO:&lt;x@y.z&gt;" in html(mail)
    raw = next(text for text in world.service.mails() if "hostile@example.org" in text)
    assert all(len(line) < 998 for line in raw.splitlines())


def test_a_hostile_ticket_number(world):
    ticket = world.ticket(ticket_number="TX\r\nBcc: victim@example.org\r\n\r\n9")
    world.send("ticket.created", ticket)
    mail, = wait_for(lambda: [m for m in mails_to(world.service.mails(), f"user{EMIL}@example.com")
                              if "victim" in m["Subject"]], what="mail")
    assert mail["Bcc"] is None and "\n" not in mail["References"]


def test_short_messages_become_files_in_development(world):
    world.http(CORA).post("/api/v1/notifications/sms", {"to": "+49 151", "message": "Grüße"}, expect=202)
    world.http(CORA).post("/api/v1/notifications/push", {"token": "device", "title": "Hi", "body": "there"}, expect=202)
    folder = world.service.work / "mail"
    sms = wait_for(lambda: next(folder.glob("*.sms")).read_text(encoding="utf-8"), what="the short message")
    assert sms == "To: +49 151\nTitle: Short message\n\nGrüße\n"
    push = wait_for(lambda: next(folder.glob("*.push")).read_text(encoding="utf-8"), what="the push message")
    assert push == "To: device\nTitle: Hi\n\nthere\n"


def test_preferences_stop_mails_about_tickets_but_not_mails_sent_on_purpose(world):
    world.http(EVE).put("/api/v1/notifications/preferences", {"email_enabled": False}, expect=200)
    ticket = world.ticket(requester_id=EVE)
    world.send("ticket.created", ticket)
    world.told(EVE, ticket["ticket_number"])
    send_mail(world, user_id=EVE, to=None, subject="On purpose")
    assert mail_file(world, f"user{EVE}@example.com")["Subject"] == "On purpose"
    world.http(EVE).put("/api/v1/notifications/preferences", {"email_enabled": True}, expect=200)


def test_who_is_not_known_yet_is_mailed_later(world):
    ticket = world.ticket(requester_id=88)
    world.send("ticket.created", ticket)
    wait_for(lambda: history(world, 88), what="the notification")
    world.amqp.send_event("user.updated", {"id": 88, "email": "late@example.org", "name": "Late", "department": "",
                                           "active": True, "version": 1, "roles": []})
    mail = wait_for(lambda: mails_to(world.service.mails(), "late@example.org"), what="mail")[0]
    assert ticket["ticket_number"] in mail["Subject"]


# ---- a server -----------------------------------------------------------------------------------

def test_a_mail_through_a_server(smtp, server):
    made = send_mail(smtp, subject="Ü" * 100, body=".leading dot\n" + "long " * 400)
    sender, recipients, text = wait_for(lambda: server.mails and server.mails[0], what="mail")
    assert sender == "helpdesk@example.com" and recipients == ["someone@example.org"]
    mail = parse(text)
    assert mail["Subject"] == "Ü" * 100 and plain(mail).startswith(".leading dot")
    wait_for(lambda: smtp.http(CORA).get("/notifications/queue").json()["queue_length"] == 0, what="an empty queue")
    assert smtp.service.mails() == [] and made["channel"] == "email"


def outcome(world, subject):
    """(status, attempts, last error) of a mail's delivery."""
    rows = world.database.query("SELECT d.status, d.attempts, d.last_error FROM delivery d JOIN notification n"
                                " ON n.id = d.notification_id WHERE n.title = %s", subject, program="notification-service")
    return rows[0] if rows else None


@pytest.mark.parametrize("answers", [
    {"RCPT": "550 no such user"},
    {"MAIL": "552 too large"},
    {"MESSAGE": "554 spam"},
])
def test_a_refused_mail_is_given_up(smtp, server, answers):
    server.answers = answers
    smtp.http(CORA).post("/notifications/notify", {"user_id": EMIL, "type": "test_alert", "channel": "email",
                                                   "message": "x"}, expect=201)
    row = wait_for(lambda: next(row for row in history(smtp, EMIL) if row["status"] != "pending"), what="an outcome")
    assert (row["status"], row["retry_count"], row["sent_at"]) == ("failed", 0, None)
    queue = smtp.http(CORA).get("/notifications/queue", expect=200).json()
    assert queue == {"queue_length": 0, "stats": [{"status": "failed", "count": "1"}]}


@pytest.mark.parametrize("answers", [
    {"CONNECT": "421 come back later"},
    {"RCPT": "451 greylisted"},
    {"MESSAGE": "452 disk full"},
])
def test_a_busy_server_is_asked_again(smtp, server, answers):
    server.answers = answers
    send_mail(smtp, subject="again")
    wait_for(lambda: outcome(smtp, "again")[2], what="a failed attempt")
    assert outcome(smtp, "again")[:2] == ("queued", 1) and server.mails == []
    server.answers = {}
    wait_for(lambda: outcome(smtp, "again")[0] == "sent", what="the second attempt")
    assert len(server.mails) == 1 and outcome(smtp, "again")[1:] == (2, None)


def test_a_server_that_is_away_is_asked_again(smtp, server):
    smtp.service.set_env("SMTP_URL", "smtp://127.0.0.1:9")
    smtp.service.restart()
    send_mail(smtp, subject="away")
    wait_for(lambda: outcome(smtp, "away")[2], what="a failed attempt")
    smtp.service.set_env("SMTP_URL", server.url)
    smtp.service.restart()
    wait_for(lambda: outcome(smtp, "away")[0] == "sent", what="the second attempt")
    assert len(server.mails) == 1


def test_a_server_that_hangs_holds_nothing_else_up(smtp, server):
    server.answers = {"RCPT": None}
    send_mail(smtp, subject="hangs")
    wait_for(lambda: server.connections == 1, what="a connection")
    ticket = smtp.ticket()
    smtp.send("ticket.created", ticket)
    smtp.told(EMIL, ticket["ticket_number"])
    started = time.monotonic()
    smtp.service.terminate()
    smtp.service.stop()
    assert time.monotonic() - started < 20
    server.released.set()
    server.answers = {}
    smtp.service.start()


def test_a_mail_that_may_have_been_sent_is_sent_again_as_the_same(smtp, server):
    """The process dies after the server has taken the mail and before it has said so."""
    server.answers = {"MESSAGE": None}
    send_mail(smtp, subject="twice")
    wait_for(lambda: server.connections == 1, what="a connection")
    smtp.service.kill()
    assert outcome(smtp, "twice")[:2] == ("sending", 1)
    server.answers = {}
    smtp.service.start()
    first = smtp.database.query("UPDATE delivery SET next_attempt_at = next_attempt_at - interval '1 hour'"
                                " RETURNING id, created_at", program="notification-service")
    wait_for(lambda: outcome(smtp, "twice")[0] == "sent", what="the second attempt")
    assert len(server.mails) == 1
    assert parse(server.mails[0][2])["Message-ID"].startswith(f"<delivery-{first[0][0]}.")


def test_many_mails_by_two_processes_are_sent_once_each(smtp, server):
    other = smtp.replica()
    for n in range(40):
        send_mail(smtp, to=f"reader{n}@example.org")
    wait_for(lambda: len(server.mails) >= 40, what="all mails")
    wait_for(lambda: smtp.http(CORA).get("/notifications/queue").json()["queue_length"] == 0, what="an empty queue")
    assert sorted(mail[1][0] for mail in server.mails) == sorted(f"reader{n}@example.org" for n in range(40))
    other.stop()


def test_production_has_no_recording_provider(infra, start_service, server):
    database, broker = infra.database("production"), infra.broker("production")
    secret = "a-secret-of-production-0123456789abcdef"
    world = World(start_service, broker, ready=False, env={
        "ENVIRONMENT": "production", "JWT_SECRET": secret, "SECRET_KEY": secret, "SMTP_URL": server.url,
        "DB_URL": database.url("notification-service"), "AMQP_URL": broker.url})
    try:
        world.service.wait_ready()
        http = world.service.http.as_user(CORA, [("hdts", "Ticket Coordinator")], secret=secret)
        http.post("/notifications/notify", {"user_id": EMIL, "type": "test_alert", "channel": "sms", "message": "x"},
                  expect=201)
        path = f"/notifications/history/{EMIL}"
        wait_for(lambda: next(row for row in http.get(path).json()["notifications"] if row["status"] == "failed"),
                 what="the failure")
        assert list((world.service.work / "mail").iterdir()) == []
    finally:
        world.service.stop()
        world.close()
        database.drop()
        broker.drop()
