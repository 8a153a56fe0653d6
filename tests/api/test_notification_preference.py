"""What people want to be told: the matrix, its defaults, quiet hours, digests, links that take mail off."""
import datetime

import pytest
import requests
from lib import tokens
from lib.http import check_error
from lib.wait import DEADLINE, wait_for
from notification_support import ADAM, CORA, EMIL, EVE, RITA, World, html, mails_to, plain

PATH = "/api/v1/notifications/preferences"
DEFAULTS = PATH + "/defaults"
GROUPS = ["tickets", "assignments", "comments", "mentions", "workflow", "deadlines", "messages", "feedback", "jobs",
          "account"]
CHANNELS = ["in_app", "email", "sms", "push"]


@pytest.fixture(scope="module", name="world")
def _world(infra, start_service, broker):
    database = infra.database("preference")
    world = World(start_service, broker, env={"PUBLIC_URL": "https://help.example.org/", "EMAIL_PER_HOUR": "0",
                                              "EMAIL_PER_DAY": "0", "DB_URL": database.url("notification-service")})
    world.database = database
    yield world
    world.service.stop()
    world.close()
    database.drop()


@pytest.fixture(autouse=True)
def _forget_wishes(world):
    yield
    world.database.query("DELETE FROM preference", program="notification-service")


def mails(world, identity, number):
    return [mail for mail in mails_to(world.service.mails(), f"user{identity}@example.com")
            if number in str(mail["References"])]


def settle(world):
    """What has been sent so far has been handled, and what is due has gone out."""
    mark = world.ticket()
    world.send("ticket.created", mark)
    world.told(EMIL, mark["ticket_number"])
    wait_for(lambda: not [one for one in world.deliveries() if one["status"] == "sending" or (
        one["status"] == "queued" and one["next_attempt_at"] < now())], what="an idle queue")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


# ---- one's own ----------------------------------------------------------------------------------

def test_what_holds_before_anything_is_said(world):
    answer = world.http(RITA).get(PATH, expect=200)
    assert answer.headers["ETag"] == '"0"'
    body = answer.json()
    groups, matrix = body.pop("groups"), body.pop("matrix")
    assert body == {"email_enabled": True, "sms_enabled": True, "push_enabled": True, "phone": None, "language": None,
                    "time_zone": "UTC", "digest": "immediate", "digest_at": "08:00", "quiet_hours": None, "version": 0,
                    "updated_at": None}
    assert list(matrix) == GROUPS
    assert all(cells == {"in_app": True, "email": True, "sms": False, "push": True} for cells in matrix.values())
    assert [one["name"] for one in groups] == GROUPS and all(one["about"] for one in groups)
    assert {one["name"]: one["locked"] for one in groups if one["locked"]} == {
        "assignments": ["in_app"], "account": ["in_app", "email"]}


def test_changes_are_kept_field_by_field(world):
    changed = world.wish(RITA, email_enabled=False)
    assert changed["email_enabled"] is False and changed["sms_enabled"] is True and changed["updated_at"]
    assert changed["version"] == 1
    world.wish(RITA, language="de-AT", time_zone="Europe/Vienna", phone=" +436601234567 ", digest="daily",
               digest_at="07:30", quiet_hours={"from": "22:00", "to": "06:45"})
    changed = world.wish(RITA, matrix={"comments": {"sms": True, "push": False}})
    assert changed["matrix"]["comments"] == {"in_app": True, "email": False, "sms": True, "push": False}
    assert world.http(RITA).get(PATH, expect=200).json() == changed
    assert {key: changed[key] for key in ("language", "time_zone", "phone", "digest", "digest_at", "quiet_hours")} == {
        "language": "de-AT", "time_zone": "Europe/Vienna", "phone": "+436601234567", "digest": "daily",
        "digest_at": "07:30", "quiet_hours": {"from": "22:00", "to": "06:45"}}
    back = world.wish(RITA, language=None, time_zone=None, phone=None, digest=None, digest_at=None, quiet_hours=None,
                      matrix={"comments": {"sms": None}}, email_enabled=True)
    assert (back["language"], back["time_zone"], back["phone"], back["digest"], back["digest_at"],
            back["quiet_hours"]) == (None, "UTC", None, "immediate", "08:00", None)
    assert back["matrix"]["comments"] == {"in_app": True, "email": True, "sms": False, "push": False}
    assert world.wish(RITA, matrix=None)["matrix"]["comments"]["push"] is True
    assert world.http(EMIL).get(PATH, expect=200).json()["version"] == 0


def test_nobody_overwrites_what_they_have_not_seen(world):
    tag = world.http(RITA).get(PATH, expect=200).headers["ETag"]
    answer = world.http(RITA).put(PATH, {"digest": "hourly"}, headers={"If-Match": tag}, expect=200)
    assert answer.headers["ETag"] == '"1"'
    refused = world.http(RITA).put(PATH, {"digest": "daily"}, headers={"If-Match": tag})
    assert check_error(refused, 412, "PRECONDITION_FAILED")["details"]["current_version"] == 1
    world.http(RITA).put(PATH, {"digest": "daily"}, headers={"If-Match": '"1"'}, expect=200)


@pytest.mark.parametrize("body,fields", [
    ({"language": "german"}, {"language"}),
    ({"language": "DE"}, {"language"}),
    ({"time_zone": "Europe/Nowhere"}, {"time_zone"}),
    ({"time_zone": "'; DROP TABLE preference; --"}, {"time_zone"}),
    ({"time_zone": "../../etc/passwd"}, {"time_zone"}),
    ({"phone": "0151 123"}, {"phone"}),
    ({"phone": "+1"}, {"phone"}),
    ({"phone": "+4915112345\r\nX"}, {"phone"}),
    ({"digest": "weekly"}, {"digest"}),
    ({"digest_at": "8:00"}, {"digest_at"}),
    ({"digest_at": "24:00"}, {"digest_at"}),
    ({"quiet_hours": {"from": "22:00"}}, {"quiet_hours"}),
    ({"quiet_hours": {"from": "22:00", "to": "25:00"}}, {"quiet_hours"}),
    ({"quiet_hours": {"from": "-1:00", "to": "07:00"}}, {"quiet_hours"}),
    ({"quiet_hours": "always"}, {"quiet_hours"}),
    ({"matrix": []}, {"matrix"}),
    ({"matrix": {"comments": True}}, {"matrix.comments"}),
    ({"matrix": {"comments": {"email": "no"}}}, {"matrix.comments.email"}),
    ({"matrix": {"comments": {"pigeon": True}, "x": {"email": True}}}, {"matrix.comments.pigeon", "matrix.x.email"}),
    ({"matrix": {"account": {"email": False}}}, {"matrix.account.email"}),
    ({"matrix": {"assignments": {"in_app": False}}}, {"matrix.assignments.in_app"}),
    ({"locked": {"comments": ["email"]}}, {"locked"}),
    ({"language": "x", "phone": "x", "digest_at": "x"}, {"language", "phone", "digest_at"}),
])
def test_refused_wishes(world, body, fields):
    answer = world.http(RITA).put(PATH, body)
    assert set(check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]) == fields
    assert world.http(RITA).get(PATH, expect=200).json()["version"] == 0


@pytest.mark.parametrize("body", [{"email_enabled": "no"}, {"language": 7}, {"digest": 7}, {"phone": ["+49"]}])
def test_ill_typed_wishes(world, body):
    check_error(world.http(RITA).put(PATH, body), 400, "INVALID_INPUT")


def test_unknown_members_are_refused(world):
    answer = world.http(RITA).put(PATH, {"email": True})
    assert answer.status_code in (400, 422) and "email" in answer.json()["details"]["fields"]


# ---- everybody's --------------------------------------------------------------------------------

@pytest.mark.parametrize("identity", [EMIL, CORA, RITA])
def test_defaults_are_administrators_business(world, identity):
    check_error(world.http(identity).get(DEFAULTS), 403, "FORBIDDEN")
    check_error(world.http(identity).put(DEFAULTS, {}), 403, "FORBIDDEN")


def test_defaults_hold_for_who_has_said_nothing(world):
    admin = world.http(ADAM)
    admin.put(DEFAULTS, {"language": "de", "time_zone": "Europe/Berlin", "digest": "hourly",
                         "quiet_hours": {"from": "20:00", "to": "06:00"},
                         "matrix": {"messages": {"push": False}}, "locked": {"deadlines": ["email"]}}, expect=200)
    world.wish(RITA, digest="immediate", matrix={"messages": {"push": True}}, quiet_hours=None)
    emil, rita = (world.http(one).get(PATH, expect=200).json() for one in (EMIL, RITA))
    assert (emil["language"], emil["time_zone"], emil["digest"]) == ("de", "Europe/Berlin", "hourly")
    assert emil["quiet_hours"] == {"from": "20:00", "to": "06:00"}
    assert emil["matrix"]["messages"]["push"] is False
    assert (rita["language"], rita["digest"], rita["quiet_hours"]) == ("de", "immediate", None)
    assert rita["matrix"]["messages"]["push"] is True
    answer = world.http(RITA).put(PATH, {"matrix": {"deadlines": {"email": False}}})
    assert "matrix.deadlines.email" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]
    off = world.wish(RITA, email_enabled=False)
    assert off["matrix"]["deadlines"]["email"] is True and off["matrix"]["comments"]["email"] is False
    kept = admin.get(DEFAULTS, expect=200)
    assert kept.headers["ETag"] == '"1"' and "email_enabled" not in kept.json()
    check_error(admin.put(DEFAULTS, {}, headers={"If-Match": '"0"'}), 412, "PRECONDITION_FAILED")


@pytest.mark.parametrize("body,field", [
    ({"phone": "+49151123456"}, "email_enabled"),
    ({"email_enabled": False}, "email_enabled"),
    ({"locked": {"comments": ["pigeon"]}}, "locked"),
    ({"locked": {"comments": "email"}}, "locked"),
    ({"locked": []}, "locked"),
    ({"matrix": {"account": {"email": False}}}, "matrix.account.email"),
])
def test_refused_defaults(world, body, field):
    answer = world.http(ADAM).put(DEFAULTS, body)
    assert field in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]


# ---- the matrix at work -------------------------------------------------------------------------

def test_a_cell_that_is_off(world):
    world.wish(EVE, matrix={"tickets": {"email": False}})
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    world.send("ticket.commented", {**ticket, "comment": "hi", "visibility": "public", "actor_id": CORA})
    world.told(EVE, ticket["ticket_number"], "ticket_created")
    world.told(EVE, ticket["ticket_number"], "comment_added")
    settle(world)
    mail, = mails(world, EVE, ticket["ticket_number"])
    assert "New reply" in mail["Subject"]


def test_only_mail(world):
    world.wish(EVE, matrix={"tickets": {"in_app": False}})
    unread = world.unread(EVE)
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    wait_for(lambda: mails(world, EVE, ticket["ticket_number"]), what="mail")
    assert world.about(EVE, ticket["ticket_number"]) == [] and world.unread(EVE) == unread


def test_nothing_at_all(world):
    world.wish(EVE, matrix={"tickets": {channel: False for channel in CHANNELS}})
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    settle(world)
    assert world.about(EVE, ticket["ticket_number"]) == [] and mails(world, EVE, ticket["ticket_number"]) == []


def test_watchers_and_who_is_named(world):
    ticket = world.ticket(owner_id=None)
    world.send("ticket.commented", {**ticket, "comment": "hi @Rita", "visibility": "internal", "actor_id": ADAM,
                                    "actor_name": "Adam Admin", "watcher_ids": [EVE, RITA], "mentioned_ids": [RITA]})
    assert world.told(EVE, ticket["ticket_number"])["type"] == "comment_added"
    named = world.told(RITA, ticket["ticket_number"])
    assert named["type"] == "mention" and named["title"].startswith("Adam Admin named you")
    settle(world)
    assert world.about(EMIL, ticket["ticket_number"]) == []


def test_a_language(world):
    world.wish(EVE, language="de-AT")
    ticket = world.ticket(requester_id=EVE, owner_id=None, subject="Größe <b>")
    world.send("ticket.created", ticket)
    told = world.told(EVE, ticket["ticket_number"])
    assert told["title"] == f"Wir haben Ihr Ticket {ticket['ticket_number']} erhalten"
    mail, = wait_for(lambda: mails(world, EVE, ticket["ticket_number"]), what="mail")
    assert mail["Subject"] == told["title"] and "Keine solchen Mails mehr" in plain(mail)
    assert "Größe &lt;b&gt;" in html(mail) and 'lang="de"' in html(mail)


# ---- quiet hours --------------------------------------------------------------------------------

def around_now(hours_before, hours_after):
    moment = datetime.datetime.now(datetime.timezone.utc)
    begin, end = moment - datetime.timedelta(hours=hours_before), moment + datetime.timedelta(hours=hours_after)
    return {"from": begin.strftime("%H:%M"), "to": end.strftime("%H:%M")}, end


def test_quiet_hours_put_mail_off(world):
    quiet, end = around_now(2, 3)
    world.wish(EVE, quiet_hours=quiet)
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    told = world.told(EVE, ticket["ticket_number"])
    settle(world)
    assert mails(world, EVE, ticket["ticket_number"]) == []
    waiting = world.delivery_of(told["title"], user_id=EVE)
    assert waiting["status"] == "queued" and waiting["attempts"] == 0
    assert waiting["not_before"] == end.strftime("%Y-%m-%dT%H:%M:00.000Z")
    world.database.query("UPDATE delivery SET next_attempt_at = now() WHERE id = %s", waiting["id"],
                         program="notification-service")
    wait_for(lambda: mails(world, EVE, ticket["ticket_number"]), what="mail")


def test_urgent_mail_passes(world):
    quiet, _ = around_now(2, 3)
    world.wish(EVE, quiet_hours=quiet, digest="daily")
    ticket = world.ticket(owner_id=EVE)
    world.send("sla.breached", {**world.task(ticket), "assignee_id": None, "owner_id": EVE})
    wait_for(lambda: mails(world, EVE, ticket["ticket_number"]), what="mail")


def test_mail_on_purpose_passes(world):
    quiet, _ = around_now(2, 3)
    world.wish(EVE, quiet_hours=quiet, digest="daily", email_enabled=False)
    body = {"user_id": EVE, "subject": "On purpose, at night", "body": "Text"}
    world.http(CORA).post("/api/v1/notifications/email", body, expect=202)
    wait_for(lambda: [one for one in mails_to(world.service.mails(), f"user{EVE}@example.com")
                      if one["Subject"] == body["subject"]], what="mail")


# ---- digests ------------------------------------------------------------------------------------

def digests(world, identity):
    return [mail for mail in mails_to(world.service.mails(), f"user{identity}@example.com")
            if "notifications from the helpdesk" in mail["Subject"]]


def make_due(world, identity):
    world.database.query("UPDATE digest SET due_at = now() - interval '1 second' WHERE user_id = %s RETURNING 1",
                         identity, program="notification-service")


@pytest.mark.parametrize("digest,hours", [("hourly", 1), ("daily", 24)])
def test_a_digest_lists_what_was_collected(world, digest, hours):
    before = len(digests(world, EVE))
    world.wish(EVE, digest=digest)
    tickets = [world.ticket(requester_id=EVE, owner_id=None, subject=f"<i>{n}</i> & Co") for n in range(3)]
    for ticket in tickets:
        world.send("ticket.created", ticket)
    titles = [world.told(EVE, ticket["ticket_number"])["title"] for ticket in tickets]
    settle(world)
    collected = [world.delivery_of(title, user_id=EVE) for title in titles]
    assert {one["status"] for one in collected} == {"collected"}
    due = world.database.query("SELECT due_at - now() FROM digest WHERE user_id = %s", EVE,
                               program="notification-service")[0][0]
    assert datetime.timedelta(0) < due <= datetime.timedelta(hours=hours)
    make_due(world, EVE)
    mail = wait_for(lambda: digests(world, EVE)[before:], what="the digest")[0]
    assert mail["Subject"] == "3 notifications from the helpdesk"
    for ticket, title in zip(tickets, titles):
        assert title in plain(mail) and ticket["subject"] in plain(mail)
        assert ticket["ticket_number"] in html(mail) and "<i>" not in html(mail)
    assert mail["Auto-Submitted"] == "auto-generated" and mail["List-Unsubscribe"]
    wait_for(lambda: {world.delivery_of(title, user_id=EVE)["status"] for title in titles} == {"sent"}, what="sent")
    assert {world.delivery_of(title, user_id=EVE)["digest_id"] for title in titles} == {
        world.deliveries(user_id=EVE)[0]["id"]}
    assert mails(world, EVE, tickets[0]["ticket_number"]) == []
    settle(world)
    assert len(digests(world, EVE)) == before + 1


def test_several_replicas_send_one_digest(world):
    others = [world.replica(DB_URL=world.database.url("notification-service")) for _ in range(2)]
    people = range(300, 320)
    before = {identity: 0 for identity in people}
    for identity in people:
        world.amqp.send_event("user.created", {"id": identity, "email": f"user{identity}@example.com", "name": "New",
                                               "department": "", "active": True, "version": 1, "roles": []})
        world.database.query("INSERT INTO preference (user_id, updated_at, digest) VALUES (%s, now(), 'hourly')",
                             identity, program="notification-service")
    wait_for(lambda: world.database.query("SELECT count(*) FROM person WHERE id BETWEEN 300 AND 319",
                                          program="notification-service")[0][0] == 20, what="the people")
    tickets = [world.ticket(requester_id=identity, owner_id=None) for identity in people]
    for ticket in tickets:
        for _ in range(2):
            world.send("ticket.created", ticket)

    def collected():
        return world.database.query("SELECT count(*) FROM delivery WHERE status = 'collected' AND user_id >= 300"
                                    " AND user_id < 320", program="notification-service")[0][0]
    wait_for(lambda: collected() == 40, what="what is collected")
    world.database.query("UPDATE digest SET due_at = now() - interval '1 second'", program="notification-service")
    wait_for(lambda: collected() == 0, what="all digests")

    def sent(identity):
        texts = [text for one in (world.service, *others) for text in one.mails()]
        return [mail for mail in mails_to(texts, f"user{identity}@example.com")
                if mail["Subject"] == "2 notifications from the helpdesk"]
    for identity in before:
        assert len(wait_for(lambda i=identity: sent(i), what="the digest")) == 1
    for other in others:
        other.stop()


def test_who_is_gone_or_wants_no_mail_gets_no_digest(world):
    world.wish(EVE, digest="hourly")
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    title = world.told(EVE, ticket["ticket_number"])["title"]
    world.wish(EVE, email_enabled=False)
    make_due(world, EVE)
    wait_for(lambda: world.delivery_of(title, user_id=EVE)["status"] == "suppressed", what="the end")
    assert world.delivery_of(title, user_id=EVE)["last_error"] == "the person gets no mail any more"


# ---- links that take mail off -------------------------------------------------------------------

def link_of(mail):
    link = mail["List-Unsubscribe"]
    assert link.startswith("<https://help.example.org/notifications/unsubscribe/") and link.endswith(">")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link[1:-1] in plain(mail) and link[1:-1] in html(mail)
    return link[len("<https://help.example.org"):-1]


def mailed(world, identity):
    ticket = world.ticket(requester_id=identity, owner_id=None)
    world.send("ticket.created", ticket)
    mail, = wait_for(lambda: mails(world, identity, ticket["ticket_number"]), what="mail")
    return mail


def test_one_click(world):
    path = link_of(mailed(world, EVE))
    page = world.service.http.get(path, expect=200)
    assert page.headers["Content-Type"].startswith("text/html") and "<button" in page.text
    assert page.headers["Cache-Control"] == "no-store" and "frame-ancestors 'none'" in page.headers[
        "Content-Security-Policy"]
    assert world.http(EVE).get(PATH, expect=200).json()["matrix"]["tickets"]["email"] is True
    answer = requests.post(world.service.url + path, data={"List-Unsubscribe": "One-Click"}, timeout=DEADLINE)
    assert answer.status_code == 200 and "one&#39;s tickets" in answer.text
    matrix = world.http(EVE).get(PATH, expect=200).json()["matrix"]
    assert matrix["tickets"] == {"in_app": True, "email": False, "sms": False, "push": True}
    assert matrix["comments"]["email"] is True
    world.service.http.request("POST", path, expect=200, json={})  # again, and in another form


def test_a_mail_under_way_is_taken_off_too(world):
    quiet, _ = around_now(2, 3)
    path = link_of(mailed(world, EVE))
    world.wish(EVE, quiet_hours=quiet)
    ticket = world.ticket(requester_id=EVE, owner_id=None)
    world.send("ticket.created", ticket)
    waiting = world.delivery_of(world.told(EVE, ticket["ticket_number"])["title"], user_id=EVE)
    world.service.http.request("POST", path, expect=200, data=b"List-Unsubscribe=One-Click")
    world.database.query("UPDATE delivery SET next_attempt_at = now() WHERE id = %s", waiting["id"],
                         program="notification-service")
    wait_for(lambda: world.delivery_of(waiting["title"], user_id=EVE)["status"] == "suppressed", what="the end")
    assert mails(world, EVE, ticket["ticket_number"]) == []


def test_no_link_where_nothing_can_be_taken_off(world):
    world.amqp.send_event("user.created", {"id": 91, "email": "nina@example.org", "name": "Nina", "department": "",
                                           "active": True, "version": 1, "roles": []})
    mail, = wait_for(lambda: mails_to(world.service.mails(), "nina@example.org"), what="the welcome")
    assert mail["List-Unsubscribe"] is None and "unsubscribe" not in plain(mail)
    world.http(CORA).post("/api/v1/notifications/email", {"to": "x@example.org", "subject": "S", "body": "B"}, expect=202)
    mail, = wait_for(lambda: mails_to(world.service.mails(), "x@example.org"), what="mail")
    assert mail["List-Unsubscribe"] is None


def test_bad_links(world):
    path = link_of(mailed(world, EVE))
    for bad in (path[:-1], path + "x", path[:-3] + "AAA", "/notifications/unsubscribe/x",
                "/notifications/unsubscribe/" + "x" * 5000, path.replace("unsubscribe/", "unsubscribe/x")):
        for method in ("GET", "POST"):
            check_error(world.service.http.request(method, bad), 404, "NOT_FOUND")
    check_error(world.service.http.request("POST", path, data=b"x" * 100000), 413, "PAYLOAD_TOO_LARGE")
    assert world.http(EVE).get(PATH, expect=200).json()["matrix"]["tickets"]["email"] is True


# ---- devices ------------------------------------------------------------------------------------

DEVICES = "/api/v1/notifications/devices"


def test_devices(world):
    key = {"Idempotency-Key": "device"}
    made = world.http(EVE).post(DEVICES, {"token": "secret-token", "platform": "android"}, headers=key, expect=201)
    assert set(made.json()) == {"id", "platform", "created_at"} and "secret-token" not in made.text
    again = world.http(EVE).post(DEVICES, {"token": "secret-token", "platform": "android"}, headers=key, expect=201)
    assert again.json() == made.json() and again.headers["Idempotency-Replayed"] == "true"
    listed = world.http(EVE).get(DEVICES, expect=200)
    assert [one["id"] for one in listed.json()["results"]] == [made.json()["id"]] and "secret-token" not in listed.text
    check_error(world.http(EMIL).delete(f"{DEVICES}/{made.json()['id']}"), 404, "NOT_FOUND")
    world.http(EMIL).post(DEVICES, {"token": "secret-token", "platform": "ios"}, expect=201)
    assert world.http(EVE).get(DEVICES, expect=200).json()["results"] == []
    device, = world.http(EMIL).get(DEVICES, expect=200).json()["results"]
    world.http(EMIL).delete(f"{DEVICES}/{device['id']}", expect=204)
    for identity in (device["id"], 0, "abc"):
        check_error(world.http(EMIL).delete(f"{DEVICES}/{identity}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("body,status", [
    ({"platform": "web"}, 400), ({"token": "", "platform": "web"}, 400), ({"token": "x"}, 400),
    ({"token": "x", "platform": "toaster"}, 422), ({"token": "x" * 4097, "platform": "web"}, 422),
    ({"token": 7, "platform": "web"}, 400)])
def test_refused_devices(world, body, status):
    check_error(world.http(EVE).post(DEVICES, body), status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


@pytest.mark.parametrize("method,path", [("GET", PATH), ("PUT", PATH), ("GET", DEFAULTS), ("PUT", DEFAULTS),
                                         ("GET", DEVICES), ("POST", DEVICES), ("DELETE", DEVICES + "/1")])
def test_every_route_wants_a_person(world, method, path):
    body = {} if method in ("POST", "PUT") else None
    check_error(world.service.http.request(method, path, json=body), 401, "UNAUTHENTICATED")
    service = world.service.http.with_token(tokens.mint_service())
    check_error(service.request(method, path, json=body), 403, "FORBIDDEN")
