"""What every program answers about itself, and what the gateway answers for all of them."""
import pytest
import requests

from lib.http import check_error
from lib.paths import PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_describes_itself(fleet, program):
    http = fleet[program].http
    health = http.get("/health", expect=200).json()
    assert health["status"] == "ok"
    if program != "gateway":
        assert health["service"] == program and health["version"]
    ready = http.get("/ready", expect=200).json()
    assert ready["status"] == "ready"
    for check in ready["checks"].values():
        assert check["status"] == "ok" and check["latency_ms"] >= 0
    metrics = http.get("/metrics", expect=200)
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "process_resident_memory_bytes" in metrics.text and "build_info" in metrics.text
    assert http.get("/version", expect=200).json()["version"] == health.get("version", http.get("/version").json()["version"])
    document = http.get("/openapi.json", expect=200).json()
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p != "gateway"])
def test_unknown_paths_and_methods_have_the_envelope(fleet, program):
    http = fleet[program].http
    check_error(http.get("/no/such/path"), 404, "NOT_FOUND")
    refused = http.delete("/health")
    check_error(refused, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in refused.headers["Allow"]


def test_the_registry_knows_every_program(fleet):
    body = fleet.http.get("/registry/services", expect=200).json()
    names = {service["name"] for service in body["services"]}
    assert names >= {p for p in PROGRAMS if p not in ("gateway", "registry-service")}, names


def test_a_route_nobody_has_is_refused_in_kongs_words(fleet):
    answer = fleet.http.get("/nowhere")
    assert answer.status_code == 404 and answer.json()["message"] == "no Route matched with those values"


def test_the_simple_surface_keeps_its_own_words(fleet):
    assert fleet.http.get("/auth/me").json()["error"] == "missing token"
    assert fleet.http.get("/tickets").json()["error"] == "missing token"
    bad = {"Authorization": "Bearer nonsense"}
    assert fleet.http.get("/tickets", headers=bad).json()["error"] == "invalid token"


def test_cross_origin_preflights_are_answered(fleet):
    answer = requests.options(fleet.url + "/api/v1/tickets", timeout=60, headers={
        "Origin": "http://localhost:1000", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Authorization, Content-Type"})
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:1000"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize("path", [
    "/api/tickets/number/TX00000000000000/", "/helpdesk/api/tickets/number/TX00000000000000/",
    "/api/helpdesk/api/tickets/number/TX00000000000000/"])
def test_prefixed_ticket_paths_reach_helpdesk(fleet, path):
    check_error(fleet.login("admin@example.com").get(path), 404, "TICKET_NOT_FOUND")


@pytest.mark.parametrize("prefix", ["", "/workflow", "/api/workflow", "/api/v1"])
def test_prefixed_task_paths_reach_workflow(fleet, prefix):
    coordinator = fleet.login("coordinator@example.com")
    assert "results" in coordinator.get(prefix + "/tasks/owned-tickets/", expect=200).json()
