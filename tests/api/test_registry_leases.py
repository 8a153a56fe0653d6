"""registry-service: leases, health checks, failure reports, replicas that agree."""
import time

import pytest

from lib import tokens
from lib.http import check_error
from lib.people import FakeAuth, person
from lib.ports import free_ports
from lib.service import Service
from lib.wait import wait_for
from registry_support import FAST, Peer, as_program, names, register, status_of, unique


@pytest.fixture
def peer():
    one = Peer()
    yield one
    one.close()


@pytest.fixture(scope="module")
def registry(start_service):
    return start_service("registry-service")


@pytest.fixture(scope="module")
def fast_db(infra):
    """Replicas share the checks, so those with other intervals have a database of their own."""
    database = infra.database("fast")
    yield database
    database.drop()


@pytest.fixture(scope="module")
def fast(fast_db):
    with Service("registry-service", fast_db, None, FAST) as program:
        yield program


# ---- programs of the fleet ------------------------------------------------------------------------

def test_a_program_is_registered_once_it_can_serve(registry, start_service):
    """workflow-service waits for auth-service before it does."""
    auth = FakeAuth([person(1, "Adam Admin", tokens.ADMIN)])
    auth.is_away = True
    known = lambda: names(registry.http.get("/services", expect=200).json())  # noqa: E731
    try:
        program = start_service("workflow-service", {"AUTH_SERVICE_URL": auth.url, "REGISTRY_URL": registry.url}, ready=False)
        wait_for(lambda: len(auth.requests) > 3, what="its attempts to start")
        assert "workflow-service" not in known()
        auth.is_away = False
        wait_for(lambda: "workflow-service" in known(), what="its registration")
        program.wait_ready()
    finally:
        auth.close()


# ---- leases and checks ----------------------------------------------------------------------------

def test_a_sick_service_is_not_discovered_until_it_recovers(fast, peer):
    name = unique()
    register(fast, name, peer.port)
    peer.status = 503
    wait_for(lambda: status_of(fast, name) == "unhealthy")
    answer = fast.http.get(f"/discover/{name}")
    body = answer.json()
    assert answer.status_code == 503 and body["error"] == "service unhealthy"
    assert body["message"] == f"Service '{name}' is registered but unhealthy"
    assert body["service"]["name"] == name and body["code"] == "SERVICE_UNAVAILABLE"
    peer.status = 200
    wait_for(lambda: status_of(fast, name) == "healthy")
    assert fast.http.get(f"/services/{name}").json()["lastHealthCheck"].endswith("Z")


def test_passed_checks_keep_a_lease_and_failed_ones_do_not(fast, peer):
    alive, dead = unique(), unique()
    [closed] = free_ports(1)
    register(fast, alive, peer.port)
    register(fast, dead, closed)
    wait_for(lambda: status_of(fast, dead) is None)
    assert status_of(fast, alive) == "healthy"
    known = names(fast.http.get("/services").json())
    assert alive in known and dead not in known


def test_renewals_keep_a_lease_that_no_check_can(fast):
    name = unique()
    [closed] = free_ports(1)
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        register(fast, name, closed, instance="renewing")
        wait_for(lambda: status_of(fast, name))
    assert status_of(fast, name) is not None


def test_a_healthy_instance_is_preferred(fast, peer):
    name = unique()
    [closed] = free_ports(1)
    register(fast, name, peer.port, instance="good")
    register(fast, name, closed, instance="bad")
    wait_for(lambda: fast.http.get(f"/discover/{name}").json().get("port") == peer.port)


def test_a_reported_failure_is_checked_at_once(registry, peer):
    """With checks half a minute apart, only the report can be what starts one."""
    name = unique()
    register(registry, name, peer.port)
    wait_for(lambda: registry.http.get(f"/services/{name}").json()["lastHealthCheck"])
    peer.status = 500
    report = {"name": name, "host": "127.0.0.1", "port": peer.port}
    as_program(registry).post("/registry/report", report, expect=202)
    wait_for(lambda: status_of(registry, name) == "unhealthy")
    # it is known by now
    check_error(as_program(registry).post("/registry/report", report), 404, "SERVICE_NOT_FOUND")
    peer.status = 200
    wait_for(lambda: status_of(registry, name) == "healthy")


def test_bad_reports(registry):
    client = as_program(registry)
    good = {"name": "nobody", "host": "127.0.0.1", "port": 1}
    check_error(client.post("/registry/report", good), 404, "SERVICE_NOT_FOUND")
    for missing in good:
        check_error(client.post("/registry/report", {**good, missing: None}), 400, "INVALID_INPUT")
    for port in (0, 65536):
        body = check_error(client.post("/registry/report", {**good, "port": port}), 422, "VALIDATION_ERROR")
        assert set(body["details"]["fields"]) == {"port"}
    check_error(registry.http.post("/registry/report", good), 401, "UNAUTHENTICATED")
    check_error(registry.http.as_user(1, tokens.ADMIN).post("/registry/report", good), 403, "FORBIDDEN")


# ---- replicas --------------------------------------------------------------------------------------

def test_replicas_agree(fast, fast_db, peer):
    with Service("registry-service", fast_db, None, FAST) as other:
        name = unique()
        register(fast, name, peer.port, instance="one")
        wait_for(lambda: status_of(other, name) is not None)
        other.http.put("/renew", {"name": name, "instance": "one"}, expect=200)
        other.http.delete(f"/deregister/{name}", expect=200)
        wait_for(lambda: status_of(fast, name) is None)
