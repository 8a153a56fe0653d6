"""auth-service: the audit trail."""
import psycopg2
import pytest

from lib import tokens
from lib.amqp import Amqp
from lib.http import check_error

PATH = "/api/v1/auth/audit"


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


@pytest.fixture(scope="module", autouse=True)
def trail(auth, db):
    """Five events of the tests' own; names of actions nobody else uses."""
    for number in range(5):
        db.query("INSERT INTO audit_event (at, actor_id, action, target_type, target_id, refused, details) VALUES "
                 "(timestamptz '2026-01-01 00:00Z' + %s * interval '1 hour', %s, %s, 'thing', %s, %s, %s)",
                 number, 7 + number % 2, "test.done", str(number), number == 4, '{"n": %d}' % number,
                 program="auth-service")


def found(admin, query):
    return [int(e["target_id"]) for e in admin.get(f"{PATH}?action=test.done&{query}", expect=200).json()["results"]]


def test_events_come_newest_first_page_by_page(admin):
    page = admin.get(f"{PATH}?action=test.done&limit=2", expect=200).json()
    assert [e["target_id"] for e in page["results"]] == ["4", "3"]
    event = page["results"][0]
    assert event == {"id": event["id"], "at": "2026-01-01T04:00:00.000Z", "actor_id": 7, "actor": None,
                     "action": "test.done", "target_type": "thing", "target_id": "4", "result": "refused",
                     "address": "", "user_agent": "", "trace_id": "", "details": {"n": 4}}
    seen = []
    while page["next_cursor"]:
        page = admin.get(f"{PATH}?action=test.done&limit=2&cursor={page['next_cursor']}", expect=200).json()
        seen += [e["target_id"] for e in page["results"]]
    assert seen == ["2", "1", "0"]


def test_filters(admin):
    assert found(admin, "actor_id=8") == [3, 1]
    assert found(admin, "target_type=thing&target_id=2") == [2]
    assert found(admin, "result=refused") == [4]
    assert found(admin, "result=allowed&from=2026-01-01T01:00:00Z&to=2026-01-01T03:00:00Z") == [2, 1]
    assert found(admin, "target_type=nothing") == []


def test_bad_queries(admin):
    body = check_error(admin.get(f"{PATH}?limit=0&result=maybe&from=yesterday"), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) >= {"limit", "result"}
    check_error(admin.get(f"{PATH}?cursor=bm9uc2Vuc2U"), 400, "INVALID_INPUT")


@pytest.mark.parametrize("roles", [tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.APPROVER])
def test_only_administrators_read_it(auth, roles):
    check_error(auth.http.as_user(5, roles).get(PATH), 403, "FORBIDDEN")
    check_error(auth.http.get(PATH), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET refused = false", "DELETE FROM audit_event",
                                       "TRUNCATE audit_event"])
def test_nothing_is_changed_or_removed(db, auth, statement):
    with pytest.raises(psycopg2.errors.RaiseException):
        db.query(statement, program=auth.name)


def test_the_fleet_is_told(auth, admin, broker):
    """What is recorded is an event as well: of what was done, and of what was refused."""
    with Amqp(broker.url) as amqp:
        queue = amqp.listen("audit.recorded")
        admin.post("/api/v1/systems", {"slug": "told", "name": "Told"}, expect=201)
        check_error(auth.http.as_user(77, tokens.EMPLOYEE).get(PATH), 403, "FORBIDDEN")
        done = amqp.receive_type(queue, "audit.recorded", where=lambda e: e["data"]["action"] == "system.create")
        refused = amqp.receive_type(queue, "audit.recorded", where=lambda e: e["data"]["action"] == "access.refuse")
    newest = admin.get(f"{PATH}?action=system.create", expect=200).json()["results"][0]
    for name in ("actor_id", "target_type", "target_id", "result", "address", "trace_id", "details"):
        assert done["data"][name] == newest[name], name
    assert done["source"] == "auth-service" and done["data"]["actor_id"] == 10 ** 6
    assert refused["data"]["result"] == "refused" and refused["data"]["actor_id"] == 77
    assert refused["data"]["details"]["code"] == "FORBIDDEN"
