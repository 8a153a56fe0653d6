"""Jobs: whose they are, cancelling, their order, and what happens when something dies."""
import json
import threading

import pytest

from bulk_support import (BULK, HIGH, JOBS, Locked, NO_JOB, PROGRAM, changes, counts, everything, finished,  # noqa: F401
                          grant, items, now, order, some_tickets)
from helpdesk_support import (COORDINATOR, EMPLOYEE, helpdesk, people, start_helpdesk)  # noqa: F401
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for


# ---- rights -------------------------------------------------------------------------------------

def test_a_lost_role_counts_from_now_on(people, db):
    """The token still has it."""
    numbers = some_tickets(db, 2)
    grant(db, COORDINATOR, tokens.EMPLOYEE)
    try:
        job = now(people.coordinator, numbers, HIGH)
        assert job["state"] == "failed" and {one["code"] for one in job["items"]} == {"FORBIDDEN"}
        db.query("UPDATE person SET active = false WHERE id = %s", COORDINATOR, program=PROGRAM)
        job = now(people.coordinator, numbers, [{"op": "comment", "comment": "x"}])
        assert {one["code"] for one in job["items"]} == {"FORBIDDEN"}
    finally:
        db.query("UPDATE person SET active = true WHERE id = %s", COORDINATOR, program=PROGRAM)
        grant(db, COORDINATOR, tokens.COORDINATOR)
    assert changes(db, numbers) == dict.fromkeys(numbers, 0)


def test_a_role_lost_in_the_middle(people, db):
    numbers = some_tickets(db, 10)
    with Locked(db, numbers[4]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 4, what="the items before the locked one")
        grant(db, COORDINATOR, tokens.EMPLOYEE)
        locked.release()
    try:
        assert counts(finished(people.coordinator, job)) == ("partial", 10, 5, 5, 0)
        assert {one["code"] for one in items(people.coordinator, job, "&state=failed")} == {"FORBIDDEN"}
    finally:
        grant(db, COORDINATOR, tokens.COORDINATOR)


def test_an_api_token_gives_no_more_than_its_scope(helpdesk, people, db):
    numbers = some_tickets(db, 1)
    scoped = helpdesk.http.with_token(tokens.mint(COORDINATOR, tokens.COORDINATOR, scope="TICKET_COMMENT TICKET_READ"))
    assert now(scoped, numbers, HIGH)["items"][0]["code"] == "FORBIDDEN"
    assert now(scoped, numbers, [{"op": "comment", "comment": "x"}])["state"] == "succeeded"
    check_error(helpdesk.http.with_token(tokens.mint(COORDINATOR, tokens.COORDINATOR, scope="TICKET_READ")).post(
        BULK, {"select": {"numbers": numbers}, "operations": HIGH}), 403, "FORBIDDEN")


def test_jobs_are_their_owners(people, db):
    numbers = some_tickets(db, 1)
    job = now(people.coordinator, numbers, HIGH)["id"]
    for path in (f"{JOBS}/{job}", f"{JOBS}/{job}/items"):
        people.admin.get(path, expect=200)
        people.tts_admin.get(path, expect=200)
        for stranger in (people.other_coordinator, people.employee):
            check_error(stranger.get(path), 404, "NOT_FOUND")
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
        check_error(people.service.get(path), 403, "FORBIDDEN")
    check_error(people.other_coordinator.post(f"{JOBS}/{job}/cancel"), 404, "NOT_FOUND")
    for path in (NO_JOB, f"{JOBS}/x", f"{JOBS}/%00", f"{JOBS}/' OR 1=1", f"{JOBS}/{job}0", f"{JOBS}/{'9' * 200}"):
        for client in (people.coordinator, people.admin):
            assert client.get(path).status_code in (400, 404)
            assert client.get(path + "/items").status_code in (400, 404)
    check_error(people.coordinator.get(NO_JOB), 404, "NOT_FOUND")
    check_error(people.coordinator.get(NO_JOB + "/items"), 404, "NOT_FOUND")
    check_error(people.coordinator.post(NO_JOB + "/cancel"), 404, "NOT_FOUND")


# ---- lists --------------------------------------------------------------------------------------

def test_lists_of_jobs(people, db):
    mine = [now(people.reviewer, some_tickets(db, 1), HIGH)["id"] for _ in range(3)]
    page = people.reviewer.get(f"{JOBS}?page_size=2", expect=200).json()
    assert [one["id"] for one in page["results"]] == mine[:0:-1] and page["count"] == 3
    rest = people.reviewer.get(f"{JOBS}?page_size=2&cursor={page['next_cursor']}", expect=200).json()
    assert [one["id"] for one in rest["results"]] == mine[:1] and "next_cursor" not in rest
    assert people.reviewer.get(f"{JOBS}?state=failed", expect=200).json()["count"] == 3
    assert people.reviewer.get(f"{JOBS}?state=running", expect=200).json()["results"] == []
    everybody = people.admin.get(f"{JOBS}?page_size=100", expect=200).json()
    assert set(mine) < {one["id"] for one in everybody["results"]}
    check_error(people.reviewer.get(f"{JOBS}?state=x"), 422, "VALIDATION_ERROR")
    check_error(people.reviewer.get(f"{JOBS}?cursor=x"), 422, "VALIDATION_ERROR")
    check_error(people.reviewer.get(f"{JOBS}?page_size=0"), 422, "VALIDATION_ERROR")
    check_error(people.nobody.get(JOBS), 401, "UNAUTHENTICATED")


def test_lists_of_items(people, db):
    numbers = some_tickets(db, 25)
    job = now(people.coordinator, numbers, HIGH)["id"]
    found, path = [], f"{JOBS}/{job}/items"
    while path:
        page = people.coordinator.get(path, expect=200).json()
        found += [one["ticket_number"] for one in page["results"]]
        path = f"{JOBS}/{job}/items?cursor={page['next_cursor']}" if "next_cursor" in page else None
    assert found == numbers
    assert people.coordinator.get(f"{JOBS}/{job}/items?page=3", expect=200).json()["count"] == 25
    check_error(people.coordinator.get(f"{JOBS}/{job}/items?state=x"), 422, "VALIDATION_ERROR")
    check_error(people.coordinator.get(f"{JOBS}/{job}/items?cursor=x"), 422, "VALIDATION_ERROR")


# ---- cancelling, limits, order of work ----------------------------------------------------------

def test_cancelling_ends_after_the_item_in_hand(people, db, everything):
    numbers, answers = some_tickets(db, 30), []
    with Locked(db, numbers[9]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 9, what="the items before the locked one")
        thread = threading.Thread(target=lambda: answers.append(people.coordinator.post(f"{JOBS}/{job}/cancel")))
        thread.start()
        wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  " AND query LIKE '%%job_item%%'"), what="the cancelling to wait")
        locked.release()
        thread.join()
    assert answers[0].status_code == 200 and counts(answers[0].json()) == ("cancelled", 30, 10, 0, 20)
    assert counts(people.coordinator.get(f"{JOBS}/{job}").json()) == ("cancelled", 30, 10, 0, 20)
    assert {one["code"] for one in items(people.coordinator, job, "&state=skipped")} == {"CANCELLED"}
    check_error(people.coordinator.post(f"{JOBS}/{job}/cancel"), 409, "CONFLICT")
    event = everything.receive_type("everything", "job.completed", where=lambda one: one["subject"] == job)
    assert event["data"]["state"] == "cancelled" and event["data"]["skipped"] == 20
    assert changes(db, numbers) == {**dict.fromkeys(numbers[:10], 1), **dict.fromkeys(numbers[10:], 0)}


def test_administrators_cancel_what_waits(people, db):
    numbers = some_tickets(db, 2)
    with Locked(db, numbers[0]):
        first = order(people.coordinator, numbers[:1], HIGH).json()["id"]
        wait_for(lambda: people.coordinator.get(f"{JOBS}/{first}").json()["started_at"], what="the worker to be busy")
        second = order(people.coordinator, numbers[1:], HIGH).json()["id"]
        cancelled = people.admin.post(f"{JOBS}/{second}/cancel", expect=200,
                                      headers={"Idempotency-Key": "once"}).json()
        again = people.admin.post(f"{JOBS}/{second}/cancel", expect=200, headers={"Idempotency-Key": "once"})
        assert again.headers["Idempotency-Replayed"] == "true" and again.json() == cancelled
        assert cancelled["state"] == "cancelled" and cancelled["done"] == 0
    assert counts(finished(people.coordinator, first))[0] == "succeeded"
    assert changes(db, numbers[1:]) == {numbers[1]: 0}


def test_only_so_many_unfinished_jobs(people, db):
    number, = some_tickets(db, 1)
    with Locked(db, number):
        jobs = [order(people.other_coordinator, [number], HIGH).json()["id"] for _ in range(20)]
        body = check_error(order(people.other_coordinator, [number], HIGH, expect=None), 409, "CONFLICT")
        assert "unfinished" in body["message"]
        one_more = order(people.coordinator, [number], HIGH).json()["id"]
    for job in jobs:
        finished(people.other_coordinator, job)
    finished(people.coordinator, one_more)


def test_a_small_job_overtakes_a_large_one(people, db):
    large, small = some_tickets(db, 1500), some_tickets(db, 3)
    with Locked(db, large[0]):
        first = order(people.coordinator, large, HIGH).json()["id"]
        second = order(people.coordinator, small, HIGH).json()["id"]
    assert counts(finished(people.coordinator, second)) == ("succeeded", 3, 3, 0, 0)
    assert people.coordinator.get(f"{JOBS}/{first}").json()["finished_at"] is None
    people.coordinator.post(f"{JOBS}/{first}/cancel", expect=200)


def test_progress_is_told(people, db, everything):
    numbers = some_tickets(db, 20)
    with Locked(db, numbers[10]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 10, what="the items before the locked one")
        # as if it had been told of long ago
        db.query("UPDATE job SET progress_at = now() - interval '1 minute' WHERE id = %s", job, program=PROGRAM)
        locked.release()
    finished(people.coordinator, job)
    kinds = []
    while "job.completed" not in kinds:
        _, event, kind = everything.receive("everything")
        if event["subject"] == job:
            kinds.append(kind)
            assert event["data"]["job_id"] == job and event["data"]["created_by"] == COORDINATOR
            assert event["data"]["done"] <= event["data"]["total"] == 20
    assert kinds[0] == "job.progress"


# ---- replicas, crashes, age ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def replica(helpdesk, start_service, db):
    return start_helpdesk(start_service, db)


def test_replicas_share_a_job(people, replica, db):
    numbers = some_tickets(db, 60)
    with Locked(db, numbers[0]) as locked:  # whoever comes first waits here; the other one does the rest
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 59, what="all but the locked one")
        assert people.coordinator.get(f"{JOBS}/{job}").json()["state"] == "running"
        locked.release()
    assert counts(finished(replica.http.with_token(people.coordinator.token), job)) == ("succeeded", 60, 60, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_a_killed_worker_loses_and_doubles_nothing(people, helpdesk, replica, db, everything):
    """Both die in the middle, one after the other."""
    numbers = some_tickets(db, 500)
    everything.channel.queue_purge("everything")
    client = people.coordinator
    job = order(client, numbers, HIGH + [{"op": "comment", "comment": "once"}, {"op": "add_tags", "tags": ["crash"]}]).json()["id"]
    for victim, share in ((replica, 60), (helpdesk, 200), (replica, 330)):
        wait_for(lambda: sum(changes(db, numbers).values()) >= share, 120, f"{share} items")  # pylint: disable=cell-var-from-loop
        victim.kill()
        victim.start(ready=False)
    for program in (helpdesk, replica):
        program.wait_ready()
    assert counts(finished(client, job)) == ("succeeded", 500, 500, 0, 0)
    for field in ("priority", "comment", "tags"):
        assert changes(db, numbers, field) == dict.fromkeys(numbers, 1)
    told = {}

    def all_told():
        while True:
            method, properties, body = everything.channel.basic_get("everything", auto_ack=True)
            if not method:
                return db.query("SELECT count(*) FROM outbox", program=PROGRAM) == [(0,)]
            event = json.loads(body)
            told.setdefault((event["subject"], event["type"]), set()).add(properties.message_id)
    wait_for(all_told, 120, "the outbox to be empty")
    for number in numbers:
        assert len(told[number, "ticket.updated"]) == len(told[number, "ticket.commented"]) == 1
    assert len(told[job, "job.completed"]) == 1


def test_a_killed_atomic_job_is_all_or_nothing(people, helpdesk, db):
    numbers = some_tickets(db, 100)
    with Locked(db, numbers[80]):
        job = order(people.coordinator, numbers, HIGH, atomic=True).json()["id"]
        wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  " AND query LIKE '%%FROM ticket t%%FOR UPDATE%%'"), what="the worker to wait")
        helpdesk.kill()
        assert changes(db, numbers) == dict.fromkeys(numbers, 0)
    helpdesk.start()
    assert counts(finished(people.coordinator, job)) == ("succeeded", 100, 100, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_old_jobs_are_forgotten(people, helpdesk, db):
    job = now(people.coordinator, some_tickets(db, 1), HIGH)["id"]
    kept = now(people.coordinator, some_tickets(db, 1), HIGH)["id"]
    (days,), = db.query("SELECT extract(day FROM expires_at - finished_at)::int FROM job WHERE id = %s", job, program=PROGRAM)
    assert days == 30
    db.query("UPDATE job SET expires_at = now() - interval '1 second' WHERE id = %s", job, program=PROGRAM)
    helpdesk.restart()
    wait_for(lambda: people.coordinator.get(f"{JOBS}/{job}").status_code == 404, what="the job to be forgotten")
    assert db.query("SELECT count(*) FROM job_item WHERE job_id = %s", job, program=PROGRAM) == [(0,)]
    people.coordinator.get(f"{JOBS}/{kept}", expect=200)


@pytest.mark.parametrize("sql", [
    "SELECT * FROM job WHERE created_by = 5 ORDER BY seq DESC LIMIT 11",
    "SELECT * FROM job WHERE created_by = 5 AND seq < 90000 ORDER BY seq DESC LIMIT 11",
    "SELECT * FROM job ORDER BY seq DESC LIMIT 11", "SELECT count(*) FROM job WHERE created_by = 5 AND state = 'failed'",
    "SELECT * FROM job WHERE state = 'failed' ORDER BY seq DESC LIMIT 11",
    "SELECT id FROM job WHERE state IN ('queued', 'running') ORDER BY turn_at, seq LIMIT 1 FOR UPDATE SKIP LOCKED",
    "SELECT count(*) FROM job WHERE created_by = 5 AND state IN ('queued', 'running')",
    "SELECT id FROM job WHERE expires_at < '2021-01-01' ORDER BY expires_at LIMIT 20",
    "SELECT * FROM job_item WHERE job_id = %(id)s AND state = 'pending' AND ordinal > 10 ORDER BY ordinal LIMIT 1 FOR UPDATE",
    "SELECT * FROM job_item WHERE job_id = %(id)s AND ordinal > 10 ORDER BY ordinal LIMIT 11",
    "SELECT count(*) FILTER (WHERE state = 'done') FROM job_item WHERE job_id = %(id)s"])
def test_no_statement_reads_a_whole_table(db, many_jobs, sql):
    with db.cursor(PROGRAM) as cursor:
        cursor.execute("EXPLAIN " + sql, {"id": many_jobs})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan, plan


@pytest.fixture(scope="module")
def many_jobs(db, people):
    """The id of one of a great many."""
    db.query("INSERT INTO job (id, kind, state, is_atomic, is_dry_run, params, created_by, created_by_name, roles, created_at,"
             " turn_at, finished_at, expires_at) SELECT gen_random_uuid(), 'old', CASE WHEN n %% 100 = 0 THEN 'failed'"
             " ELSE 'succeeded' END::job_state, false, false, '{}', n %% 1000, 'x', '[]', now(), now(), now(),"
             " now() + interval '30 days' FROM generate_series(1, 50000) n", program=PROGRAM)
    db.query("INSERT INTO job_item (job_id, ordinal, subject, state) SELECT id, n, n::text, 'done' FROM"
             " (SELECT id FROM job WHERE kind = 'old' LIMIT 200) j, generate_series(1, 500) n", program=PROGRAM)
    for table in ("job", "job_item"):
        db.query(f"ANALYZE {table}", program=PROGRAM)
    (job,), = db.query("SELECT job_id FROM job_item WHERE ordinal = 500 LIMIT 1", program=PROGRAM)
    return job
