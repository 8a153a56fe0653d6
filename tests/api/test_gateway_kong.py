"""A Kong file of a helpdesk in use is taken as it is; what cannot be honoured is refused by name."""
import pathlib

import pytest

from gateway_support import Gateway, Upstream, bearer
from lib import tokens
from lib.service import Service

FILE = pathlib.Path(__file__).parent / "data" / "kong.docker.yml"
SECRET = "shared-secret-of-the-kong-file-0123456789"

# path, service, path there, whether it needs a token
ROWS = [
    ("/auth/api/v1/users/me/", "auth", "/api/v1/users/me/", False),
    ("/api/v1/users/login/", "auth", None, False), ("/api/v1/users/token/refresh/", "auth", None, False),
    ("/api/me", "auth", None, False), ("/api/v1/users/5/", "auth", None, False), ("/static/app.css", "auth", None, False),
    ("/admin/", "auth", None, False), ("/media/x.png", "auth", None, False),
    ("/api/v1/systems/", "auth", None, True), ("/api/v1/hdts/x/", "auth", None, True),
    ("/workflow/tasks/owned-tickets/?page=1", "workflow", "/tasks/owned-tickets/?page=1", True),
    ("/notification/ws/notifications/7/", "notification", "/notifications/7/", False),
    ("/notification/api/v1/x/", "notification", "/api/v1/x/", True),
    ("/messaging/ws/tickets/1/", "messaging", "/tickets/1/", False), ("/messaging/messages/", "messaging", "/messages/", True),
    ("/helpdesk/api/locations", "helpdesk", None, False), ("/helpdesk/api/tickets/", "helpdesk", "/api/tickets/", True),
    ("/api/v2/tickets/number/TX20260112000001/", "helpdesk", None, True),
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The file with the addresses of four upstreams in place of the containers' names, and nothing else changed."""
    names = {"auth-service:8000": "auth", "workflow-api:8000": "workflow", "notification-service:8001": "notification",
             "messaging-service:8001": "messaging", "helpdesk-service:8000": "helpdesk"}
    upstreams = {name: Upstream() for name in names.values()}
    text = FILE.read_text(encoding="utf-8")
    for address, name in names.items():
        text = text.replace(address, upstreams[name].address)
    path = tmp_path_factory.mktemp("kong") / "kong.yml"
    path.write_text(text, encoding="utf-8")
    with Service("gateway", env={"GATEWAY_CONFIG": path}) as program:
        program.upstreams = upstreams
        yield program
    for upstream in upstreams.values():
        upstream.close()


def token():
    return bearer(tokens.mint(7, secret=SECRET))


@pytest.mark.parametrize("path, name, target, needs_token", ROWS, ids=[row[0] for row in ROWS])
def test_routes(gateway, path, name, target, needs_token):
    headers = {"Host": "localhost"}
    assert gateway.http.get(path, headers=headers).status_code == (401 if needs_token else 200)
    before = {key: len(upstream.requests) for key, upstream in gateway.upstreams.items()}
    answer = gateway.http.get(path, 200, headers={**headers, **token()})
    assert len(gateway.upstreams[name].requests) == before[name] + 1
    assert answer.json()["line"] == f"GET {target or path} HTTP/1.1"


def test_legacy_routes_need_their_header(gateway):
    gateway.http.get("/api/tickets/", 404, headers=token())
    gateway.http.get("/api/tickets/", 200, headers={**token(), "X-Legacy": "yes"})


def test_hosts_are_kept_where_the_file_says_so(gateway):
    def host(path):
        answer = gateway.http.get(path, 200, headers={"Host": "desk.example.com", **token()})
        return dict((key.lower(), value) for key, value in answer.json()["headers"])["host"]
    assert host("/api/me") == "desk.example.com"
    assert host("/workflow/x") == gateway.upstreams["workflow"].address


def test_cookie_cors_and_limits(gateway):
    cookie = {"Cookie": "access_token=" + token()["Authorization"].split()[1]}
    answer = gateway.http.get("/workflow/x", 200, headers={**cookie, "Origin": "http://localhost:1000"})
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:1000"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "X-Auth-Token,X-Request-ID"
    assert answer.headers["X-RateLimit-Limit-Minute"] == answer.headers["RateLimit-Limit"] == "100"
    preflight = gateway.http.options("/workflow/x", 200, headers={
        "Origin": "http://localhost:1000", "Access-Control-Request-Method": "PATCH"})
    assert preflight.headers["Access-Control-Max-Age"] == "3600"
    assert gateway.http.get("/nothing/here", 404).json()["message"] == "no Route matched with those values"


@pytest.mark.parametrize("addition, line", [
    ("  - name: pre-function\n    config: {access: ['kong.log(1)']}\n",
     "plugin pre-function is not supported; Lua is not run; the jwt plugin reads cookies itself (cookie_names)"),
    ("  - name: post-function\n", "plugin post-function is not supported; Lua is not run; use response-transformer"),
    ("  - name: file-log\n    config: {path: /dev/stdout}\n", "plugin file-log is not supported; set ACCESS_LOG=all"),
    ("  - name: key-auth\n", "plugin key-auth is not supported; use jwt"),
    ("  - name: rate-limiting\n    service: helpdesk-service\n    config: {minute: 5, policy: redis, redis_host: r}\n",
     "rate-limiting.config.redis_host: is not supported; gateways share their counts with policy cluster"),
    ("  - name: rate-limiting\n    service: helpdesk-service\n    config: {minute: 5, policy: cluster, fault_tolerant: false}\n",
     "rate-limiting: fault_tolerant false is not supported"),
    ("  - name: no-such-plugin\n", 'unknown plugin "no-such-plugin"'),
])
def test_what_is_refused_and_what_to_use_instead(addition, line):
    import requests
    with Upstream() as upstream:
        with Gateway(services=[{"name": "s", "url": f"http://{upstream.address}", "routes": [{"paths": ["/"]}]}]) as program:
            text = FILE.read_text(encoding="utf-8") + addition
            answer = requests.post(f"http://127.0.0.1:{program.admin_port}/config", data=text, timeout=20,
                                   headers={"Content-Type": "text/yaml"})
            assert answer.status_code == 400
            problems = answer.json()["details"]["problems"]
            lines = FILE.read_text(encoding="utf-8").count("\n")
            assert any(line in one and int(one.split(":")[1]) > lines for one in problems), problems
            program.http.get("/", 200)
