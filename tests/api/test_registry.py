"""registry-service: the documents' routes, and who may use which."""
import json
import subprocess
import time
from unittest.mock import ANY

import pytest

from lib import tokens
from lib.http import check_error
from lib.paths import binary
from lib.ports import free_ports
from lib.service import Service
from lib.wait import wait_for
from registry_support import FAST, Peer, names, register, status_of, unique


@pytest.fixture
def peer():
    one = Peer()
    yield one
    one.close()


@pytest.fixture
def peers():
    four = [Peer() for _ in range(4)]
    yield four
    for one in four:
        one.close()


@pytest.fixture(scope="module")
def registry(start_service):
    return start_service("registry-service")


# ---- the documents' routes ------------------------------------------------------------------------

def test_registering_as_the_documents_show(registry, peer):
    name, port = unique(), str(peer.port)
    body = registry.http.post("/register", {"name": name, "host": "localhost", "port": port,
                                            "healthEndpoint": "/health"}, expect=201).json()
    assert body["message"] == "Service registered successfully"
    record = body["service"]
    assert record["name"] == name and record["host"] == "localhost" and record["port"] == port
    assert record["healthEndpoint"] == "/health" and record["status"] == "healthy"
    assert record["url"] == f"http://localhost:{port}"
    assert record["registeredAt"].endswith("Z") and "." in record["registeredAt"]
    wait_for(lambda: registry.http.get(f"/services/{name}", expect=200).json()["lastHealthCheck"])
    assert registry.http.get(f"/services/{name}").json() == {**record, "lastHealthCheck": ANY}
    assert registry.http.get(f"/discover/{name}", expect=200).json() == {
        "name": name, "url": f"http://localhost:{port}", "host": "localhost", "port": port,
        "status": "healthy"}
    everything = registry.http.get("/services", expect=200).json()
    assert {**record, "lastHealthCheck": ANY} in everything["services"]
    assert everything["count"] == len(everything["services"])
    assert registry.http.delete(f"/deregister/{name}", expect=200).json() == \
        {"message": "Service deregistered successfully"}
    for path in (f"/services/{name}", f"/health/{name}"):
        assert check_error(registry.http.get(path), 404, "SERVICE_NOT_FOUND")["error"] == "service not found"
    assert check_error(registry.http.delete(f"/deregister/{name}"), 404, "SERVICE_NOT_FOUND")["error"] == \
        "service not found"


def test_the_port_keeps_its_type(registry):
    assert register(registry, unique(), 3001)["service"]["port"] == 3001
    assert register(registry, unique(), "3001")["service"]["port"] == "3001"


def test_the_health_endpoint_has_a_default(registry):
    assert register(registry, unique())["service"]["healthEndpoint"] == "/health"


def test_unknown_services_are_not_discovered(registry):
    answer = registry.http.get("/discover/nobody")
    assert answer.status_code == 404
    body = answer.json()
    assert body["error"] == "service not found" and body["message"] == "Service 'nobody' is not registered"
    assert body["status"] == "error" and body["code"] == "SERVICE_NOT_FOUND"
    assert body["details"]["trace_id"] and body["timestamp"]


def test_bad_registrations(registry):
    good = {"name": "x", "host": "localhost", "port": 80}
    for missing in ("name", "host", "port"):
        for body in ({k: v for k, v in good.items() if k != missing}, {**good, missing: None}, {**good, missing: ""}):
            assert check_error(registry.http.post("/register", body), 400, "INVALID_INPUT")["error"] == \
                "name, host, and port are required"
    for bad in ({"port": 0}, {"port": 65536}, {"port": "80x"}, {"port": 80.5}, {"port": True}, {"port": [80]},
                {"host": "a b"}, {"host": "user@evil"}, {"host": "evil/x"}, {"name": "a/b"}, {"name": "n" * 101},
                {"healthEndpoint": "health"}, {"healthEndpoint": "//evil.example"},
                {"healthEndpoint": "/a b"}, {"instance": "i" * 201}):
        body = check_error(registry.http.post("/register", {**good, **bad}), 422, "VALIDATION_ERROR")
        assert set(body["details"]["fields"]) == set(bad), bad
    check_error(registry.http.request("POST", "/register", data="{", headers={"Content-Type": "application/json"}),
                400, "INVALID_INPUT")
    check_error(registry.http.post("/register", {**good, "name": "x" * 20000}), 413, "PAYLOAD_TOO_LARGE")


def test_own_health(registry):
    register(registry, unique())
    body = registry.http.get("/health", expect=200).json()
    known = names(registry.http.get("/services").json())
    assert body["status"] == "ok" and body["registeredServices"] == len(known)
    assert isinstance(body["uptime"], float) and body["uptime"] > 0
    assert body["service"] == "registry-service" and body["version"]


def test_probing_a_service_now(registry, peer):
    name = unique()
    register(registry, name, peer.port, healthEndpoint="/healthz?deep=1")
    body = registry.http.get(f"/health/{name}", expect=200).json()
    assert body["service"] == name and body["status"] == "healthy" and body["lastCheck"].endswith("Z")
    assert body["details"] == {"status": "ok", "service": "peer"}
    assert "/healthz?deep=1" in peer.calls
    peer.status = 500
    assert registry.http.get(f"/health/{name}").json()["status"] == "unhealthy"
    peer.status, peer.body = 200, b"fine"
    assert registry.http.get(f"/health/{name}").json()["status"] == "healthy"
    [closed] = free_ports(1)
    name = unique()
    register(registry, name, closed)
    body = registry.http.get(f"/health/{name}", expect=200).json()
    assert body["status"] == "unhealthy" and isinstance(body["details"], str)


# ---- several instances ----------------------------------------------------------------------------

def test_several_instances_of_a_name(registry, peers):
    name = unique()
    ports = [peer.port for peer in peers]
    for number in (1, 2, 3):
        register(registry, name, ports[number - 1], instance=f"host-{number}", version="0.1.0")
    records = [s for s in registry.http.get("/services").json()["services"] if s["name"] == name]
    assert [r["instance"] for r in records] == ["host-1", "host-2", "host-3"]
    assert registry.http.get(f"/services/{name}").json()["instance"] == "host-3"
    canonical = registry.http.get(f"/api/v1/services/{name}", expect=200).json()
    assert canonical["name"] == name and canonical["healthy"] == 3
    first = canonical["instances"][0]
    assert first["instance"] == "host-1" and first["port"] == ports[0] and first["version"] == "0.1.0"
    assert first["url"] == f"http://127.0.0.1:{ports[0]}" and first["status"] == "healthy"
    assert first["lease_expires_at"] > first["renewed_at"] >= first["registered_at"]
    register(registry, name, ports[3], instance="host-2")
    records = [s for s in registry.http.get("/services").json()["services"] if s["name"] == name]
    assert [(r["instance"], r["port"]) for r in records] == [
        ("host-1", ports[0]), ("host-2", ports[3]), ("host-3", ports[2])]
    registry.http.delete(f"/deregister/{name}?instance=host-3", expect=200)
    check_error(registry.http.delete(f"/deregister/{name}?instance=host-3"), 404, "SERVICE_NOT_FOUND")
    assert registry.http.get(f"/discover/{name}").json()["port"] == ports[3]
    registry.http.delete(f"/deregister/{name}", expect=200)
    check_error(registry.http.get(f"/api/v1/services/{name}"), 404, "SERVICE_NOT_FOUND")


def test_the_canonical_list(registry):
    name = unique()
    register(registry, name)
    body = registry.http.get("/api/v1/services", expect=200).json()
    assert body["count"] == len(body["services"]) and body["revision"] >= 1
    assert [s for s in body["services"] if s["name"] == name][0]["healthy"] == 1


def test_renewing(registry, db):
    name = unique()
    register(registry, name, instance="one")
    before = db.query("SELECT lease_until FROM registry.instance WHERE name = %s", name)[0][0]
    assert registry.http.put("/renew", {"name": name, "instance": "one"}, expect=200).json()["message"]
    after = db.query("SELECT lease_until FROM registry.instance WHERE name = %s", name)[0][0]
    assert after > before
    first = registry.http.get(f"/services/{name}").json()["registeredAt"]
    assert register(registry, name, instance="one")["service"]["registeredAt"] == first
    check_error(registry.http.put("/renew", {"name": name, "instance": "two"}), 404, "SERVICE_NOT_FOUND")
    check_error(registry.http.put("/renew", {"name": name}), 400, "INVALID_INPUT")


# ---- restarts, and no database ---------------------------------------------------------------------

def test_a_restart_loses_nothing(registry, peer):
    name = unique()
    record = register(registry, name, peer.port)["service"]
    registry.restart()
    wait_for(lambda: status_of(registry, name) == "healthy")
    assert registry.http.get(f"/services/{name}").json()["registeredAt"] == record["registeredAt"]


def test_without_a_table_an_unknown_name_may_yet_be_known(peer):
    with Service("registry-service", None, None, FAST, ready=False) as program:
        for path in ("/discover/x", "/services/x", "/health/x", "/api/v1/services/x"):
            answer = program.http.get(path)
            check_error(answer, 503, "SERVICE_UNAVAILABLE")
            assert answer.headers["Retry-After"]
        name = unique()
        register(program, name, peer.port)
        assert program.http.get(f"/discover/{name}", expect=200).json()["port"] == peer.port
        assert program.http.get("/ready").status_code == 503


# ---- who may register -----------------------------------------------------------------------------

PRODUCTION = {"ENVIRONMENT": "production", "JWT_SECRET": "a" * 20 + "-secret-of-production-0123456789"}


@pytest.fixture(scope="module")
def production(start_service):
    return start_service("registry-service", PRODUCTION)


def test_only_programs_of_the_fleet_register_in_production(production, peer):
    body = {"name": unique(), "host": "localhost", "port": peer.port, "instance": "one"}
    secret = PRODUCTION["JWT_SECRET"]
    service = production.http.with_token(tokens.encode(
        {"iss": tokens.ISSUER, "sub": "auth-service", "token_type": "service", "exp": int(time.time()) + 60}, secret))
    person = production.http.with_token(tokens.mint(1, tokens.ADMIN, secret=secret))
    for call in (lambda c: c.post("/register", body), lambda c: c.put("/renew", body),
                 lambda c: c.delete(f"/deregister/{body['name']}")):
        check_error(call(production.http), 401, "UNAUTHENTICATED")
        check_error(call(person), 403, "FORBIDDEN")
        check_error(call(production.http.with_token("garbage")), 401, "UNAUTHENTICATED")
    service.post("/register", body, expect=201)
    service.put("/renew", body, expect=200)
    production.http.get(f"/discover/{body['name']}", expect=200)
    service.delete(f"/deregister/{body['name']}", expect=200)


def test_the_fleets_programs_register_and_leave(start_service, registry):
    program = start_service("auth-service", {"DEMO_DATA": "false", "REGISTRY_URL": registry.url})
    record = wait_for(lambda: next((s for s in registry.http.get("/services").json()["services"]
                                    if s["name"] == "auth-service"), None))
    assert record["port"] == program.port and record["status"] == "healthy"
    program.stop()
    wait_for(lambda: status_of(registry, "auth-service") is None)


# ---- every route for every role -------------------------------------------------------------------

def declared():
    document = json.loads(subprocess.run([binary("registry-service"), "--print-openapi"], check=True,
                                         stdout=subprocess.PIPE).stdout)
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item}


LOOKUPS = {("GET", "/services"), ("GET", "/services/{name}"), ("GET", "/discover/{name}"), ("GET", "/health/{name}"),
           ("GET", "/api/v1/services"), ("GET", "/api/v1/services/{name}"), ("GET", "/registry/watch"),
           ("GET", "/registry/events"), ("GET", "/registry/status")}
LEASES = {("POST", "/register"), ("PUT", "/renew"), ("DELETE", "/deregister/{name}")}
PROGRAMS_ONLY = {("POST", "/registry/limits/sync"), ("POST", "/registry/report")}


def test_every_route_is_in_the_matrix():
    assert declared() == LOOKUPS | LEASES | PROGRAMS_ONLY


@pytest.mark.parametrize("roles", [None, tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER, tokens.APPROVER,
                                   tokens.ADMIN])
def test_the_authorisation_matrix_in_production(production, roles):
    client = production.http
    if roles:
        client = client.with_token(tokens.mint(7, roles, secret=PRODUCTION["JWT_SECRET"]))
    for method, path in LOOKUPS:
        answer = client.request(method, path.replace("{name}", "nobody"), stream=True)
        assert answer.status_code in (200, 404), path
        answer.close()
    for method, path in LEASES | PROGRAMS_ONLY:
        answer = client.request(method, path.replace("{name}", "nobody"),
                                json={"name": "x", "host": "localhost", "port": 1, "instance": "y",
                                      "counters": []})
        check_error(answer, *((403, "FORBIDDEN") if roles else (401, "UNAUTHENTICATED")))
