"""auth-service: people, roles, permissions, events, demo people."""
import json
import re
import subprocess
import uuid

import pytest

from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error
from lib.paths import binary
from lib.wait import wait_for

EMPLOYEE, COORDINATOR, HDTS_ADMIN, REVIEWER, APPROVER, TTS_ADMIN = range(1, 7)


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


@pytest.fixture(scope="module")
def service(auth):
    return auth.http.with_token(tokens.mint_service("workflow-service"))


def unique(word="person"):
    return f"{word}-{uuid.uuid4().hex[:8]}"


def create(admin, **fields):
    body = {"email": f"{unique()}@example.org", "password": "test123", **fields}
    return admin.post("/api/v1/users", body, expect=201).json()


# ---- creating -------------------------------------------------------------------------------------

def test_an_admin_creates_people(auth, admin):
    answer = admin.post("/api/v1/users", {"email": f"{unique()}@example.org", "password": "test123",
                                          "first_name": "Ann", "last_name": "Lee", "department": "Finance",
                                          "role": "staff"}, expect=201)
    user = answer.json()
    assert answer.headers["Location"] == f"/api/v1/users/{user['id']}" and answer.headers["ETag"] == '"1"'
    assert user["role"] == "staff" and user["full_name"] == "Ann Lee" and user["last_login_at"] is None
    assert [r["system_role_id"] for r in user["roles"]] == [COORDINATOR]
    auth.http.post("/auth/login", {"email": user["email"], "password": "test123"}, expect=200)
    assert admin.get(answer.headers["Location"], expect=200).json()["last_login_at"]


def test_bad_people_are_refused(admin):
    check_error(admin.post("/api/v1/users", {}), 400, "INVALID_INPUT")
    body = check_error(admin.post("/api/v1/users", {"email": "x", "role": "root"}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"email", "role"}
    check_error(admin.post("/api/v1/users", {"email": f"{unique()}@x.org", "password": "abc"}),
                422, "VALIDATION_ERROR")
    user = create(admin)
    check_error(admin.post("/api/v1/users", {"email": user["email"].upper()}), 409, "DUPLICATE_RESOURCE")


# ---- reading --------------------------------------------------------------------------------------

def test_a_list_is_paged_filtered_and_sorted(admin):
    department = unique("department")
    people = [create(admin, first_name=name, department=department) for name in ("Cyd", "Ann", "Bob")]
    path = f"/api/v1/users?department={department}&page_size=2"
    first = admin.get(path + "&sort=name", expect=200).json()
    assert first["count"] == 3 and [u["first_name"] for u in first["results"]] == ["Ann", "Bob"]
    assert first["previous"] is None
    second = admin.get(first["next"], expect=200).json()
    assert [u["first_name"] for u in second["results"]] == ["Cyd"] and second["next"] is None
    assert [u["first_name"] for u in admin.get(second["previous"], expect=200).json()["results"]] == ["Ann", "Bob"]
    newest = admin.get(path + "&sort=-id", expect=200).json()["results"]
    assert [u["id"] for u in newest] == [people[2]["id"], people[1]["id"]]
    found = admin.get(f"/api/v1/users/search?q={people[0]['email'].upper()}", expect=200).json()
    assert [u["id"] for u in found["results"]] == [people[0]["id"]]
    admin.post(f"/api/v1/users/{people[0]['id']}/deactivate", expect=200)
    assert admin.get(f"/api/v1/users?department={department}&active=true").json()["count"] == 2
    assert admin.get(f"/api/v1/users?department={department}&active=false").json()["count"] == 1
    assert admin.get(f"/api/v1/users?department={department}&system=hdts&role=Employee").json()["count"] == 3
    assert admin.get(f"/api/v1/users?department={department}&role=Approver").json() == \
        {"count": 0, "next": None, "previous": None, "next_cursor": None, "results": []}


def test_bad_queries_are_refused(admin):
    body = check_error(admin.get("/api/v1/users?page=0&page_size=101&sort=password_hash"), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"page", "page_size", "sort"}
    assert admin.get("/api/v1/users?page=999999", expect=200).json()["results"] == []
    quote = admin.get("/api/v1/users?search=%27%3B+DROP+TABLE+session%3B--", expect=200).json()
    assert quote["count"] == 0


def test_one_person(auth, admin):
    user = create(admin)
    path = f"/api/v1/users/{user['id']}"
    assert admin.get(path, expect=200).headers["ETag"] == '"1"'
    assert "password" not in admin.get(path).text
    auth.http.as_user(user["id"]).get(path, expect=200)
    check_error(auth.http.as_user(user["id"] + 1).get(path), 403, "FORBIDDEN")
    for bad in ("999999999", "abc", "0", "-1", "99999999999999999999"):
        check_error(admin.get(f"/api/v1/users/{bad}"), 404, "USER_NOT_FOUND")


# ---- changing -------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_admin_changes_people(admin, method):
    user = create(admin, first_name="Ann", last_name="Lee")
    path = f"/api/v1/users/{user['id']}"
    answer = admin.request(method, path, expect=200, json={"last_name": "Kim", "department": "Sales"})
    changed = answer.json()
    assert changed["full_name"] == "Ann Kim" and changed["department"] == "Sales" and changed["version"] == 2
    assert answer.headers["ETag"] == '"2"'
    same = admin.request(method, path, expect=200, json={"last_name": "Kim"}).json()
    assert same["version"] == 2
    check_error(admin.request(method, path, json={"email": "nonsense"}), 422, "VALIDATION_ERROR")
    check_error(admin.request(method, path, json={"email": create(admin)["email"]}), 409, "DUPLICATE_RESOURCE")
    check_error(admin.request(method, "/api/v1/users/999999999", json={}), 404, "USER_NOT_FOUND")


def test_if_match(admin):
    path = f"/api/v1/users/{create(admin)['id']}"
    admin.patch(path, {"phone": "1"}, expect=200, headers={"If-Match": '"1"'})
    for tag in ('"1"', '"v2"', "2", "nonsense", 'W/"2"'):
        check_error(admin.patch(path, {"phone": "2"}, headers={"If-Match": tag}), 412, "PRECONDITION_FAILED")
    admin.patch(path, {"phone": "2"}, expect=200, headers={"If-Match": '"2"'})
    admin.patch(path, {"phone": "3"}, expect=200, headers={"If-Match": "*"})
    assert admin.get(path).json()["phone"] == "3"


def test_deactivation_ends_sessions(auth, admin):
    email = f"{unique()}@example.org"
    session = auth.http.post("/api/v1/auth/register", {"email": email, "password": "test123"}, expect=201).json()
    path = f"/api/v1/users/{session['user']['id']}"
    assert admin.post(f"{path}/deactivate", expect=200).json()["active"] is False
    check_error(auth.http.post("/token/refresh/", {"refresh": session["refresh"]}), 401, "UNAUTHENTICATED")
    assert admin.post(f"{path}/activate", expect=200).json()["active"] is True
    check_error(auth.http.post("/token/refresh/", {"refresh": session["refresh"]}), 401, "UNAUTHENTICATED")
    auth.http.post("/auth/login", {"email": email, "password": "test123"}, expect=200)
    check_error(admin.post("/api/v1/users/999999999/activate"), 404, "USER_NOT_FOUND")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_people_change_their_own_profile_but_not_their_standing(auth, admin, method):
    user = create(admin, department="Sales")
    me = auth.http.as_user(user["id"])
    changed = me.request(method, "/api/v1/users/profile", expect=200,
                         json={"first_name": "Ann", "phone": "0917", "email": "other@example.org", "department": "IT",
                               "active": False, "version": 99, "role": user["role"], "roles": user["roles"]}).json()
    assert (changed["first_name"], changed["phone"], changed["full_name"]) == ("Ann", "0917", "Ann")
    for key in ("email", "department", "active", "role", "roles"):
        assert changed[key] == user[key]
    assert changed["version"] == 2
    check_error(me.request(method, "/api/v1/users/profile", json={"first_name": "x" * 101}), 422, "VALIDATION_ERROR")
    check_error(me.request(method, "/api/v1/users/profile", json={"phone": "1"}, headers={"If-Match": '"1"'}),
                412, "PRECONDITION_FAILED")


# ---- roles ----------------------------------------------------------------------------------------

def test_systems_and_roles(auth):
    me = auth.http.as_user(5)
    systems = me.get("/api/v1/systems", expect=200).json()
    assert [s["slug"] for s in systems["results"]] == ["hdts", "tts"] and systems["count"] == 2
    roles = me.get("/api/v1/roles", expect=200).json()["results"]
    assert [(r["id"], r["system"], r["name"]) for r in roles] == [
        (1, "hdts", "Employee"), (2, "hdts", "Ticket Coordinator"), (3, "hdts", "Admin"),
        (4, "tts", "Reviewer"), (5, "tts", "Approver"), (6, "tts", "Admin")]
    assert me.get("/api/v1/roles?system=tts", expect=200).json()["count"] == 3
    assert me.get("/api/v1/roles?system=none", expect=200).json()["count"] == 0


def test_granting_and_revoking(auth, admin):
    user = create(admin)
    path = f"/api/v1/users/{user['id']}/roles"
    granted = admin.post(path, {"role_id": REVIEWER}, expect=201).json()
    assert [r["role"] for r in granted["roles"]] == ["Employee", "Reviewer"]
    granted = admin.post(path, {"system": "HDTS", "role": "ticket coordinator"}, expect=201).json()
    assert granted["role"] == "staff"
    check_error(admin.post(path, {"role_id": REVIEWER}), 409, "DUPLICATE_RESOURCE")
    check_error(admin.post(path, {}), 400, "INVALID_INPUT")
    check_error(admin.post(path, {"system": "tts"}), 400, "INVALID_INPUT")
    check_error(admin.post(path, {"role_id": 4711}), 422, "VALIDATION_ERROR")
    check_error(admin.post(path, {"system": "tts", "role": "King"}), 422, "VALIDATION_ERROR")
    check_error(admin.post("/api/v1/users/999999999/roles", {"role_id": REVIEWER}), 404, "USER_NOT_FOUND")
    assert auth.http.as_user(user["id"]).get(path, expect=200).json()["role"] == "staff"
    check_error(auth.http.as_user(user["id"] + 1).get(path), 403, "FORBIDDEN")
    check_error(admin.get("/api/v1/users/999999999/roles"), 404, "USER_NOT_FOUND")
    left = admin.delete(f"{path}/{COORDINATOR}", expect=200).json()
    assert left["role"] == "user" and [r["role"] for r in left["roles"]] == ["Employee", "Reviewer"]
    check_error(admin.delete(f"{path}/{COORDINATOR}"), 404, "NOT_FOUND")
    check_error(admin.delete(f"{path}/none"), 404, "NOT_FOUND")
    assert admin.get(f"/api/v1/users/{user['id']}").json()["version"] == 4


def test_the_last_administrator_stays(admin, db):
    db.query("DELETE FROM auth.user_role WHERE role_id IN (3, 6)")
    one, two = create(admin, role="admin"), create(admin, role="admin")
    admin.delete(f"/api/v1/users/{one['id']}/roles/{HDTS_ADMIN}", expect=200)
    body = check_error(admin.delete(f"/api/v1/users/{two['id']}/roles/{HDTS_ADMIN}"), 409, "CONFLICT")
    assert body["message"] == "this is the last administrator"
    check_error(admin.post(f"/api/v1/users/{two['id']}/deactivate"), 409, "CONFLICT")
    check_error(admin.patch(f"/api/v1/users/{two['id']}", {"active": False}), 409, "CONFLICT")
    assert admin.get(f"/api/v1/users/{two['id']}").json()["active"] is True
    admin.post(f"/api/v1/users/{one['id']}/roles", {"role_id": HDTS_ADMIN}, expect=201)
    admin.post(f"/api/v1/users/{two['id']}/deactivate", expect=200)


# ---- the snapshot and the events ------------------------------------------------------------------

def test_the_snapshot_has_everybody_in_pages(admin, service, auth):
    last = create(admin, first_name="Zoe", department="Sales", role="staff")
    people, after = [], 0
    while after is not None:
        page = service.get(f"/api/v1/users/snapshot?after={after}&limit=3", expect=200).json()
        assert len(page["users"]) <= 3
        people += page["users"]
        after = page["next"]
    ids = [p["id"] for p in people]
    assert ids == sorted(set(ids)) and len(ids) == admin.get("/api/v1/users").json()["count"]
    mine = next(p for p in people if p["id"] == last["id"])
    assert mine == {"id": last["id"], "email": last["email"], "name": "Zoe", "department": "Sales", "active": True,
                    "version": 1, "roles": [{"system": "hdts", "role": "Ticket Coordinator", "system_role_id": 2}]}
    assert len(service.get("/api/v1/users/snapshot", expect=200).json()["users"]) == len(ids)
    check_error(service.get("/api/v1/users/snapshot?limit=1001"), 422, "VALIDATION_ERROR")
    check_error(admin.get("/api/v1/users/snapshot"), 403, "FORBIDDEN")
    check_error(auth.http.get("/api/v1/users/snapshot"), 401, "UNAUTHENTICATED")


def test_every_change_is_an_event_with_a_greater_version(auth, admin, broker):
    with Amqp(broker.url) as amqp:
        users, roles = amqp.listen("user.*"), amqp.listen("role.*")
        body = auth.http.post("/api/v1/auth/register", {"email": f"{unique()}@example.org", "password": "test123",
                                                        "name": "Ann Lee", "department": "Sales"}, expect=201).json()
        user_id = body["user"]["id"]
        path = f"/api/v1/users/{user_id}"

        def mine(event):
            return event["data"]["id"] == user_id

        created = amqp.receive_type(users, "user.created", where=mine)
        assert created["specversion"] == "1.0" and created["source"] == "auth-service"
        assert created["subject"] == str(user_id)
        assert created["data"] == {
            "id": user_id, "email": body["user"]["email"], "name": "Ann Lee", "department": "Sales", "active": True,
            "version": 1, "roles": [{"system": "hdts", "role": "Employee", "system_role_id": 1}]}
        admin.patch(path, {"department": "Finance"}, expect=200)
        updated = amqp.receive_type(users, "user.updated", where=mine)["data"]
        assert updated["department"] == "Finance" and updated["version"] == 2
        admin.post(f"{path}/roles", {"role_id": REVIEWER}, expect=201)
        assigned = amqp.receive_type(roles, "role.assigned", where=mine)["data"]
        assert [r["role"] for r in assigned["roles"]] == ["Employee", "Reviewer"] and assigned["version"] == 3
        admin.delete(f"{path}/roles/{EMPLOYEE}", expect=200)
        revoked = amqp.receive_type(roles, "role.revoked", where=mine)["data"]
        assert [r["role"] for r in revoked["roles"]] == ["Reviewer"] and revoked["version"] == 4
        admin.post(f"{path}/deactivate", expect=200)
        gone = amqp.receive_type(users, "user.updated", where=mine)["data"]
        assert gone["active"] is False and gone["version"] == 5


def test_a_refused_change_publishes_nothing(admin, auth, broker):
    user = create(admin)
    with Amqp(broker.url) as amqp:
        queue = amqp.listen("#")
        check_error(admin.post(f"/api/v1/users/{user['id']}/roles", {"role_id": EMPLOYEE}), 409, "DUPLICATE_RESOURCE")
        admin.patch(f"/api/v1/users/{user['id']}", {}, expect=200)
        check_error(auth.http.post("/auth/register", {"email": user["email"], "password": "test123"}),
                    409, "DUPLICATE_RESOURCE")
        marker = create(admin)["id"]
        seen = []
        while not seen or seen[-1]["data"].get("id") != marker:
            seen.append(amqp.receive(queue)[1])
        # Older events, which had no queue to go to, may arrive now as well; what was refused is in the audit trail.
        assert [e["type"] for e in seen if e["data"].get("id") == user["id"]] in ([], ["user.created"])


def test_events_wait_in_the_outbox_while_the_broker_is_away(infra):
    from lib.service import Service  # pylint: disable=import-outside-toplevel
    database = infra.database("nobroker")
    try:
        with Service("auth-service", database, None, {"DEMO_DATA": "false"}, ready=False) as lonely:
            wait_for(lambda: lonely.http.post("/auth/register", {"email": "ann@example.org", "password": "test123"})
                     .status_code == 201)
            rows = database.query("SELECT routing_key, body FROM auth.outbox ORDER BY id")
            assert [r[0] for r in rows] == ["audit.recorded", "user.created"]
    finally:
        database.drop()


# ---- demo people ----------------------------------------------------------------------------------

def test_demo_people_are_made_once_by_any_number_of_processes(infra):
    from lib.service import Service  # pylint: disable=import-outside-toplevel
    database, host = infra.database("demo"), infra.broker("demo")
    programs = [Service("auth-service", database, host, start=False) for _ in range(3)]
    try:
        for program in programs:
            program.start(ready=False)
        for program in programs:
            program.wait_ready()
        login = programs[0].http.post("/api/v1/auth/login", {"email": "admin@example.com", "password": "demo-pass-1"},
                                      expect=200).json()
        assert login["user"]["role"] == "admin"
        people = programs[1].http.with_token(login["token"]).get("/api/v1/users?page_size=100", expect=200).json()
        emails = [u["email"] for u in people["results"]]
        assert len(emails) == len(set(emails)) >= 20
        held = {u["email"]: {(r["system"], r["role"]) for r in u["roles"]} for u in people["results"]}
        assert held["admin@example.com"] == {("hdts", "Admin"), ("tts", "Admin")}
        assert held["coordinator3@example.com"] == {("hdts", "Ticket Coordinator")}
        assert held["reviewer2@example.com"] == {("tts", "Reviewer")}
        assert held["approver@example.com"] == {("tts", "Approver")}
        assert held["employee2@example.com"] == {("hdts", "Employee")}
        programs[2].http.post("/token/", {"email": "employee@example.com", "password": "demo-pass-1"}, expect=200)
        programs[0].stop()
        programs[0].start()
        assert programs[0].http.with_token(login["token"]).get("/api/v1/users").json()["count"] == len(emails)
        for program in programs:
            program.stop()
    finally:
        for program in programs:
            program.kill()
        database.drop()
        host.drop()


def test_production_has_no_demo_people_and_no_registered_admins(start_service, db):
    secret = {"ENVIRONMENT": "production", "JWT_SECRET": uuid.uuid4().hex * 2, "SECRET_KEY": uuid.uuid4().hex * 2}
    program = start_service("auth-service", {**secret, "ALLOW_ROLE_AT_REGISTRATION": "true"}, start=False)
    refused = subprocess.run([binary("auth-service")], env=program.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=60, check=False)
    assert refused.returncode == 78
    before = db.query("SELECT count(*) FROM auth.user_account WHERE email LIKE '%%@example.com'")
    live = start_service("auth-service", {**secret, "DEMO_PASSWORD": None})
    assert db.query("SELECT count(*) FROM auth.user_account WHERE email LIKE '%%@example.com'") == before
    check_error(live.http.post("/auth/register", {"email": f"{unique()}@example.org", "password": "password1"}),
                422, "VALIDATION_ERROR")
    answer = live.http.post("/api/v1/auth/register", {"email": f"{unique()}@example.org", "password": "fr0g pond"},
                            expect=201)
    assert all("; Secure" in line for line in answer.raw.headers.getlist("Set-Cookie"))
