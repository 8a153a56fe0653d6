"""Templates: shipped ones, those in their place, languages, validation, previews, hostile contents."""
import pytest
from lib.http import check_error
from lib.wait import wait_for
from notification_support import ADAM, CORA, EMIL, EVE, RITA, World, html, mails_to, plain

PATH = "/api/v1/notifications/templates"
GOOD = {"subject": "Ticket {{{ticket_number}}}!", "message": "About {{{subject}}}: {{{status}}}"}


@pytest.fixture(scope="module", name="world")
def _world(infra, start_service, broker):
    database = infra.database("template")
    world = World(start_service, broker, env={"DB_URL": database.url("notification-service"), "EMAIL_PER_HOUR": "0",
                                              "EMAIL_PER_DAY": "0"})
    world.database = database
    yield world
    world.service.stop()
    world.close()
    database.drop()


@pytest.fixture(autouse=True)
def _forget(world):
    yield
    world.database.query("DELETE FROM template", program="notification-service")
    world.database.query("DELETE FROM preference", program="notification-service")


@pytest.fixture(name="admin")
def _admin(world):
    return world.http(ADAM)


def mail_about(world, identity, number):
    mail, = wait_for(lambda: [one for one in mails_to(world.service.mails(), f"user{identity}@example.com")
                              if number in str(one["References"])], what="mail")
    return mail


# ---- looking ------------------------------------------------------------------------------------

def test_the_list_has_every_shipped_template(admin):
    listed = admin.get(PATH, expect=200).json()
    assert listed["count"] == len(listed["results"]) and listed["next"] is None
    names = {(one["name"], one["language"]) for one in listed["results"]}
    assert {name for name, language in names if language == "en"} == {name for name, language in names
                                                                     if language == "de"}
    assert {"welcome", "layout", "digest", "message", "sla_breach", "mention"} <= {name for name, _ in names}
    assert all(one["is_shipped"] and not one["is_changed"] and one["version"] == 0 for one in listed["results"])


def test_a_shipped_template(admin):
    answer = admin.get(f"{PATH}/ticket_created/en", expect=200)
    assert answer.headers["ETag"] == '"0"'
    body = answer.json()
    assert body["subject"] == "We received your ticket {{{ticket_number}}}"
    assert (body["text"], body["html"], body["is_shipped"], body["is_changed"]) == ("", "", True, False)
    assert {"ticket_number", "subject", "actor", "link"} <= set(body["facts"])


@pytest.mark.parametrize("path", ["nonsense/en", "welcome/fr", "welcome/EN", "welcome/english", "Welcome/en",
                                  "we%2Flcome/en", "x" * 65 + "/en", "a-b/en"])
def test_unknown_templates(admin, path):
    check_error(admin.get(f"{PATH}/{path}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("identity", [EMIL, CORA, RITA])
def test_templates_are_administrators_business(world, identity):
    http = world.http(identity)
    for method, path in (("GET", PATH), ("GET", f"{PATH}/welcome/en"), ("PUT", f"{PATH}/welcome/en"),
                         ("DELETE", f"{PATH}/welcome/en"), ("POST", f"{PATH}/welcome/en/preview")):
        check_error(http.request(method, path, json={}), 403, "FORBIDDEN")


# ---- changing -----------------------------------------------------------------------------------

def test_a_template_in_the_place_of_the_shipped_one(world, admin):
    changed = admin.put(f"{PATH}/ticket_created/en", GOOD, headers={"If-Match": '"0"'}, expect=200)
    body = changed.json()
    assert body["subject"] == GOOD["subject"] and body["is_changed"] and body["is_shipped"]
    assert body["version"] > 0 and changed.headers["ETag"] == f'"{body["version"]}"' and body["updated_by"] == ADAM
    assert admin.get(f"{PATH}/ticket_created/en", expect=200).json() == body
    ticket = world.ticket(requester_id=EVE)
    world.send("ticket.created", ticket)
    told = world.told(EVE, ticket["ticket_number"])
    assert (told["title"], told["message"]) == (f"Ticket {ticket['ticket_number']}!", "About VPN: Open")
    mail = mail_about(world, EVE, ticket["ticket_number"])
    assert mail["Subject"] == told["title"] and "About VPN: Open" in plain(mail)
    admin.delete(f"{PATH}/ticket_created/en", headers={"If-Match": changed.headers["ETag"]}, expect=204)
    assert admin.get(f"{PATH}/ticket_created/en", expect=200).json()["version"] == 0
    again = world.ticket(requester_id=EVE)
    world.send("ticket.created", again)
    assert world.told(EVE, again["ticket_number"])["title"].startswith("We received")


def test_versions(admin):
    first = admin.put(f"{PATH}/welcome/en", GOOD, expect=200).headers["ETag"]
    second = admin.put(f"{PATH}/welcome/en", {**GOOD, "subject": "Other"}, headers={"If-Match": first}, expect=200)
    for tag in (first, '"0"', '"nonsense"'):
        for method in ("PUT", "DELETE"):
            answer = admin.request(method, f"{PATH}/welcome/en", json=GOOD, headers={"If-Match": tag})
            assert check_error(answer, 412, "PRECONDITION_FAILED")["details"]["current_version"] == second.json()["version"]
    assert admin.get(f"{PATH}/welcome/en", expect=200).json()["subject"] == "Other"
    admin.delete(f"{PATH}/welcome/en", expect=204)
    check_error(admin.delete(f"{PATH}/welcome/en"), 404, "NOT_FOUND")
    later = admin.put(f"{PATH}/welcome/en", GOOD, headers={"If-Match": '"0"'}, expect=200).json()["version"]
    assert later > second.json()["version"]


def test_a_template_of_ones_own(world, admin):
    check_error(admin.get(f"{PATH}/greeting/en"), 404, "NOT_FOUND")
    body = {"subject": "Hello {{{who.name}}}", "message": "{{#list}}{{{.}}};{{/list}}",
            "text": "T {{{who.name}}}\n", "html": "<p>{{who.name}}</p>"}
    made = admin.put(f"{PATH}/greeting/en", body, expect=200).json()
    assert (made["is_shipped"], made["facts"]) == (False, [])
    data = {"who": {"name": "<Ann>"}, "list": [1, "b"]}
    world.http(CORA).post("/api/v1/notifications/email", {"to": "own@example.org", "template": "greeting", "data": data},
                          expect=202)
    mail, = wait_for(lambda: mails_to(world.service.mails(), "own@example.org"), what="mail")
    assert mail["Subject"] == "Hello <Ann>"
    assert plain(mail).strip() == "T <Ann>" and html(mail).strip() == "<p>&lt;Ann&gt;</p>"
    admin.delete(f"{PATH}/greeting/en", expect=204)
    answer = world.http(CORA).post("/api/v1/notifications/email", {"to": "a@example.org", "template": "greeting"})
    assert "template" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]
    answer = world.http(CORA).post("/api/v1/notifications/email", {"to": "a@example.org", "template": "x", "data": []})
    assert "data" in check_error(answer, 400, "INVALID_INPUT")["details"]["fields"]


def test_languages_fall_back(world, admin):
    admin.put(f"{PATH}/ticket_created/fr", {"subject": "Reçu", "message": "Bonjour"}, expect=200)
    admin.put(f"{PATH}/ticket_created/de-AT", {"subject": "Servus", "message": "Grüß Gott"}, expect=200)
    expected = {"fr": "Reçu", "fr-CA": "Reçu", "de-AT": "Servus", "de-CH": "Wir haben", "de": "Wir haben",
                "es": "We received", "en": "We received"}
    for language, title in expected.items():
        world.wish(EVE, language=language)
        ticket = world.ticket(requester_id=EVE)
        world.send("ticket.created", ticket)
        assert world.told(EVE, ticket["ticket_number"])["title"].startswith(title), language


def test_the_frame_of_every_mail(world, admin):
    admin.put(f"{PATH}/layout/en", {"subject": "-", "message": "-", "text": "ACME\n{{{message}}}\n",
                                    "html": "<h1>ACME</h1>{{message}}"}, expect=200)
    world.http(CORA).post("/api/v1/notifications/email", {"to": "frame@example.org", "subject": "S", "body": "a < b"},
                          expect=202)
    mail, = wait_for(lambda: mails_to(world.service.mails(), "frame@example.org"), what="mail")
    assert plain(mail).replace("\r", "").startswith("ACME\na < b\n") and html(mail).startswith("<h1>ACME</h1>a &lt; b")


# ---- validation ---------------------------------------------------------------------------------

def test_every_problem_is_named_with_its_line(admin):
    body = {"subject": "{{#a}}", "message": "one\n{{nonsense}}\n{{/x}}\n{{> partial}}", "text": "{{subject}}\n{{",
            "html": "{{{title}}}\n\n{{a b}}"}
    for method, path in (("PUT", f"{PATH}/ticket_created/en"), ("POST", f"{PATH}/ticket_created/en/preview")):
        details = check_error(admin.request(method, path, json=body), 422, "VALIDATION_ERROR")["details"]
        assert [(one["field"], one["line"]) for one in details["problems"]] == [
            ("subject", 1), ("message", 3), ("message", 4), ("text", 2), ("html", 3)]
        assert details["fields"]["message"] == ("line 3: no section x is open here; "
                                                "line 4: partials are not available")
    body = {"subject": "{{subject}}", "message": "one\n{{nonsense}}\n{{#other}}{{status.x}}{{/other}}"}
    details = check_error(admin.put(f"{PATH}/ticket_created/en", body), 422, "VALIDATION_ERROR")["details"]
    assert details["fields"] == {"message": "line 2: there is no fact nonsense; line 3: there is no fact other"}
    assert admin.get(f"{PATH}/ticket_created/en", expect=200).json()["version"] == 0


@pytest.mark.parametrize("change,status,field", [
    ({"subject": None}, 400, "subject"),
    ({"subject": " "}, 400, "subject"),
    ({"message": None}, 400, "message"),
    ({"message": 7}, 400, "message"),
    ({"subject": "a\nb"}, 422, "subject"),
    ({"subject": "x" * 501}, 422, "subject"),
    ({"message": "x" * 10001}, 422, "message"),
    ({"html": "x" * 60001}, 422, "html"),
    ({"html": "{{#items}}" * 33 + "{{/items}}" * 33}, 422, "html"),
])
def test_refused_templates(admin, change, status, field):
    answer = admin.put(f"{PATH}/welcome/en", {**GOOD, **change})
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    assert field in check_error(answer, status, code)["details"]["fields"]


def test_there_is_an_end_to_templates(world, admin):
    world.database.query("INSERT INTO template (name, language, subject, message, body_text, body_html, updated_at)"
                         " SELECT 'own_' || i, 'en', 's', 'm', '', '', now() FROM generate_series(1, 1000) i",
                         program="notification-service")
    check_error(admin.put(f"{PATH}/one_more/en", GOOD), 507, "INSUFFICIENT_STORAGE")
    admin.put(f"{PATH}/own_7/en", GOOD, expect=200)
    assert len(admin.get(PATH, expect=200).json()["results"]) > 1000


# ---- preview ------------------------------------------------------------------------------------

def test_a_preview_with_the_sample(admin):
    shown = admin.post(f"{PATH}/comment_added/de/preview", expect=200).json()
    assert shown["subject"] == "Neuer Kommentar zum Ticket TX20260112000001"
    assert shown["message"] in shown["text"] and "<html" in shown["html"] and "„VPN does not connect“" in shown["html"]
    digest = admin.post(f"{PATH}/digest/en/preview", expect=200).json()
    assert digest["subject"] == "1 notifications from the helpdesk" and "<li>" in digest["html"]


def test_a_preview_of_a_draft_with_given_data(admin):
    body = {"subject": "S {{{subject}}}", "html": "<b>{{subject}}</b>{{{subject}}}",
            "data": {"subject": "<script>alert(1)</script>"}}
    shown = admin.post(f"{PATH}/ticket_created/en/preview", body, expect=200).json()
    assert shown["subject"] == "S <script>alert(1)</script>"
    assert shown["html"] == "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b><script>alert(1)</script>"
    assert admin.get(f"{PATH}/ticket_created/en", expect=200).json()["version"] == 0
    own = admin.post(f"{PATH}/not_there_yet/en/preview", {"subject": "{{a.b}}", "message": "m", "data": {"a": {"b": 7}}},
                     expect=200).json()
    assert own["subject"] == "7"
    check_error(admin.post(f"{PATH}/not_there_yet/en/preview", {"subject": "x"}), 404, "NOT_FOUND")
    answer = admin.post(f"{PATH}/welcome/en/preview", {"data": [1]})
    assert "data" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]


def test_a_preview_is_bounded(admin):
    bomb = "{{#items}}" * 20 + "x" * 100 + "{{/items}}" * 20
    shown = admin.post(f"{PATH}/digest/en/preview", {"html": bomb, "data": {"items": [1] * 50}}, expect=200).json()
    assert shown["html"] == ""


def test_a_template_that_shows_too_much_eats_no_message(world, admin):
    bomb = "{{#subject}}" + "{{{subject}}}" * 500 + "{{/subject}}"
    admin.put(f"{PATH}/ticket_created/en", {"subject": "s", "message": "m", "text": bomb, "html": bomb}, expect=200)
    ticket = world.ticket(requester_id=EVE, subject="x" * 5000)
    world.send("ticket.created", ticket)
    mail = mail_about(world, EVE, ticket["ticket_number"])
    assert mail["Subject"] == "s"
    text = mail.get_content() if mail.get_content_type() == "text/plain" else plain(mail)
    assert text.strip() == "m"


# ---- hostile facts ------------------------------------------------------------------------------

def test_hostile_facts_stay_text(world):
    nasty = "{{{secret}}} {{#x}} <img src=x onerror=alert(1)> \"'&\r\nBcc: a@b.c"
    ticket = world.ticket(requester_id=EVE, subject=nasty)
    world.send("ticket.commented", {**ticket, "comment": nasty, "visibility": "public", "actor_id": CORA,
                                    "actor_name": "<b>Cora</b>\r\nX-Evil: 1"})
    told = world.told(EVE, ticket["ticket_number"])
    assert nasty in told["message"] and "<b>Cora</b>" in told["message"]
    mail = mail_about(world, EVE, ticket["ticket_number"])
    assert mail["Bcc"] is None and mail["X-Evil"] is None
    assert nasty.replace("\r\n", "\n") in plain(mail).replace("\r\n", "\n")
    assert "<img" not in html(mail) and "<b>" not in html(mail) and "&lt;img src=x onerror=alert(1)&gt;" in html(mail)


def test_a_hostile_name(world):
    name = "\"<script>\" <evil@example.org>,\r\nBcc: victim@example.org"
    world.amqp.send_event("user.created", {"id": 92, "email": "hostile@example.org", "name": name, "department": "",
                                           "active": True, "version": 1, "roles": []})
    mail, = wait_for(lambda: mails_to(world.service.mails(), "hostile@example.org"), what="the welcome")
    assert [one.addr_spec for one in mail["To"].addresses] == ["hostile@example.org"] and mail["Bcc"] is None
    assert "<script>" not in html(mail)
