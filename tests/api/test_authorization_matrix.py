"""Every route of a program with every kind of caller: 401, 403 or neither, as the permission table says."""
import json
import re
import subprocess
import time
import uuid

import pytest

from helpdesk_support import start_helpdesk
from lib import authorization, tokens
from lib.http import check_error
from lib.paths import binary
from lib.people import FakeAuth

# Nobody has these numbers, so that what is allowed finds nothing to do.
NOBODY, NOTHING = 10 ** 7, "99999999"
HDTS_ADMIN, TTS_ADMIN = [("hdts", "Admin")], [("tts", "Admin")]
PEOPLE = {"employee": tokens.EMPLOYEE, "coordinator": tokens.COORDINATOR, "hdts admin": HDTS_ADMIN,
          "tts reviewer": tokens.REVIEWER, "tts approver": tokens.APPROVER, "tts admin": TTS_ADMIN}
# What is anybody's right as long as it is their own.
ONES_OWN = {"GET /feedback/user/{id}", "GET /notifications/history/{userId}", "GET /ws/notifications/{user_id}",
            "GET /notification/ws/notifications/{user_id}"}
STRANGERS = ("nobody", "expired", "wrong key", "no algorithm", "mfa", "refresh", "api token unknown")
CALLERS = (*STRANGERS, *PEOPLE, "service", "api token without scope", "api token")
PERMISSIONS = authorization.permissions()


def admins_api_token(program, scopes):
    """A real one from auth-service; elsewhere the JWT that such a token is exchanged for."""
    if program.name != "auth-service":
        return tokens.mint(NOBODY, tokens.ADMIN, scope=" ".join(scopes))
    boss = program.http.as_user(NOBODY, tokens.ADMIN)
    email = f"{uuid.uuid4().hex}@example.org"
    boss.post("/api/v1/users", {"email": email, "password": "test123", "role": "admin"}, expect=201)
    login = program.http.post("/token", {"email": email, "password": "test123"}, expect=200).json()
    return program.http.with_token(login["access"]).post(
        "/api/v1/tokens", {"name": "matrix", "scopes": scopes}, expect=201).json()["token"]


def token_of(program, caller):
    if caller in PEOPLE:
        return tokens.mint(NOBODY, PEOPLE[caller])
    now = int(time.time())
    return {
        "nobody": lambda: None,
        "expired": lambda: tokens.mint(NOBODY, tokens.ADMIN, ttl=-1),
        "wrong key": lambda: tokens.mint(NOBODY, tokens.ADMIN, secret="another secret of the right length 0123"),
        "no algorithm": lambda: tokens.encode({"iss": tokens.ISSUER, "sub": "7", "role": "admin", "exp": now + 60},
                                              header={"alg": "none", "typ": "JWT"}),
        "mfa": lambda: tokens.mint(NOBODY, tokens.ADMIN, token_type="mfa"),
        "refresh": lambda: tokens.mint(NOBODY, tokens.ADMIN, token_type="refresh"),
        "api token unknown": lambda: "tts_" + "0" * 36 + "2RfCAa",
        "service": lambda: tokens.mint_service("helpdesk-service"),
        "api token without scope": lambda: admins_api_token(program, []),
        "api token": lambda: admins_api_token(program, sorted(
            name for name, roles in PERMISSIONS.items() if roles & {"*", "hdts:Admin", "tts:Admin"})),
    }[caller]()


def has(permission, caller):
    """By the permission table; API tokens are an administrator's."""
    roles = PERMISSIONS[permission]
    if caller == "service":
        return "service" in roles
    if caller.startswith("api token"):
        return caller == "api token" and bool(roles & {"*", "hdts:Admin", "tts:Admin"})
    return "*" in roles or any(f"{system}:{role}" in roles for system, role in PEOPLE[caller])


def expected(kind, permission, caller):
    """401, 403, or None for neither."""
    if kind == "open" or (kind == "optional" and caller == "nobody"):
        return None
    if caller in STRANGERS:
        return 401
    if kind == "optional":
        return None
    is_program = caller == "service"
    if is_program and kind in ("person", "login") or not is_program and kind == "program":
        return 403
    if kind == "login" and caller.startswith("api token"):
        return 403
    if permission and not has(permission.removeprefix("self|"), caller):
        return 403
    return None


def declared(program):
    document = json.loads(subprocess.run([binary(program), "--print-openapi"], check=True,
                                         stdout=subprocess.PIPE).stdout)
    return {f"{method.upper()} {path}": operation
            for path, item in document["paths"].items() for method, operation in item.items()}


def declared_kind(operation):
    schemes = {name for scheme in operation["security"] for name in scheme}
    if {} in operation["security"]:
        return "optional"
    return {frozenset(): "open", frozenset({"service"}): "program",
            frozenset({"bearer", "cookie"}): "login",
            frozenset({"bearer", "cookie", "apiToken"}): "person",
            frozenset({"bearer", "cookie", "apiToken", "service"}): "any"}[frozenset(schemes)]


@pytest.fixture(scope="module", params=authorization.ROUTES)
def program(request, start_service, db):
    if request.param == "helpdesk-service":
        return start_helpdesk(start_service, db)
    if request.param in ("messaging-service", "notification-service", "workflow-service"):
        auth = FakeAuth([])
        request.addfinalizer(auth.close)
        return start_service(request.param, {"AUTH_SERVICE_URL": auth.url})
    if request.param == "gateway":
        return start_service("gateway", {"REGISTRY_URL": start_service("registry-service").url})
    return start_service(request.param, {"DEMO_DATA": "false"} if request.param == "auth-service" else None)


@pytest.mark.parametrize("name", authorization.ROUTES)
def test_the_table_has_every_route_and_says_what_the_program_says(name):
    says = {route: (declared_kind(operation), operation.get("x-permission"))
            for route, operation in declared(name).items()}
    table = {route: (kind, None if permission and permission.startswith("self|") else permission)
             for route, (kind, permission) in authorization.ROUTES[name].items()}
    assert says == table


def call(client, route):
    method, path = route.split()
    if route in ONES_OWN:
        path = re.sub(r"\{\w+\}", str(NOBODY), path)
    path = re.sub(r"\{\w+\}", NOTHING, path.replace("{number}", "TX20200101000001"))
    answer = client.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None, stream=True)
    if answer.headers["Content-Type"] == "text/event-stream":
        answer.close()  # it has no end
    return answer


def forbidden(route, caller):
    """The integration document has a code of its own for people who may not transfer."""
    is_transfer = route.endswith("/ticket-owner/transfer") and caller != "service"
    return "INSUFFICIENT_PERMISSIONS" if is_transfer else "FORBIDDEN"


@pytest.mark.parametrize("caller", CALLERS)
def test_the_matrix(program, caller):
    token = token_of(program, caller)
    client = program.http.with_token(token)
    wrong = []
    for route, (kind, permission) in authorization.ROUTES[program.name].items():
        if caller == "api token unknown" and program.name != "auth-service":
            continue
        answer = call(client, route)
        want = expected(kind, permission, caller)
        if want:
            check_error(answer, want, forbidden(route, caller) if want == 403 else answer.json()["code"])
            assert want == 403 or answer.headers["WWW-Authenticate"].startswith("Bearer"), route
        elif kind == "open":
            assert answer.status_code < 500, (route, answer.text)
        elif answer.status_code in (401, 403) or answer.status_code >= 500:
            wrong.append((route, answer.status_code, answer.text))
    assert not wrong
