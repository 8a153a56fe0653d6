"""auth-service: the second step of a login: authenticator apps, codes by mail, recovery codes."""
import base64
import concurrent.futures
import hashlib
import hmac
import struct
import time
import urllib.parse

import pytest

from auth_support import ORIGIN, PASSWORD, actions, age, login, mails_of, register, wait_mail
from lib import tokens
from lib.http import check_error
from lib.smtp import MailServer

CODE, ENABLED, DISABLED = "Your security code", "Two-step login was switched on", "Two-step login was switched off"
MFA = "/api/v1/auth/mfa"


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="auth")
def _auth(start_service, server):
    return start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "ALLOWED_ORIGINS": ORIGIN,
                                          "LOCKOUT_ADDRESS_FAILURES": "0", "MAIL_REQUESTS": "0"})


def totp(secret, step=0):
    """RFC 6238, for now or some steps from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    mac = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10 ** 6:06}"


class Person:
    """Somebody with an authenticator app."""

    def __init__(self, auth, db, app=True):
        self.auth, self.db = auth, db
        body = register(auth)
        self.id, self.email, self.token = body["user"]["id"], body["user"]["email"], body["token"]
        self.me = auth.http.with_token(self.token)
        if app:
            begun = self.me.post(f"{MFA}/totp", {"password": PASSWORD}, expect=200).json()
            self.secret, self.url = begun["secret"], begun["otpauth_url"]
            self.recovery = self.me.post(f"{MFA}/totp/confirm", {"code": totp(self.secret)},
                                         expect=200).json()["recovery_codes"]
            self.forget_step()

    def forget_step(self):
        """As if some time had passed since the last code."""
        self.db.query("UPDATE second_factor SET last_step = 0 WHERE user_id = %s", self.id, program="auth-service")

    def challenge(self, path="/api/v1/auth/login"):
        answer = self.auth.http.post(path, {"email": self.email, "password": PASSWORD}, expect=200)
        assert "Set-Cookie" not in answer.headers
        body = answer.json()
        assert set(body) == {"mfa_required", "otp_required", "mfa_token", "temporary_token", "methods", "expires_in"}
        assert body["mfa_required"] and body["otp_required"] and body["temporary_token"] == body["mfa_token"]
        return body

    def answer(self, token, code, path="/api/v1/auth/login/verify"):
        return self.auth.http.post(path, {"mfa_token": token, "code": code})


def wrong_code(secret):
    """A code of no step near now."""
    near = {totp(secret, step) for step in range(-3, 4)}
    return next(code for code in (f"{n:06}" for n in range(10)) if code not in near)


# ---- an app ---------------------------------------------------------------------------------------

def test_an_app_is_set_up_and_asked_for(auth, db, server):
    person = Person(auth, db)
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(person.url).query)
    assert query["secret"] == [person.secret] and query["issuer"] == ["TTS Helpdesk"] and query["digits"] == ["6"]
    assert urllib.parse.unquote(person.url).startswith(f"otpauth://totp/TTS Helpdesk:{person.email}?")
    assert len(set(person.recovery)) == 10
    assert person.me.get(MFA, expect=200).json() == {"enabled": True, "totp": True, "email": False,
                                                     "recovery_codes_left": 10}
    for path in ("/auth/login", "/token/", "/api/v1/auth/login", "/api/v1/users/login/"):
        assert person.challenge(path)["methods"] == ["totp", "recovery_code"]
    body = person.challenge()
    answer = person.answer(body["mfa_token"], totp(person.secret))
    assert answer.status_code == 200 and set(answer.json()) == {"user", "token", "access", "refresh"}
    assert "access_token=" in answer.headers["Set-Cookie"]
    person.auth.http.with_token(answer.json()["token"]).get("/auth/me", expect=200)
    wait_mail(server, person.email, ENABLED)
    assert actions(db, person.id) == [("user.register", False), ("login", False), ("mfa.enable", False), ("login", False)]
    kept = db.query("SELECT secret FROM second_factor WHERE user_id = %s", person.id, program="auth-service")[0][0]
    assert base64.b32decode(person.secret + "=" * (-len(person.secret) % 8)) not in bytes(kept)


def test_a_code_is_good_once_in_its_window(auth, db):
    person = Person(auth, db)
    code = totp(person.secret)
    assert person.answer(person.challenge()["mfa_token"], code).status_code == 200
    check_error(person.answer(person.challenge()["mfa_token"], code), 401, "INVALID_CODE")
    assert person.answer(person.challenge()["mfa_token"], totp(person.secret, 1)).status_code == 200
    check_error(person.answer(person.challenge()["mfa_token"], totp(person.secret)), 401, "INVALID_CODE")
    person.forget_step()
    check_error(person.answer(person.challenge()["mfa_token"], wrong_code(person.secret)), 401, "INVALID_CODE")
    assert ("login", True) in actions(db, person.id)


def test_of_simultaneous_uses_of_a_code_one_wins(auth, db):
    person = Person(auth, db)
    challenges = [person.challenge()["mfa_token"] for _ in range(4)]
    code = totp(person.secret)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda token: person.answer(token, code), challenges))
    assert sorted(a.status_code for a in answers) == [200] + [401] * 3


def test_password_and_code_in_one_request(auth, db):
    person = Person(auth, db)
    for path, keys in (("/auth/login", {"token"}), ("/token/", {"access", "refresh"}),
                       ("/api/v1/auth/login", {"user", "token", "access", "refresh"})):
        body = {"email": person.email, "password": PASSWORD, "otp_code": totp(person.secret)}
        assert set(auth.http.post(path, body, expect=200).json()) == keys
        check_error(auth.http.post(path, body), 401, "INVALID_CODE")
        check_error(auth.http.post(path, {**body, "password": "wrong"}), 401, "INVALID_CREDENTIALS")
        person.forget_step()


def test_the_intermediate_token_is_good_for_one_second_step_only(auth, db):
    person = Person(auth, db)
    token = person.challenge()["mfa_token"]
    assert person.answer(token, totp(person.secret)).status_code == 200
    check_error(person.answer(token, totp(person.secret, 1)), 401, "UNAUTHENTICATED")
    for bad in ("x", person.token, tokens.mint(person.id, token_type="mfa"),
                tokens.mint(person.id, token_type="mfa", jti="0f8fad5b-d9cb-469f-a165-70867728950e")):
        check_error(person.answer(bad, totp(person.secret, 1)), 401, "UNAUTHENTICATED")
    old = person.challenge()["mfa_token"]
    age(db, "login_challenge", "expires_at", "user_id = %s", 600, person.id)
    check_error(person.answer(old, totp(person.secret, 1)), 401, "UNAUTHENTICATED")
    check_error(auth.http.post("/api/v1/auth/login/verify", {"mfa_token": token}), 400, "INVALID_INPUT")


def test_the_intermediate_token_opens_nothing_else(auth, db):
    person = Person(auth, db)
    token = person.challenge()["mfa_token"]
    half = auth.http.with_token(token)
    for method, path in (("GET", "/auth/me"), ("GET", "/api/v1/auth/me"), ("GET", MFA), ("GET", "/api/v1/auth/sessions"),
                         ("POST", "/api/v1/auth/change-password"), ("PUT", "/api/v1/users/profile"),
                         ("GET", "/api/v1/systems"), ("GET", f"/api/v1/users/{person.id}")):
        check_error(half.request(method, path, json={} if method != "GET" else None), 401, "UNAUTHENTICATED")
        check_error(auth.http.request(method, path, json={} if method != "GET" else None,
                                      headers={"Cookie": f"access_token={token}", "Origin": ORIGIN}), 401, "UNAUTHENTICATED")
    for path in ("/token/refresh/", "/api/v1/auth/refresh"):
        check_error(auth.http.post(path, {"refresh": token}), 401, "UNAUTHENTICATED")
        check_error(half.post(path), 401, "UNAUTHENTICATED")
    check_error(auth.http.post("/token/verify/", {"token": token}), 401, "UNAUTHENTICATED")
    half.post("/api/v1/auth/logout", expect=200)
    auth.http.with_token(person.token).get("/api/v1/auth/sessions", expect=200)


@pytest.mark.parametrize("name,path", [("registry-service", "/registry/limits/sync"), ("notification-service", "/api/v1/notifications"),
                                       ("messaging-service", "/api/v1/conversations"), ("workflow-service", "/tasks/owned-tickets/"),
                                       ("helpdesk-service", "/api/v1/tickets")])
def test_the_intermediate_token_opens_no_other_program(auth, db, start_service, name, path):
    person = Person(auth, db)
    token = person.challenge()["mfa_token"]
    other = start_service(name, ready=False)
    method = "POST" if name == "registry-service" else "GET"
    answer = other.http.with_token(token).request(method, path, json={} if method == "POST" else None)
    check_error(answer, 401, "UNAUTHENTICATED")


def test_a_change_of_password_voids_a_login_under_way(auth, db):
    person = Person(auth, db)
    token = person.challenge()["mfa_token"]
    person.me.post("/api/v1/auth/change-password", {"current_password": PASSWORD, "new_password": "new-pass-1"}, expect=200)
    check_error(person.answer(token, totp(person.secret)), 401, "UNAUTHENTICATED")


def test_guesses_at_a_code_lock(auth, db):
    person = Person(auth, db)
    token = person.challenge()["mfa_token"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: person.answer(token, wrong_code(person.secret)), range(16)))
    assert sorted(a.status_code for a in answers) == [401] * 5 + [429] * 11
    answer = person.answer(token, totp(person.secret))
    check_error(answer, 429, "ACCOUNT_LOCKED")
    assert int(answer.headers["Retry-After"]) > 0
    check_error(login(auth, person.email, otp_code=totp(person.secret)), 429, "ACCOUNT_LOCKED")
    age(db, "login_guard", "locked_until", "kind = 'factor' AND key = %s", 61, str(person.id))
    assert person.answer(token, totp(person.secret)).status_code == 200


def test_setting_up_needs_the_password_and_a_code(auth, db):
    person = Person(auth, db, app=False)
    me = person.me
    assert me.get(MFA, expect=200).json()["enabled"] is False
    check_error(me.post(f"{MFA}/totp", {"password": "wrong"}), 401, "INVALID_CREDENTIALS")
    check_error(me.post(f"{MFA}/totp", {}), 400, "INVALID_INPUT")
    check_error(me.post(f"{MFA}/totp/confirm", {"code": "123456"}), 409, "CONFLICT")
    first = me.post(f"{MFA}/totp", {"password": PASSWORD}, expect=200).json()["secret"]
    second = me.post(f"{MFA}/totp", {"password": PASSWORD}, expect=200).json()["secret"]
    assert first != second
    check_error(me.post(f"{MFA}/totp/confirm", {"code": totp(first)}), 401, "INVALID_CODE")
    assert login(auth, person.email).json()["token"], "what is not confirmed is not asked for"
    me.post(f"{MFA}/totp/confirm", {"otp_code": totp(second)}, expect=200)
    check_error(me.post(f"{MFA}/totp", {"password": PASSWORD}), 409, "CONFLICT")
    check_error(me.post(f"{MFA}/totp/confirm", {"code": totp(second)}), 409, "CONFLICT")


def test_switching_off_needs_password_and_code(auth, db, server):
    person = Person(auth, db)
    path = f"{MFA}/totp/disable"
    check_error(person.me.post(path, {"password": "wrong", "code": totp(person.secret)}), 401, "INVALID_CREDENTIALS")
    check_error(person.me.post(path, {"password": PASSWORD, "code": wrong_code(person.secret)}), 401, "INVALID_CODE")
    check_error(person.me.post(path, {"password": PASSWORD}), 400, "INVALID_INPUT")
    check_error(person.me.post(f"{MFA}/email/disable", {"password": PASSWORD, "code": totp(person.secret)}), 409, "CONFLICT")
    person.me.post(path, {"password": PASSWORD, "code": totp(person.secret)}, expect=200)
    assert person.me.get(MFA, expect=200).json() == {"enabled": False, "totp": False, "email": False,
                                                     "recovery_codes_left": 0}
    assert login(auth, person.email).json()["token"]
    wait_mail(server, person.email, DISABLED)
    assert actions(db, person.id)[-4:-1] == [("mfa.disable", True), ("mfa.disable", True), ("mfa.disable", False)]


# ---- recovery codes -------------------------------------------------------------------------------

def test_a_recovery_code_is_good_once(auth, db):
    person = Person(auth, db)
    code = person.recovery[0]
    assert person.answer(person.challenge()["mfa_token"], code.lower().replace("-", " ")).status_code == 200
    check_error(person.answer(person.challenge()["mfa_token"], code), 401, "INVALID_CODE")
    assert person.me.get(MFA).json()["recovery_codes_left"] == 9
    kept = db.query("SELECT encode(hash, 'hex') FROM recovery_code WHERE user_id = %s", person.id, program="auth-service")
    assert len(kept) == 10 and (hashlib.sha256(code.replace("-", "").encode()).hexdigest(),) in kept


def test_new_recovery_codes_replace_the_old(auth, db):
    person = Person(auth, db)
    path = f"{MFA}/recovery-codes"
    check_error(person.me.post(path, {"password": PASSWORD, "code": wrong_code(person.secret)}), 401, "INVALID_CODE")
    fresh = person.me.post(path, {"password": PASSWORD, "code": totp(person.secret)}, expect=200).json()["recovery_codes"]
    assert len(fresh) == 10 and not set(fresh) & set(person.recovery)
    check_error(person.answer(person.challenge()["mfa_token"], person.recovery[1]), 401, "INVALID_CODE")
    assert person.answer(person.challenge()["mfa_token"], fresh[1]).status_code == 200
    nobody = Person(auth, db, app=False)
    check_error(nobody.me.post(path, {"password": PASSWORD, "code": "123456"}), 409, "CONFLICT")


# ---- codes by mail --------------------------------------------------------------------------------

def by_mail(auth, db, server, begin=f"{MFA}/email"):
    person = Person(auth, db, app=False)
    person.me.post(begin, {"password": PASSWORD}, expect=200)
    code = wait_mail(server, person.email, CODE).code()
    person.recovery = person.me.post(f"{MFA}/email/confirm", {"code": code}, expect=200).json()["recovery_codes"]
    return person


def next_code(person, server):
    """Asks for nothing: the code of the mail that the last request has caused."""
    count = len([m for m in mails_of(server, person.email) if m.subject == CODE])
    return lambda: wait_mail(server, person.email, CODE, count + 1).code()


def quiet_over(db, person):
    age(db, "email_code", "requested_at", "user_id = %s", 60, person.id)


@pytest.mark.parametrize("begin,disable,request_code", [
    (f"{MFA}/email", f"{MFA}/email/disable", f"{MFA}/email/code"),
    ("/api/v1/users/2fa/enable/", "/api/v1/users/2fa/disable/", "/api/v1/users/2fa/request-otp-authenticated/"),
    ("/api/v1/users/2fa/enable/", "/api/v1/users/verify-disable-otp/", f"{MFA}/email/code"),
])
def test_codes_by_mail(auth, db, server, begin, disable, request_code):
    person = by_mail(auth, db, server, begin)
    assert len(person.recovery) == 10
    code = next_code(person, server)
    body = person.challenge()
    assert body["methods"] == ["email", "recovery_code"]
    number = code()
    answer = person.answer(body["mfa_token"], number, "/api/v1/users/login/verify-otp/")
    assert answer.status_code == 200 and answer.json()["token"]
    check_error(person.answer(person.challenge()["mfa_token"], number), 401, "INVALID_CODE")
    quiet_over(db, person)
    code = next_code(person, server)
    person.me.post(request_code, expect=200)
    person.me.post(disable, {"password": PASSWORD, "otp_code": code()}, expect=200)
    assert login(auth, person.email).json()["token"]
    check_error(person.me.post(request_code), 409, "CONFLICT")


def test_the_older_ways_to_log_in(auth, db, server):
    person = by_mail(auth, db, server)
    path = "/api/v1/users/2fa/request-otp/"
    check_error(auth.http.post(path, {"email": person.email, "password": "wrong"}), 401, "INVALID_CREDENTIALS")
    check_error(auth.http.post(path, {"email": person.email}), 400, "INVALID_INPUT")
    code = next_code(person, server)
    token = auth.http.post(path, {"email": person.email, "password": PASSWORD}, expect=200).json()["temporary_token"]
    body = {"email": person.email, "password": PASSWORD, "otp_code": code()}
    answer = auth.http.post("/api/v1/users/login/api/", body, expect=200).json()
    assert answer["success"] is True and answer["otp_required"] is False and answer["access_token"]
    assert answer["system_roles"] == [{"system_slug": "hdts", "role_name": "Employee", "system_role_id": 1}]
    assert auth.http.post("/api/v1/users/login/api/", {"email": person.email, "password": PASSWORD}).json()["otp_required"]
    check_error(person.answer(token, body["otp_code"]), 401, "INVALID_CODE")
    app = Person(auth, db)
    check_error(auth.http.post(path, {"email": app.email, "password": PASSWORD}), 409, "CONFLICT")


def test_codes_by_mail_are_limited_and_expire(auth, db, server):
    person = by_mail(auth, db, server)
    code = next_code(person, server)
    token = person.challenge()["mfa_token"]
    number = code()
    answer = auth.http.post("/api/v1/auth/login/code", {"mfa_token": token})
    check_error(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(answer.headers["Retry-After"]) <= 45
    assert person.challenge()["methods"], "a login goes on with the code that was mailed"
    age(db, "email_code", "expires_at", "user_id = %s", 600, person.id)
    check_error(person.answer(token, number), 401, "INVALID_CODE")
    quiet_over(db, person)
    code = next_code(person, server)
    auth.http.post("/api/v1/auth/login/code", {"temporary_token": token}, expect=200)
    assert person.answer(token, code()).status_code == 200
    check_error(auth.http.post("/api/v1/auth/login/code", {"mfa_token": token}), 401, "UNAUTHENTICATED")
    check_error(auth.http.post("/api/v1/auth/login/code", {}), 400, "INVALID_INPUT")
    app = Person(auth, db)
    check_error(auth.http.post("/api/v1/auth/login/code", {"mfa_token": app.challenge()["mfa_token"]}), 409, "CONFLICT")


def test_a_mailed_code_dies_of_wrong_guesses(auth, db, server):
    person = by_mail(auth, db, server)
    code = next_code(person, server)
    token = person.challenge()["mfa_token"]
    number = code()
    wrong = "000000" if number != "000000" else "000001"
    for _ in range(5):
        check_error(person.answer(token, wrong), 401, "INVALID_CODE")
    db.query("DELETE FROM login_guard WHERE kind = 'factor'", program="auth-service")
    check_error(person.answer(token, number), 401, "INVALID_CODE")


def test_app_and_mail_side_by_side(auth, db, server):
    person = by_mail(auth, db, server)
    secret = person.me.post(f"{MFA}/totp", {"password": PASSWORD}, expect=200).json()["secret"]
    assert person.me.post(f"{MFA}/totp/confirm", {"code": totp(secret)}, expect=200).json() == {"recovery_codes": []}
    person.forget_step()
    body = person.challenge()
    assert body["methods"] == ["totp", "email", "recovery_code"]
    assert person.answer(body["mfa_token"], totp(secret)).status_code == 200
    quiet_over(db, person)
    code, body = next_code(person, server), person.challenge()
    auth.http.post("/api/v1/auth/login/code", {"mfa_token": body["mfa_token"]}, expect=200)
    assert person.answer(body["mfa_token"], code()).status_code == 200
    person.forget_step()
    person.me.post(f"{MFA}/email/disable", {"password": PASSWORD, "code": totp(secret)}, expect=200)
    assert person.me.get(MFA).json() == {"enabled": True, "totp": True, "email": False, "recovery_codes_left": 10}


def test_a_cookie_from_elsewhere_changes_no_factor(auth, db):
    person = Person(auth, db, app=False)
    for path in (f"{MFA}/totp", f"{MFA}/totp/confirm", f"{MFA}/totp/disable", f"{MFA}/email", f"{MFA}/email/confirm",
                 f"{MFA}/email/disable", f"{MFA}/email/code", f"{MFA}/recovery-codes"):
        for origin in ({}, {"Origin": "http://evil.example"}):
            check_error(auth.http.post(path, {"password": PASSWORD}, headers={"Cookie": f"access_token={person.token}",
                                                                              **origin}), 403, "FORBIDDEN")
