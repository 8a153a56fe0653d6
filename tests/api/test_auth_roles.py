"""auth-service: systems and roles as data, who may grant what, and what is refused and audited."""
import concurrent.futures
import uuid

import pytest

from lib import authorization, tokens
from lib.amqp import Amqp
from lib.http import check_error

EMPLOYEE, COORDINATOR, HDTS_ADMIN, REVIEWER, APPROVER, TTS_ADMIN = range(1, 7)


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


@pytest.fixture(scope="module")
def hdts_admin(auth):
    return auth.http.as_user(10 ** 6 + 1, [("hdts", "Admin")])


@pytest.fixture(scope="module")
def tts_admin(auth):
    return auth.http.as_user(10 ** 6 + 2, [("tts", "Admin")])


def unique(word="x"):
    return f"{word}-{uuid.uuid4().hex[:8]}"


def create(admin, **fields):
    return admin.post("/api/v1/users", {"email": f"{unique()}@example.org", "password": "test123", **fields},
                      expect=201).json()


def events(admin, **query):
    text = "&".join(f"{key}={value}" for key, value in query.items())
    return admin.get(f"/api/v1/auth/audit?{text}", expect=200).json()["results"]


# ---- systems --------------------------------------------------------------------------------------

def test_a_system_is_created_changed_and_removed(auth, admin):
    slug = unique("crm")
    answer = admin.post("/api/v1/systems", {"slug": slug, "name": " Customers "}, expect=201)
    system = answer.json()
    path = answer.headers["Location"]
    assert system == {"id": system["id"], "slug": slug, "name": "Customers", "is_custom": True, "version": 1}
    assert path == f"/api/v1/systems/{system['id']}" and answer.headers["ETag"] == '"1"'
    check_error(admin.post("/api/v1/systems", {"slug": slug, "name": "Again"}), 409, "DUPLICATE_RESOURCE")
    for method in ("patch", "put"):
        before = auth.http.as_user(5).get(path, expect=200)
        check_error(getattr(admin, method)(path, {"name": "x"}, headers={"If-Match": '"99"'}), 412,
                    "PRECONDITION_FAILED")
        after = getattr(admin, method)(path, {"name": method}, expect=200,
                                       headers={"If-Match": before.headers["ETag"]}).json()
        assert after["name"] == method and after["slug"] == slug and after["version"] == before.json()["version"] + 1
    check_error(admin.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    admin.delete(path, expect=204)
    check_error(admin.get(path), 404, "NOT_FOUND")
    assert [e["action"] for e in events(admin, target_type="system", target_id=system["id"])] == [
        "system.delete", "system.update", "system.update", "system.create"]


@pytest.mark.parametrize("slug", ["CRM", "1st", "-x", "a b", "a_b", "x" * 41, "é", "a/b"])
def test_bad_slugs(admin, slug):
    check_error(admin.post("/api/v1/systems", {"slug": slug, "name": "x"}), 422, "VALIDATION_ERROR")


def test_built_in_systems_and_those_with_roles_stay(admin, hdts_admin):
    check_error(admin.post("/api/v1/systems", {"slug": "hdts", "name": "x"}), 409, "DUPLICATE_RESOURCE")
    check_error(admin.delete("/api/v1/systems/1"), 409, "CONFLICT")
    system = admin.post("/api/v1/systems", {"slug": unique("crm"), "name": "x"}, expect=201).json()
    role = admin.post("/api/v1/roles", {"system": system["slug"], "name": "Clerk"}, expect=201).json()
    check_error(admin.delete(f"/api/v1/systems/{system['id']}"), 409, "CONFLICT")
    admin.delete(f"/api/v1/roles/{role['id']}", expect=204)
    admin.delete(f"/api/v1/systems/{system['id']}", expect=204)
    check_error(hdts_admin.patch("/api/v1/systems/2", {"name": "mine"}), 403, "FORBIDDEN")
    for bad in ("0", "x", "999999"):
        check_error(admin.get(f"/api/v1/systems/{bad}"), 404, "NOT_FOUND")
        check_error(admin.patch(f"/api/v1/systems/{bad}", {"name": "x"}), 404, "NOT_FOUND")
        check_error(admin.delete(f"/api/v1/systems/{bad}"), 404, "NOT_FOUND")


# ---- roles ----------------------------------------------------------------------------------------

def test_a_role_is_created_changed_and_removed(auth, admin):
    name = unique("Auditor")
    answer = admin.post("/api/v1/roles", {"system": "TTS", "name": name, "description": "Looks on"}, expect=201)
    role, path = answer.json(), answer.headers["Location"]
    assert role == {"id": role["id"], "system_id": 2, "system": "tts", "name": name, "description": "Looks on",
                    "is_custom": True, "version": 1}
    assert role["id"] >= 100
    assert auth.http.as_user(5).get(path, expect=200).json() == role
    check_error(admin.post("/api/v1/roles", {"system": "tts", "name": name.upper()}), 409, "DUPLICATE_RESOURCE")
    check_error(admin.patch(path, {"name": "Reviewer"}), 409, "DUPLICATE_RESOURCE")
    renamed = admin.put(path, {"name": name + "!"}, expect=200, headers={"If-Match": '"1"'}).json()
    assert renamed["name"] == name + "!" and renamed["description"] == "Looks on" and renamed["version"] == 2
    check_error(admin.patch(path, {"description": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    admin.delete(path, expect=204)
    check_error(admin.get(path), 404, "NOT_FOUND")
    assert [e["action"] for e in events(admin, target_type="role", target_id=role["id"])] == [
        "role.delete", "role.update", "role.create"]


def test_bad_roles(admin):
    check_error(admin.post("/api/v1/roles", {"system": "tts"}), 400, "INVALID_INPUT")
    check_error(admin.post("/api/v1/roles", {"system": "nope", "name": "x"}), 422, "VALIDATION_ERROR")
    for name in ("a:b", "a|b", "a,b", "x" * 101, "a\nb"):
        check_error(admin.post("/api/v1/roles", {"system": "tts", "name": name}), 422, "VALIDATION_ERROR")
    check_error(admin.patch("/api/v1/roles/999999", {"description": "x"}), 404, "NOT_FOUND")


def test_a_role_in_use_stays_and_keeps_its_name(admin):
    role = admin.post("/api/v1/roles", {"system": "tts", "name": unique("Helper")}, expect=201).json()
    path, user = f"/api/v1/roles/{role['id']}", create(admin)
    admin.post(f"/api/v1/users/{user['id']}/roles", {"role_id": role["id"]}, expect=201)
    check_error(admin.delete(path), 409, "CONFLICT")
    check_error(admin.patch(path, {"name": "Other"}), 409, "CONFLICT")
    admin.patch(path, {"description": "still fine"}, expect=200)
    holders = admin.get(f"/api/v1/users?system=tts&role={role['name']}", expect=200).json()["results"]
    assert [u["id"] for u in holders] == [user["id"]]
    admin.delete(f"/api/v1/users/{user['id']}/roles/{role['id']}", expect=200)
    admin.delete(path, expect=204)


@pytest.mark.parametrize("role_id", range(1, 7))
def test_built_in_roles_stay(admin, role_id):
    check_error(admin.delete(f"/api/v1/roles/{role_id}"), 409, "CONFLICT")
    check_error(admin.patch(f"/api/v1/roles/{role_id}", {"name": "King"}), 409, "CONFLICT")
    admin.patch(f"/api/v1/roles/{role_id}", {"description": "described"}, expect=200)


def test_a_grant_and_the_removal_of_a_role_at_once(auth, admin):
    """Either the grant or the removal happens, never both."""
    for _ in range(5):
        role = admin.post("/api/v1/roles", {"system": "tts", "name": unique("Race")}, expect=201).json()
        user = create(admin)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            grant = pool.submit(auth.http.with_token(admin.token).post, f"/api/v1/users/{user['id']}/roles",
                                {"role_id": role["id"]})
            removal = pool.submit(auth.http.with_token(admin.token).delete, f"/api/v1/roles/{role['id']}")
        outcome = (grant.result().status_code, removal.result().status_code)
        assert outcome in ((201, 409), (422, 204), (404, 204)), outcome


# ---- no escalation --------------------------------------------------------------------------------

def test_only_a_systems_own_admin_grants_its_roles(admin, hdts_admin, tts_admin):
    user = create(admin)
    path = f"/api/v1/users/{user['id']}/roles"
    for client, foreign in ((hdts_admin, (REVIEWER, APPROVER, TTS_ADMIN)), (tts_admin, (COORDINATOR, HDTS_ADMIN))):
        for role_id in foreign:
            check_error(client.post(path, {"role_id": role_id}), 403, "FORBIDDEN")
    check_error(tts_admin.delete(f"{path}/{EMPLOYEE}"), 403, "FORBIDDEN")
    refused = events(admin, target_type="user", target_id=user["id"], result="refused")
    assert [(e["action"], e["actor_id"], e["details"]["role_id"]) for e in refused] == [
        ("role.revoke", 10 ** 6 + 2, EMPLOYEE), ("role.grant", 10 ** 6 + 2, HDTS_ADMIN),
        ("role.grant", 10 ** 6 + 2, COORDINATOR), ("role.grant", 10 ** 6 + 1, TTS_ADMIN),
        ("role.grant", 10 ** 6 + 1, APPROVER), ("role.grant", 10 ** 6 + 1, REVIEWER)]
    hdts_admin.post(path, {"role_id": COORDINATOR}, expect=201)
    tts_admin.post(path, {"role_id": REVIEWER}, expect=201)
    assert [r["role"] for r in admin.get(path).json()["roles"]] == ["Employee", "Ticket Coordinator", "Reviewer"]


def test_roles_of_a_system_are_its_admins_affair(admin, hdts_admin, tts_admin):
    check_error(hdts_admin.post("/api/v1/roles", {"system": "tts", "name": unique()}), 403, "FORBIDDEN")
    check_error(tts_admin.patch(f"/api/v1/roles/{COORDINATOR}", {"description": "x"}), 403, "FORBIDDEN")
    assert events(admin, action="role.create", result="refused", actor_id=10 ** 6 + 1)
    system = tts_admin.post("/api/v1/systems", {"slug": unique("crm"), "name": "x"}, expect=201).json()
    hdts_admin.post("/api/v1/roles", {"system": system["slug"], "name": "Admin"}, expect=201)


def test_a_role_called_admin_elsewhere_is_no_administrator(auth, admin):
    system = admin.post("/api/v1/systems", {"slug": unique("crm"), "name": "x"}, expect=201).json()
    role = admin.post("/api/v1/roles", {"system": system["slug"], "name": "Admin"}, expect=201).json()
    user = create(admin)
    admin.post(f"/api/v1/users/{user['id']}/roles", {"role_id": role["id"]}, expect=201)
    login = auth.http.post("/token", {"email": user["email"], "password": "test123"}, expect=200).json()
    me = auth.http.with_token(login["access"])
    check_error(me.get("/api/v1/users"), 403, "FORBIDDEN")
    check_error(me.post(f"/api/v1/users/{user['id']}/roles", {"role_id": HDTS_ADMIN}), 403, "FORBIDDEN")


def test_nobody_raises_themselves(auth, admin):
    boss = create(admin, role="admin")
    login = auth.http.post("/token", {"email": boss["email"], "password": "test123"}, expect=200).json()
    me = auth.http.with_token(login["access"])
    check_error(me.post(f"/api/v1/users/{boss['id']}/roles", {"role_id": REVIEWER}), 403, "FORBIDDEN")
    event = events(admin, actor_id=boss["id"], action="role.grant")[0]
    assert event["result"] == "refused" and event["target_id"] == str(boss["id"])


def test_a_role_lost_a_moment_ago_grants_nothing(auth, admin):
    boss, user = create(admin, role="admin"), create(admin)
    login = auth.http.post("/token", {"email": boss["email"], "password": "test123"}, expect=200).json()
    me = auth.http.with_token(login["access"])
    me.post(f"/api/v1/users/{user['id']}/roles", {"role_id": REVIEWER}, expect=201)
    admin.delete(f"/api/v1/users/{boss['id']}/roles/{TTS_ADMIN}", expect=200)
    check_error(me.post(f"/api/v1/users/{user['id']}/roles", {"role_id": APPROVER}), 403, "FORBIDDEN")
    me.post(f"/api/v1/users/{user['id']}/roles", {"role_id": COORDINATOR}, expect=201)
    admin.post(f"/api/v1/users/{boss['id']}/deactivate", expect=200)
    check_error(me.delete(f"/api/v1/users/{user['id']}/roles/{COORDINATOR}"), 403, "FORBIDDEN")
    check_error(me.patch(f"/api/v1/users/{user['id']}", {"phone": "1"}), 403, "FORBIDDEN")


def test_new_people_get_no_role_their_maker_could_not_grant(admin, hdts_admin, tts_admin):
    body = {"email": f"{unique()}@example.org"}
    check_error(tts_admin.post("/api/v1/users", {**body, "role": "staff"}), 403, "FORBIDDEN")
    for client in (tts_admin, hdts_admin):
        check_error(client.post("/api/v1/users", {**body, "role": "admin"}), 403, "FORBIDDEN")
    assert events(admin, action="user.create", result="refused", actor_id=10 ** 6 + 2)
    assert admin.get(f"/api/v1/users?search={body['email']}").json()["count"] == 0
    assert hdts_admin.post("/api/v1/users", {**body, "role": "staff"}, expect=201).json()["role"] == "staff"
    create(tts_admin)


def test_an_administrators_account_is_not_taken_over(admin, hdts_admin, tts_admin):
    """Who may write somebody's address can become them."""
    boss = create(admin, role="admin")
    path = f"/api/v1/users/{boss['id']}"
    for client in (hdts_admin, tts_admin):
        check_error(client.patch(path, {"email": f"{unique()}@evil.example"}), 403, "FORBIDDEN")
        check_error(client.post(f"{path}/deactivate"), 403, "FORBIDDEN")
    assert admin.get(path).json() == boss
    assert {e["action"] for e in events(admin, target_type="user", target_id=boss["id"], result="refused")} == {
        "user.update"}
    admin.patch(path, {"phone": "1"}, expect=200)


@pytest.mark.parametrize("fields", [{"role": "admin"}, {"is_admin": True}, {"roles": [{"system": "hdts",
                                                                                       "role": "Admin"}]}])
def test_roles_come_by_granting_only(admin, fields):
    """A change of a person by an administrator is no way around the rules of granting either."""
    user = create(admin)
    admin.patch(f"/api/v1/users/{user['id']}", {"phone": "1", **fields})
    assert admin.get(f"/api/v1/users/{user['id']}/roles", expect=200).json()["roles"] == user["roles"]


@pytest.mark.parametrize("roles", [tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.APPROVER])
def test_refusals_by_the_table_are_in_the_trail(auth, admin, roles):
    user = create(admin)
    me = auth.http.as_user(user["id"], roles)
    check_error(me.post(f"/api/v1/users/{user['id']}/roles", {"role_id": HDTS_ADMIN}), 403, "FORBIDDEN")
    event = events(admin, actor_id=user["id"])[0]
    assert event["action"] == "access.refuse" and event["result"] == "refused" and event["address"] == "127.0.0.1"
    assert event["details"] == {"code": "FORBIDDEN", "route": "POST /api/v1/users/{id}/roles"}


def test_two_last_admins_cannot_remove_each_other(auth, admin, db):
    for _ in range(5):
        db.query("DELETE FROM auth.user_role WHERE role_id IN (3, 6)")
        pair = [create(admin, role="admin") for _ in range(2)]
        clients = [auth.http.with_token(auth.http.post("/token", {"email": p["email"], "password": "test123"},
                                                       expect=200).json()["access"]) for p in pair]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda i: clients[i].delete(
                f"/api/v1/users/{pair[1 - i]['id']}/roles/{HDTS_ADMIN}").status_code, range(2)))
        assert sorted(answers) in ([200, 403], [200, 409]), answers
        assert db.query("SELECT count(*) FROM auth.user_role WHERE role_id = 3") == [(1,)]


def test_two_last_admins_cannot_deactivate_each_other(auth, admin, db):
    for _ in range(5):
        db.query("DELETE FROM auth.user_role WHERE role_id IN (3, 6)")
        pair = [create(admin, role="admin") for _ in range(2)]
        clients = [auth.http.as_user(p["id"], tokens.ADMIN) for p in pair]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda i: clients[i].post(
                f"/api/v1/users/{pair[1 - i]['id']}/deactivate").status_code, range(2)))
        assert sorted(answers) in ([200, 403], [200, 409]), answers
        assert db.query("SELECT count(*) FROM auth.user_role r JOIN auth.user_account u ON u.id = r.user_id "
                        "WHERE r.role_id = 3 AND u.active") == [(1,)]


# ---- what happens is told -------------------------------------------------------------------------

def test_every_change_is_in_the_trail(auth, admin):
    user = create(admin)
    path = f"/api/v1/users/{user['id']}"
    admin.patch(path, {"phone": "1", "department": "Sales"}, expect=200, headers={"User-Agent": "curl/8"})
    admin.post(f"{path}/roles", {"role_id": REVIEWER}, expect=201)
    admin.delete(f"{path}/roles/{REVIEWER}", expect=200)
    admin.post(f"{path}/deactivate", expect=200)
    admin.post(f"{path}/activate", expect=200)
    trail = events(admin, target_type="user", target_id=user["id"])
    assert [e["action"] for e in trail] == ["user.activate", "user.deactivate", "role.revoke", "role.grant",
                                            "user.update", "user.create"]
    assert {e["actor_id"] for e in trail} == {10 ** 6}
    update = trail[4]
    assert update["details"] == {"fields": ["department", "phone"]} and update["user_agent"] == "curl/8"
    assert update["trace_id"] and user["email"] not in str(trail)
    body = auth.http.post("/auth/register", {"email": f"{unique()}@example.org", "password": "test123"}, expect=201)
    trail = events(admin, target_type="user", target_id=body.json()["id"])
    assert [e["action"] for e in trail] == ["user.register"]


def test_custom_roles_travel_in_events_and_tokens(auth, admin, broker):
    system = admin.post("/api/v1/systems", {"slug": unique("crm"), "name": "x"}, expect=201).json()
    role = admin.post("/api/v1/roles", {"system": system["slug"], "name": "Clerk"}, expect=201).json()
    user = create(admin)
    with Amqp(broker.url) as amqp:
        queue = amqp.listen("role.*")
        admin.post(f"/api/v1/users/{user['id']}/roles", {"system": system["slug"], "role": "clerk"}, expect=201)
        data = amqp.receive_type(queue, "role.assigned", where=lambda e: e["data"]["id"] == user["id"])["data"]
        assert {"system": system["slug"], "role": "Clerk", "system_role_id": role["id"]} in data["roles"]


# ---- the permission table -------------------------------------------------------------------------

def test_the_permission_table_is_shown(auth):
    shown = auth.http.as_user(5).get("/api/v1/permissions", expect=200).json()
    table = authorization.permissions()
    assert shown["count"] == len(shown["results"]) == len(table)
    for entry in shown["results"]:
        roles = {f"{r['system']}:{r['role']}" for r in entry["roles"]}
        roles |= {"*"} if entry["everybody"] else set()
        roles |= {"service"} if entry["programs"] else set()
        assert roles == table[entry["name"]] and entry["description"]


@pytest.mark.parametrize("roles", [tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.ADMIN])
def test_ones_own_permissions(auth, roles):
    held = {f"{system}:{role}" for system, role in roles} | {"*"}
    expected = [name for name, needs in authorization.permissions().items() if needs & held]
    body = auth.http.as_user(7, roles).get("/api/v1/auth/me/permissions", expect=200).json()
    assert body == {"user_id": 7, "permissions": expected}
    scoped = auth.http.as_user(7, roles, scope="TICKET_READ USER_ADMIN").get("/api/v1/auth/me/permissions").json()
    assert scoped["permissions"] == [p for p in expected if p in ("TICKET_READ", "USER_ADMIN")]
