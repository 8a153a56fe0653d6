"""Endpoints of webhooks over HTTP."""
import re
import uuid

import pytest
from lib import tokens
from lib.hooks import ADAM, EMIL, URL, Hooks
from lib.http import check_error

SECRET = re.compile(r"^whsec_[A-Za-z0-9+/]{43}=$")
GOOD = {"url": "https://example.com/hook?token=a'b%20<c>", "event_types": ["ticket.*", "sla.breached"]}


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = Hooks(start_service, broker, env={"WEBHOOK_ALLOW": ""})
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _remove_all(world):
    yield
    world.remove_all()


def check_fields(answer, *names):
    assert set(check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]) == set(names)


# ---- life of an endpoint ------------------------------------------------------------------------

def test_the_secret_is_shown_once(world, db):
    answer = world.admin.post(URL, {**GOOD, "description": "it's \"mine\"; DROP TABLE webhook"}, expect=201)
    hook = answer.json()
    secret = hook.pop("secret")
    assert SECRET.match(secret)
    assert answer.headers["Location"] == f"{URL}/{hook['id']}" and answer.headers["ETag"] == '"1"'
    got = world.admin.get(f"{URL}/{hook['id']}", expect=200)
    assert got.json() == hook and got.headers["ETag"] == '"1"'
    assert hook["url"] == GOOD["url"] and hook["description"] == "it's \"mine\"; DROP TABLE webhook"
    assert hook["event_types"] == GOOD["event_types"] and hook["headers"] == {}
    assert hook["enabled"] and hook["created_by"] == ADAM and hook["failures"] == 0
    assert world.admin.get(URL, expect=200).json()["results"] == [hook]
    # Neither in the database nor in the log.
    stored = db.query("SELECT secret, headers FROM webhook WHERE id = %s", hook["id"], program="notification-service")
    assert secret.encode() not in bytes(stored[0][0]) and secret not in world.service.log_text()
    assert world.add(GOOD["url"])["secret"] != secret


def test_a_repeated_request_adds_nothing_and_shows_no_secret(world):
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = world.admin.post(URL, GOOD, expect=201, headers=key).json()
    again = world.admin.post(URL, GOOD, expect=201, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "secret" in first and "secret" not in again.json() and again.json()["id"] == first["id"]
    check_error(world.admin.post(URL, {**GOOD, "description": "x"}, headers=key), 422, "VALIDATION_ERROR")
    assert len(world.admin.get(URL, expect=200).json()["results"]) == 1


def test_changing(world):
    hook = world.add(GOOD["url"], headers={"Authorization": "Bearer one"})
    path = f"{URL}/{hook['id']}"
    assert hook["headers"] == {"Authorization": "***"}
    changed = world.admin.patch(path, {"description": "new", "event_types": ["*"]}, expect=200,
                                headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"' and changed.json()["version"] == 2
    assert changed.json()["description"] == "new" and changed.json()["url"] == GOOD["url"]
    assert changed.json()["headers"] == {"Authorization": "***"} and "secret" not in changed.json()
    for action in (lambda h: world.admin.patch(path, {"description": "x"}, headers=h),
                   lambda h: world.admin.delete(path, headers=h),
                   lambda h: world.admin.post(f"{path}/disable", headers=h),
                   lambda h: world.admin.post(f"{path}/enable", headers=h),
                   lambda h: world.admin.post(f"{path}/rotate-secret", headers=h)):
        error = check_error(action({"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
        assert "2" in str(error["details"])
    assert world.admin.patch(path, {"headers": {}}, expect=200).json()["headers"] == {}
    world.admin.delete(path, expect=204, headers={"If-Match": '"3"'})
    check_error(world.admin.get(path), 404, "NOT_FOUND")


def test_enabling_and_disabling(world):
    hook = world.add(GOOD["url"])
    off = world.act(hook, "disable")
    assert not off["enabled"] and off["disabled_reason"] == "manual" and off["disabled_at"]
    assert world.act(hook, "disable")["disabled_at"] == off["disabled_at"]
    check_error(world.admin.post(f"{URL}/{hook['id']}/ping"), 409, "CONFLICT")
    on = world.act(hook, "enable")
    assert on["enabled"] and on["disabled_reason"] is None and on["disabled_at"] is None
    assert world.get(hook) == on


def test_what_is_done_is_in_the_audit_trail(world):
    events = world.amqp.listen("audit.recorded")
    hook = world.add(GOOD["url"])
    world.admin.patch(f"{URL}/{hook['id']}", {"description": "x"}, expect=200)
    for action in ("rotate-secret", "disable", "enable"):
        world.act(hook, action)
    world.admin.delete(f"{URL}/{hook['id']}", expect=204)
    for action in ("create", "update", "rotate_secret", "disable", "enable", "delete"):
        data = world.amqp.receive_type(events, "audit.recorded",
                                       where=lambda e: e["data"]["target_id"] == str(hook["id"]))["data"]
        assert data["action"] == f"webhook.{action}" and data["result"] == "allowed", data
        assert data["actor_id"] == ADAM and data["target_type"] == "webhook" and data["trace_id"]
        assert data["details"] == {"host": "example.com"}


def test_rotating_the_secret(world):
    hook = world.add(GOOD["url"])
    first = world.act(hook, "rotate-secret")
    assert SECRET.match(first["secret"]) and first["secret"] != hook["secret"]
    assert first["previous_secret_expires_at"] and first["version"] == 2
    at_once = world.act(hook, "rotate-secret", {"overlap_hours": 0})
    assert at_once["previous_secret_expires_at"] is None
    key = {"Idempotency-Key": str(uuid.uuid4())}
    assert "secret" in world.act(hook, "rotate-secret", {"overlap_hours": 1}, headers=key)
    assert "secret" not in world.act(hook, "rotate-secret", {"overlap_hours": 1}, headers=key)
    for hours in (-1, 169, 10 ** 9):
        check_fields(world.admin.post(f"{URL}/{hook['id']}/rotate-secret", {"overlap_hours": hours}), "overlap_hours")
    assert world.get(hook)["version"] == 4


def test_pages(world):
    hooks = [world.add(f"https://example.com/{n}")["id"] for n in range(5)]
    page = world.admin.get(URL, params={"page_size": 2}, expect=200).json()
    assert page["count"] == 5 and [one["id"] for one in page["results"]] == hooks[:2:-1]
    rest = world.admin.get(URL, params={"page_size": 2, "cursor": page["next_cursor"]}, expect=200).json()
    assert [one["id"] for one in rest["results"]] == [hooks[2], hooks[1]]
    assert [one["id"] for one in world.admin.get(URL, params={"page": 3, "page_size": 2}).json()["results"]] == hooks[:1]
    check_fields(world.admin.get(URL, params={"cursor": "x"}), "cursor")
    check_fields(world.admin.get(URL, params={"page": 0}), "page")


def test_event_types(world):
    types = {one["type"]: one["data"] for one in world.admin.get(f"{URL}/event-types", expect=200).json()["results"]}
    assert {"ticket.created", "ticket.status_changed", "sla.breached", "task.transitioned", "feedback.received",
            "job.completed", "webhook.failed"} <= set(types)
    assert "ticket_number" in types["ticket.commented"] and "comment" not in types["ticket.commented"]
    for kind in types:
        world.add("https://example.com", [kind, kind.split(".")[0] + ".*"])


# ---- what is refused ----------------------------------------------------------------------------

@pytest.mark.parametrize("url", [
    "example.com", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "https://", "https:///x",
    "https://user@example.com/", "https://user:pass@example.com/", "https://example.com:0/", "https://example.com:99999/",
    "https://exa mple.com/", "https://example.com/\r\nHost: evil", "https://example.com/#f", "https://exämple.com/",
    "https://example.com\\@evil/", "https://example.com/" + "x" * 2000, " https://example.com/", "https://[::1",
    # Addresses that are not of the public internet.
    "https://127.0.0.1/", "http://127.0.0.1:8003/", "https://10.1.2.3/", "https://172.16.0.1/", "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/", "https://100.64.0.1/", "https://224.0.0.1/",
    "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[fe80::1]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
    "https://[ff02::1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
])
def test_bad_urls(world, url):
    check_fields(world.admin.post(URL, {**GOOD, "url": url}), "url")
    hook = world.add(GOOD["url"])
    check_fields(world.admin.patch(f"{URL}/{hook['id']}", {"url": url}), "url")
    assert world.get(hook)["url"] == GOOD["url"]


@pytest.mark.parametrize("headers", [
    "x", [], ["X-A"], {"X-A": 1}, {"X-A": None}, {"X-A": ["x"]}, {"X-A": ""}, {"": "x"}, {"X A": "x"}, {"X:A": "x"},
    {"X-A": "a\r\nX-B: b"}, {"X-A": "a\nb"}, {"X-A": "a\rb"}, {"X-A\r\nX-B": "b"}, {"X-A": "ä"}, {"X-A": "x" * 1001},
    {"x" * 101: "x"}, {"Host": "evil"}, {"content-length": "0"}, {"Transfer-Encoding": "chunked"},
    {"Webhook-Signature": "v1,x"}, {"webhook-id": "x"}, {"Connection": "close"}, {f"X-{n}": "x" for n in range(17)},
])
def test_bad_headers(world, headers):
    check_fields(world.admin.post(URL, {**GOOD, "headers": headers}), "headers")


@pytest.mark.parametrize("types", [["unheard.of"], ["*", "ticket"], ["ticket.**"], [""], ["message.created"],
                                   ["audit.recorded"], ["TICKET.*"], ["webhook.ping"], ["ticket.created'--"]])
def test_bad_event_types(world, types):
    check_fields(world.admin.post(URL, {**GOOD, "event_types": types}), "event_types")


def test_bad_bodies(world):
    for body in ({}, {"url": GOOD["url"]}, {"event_types": ["*"]}, {**GOOD, "url": 7}, {**GOOD, "event_types": "*"},
                 {**GOOD, "event_types": [7]}, {**GOOD, "description": {}}, {**GOOD, "url": None}):
        check_error(world.admin.post(URL, body), 400, "INVALID_INPUT")
    for field, value in (("event_types", []), ("event_types", ["*"] * 51), ("description", "x" * 501)):
        check_fields(world.admin.post(URL, {**GOOD, field: value}), field)
    check_fields(world.admin.post(URL, {"url": "x", "event_types": ["x"], "headers": 7}), "url", "event_types", "headers")
    for data in (b"{", b"[]", b"\xff", b'{"url":"https://example.com/\\u0000","event_types":["*"]}'):
        check_error(world.admin.request("POST", URL, data=data, headers={"Content-Type": "application/json"}),
                    400, "INVALID_INPUT")
    assert world.admin.get(URL, expect=200).json()["count"] == 0


NOTHING = ["0", "999999999", "-1", "x", "1e3", str(2 ** 63), "%00", "1'--"]


@pytest.mark.parametrize("identity", NOTHING)
def test_what_does_not_exist(world, identity):
    path = f"{URL}/{identity}"
    hook = world.add(GOOD["url"])
    for answer in (world.admin.get(path), world.admin.patch(path, {"description": "x"}), world.admin.delete(path),
                   world.admin.post(f"{path}/rotate-secret"), world.admin.post(f"{path}/enable"),
                   world.admin.post(f"{path}/disable"), world.admin.post(f"{path}/ping"),
                   world.admin.get(f"{path}/deliveries"), world.admin.get(f"{path}/deliveries/1"),
                   world.admin.post(f"{path}/deliveries/1/replay"),
                   world.admin.post(f"{path}/replay", {"since": "2026-01-01T00:00:00Z"}),
                   world.admin.get(f"{URL}/{hook['id']}/deliveries/{identity}"),
                   world.admin.post(f"{URL}/{hook['id']}/deliveries/{identity}/replay")):
        if identity == "%00":
            assert answer.status_code in (400, 404), answer.text
        else:
            check_error(answer, 404, "NOT_FOUND")


def test_only_administrators(world):
    hook = world.add(GOOD["url"])
    for roles in (tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER):
        client = world.service.http.as_user(EMIL, roles)
        check_error(client.get(f"{URL}/{hook['id']}"), 403, "FORBIDDEN")
        check_error(client.post(URL, GOOD), 403, "FORBIDDEN")
    check_error(world.service.http.with_token(tokens.mint_service()).get(URL), 403, "FORBIDDEN")
    check_error(world.service.http.get(URL), 401, "UNAUTHENTICATED")


# ---- settings -----------------------------------------------------------------------------------

def test_in_production_urls_have_tls_unless_allowed(world):
    safe = {"ENVIRONMENT": "production", "SECRET_KEY": "k" * 40}
    strict, lenient = world.program(**safe), world.program(**safe, WEBHOOK_ALLOW_HTTP="true")
    plain = {**GOOD, "url": "http://example.com/"}
    check_fields(strict.http.as_user(ADAM, tokens.ADMIN).post(URL, plain), "url")
    lenient.http.as_user(ADAM, tokens.ADMIN).post(URL, plain, expect=201)


def test_what_is_allowed_beyond_the_internet(world):
    program = world.program(WEBHOOK_ALLOW="10.0.0.0/8, fd00::/8")
    admin = program.http.as_user(ADAM, tokens.ADMIN)
    for url in ("http://10.1.2.3/", "http://[fd00::1]/", "http://[::ffff:10.0.0.1]/"):
        admin.post(URL, {**GOOD, "url": url}, expect=201)
    check_fields(admin.post(URL, {**GOOD, "url": "http://127.0.0.1/"}), "url")
