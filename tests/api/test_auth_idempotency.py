"""auth-service: a POST that creates is repeated under its Idempotency-Key without being done twice."""
import concurrent.futures
import hashlib
import json
import uuid

import pytest

from auth_support import PASSWORD, login, mails_of, new_email, wait_mail
from lib import tokens
from lib.http import check_error
from lib.smtp import MailServer
from lib.wait import wait_for

INVITED = "You are invited to the TTS Helpdesk"
INVITATIONS = "/api/v1/users/invitations"
USERS = "/api/v1/users"
TOKENS = "/api/v1/tokens"
REVIEWER = {"system": "tts", "role": "Reviewer"}


@pytest.fixture(scope="module", name="server")
def _server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module", name="auth")
def _auth(start_service, server):
    return start_service("auth-service", {"DEMO_DATA": "false", "SMTP_URL": server.url})


@pytest.fixture(scope="module", name="admin")
def _admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


@pytest.fixture(scope="module", name="person")
def _person(auth, admin):
    """A client of somebody this auth-service knows, as the makers of tokens are; with their id."""
    address = new_email()
    made = admin.post(USERS, {"email": address, "password": PASSWORD}, expect=201).json()
    client = auth.http.with_token(login(auth, address).json()["access"])
    client.id = made["id"]
    return client


def new_key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def name():
    return f"x{uuid.uuid4().hex[:10]}"


def user_of(admin):
    return admin.post(USERS, {"email": new_email()}, expect=201).json()


def token_path(person):
    made = person.post(TOKENS, {"name": "old", "scopes": []}, expect=201).json()
    return f"{TOKENS}/{made['id']}/rotate"


# What creates: who asks, where, with what, and with what else under the same key.
def create_user(admin, person):
    body = {"email": new_email(), "password": PASSWORD, "first_name": "Ann"}
    return admin, USERS, body, {**body, "password": PASSWORD + "4"}


def create_system(admin, person):
    body = {"slug": name(), "name": "Once"}
    return admin, "/api/v1/systems", body, {**body, "name": "Twice"}


def create_role(admin, person):
    body = {"system": "tts", "name": name()}
    return admin, "/api/v1/roles", body, {**body, "description": "other"}


def create_token(admin, person):
    body = {"name": name(), "scopes": []}
    return person, TOKENS, body, {**body, "expires_in_days": 3}


def rotate_token(admin, person):
    return person, token_path(person), {"expires_in_days": 2}, {"expires_in_days": 3}


def grant_role(admin, person):
    return admin, f"{USERS}/{user_of(admin)['id']}/roles", REVIEWER, {"system": "hdts", "role": "Ticket Coordinator"}


def invite(admin, person):
    body = {"email": new_email()}
    return admin, INVITATIONS, body, {**body, "department": "Sales"}


CREATING = [create_user, create_system, create_role, create_token, rotate_token, grant_role, invite]


def told_once(body):
    """What a replay of it says."""
    return {**body, "token": None} if "token" in body else body


def audit_events(db):
    return db.query("SELECT count(*) FROM audit_event", program="auth-service")[0][0]


@pytest.mark.parametrize("prepare", CREATING)
def test_a_repeated_request_is_answered_as_the_first(admin, person, db, prepare):
    who, path, body, other = prepare(admin, person)
    key = new_key()
    first = who.post(path, body, headers=key)
    assert first.status_code in (200, 201) and "Idempotency-Replayed" not in first.headers
    events = audit_events(db)
    again = who.post(path, body, headers=key, expect=first.status_code)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == told_once(first.json())
    for header in ("Location", "ETag", "Cache-Control"):
        assert again.headers.get(header) == first.headers.get(header)
    wrong = check_error(who.post(path, other, headers=key), 422, "VALIDATION_ERROR")
    assert wrong["details"]["fields"] == {"Idempotency-Key": "was used for a different request"}
    assert audit_events(db) == events


@pytest.mark.parametrize("prepare", CREATING)
def test_of_requests_at_the_same_time_one_creates(admin, person, db, prepare):
    who, path, body, _ = prepare(admin, person)
    key = new_key()
    before = audit_events(db)

    def send(_):
        return who.with_token(who.token).post(path, body, headers=key)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert len({a.status_code for a in answers}) == 1 and answers[0].status_code in (200, 201)
    first = [a for a in answers if "Idempotency-Replayed" not in a.headers]
    assert len(first) == 1
    assert all(a.json() == told_once(first[0].json()) for a in answers if a is not first[0])
    assert audit_events(db) == before + 1


def test_a_key_is_one_person_s(auth, admin):
    key, slugs = new_key(), [name(), name()]
    other_admin = auth.http.as_user(10 ** 6 + 1, tokens.ADMIN)
    first = admin.post("/api/v1/systems", {"slug": slugs[0], "name": "A"}, headers=key, expect=201)
    theirs = other_admin.post("/api/v1/systems", {"slug": slugs[1], "name": "A"}, headers=key, expect=201)
    assert "Idempotency-Replayed" not in theirs.headers and theirs.json()["id"] != first.json()["id"]
    # Another route has keys of its own.
    assert admin.post("/api/v1/roles", {"system": slugs[0], "name": "R"}, headers=key, expect=201).json()["name"] == "R"


def test_without_the_header_nothing_is_replayed(admin):
    body = {"slug": name(), "name": "A"}
    admin.post("/api/v1/systems", body, expect=201)
    check_error(admin.post("/api/v1/systems", body), 409, "DUPLICATE_RESOURCE")
    check_error(admin.post("/api/v1/systems", body, headers=new_key()), 409, "DUPLICATE_RESOURCE")


@pytest.mark.parametrize("key", ["", "x" * 256])
@pytest.mark.parametrize("prepare", CREATING)
def test_bad_keys(admin, person, prepare, key):
    who, path, body, _ = prepare(admin, person)
    wrong = check_error(who.post(path, body, headers={"Idempotency-Key": key}), 400, "INVALID_INPUT")
    assert set(wrong["details"]["fields"]) == {"Idempotency-Key"}
    longest = new_key()["Idempotency-Key"].ljust(255, "x")
    assert who.post(path, body, headers={"Idempotency-Key": longest}).status_code in (200, 201)


def test_a_refused_request_may_be_sent_again(admin):
    key, slug = new_key(), name()
    body = {"system": slug, "name": "R"}
    check_error(admin.post("/api/v1/roles", body, headers=key), 422, "VALIDATION_ERROR")
    admin.post("/api/v1/systems", {"slug": slug, "name": "A"}, expect=201)
    answer = admin.post("/api/v1/roles", body, headers=key, expect=201)
    assert "Idempotency-Replayed" not in answer.headers


def test_the_text_of_a_token_is_kept_nowhere(person, db):
    made = person.post(TOKENS, {"name": "a", "scopes": []}, headers=new_key(), expect=201).json()
    rotated = person.post(f"{TOKENS}/{made['id']}/rotate", headers=new_key(), expect=200).json()
    kept = db.query("SELECT body FROM idempotency WHERE principal = %s", f"user:{person.id}", program="auth-service")
    assert len([1 for (body,) in kept if f'"id":{made["id"]},' in body]) == 2
    for text in (made["token"], rotated["token"]):
        assert text.startswith("tts_") and not any(text in body for (body,) in kept)
    assert made["token"] != rotated["token"]


def test_a_rotation_is_replayed_though_the_version_has_passed(person):
    made = person.post(TOKENS, {"name": "a", "scopes": []}, expect=201)
    headers = {**new_key(), "If-Match": made.headers["ETag"]}
    path = f"{TOKENS}/{made.json()['id']}/rotate"
    first = person.post(path, headers=headers, expect=200)
    again = person.post(path, headers=headers, expect=200)
    assert again.json() == told_once(first.json())
    check_error(person.post(path, headers={**headers, **new_key()}), 412, "PRECONDITION_FAILED")


def test_an_invitation_is_mailed_once(admin, server, db):
    address, key = new_email(), new_key()
    made = admin.post(INVITATIONS, {"email": address}, headers=key, expect=201).json()
    wait_mail(server, address, INVITED)
    resend = f"{INVITATIONS}/{made['id']}/resend"
    again = new_key()
    first = admin.post(resend, headers=again, expect=200)
    replayed = admin.post(resend, headers=again, expect=200)
    assert replayed.headers["Idempotency-Replayed"] == "true" and replayed.json() == first.json()
    assert admin.post(INVITATIONS, {"email": address}, headers=key, expect=201).json() == made
    wait_mail(server, address, INVITED, count=2)
    wait_for(lambda: not db.query("SELECT 1 FROM outgoing_mail WHERE email = %s", address, program="auth-service"))
    assert len(mails_of(server, address, INVITED)) == 2
    check_error(admin.post(resend, headers={"Idempotency-Key": ""}), 400, "INVALID_INPUT")


def test_a_person_s_password_cannot_be_guessed_from_what_is_kept(admin, db):
    """Not the bare digest of the body."""
    key, body = new_key(), {"email": new_email(), "password": PASSWORD}
    admin.post(USERS, body, headers=key, expect=201)
    [(kept,)] = db.query("SELECT request_hash FROM idempotency WHERE key = %s", key["Idempotency-Key"],
                         program="auth-service")
    texts = [json.dumps(body), json.dumps(body, separators=(",", ":"))]
    assert kept not in [hashlib.sha256(text.encode()).hexdigest() for text in texts]
