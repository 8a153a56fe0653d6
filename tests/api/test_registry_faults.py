"""registry-service: replicas that die, a database that goes away, a network that swallows renewals."""
import time

import pytest

from lib.ports import free_ports
from lib.service import Service
from lib.wait import wait_for
from registry_support import FAST, Peer, Stream, Switch, as_program, names, register, status_of, unique

# A cut off fleet: what is registered here answers no check, and renews or does not as the test wants.
PRESERVING = {**FAST, "PRESERVE_BELOW_PERCENT": "85", "PRESERVE_MAX": "1h"}


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


def status(program):
    return program.http.get("/registry/status", expect=200).json()


def metric(program, line):
    text = program.http.get("/metrics", expect=200).text
    return next(float(one.rsplit(" ", 1)[1]) for one in text.splitlines() if one.startswith(line + " "))


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
        assert status(first)["revision"] == wait_for(lambda: status(second)["revision"])


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
        assert status(first)["healthy"] == status(second)["healthy"] == 1


# ---- a database that goes away --------------------------------------------------------------------

def test_watchers_are_told_of_what_happens_while_the_database_is_away(infra, database, peer):
    switch = Switch(infra, database)
    before, during, other = unique(), unique(), unique()
    with Service("registry-service", database, None, FAST) as first, \
            Service("registry-service", database, None, FAST) as second:
        try:
            register(first, before, peer.port, instance="one")
            assert "X-Registry-Stale" not in first.http.get("/services").headers
            assert status(first)["stale"] is False and status(first)["listening"] is True
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
                assert status(first)["pending"] == 2 and metric(first, "registry_pending") == 2
                for path in ("/services", f"/services/{before}", f"/discover/{before}", "/api/v1/services",
                             f"/api/v1/services/{before}", "/registry/watch"):
                    assert int(first.http.get(path, expect=200).headers["X-Registry-Stale"]) >= 0, path
                assert status(first)["stale"] is True and status(first)["listening"] is False
                switch.on()
                # what each has accepted alone reaches both
                later, _ = stream.until(lambda d: names(d) == {before, during, other})
                assert later > number
            wait_for(lambda: names(second.http.get("/services").json()) == {before, during, other})
            wait_for(lambda: status(first)["revision"] == status(second)["revision"])
            wait_for(lambda: status(first)["pending"] == status(second)["pending"] == 0)
            wait_for(lambda: status(first)["stale"] is False and status(first)["listening"] is True)
            assert "X-Registry-Stale" not in first.http.get("/services").headers
        finally:
            switch.on()


# ---- self-preservation ----------------------------------------------------------------------------

def test_no_lease_ends_when_most_vanish_at_once(database):
    with Service("registry-service", database, None, PRESERVING) as program:
        name = unique()
        [closed] = free_ports(1)
        for number in range(10):
            register(program, name, closed, instance=f"i-{number}")
        wait_for(lambda: status(program)["preserving"])
        assert metric(program, "registry_preserving") == 1
        # well beyond the end of every lease
        ended = time.time() + 6
        wait_for(lambda: time.time() > ended)
        assert status(program)["instances"] == 10 and status(program)["overdue"] == 10
        # they are not offered meanwhile, and are back with their next renewal
        assert program.http.get(f"/discover/{name}").status_code == 503
        program.kill()
        program.start()
        assert status(program)["instances"] == 10

        def renew():
            for number in range(9):
                program.http.put("/renew", {"name": name, "instance": f"i-{number}"}, expect=200)
            return status(program)["instances"] == 9

        # the one that stays away ends once the others are back
        wait_for(renew, interval=0.5)
        assert status(program)["preserving"] is False and metric(program, "registry_preserving") == 0


def test_preserving_has_an_end(database):
    with Service("registry-service", database, None, {**PRESERVING, "PRESERVE_MAX": "3s"}) as program:
        [closed] = free_ports(1)
        for number in range(4):
            register(program, unique(), closed, instance=f"i-{number}")
        wait_for(lambda: status(program)["preserving"])
        wait_for(lambda: status(program)["instances"] == 0)


def test_a_single_instance_ends_with_its_lease(database, peer):
    with Service("registry-service", database, None, PRESERVING) as program:
        alive, dead = unique(), unique()
        [closed] = free_ports(1)
        register(program, alive, peer.port)
        register(program, dead, closed)
        wait_for(lambda: status_of(program, dead) is None)
        assert status_of(program, alive) == "healthy"
        assert as_program(program).post("/registry/report", {"name": dead, "host": "127.0.0.1", "port": closed}) \
            .status_code == 404
