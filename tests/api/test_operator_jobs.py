"""helpdesk-service --jobs: long operations as those see them who operate the program."""
import concurrent.futures

import pytest

from bulk_support import (HIGH, Locked, NO_JOB, changes, counts, everything, finished, items, now, order,  # noqa: F401
                          some_tickets)
from helpdesk_support import helpdesk, people, start_helpdesk  # noqa: F401
from lib import command
from lib.wait import wait_for

UNKNOWN = NO_JOB.rsplit("/", 1)[1]


def jobs(helpdesk, *args, **kwargs):
    return command.lines(helpdesk, "--jobs", *args, **kwargs)


def test_jobs_are_listed_and_shown(helpdesk, people, db):
    numbers = some_tickets(db, 3)
    first, second = (now(people.coordinator, numbers, HIGH)["id"] for _ in range(2))
    listed = jobs(helpdesk, "list")
    assert [job["id"] for job in listed][:2] == [second, first]
    assert listed[1] == people.coordinator.get(f"/api/v1/jobs/{first}", expect=200).json()
    assert jobs(helpdesk, "show", first) == [listed[1]]
    assert [one["ticket_number"] for one in jobs(helpdesk, "items", first)] == numbers
    assert jobs(helpdesk, "items", first, "--state", "failed") == []
    assert first in [job["id"] for job in jobs(helpdesk, "list", "--state", "succeeded")]
    assert jobs(helpdesk, "list", "--state", "cancelled") == []


@pytest.mark.parametrize("args", [[], ["list", "x"], ["show"], ["items"], ["cancel"], ["list", "--state", "done"],
                                  ["items", UNKNOWN, "--state", "running"], ["show", UNKNOWN, "--failed"],
                                  ["purge", UNKNOWN], ["resume", UNKNOWN, "--state", "failed"]])
def test_wrong_arguments(helpdesk, args):
    assert command.run(helpdesk, "--jobs", *args, status=64).stderr.startswith("usage: helpdesk-service --jobs ")


@pytest.mark.parametrize("what", ["show", "items", "cancel", "resume"])
@pytest.mark.parametrize("job", [UNKNOWN, "x", "'; DROP TABLE job; --", ""])
def test_unknown_jobs(helpdesk, what, job):
    assert "no such job" in command.run(helpdesk, "--jobs", what, job, status=66).stderr


def test_a_job_is_cancelled_and_goes_on(helpdesk, people, db):
    """While an item is in hand: that one is done before the job ends, and nothing is done twice."""
    numbers = some_tickets(db, 6)
    with Locked(db, numbers[2]) as locked:
        job = order(people.coordinator, numbers, HIGH).json()["id"]
        wait_for(lambda: sum(changes(db, numbers).values()) == 2, what="the items before the locked one")
        assert "has not ended" in command.run(helpdesk, "--jobs", "resume", job, status=65).stderr
        # The command waits for the item, which waits for the lock.
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            cancelling = pool.submit(command.run, helpdesk, "--jobs", "cancel", job)
            wait_for(lambda: db.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
                                      " wait_event_type = 'Lock'")[0][0] >= 2, what="a command that waits")
            locked.release()
            assert cancelling.result().returncode == 0
    assert counts(finished(people.coordinator, job)) == ("cancelled", 6, 3, 0, 3)
    assert "has ended" in command.run(helpdesk, "--jobs", "cancel", job, status=65).stderr
    assert {one["code"] for one in jobs(helpdesk, "items", job, "--state", "skipped")} == {"CANCELLED"}
    resumed = jobs(helpdesk, "resume", job)[0]
    assert resumed["state"] == "queued" and resumed["finished_at"] is None and resumed["expires_at"] is None
    assert counts(finished(people.coordinator, job)) == ("succeeded", 6, 6, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)
    assert "nothing of it is left" in command.run(helpdesk, "--jobs", "resume", job, status=65).stderr


def test_failed_items_are_tried_again_when_asked_for(helpdesk, people, db):
    numbers = some_tickets(db, 3)
    job = now(people.coordinator, numbers + ["TX20200101999999"], HIGH)["id"]
    assert counts(finished(people.coordinator, job)) == ("partial", 4, 3, 1, 0)
    command.run(helpdesk, "--jobs", "resume", job, status=65)
    assert jobs(helpdesk, "resume", job, "--failed")[0]["failed"] == 0
    assert counts(finished(people.coordinator, job)) == ("partial", 4, 3, 1, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)


def test_all_or_nothing_is_done_from_the_beginning(helpdesk, people, db):
    numbers = some_tickets(db, 3)
    job = now(people.coordinator, numbers + ["TX20200101999998"], HIGH, atomic=True)["id"]
    assert counts(finished(people.coordinator, job))[0] == "failed" and sum(changes(db, numbers).values()) == 0
    db.query("DELETE FROM job_item WHERE job_id = %s AND subject = 'TX20200101999998'", job, program=helpdesk.name)
    jobs(helpdesk, "resume", job)
    assert counts(finished(people.coordinator, job)) == ("succeeded", 3, 3, 0, 0)
    assert changes(db, numbers) == dict.fromkeys(numbers, 1)
