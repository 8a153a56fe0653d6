"""registry-service: replicas that die, a database that goes away."""
import time

import pytest

from lib.http import check_error
from lib.service import Service
from lib.wait import wait_for
from registry_support import FAST, Peer, Stream, Switch, metric, names, own_status, register, status_of, unique


@pytest.fixture
def database(infra):
    one = infra.database("faults")
    yield one
    one.drop()


@pytest.fixture
def peer():
    one = Peer()
    yield one
    one.close()


# ---- replicas -------------------------------------------------------------------------------------

def test_a_killed_replica_loses_nothing_and_the_other_goes_on(database, peer):
    env = {**FAST, "LEASE_EXPIRY": "60s"}
    with Service("registry-service", database, None, env) as first, \
            Service("registry-service", database, None, env) as second:
        both, kept = [unique(), unique()], unique()
        register(first, kept, peer.port)
        for round_number in range(3):
            name = both[round_number % 2]
            with Stream(second) as stream:
                register(first, name, peer.port)
                first.kill()  # right after the answer
                stream.until(lambda d: {name, kept} <= names(d))  # pylint: disable=cell-var-from-loop
                # the survivor takes over the checks
                peer.status = 500
                wait_for(lambda: status_of(second, name) == "unhealthy")  # pylint: disable=cell-var-from-loop
                peer.status = 200
                wait_for(lambda: status_of(second, name) == "healthy")  # pylint: disable=cell-var-from-loop
                second.http.delete(f"/deregister/{name}", expect=200)
            first.start()
            assert names(first.http.get("/services").json()) == {kept}
        assert own_status(first)["revision"] == wait_for(lambda: own_status(second)["revision"])


def test_each_instance_is_checked_by_one_replica_at_a_time(database, peer):
    slow = {**FAST, "CHECK_INTERVAL": "3s", "LEASE_EXPIRY": "60s"}
    with Service("registry-service", database, None, slow) as first, \
            Service("registry-service", database, None, slow) as second:
        register(first, unique(), peer.port)
        wait_for(lambda: len(peer.calls) == 1)
        started = time.monotonic()
        wait_for(lambda: len(peer.calls) >= 4)
        # were both to check, the calls would come in pairs
        assert time.monotonic() - started > 2 * 3
        assert own_status(first)["healthy"] == own_status(second)["healthy"] == 1


# ---- a database that goes away --------------------------------------------------------------------

def test_watchers_are_told_of_what_happens_while_the_database_is_away(infra, database, peer):
    switch = Switch(infra, database)
    before, during, other = unique(), unique(), unique()
    with Service("registry-service", database, None, FAST) as first, \
            Service("registry-service", database, None, FAST) as second:
        try:
            register(first, before, peer.port, instance="one")
            assert "X-Registry-Stale" not in first.http.get("/services").headers
            assert own_status(first)["stale"] is False and own_status(first)["listening"] is True
            with Stream(first) as stream:
                start, _ = stream.until(lambda d: before in names(d))
                switch.off()
                wait_for(lambda: first.http.get("/ready").status_code == 503)
                wait_for(lambda: second.http.get("/ready").status_code == 503)
                register(first, during, peer.port)
                number, _ = stream.until(lambda d: names(d) == {before, during})
                assert number > start
                register(second, other, peer.port)
                first.http.put("/renew", {"name": before, "instance": "one"}, expect=200)
                assert own_status(first)["pending"] == 2 and metric(first, "registry_pending") == 2
                for path in ("/services", f"/services/{before}", f"/discover/{before}", "/api/v1/services",
                             f"/api/v1/services/{before}", "/registry/watch"):
                    assert int(first.http.get(path, expect=200).headers["X-Registry-Stale"]) >= 0, path
                assert own_status(first)["stale"] is True and own_status(first)["listening"] is False
                switch.on()
                # what each has accepted alone reaches both
                later, _ = stream.until(lambda d: names(d) == {before, during, other})
                assert later > number
            wait_for(lambda: names(second.http.get("/services").json()) == {before, during, other})
            wait_for(lambda: own_status(first)["revision"] == own_status(second)["revision"])
            wait_for(lambda: own_status(first)["pending"] == own_status(second)["pending"] == 0)
            wait_for(lambda: own_status(first)["stale"] is False and own_status(first)["listening"] is True)
            assert "X-Registry-Stale" not in first.http.get("/services").headers
        finally:
            switch.on()


def test_it_serves_and_accepts_while_the_database_is_away(infra, peer):
    database = infra.database("away")
    switch = Switch(infra, database)
    try:
        with Service("registry-service", database, None, FAST) as program:
            before, during, leaver = unique(), unique(), unique()
            register(program, before, peer.port)
            register(program, leaver, peer.port)
            switch.off()
            wait_for(lambda: program.http.get("/ready").status_code == 503)
            program.http.get("/health", expect=200)
            assert program.http.get(f"/discover/{before}", expect=200).json()["port"] == peer.port
            register(program, during, peer.port, instance="one")
            program.http.put("/renew", {"name": during, "instance": "one"}, expect=200)
            program.http.delete(f"/deregister/{leaver}", expect=200)
            assert status_of(program, during) == "healthy" and status_of(program, leaver) is None
            check_error(program.http.delete(f"/deregister/{leaver}"), 404, "SERVICE_NOT_FOUND")
            # Longer than a lease: nobody is expelled for what they could not do.
            deadline = time.monotonic() + 5
            wait_for(lambda: time.monotonic() > deadline and status_of(program, before) == "healthy")
            switch.on()
            wait_for(lambda: program.http.get("/ready").status_code == 200)
            wait_for(lambda: [r[0] for r in database.query("SELECT name FROM registry.instance ORDER BY name")]
                     == sorted([before, during]))
            assert status_of(program, before) == "healthy" and status_of(program, during) == "healthy"
    finally:
        switch.on()
        database.drop()
