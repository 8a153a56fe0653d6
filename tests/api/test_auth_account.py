"""auth-service: passwords, addresses of mail, sessions, and the mails about them."""
import concurrent.futures

import pytest

from auth_support import ORIGIN, PASSWORD, actions, age, login, mails_of, new_email, register, wait_mail
from lib import tokens
from lib.http import check_error
from lib.smtp import MailServer
from lib.wait import wait_for

VERIFY, RESET, CHANGED = "Confirm your email address", "Reset your password", "Your password was changed"


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="auth")
def _auth(start_service, server):
    return start_service("auth-service", {
        "DEMO_DATA": "false", "SMTP_URL": server.url, "MAIL_FROM": "Help Desk <desk@help.example.org>",
        "ALLOWED_ORIGINS": ORIGIN, "LOCKOUT_ADDRESS_FAILURES": "0", "MAIL_REQUESTS": "0",
        "PASSWORD_RESET_URL": "https://help.example.org/reset?token={token}"})


def reset_token(auth, db, server, address):
    """Of a new reset mail, however recent the last one is."""
    seen = len([m for m in mails_of(server, address) if m.subject == RESET])
    age(db, "mail_token", "created_at", "lower(email) = lower(%s)", 60, address)
    auth.http.post("/api/v1/auth/forgot-password", {"email": address}, expect=200)
    return wait_mail(server, address, RESET, seen + 1).token()


# ---- verification ---------------------------------------------------------------------------------

def test_a_registration_mails_a_link_that_verifies_once(auth, server, db):
    user = register(auth, full_name="Ann <b>Lee</b>")["user"]
    assert user["email_verified"] is False
    mail = wait_mail(server, user["email"], VERIFY)
    assert "Hello Ann" not in mail.text or "<b>" not in mail.html
    assert mail.token() in mail.html and mail.id.endswith("@help.example.org>")
    stored = db.query("SELECT encode(hash, 'hex') FROM mail_token WHERE user_id = %s", user["id"], program="auth-service")
    assert len(stored) == 1 and mail.token() not in str(stored)
    assert auth.http.get(f"/api/v1/auth/verify-email?token={mail.token()}", expect=200).json() == \
        {"message": "email verified"}
    me = login(auth, user["email"]).json()["user"]
    assert me["email_verified"] is True and me["version"] == user["version"] + 1
    body = check_error(auth.http.post("/api/v1/auth/verify-email", {"token": mail.token()}), 400, "LINK_USED")
    assert "already" in body["error"] and "used" in body["error"]
    assert ("email.verify", False) in actions(db, user["id"])


@pytest.mark.parametrize("path", ["/api/v1/auth/verify-email", "/api/auth/verify-email/"])
def test_links_that_are_no_good(auth, server, db, path):
    assert "invalid" in check_error(auth.http.post(path, {"token": "x" * 43}), 400, "LINK_INVALID")["error"]
    check_error(auth.http.get(f"{path}?token=x"), 400, "LINK_INVALID")
    check_error(auth.http.get(path), 400, "INVALID_INPUT")
    check_error(auth.http.post(path, {}), 400, "INVALID_INPUT")
    address = register(auth)["user"]["email"]
    token = wait_mail(server, address, VERIFY).token()
    check_error(auth.http.post("/api/v1/auth/reset-password", {"token": token, "password": "new-pass-1"}),
                400, "LINK_INVALID")
    age(db, "mail_token", "expires_at", "email = %s", 86401, address)
    assert "expired" in check_error(auth.http.post(path, {"token": token}), 400, "LINK_EXPIRED")["error"]


def test_resending_answers_all_alike(auth, server, db):
    address = register(auth)["user"]["email"]
    wait_mail(server, address, VERIFY)
    known = auth.http.post("/api/v1/auth/resend-verification", {"email": address}, expect=200)
    assert known.json() == auth.http.post("/api/v1/auth/resend-verification", {"email": new_email()}, expect=200).json()
    wait_for(lambda: not db.query("SELECT 1 FROM outgoing_mail", program="auth-service"))
    assert len(mails_of(server, address)) == 1, "a second mail within a minute"
    age(db, "mail_token", "created_at", "email = %s", 60, address)
    auth.http.post("/api/v1/auth/resend-verification", {"email": address.upper()}, expect=200)
    token = wait_mail(server, address.upper(), VERIFY).token()
    auth.http.post("/api/v1/auth/verify-email", {"token": token}, expect=200)
    check_error(auth.http.post("/api/v1/auth/resend-verification", {"email": "no address"}), 422, "VALIDATION_ERROR")
    check_error(auth.http.post("/api/v1/auth/resend-verification", {}), 400, "INVALID_INPUT")


def test_a_changed_address_is_not_verified(auth, server, db):
    user = register(auth)["user"]
    token = wait_mail(server, user["email"], VERIFY).token()
    admin = auth.http.as_user(10 ** 6, tokens.ADMIN)
    changed = admin.patch(f"/api/v1/users/{user['id']}", {"email": new_email()}, expect=200).json()
    check_error(auth.http.post("/api/v1/auth/verify-email", {"token": token}), 400, "LINK_INVALID")
    assert not changed["email_verified"] and not login(auth, changed["email"]).json()["user"]["email_verified"]
    assert ("email.verify", False) not in actions(db, user["id"])


def test_verification_can_be_required(start_service, server, db):
    strict = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "REQUIRE_VERIFIED_EMAIL": "1"})
    address = new_email()
    answer = strict.http.post("/api/v1/auth/register", {"email": address, "password": PASSWORD}, expect=201)
    assert set(answer.json()) == {"user", "verification_email_sent"} and "Set-Cookie" not in answer.headers
    check_error(login(strict, address, "wrong"), 401, "INVALID_CREDENTIALS")
    check_error(login(strict, address), 403, "EMAIL_NOT_VERIFIED")
    strict.http.post("/api/v1/auth/verify-email", {"token": wait_mail(server, address, VERIFY).token()}, expect=200)
    assert login(strict, address).status_code == 200
    assert actions(db, answer.json()["user"]["id"]) == [("user.register", False), ("login", True), ("login", True),
                                                        ("email.verify", False), ("login", False)]


# ---- changing the password ------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/api/v1/auth/change-password", "/api/v1/users/password/change",
                                  "/api/v1/users/change-password/", "/api/v1/users/profile/reset-password/"])
def test_a_change_of_password_ends_the_other_sessions(auth, server, db, path):
    first = register(auth)
    address = first["user"]["email"]
    second = login(auth, address).json()
    me = auth.http.with_token(second["token"])
    me.post(path, {"current_password": PASSWORD, "new_password": "new-pass-1", "confirm_password": "new-pass-1"}, expect=200)
    check_error(auth.http.post("/token/refresh/", {"refresh": first["refresh"]}), 401, "UNAUTHENTICATED")
    auth.http.post("/token/refresh/", {"refresh": second["refresh"]}, expect=200)
    check_error(auth.http.with_token(first["token"]).get("/api/v1/auth/sessions"), 401, "UNAUTHENTICATED")
    check_error(login(auth, address), 401, "INVALID_CREDENTIALS")
    assert login(auth, address, "new-pass-1").status_code == 200
    mail = wait_mail(server, address, CHANGED)
    assert "127.0.0.1" in mail.text and "python-requests" in mail.html
    assert ("password.change", False) in actions(db, first["user"]["id"])


def test_a_change_of_password_is_refused_with_all_that_is_wrong(auth, db):
    body = register(auth)
    me = auth.http.with_token(body["token"])
    path = "/api/v1/auth/change-password"
    check_error(me.post(path, {"current_password": "wrong", "new_password": "new-pass-1"}), 401, "INVALID_CREDENTIALS")
    wrong = check_error(me.post(path, {"old_password": PASSWORD, "password": "five5", "confirm_password": "other"}),
                        422, "VALIDATION_ERROR")
    assert set(wrong["details"]["fields"]) == {"new_password", "confirm_password"}
    wrong = check_error(me.post(path, {"old_password": PASSWORD, "password": body["user"]["email"]}), 422,
                        "VALIDATION_ERROR")
    assert set(wrong["details"]["fields"]) == {"new_password"}
    check_error(me.post(path, {"current_password": PASSWORD}), 400, "INVALID_INPUT")
    check_error(auth.http.post(path, {"current_password": PASSWORD, "new_password": "new-pass-1"}), 401, "UNAUTHENTICATED")
    assert ("password.change", True) in actions(db, body["user"]["id"])
    scoped = auth.http.with_token(tokens.mint(body["user"]["id"], scope="TICKET_READ"))
    check_error(scoped.post(path, {"current_password": PASSWORD, "new_password": "new-pass-1"}), 403, "FORBIDDEN")


def test_guesses_at_the_current_password_lock(start_service, server):
    strict = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "LOCKOUT_FAILURES": "2",
                                            "LOCKOUT_ADDRESS_FAILURES": "0"})
    me = strict.http.with_token(register(strict)["token"])
    for path in ("/api/v1/auth/verify-password", "/api/v1/users/verify-password/"):
        me.post(path, {"password": PASSWORD}, expect=200)
        check_error(me.post(path, {}), 400, "INVALID_INPUT")
        check_error(strict.http.post(path, {"password": "x"}), 401, "UNAUTHENTICATED")
    for _ in range(2):
        check_error(me.post("/api/v1/auth/verify-password", {"password": "guess"}), 401, "INVALID_CREDENTIALS")
    answer = me.post("/api/v1/auth/change-password", {"current_password": PASSWORD, "new_password": "new-pass-1"})
    check_error(answer, 429, "ACCOUNT_LOCKED")
    assert int(answer.headers["Retry-After"]) > 0


# ---- forgetting it --------------------------------------------------------------------------------

@pytest.mark.parametrize("forgot,reset", [
    ("/api/v1/auth/forgot-password", "/api/v1/auth/reset-password"),
    ("/api/v1/users/password/forgot/", "/api/v1/users/password/reset/"),
    ("/api/auth/password-reset", "/api/auth/password-reset-confirm"),
])
def test_a_forgotten_password_is_reset_by_mail(auth, server, db, forgot, reset):
    body = register(auth)
    address = body["user"]["email"]
    known = auth.http.post(forgot, {"email": address}, expect=200)
    assert known.json() == auth.http.post(forgot, {"email": new_email()}, expect=200).json()
    mail = wait_mail(server, address, RESET)
    assert "https://help.example.org/reset?token=" in mail.text
    wrong = check_error(auth.http.post(reset, {"token": mail.token(), "password": "five5", "password_confirm": "six666"}),
                        422, "VALIDATION_ERROR")
    assert set(wrong["details"]["fields"]) == {"password", "password_confirm"}
    auth.http.post(reset, {"token": mail.token(), "new_password": "new-pass-1"}, expect=200)
    assert "used" in check_error(auth.http.post(reset, {"token": mail.token(), "password": "new-pass-2"}),
                                 400, "LINK_USED")["error"]
    check_error(auth.http.post("/token/refresh/", {"refresh": body["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(login(auth, address), 401, "INVALID_CREDENTIALS")
    assert login(auth, address, "new-pass-1").json()["user"]["email_verified"] is True
    wait_mail(server, address, CHANGED)
    assert ("password.reset", False) in actions(db, body["user"]["id"])


def test_a_reset_expires_and_of_several_links_one_works(auth, server, db):
    address = register(auth)["user"]["email"]
    old, new = (reset_token(auth, db, server, address) for _ in range(2))
    age(db, "mail_token", "expires_at", "email = %s AND hash = sha256(%s::bytea)", 7200, address, old)
    check_error(auth.http.post("/api/v1/auth/reset-password", {"token": old, "password": "new-pass-1"}), 400, "LINK_EXPIRED")
    third = reset_token(auth, db, server, address)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda i: auth.http.post("/api/v1/auth/reset-password",
                                                         {"token": new, "password": f"new-pass-{i}"}), range(6)))
    assert sorted(a.status_code for a in answers) == [200] + [400] * 5
    check_error(auth.http.post("/api/v1/auth/reset-password", {"token": third, "password": "new-pass-9"}), 400, "LINK_USED")
    for body in ({}, {"token": "x"}, {"password": "new-pass-1"}):
        check_error(auth.http.post("/api/v1/auth/reset-password", body), 400, "INVALID_INPUT")
    check_error(auth.http.post("/api/v1/auth/reset-password", {"token": "x", "password": "y"}), 400, "LINK_INVALID")


def test_a_reset_opens_a_locked_account(start_service, server, db):
    strict = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "LOCKOUT_FAILURES": "1",
                                            "LOCKOUT_ADDRESS_FAILURES": "0"})
    address = register(strict)["user"]["email"]
    check_error(login(strict, address, "wrong"), 401, "INVALID_CREDENTIALS")
    check_error(login(strict, address), 429, "ACCOUNT_LOCKED")
    token = reset_token(strict, db, server, address)
    strict.http.post("/api/v1/auth/reset-password", {"token": token, "password": "new-pass-1"}, expect=200)
    assert login(strict, address, "new-pass-1").status_code == 200


def test_nobody_is_mailed_who_must_not_be(auth, server, db):
    user = register(auth)["user"]
    wait_mail(server, user["email"], VERIFY)
    auth.http.as_user(10 ** 6, tokens.ADMIN).post(f"/api/v1/users/{user['id']}/deactivate", expect=200)
    auth.http.post("/api/v1/auth/forgot-password", {"email": user["email"]}, expect=200)
    wait_for(lambda: not db.query("SELECT 1 FROM outgoing_mail", program="auth-service"))
    assert [m.subject for m in mails_of(server, user["email"])] == [VERIFY]
    check_error(auth.http.post("/api/v1/auth/forgot-password", {"email": "nonsense"}), 422, "VALIDATION_ERROR")
    check_error(auth.http.post("/api/v1/auth/forgot-password", {}), 400, "INVALID_INPUT")


def test_an_address_may_ask_for_so_many_mails(start_service, server, db):
    meek = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "MAIL_REQUESTS": "3"})
    db.query("DELETE FROM login_guard", program="auth-service")
    for path in ("/api/v1/auth/forgot-password", "/api/v1/auth/resend-verification", "/api/auth/password-reset"):
        meek.http.post(path, {"email": new_email()}, expect=200)
    answer = meek.http.post("/api/v1/auth/forgot-password", {"email": new_email()})
    check_error(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert int(answer.headers["Retry-After"]) > 0
    db.query("DELETE FROM login_guard", program="auth-service")


# ---- sessions -------------------------------------------------------------------------------------

def test_sessions_are_listed_and_ended(auth, db):
    first = register(auth)
    address = first["user"]["email"]
    others = [auth.http.post("/api/v1/auth/login", {"email": address, "password": PASSWORD},
                             headers={"User-Agent": f"browser {i}"}, expect=200).json() for i in range(3)]
    me = auth.http.with_token(first["token"])
    listed = me.get("/api/v1/auth/sessions", expect=200).json()
    assert listed["count"] == 4 and [s["current"] for s in listed["results"]].count(True) == 1
    by_device = {s["user_agent"]: s for s in listed["results"]}
    assert set(by_device) >= {"browser 0", "browser 1", "browser 2"}
    assert set(by_device["browser 1"]) == {"id", "user_agent", "address", "created_at", "last_used_at", "expires_at",
                                           "current"}
    assert by_device["browser 1"]["address"] == "127.0.0.1"
    assert me.delete(f"/api/v1/auth/sessions/{by_device['browser 1']['id']}", expect=200).json() == {"ended": 1}
    check_error(auth.http.post("/token/refresh/", {"refresh": others[1]["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(me.delete(f"/api/v1/auth/sessions/{by_device['browser 1']['id']}"), 404, "NOT_FOUND")
    check_error(me.delete("/api/v1/auth/sessions/nonsense"), 404, "NOT_FOUND")
    stranger = auth.http.with_token(register(auth)["token"])
    check_error(stranger.delete(f"/api/v1/auth/sessions/{by_device['browser 0']['id']}"), 404, "NOT_FOUND")
    assert me.delete("/api/v1/auth/sessions", expect=200).json() == {"ended": 2}
    assert me.get("/api/v1/auth/sessions", expect=200).json()["count"] == 1
    current = me.get("/api/v1/auth/sessions").json()["results"][0]["id"]
    assert "Max-Age=0" in me.delete(f"/api/v1/auth/sessions/{current}", expect=200).headers["Set-Cookie"]
    check_error(me.get("/api/v1/auth/sessions"), 401, "UNAUTHENTICATED")
    assert actions(db, first["user"]["id"]).count(("session.revoke", False)) == 1


def test_a_deactivation_cuts_the_sessions(auth):
    body = register(auth)
    admin = auth.http.as_user(10 ** 6, tokens.ADMIN)
    admin.post(f"/api/v1/users/{body['user']['id']}/deactivate", expect=200)
    check_error(auth.http.post("/token/refresh/", {"refresh": body["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(auth.http.with_token(body["token"]).get("/api/v1/auth/sessions"), 401, "UNAUTHENTICATED")
    admin.post(f"/api/v1/users/{body['user']['id']}/activate", expect=200)
    check_error(auth.http.post("/token/refresh/", {"refresh": body["refresh"]}), 401, "UNAUTHENTICATED")


def test_roles_are_not_ones_own_to_choose(auth, db):
    email = new_email()
    for path in ("/auth/register", "/api/v1/auth/register"):
        check_error(auth.http.post(path, {"email": email, "password": PASSWORD, "role": "admin"}), 403, "FORBIDDEN")
    assert db.query("SELECT count(*) FROM audit_event WHERE action = 'user.register' AND refused AND"
                    " details->>'role' = 'admin'", program="auth-service")[0][0] >= 2
    body = register(auth)
    me = auth.http.with_token(body["token"])
    for more in ({"role": "admin"}, {"roles": [{"system": "hdts", "role": "Admin"}]},
                 {"system_roles": [{"system_slug": "tts", "role_name": "Admin"}]}):
        for method in ("PUT", "PATCH"):
            check_error(me.request(method, "/api/v1/users/profile", json={"first_name": "Ann", **more}), 403, "FORBIDDEN")
    me.put("/api/v1/users/profile", {"first_name": "Bea", "role": "user", "roles": body["user"]["roles"]}, expect=200)
    assert actions(db, body["user"]["id"]).count(("profile.update", True)) == 6


@pytest.mark.parametrize("path", ["/api/v1/auth/validate", "/api/v1/auth/validate-token", "/api/v1/users/token/validate/"])
def test_whose_token_it_is(auth, path):
    body = register(auth)
    answers = [auth.http.post(path, {"token": body["access"]}), auth.http.with_token(body["access"]).post(path),
               auth.http.post(path, headers={"Cookie": f"access_token={body['access']}"})]
    if path.startswith("/api/v1/users"):
        answers.append(auth.http.with_token(body["access"]).get(path))
    for answer in answers:
        assert answer.status_code == 200 and answer.json()["valid"] is True
        assert answer.json()["user"]["id"] == body["user"]["id"]
    for bad in ("x", body["refresh"], tokens.mint(body["user"]["id"])):
        check_error(auth.http.post(path, {"token": bad}), 401, "UNAUTHENTICATED")
    check_error(auth.http.post(path), 401, "UNAUTHENTICATED")
    auth.http.with_token(body["access"]).post("/api/v1/users/logout/", expect=200)
    check_error(auth.http.post(path, {"token": body["access"]}), 401, "UNAUTHENTICATED")


def test_the_names_of_the_older_documents(auth, server, db):
    """One handler stands behind all names: each is called once."""
    hdts, address = "/api/v1/hdts/employees", new_email()
    body = auth.http.post(f"{hdts}/api/register/", {"email": address, "password": PASSWORD}, expect=201).json()
    pair = auth.http.post(f"{hdts}/api/login/", {"email": address, "password": PASSWORD}, expect=200).json()
    pair = auth.http.post(f"{hdts}/api/token/refresh/", {"refresh": pair["refresh"]}, expect=200).json()
    for path in ("/api/v1/token/", "/api/v1/token/obtain/"):
        assert set(auth.http.post(path, {"email": address, "password": PASSWORD}, expect=200).json()) == {"access", "refresh"}
    for path in ("/api/v1/token/refresh/", "/api/v1/token/refresh/cookie/"):
        pair = auth.http.post(path, headers={"Cookie": f"refresh_token={pair['refresh']}", "Origin": ORIGIN}, expect=200).json()
    assert auth.http.post("/api/v1/token/verify/", {"token": pair["access"]}, expect=200).json() == {}
    me = auth.http.with_token(pair["access"])
    for path in (f"{hdts}/api/me/", f"{hdts}/api/profile/"):
        assert me.get(path, expect=200).json()["id"] == body["user"]["id"]
    assert me.patch(f"{hdts}/api/profile/", {"phone": "0917"}, expect=200).json()["phone"] == "0917"
    me.post(f"{hdts}/api/profile/verify-password/", {"password": PASSWORD}, expect=200)
    me.post(f"{hdts}/api/profile/change-password/", {"current_password": PASSWORD, "new_password": "new-pass-1"}, expect=200)
    auth.http.post(f"{hdts}/password/forgot/", {"email": address}, expect=200)
    token = wait_mail(server, address, RESET).token()
    me.post(f"{hdts}/api/logout/", expect=200)
    auth.http.post(f"{hdts}/password/reset/", {"token": token, "password": PASSWORD}, expect=200)
    assert login(auth, address).status_code == 200


# ---- cookies from elsewhere -----------------------------------------------------------------------

STATE_CHANGING = [
    ("PUT", "/api/v1/users/profile"), ("PATCH", "/api/v1/users/profile"),
    ("POST", "/api/v1/auth/change-password"), ("POST", "/api/v1/users/password/change"),
    ("POST", "/api/v1/users/change-password"), ("POST", "/api/v1/users/profile/reset-password"),
    ("POST", "/api/v1/auth/verify-password"), ("POST", "/api/v1/users/verify-password"),
    ("DELETE", "/api/v1/auth/sessions"), ("DELETE", "/api/v1/auth/sessions/x"),
    ("POST", "/api/v1/auth/logout"), ("POST", "/api/auth/logout"),
]


@pytest.mark.parametrize("method,path", STATE_CHANGING)
def test_a_cookie_from_elsewhere_changes_nothing(auth, method, path):
    body = register(auth)
    cookie = {"Cookie": f"access_token={body['access']}; refresh_token={body['refresh']}"}
    for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ORIGIN + ".evil.example"}):
        answer = auth.http.request(method, path, json={}, headers={**cookie, **origin})
        check_error(answer, 403, "FORBIDDEN")
    assert auth.http.request(method, path, json={}, headers={**cookie, "Origin": ORIGIN}).status_code != 403


# ---- mail that cannot leave, or leaves twice ------------------------------------------------------

def test_a_mail_server_that_is_away_loses_nothing_and_delays_nothing(infra, start_service):
    server, database = MailServer(), infra.database("mailaway")
    env = {"DEMO_DATA": "false", "SMTP_URL": server.url, "DB_URL": database.url("auth-service")}
    server.answers["CONNECT"] = "421 not now"
    program = start_service("auth-service", env)
    address = register(program)["user"]["email"]
    wait_for(lambda: database.query("SELECT attempts FROM auth.outgoing_mail WHERE attempts >= 1"))
    assert login(program, address).status_code == 200
    sealed = database.query("SELECT message FROM auth.outgoing_mail")
    assert b"token" not in bytes(sealed[0][0])
    program.kill()
    server.answers.clear()
    database.query("UPDATE auth.outgoing_mail SET next_attempt_at = now()")
    program.start()
    token = wait_mail(server, address, VERIFY).token()
    wait_for(lambda: not database.query("SELECT 1 FROM auth.outgoing_mail"))
    program.http.post("/api/v1/auth/verify-email", {"token": token}, expect=200)
    assert token not in program.log_text() and len(server.mails) == 1
    program.stop()
    server.close()
    database.drop()


def test_a_process_killed_while_sending_sends_the_same_mail_again(infra, start_service):
    server, database = MailServer(), infra.database("mailkill")
    env = {"DEMO_DATA": "false", "SMTP_URL": server.url, "DB_URL": database.url("auth-service")}
    server.answers["MESSAGE"] = None
    program = start_service("auth-service", env)
    address = register(program)["user"]["email"]
    wait_for(lambda: server.connections == 1)
    program.kill()
    server.answers.clear()
    database.query("UPDATE auth.outgoing_mail SET next_attempt_at = now()")
    before = database.query("SELECT message_id FROM auth.outgoing_mail")[0][0]
    program.start()
    mail = wait_mail(server, address, VERIFY)
    assert before in mail.id
    program.http.post("/api/v1/auth/verify-email", {"token": mail.token()}, expect=200)
    program.stop()
    server.close()
    database.drop()


def test_two_replicas_send_each_mail_once(infra, start_service):
    server, database = MailServer(), infra.database("mailtwo")
    env = {"DEMO_DATA": "false", "SMTP_URL": server.url, "DB_URL": database.url("auth-service")}
    programs = [start_service("auth-service", env) for _ in range(2)]
    people = [register(programs[i % 2])["user"]["email"] for i in range(12)]
    for address in people:
        wait_mail(server, address, VERIFY)
    wait_for(lambda: not database.query("SELECT 1 FROM auth.outgoing_mail"))
    assert sorted(to[0] for _, to, _ in server.mails) == sorted(people)
    for program in programs:
        program.stop()
    server.close()
    database.drop()


def test_a_refused_mail_is_given_up_and_files_replace_a_server(infra, start_service):
    server, database = MailServer(), infra.database("mailno")
    env = {"DEMO_DATA": "false", "SMTP_URL": server.url, "DB_URL": database.url("auth-service")}
    server.answers["RCPT"] = "550 no such user"
    program = start_service("auth-service", env)
    register(program)
    wait_for(lambda: server.connections >= 1 and not database.query("SELECT 1 FROM auth.outgoing_mail"))
    program.stop()
    program.set_env("SMTP_URL", None)
    program.start()
    address = register(program)["user"]["email"]
    wait_for(lambda: any(address in mail for mail in program.mails()))
    program.stop()
    server.close()
    database.drop()


def test_a_secret_key_can_be_exchanged(infra, start_service):
    server, database = MailServer(), infra.database("mailkey")
    server.answers["CONNECT"] = "421 not now"
    program = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "SECRET_KEY": "first key",
                                             "DB_URL": database.url("auth-service")})
    address = register(program)["user"]["email"]
    wait_for(lambda: database.query("SELECT 1 FROM auth.outgoing_mail WHERE message IS NOT NULL"))
    program.stop()
    server.answers.clear()
    database.query("UPDATE auth.outgoing_mail SET next_attempt_at = now()")
    program.set_env("SECRET_KEY", "second key")
    program.set_env("PREVIOUS_SECRET_KEYS", "zeroth key, first key")
    program.start()
    wait_mail(server, address, VERIFY)
    program.stop()
    server.close()
    database.drop()
