"""Personal API tokens at the gateway: exchanged at auth-service for the JWT they stand for."""
import json
import threading

import pytest

from gateway_support import Gateway, Upstream, bearer, consumer, plugin, reply, route, service
from lib import tokens
from lib.http import check_error
from lib.wait import wait_for


GOOD, BAD = tokens.api_token("good"), tokens.api_token("bad")


class Auth(Upstream):
    """auth-service as far as the gateway asks it."""

    def __init__(self):
        self.known = {GOOD: 7}
        self.is_down = False
        self.expires_in = 300
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(self._introspect)

    def _introspect(self, request):
        assert request.line.startswith("POST /api/v1/tokens/introspect ")
        self.gate.wait(20)
        if self.is_down:
            return reply("{}", status="500 Internal Server Error")
        user = self.known.get(json.loads(request.body)["token"])
        if user is None:
            return reply(json.dumps({"active": False}))
        return reply(json.dumps({"active": True, "access": tokens.mint(user, scope="ticket.view"),
                                 "expires_in": self.expires_in, "token_id": "1"}))


@pytest.fixture
def auth():
    with Auth() as upstream:
        yield upstream
        upstream.gate.set()


@pytest.fixture
def gateway(auth):
    with Upstream() as upstream:
        services = [service("s", upstream, route("/guarded"), plugins=[plugin("jwt", cookie_names=["access_token"])]),
                    service("o", upstream, route("/open"), plugins=[plugin("jwt", anonymous="guest")])]
        with Gateway(services=services, consumers=[consumer("${JWT_SECRET}"), {"username": "guest"}],
                     env={"AUTH_SERVICE_URL": f"http://{auth.address}", "REGISTRY_URL": ""}) as program:
            yield program


def seen(answer, name):
    return dict((key.lower(), value) for key, value in answer.json()["headers"]).get(name)


def test_the_service_gets_the_jwt_in_its_place(gateway, auth):
    for _ in range(3):
        answer = gateway.http.get("/guarded", 200, headers=bearer(GOOD))
        scheme, token = seen(answer, "authorization").split()
        assert scheme == "Bearer" and tokens.decode(token)["user_id"] == 7
        assert seen(answer, "x-consumer-username") == "people"
    assert len(auth.requests) == 1
    asked = auth.requests[0]
    claims = tokens.decode(asked.get("Authorization").split()[1])
    assert claims["token_type"] == "service" and claims["sub"] == "gateway"


def test_an_unknown_token_is_refused_and_remembered(gateway, auth):
    for _ in range(2):
        answer = gateway.http.get("/guarded", headers=bearer(BAD))
        check_error(answer, 401, "UNAUTHENTICATED")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert len(auth.requests) == 1


def test_auth_service_down_is_503_and_asked_again(gateway, auth):
    auth.is_down = True
    answer = gateway.http.get("/guarded", headers=bearer(GOOD))
    check_error(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    auth.is_down = False
    gateway.http.get("/guarded", 200, headers=bearer(GOOD))


def test_an_answer_about_to_expire_is_not_kept(gateway, auth):
    auth.expires_in = 3
    for _ in range(2):
        gateway.http.get("/guarded", 200, headers=bearer(GOOD))
    assert len(auth.requests) == 2


def test_requests_with_one_token_share_one_call(gateway, auth):
    auth.gate.clear()
    clients = [gateway.raw() for _ in range(8)]
    for client in clients:
        client.send(f"GET /guarded HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GOOD}\r\n\r\n".encode())
    wait_for(lambda: len(auth.requests) == 1, what="the call")
    # some leave before the answer
    for client in clients[:4]:
        client.close()
    auth.gate.set()
    for client in clients[4:]:
        assert client.answer().status == 200
        client.close()
    assert len(auth.requests) == 1


def test_pipelined_requests_wait_in_order(gateway, auth):
    auth.gate.clear()
    with gateway.raw() as client:
        client.send(f"GET /guarded/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GOOD}\r\n\r\n"
                    "GET /open/2 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_for(lambda: len(auth.requests) == 1, what="the call")
        auth.gate.set()
        assert [client.answer().json()["line"].split()[1] for _ in range(2)] == ["/1", "/2"]


def test_a_body_waits_with_its_request(gateway, auth):
    auth.gate.clear()
    with gateway.raw() as client:
        client.send(f"POST /guarded HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GOOD}\r\n"
                    "Content-Length: 200000\r\n\r\n".encode() + b"x" * 100000)
        wait_for(lambda: len(auth.requests) == 1, what="the call")
        auth.gate.set()
        client.send(b"x" * 100000)
        assert len(client.answer().json()["body"]) == 200000


def test_what_cannot_be_a_token_is_not_asked_about(gateway, auth):
    for text in ("tts_", GOOD[:-1], GOOD + "0", GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), "tts_" + "x" * 8000):
        check_error(gateway.http.get("/guarded", headers=bearer(text)), 401, "UNAUTHENTICATED")
    assert not auth.requests


def test_optional_tokens(gateway, auth):
    answer = gateway.http.get("/open", 200)
    assert seen(answer, "x-consumer-username") == "guest" and seen(answer, "x-anonymous-consumer") == "true"
    answer = gateway.http.get("/open", 200, headers=bearer("nonsense"))
    assert seen(answer, "x-consumer-username") == "guest" and seen(answer, "authorization") == "Bearer nonsense"
    answer = gateway.http.get("/open", 200, headers=bearer(tokens.mint(7)))
    assert seen(answer, "x-consumer-username") == "people" and seen(answer, "x-anonymous-consumer") is None
    answer = gateway.http.get("/open", 200, headers=bearer(GOOD))
    assert seen(answer, "x-consumer-username") == "people"
    assert seen(gateway.http.get("/open", 200, headers=bearer(BAD)), "x-consumer-username") == "guest"


def test_personal_tokens_never_reach_the_log(gateway):
    gateway.http.get("/guarded", headers=bearer(BAD))
    assert BAD not in gateway.log_text()
