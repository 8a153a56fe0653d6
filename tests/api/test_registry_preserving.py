"""registry-service: a network that swallows renewals empties no directory."""
import time

import pytest

from lib.ports import free_ports
from lib.service import Service
from lib.wait import wait_for
from registry_support import FAST, Peer, as_program, metric, own_status, register, status_of, unique

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


def test_no_lease_ends_when_most_vanish_at_once(database):
    with Service("registry-service", database, None, PRESERVING) as program:
        name = unique()
        [closed] = free_ports(1)
        for number in range(10):
            register(program, name, closed, instance=f"i-{number}")
        wait_for(lambda: own_status(program)["preserving"])
        assert metric(program, "registry_preserving") == 1
        # well beyond the end of every lease
        ended = time.time() + 6
        wait_for(lambda: time.time() > ended)
        assert own_status(program)["instances"] == 10 and own_status(program)["overdue"] == 10
        # they are not offered meanwhile, and are back with their next renewal
        assert program.http.get(f"/discover/{name}").status_code == 503
        program.kill()
        program.start()
        assert own_status(program)["instances"] == 10

        def renew():
            for number in range(9):
                program.http.put("/renew", {"name": name, "instance": f"i-{number}"}, expect=200)
            return own_status(program)["instances"] == 9

        # the one that stays away ends once the others are back
        wait_for(renew, interval=0.5)
        assert own_status(program)["preserving"] is False and metric(program, "registry_preserving") == 0


def test_preserving_has_an_end(database):
    with Service("registry-service", database, None, {**PRESERVING, "PRESERVE_MAX": "3s"}) as program:
        [closed] = free_ports(1)
        for number in range(4):
            register(program, unique(), closed, instance=f"i-{number}")
        wait_for(lambda: own_status(program)["preserving"])
        wait_for(lambda: own_status(program)["instances"] == 0)


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
