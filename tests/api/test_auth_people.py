"""auth-service: erasing people, preferences, keyset pages, search by index."""
import concurrent.futures
import uuid

import pytest

from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error
from lib.wait import wait_for

HDTS_ADMIN, REVIEWER = 3, 4
PREFERENCES = "/api/v1/users/preferences"


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


def unique(word="x"):
    return f"{word}-{uuid.uuid4().hex[:8]}"


def create(admin, **fields):
    return admin.post("/api/v1/users", {"email": f"{unique('secretive')}@example.org", "password": "test123", **fields},
                      expect=201).json()


def log_in(auth, user):
    return auth.http.post("/token", {"email": user["email"], "password": "test123"}, expect=200).json()


# ---- erasing --------------------------------------------------------------------------------------

def test_erasing_leaves_nothing_but_the_id(auth, admin, db, broker):
    user = create(admin, first_name="Peculiar", last_name="Surname", phone="+4911223344", department="Hidden")
    admin.post(f"/api/v1/users/{user['id']}/roles", {"role_id": REVIEWER}, expect=201)
    login = log_in(auth, user)
    me = auth.http.with_token(login["access"])
    token = me.post("/api/v1/tokens", {"name": "x", "scopes": ["TICKET_READ"]}, expect=201).json()["token"]
    me.put(PREFERENCES, {"colour": "teal"}, expect=200)
    auth.http.post("/token", {"email": user["email"], "password": "wrong"}, expect=401)
    path = f"/api/v1/users/{user['id']}"
    with Amqp(broker.url) as amqp:
        queue = amqp.listen("user.updated")
        check_error(admin.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
        admin.delete(path, expect=204)
        admin.delete(path, expect=204)
        told = amqp.receive_type(queue, "user.updated", where=lambda e: e["data"]["id"] == user["id"])["data"]
    assert told == {"id": user["id"], "email": f"erased-{user['id']}@erased.invalid", "name": "Erased person",
                    "department": "", "active": False, "version": 3, "roles": []}
    left = admin.get(path, expect=200).json()
    assert (left["first_name"], left["phone"], left["roles"], left["active"]) == ("", "", [], False)
    for table, in db.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'auth' AND "
                           "table_type = 'BASE TABLE' AND table_name NOT IN ('outbox', 'user_account')"):
        rows = db.query(f'SELECT t::text FROM auth."{table}" t')
        assert not [row for row in rows if user["email"] in row[0] or "Peculiar" in row[0] or "teal" in row[0]], table
    check_error(auth.http.post("/token", {"email": user["email"], "password": "test123"}), 401, "INVALID_CREDENTIALS")
    check_error(auth.http.post("/token/refresh", {"refresh": login["refresh"]}), 401, "UNAUTHENTICATED")
    check_error(auth.http.with_token(token).get("/auth/me"), 401, "UNAUTHENTICATED")
    trail = admin.get(f"/api/v1/auth/audit?target_type=user&target_id={user['id']}&action=user.erase").json()["results"]
    assert len(trail) == 1 and trail[0]["actor_id"] == 10 ** 6
    create(admin, email=user["email"])


def test_the_erased_stay_erased_and_are_in_no_list(admin, auth):
    user = create(admin)
    path = f"/api/v1/users/{user['id']}"
    admin.delete(path, expect=204)
    check_error(admin.post(f"{path}/activate"), 404, "USER_NOT_FOUND")
    check_error(admin.patch(path, {"email": user["email"]}), 404, "USER_NOT_FOUND")
    check_error(admin.post(f"{path}/roles", {"role_id": REVIEWER}), 404, "USER_NOT_FOUND")
    assert admin.get("/api/v1/users?search=Erased+person").json()["count"] == 0
    after = auth.http.with_token(tokens.mint_service("workflow-service")).get(
        f"/api/v1/users/snapshot?after={user['id'] - 1}&limit=1", expect=200).json()["users"]
    assert after[0]["name"] == "Erased person"
    for bad in ("999999999", "x"):
        check_error(admin.delete(f"/api/v1/users/{bad}"), 404, "USER_NOT_FOUND")


def test_who_may_erase_whom(auth, admin, db):
    boss = create(admin, role="admin")
    for roles in ([("hdts", "Admin")], [("tts", "Admin")]):
        check_error(auth.http.as_user(10 ** 6 + 5, roles).delete(f"/api/v1/users/{boss['id']}"), 403, "FORBIDDEN")
    refused = admin.get(f"/api/v1/auth/audit?target_type=user&target_id={boss['id']}&result=refused").json()["results"]
    assert [e["action"] for e in refused] == ["user.erase", "user.erase"]
    db.query("DELETE FROM auth.user_role WHERE role_id IN (3, 6) AND user_id <> %s", boss["id"])
    check_error(admin.delete(f"/api/v1/users/{boss['id']}"), 409, "CONFLICT")
    assert admin.get(f"/api/v1/users/{boss['id']}").json()["email"] == boss["email"]


def test_two_last_admins_cannot_erase_each_other(auth, admin, db):
    for _ in range(3):
        db.query("DELETE FROM auth.user_role WHERE role_id IN (3, 6)")
        pair = [create(admin, role="admin") for _ in range(2)]
        clients = [auth.http.as_user(p["id"], tokens.ADMIN) for p in pair]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda i: clients[i].delete(f"/api/v1/users/{pair[1 - i]['id']}").status_code,
                                    range(2)))
        assert sorted(answers) in ([204, 403], [204, 409]), answers
        assert db.query("SELECT count(*) FROM auth.user_role WHERE role_id = 3") == [(1,)]


def test_erasure_reaches_the_copies(start_service, auth, admin, db):
    user = create(admin, first_name="Copied", last_name="Person")
    start_service("notification-service", {"AUTH_SERVICE_URL": auth.url})

    def copy():
        return db.query("SELECT email, name, active, (SELECT count(*) FROM notification.person_role r "
                        "WHERE r.person_id = p.id) FROM notification.person p WHERE id = %s", user["id"])

    wait_for(lambda: copy() == [(user["email"], "Copied Person", True, 1)], what="the copy of the person")
    admin.delete(f"/api/v1/users/{user['id']}", expect=204)
    wait_for(lambda: copy() == [(f"erased-{user['id']}@erased.invalid", "Erased person", False, 0)], what="the erasure")


# ---- preferences ----------------------------------------------------------------------------------

def test_preferences(auth, admin):
    me = auth.http.as_user(create(admin)["id"])
    first = me.get(PREFERENCES, expect=200)
    assert first.json() == {"preferences": {}, "version": 0, "updated_at": None} and first.headers["ETag"] == '"0"'
    answer = me.put(PREFERENCES, {"theme": "dark", "tickets.columns": ["id", {"w": None}]}, expect=200,
                    headers={"If-Match": '"0"'})
    assert answer.json()["preferences"] == {"theme": "dark", "tickets.columns": ["id", {"w": None}]}
    assert answer.headers["ETag"] == '"1"'
    check_error(me.put(PREFERENCES, {}, headers={"If-Match": '"0"'}), 412, "PRECONDITION_FAILED")
    check_error(me.patch(PREFERENCES, {"a": 1}, headers={"If-Match": '"7"'}), 412, "PRECONDITION_FAILED")
    merged = me.patch(PREFERENCES, {"theme": None, "size": 12, "x": {"keep": None}}, expect=200,
                      headers={"If-Match": '"1"'}).json()
    assert merged["preferences"] == {"tickets.columns": ["id", {"w": None}], "size": 12, "x": {"keep": None}}
    assert me.get(PREFERENCES).json() == merged
    assert me.put(PREFERENCES, {}, expect=200).json()["preferences"] == {}
    other = auth.http.as_user(create(admin)["id"])
    assert other.patch(PREFERENCES, {"a": 1, "b": None}, expect=200).json()["preferences"] == {"a": 1}


def test_bad_preferences(auth, admin):
    me = auth.http.as_user(create(admin)["id"])
    body = check_error(me.put(PREFERENCES, {"": 1, "1a": 1, "a b": 1, "x" * 65: 1, "fine": 1}), 422, "VALIDATION_ERROR")
    assert len(body["details"]["fields"]) == 4
    check_error(me.put(PREFERENCES, {f"k{n}": 1 for n in range(101)}), 422, "VALIDATION_ERROR")
    check_error(me.put(PREFERENCES, [1]), 400, "INVALID_INPUT")
    check_error(me.put(PREFERENCES, {"a": "x" * 20000}), 413, "PAYLOAD_TOO_LARGE")
    for number in range(4):
        me.patch(PREFERENCES, {f"k{number}": "x" * 16000}, expect=200)
    check_error(me.patch(PREFERENCES, {"k5": "x" * 16000}), 422, "VALIDATION_ERROR")
    assert len(me.get(PREFERENCES).json()["preferences"]) == 4
    check_error(auth.http.as_user(10 ** 7).put(PREFERENCES, {}), 404, "USER_NOT_FOUND")
    check_error(auth.http.as_user(10 ** 7).get(PREFERENCES), 404, "USER_NOT_FOUND")


# ---- keyset pages ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def crowd(admin):
    """Seven people of a department, two with the same name."""
    department = unique("crowd")
    return department, [create(admin, first_name=name, department=department)
                        for name in ("Cyd", "ann", "Bob", "Ann", "Dée", "d e", "Zoe")]


@pytest.mark.parametrize("sort", ["id", "-id", "email", "-email", "name", "-name", "created_at", "-created_at"])
def test_cursors_walk_the_whole_list_once(admin, crowd, sort):
    department, people = crowd
    path = f"/api/v1/users?department={department}&sort={sort}"
    whole = [u["id"] for u in admin.get(f"{path}&page_size=100", expect=200).json()["results"]]
    assert sorted(whole) == sorted(p["id"] for p in people)
    page = admin.get(f"{path}&page_size=2", expect=200).json()
    seen = [u["id"] for u in page["results"]]
    while page["next_cursor"]:
        page = admin.get(f"{path}&page_size=2&cursor={page['next_cursor']}", expect=200).json()
        assert page["count"] is None and page["next"] is None
        seen += [u["id"] for u in page["results"]]
    assert seen == whole


def test_a_cursor_is_good_for_its_list_only(admin, crowd):
    department, _ = crowd
    path = f"/api/v1/users?department={department}&page_size=2"
    cursor = admin.get(f"{path}&sort=name", expect=200).json()["next_cursor"]
    for other in (f"{path}&sort=-name&cursor={cursor}", f"/api/v1/users?page_size=2&sort=name&cursor={cursor}",
                  f"{path}&sort=name&cursor={cursor[:-2]}", f"{path}&sort=name&cursor=x"):
        check_error(admin.get(other), 400, "INVALID_INPUT")
    admin.get(f"/api/v1/users?department={department}&page_size=3&sort=name&cursor={cursor}", expect=200)


def test_people_who_come_and_go_do_not_move_a_page(admin):
    department = unique("moving")
    people = [create(admin, department=department) for _ in range(4)]
    path = f"/api/v1/users?department={department}&page_size=2"
    first = admin.get(path, expect=200).json()
    admin.delete(f"/api/v1/users/{people[0]['id']}", expect=204)
    second = admin.get(f"{path}&cursor={first['next_cursor']}", expect=200).json()
    assert [u["id"] for u in second["results"]] == [p["id"] for p in people[2:]]


# ---- search ---------------------------------------------------------------------------------------

def test_search_goes_by_index(admin, db):
    db.query("INSERT INTO auth.user_account (email, full_name, created_at, updated_at) SELECT "
             "'bulk' || n || '@bulk.example', 'Bulk ' || md5(n::text), clock_timestamp(), clock_timestamp() "
             "FROM generate_series(1, 20000) n")
    db.query("ANALYZE auth.user_account")
    needle = create(admin, first_name="Quixotic", last_name="Wombat")

    def scans():
        return db.query("SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE schemaname = 'auth' AND indexrelname IN "
                        "('user_account_name_search', 'user_account_email_search')")[0][0]

    before = scans()
    for text in ("quixotic", "QUIXOTIC wom", "wombat", needle["email"][:14].upper()):
        found = admin.get("/api/v1/users", params={"search": text}, expect=200).json()
        assert needle["id"] in [u["id"] for u in found["results"]] and found["count"] < 100
    wait_for(lambda: scans() > before, what="the scans of the search indexes to be counted")
