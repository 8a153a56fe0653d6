"""Notifications over HTTP."""
import pytest
from lib import tokens
from lib.http import check_error
from notification_support import ADAM, CORA, EMIL, EVE, RITA, World


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


# ---- who may ------------------------------------------------------------------------------------

CANONICAL = [
    ("GET", "/api/v1/notifications"),
    ("GET", "/api/v1/notifications/unread-count"),
    ("GET", "/api/v1/notifications/preferences"),
    ("PUT", "/api/v1/notifications/preferences"),
    ("PUT", "/api/v1/notifications/read-all"),
    ("PUT", "/api/v1/notifications/1/read"),
    ("DELETE", "/api/v1/notifications/1"),
]
SENDING = [
    ("POST", "/api/v1/notifications"),
    ("POST", "/api/v1/notifications/email"),
    ("POST", "/api/v1/notifications/sms"),
    ("POST", "/api/v1/notifications/push"),
]
SIMPLE = [
    ("POST", "/notifications/notify"),
    ("GET", "/notifications/history/51"),
    ("GET", "/notifications/queue"),
]
LIVE = [("GET", path) for path in ("/ws/notifications", "/ws/notifications/51", "/notification/ws/notifications",
                                   "/notification/ws/notifications/51")]
BAD_TOKENS = ["nonsense", tokens.mint(EMIL, ttl=-60), tokens.mint(EMIL, secret="another-secret-of-sufficient-length")]


@pytest.mark.parametrize("method,path", CANONICAL + SENDING + LIVE)
def test_every_route_wants_a_token(world, method, path):
    body = {} if method in ("POST", "PUT") else None
    check_error(world.service.http.request(method, path, json=body), 401, "UNAUTHENTICATED")
    for token in BAD_TOKENS:
        check_error(world.service.http.with_token(token).request(method, path, json=body), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("method,path", SIMPLE)
def test_the_simple_surface_refuses_with_its_own_texts(world, method, path):
    body = {} if method == "POST" else None
    answer = world.service.http.request(method, path, json=body)
    assert check_error(answer, 401, "UNAUTHENTICATED")["error"] == "missing token"
    for token in BAD_TOKENS:
        answer = world.service.http.with_token(token).request(method, path, json=body)
        assert check_error(answer, 401, "UNAUTHENTICATED")["error"] == "invalid token"


@pytest.mark.parametrize("method,path", CANONICAL + LIVE + SIMPLE[1:])
def test_services_have_no_notifications(world, method, path):
    service = world.service.http.with_token(tokens.mint_service())
    check_error(service.request(method, path, json={} if method == "PUT" else None), 403, "FORBIDDEN")


@pytest.mark.parametrize("method,path", SENDING)
@pytest.mark.parametrize("identity,may", [(EMIL, False), (RITA, False), (CORA, True), (ADAM, True)])
def test_only_staff_and_services_notify(world, method, path, identity, may):
    answer = world.http(identity).request(method, path, json={})
    check_error(answer, *((400, "INVALID_INPUT") if may else (403, "FORBIDDEN")))


# ---- one's own ----------------------------------------------------------------------------------

def test_a_notification_appears(world):
    made = world.notify(EMIL, ticket_number="TX1", data={"a": [1, None]})
    assert made["user_id"] == EMIL and made["channel"] == "in_app" and made["is_read"] is False
    assert made["data"] == {"a": [1, None]} and made["read_at"] is None and made["created_at"].endswith("Z")
    answer = world.http(EMIL).get("/api/v1/notifications", expect=200).json()
    assert answer["notifications"][0] == made
    assert answer["unread_count"] == world.unread(EMIL) >= 1
    assert answer["success"] is True
    assert answer["data"] == {key: answer[key] for key in ("notifications", "unread_count", "next_cursor")}
    assert made["id"] not in [one["id"] for one in world.notifications(EVE)]


@pytest.mark.parametrize("data,kept", [
    ("{\"a\":1}", "{\"a\":1}"),
    (None, {}),
    ([1, 2], [1, 2]),
    ({"text": "ü <b> \" \\ '"}, {"text": "ü <b> \" \\ '"}),
])
def test_data_is_kept_as_it_is(world, data, kept):
    assert world.notify(EMIL, data=data)["data"] == kept
    assert world.notifications(EMIL)[0]["data"] == kept


def test_cursors_go_through_the_whole_list(world):
    ids = [world.notify(EVE, title=str(n))["id"] for n in range(5)]
    for unread_only in ("false", "true"):
        seen, params = [], {"limit": 2, "unread_only": unread_only}
        while True:
            answer = world.http(EVE).get("/api/v1/notifications", params=params, expect=200).json()
            seen += [one["id"] for one in answer["notifications"]]
            if not answer["next_cursor"]:
                break
            params["cursor"] = answer["next_cursor"]
        assert seen == sorted(set(seen), reverse=True) and seen[:5] == ids[::-1]
    wrong = [{"cursor": "nonsense"}, {"cursor": params["cursor"], "unread_only": "false"},
             {"cursor": params["cursor"], "unread_only": "true", "before": 7}]
    for params in wrong:
        check_error(world.http(EVE).get("/api/v1/notifications", params=params), 422, "VALIDATION_ERROR")


def test_pages_and_filters(world):
    ids = [world.notify(EVE, title=str(n))["id"] for n in range(5)]
    world.http(EVE).put(f"/api/v1/notifications/{ids[3]}/read", expect=200)

    def page(**params):
        return [one["id"] for one in world.notifications(EVE, **params) if one["id"] >= ids[0]]

    assert page() == ids[::-1]
    assert page(limit=2) == ids[:2:-1]
    assert page(limit=2, before=ids[3]) == [ids[2], ids[1]]
    assert page(unread_only="true") == [ids[4], ids[2], ids[1], ids[0]]
    for params in ({"limit": 0}, {"limit": 101}, {"before": 0}):
        answer = world.http(EVE).get("/api/v1/notifications", params=params)
        assert list(check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]) == list(params)
    check_error(world.http(EVE).get("/api/v1/notifications", params={"limit": "x"}), 400, "INVALID_INPUT")


def test_reading(world):
    first, second = world.notify(EMIL), world.notify(EMIL)
    unread = world.unread(EMIL)
    read = world.http(EMIL).put(f"/api/v1/notifications/{first['id']}/read", expect=200).json()
    assert read == {**first, "is_read": True, "read_at": read["read_at"]} and read["read_at"]
    assert world.unread(EMIL) == unread - 1
    again = world.http(EMIL).put(f"/api/v1/notifications/{first['id']}/read", expect=200).json()
    assert again["read_at"] == read["read_at"]
    answer = world.http(EMIL).put("/api/v1/notifications/read-all", expect=200).json()
    assert answer == {"success": True, "updated": unread - 1, "unread_count": 0}
    assert world.unread(EMIL) == 0
    assert next(one for one in world.notifications(EMIL) if one["id"] == second["id"])["is_read"] is True


def test_removing(world):
    made = world.notify(EMIL)
    assert world.http(EMIL).delete(f"/api/v1/notifications/{made['id']}", expect=200).json() == {"success": True}
    assert made["id"] not in [one["id"] for one in world.notifications(EMIL)]
    check_error(world.http(EMIL).delete(f"/api/v1/notifications/{made['id']}"), 404, "NOT_FOUND")


def test_foreign_and_unknown_notifications(world):
    made = world.notify(EMIL)
    for identity in (made["id"], 999999, 0, "abc"):
        check_error(world.http(EVE).put(f"/api/v1/notifications/{identity}/read"), 404, "NOT_FOUND")
        check_error(world.http(EVE).delete(f"/api/v1/notifications/{identity}"), 404, "NOT_FOUND")
    assert world.notifications(EMIL)[0] == made


# ---- notifying others ---------------------------------------------------------------------------

GOOD = {"user_id": EMIL, "type": "system", "title": "Hello", "message": "How are you?"}


@pytest.mark.parametrize("path,body,status", [
    ("/api/v1/notifications", GOOD, 201),
    ("/api/v1/notifications/email", {"user_id": EMIL, "subject": "Hi", "body": "Text"}, 202),
    ("/api/v1/notifications/sms", {"to": "+49", "message": "Text"}, 202),
    ("/api/v1/notifications/push", {"token": "x", "title": "Hi", "body": "Text"}, 202),
    ("/notifications/notify", {"user_id": EMIL, "type": "test_alert", "channel": "in_app", "message": "Hello"}, 201),
])
def test_a_repeated_request_notifies_once(world, path, body, status):
    http, key = world.http(CORA), {"Idempotency-Key": path}
    first = http.post(path, body, headers=key, expect=status)
    again = http.post(path, body, headers=key, expect=status)
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    other = http.post(path, {**body, "user_id": EVE}, headers=key)
    assert "Idempotency-Key" in check_error(other, 422, "VALIDATION_ERROR")["details"]["fields"]
    rows = world.http(CORA).get(f"/notifications/history/{EMIL}", expect=200).json()["notifications"]
    assert sum(row["id"] == first.json()["id"] for row in rows) == (1 if body.get("user_id") else 0)


@pytest.mark.parametrize("change,status,code", [
    ({"user_id": None}, 400, "INVALID_INPUT"),
    ({"user_id": "Emil"}, 400, "INVALID_INPUT"),
    ({"user_id": 0}, 422, "VALIDATION_ERROR"),
    ({"user_id": 4711}, 404, "USER_NOT_FOUND"),
    ({"type": ""}, 400, "INVALID_INPUT"),
    ({"title": " "}, 400, "INVALID_INPUT"),
    ({"title": "x" * 201}, 422, "VALIDATION_ERROR"),
    ({"message": None}, 400, "INVALID_INPUT"),
    ({"message": "x" * 10001}, 422, "VALIDATION_ERROR"),
    ({"channel": "pigeon"}, 422, "VALIDATION_ERROR"),
])
def test_refused_notifications(world, change, status, code):
    check_error(world.http(CORA).post("/api/v1/notifications", {**GOOD, **change}), status, code)


def test_what_is_sent_elsewhere_is_not_in_the_app(world):
    before = world.notifications(EVE)
    made = world.notify(EVE, channel="email")
    assert made["channel"] == "email"
    world.notify(EVE, channel="sms")
    assert world.notifications(EVE) == before
    check_error(world.http(EVE).put(f"/api/v1/notifications/{made['id']}/read"), 404, "NOT_FOUND")


@pytest.mark.parametrize("path,body,channel", [
    ("email", {"to": "someone@example.org", "subject": "Hi", "body": "Text"}, "email"),
    ("email", {"user_id": EMIL, "title": "Hi", "message": "Text"}, "email"),
    ("sms", {"to": "+49 151 123", "message": "Text"}, "sms"),
    ("sms", {"user_id": EMIL, "body": "Text"}, "sms"),
    ("push", {"token": "device-1", "title": "Hi", "body": "Text", "data": {"a": 1}}, "push"),
    ("push", {"user_id": EMIL, "title": "Hi", "body": "Text"}, "push"),
])
def test_sending_on_one_channel(world, path, body, channel):
    made = world.http(CORA).post(f"/api/v1/notifications/{path}", body, expect=202).json()
    assert made["channel"] == channel and made["message"] == "Text" and made["user_id"] == body.get("user_id")


@pytest.mark.parametrize("path,body,status,code", [
    ("email", {"subject": "Hi", "body": "Text"}, 400, "INVALID_INPUT"),
    ("email", {"to": "someone@example.org", "body": "Text"}, 400, "INVALID_INPUT"),
    ("email", {"to": "someone@example.org", "subject": "Hi"}, 400, "INVALID_INPUT"),
    ("email", {"to": "nobody", "subject": "Hi", "body": "Text"}, 422, "VALIDATION_ERROR"),
    ("email", {"to": "a@example.org,b@example.org", "subject": "Hi", "body": "Text"}, 422, "VALIDATION_ERROR"),
    ("email", {"to": "a@x.org\r\nRCPT TO:<b@x.org>", "subject": "Hi", "body": "Text"}, 422, "VALIDATION_ERROR"),
    ("email", {"user_id": 4711, "subject": "Hi", "body": "Text"}, 404, "USER_NOT_FOUND"),
    ("sms", {"message": "Text"}, 400, "INVALID_INPUT"),
    ("sms", {"to": "+49"}, 400, "INVALID_INPUT"),
    ("sms", {"to": "+49", "message": "x" * 1601}, 422, "VALIDATION_ERROR"),
    ("sms", {"user_id": 4711, "message": "x"}, 404, "USER_NOT_FOUND"),
    ("push", {"title": "Hi", "body": "Text"}, 400, "INVALID_INPUT"),
    ("push", {"token": "t", "body": "Text"}, 400, "INVALID_INPUT"),
    ("push", {"user_id": 4711, "title": "Hi", "body": "Text"}, 404, "USER_NOT_FOUND"),
])
def test_refused_channel_messages(world, path, body, status, code):
    check_error(world.http(CORA).post(f"/api/v1/notifications/{path}", body), status, code)


# ---- the simple surface -------------------------------------------------------------------------

NOTIFY = {"user_id": EMIL, "type": "test_alert", "channel": "in_app", "message": "Hello"}


def test_notify(world):
    made = world.http(EMIL).post("/notifications/notify", {**NOTIFY, "ticket_id": None}, expect=201).json()
    assert list(made) == ["id", "user_id", "ticket_id", "type", "channel", "message", "status", "retry_count",
                          "created_at"]
    assert made == {**NOTIFY, "id": made["id"], "ticket_id": None, "status": "pending", "retry_count": 0,
                    "created_at": made["created_at"]}
    listed = world.notifications(EMIL)[0]
    assert listed["id"] == made["id"] and listed["title"] == "Ticket Notification: test_alert"
    coerced = world.http(CORA).post("/notifications/notify", {**NOTIFY, "user_id": str(EMIL), "ticket_id": "7",
                                                              "message": 7}, expect=201).json()
    assert (coerced["user_id"], coerced["ticket_id"], coerced["message"]) == (EMIL, 7, "7")


def test_who_may_notify_whom(world):
    check_error(world.http(EMIL).post("/notifications/notify", {**NOTIFY, "user_id": EVE}), 403, "FORBIDDEN")
    for http in (world.http(CORA), world.http(ADAM), world.service.http.with_token(tokens.mint_service())):
        http.post("/notifications/notify", {**NOTIFY, "user_id": EVE}, expect=201)


TYPES = "type must be one of: ticket_created, ticket_assigned, ticket_status_changed, ticket_closed, test_alert"


@pytest.mark.parametrize("change,text", [
    *[({field: value}, "user_id, type, channel, and message are required")
      for field in ("user_id", "type", "channel", "message") for value in (None, "")],
    ({"user_id": 0}, "user_id, type, channel, and message are required"),
    ({"type": "dance"}, TYPES),
    ({"type": "TEST_ALERT"}, TYPES),
    ({"channel": "push"}, "channel must be one of: email, sms, in_app"),
])
def test_refused_notify(world, change, text):
    answer = world.http(EMIL).post("/notifications/notify", {**NOTIFY, **change})
    assert check_error(answer, 400, "INVALID_INPUT")["error"] == text


def test_history(world):
    kept = [world.http(EVE).post("/notifications/notify", {**NOTIFY, "user_id": EVE, "channel": channel}, expect=201)
            .json()["id"] for channel in ("in_app", "email", "sms")]
    for http in (world.http(EVE), world.http(CORA), world.http(ADAM)):
        rows = http.get(f"/notifications/history/{EVE}", expect=200).json()["notifications"]
        assert [row["id"] for row in rows[:3]] == kept[::-1]
    assert set(rows[0]) == {"id", "user_id", "ticket_id", "ticket_number", "type", "channel", "status", "message",
                            "retry_count", "created_at", "sent_at"}
    assert rows[2]["status"] == "sent" and rows[2]["sent_at"] == rows[2]["created_at"]
    check_error(world.http(EMIL).get(f"/notifications/history/{EVE}"), 403, "FORBIDDEN")
    assert world.http(EMIL).get(f"/notifications/history/{EVE}").json()["error"] == "permission denied"
    answer = world.http(CORA).get("/notifications/history/abc")
    assert check_error(answer, 400, "INVALID_INPUT")["error"] == "invalid user id"
    assert world.http(CORA).get("/notifications/history/4711", expect=200).json() == {"notifications": []}


def test_history_has_the_newest_hundred(world):
    ids = [world.notify(ADAM)["id"] for _ in range(101)]
    rows = world.http(ADAM).get(f"/notifications/history/{ADAM}", expect=200).json()["notifications"]
    assert [row["id"] for row in rows] == ids[:0:-1]


def test_queue(world):
    world.notify(EMIL)
    answer = world.http(CORA).get("/notifications/queue", expect=200).json()
    assert isinstance(answer["queue_length"], int)
    states = [entry["status"] for entry in answer["stats"]]
    assert states == sorted(states) and set(states) <= {"failed", "pending", "sent"}
    assert int(next(entry["count"] for entry in answer["stats"] if entry["status"] == "sent")) > 0
    assert all(isinstance(entry["count"], str) for entry in answer["stats"])
    for identity in (EMIL, RITA):
        answer = world.http(identity).get("/notifications/queue")
        assert check_error(answer, 403, "FORBIDDEN")["error"] == "permission denied"


def test_malformed_bodies(world):
    http = world.http(CORA)
    json_type = {"Content-Type": "application/json"}
    for path in ("/api/v1/notifications", "/api/v1/notifications/email"):
        check_error(http.request("POST", path, data=b"{", headers=json_type), 400, "INVALID_INPUT")
        check_error(http.request("POST", path, data=b"[]", headers=json_type), 400, "INVALID_INPUT")
        check_error(http.request("POST", path, data=b"x", headers={"Content-Type": "text/plain"}), 415,
                    "UNSUPPORTED_MEDIA_TYPE")
    check_error(http.patch("/api/v1/notifications"), 405, "METHOD_NOT_ALLOWED")
    check_error(http.get("/api/v1/notifications/1/nonsense"), 404, "NOT_FOUND")
