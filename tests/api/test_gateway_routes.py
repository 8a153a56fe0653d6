"""deploy/gateway/kong.yml: every surface of the fleet reaches its service, and the admin API shows it."""
import json

import pytest

from gateway_support import Gateway, Upstream, consumer, plugin, reply, route, service
from lib import tokens
from lib.http import Client
from lib.paths import SERVICES
from lib.service import Service

OPEN, TOKEN = "open", "token"

# path at the gateway, service, path at the service, whether the edge asks for a token
ROUTES = [
    # canonical
    ("/api/v1/auth/login", "auth-service", None, OPEN),
    ("/api/v1/users", "auth-service", None, TOKEN),
    ("/api/v1/users/7", "auth-service", None, TOKEN),
    ("/api/v1/users/login", "auth-service", None, OPEN),
    ("/api/v1/systems", "auth-service", None, TOKEN),
    ("/api/v1/roles", "auth-service", None, TOKEN),
    ("/api/v1/tokens/1", "auth-service", None, TOKEN),
    ("/api/v1/tickets", "helpdesk-service", None, TOKEN),
    ("/api/v1/tickets/TX20260112000001/comments", "helpdesk-service", None, TOKEN),
    ("/api/v1/categories", "helpdesk-service", None, TOKEN),
    ("/api/v1/departments", "helpdesk-service", None, TOKEN),
    ("/api/v1/media/5", "helpdesk-service", None, TOKEN),
    ("/api/v1/feedback", "helpdesk-service", None, TOKEN),
    ("/api/v1/kb/articles", "helpdesk-service", None, OPEN),
    ("/api/v1/search", "helpdesk-service", None, TOKEN),
    ("/api/v1/analytics/metrics", "helpdesk-service", None, TOKEN),
    ("/api/v1/audit", "helpdesk-service", None, TOKEN),
    ("/api/v1/jobs/1", "helpdesk-service", None, TOKEN),
    ("/api/v1/workflows", "workflow-service", None, TOKEN),
    ("/api/v1/tasks", "workflow-service", None, TOKEN),
    ("/api/v1/transitions", "workflow-service", None, TOKEN),
    ("/api/v1/sla/1", "workflow-service", None, TOKEN),
    ("/api/v1/calendars", "workflow-service", None, TOKEN),
    ("/api/v1/conversations", "messaging-service", None, TOKEN),
    ("/api/v1/messages", "messaging-service", None, TOKEN),
    ("/api/v1/notifications", "notification-service", None, TOKEN),
    ("/api/v1/webhooks", "notification-service", None, TOKEN),
    ("/api/v1/services", "registry-service", None, TOKEN),
    # integration
    ("/token/", "auth-service", None, OPEN),
    ("/token/refresh/", "auth-service", None, OPEN),
    ("/api/auth/login", "auth-service", None, OPEN),
    ("/api/me", "auth-service", None, OPEN),
    ("/auth/api/v1/users/me", "auth-service", "/api/v1/users/me", OPEN),
    ("/api/tickets/number/TX20260112000001/", "helpdesk-service", None, TOKEN),
    ("/api/tickets/", "helpdesk-service", None, TOKEN),
    ("/helpdesk/api/tickets/number/1/", "helpdesk-service", "/api/tickets/number/1/", TOKEN),
    ("/api/helpdesk/api/tickets/", "helpdesk-service", "/api/tickets/", TOKEN),
    ("/helpdesk/api/locations", "helpdesk-service", "/api/locations", OPEN),
    ("/tasks/owned-tickets/", "workflow-service", None, TOKEN),
    ("/tasks/logs/", "workflow-service", None, TOKEN),
    ("/transitions/", "workflow-service", None, TOKEN),
    ("/tasks/ticket-owner/escalate/", "workflow-service", None, TOKEN),
    ("/workflow/tasks/owned-tickets/", "workflow-service", "/tasks/owned-tickets/", TOKEN),
    ("/workflow/transitions/", "workflow-service", "/transitions/", TOKEN),
    ("/api/workflow/tasks/logs/", "workflow-service", "/tasks/logs/", TOKEN),
    ("/tasks/team/", "workflow-service", None, TOKEN),
    *((f"/{name}/api/v1/deadletters", f"{name}-service", "/api/v1/deadletters", TOKEN)
      for name in ("helpdesk", "workflow", "messaging", "notification")),
    ("/messaging/api/v1/messages", "messaging-service", "/api/v1/messages", TOKEN),
    ("/notification/api/v1/notifications", "notification-service", "/api/v1/notifications", TOKEN),
    ("/api/notifications", "notification-service", "/api/v1/notifications", TOKEN),
    ("/api/messages/3", "messaging-service", "/api/v1/messages/3", TOKEN),
    # simple: the services' own refusals count
    ("/auth/login", "auth-service", None, OPEN),
    ("/auth/me", "auth-service", None, OPEN),
    ("/tickets", "helpdesk-service", None, OPEN),
    ("/tickets/5", "helpdesk-service", None, OPEN),
    ("/workflow/status/5", "helpdesk-service", None, OPEN),
    ("/workflow/priority/5", "helpdesk-service", None, OPEN),
    ("/workflow/assign/5", "helpdesk-service", None, OPEN),
    ("/workflow/history/5", "helpdesk-service", None, OPEN),
    ("/workflow/queue", "helpdesk-service", None, OPEN),
    ("/workflow/auto-priority/5", "helpdesk-service", None, OPEN),
    ("/media/upload", "helpdesk-service", None, OPEN),
    ("/notifications/notify", "notification-service", None, OPEN),
    ("/notifications/unsubscribe/x", "notification-service", None, OPEN),
    ("/analytics/metrics", "helpdesk-service", None, OPEN),
    ("/feedback", "helpdesk-service", None, OPEN),
    ("/registry/services", "registry-service", "/services", OPEN),
    ("/auth/health", "auth-service", "/health", OPEN),
    ("/tickets/health", "helpdesk-service", "/health", OPEN),
    ("/workflow/health", "workflow-service", "/health", OPEN),
    ("/media/health", "helpdesk-service", "/health", OPEN),
    ("/notifications/health", "notification-service", "/health", OPEN),
    ("/analytics/health", "helpdesk-service", "/health", OPEN),
    ("/feedback/health", "helpdesk-service", "/health", OPEN),
    # live
    ("/ws/messages", "messaging-service", None, TOKEN),
    ("/ws/chat", "messaging-service", None, TOKEN),
    ("/messaging/ws/messages", "messaging-service", None, TOKEN),
    ("/ws/notifications", "notification-service", None, TOKEN),
    ("/notification/ws/notifications", "notification-service", None, TOKEN),
]


@pytest.fixture(scope="module")
def fleet():
    """The gateway with its own route file and six services that say who they are."""
    def who(name):
        return Upstream(lambda request: reply(json.dumps({"service": name, "line": request.line,
                                                          "host": request.get("Host")})))
    upstreams = {name: who(name) for name in SERVICES}
    env = {name.upper().replace("-", "_") + "_URL": f"http://{u.address}" for name, u in upstreams.items()}
    env["REGISTRY_URL"] = env.pop("REGISTRY_SERVICE_URL")
    with Service("gateway", env=env) as program:
        yield program
    for upstream in upstreams.values():
        upstream.close()


@pytest.mark.parametrize("path, name, target, access", ROUTES, ids=[row[0] for row in ROUTES])
def test_surface(fleet, path, name, target, access):
    anonymous = fleet.http.get(path)
    if access == TOKEN:
        assert anonymous.status_code == 401 and anonymous.json()["message"] == "Unauthorized"
    else:
        assert anonymous.status_code == 200
    seen = fleet.http.as_user(7).get(path, 200).json()
    assert seen["service"] == name
    assert seen["line"].split()[1] == (target or path)


@pytest.mark.parametrize("path", ["/ticketsfoo", "/api/v2/tickets", "/", "/authx/login", "/registry/deregister/x",
                                  "/discover/auth-service", "/registry/register", "/tasksx"])
def test_what_is_not_a_surface(fleet, path):
    answer = fleet.http.as_user(7).get(path, 404)
    assert answer.json()["message"] == "no Route matched with those values"


def test_a_trailing_slash_answers_too(fleet):
    for path, name, _, _ in ROUTES:
        assert fleet.http.as_user(7).get(path.rstrip("/") + "/", 200).json()["service"] == name


def test_the_host_that_people_use_reaches_the_service(fleet):
    assert fleet.http.get("/tickets", 200).json()["host"] == f"127.0.0.1:{fleet.port}"


def test_browsers_of_the_front_ends_may_call(fleet):
    for origin in ("http://localhost:1000", "http://localhost:5000", "http://localhost:8080"):
        answer = fleet.http.options("/api/v1/tickets", 200, headers={
            "Origin": origin, "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type,if-match"})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
        assert "If-Match" in answer.headers["Access-Control-Allow-Headers"]


# ---- admin API --------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def admin(fleet):
    return Client("gateway", f"http://127.0.0.1:{fleet.admin_port}")


def listed(admin, path):
    body = admin.get(path, 200).json()
    assert body["next"] is None
    return body["data"]


def test_services_and_routes(admin):
    services = {s["name"]: s for s in listed(admin, "/services")}
    live = services["messaging-live"]
    assert live["host"] == "messaging-service" and live["read_timeout"] == 3600000 and live["protocol"] == "http"
    assert admin.get(f"/services/{live['id']}", 200).json() == live
    assert admin.get("/services/messaging-live", 200).json() == live
    assert admin.get("/services/none", 404).json()["message"] == "Not found"
    routes = listed(admin, "/services/messaging-live/routes")
    assert [r["name"] for r in routes] == ["messaging-live"] and routes[0]["service"]["id"] == live["id"]
    assert routes[0]["paths"][0] == "/ws/messages" and routes[0]["strip_path"] is False
    names = [r["name"] for r in listed(admin, "/routes")]
    assert len(names) == len(set(names)) and "tickets" in names
    assert admin.get("/routes/tickets", 200).json()["paths"] == ["/api/v1/tickets"]


def test_plugins(admin):
    plugins = listed(admin, "/plugins")
    cors = next(p for p in plugins if p["name"] == "cors")
    assert cors["config"]["credentials"] is True and cors["service"] is None and cors["enabled"] is True
    jwt = [p for p in listed(admin, "/services/workflow-canonical/plugins") if p["name"] == "jwt"]
    assert jwt[0]["config"]["cookie_names"] == ["access_token"]
    assert {"jwt", "cors", "rate-limiting"} <= set(admin.get("/plugins/enabled", 200).json()["enabled_plugins"])


def test_upstreams_and_their_health(fleet, admin):
    assert "helpdesk-service" in [u["name"] for u in listed(admin, "/upstreams")]
    fleet.http.get("/tickets", 200)
    health = listed(admin, "/upstreams/helpdesk-service/health")
    assert len(health) == 1 and health[0]["health"] == "HEALTHY" and health[0]["weight"] == 100
    assert health[0]["target"].startswith("127.0.0.1:") and health[0]["data"]["idle_connections"] >= 1
    assert listed(admin, "/upstreams/helpdesk-service/targets")[0]["target"] == health[0]["target"]


def test_health_of_a_target_that_fails():
    upstreams = [{"name": "u", "targets": [{"target": "127.0.0.1:1"}]}]
    with Gateway(upstreams=upstreams, services=[service("s", None, route("/"), host="u")]) as program:
        admin = Client("gateway", f"http://127.0.0.1:{program.admin_port}")
        assert listed(admin, "/upstreams/u/health")[0]["health"] == "HEALTHY"
        program.http.get("/", 503)
        assert listed(admin, "/upstreams/u/health")[0]["health"] == "UNHEALTHY"


def test_consumers_and_secrets_are_masked(admin):
    assert [c["username"] for c in listed(admin, "/consumers")] == ["auth-service", "guest"]
    credentials = listed(admin, "/consumers/auth-service/jwt")
    assert credentials[0]["key"] == tokens.ISSUER and credentials[0]["secret"] == "***"
    config = admin.get("/config", 200).json()["config"]
    assert tokens.SECRET not in config and "***" in config
    exported = json.loads(config)
    assert exported["_format_version"] == "3.0" and len(exported["routes"]) == len(listed(admin, "/routes"))


def test_status_and_metrics(fleet, admin):
    before = admin.get("/status", 200).json()
    fleet.http.get("/tickets", 200)
    after = admin.get("/status", 200).json()
    assert after["server"]["total_requests"] > before["server"]["total_requests"]
    assert after["database"]["reachable"] is True and len(after["configuration_hash"]) == 32
    assert "kong_http_requests_total" in admin.get("/metrics", 200).text


def test_the_admin_api_changes_nothing(admin):
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/services").status_code == 405


def test_the_admin_api_is_not_on_the_proxy_port(fleet):
    for path in ("/services", "/plugins", "/config", "/status", "/upstreams", "/consumers"):
        fleet.http.get(path, 404)


def test_consumer_without_a_name_and_json_export():
    with Upstream() as upstream:
        with Gateway(services=[service("s", upstream, route("/"), plugins=[plugin("jwt")])],
                     consumers=[consumer("very-secret", username="a")]) as program:
            admin = Client("gateway", f"http://127.0.0.1:{program.admin_port}")
            assert "very-secret" not in admin.get("/config", 200).text


# ---- regular expressions ----------------------------------------------------------------------------

def test_regular_expressions_in_paths():
    with Upstream() as upstream:
        routes = [route("/users", name="prefix", strip_path=False),
                  route(r"~/users/\d+$", name="number", plugins=[plugin("response-transformer", add={"headers": ["X-By: number"]})]),
                  route(r"~/users/(?<id>[a-f]+)/", name="hex", regex_priority=5, strip_path=True,
                        plugins=[plugin("response-transformer", add={"headers": ["X-By: hex"]})]),
                  route(r"~/users/[a-z]+/first", name="word",
                        plugins=[plugin("response-transformer", add={"headers": ["X-By: word"]})]),
                  route(r"~/slow/(a+)+$", name="slow", methods=["GET"])]
        with Gateway(services=[service("s", upstream, *routes)]) as program:
            def seen(path, by):
                answer = program.http.get(path, 200)
                assert answer.headers.get("X-By") == by
                return answer.json()["line"].split()[1]
            assert seen("/users/12?a=1", "number") == "/?a=1"
            assert seen("/users/12x", None) == "/users/12x"
            assert seen("/users/abc/first", "hex") == "/first"
            assert seen("/users/xyz/first", "word") == "/"
            program.http.get("/not/users/12", 404)
            # an expression that would try without end gives up
            program.http.get("/slow/" + "a" * 5000 + "!", 404)
            program.http.get("/users", 200)
