"""auth-service: people are invited by mail and choose their password themselves."""
import concurrent.futures

import pytest

from auth_support import ORIGIN, PASSWORD, actions, age, login, mails_of, new_email, register, wait_mail
from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error
from lib.smtp import MailServer
from lib.wait import wait_for

INVITED = "You are invited to the TTS Helpdesk"
PATH = "/api/v1/users/invitations"
ACCEPT = "/api/v1/auth/invitations/accept"


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="auth")
def _auth(start_service, server):
    return start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url, "ALLOWED_ORIGINS": ORIGIN,
                                          "INVITATION_URL": "https://help.example.org/join?token={token}"})


@pytest.fixture(scope="module", name="admin")
def _admin(auth, db):
    person = register(auth)["user"]
    db.query("INSERT INTO auth.user_role (user_id, role_id, granted_at) SELECT %s, id, clock_timestamp() "
             "FROM auth.role WHERE id IN (3, 6)", person["id"])
    return auth.http.as_user(person["id"], tokens.ADMIN)


def invite(admin, **more):
    return admin.post(PATH, {"email": new_email(), **more}, expect=201).json()


@pytest.mark.parametrize("path", [PATH, "/api/v1/users/invite-agent/"])
def test_somebody_is_invited_and_accepts(auth, admin, server, db, broker, path):
    address = new_email()
    invitation = admin.post(path, {"email": address, "first_name": "Ann", "department": "IT Department", "roles": [
        {"system": "tts", "role": "Reviewer"}, {"role_id": 2}, {"system_role_id": 2}]}, expect=201).json()
    assert invitation["status"] == "pending" and invitation["email"] == address
    assert [(r["system"], r["role"]) for r in invitation["roles"]] == [("hdts", "Ticket Coordinator"), ("tts", "Reviewer")]
    mail = wait_mail(server, address, INVITED)
    assert "https://help.example.org/join?token=" in mail.text
    token = mail.token()
    with Amqp(broker.url) as amqp:
        users = amqp.listen("user.created")
        wrong = check_error(auth.http.post(ACCEPT, {"token": token, "password": "five5", "last_name": "x" * 101}), 422,
                            "VALIDATION_ERROR")
        assert set(wrong["details"]["fields"]) == {"password", "last_name"}
        check_error(auth.http.post(ACCEPT, {"token": token, "password": address}), 422, "VALIDATION_ERROR")
        answer = auth.http.post(ACCEPT, {"token": token, "password": PASSWORD, "last_name": "Lee"}, expect=201)
        user = answer.json()["user"]
        event = amqp.receive_type(users, "user.created", where=lambda e: e["data"]["id"] == user["id"])["data"]
    assert event["email"] == address and len(event["roles"]) == 2
    assert user["full_name"] == "Ann Lee" and user["email_verified"] and user["department"] == "IT Department"
    assert "access_token=" in answer.headers["Set-Cookie"] and login(auth, address).status_code == 200
    check_error(auth.http.post(ACCEPT, {"token": token, "password": PASSWORD}), 400, "LINK_USED")
    listed = admin.get(f"{PATH}?status=accepted", expect=200).json()["results"]
    assert [i["user_id"] for i in listed if i["id"] == invitation["id"]] == [user["id"]]
    assert actions(db, user["id"])[:2] == [("invitation.accept", False), ("login", False)]
    kept = db.query("SELECT encode(token_hash, 'escape') FROM invitation", program="auth-service")
    assert token not in str(kept)


def test_without_roles_an_employee(auth, admin, server):
    invitation = invite(admin)
    assert [(r["system"], r["role"]) for r in invitation["roles"]] == [("hdts", "Employee")]
    token = wait_mail(server, invitation["email"], INVITED).token()
    assert auth.http.post(ACCEPT, {"token": token, "password": PASSWORD}, expect=201).json()["user"]["role"] == "user"


def test_an_invitation_expires_and_is_sent_again(auth, admin, server, db):
    invitation = invite(admin)
    old = wait_mail(server, invitation["email"], INVITED).token()
    age(db, "invitation", "expires_at", "id = %s", 8 * 86400, invitation["id"])
    check_error(auth.http.post(ACCEPT, {"token": old, "password": PASSWORD}), 400, "LINK_EXPIRED")
    assert invitation["id"] in [i["id"] for i in admin.get(f"{PATH}?status=expired", expect=200).json()["results"]]
    check_error(admin.post(PATH, {"email": invitation["email"].upper()}), 409, "DUPLICATE_RESOURCE")
    assert admin.post(f"{PATH}/{invitation['id']}/resend", expect=200).json()["status"] == "pending"
    new = wait_mail(server, invitation["email"], INVITED, 2).token()
    check_error(auth.http.post(ACCEPT, {"token": old, "password": PASSWORD}), 400, "LINK_INVALID")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: auth.http.post(ACCEPT, {"token": new, "password": PASSWORD}), range(4)))
    assert sorted(a.status_code for a in answers) in ([201, 400, 400, 400], [201, 400, 400, 409], [201, 400, 409, 409],
                                                      [201, 409, 409, 409])
    check_error(admin.post(f"{PATH}/{invitation['id']}/resend"), 409, "CONFLICT")
    check_error(admin.delete(f"{PATH}/{invitation['id']}"), 409, "CONFLICT")


def test_a_revoked_invitation_is_void(auth, admin, server):
    invitation = invite(admin)
    token = wait_mail(server, invitation["email"], INVITED).token()
    assert admin.delete(f"{PATH}/{invitation['id']}", expect=200).json()["status"] == "revoked"
    check_error(auth.http.post(ACCEPT, {"token": token, "password": PASSWORD}), 400, "LINK_INVALID")
    again = admin.post(PATH, {"email": invitation["email"]}, expect=201).json()
    assert again["id"] != invitation["id"]
    assert {i["id"] for i in admin.get(f"{PATH}?status=revoked", expect=200).json()["results"]} >= {invitation["id"]}


def test_an_invitation_revoked_before_its_mail_left_is_not_mailed(infra, start_service):
    server, database = MailServer(), infra.database("invite")
    server.answers["CONNECT"] = "421 not now"
    program = start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url,
                                             "DB_URL": database.url("auth-service")})
    boss = program.http.as_user(10 ** 6, tokens.ADMIN)
    program.kill()
    database.query("INSERT INTO auth.outgoing_mail (message_id, kind, email, next_attempt_at, created_at, expires_at) VALUES"
                   " (gen_random_uuid(), 'invitation', 'nobody@example.org', now(), now(), now() + interval '1 h')")
    server.answers.clear()
    program.start()
    address = boss.post(PATH, {"email": new_email()}, expect=201).json()["email"]
    wait_mail(server, address, INVITED)
    wait_for(lambda: not database.query("SELECT 1 FROM auth.outgoing_mail"))
    assert not mails_of(server, "nobody@example.org")
    program.stop()
    server.close()
    database.drop()


def test_bad_invitations(auth, admin):
    known = register(auth)["user"]["email"]
    check_error(admin.post(PATH, {"email": known}), 409, "DUPLICATE_RESOURCE")
    check_error(admin.post(PATH, {}), 400, "INVALID_INPUT")
    body = check_error(admin.post(PATH, {"email": "no address", "first_name": "x" * 101}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"email", "first_name"}
    body = check_error(admin.post(PATH, {"email": new_email(), "roles": [{"role_id": 1}, {"system": "tts", "role": "X"}]}),
                       422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"roles[1]"}
    for path in (f"{PATH}/999999", f"{PATH}/x"):
        check_error(admin.delete(path), 404, "NOT_FOUND")
        check_error(admin.post(f"{path}/resend"), 404, "NOT_FOUND")
    for body in ({}, {"token": "x"}, {"password": PASSWORD}):
        check_error(auth.http.post(ACCEPT, body), 400, "INVALID_INPUT")
    check_error(auth.http.post(ACCEPT, {"token": "x" * 43, "password": PASSWORD}), 400, "LINK_INVALID")


def test_nobody_invites_to_a_role_they_could_not_grant(auth, admin):
    """Or an administrator of one system could become, by a second address, one of another."""
    for roles, system in (([("tts", "Admin")], "hdts"), ([("hdts", "Admin")], "tts")):
        inviter = auth.http.as_user(10 ** 7, roles)
        check_error(inviter.post(PATH, {"email": new_email(), "roles": [{"system": system, "role": "Admin"}]}),
                    403, "FORBIDDEN")
        inviter.post(PATH, {"email": new_email(), "roles": [{"system": "hdts", "role": "Employee"}]}, expect=201)
    trail = admin.get(f"/api/v1/auth/audit?actor_id={10 ** 7}&result=refused", expect=200).json()["results"]
    assert [event["action"] for event in trail] == ["invitation.create", "invitation.create"]


def test_pages(admin):
    for _ in range(3):
        invite(admin)
    page = admin.get(f"{PATH}?status=pending&page_size=2", expect=200).json()
    assert len(page["results"]) == 2 and page["count"] >= 3 and "page=2" in page["next"] and page["previous"] is None
    ids = [i["id"] for i in page["results"]]
    assert ids == sorted(ids, reverse=True)
    check_error(admin.get(f"{PATH}?status=nonsense&page_size=0"), 422, "VALIDATION_ERROR")


def test_who_was_invited_and_registers_alone_cannot_accept(auth, admin, server):
    invitation = invite(admin)
    token = wait_mail(server, invitation["email"], INVITED).token()
    register(auth, invitation["email"])
    check_error(auth.http.post(ACCEPT, {"token": token, "password": PASSWORD}), 409, "DUPLICATE_RESOURCE")


def test_cookies_from_elsewhere(auth):
    boss = tokens.mint(10 ** 6, tokens.ADMIN)
    for method, path in (("POST", PATH), ("POST", "/api/v1/users/invite-agent"), ("POST", f"{PATH}/1/resend"),
                         ("DELETE", f"{PATH}/1")):
        check_error(auth.http.request(method, path, json={}, headers={"Cookie": f"access_token={boss}",
                                                                      "Origin": "http://evil.example"}), 403, "FORBIDDEN")
