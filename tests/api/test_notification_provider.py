"""Short and push messages by providers that other people run; those that hang, refuse or talk nonsense."""
import base64
import json
import subprocess
import time

import pytest
from lib.paths import binary
from lib.smtp import MailServer
from lib.wait import wait_for
from notification_support import CORA, EMIL, EVE, Provider, World

DEVICES = "/api/v1/notifications/devices"


@pytest.fixture(scope="module", name="twilio")
def _twilio():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module", name="fcm")
def _fcm():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="world")
def _world(infra, start_service, broker, twilio, fcm, server):
    database = infra.database("provider")
    world = World(start_service, broker, env={
        "DB_URL": database.url("notification-service"), "SMTP_URL": server.url,
        "SMS_PROVIDER": "twilio", "SMS_URL": twilio.url + "/", "SMS_ACCOUNT": "AC123", "SMS_TOKEN": "s3cret",
        "SMS_FROM": "+15550001", "PUSH_PROVIDER": "fcm", "PUSH_URL": fcm.url, "PUSH_PROJECT": "helpdesk",
        "PUSH_TOKEN": "bearer-token", "SMS_PER_HOUR": "0", "SMS_PER_DAY": "0"})
    world.database = database
    yield world
    world.service.stop()
    world.close()
    database.drop()


@pytest.fixture(autouse=True)
def _calm(world, twilio, fcm, server):
    yield
    for provider in (twilio, fcm):
        provider.answer = lambda path, body: (201, {"sid": "SM1"})
        provider.released.set()
        provider.released.clear()
    server.answers = {}
    world.database.query("DELETE FROM preference", program="notification-service")
    world.database.query("DELETE FROM device", program="notification-service")


def send_sms(world, **fields):
    return world.http(CORA).post("/api/v1/notifications/sms", {"to": "+49151123456", "message": "Text", **fields},
                                 expect=202).json()


def outcome(world, made):
    """The delivery of a notification."""
    return next(one for one in world.deliveries() if one["notification_id"] == made["id"])


def ended(world, made, status):
    return wait_for(lambda: (lambda one: one["status"] == status and one)(outcome(world, made)), what=status)


# ---- short messages -----------------------------------------------------------------------------

def test_a_short_message(world, twilio):
    made = send_sms(world, message="Größe & Co = 100 % + <b>")
    assert ended(world, made, "sent")["attempts"] == 1
    path, headers, _ = twilio.requests[-1]
    assert path == "/2010-04-01/Accounts/AC123/Messages.json"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"AC123:s3cret").decode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert twilio.forms()[-1] == {"To": "+49151123456", "From": "+15550001", "Body": "Größe & Co = 100 % + <b>"}


def test_who_wants_short_messages_gets_them(world, twilio):
    world.wish(EVE, phone="+49151777888", matrix={"tickets": {"sms": True}})
    ticket = world.ticket(requester_id=EVE)
    world.send("ticket.created", ticket)
    sent = wait_for(lambda: next(form for form in twilio.forms() if form["To"] == "+49151777888"), what="the message")
    assert ticket["ticket_number"] in sent["Body"]


def test_without_a_number_there_is_no_short_message(world):
    made = send_sms(world, to=None, user_id=EMIL)
    assert ended(world, made, "failed")["last_error"] == "no number is known for this person"


@pytest.mark.parametrize("status,body,why", [
    (400, {"code": 21211, "message": "Invalid 'To' number\r\n\u00fc"}, "the provider answered 400: Invalid 'To' number????"),
    (404, b"<html>", "the provider answered 404"),
    (400, [1], "the provider answered 400"),
])
def test_a_refusal_is_final(world, twilio, status, body, why):
    twilio.answer = lambda *_: (status, body)
    made = send_sms(world)
    one = ended(world, made, "failed")
    assert (one["attempts"], one["last_error"]) == (1, why)


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_trouble_is_tried_again(world, twilio, status):
    twilio.answer = lambda *_: (status, {"message": "later"})
    made = send_sms(world)
    wait_for(lambda: outcome(world, made)["last_error"], what="the failed attempt")
    assert outcome(world, made)["status"] == "queued"
    twilio.answer = lambda *_: (201, {})
    assert ended(world, made, "sent")["attempts"] == 2


# ---- push messages ------------------------------------------------------------------------------

def test_every_device_gets_a_push_message(world, fcm):
    for token in ("one", "two"):
        world.http(EVE).post(DEVICES, {"token": token, "platform": "android"}, expect=201)
    ticket = world.ticket(requester_id=EVE, subject="\"Größe\" <b>")
    world.send("ticket.created", ticket)
    found = wait_for(lambda: (lambda two: len(two) == 2 and two)(
        [one for one in fcm.objects() if one["data"].get("ticket_number") == ticket["ticket_number"]]), what="messages")
    assert {one["token"] for one in found} == {"one", "two"}
    told = world.told(EVE, ticket["ticket_number"])
    assert found[0]["notification"] == {"title": told["title"], "body": told["message"]}
    assert found[0]["data"] == {"notification_id": str(told["id"]), "type": "ticket_created",
                                "ticket_number": ticket["ticket_number"]}
    path, headers, _ = fcm.requests[-1]
    assert path == "/v1/projects/helpdesk/messages:send" and headers["Authorization"] == "Bearer bearer-token"
    assert all(one["recipient"] is None for one in world.deliveries(channel="push"))


def test_a_device_that_is_gone_is_forgotten(world, fcm):
    world.http(EVE).post(DEVICES, {"token": "gone", "platform": "ios"}, expect=201)
    fcm.answer = lambda *_: (404, {"error": {"status": "UNREGISTERED", "message": "Requested entity was not found."}})
    made = world.http(CORA).post("/api/v1/notifications/push", {"user_id": EVE, "title": "T", "body": "B"},
                                 expect=202).json()
    one = ended(world, made, "failed")
    assert one["last_error"] == "the provider answered 404: Requested entity was not found."
    assert world.http(EVE).get(DEVICES, expect=200).json()["results"] == []
    made = world.http(CORA).post("/api/v1/notifications/push", {"user_id": EVE, "title": "T", "body": "B"},
                                 expect=202).json()
    assert ended(world, made, "failed")["last_error"] == "this person has no device"


@pytest.fixture(name="account")
def _account(tmp_path):
    """A service account: its private key, a file with its public one, and its JSON for a token service."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private],
                   check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return public, lambda url: json.dumps({"client_email": "push@example.org", "project_id": "own-project",
                                           "private_key": private.read_text(), "token_uri": url + "/token"})


def check_assertion(assertion, public, audience, folder):
    """Signed by the account (RFC 7523), and what it says."""
    signed, _, signature = assertion.rpartition(".")
    (folder / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=="))
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", folder / "signature"],
                   input=signed.encode(), check=True, capture_output=True)
    head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    assert head == {"alg": "RS256", "typ": "JWT"}
    assert (claims["iss"], claims["aud"]) == ("push@example.org", audience)
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert abs(claims["iat"] - time.time()) < 60 and claims["exp"] - claims["iat"] == 3600


def test_a_service_account_fetches_its_tokens(infra, start_service, broker, fcm, account, tmp_path):
    public, credentials = account
    tokens_given, database = Provider(), infra.database("account")
    tokens_given.answer = lambda *_: (200, {"access_token": f"token-{len(tokens_given.requests)}", "expires_in": 3599})
    world = World(start_service, broker, env={
        "DB_URL": database.url("notification-service"), "PUSH_PROVIDER": "fcm", "PUSH_URL": fcm.url,
        "PUSH_CREDENTIALS": credentials(tokens_given.url)})

    def push():
        before = len(fcm.requests)
        made = world.http(CORA).post("/api/v1/notifications/push", {"token": "d", "title": "T", "body": "B"},
                                     expect=202).json()
        wait_for(lambda: len(fcm.requests) > before, what="the message")
        return made

    try:
        for _ in range(2):
            ended(world, push(), "sent")
        path, headers, _ = fcm.requests[-1]
        assert path == "/v1/projects/own-project/messages:send" and headers["Authorization"] == "Bearer token-1"
        form, = tokens_given.forms()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        check_assertion(form["assertion"], public, tokens_given.url + "/token", tmp_path)
        fcm.answer = lambda *_: (401, {"error": {"message": "expired"}})
        refused = push()
        wait_for(lambda: outcome(world, refused)["last_error"], what="the refusal")
        fcm.answer = lambda *_: (200, {})
        ended(world, refused, "sent")
        assert fcm.requests[-1][1]["Authorization"] == "Bearer token-2"
    finally:
        world.service.stop()
        world.close()
        tokens_given.close()
        database.drop()


@pytest.mark.parametrize("credentials", ["nonsense", "{}", "[]", json.dumps({
    "client_email": "a@b.c", "token_uri": "https://x", "private_key": "-----BEGIN PRIVATE KEY-----"})])
def test_bad_credentials_are_told_at_the_start(credentials):
    env = {"PATH": "/usr/bin", "PUSH_CREDENTIALS": credentials, "DB_URL": "postgresql://x:x@127.0.0.1:9/x",
           "ENVIRONMENT": "development"}
    done = subprocess.run([binary("notification-service")], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78 and "PUSH_CREDENTIALS: must be a service account" in done.stderr
    assert "BEGIN PRIVATE" not in done.stderr


def test_limits_of_a_device_put_messages_off(infra, start_service, broker, fcm):
    database = infra.database("push")
    world = World(start_service, broker, env={
        "DB_URL": database.url("notification-service"), "PUSH_PROVIDER": "fcm", "PUSH_URL": fcm.url,
        "PUSH_PROJECT": "helpdesk", "PUSH_TOKEN": "x", "PUSH_PER_HOUR": "2"})
    try:
        for token in ("a", "b"):
            world.http(EVE).post(DEVICES, {"token": token, "platform": "web"}, expect=201)
        for n in range(3):
            world.http(CORA).post("/api/v1/notifications/push", {"user_id": EVE, "title": f"T{n}", "body": "B"}, expect=202)
        wait_for(lambda: len(world.deliveries(channel="push", status="sent")) == 4, what="the first ones")
        waiting = world.deliveries(channel="push", status="queued")
        assert [one["title"] for one in waiting] == ["T2", "T2"]
        assert all(one["not_before"] > one["created_at"] and one["attempts"] == 0 for one in waiting)
    finally:
        world.service.stop()
        world.close()
        database.drop()


# ---- one that hangs -----------------------------------------------------------------------------

def test_a_provider_that_hangs_holds_no_other_channel_up(world, twilio, fcm, server):
    twilio.answer = lambda *_: None
    calls = len(twilio.requests)
    stuck = [send_sms(world) for _ in range(20)]
    wait_for(lambda: len(twilio.requests) - calls >= 16, what="as many calls as there may be")
    world.http(EVE).post(DEVICES, {"token": "quick", "platform": "web"}, expect=201)
    pushed = world.http(CORA).post("/api/v1/notifications/push", {"user_id": EVE, "title": "T", "body": "B"},
                                   expect=202).json()
    body = {"to": "quick@example.org", "subject": "quick", "body": "B"}
    mailed = world.http(CORA).post("/api/v1/notifications/email", body, expect=202).json()
    told = world.notify(EMIL)
    ended(world, pushed, "sent")
    ended(world, mailed, "sent")
    assert world.notifications(EMIL)[0] == told
    assert {outcome(world, one)["status"] for one in stuck} <= {"sending", "queued"}
    assert fcm.objects()[-1]["token"] == "quick" and server.mails[-1][1] == ["quick@example.org"]
    assert not all(outcome(world, one)["last_error"] for one in stuck)


def test_a_hanging_domain_leaves_room_for_the_others(world, server):
    """The mail server waits for another one, of one domain only."""
    server.answers = {"RCPT": lambda rest, usual: None if "@slow.example.org" in rest else usual}
    connections = server.connections
    for n in range(30):
        world.http(CORA).post("/api/v1/notifications/email", {"to": f"r{n}@slow.example.org", "subject": "slow", "body": "B"},
                              expect=202)
    wait_for(lambda: server.connections - connections >= 6, what="the ones that hang")
    for n in range(10):
        world.http(CORA).post("/api/v1/notifications/email", {"to": f"r{n}@fast.example.org", "subject": "fast", "body": "B"},
                              expect=202)
    wait_for(lambda: sum("@fast." in mail[1][0] for mail in server.mails) == 10, what="the others")
    assert not [mail for mail in server.mails if "@slow." in mail[1][0]]
    slow = [one for one in world.deliveries(channel="email") if one["title"] == "slow"]
    assert len(slow) == 30 and sum(bool(one["last_error"]) for one in slow) < 20
    server.released.set()
