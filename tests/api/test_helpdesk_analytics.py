"""Figures over time: what they count, by what, for whom, and as CSV."""
import csv
import datetime
import io

import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, PROCESS_QUEUE, create, helpdesk, own, people,  # noqa: F401
                              start_helpdesk)
from lib.amqp import Amqp
from lib.http import check_error
from lib.service import Service
from lib.wait import wait_for

BASE = "/api/v1/analytics"
VIEWS = ["overview", "volume", "backlog", "response-times", "sla", "csat", "agents"]
SERIES = ["volume", "response-times", "sla", "csat"]
NASTY = "=cmd|' /C calc'!A0, \"quoted\"; DROP TABLE ticket--"


@pytest.fixture(scope="module", autouse=True)
def listener(helpdesk, broker):
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


def ask(client, view, **query):
    return client.get(f"{BASE}/{view}", params=query, expect=200).json()


def row(client, view, key=None, **query):
    """The only row, or that of the key."""
    results = ask(client, view, **query)["results"]
    if key is None:
        assert len(results) == 1, results
        return results[0]
    return next((one for one in results if one["key"] == key), None)


def ticket(people, db, category, **changes):
    number = create(people.employee, category=category, **changes)["ticket_number"]
    own(db, number)
    return f"/api/v1/tickets/{number}"


def test_volume_and_backlog_follow_a_ticket(people, db):
    path = ticket(people, db, "Life")
    def figures():
        one = row(people.coordinator, "volume", by="category", key="Life") or {}
        return tuple(one.get(name) for name in ("created", "resolved", "closed", "reopened"))
    def open_now():
        one = row(people.coordinator, "backlog", by="category", key="Life") or {}
        return one.get("open"), one.get("status_on_hold"), one.get("age_under_1d")
    assert figures() == (1, 0, 0, 0) and open_now() == (1, 0, 1)
    people.coordinator.post(f"{path}/hold", {"reason": "r"}, expect=200)
    assert open_now() == (1, 1, 1)
    people.coordinator.post(f"{path}/resume", {}, expect=200)
    people.coordinator.patch(path, {"status": "Resolved"}, expect=200)
    assert figures() == (1, 1, 0, 0) and open_now() == (None, None, None)
    people.employee.post(f"{path}/close", {"csat_rating": 4}, expect=200)
    assert figures() == (1, 1, 1, 0)
    people.employee.post(f"{path}/reopen", {"reason": "again"}, expect=200)
    assert figures() == (1, 1, 1, 1) and open_now() == (1, 0, 1)
    people.coordinator.patch(path, {"category": "Life 2"}, expect=200)
    assert open_now() == (None, None, None)
    assert row(people.coordinator, "backlog", by="category", key="Life 2")["open"] == 1
    assert figures() == (1, 1, 1, 1)


def test_figures_are_the_same_once_they_are_folded(people, db):
    ticket(people, db, "Folded")
    before = ask(people.coordinator, "volume", by="category", key="Folded")["results"]
    wait_for(lambda: db.query("SELECT count(*) FROM insight_delta", program="helpdesk-service")[0][0] == 0)
    assert ask(people.coordinator, "volume", by="category", key="Folded")["results"] == before
    assert before[0]["created"] == 1


def test_response_times(people, db):
    """Two hours to the first response, and eight to the resolution, by the clock of the demo data."""
    opened = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=10)
    def at(hours):
        return {"X-Demo-Time": (opened + datetime.timedelta(hours=hours)).isoformat()}
    number = people.employee.post("/api/v1/tickets", {"subject": "s", "description": "d", "category": "Timed"},
                                  headers=at(0), expect=201).json()["ticket_number"]
    own(db, number)
    path = f"/api/v1/tickets/{number}"
    people.employee.post(f"{path}/comments", {"comment": "mine"}, headers=at(1), expect=201)
    people.coordinator.post(f"{path}/comments", {"comment": "answer"}, headers=at(2), expect=201)
    people.coordinator.patch(path, {"status": "Resolved"}, headers=at(8), expect=200)
    one = row(people.coordinator, "response-times", by="category", key="Timed")
    assert one["first_responses"] == 1 and one["first_response_mean_s"] == 7200
    assert one["resolutions"] == 1 and one["resolution_mean_s"] == 8 * 3600
    for share in ("p50", "p90", "p95"):
        assert 7200 / 1.2 < one[f"first_response_{share}_s"] < 7200 * 1.2
        assert 28800 / 1.2 < one[f"resolution_{share}_s"] < 28800 * 1.2
    assert row(people.coordinator, "response-times", by="category", key="None of that name") is None
    people.coordinator.patch(path, {"status": "Open"}, expect=200)
    assert row(people.coordinator, "response-times", by="category", key="Timed")["resolutions"] == 0


def test_sla(people, db, listener):
    """In time, late, and late but heard of afterwards."""
    paths = [ticket(people, db, "Bound") for _ in range(3)]
    def breach(path):
        number = path.rsplit("/", 1)[1]
        listener.send_event("sla.breached", {"task_id": 1, "ticket_number": number, "metric": "resolution"},
                            source="workflow-service", subject=number)
        wait_for(lambda: db.query("SELECT 1 FROM sla_breach b JOIN ticket t ON t.id = b.ticket_id WHERE t.number = %s",
                                  number, program="helpdesk-service"))
    def figures():
        one = row(people.coordinator, "sla", by="category", key="Bound") or {}
        return tuple(one.get(name) for name in ("finished", "met", "missed", "attainment"))
    listener.send_event("sla.breached", {"task_id": 1, "ticket_number": paths[0].rsplit("/", 1)[1], "metric": "step"},
                        source="workflow-service", subject="a step only")
    breach(paths[1])
    assert figures() == (None,) * 4
    for path in paths:
        people.coordinator.patch(path, {"status": "Resolved"}, expect=200)
    assert figures() == (3, 2, 1, 0.6667)
    breach(paths[2])
    breach(paths[2])
    assert figures() == (3, 1, 2, 0.3333)
    people.employee.post(f"{paths[2]}/reopen", {"reason": "r"}, expect=200)
    assert figures() == (2, 1, 1, 0.5)


def test_csat(people, db):
    paths = [ticket(people, db, "Rated") for _ in range(2)]
    for path, rating in zip(paths, (5, 2)):
        people.coordinator.patch(path, {"status": "Resolved"}, expect=200)
        people.employee.post(f"{path}/feedback", {"rating": rating}, expect=201)
    one = row(people.coordinator, "csat", by="category", key="Rated")
    assert (one["ratings"], one["average_rating"], one["rating_5"], one["rating_2"]) == (2, 3.5, 1, 1)
    people.employee.post(f"{paths[1]}/feedback", {"rating": 4}, expect=201)
    one = row(people.coordinator, "csat", by="category", key="Rated")
    assert (one["ratings"], one["average_rating"], one["rating_4"], one["rating_2"]) == (2, 4.5, 1, 0)


def test_agents(people, db):
    def mine():
        return row(people.coordinator, "agents", key=str(COORDINATOR))
    before = mine() or {"open": 0, "resolved": 0}
    path = ticket(people, db, "Load")
    assert mine()["open"] == before["open"] + 1 and mine()["label"] == "Jane Smith"
    people.coordinator.patch(path, {"status": "Resolved"}, expect=200)
    assert mine()["open"] == before["open"] and mine()["resolved"] == before["resolved"] + 1
    assert mine()["resolution_mean_s"] is not None
    create(people.employee, category="Load")
    assert row(people.coordinator, "agents", key="")["open"] >= 1


def test_overview(people, db):
    before = row(people.coordinator, "overview")
    create(people.employee)
    after = row(people.coordinator, "overview")
    assert after["created"] == before["created"] + 1 and after["open"] == before["open"] + 1
    volume = row(people.coordinator, "volume")
    assert {name: after[name] for name in ("created", "resolved", "closed", "reopened")} == {
        name: volume[name] for name in ("created", "resolved", "closed", "reopened")}
    assert after["open"] == sum(after[f"status_{name}"] for name in ("open", "in_progress", "on_hold"))
    ages = ("age_under_1d", "age_1d_to_3d", "age_3d_to_7d", "age_7d_to_30d", "age_over_30d")
    assert after["open"] == sum(after[name] for name in ages)


def test_ages(people, db):
    def at(days):
        when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
        return {"X-Demo-Time": when.isoformat()}
    for days in (0, 2, 5, 20, 40, 50):
        people.employee.post("/api/v1/tickets", {"subject": "s", "description": "d", "category": "Aged"},
                             headers=at(days), expect=201)
    one = row(people.coordinator, "backlog", by="category", key="Aged")
    assert [one[name] for name in ("age_under_1d", "age_1d_to_3d", "age_3d_to_7d", "age_7d_to_30d", "age_over_30d")] == [
        1, 1, 1, 1, 2]


@pytest.mark.parametrize("by", ["category", "department", "priority", "owner"])
@pytest.mark.parametrize("view", SERIES + ["backlog"])
def test_dimensions_add_up(people, view, by):
    column = {"volume": "created", "response-times": "resolutions", "sla": "finished", "csat": "ratings",
              "backlog": "open"}[view]
    total = row(people.coordinator, view)[column]
    assert sum(one[column] for one in ask(people.coordinator, view, by=by)["results"]) == total


def test_backlog_by_status(people):
    total = row(people.coordinator, "backlog")
    by_status = {one["key"]: one["open"] for one in ask(people.coordinator, "backlog", by="status")["results"]}
    everything = {"Open": total["status_open"], "In Progress": total["status_in_progress"], "On Hold": total["status_on_hold"]}
    assert by_status == {name: n for name, n in everything.items() if n}
    assert row(people.coordinator, "backlog", by="status", key="Open")["open"] == total["status_open"] > 0


@pytest.mark.parametrize("interval,rows", [("hour", 48), ("day", 2), ("week", 1), ("month", 1)])
def test_intervals(people, interval, rows):
    answer = ask(people.coordinator, "volume", interval=interval, **{"from": "2024-05-07T00:00:00Z", "to": "2024-05-09T00:00:00Z"})
    assert answer["interval"] == interval and len(answer["results"]) == rows
    assert all(one["created"] == 0 for one in answer["results"])
    begin = {"week": "2024-05-06", "month": "2024-05-01"}.get(interval, "2024-05-07")
    assert answer["results"][0]["start"] == f"{begin}T00:00:00Z"


def test_the_zone(people):
    answer = ask(people.coordinator, "csat", interval="day", tz="America/New_York",
                 **{"from": "2024-03-09T05:00:00Z", "to": "2024-03-12T04:00:00Z"})
    assert [one["start"] for one in answer["results"]] == [
        "2024-03-09T05:00:00Z", "2024-03-10T05:00:00Z", "2024-03-11T04:00:00Z"]
    assert answer["tz"] == "America/New_York"


def test_today_by_hours(people):
    create(people.employee, category="By hours")
    results = ask(people.coordinator, "volume", interval="hour", by="category", key="By hours")["results"]
    assert [one["created"] for one in results] == [1]
    now = datetime.datetime.now(datetime.timezone.utc)
    start = datetime.datetime.fromisoformat(results[0]["start"].replace("Z", "+00:00"))
    assert datetime.timedelta(0) <= now - start < datetime.timedelta(hours=2)


def test_every_answer_says_what_it_means(people):
    for view in VIEWS:
        answer = ask(people.coordinator, view)
        assert answer["as_of"].endswith("Z") and len(answer["definitions"]) > 50 and answer["results"] is not None
        assert (answer["from"] is None) == (view == "backlog")


@pytest.mark.parametrize("view", VIEWS)
def test_csv(people, view):
    create(people.employee, category=NASTY)
    answer = people.coordinator.get(f"{BASE}/{view}", params={"format": "csv"}, expect=200)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    results = ask(people.coordinator, view)["results"]
    assert len(rows) == len(results) and list(rows[0]) == list(results[0])
    for line, one in zip(rows, results):
        for name, value in one.items():
            if name != "start" and not name.endswith("_s"):
                assert line[name] == ("" if value is None else str(value)), name


def test_names_that_spreadsheets_would_run(people):
    create(people.employee, category=NASTY)
    answer = people.coordinator.get(f"{BASE}/volume", params={"format": "csv", "by": "category", "key": NASTY}, expect=200)
    line = list(csv.DictReader(io.StringIO(answer.text)))[0]
    assert line["key"] == "'" + NASTY
    assert row(people.coordinator, "volume", by="category", key=NASTY)["key"] == NASTY


@pytest.mark.parametrize("view", VIEWS)
def test_who_reads(people, view):
    path = f"{BASE}/{view}"
    for client in (people.employee, people.reviewer):
        check_error(client.get(path), 403, "FORBIDDEN")
    check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    for client in (people.coordinator, people.admin, people.tts_admin, people.service):
        client.get(path, expect=200)


BAD = ["from=yesterday", "to=1", "from=2024-01-02T00:00:00Z&to=2024-01-01T00:00:00Z",
       "from=2020-01-01T00:00:00Z&to=2022-01-01T00:00:00Z", "format=xml"]
BAD_SERIES = ["by=status", "by=requester", "interval=year", "key=IT", "tz=Middle/Earth", "tz=';--", "tz=" + "x" * 65,
              "interval=hour&from=2024-01-01T00:00:00Z&to=2024-06-01T00:00:00Z"]


@pytest.mark.parametrize("view,query", [(view, query) for view in VIEWS if view != "backlog" for query in BAD] +
                         [(view, query) for view in SERIES for query in BAD_SERIES] +
                         [("backlog", query) for query in ("by=requester", "key=IT", "format=xml")])
def test_bad_questions(people, view, query):
    check_error(people.coordinator.get(f"{BASE}/{view}?key=%ff%fe" if view in SERIES else f"{BASE}/{view}?format=%ff"), 400,
                "INVALID_INPUT")
    check_error(people.coordinator.get(f"{BASE}/{view}?{query}"), 422, "VALIDATION_ERROR")


def test_migration_takes_in_what_was_there(infra, broker):
    """The rollups of an old database: its tickets are counted as if the triggers had always been there."""
    database = infra.database("older")
    service = Service("helpdesk-service", database, broker, ready=False)
    try:
        started = start_helpdesk(lambda *_, **__: service, database)
        client = started.http.as_user(EMPLOYEE)
        numbers = [client.post("/api/v1/tickets", {"subject": "s", "description": "d", "category": "bug"},
                               expect=201).json()["ticket_number"] for _ in range(3)]
        staff = started.http.as_user(COORDINATOR, [("hdts", "Admin")])
        staff.patch(f"/api/v1/tickets/{numbers[0]}", {"status": "Resolved"}, expect=200)
        staff.post(f"/api/v1/tickets/{numbers[1]}/close", {}, expect=200)
        client.post(f"/api/v1/tickets/{numbers[0]}/feedback", {"rating": 3}, expect=201)
        before = staff.get(f"{BASE}/overview", expect=200).json()["results"]
        service.stop()
        with database.cursor("helpdesk-service") as cursor:
            cursor.execute("DROP TABLE insight_delta, insight_hour, insight_backlog, ticket_finish, ticket_rating, sla_breach "
                           "CASCADE; DROP TYPE insight_metric CASCADE")
            cursor.execute("DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE "
                           "pronamespace = 'helpdesk'::regnamespace AND (proname LIKE 'insight%' OR proname = "
                           "'is_unfinished') LOOP EXECUTE 'DROP FUNCTION ' || f || ' CASCADE'; END LOOP; END $$")
            cursor.execute("DELETE FROM schema_migration WHERE version = 51 AND module = 'helpdesk'")
        service.start()
        after = staff.get(f"{BASE}/overview", expect=200).json()["results"]
        for one in before + after:
            for name in ("resolution_mean_s", "resolution_p50_s", "resolution_p90_s", "resolution_p95_s"):
                one.pop(name)
        assert after == before and after[0]["created"] == 3 and after[0]["met"] == 2
    finally:
        service.stop()
        database.drop()
