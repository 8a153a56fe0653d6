"""auth-service: registering, logging in, tokens, cookies, sessions, lock-out."""
import base64
import concurrent.futures
import hashlib
import http.cookies
import json
import os
import pathlib
import time
import uuid

import pytest

from lib import tokens
from lib.http import check_error

# Made with Python's crypt: bcrypt of "test123".
BCRYPT = "$2b$05$abcdefghijklmnopqrstuuiSxrCHLVwpmVwT4EU3KSeUZ1NHx9EI2"
ORIGIN = "http://localhost:5173"


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false", "ALLOWED_ORIGINS": f"http://x.example,{ORIGIN}"})


def new_email():
    return f"{uuid.uuid4().hex[:10]}@Example.org"


def register(auth, email=None, password="test123", **more):
    email = email or new_email()
    body = auth.http.post("/api/v1/auth/register", {"email": email, "password": password, **more}, expect=201).json()
    return body


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def set_hash(db, user_id, value):
    db.query("UPDATE auth.credential SET password_hash = %s WHERE user_id = %s", value, user_id)


def get_hash(db, user_id):
    return db.query("SELECT password_hash FROM auth.credential WHERE user_id = %s", user_id)[0][0]


# ---- registration ---------------------------------------------------------------------------------

def test_simple_registration_answers_id_email_role(auth):
    email = new_email()
    body = auth.http.post("/auth/register", {"email": email, "password": "test123"}, expect=201).json()
    assert set(body) == {"id", "email", "role"}
    assert body["email"] == email and body["role"] == "user" and isinstance(body["id"], int)


@pytest.mark.parametrize("path", ["/api/v1/auth/register", "/api/v1/users/register", "/api/auth/register"])
def test_full_registration_logs_in(auth, path):
    email = new_email()
    body = auth.http.post(path, {"email": email, "password": "test123", "firstName": "Ann", "last_name": "Lee",
                                 "department": "Finance", "phone_number": "0917"}, expect=201).json()
    user = body["user"]
    assert user["full_name"] == "Ann Lee" and user["department"] == "Finance" and user["phone"] == "0917"
    assert user["roles"] == [{"system": "hdts", "role": "Employee", "system_role_id": 1}]
    assert user["active"] is True and user["version"] == 1
    assert body["token"] == body["access"]
    me = auth.http.with_token(body["access"]).get("/api/v1/auth/me", expect=200).json()
    assert me["id"] == user["id"] and me["email"] == email


@pytest.mark.parametrize("path", ["/auth/register", "/api/v1/auth/register"])
def test_registration_refuses_what_is_missing(auth, path):
    for body in ({}, {"email": new_email()}, {"password": "test123"}, {"email": "", "password": "test123"},
                 {"email": new_email(), "password": ""}, {"email": None, "password": "test123"}):
        assert check_error(auth.http.post(path, body), 400, "INVALID_INPUT")["message"] == \
            "email and password are required"
    check_error(auth.http.request("POST", path, data="{", headers={"Content-Type": "application/json"}),
                400, "INVALID_INPUT")
    check_error(auth.http.request("POST", path, data="a=b", headers={"Content-Type": "text/plain"}),
                415, "UNSUPPORTED_MEDIA_TYPE")
    check_error(auth.http.post(path, {"email": new_email(), "password": "x" * 20000}), 413, "PAYLOAD_TOO_LARGE")


def test_registration_names_bad_values(auth):
    body = check_error(auth.http.post("/auth/register", {"email": "no address", "password": "test123",
                                                         "first_name": "x" * 101}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"email", "first_name"}
    body = check_error(auth.http.post("/api/v1/auth/register", {"email": "no address", "password": "five5",
                                                                "last_name": "x" * 101}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"email", "password", "last_name"}
    body = check_error(auth.http.post("/auth/register", {"email": new_email(), "password": "five5"}),
                       422, "VALIDATION_ERROR")
    assert body["details"]["fields"] == {"password": "password too short"}
    email = new_email()
    body = check_error(auth.http.post("/auth/register", {"email": email, "password": email.lower()}),
                       422, "VALIDATION_ERROR")
    assert "password" in body["details"]["fields"]
    check_error(auth.http.post("/auth/register", {"email": new_email(), "password": "y" * 512}),
                422, "VALIDATION_ERROR")


def test_an_address_is_registered_once_whatever_its_case(auth):
    email = new_email()
    register(auth, email)
    for path in ("/auth/register", "/api/v1/auth/register"):
        body = check_error(auth.http.post(path, {"email": email.upper(), "password": "test123"}),
                           409, "DUPLICATE_RESOURCE")
        assert body["message"] == "email already registered"


def test_simultaneous_registrations_make_one_person(auth, db):
    email = new_email()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: auth.http.post("/auth/register", {"email": email, "password": "test123"}),
                                range(8)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert db.query("SELECT count(*) FROM auth.user_account WHERE email = %s", email)[0][0] == 1


def test_nobody_registers_as_admin(auth, db):
    for role in ("admin", "staff"):
        email = new_email()
        check_error(auth.http.post("/auth/register", {"email": email, "password": "test123", "role": role}),
                    403, "FORBIDDEN")
        assert not db.query("SELECT 1 FROM auth.user_account WHERE email = %s", email)
    check_error(auth.http.post("/auth/register", {"email": new_email(), "password": "test123", "role": "root"}),
                422, "VALIDATION_ERROR")
    body = register(auth, roles=[{"system": "hdts", "role": "Admin"}], role="user", id=1, is_staff=True)
    assert [r["role"] for r in body["user"]["roles"]] == ["Employee"]


# ---- login ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("path,keys", [
    ("/token/", {"access", "refresh"}),
    ("/token", {"access", "refresh"}),
    ("/api/auth/token/", {"access", "refresh"}),
    ("/auth/login", {"token"}),
    ("/api/v1/auth/login", {"user", "token", "access", "refresh"}),
    ("/api/v1/users/login/", {"user", "token", "access", "refresh"}),
    ("/api/auth/login", {"user", "token", "access", "refresh"}),
])
def test_one_login_in_its_views(auth, path, keys):
    user = register(auth)["user"]
    answer = auth.http.post(path, {"email": user["email"].upper(), "password": "test123"}, expect=200)
    assert set(answer.json()) == keys
    token = answer.json().get("token") or answer.json()["access"]
    assert auth.http.with_token(token).get("/auth/me", expect=200).json()["user"]["sub"] == user["id"]


def test_cookies(auth):
    user = register(auth)["user"]
    answer = auth.http.post("/token/", {"email": user["email"], "password": "test123"}, expect=200)
    cookies = http.cookies.SimpleCookie()
    for line in answer.raw.headers.getlist("Set-Cookie"):
        cookies.load(line)
    for name, value, age in (("access_token", "access", "3600"), ("refresh_token", "refresh", "604800")):
        assert cookies[name].value == answer.json()[value]
        assert cookies[name]["httponly"] and cookies[name]["samesite"] == "Lax" and cookies[name]["path"] == "/"
        assert cookies[name]["max-age"] == age and not cookies[name]["secure"]
    auth.http.get("/auth/me", expect=200, headers={"Cookie": f"access_token={answer.json()['access']}"})


def test_claims(auth):
    body = register(auth, first_name="Ann", last_name="Lee")
    user = body["user"]
    before = int(time.time())
    answer = auth.http.post("/token/", {"email": user["email"], "password": "test123"}, expect=200).json()
    access, refresh = claims(answer["access"]), claims(answer["refresh"])
    assert access["iss"] == "tts-jwt-issuer" and access["sub"] == str(user["id"])
    assert access["user_id"] == user["id"] and access["email"] == user["email"] and access["name"] == "Ann Lee"
    assert access["role"] == "user" and access["token_type"] == "access"
    assert access["roles"] == [{"system": "hdts", "role": "Employee", "system_role_id": 1}]
    assert before <= access["iat"] <= time.time() and access["exp"] == access["iat"] + 3600
    assert refresh["token_type"] == "refresh" and refresh["exp"] == refresh["iat"] + 7 * 86400
    assert access["jti"] != refresh["jti"]


def test_wrong_credentials_look_alike(auth):
    email = register(auth)["user"]["email"]
    simple = [auth.http.post("/auth/login", {"email": e, "password": p}) for e, p in
              ((email, "wrong"), (new_email(), "test123"), (email, "z" * 600), ("no address", "test123"))]
    for answer in simple:
        assert check_error(answer, 401, "INVALID_CREDENTIALS")["message"] == "invalid credentials"
        assert "Set-Cookie" not in answer.headers
    for path in ("/token/", "/api/v1/auth/login"):
        check_error(auth.http.post(path, {"email": email, "password": "wrong"}), 401, "INVALID_CREDENTIALS")


def test_login_refuses_what_is_missing(auth):
    for path in ("/auth/login", "/token/", "/api/v1/auth/login"):
        for body in ({}, {"email": "a@b.c"}, {"password": "x"}, {"email": 5, "password": "x"}, []):
            check_error(auth.http.post(path, body), 400, "INVALID_INPUT")
    assert auth.http.post("/auth/login", {}).json()["error"] == "email and password are required"


def test_a_deactivated_person_stays_out(auth):
    user = register(auth)["user"]
    admin = auth.http.as_user(999, tokens.ADMIN)
    admin.post(f"/api/v1/users/{user['id']}/deactivate", expect=200)
    check_error(auth.http.post("/auth/login", {"email": user["email"], "password": "wrong"}),
                401, "INVALID_CREDENTIALS")
    body = check_error(auth.http.post("/auth/login", {"email": user["email"], "password": "test123"}),
                       403, "FORBIDDEN")
    assert body["message"] == "the account is deactivated"


def test_old_hashes_are_verified_and_upgraded(auth, db):
    salt = "NaCl"
    django = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"test123", salt.encode(), 5000)).decode()
    for old in (BCRYPT, f"pbkdf2_sha256$5000${salt}${django}"):
        user = register(auth)["user"]
        set_hash(db, user["id"], old)
        check_error(auth.http.post("/token/", {"email": user["email"], "password": "Test123"}),
                    401, "INVALID_CREDENTIALS")
        assert get_hash(db, user["id"]) == old
        auth.http.post("/token/", {"email": user["email"], "password": "test123"}, expect=200)
        assert get_hash(db, user["id"]).startswith("$y$")
        auth.http.post("/token/", {"email": user["email"], "password": "test123"}, expect=200)


def test_a_person_without_a_password_cannot_log_in(auth):
    email = new_email()
    admin = auth.http.as_user(999, tokens.ADMIN)
    admin.post("/api/v1/users", {"email": email}, expect=201)
    for password in ("", "x", "decoy", "test123"):
        assert auth.http.post("/token/", {"email": email, "password": password}).status_code in (400, 401)


# ---- who am I -------------------------------------------------------------------------------------

def test_simple_me_shows_the_claims(auth):
    body = register(auth)
    me = auth.http.with_token(body["token"]).get("/auth/me", expect=200).json()
    payload = claims(body["token"])
    assert me == {"user": {"sub": body["user"]["id"], "role": "user", "email": body["user"]["email"],
                           "iat": payload["iat"], "exp": payload["exp"]}}


def test_simple_me_refuses_in_its_own_words(auth):
    assert check_error(auth.http.get("/auth/me"), 401, "UNAUTHENTICATED")["error"] == "missing token"
    good = tokens.mint(5)
    for bad in ("garbage", good[:-4], tokens.mint(5, secret="other"), tokens.mint(5, ttl=-3600),
                tokens.mint(5, token_type="refresh"),
                tokens.encode({"iss": tokens.ISSUER, "sub": "5", "user_id": 5}, header={"alg": "none"})):
        answer = auth.http.with_token(bad).get("/auth/me")
        assert answer.status_code == 401 and answer.json()["error"] == "invalid token", bad


@pytest.mark.parametrize("path", ["/api/v1/auth/me", "/api/v1/users/me", "/api/auth/me", "/api/me",
                                  "/api/v1/users/profile"])
def test_me_is_the_person(auth, path):
    body = register(auth)
    assert auth.http.with_token(body["token"]).get(path, expect=200).json() == \
        auth.http.with_token(body["token"]).get(f"/api/v1/users/{body['user']['id']}", expect=200).json()
    check_error(auth.http.get(path), 401, "UNAUTHENTICATED")
    check_error(auth.http.as_user(10 ** 9).get(path), 404, "USER_NOT_FOUND")


# ---- refresh --------------------------------------------------------------------------------------

@pytest.mark.parametrize("path,keys", [
    ("/token/refresh/", {"access", "refresh"}),
    ("/api/auth/token/refresh/", {"access", "refresh"}),
    ("/api/v1/users/token/refresh/", {"access", "refresh"}),
    ("/api/v1/auth/refresh", {"user", "token", "access", "refresh"}),
])
def test_refresh_rotates(auth, path, keys):
    first = register(auth)
    second = auth.http.post(path, {"refresh": first["refresh"]}, expect=200)
    assert set(second.json()) == keys and "Set-Cookie" in second.headers
    third = auth.http.post(path, {"refresh_token": second.json()["refresh"]}, expect=200).json()
    assert len({first["refresh"], second.json()["refresh"], third["refresh"]}) == 3
    auth.http.with_token(third["access"]).get("/auth/me", expect=200)
    fourth = auth.http.with_token(third["refresh"]).post(path, expect=200).json()
    assert fourth["refresh"] != third["refresh"]


def test_reuse_of_a_refresh_token_ends_the_session_for_everybody(auth, db):
    first = register(auth)
    second = auth.http.post("/token/refresh/", {"refresh": first["refresh"]}, expect=200).json()
    check_error(auth.http.post("/token/refresh/", {"refresh": first["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(auth.http.post("/token/refresh/", {"refresh": second["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(auth.http.post("/token/verify/", {"token": second["access"]}), 401, "UNAUTHENTICATED")
    reasons = db.query("SELECT revoked_reason FROM auth.session WHERE user_id = %s", first["user"]["id"])
    assert reasons == [("reuse",)]
    again = auth.http.post("/token/", {"email": first["user"]["email"], "password": "test123"}, expect=200).json()
    auth.http.post("/token/refresh/", {"refresh": again["refresh"]}, expect=200)


def test_of_simultaneous_refreshes_one_wins(auth):
    refresh = register(auth)["refresh"]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: auth.http.post("/token/refresh/", {"refresh": refresh}), range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [401] * 5


def test_refresh_takes_nothing_else(auth):
    body = register(auth)
    assert check_error(auth.http.post("/token/refresh/", {}), 400, "INVALID_INPUT")["message"] == \
        "a refresh token is required"
    check_error(auth.http.post("/token/refresh/"), 400, "INVALID_INPUT")
    for bad in ("x", body["access"], tokens.mint(body["user"]["id"], token_type="refresh"),
                tokens.mint(body["user"]["id"], token_type="refresh", jti=f"{uuid.uuid4()}.1r")):
        check_error(auth.http.post("/token/refresh/", {"refresh": bad}), 401, "UNAUTHENTICATED")
    old = tokens.mint(body["user"]["id"], token_type="refresh", jti=claims(body["refresh"])["jti"], ttl=-3600)
    assert auth.http.post("/token/refresh/", {"refresh": old}).status_code == 401
    auth.http.post("/token/refresh/", {"refresh": body["refresh"]}, expect=200)


def test_refresh_by_cookie_needs_an_allowed_origin(auth):
    cookie = {"Cookie": f"refresh_token={register(auth)['refresh']}"}
    for origin in ({}, {"Origin": "http://evil.example"}):
        check_error(auth.http.post("/token/refresh/", headers={**cookie, **origin}), 403, "FORBIDDEN")
    auth.http.post("/token/refresh/", headers={**cookie, "Origin": ORIGIN}, expect=200)


def test_a_refreshed_token_carries_the_roles_of_now(auth):
    body = register(auth)
    admin = auth.http.as_user(999, tokens.ADMIN)
    admin.post(f"/api/v1/users/{body['user']['id']}/roles", {"system": "hdts", "role": "Ticket Coordinator"},
               expect=201)
    fresh = auth.http.post("/token/refresh/", {"refresh": body["refresh"]}, expect=200).json()
    assert claims(fresh["access"])["role"] == "staff"
    assert {r["role"] for r in claims(fresh["access"])["roles"]} == {"Employee", "Ticket Coordinator"}


# ---- verify and logout ----------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/token/verify/", "/api/auth/token/verify/"])
def test_verify(auth, path):
    body = register(auth)
    for token in (body["access"], body["refresh"]):
        assert auth.http.post(path, {"token": token}, expect=200).json() == {}
    fresh = auth.http.post("/token/refresh/", {"refresh": body["refresh"]}, expect=200).json()
    check_error(auth.http.post(path, {"token": body["refresh"]}), 401, "UNAUTHENTICATED")
    auth.http.post(path, {"token": fresh["refresh"]}, expect=200)
    for bad in ("x", tokens.mint(body["user"]["id"]), tokens.mint_service()):
        check_error(auth.http.post(path, {"token": bad}), 401, "UNAUTHENTICATED")
    check_error(auth.http.post(path, {}), 400, "INVALID_INPUT")


@pytest.mark.parametrize("path", ["/api/v1/auth/logout", "/api/auth/logout/"])
@pytest.mark.parametrize("how", ["bearer", "body", "cookie"])
def test_logout_ends_the_session(auth, path, how):
    body = register(auth)
    kwargs = {"bearer": {"headers": {"Authorization": f"Bearer {body['access']}"}},
              "body": {"json": {"refresh": body["refresh"]}},
              "cookie": {"headers": {"Cookie": f"refresh_token={body['refresh']}", "Origin": ORIGIN}}}[how]
    answer = auth.http.post(path, expect=200, **kwargs)
    assert answer.json() == {"message": "logged out"}
    assert all("Max-Age=0" in line for line in answer.raw.headers.getlist("Set-Cookie"))
    check_error(auth.http.post("/token/refresh/", {"refresh": body["refresh"]}), 401, "UNAUTHENTICATED")


def test_logout_needs_proof(auth):
    body = register(auth)
    session = claims(body["refresh"])["jti"]
    forged = tokens.mint(body["user"]["id"], jti=session, token_type="refresh", secret="other")
    auth.http.post("/api/v1/auth/logout", expect=200)
    auth.http.post("/api/v1/auth/logout", {"refresh": forged}, expect=200)
    for cookie in (f"refresh_token={body['refresh']}", f"access_token={body['access']}"):
        for origin in ({}, {"Origin": "http://evil.example"}):
            check_error(auth.http.post("/api/v1/auth/logout", headers={"Cookie": cookie, **origin}), 403, "FORBIDDEN")
    auth.http.post("/token/refresh/", {"refresh": body["refresh"]}, expect=200)


# ---- lock-out and floods --------------------------------------------------------------------------

@pytest.fixture(scope="module")
def strict(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false", "LOCKOUT_FAILURES": "3",
                                          "LOCKOUT_ADDRESS_FAILURES": "0"})


def test_an_account_locks_known_or_not(strict, db):
    known, unknown = register(strict)["user"]["email"], new_email()
    for email in (known, unknown):
        for _ in range(3):
            check_error(strict.http.post("/auth/login", {"email": email, "password": "wrong"}),
                        401, "INVALID_CREDENTIALS")
        answer = strict.http.post("/auth/login", {"email": email.upper(), "password": "test123"})
        check_error(answer, 429, "ACCOUNT_LOCKED")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    db.query("UPDATE auth.login_guard SET locked_until = locked_until - interval '61 s' WHERE key = lower(%s)", known)
    strict.http.post("/auth/login", {"email": known, "password": "test123"}, expect=200)
    assert db.query("SELECT failures, pending, locked_until FROM auth.login_guard WHERE kind = 'account'"
                    " AND key = lower(%s)", known) == [(0, 0, None)]


def test_parallel_guesses_do_not_overshoot(strict):
    email = register(strict)["user"]["email"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: strict.http.post("/auth/login", {"email": email, "password": f"guess{i}"}),
                                range(24)))
    assert sorted(a.status_code for a in answers) == [401] * 3 + [429] * 21


def test_parallel_logins_with_the_right_password_all_succeed(strict):
    email = register(strict)["user"]["email"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: strict.http.post("/token/", {"email": email, "password": "test123"}),
                                range(24)))
    assert {a.status_code for a in answers} == {200}


def test_an_address_locks(start_service, db):
    program = start_service("auth-service", {"DEMO_DATA": "false", "LOCKOUT_FAILURES": "0",
                                             "LOCKOUT_ADDRESS_FAILURES": "5"})
    db.query("DELETE FROM auth.login_guard")
    email = register(program)["user"]["email"]
    for _ in range(5):
        check_error(program.http.post("/token/", {"email": new_email(), "password": "wrong"}),
                    401, "INVALID_CREDENTIALS")
    answer = program.http.post("/token/", {"email": email, "password": "test123"})
    check_error(answer, 429, "ACCOUNT_LOCKED")
    assert int(answer.headers["Retry-After"]) > 0
    db.query("DELETE FROM auth.login_guard")
    program.http.post("/token/", {"email": email, "password": "test123"}, expect=200)


def test_a_flood_of_logins_is_refused_with_retry_after(start_service):
    program = start_service("auth-service", {"DEMO_DATA": "false", "PASSWORD_THREADS": "1", "PASSWORD_QUEUE": "1",
                                             "LOCKOUT_FAILURES": "0", "LOCKOUT_ADDRESS_FAILURES": "0"})
    email = register(program)["user"]["email"]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: program.http.post("/token/", {"email": email, "password": "test123"}),
                                range(48)))
    refused = [a for a in answers if a.status_code != 200]
    assert refused and len(refused) < len(answers)
    for answer in refused:
        check_error(answer, 503, "SERVICE_UNAVAILABLE")
        assert int(answer.headers["Retry-After"]) >= 1
    program.http.post("/token/", {"email": email, "password": "test123"}, expect=200)


def test_hashing_threads_stand_behind_the_loop(start_service):
    """What keeps other answers quick while many log in; tests/bench/auth_login.py has the figures."""
    program = start_service("auth-service", {"DEMO_DATA": "false", "PASSWORD_THREADS": "3", "LOCKOUT_FAILURES": "0"})
    email = register(program)["user"]["email"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: program.http.post("/token/", {"email": email, "password": "test123"}, expect=200), range(24)))
    pid = program.process.pid

    def scheduling(thread):
        fields = (thread / "stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return int(fields[16]), os.sched_getscheduler(int(thread.name))

    threads = {thread.name: scheduling(thread) for thread in pathlib.Path(f"/proc/{pid}/task").iterdir()}
    nice, policy = threads[str(pid)]
    assert policy == os.SCHED_OTHER
    workers = [t for t in threads.values() if t == (min(nice + 10, 19), os.SCHED_BATCH)]
    assert 1 <= len(workers) <= 3, threads


def test_role_at_registration_in_development_when_allowed(start_service):
    program = start_service("auth-service", {"DEMO_DATA": "false", "ALLOW_ROLE_AT_REGISTRATION": "true"})
    for role, held in (("staff", {"Ticket Coordinator"}), ("admin", {"Admin"}), ("user", {"Employee"})):
        body = program.http.post("/auth/register", {"email": new_email(), "password": "test123", "role": role},
                                 expect=201).json()
        assert body["role"] == role
        user = program.http.as_user(999, tokens.ADMIN).get(f"/api/v1/users/{body['id']}", expect=200).json()
        assert {r["role"] for r in user["roles"]} == held
