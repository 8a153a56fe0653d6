"""Personal API tokens: made and revoked at auth-service, good on the port of every program."""
import base64
import concurrent.futures
import datetime
import json
import re
import uuid

import pytest

from lib import tokens
from lib.http import check_error
from lib.wait import wait_for

TOKENS = "/api/v1/tokens"


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false", "API_TOKEN_MAX_AGE": "200d"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


@pytest.fixture(scope="module")
def program(auth):
    return auth.http.with_token(tokens.mint_service("notification-service"))


@pytest.fixture(scope="module")
def other(start_service, auth):
    return start_service("notification-service", {"AUTH_SERVICE_URL": auth.url})


class Person:
    def __init__(self, auth, admin, role="user"):
        self.email = f"{uuid.uuid4().hex[:10]}@example.org"
        self.id = admin.post("/api/v1/users", {"email": self.email, "password": "test123", "role": role},
                             expect=201).json()["id"]
        self.auth = auth
        self.http = auth.http.with_token(auth.http.post(
            "/token", {"email": self.email, "password": "test123"}, expect=200).json()["access"])

    def make(self, scopes=("TICKET_READ",), name="script", **more):
        return self.http.post(TOKENS, {"name": name, "scopes": list(scopes), **more}, expect=201).json()


@pytest.fixture
def person(auth, admin):
    return Person(auth, admin)


def introspect(program, token, **more):
    return program.post(f"{TOKENS}/introspect", {"token": token, **more}, expect=200).json()


def claims_of(jwt):
    part = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def has_good_checksum(token):
    return token[-6:] == tokens.api_token_checksum(token[:-6])


def days_from_now(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400


# ---- making ---------------------------------------------------------------------------------------

def test_a_token_is_shown_once_and_kept_as_a_hash(person, db):
    answer = person.http.post(TOKENS, {"name": " nightly ", "scopes": ["ticket_read", "TICKET_CREATE", "TICKET_READ"]},
                              expect=201)
    made = answer.json()
    text = made["token"]
    assert re.fullmatch("tts_[0-9A-Za-z]{42}", text) and has_good_checksum(text)
    assert made["name"] == "nightly" and made["scopes"] == ["TICKET_READ", "TICKET_CREATE"]
    assert made["hint"] == text[:10] and made["user_id"] == person.id and made["last_used_at"] is None
    assert 89.9 < days_from_now(made["expires_at"]) <= 90
    assert answer.headers["Location"] == f"{TOKENS}/{made['id']}" and answer.headers["Cache-Control"] == "no-store"
    read = person.http.get(answer.headers["Location"], expect=200)
    assert read.headers["ETag"] == '"1"' and read.json()["token"] is None and text not in read.text
    assert text not in person.http.get(TOKENS, expect=200).text
    rows = db.query("SELECT row_to_json(t)::text FROM auth.api_token t WHERE id = %s", made["id"])
    assert text not in rows[0][0]
    assert text not in person.auth.log_text()


def test_bad_requests(person):
    check_error(person.http.post(TOKENS, {}), 400, "INVALID_INPUT")
    check_error(person.http.post(TOKENS, {"name": " ", "scopes": []}), 400, "INVALID_INPUT")
    body = check_error(person.http.post(TOKENS, {"name": "x", "scopes": ["TICKET_READ", "EVERYTHING"]}),
                       422, "VALIDATION_ERROR")
    assert list(body["details"]["fields"]) == ["scopes[1]"]
    for end in ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_in_days": 201}, {"expires_in_days": 0},
                {"expires_at": "9999-01-01T00:00:00Z"}):
        check_error(person.http.post(TOKENS, {"name": "x", "scopes": [], **end}), 422, "VALIDATION_ERROR")
    assert 199 < days_from_now(person.make(expires_in_days=200)["expires_at"]) <= 200


def test_nobody_has_more_than_a_hundred(person):
    for _ in range(100):
        person.make(())
    check_error(person.http.post(TOKENS, {"name": "x", "scopes": []}), 409, "CONFLICT")
    last = person.http.get(TOKENS, expect=200).json()
    assert len(last["results"]) == 100
    person.http.delete(f"{TOKENS}/{last['results'][0]['id']}", expect=204)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.auth.http.with_token(person.http.token).post(
            TOKENS, {"name": "x", "scopes": []}).status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]
    second = person.http.get(f"{TOKENS}?before={last['next']}", expect=200).json()
    assert second["results"] == [] and second["next"] is None


@pytest.mark.parametrize("scope", ["USER_ADMIN", "USER_READ", "OPERATE", "TICKET_WORK"])
def test_scopes_beyond_ones_own_are_refused_and_audited(person, admin, scope):
    body = check_error(person.http.post(TOKENS, {"name": "x", "scopes": ["TICKET_READ", scope]}), 403, "FORBIDDEN")
    assert body["details"]["scope"] == scope
    assert person.http.get(TOKENS, expect=200).json()["results"] == []
    event = admin.get(f"/api/v1/auth/audit?actor_id={person.id}&action=token.create").json()["results"][0]
    assert event["result"] == "refused" and event["details"] == {"code": "FORBIDDEN", "scope": scope}


def test_a_claimed_role_does_not_help(auth, person):
    """Scopes are measured against the roles of the database, not those of the token."""
    liar = auth.http.as_user(person.id, tokens.ADMIN)
    check_error(liar.post(TOKENS, {"name": "x", "scopes": ["USER_ADMIN"]}), 403, "FORBIDDEN")


def test_programs_and_strangers_have_none(auth, program):
    check_error(program.post(TOKENS, {"name": "x", "scopes": []}), 403, "FORBIDDEN")
    check_error(auth.http.post(TOKENS, {"name": "x", "scopes": []}), 401, "UNAUTHENTICATED")
    check_error(auth.http.as_user(10 ** 7).post(TOKENS, {"name": "x", "scopes": []}), 404, "USER_NOT_FOUND")


# ---- exchanging -----------------------------------------------------------------------------------

def test_introspection(person, program):
    made = person.make(["TICKET_READ", "TICKET_CREATE"])
    found = introspect(program, made["token"])
    assert found["active"] is True and found["token_id"] == str(made["id"]) and 0 < found["expires_in"] <= 300
    claims = claims_of(found["access"])
    assert claims["user_id"] == person.id and claims["email"] == person.email
    assert claims["token_type"] == "access" and claims["scope"] == "TICKET_READ TICKET_CREATE"
    assert claims["exp"] - claims["iat"] == found["expires_in"]
    assert [r["role"] for r in claims["roles"]] == ["Employee"]


@pytest.mark.parametrize("token", ["x", "tts_", "tts_" + "0" * 42, "tts_" + "0" * 36 + "2RfCAa", "tts_" + "é" * 42])
def test_what_is_no_token_is_not_active(program, token):
    assert introspect(program, token) == {"active": False}


def test_introspection_is_for_programs(person, auth, admin):
    token = person.make()["token"]
    check_error(auth.http.post(f"{TOKENS}/introspect", {"token": token}), 401, "UNAUTHENTICATED")
    check_error(person.http.post(f"{TOKENS}/introspect", {"token": token}), 403, "FORBIDDEN")
    check_error(admin.post(f"{TOKENS}/introspect", {"token": token}), 403, "FORBIDDEN")


def test_a_token_ends(person, program, db):
    made = person.make(expires_in_days=1)
    db.query("UPDATE auth.api_token SET expires_at = clock_timestamp() + interval '100 seconds' WHERE id = %s",
             made["id"])
    assert introspect(program, made["token"])["expires_in"] <= 100
    db.query("UPDATE auth.api_token SET expires_at = clock_timestamp() WHERE id = %s", made["id"])
    assert introspect(program, made["token"]) == {"active": False}


def test_use_is_noted_at_most_once_a_minute(person, program, db):
    made = person.make()
    path = f"{TOKENS}/{made['id']}"
    introspect(program, made["token"], address="192.0.2.1")
    first = person.http.get(path, expect=200).json()
    assert first["last_used_address"] == "192.0.2.1" and first["last_used_at"] and first["version"] == 1
    introspect(program, made["token"], address="192.0.2.2")
    assert person.http.get(path).json()["last_used_address"] == "192.0.2.1"
    db.query("UPDATE auth.api_token SET last_used_at = last_used_at - interval '61 seconds' WHERE id = %s", made["id"])
    introspect(program, made["token"], address="192.0.2.2")
    assert person.http.get(path).json()["last_used_address"] == "192.0.2.2"


def test_roles_count_as_they_are_now(auth, admin, program):
    reader = Person(auth, admin, role="staff")
    token = reader.make(["USER_READ"])["token"]
    bearer = auth.http.with_token(token)
    bearer.get("/api/v1/users?page_size=1", expect=200)
    admin.delete(f"/api/v1/users/{reader.id}/roles/2", expect=200)
    check_error(bearer.get("/api/v1/users"), 403, "FORBIDDEN")
    assert introspect(program, token)["active"] is True


# ---- using ----------------------------------------------------------------------------------------

def test_a_token_does_what_its_scopes_allow_and_no_more(auth, admin):
    boss = Person(auth, admin, role="admin")
    reader = auth.http.with_token(boss.make(["USER_READ"])["token"])
    reader.get("/api/v1/users?page_size=1", expect=200)
    assert reader.get("/auth/me", expect=200).json()["user"]["sub"] == boss.id
    check_error(reader.post("/api/v1/users", {"email": "a@example.org"}), 403, "FORBIDDEN")
    check_error(reader.get("/api/v1/auth/audit"), 403, "FORBIDDEN")
    nothing = auth.http.with_token(boss.make([])["token"])
    check_error(nothing.get("/api/v1/users"), 403, "FORBIDDEN")
    for header in ({"Cookie": f"access_token={reader.token}"},):
        check_error(auth.http.get("/api/v1/users", headers=header), 401, "UNAUTHENTICATED")


def test_a_token_makes_no_tokens(auth, admin):
    boss = Person(auth, admin, role="admin")
    made = boss.make(["USER_ADMIN"])
    bearer = auth.http.with_token(made["token"])
    check_error(bearer.post(TOKENS, {"name": "x", "scopes": []}), 403, "FORBIDDEN")
    check_error(bearer.get(TOKENS), 403, "FORBIDDEN")
    check_error(bearer.get(f"{TOKENS}/{made['id']}"), 403, "FORBIDDEN")
    check_error(bearer.post(f"{TOKENS}/{made['id']}/rotate"), 403, "FORBIDDEN")
    check_error(bearer.delete(f"{TOKENS}/{made['id']}"), 403, "FORBIDDEN")


# ---- revoking and rotating ------------------------------------------------------------------------

def test_a_revoked_token_is_dead(auth, person, program):
    made = person.make()
    bearer, path = auth.http.with_token(made["token"]), f"{TOKENS}/{made['id']}"
    bearer.get("/auth/me", expect=200)
    check_error(person.http.delete(path, headers={"If-Match": '"9"'}), 412, "PRECONDITION_FAILED")
    person.http.delete(path, expect=204, headers={"If-Match": '"1"'})
    person.http.delete(path, expect=204)
    check_error(bearer.get("/api/v1/auth/me"), 401, "UNAUTHENTICATED")
    assert introspect(program, made["token"]) == {"active": False}
    assert person.http.get(path).json()["revoked_reason"] == "owner"
    check_error(person.http.post(f"{path}/rotate"), 409, "CONFLICT")


def test_rotation_kills_the_old_text(auth, person):
    made = person.make(expires_in_days=7)
    path = f"{TOKENS}/{made['id']}"
    check_error(person.http.post(f"{path}/rotate", headers={"If-Match": '"5"'}), 412, "PRECONDITION_FAILED")
    answer = person.http.post(f"{path}/rotate", expect=200)
    again = answer.json()
    assert again["id"] == made["id"] and again["scopes"] == made["scopes"] and again["token"] != made["token"]
    assert answer.headers["ETag"] == '"2"' and 6.9 < days_from_now(again["expires_at"]) <= 7
    check_error(auth.http.with_token(made["token"]).get("/api/v1/auth/me"), 401, "UNAUTHENTICATED")
    auth.http.with_token(again["token"]).get("/api/v1/auth/me", expect=200)
    check_error(person.http.post(f"{path}/rotate", {"expires_in_days": 300}), 422, "VALIDATION_ERROR")
    auth.http.with_token(again["token"]).get("/api/v1/auth/me", expect=200)


def test_others_see_and_revoke_only_as_administrators(auth, admin, person):
    made = person.make()
    path = f"{TOKENS}/{made['id']}"
    stranger = Person(auth, admin)
    for method in ("get", "delete"):
        check_error(getattr(stranger.http, method)(path), 404, "NOT_FOUND")
    check_error(stranger.http.get(f"{TOKENS}?user_id={person.id}"), 403, "FORBIDDEN")
    assert [t["id"] for t in admin.get(f"{TOKENS}?user_id={person.id}", expect=200).json()["results"]] == [made["id"]]
    admin.get(path, expect=200)
    check_error(admin.post(f"{path}/rotate"), 404, "NOT_FOUND")
    admin.delete(path, expect=204)
    assert admin.get(path).json()["revoked_reason"] == "admin"
    for bad in ("0", "x", "99999999999999999999", "4711000"):
        check_error(admin.get(f"{TOKENS}/{bad}"), 404, "NOT_FOUND")


def test_deactivation_kills_tokens_for_good(auth, admin, person):
    bearer = auth.http.with_token(person.make()["token"])
    admin.post(f"/api/v1/users/{person.id}/deactivate", expect=200)
    check_error(bearer.get("/api/v1/auth/me"), 401, "UNAUTHENTICATED")
    admin.post(f"/api/v1/users/{person.id}/activate", expect=200)
    check_error(bearer.get("/api/v1/auth/me"), 401, "UNAUTHENTICATED")


def test_the_trail_tells_of_tokens(admin, person):
    made = person.make()
    person.http.post(f"{TOKENS}/{made['id']}/rotate", expect=200)
    person.http.delete(f"{TOKENS}/{made['id']}", expect=204)
    events = admin.get(f"/api/v1/auth/audit?target_type=token&target_id={made['id']}").json()["results"]
    assert [e["action"] for e in events] == ["token.revoke", "token.rotate", "token.create"]
    assert {e["actor_id"] for e in events} == {person.id} and {e["result"] for e in events} == {"allowed"}


# ---- on another program's port --------------------------------------------------------------------

def test_another_program_takes_the_token(other, person):
    bearer = other.http.with_token(person.make(["NOTIFICATION_OWN"])["token"])
    bearer.get("/api/v1/notifications", expect=200)
    check_error(other.http.with_token(person.make(["TICKET_READ"])["token"]).get("/api/v1/notifications"),
                403, "FORBIDDEN")


def test_another_program_refuses_what_is_none(other, person):
    for token in ("tts_nonsense", "tts_" + "0" * 36 + "2RfCAa"):
        check_error(other.http.with_token(token).get("/api/v1/notifications"), 401, "UNAUTHENTICATED")
    good = person.make(["NOTIFICATION_OWN"])["token"]
    check_error(other.http.get("/api/v1/notifications", headers={"Cookie": f"access_token={good}"}),
                401, "UNAUTHENTICATED")


def test_a_socket_opens_with_a_token(other, person):
    from lib.ws import WebSocket
    token = person.make(["NOTIFICATION_OWN"])["token"]
    url = other.url.replace("http", "ws") + "/ws/notifications"
    for socket in (WebSocket(f"{url}?token={token}"), WebSocket(url, subprotocols=["bearer", token])):
        with socket:
            assert socket.receive()["type"] == "connection_established"


def test_auth_away_is_503_and_what_is_known_goes_on(start_service, auth, admin, broker):
    """The answer about a token is kept for a minute; a new token cannot be judged without auth-service."""
    owner = Person(auth, admin)
    known, unknown = (owner.make(["NOTIFICATION_OWN"])["token"] for _ in range(2))
    alone = start_service("notification-service", {"AUTH_SERVICE_URL": auth.url})
    alone.http.with_token(known).get("/api/v1/notifications", expect=200)
    auth.kill()
    try:
        answer = alone.http.with_token(unknown).get("/api/v1/notifications")
        check_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) > 0
        alone.http.with_token(known).get("/api/v1/notifications", expect=200)
        check_error(alone.http.with_token("tts_nonsense").get("/api/v1/notifications"), 401, "UNAUTHENTICATED")
    finally:
        auth.start()
    wait_for(lambda: alone.http.with_token(unknown).get("/api/v1/notifications").status_code == 200, 20,
             "the token to be judged again")
