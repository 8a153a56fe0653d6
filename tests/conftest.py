"""Fixtures for every Python suite."""
import json
import os

import pytest

from lib.fleet import Fleet, OtherFleet
from lib.infra import PASSING, Infra, OwnServers
from lib.service import Service


@pytest.fixture(scope="session")
def infra():
    """PostgreSQL and RabbitMQ of this test run."""
    servers = Infra(PASSING)
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def own_servers():
    """Servers like infra's that the tests may stop and kill."""
    servers = OwnServers()
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def db(infra):
    """A fresh database."""
    database = infra.database("module")
    yield database
    database.drop()


@pytest.fixture(scope="module")
def broker(infra):
    """A fresh virtual host."""
    host = infra.broker("module")
    yield host
    host.drop()


@pytest.fixture(scope="module")
def start_service(db, broker):
    """start_service("auth-service", env={…}): programs on the module's database and virtual host, stopped
    (and judged) at the end."""
    running = []

    def start(name, env=None, **kwargs):
        service = Service(name, db, broker, env=env, **kwargs)
        running.append(service)
        return service

    yield start
    problems = []
    for service in reversed(running):
        try:
            service.stop()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def fleet(request):
    """All seven programs behind the gateway: our own, or those that TTS_FLEET_URLS names (JSON)."""
    if "TTS_FLEET_URLS" in os.environ:
        yield OtherFleet(json.loads(os.environ["TTS_FLEET_URLS"]))
        return
    programs = Fleet(request.getfixturevalue("infra"))
    yield programs
    programs.stop()
