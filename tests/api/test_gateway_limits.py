"""Rate limits: whom they count, what they say, and what several gateways count together."""
import collections
import json
import threading
import time

import pytest
import requests

from gateway_support import Gateway, Raw, Upstream, bearer, consumer, plugin, reply, route, service
from lib import tokens
from lib.http import check_error
from lib.service import Service
from lib.wait import wait_for


def enter_window(seconds, needed=20):
    """Waits until the present window of the clock lasts long enough for a test."""
    wait_for(lambda: seconds - time.time() % seconds > needed, needed + 10, "the next window")


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as echo:
        yield echo


class Registry(Upstream):
    """registry-service as far as limits go: one store for all gateways."""

    def __init__(self, port=0):
        self.totals = collections.Counter()
        self.calls = []  # (time, sender's token id, counters)
        self.lock = threading.Lock()
        self.is_down = False
        super().__init__(self._answer, port=port)

    def _answer(self, request):
        if not request.line.startswith("POST /registry/limits/sync "):
            return reply(json.dumps({"count": 0, "services": []}))
        if self.is_down:
            return reply("{}", status="503 Service Unavailable")
        claims = tokens.decode(request.get("Authorization").split()[1])
        assert claims["token_type"] == "service" and claims["sub"] == "gateway"
        with self.lock:
            answer = []
            for counter in json.loads(request.body)["counters"]:
                assert set(counter) == {"key", "window", "window_start", "add"}
                assert counter["add"] > 0 and len(counter["key"]) <= 128
                key = counter["key"], counter["window"], counter["window_start"]
                self.totals[key] += counter["add"]
                answer.append({"key": key[0], "window": key[1], "window_start": key[2], "total": self.totals[key]})
            self.calls.append((time.monotonic(), claims["jti"], answer))
        return reply(json.dumps({"counters": answer}))

    def total(self):
        with self.lock:
            return sum(self.totals.values())


@pytest.fixture
def registry():
    with Registry() as one:
        yield one


def sharing(upstream, registry, sync_ms=50, **limits):
    """A gateway with a limit it shares."""
    return Gateway(services=[service("s", upstream, route("/"))],
                   plugins=[plugin("rate-limiting", limit_by="ip", policy="cluster", **limits)],
                   env={"REGISTRY_URL": f"http://{registry.address}", "RATE_LIMIT_SYNC_MS": sync_ms,
                        "REGISTRY_POLL_MS": 60000})


# ---- the fleet's own limits -------------------------------------------------------------------------

@pytest.fixture
def fleet(upstream):
    env = {f"{name}_SERVICE_URL": f"http://{upstream.address}"
           for name in ("AUTH", "HELPDESK", "WORKFLOW", "MESSAGING", "NOTIFICATION")}
    env.update(REGISTRY_URL="", RATE_LIMIT_LOGIN_PER_MINUTE=3, RATE_LIMIT_USER_PER_HOUR=4,
               GATEWAY_TRUSTED_PROXIES="127.0.0.1")
    with Service("gateway", env=env) as program:
        yield program


def test_logins_are_limited_by_address_on_all_paths_together(fleet):
    enter_window(60)
    here = {"X-Forwarded-For": "192.0.2.1"}
    for left, path in ((2, "/token/"), (1, "/api/v1/auth/login"), (0, "/auth/login")):
        answer = fleet.http.post(path, {}, 200, headers=here)
        assert answer.headers["RateLimit-Limit"] == answer.headers["X-RateLimit-Limit-Minute"] == "3"
        assert answer.headers["RateLimit-Remaining"] == str(left)
    for path in ("/token", "/auth/login/", "/api/auth/login", "/api/auth/token", "/api/v1/users/login/",
                 "/auth/api/v1/users/login", "/api/v1/token/obtain/", "/api/v1/auth/login"):
        answer = fleet.http.post(path, {}, headers=here)
        check_error(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    # others, and what is no login
    fleet.http.post("/token/", {}, 200, headers={"X-Forwarded-For": "192.0.2.2"})
    for path in ("/token/refresh/", "/token/verify/", "/api/auth/token/refresh/", "/auth/register",
                 "/api/v1/auth/refresh"):
        fleet.http.post(path, {}, 200, headers=here)
    fleet.http.get("/auth/me", 200, headers=here)


def test_a_preflight_is_no_login(fleet):
    enter_window(60)
    for _ in range(5):
        fleet.http.options("/token/", 200, headers={"Origin": "http://localhost:1000",
                                                    "Access-Control-Request-Method": "POST"})
    assert fleet.http.post("/token/", {}, 200).headers["RateLimit-Remaining"] == "2"


def test_users_are_limited_over_all_surfaces_together(fleet):
    enter_window(3600)
    one, other = bearer(tokens.mint(1)), bearer(tokens.mint(2))
    for left, path in ((3, "/api/v1/tickets"), (2, "/tasks/logs/"), (1, "/tickets"), (0, "/auth/me")):
        answer = fleet.http.get(path, 200, headers=one)
        assert answer.headers["RateLimit-Limit"] == answer.headers["X-RateLimit-Limit-Hour"] == "4"
        assert answer.headers["RateLimit-Remaining"] == str(left)
    answer = fleet.http.get("/api/v1/notifications", headers=one)
    check_error(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    fleet.http.get("/tickets", 429, headers={"Cookie": "access_token=" + one["Authorization"].split()[1]})
    fleet.http.get("/api/v1/tickets", 200, headers=other)


def test_nobody_in_particular_is_not_limited(fleet):
    for path in ("/tickets", "/api/v1/kb/articles", "/health", "/auth/me"):
        for _ in range(6):
            assert "RateLimit-Limit" not in fleet.http.get(path, 200).headers
    service_token = bearer(tokens.mint_service())
    for _ in range(6):
        fleet.http.get("/api/v1/tickets", 200, headers=service_token)


def test_zero_turns_a_limit_off(upstream):
    env = {"AUTH_SERVICE_URL": f"http://{upstream.address}", "REGISTRY_URL": "", "RATE_LIMIT_LOGIN_PER_MINUTE": 0,
           "RATE_LIMIT_USER_PER_HOUR": 0}
    with Service("gateway", env=env) as program:
        for _ in range(25):
            assert "RateLimit-Limit" not in program.http.post("/token/", {}, 200).headers
        program.http.as_user(1).get("/api/v1/users", 200)


# ---- the plugin -------------------------------------------------------------------------------------

def test_every_window_is_told_and_the_tightest_counts(upstream):
    limits = {"second": 1000, "minute": 900, "hour": 800, "day": 2, "month": 600, "year": 500}
    with Gateway(services=[service("s", upstream, route("/"))],
                 plugins=[plugin("rate-limiting", limit_by="ip", **limits)]) as program:
        enter_window(86400)
        answer = program.http.get("/", 200)
        for name, limit in limits.items():
            assert answer.headers[f"X-RateLimit-Limit-{name.capitalize()}"] == str(limit)
            assert answer.headers[f"X-RateLimit-Remaining-{name.capitalize()}"] == str(limit - 1)
        assert answer.headers["RateLimit-Limit"] == "2" and answer.headers["RateLimit-Remaining"] == "1"
        program.http.get("/", 200)
        refused = program.http.get("/", 429)
        # a refused request takes nothing from the other windows
        assert refused.headers["X-RateLimit-Remaining-Year"] == "497"
        assert program.http.get("/", 429).headers["X-RateLimit-Remaining-Year"] == "497"


@pytest.mark.parametrize("config, same, other", [
    ({"limit_by": "ip"}, {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}),
    ({"limit_by": "ip"}, {"X-Forwarded-For": "2001:db8:1:2:3::4"}, {"X-Forwarded-For": "2001:db8:1:3::4"}),
    ({"limit_by": "header", "header_name": "X-Key"}, {"X-Key": "a"}, {"X-Key": "b"}),
    ({"limit_by": "header", "header_name": "X-Key"}, {"X-Forwarded-For": "192.0.2.1"}, {"X-Key": "192.0.2.1"}),
    ({"limit_by": "consumer"}, bearer(tokens.mint(1)), bearer(tokens.mint(2))),
    ({"limit_by": "user"}, bearer(tokens.mint(1)), bearer(tokens.mint(2))),
    ({"limit_by": "credential"}, bearer(tokens.mint(1)), {"X-Forwarded-For": "192.0.2.1"}),
], ids=["ip", "ipv6", "header", "header-or-ip", "consumer", "user", "credential"])
def test_whom_a_limit_counts(upstream, config, same, other):
    enter_window(3600)
    with Gateway(services=[service("s", upstream, route("/"), plugins=[plugin("jwt", anonymous="guest")])],
                 consumers=[consumer("${JWT_SECRET}"), {"username": "guest"}],
                 plugins=[plugin("rate-limiting", hour=1, **config)],
                 env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}) as program:
        program.http.get("/", 200, headers=same)
        if "2001:db8:1:2:3::4" in same.values():
            same = {"X-Forwarded-For": "2001:db8:1:2:ffff::1"}  # the same subscriber
        program.http.get("/", 429, headers=same)
        program.http.get("/", 200, headers=other)


def test_by_path_and_by_service(upstream):
    enter_window(3600)
    services = [service("p", upstream, route("/p"), plugins=[
        plugin("rate-limiting", hour=1, limit_by="path", path="/p/one")]),
                service("s", upstream, route("/s"), plugins=[plugin("rate-limiting", hour=1, limit_by="service")])]
    with Gateway(services=services, env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}) as program:
        def ask(path, address):
            return program.http.get(path, headers={"X-Forwarded-For": address}).status_code
        assert [ask("/p/one", "192.0.2.1"), ask("/p/one", "192.0.2.2")] == [200, 429]
        assert [ask("/p/two", "192.0.2.1"), ask("/p/two", "192.0.2.1"), ask("/p/two", "192.0.2.2")] == [200, 429, 200]
        assert [ask("/s", "192.0.2.1"), ask("/s/x", "192.0.2.2")] == [200, 429]


def test_the_answer_can_be_chosen(upstream):
    enter_window(3600)
    with Gateway(services=[service("s", upstream, route("/"))], plugins=[
            plugin("rate-limiting", hour=1, limit_by="ip", error_code=503, error_message="come back later",
                   hide_client_headers=True)]) as program:
        program.http.get("/", 200)
        answer = program.http.get("/", 503)
        assert answer.json()["message"] == "come back later" and answer.json()["code"] == "RATE_LIMIT_EXCEEDED"
        assert "RateLimit-Limit" not in answer.headers and int(answer.headers["Retry-After"]) > 0


def test_a_reload_hands_out_no_fresh_allowance(upstream):
    enter_window(3600)
    document = {"services": [service("s", upstream, route("/"))],
                "plugins": [plugin("rate-limiting", hour=1, limit_by="ip")]}
    with Gateway(**document) as program:
        program.http.get("/", 200)
        admin = f"http://127.0.0.1:{program.admin_port}/config"
        assert requests.post(admin, json={"_format_version": "3.0", **document}, timeout=10).status_code == 201
        program.http.get("/", 429)


# ---- precedence -------------------------------------------------------------------------------------

PRECEDENCE = [  # Kong's, from the least to the most specific
    (), ("service",), ("route",), ("consumer",), ("route", "service"), ("consumer", "service"), ("consumer", "route"),
    ("consumer", "route", "service"),
]


@pytest.mark.parametrize("count", range(1, len(PRECEDENCE) + 1))
def test_the_most_specific_configuration_runs(upstream, count):
    names = {"service": "s", "route": "r", "consumer": "people"}
    plugins = [{**plugin("rate-limiting", hour=100 + i), **{kind: {"name": names[kind]} if kind != "consumer" else
                                                             {"username": names[kind]} for kind in scope}}
               for i, scope in enumerate(PRECEDENCE[:count])]
    services = [service("s", upstream, route("/", name="r"), plugins=[plugin("jwt")]),
                service("t", upstream, route("/other", name="o"))]
    with Gateway(services=services, consumers=[consumer("${JWT_SECRET}")], plugins=plugins[::-1]) as program:
        answer = program.http.get("/", 200, headers=bearer(tokens.mint(1)))
        assert answer.headers["RateLimit-Limit"] == str(100 + count - 1)
        assert program.http.get("/other", 200).headers["RateLimit-Limit"] == "100"


# ---- several gateways -------------------------------------------------------------------------------

def test_gateways_know_of_each_other(upstream, registry):
    """One after the other: the first takes all, and each of the others learns of it by its first request."""
    enter_window(3600)
    with sharing(upstream, registry, hour=10) as a, sharing(upstream, registry, hour=10) as b, \
            sharing(upstream, registry, hour=10) as c:
        for _ in range(10):
            a.http.get("/", 200)
        a.http.get("/", 429)
        wait_for(lambda: registry.total() == 10, what="the counts of a")
        for late, total in ((b, 11), (c, 12)):
            late.http.get("/", 200)
            wait_for(lambda: registry.total() == total, what="the count of another")  # pylint: disable=cell-var-from-loop
            wait_for(lambda: late.http.get("/").status_code == 429, what="its knowledge")  # pylint: disable=cell-var-from-loop
        assert registry.total() == 12  # limit + (gateways - 1) * one request each
        for program in (a, b, c):
            program.http.get("/", 429)
            assert "gateway_rate_limit_synced 1" in program.http.get("/metrics", 200).text


def test_overshoot_stays_within_its_bound(upstream, registry):
    """Three gateways under load at once let pass at most (n - 1) times what one passes between two answers
    of the store."""
    enter_window(3600)
    limit, passed = 300, {}
    with sharing(upstream, registry, hour=limit) as a, sharing(upstream, registry, hour=limit) as b, \
            sharing(upstream, registry, hour=limit) as c:
        def drive(program):
            times = passed.setdefault(program.port, [])
            with Raw(program.port, 30) as client:
                refused = 0
                while refused < 20:
                    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    if client.answer().status == 200:
                        times.append(time.monotonic())
                        refused = 0
                    else:
                        refused += 1
        threads = [threading.Thread(target=drive, args=(program,)) for program in (a, b, c)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(lambda: registry.total() == sum(map(len, passed.values())), what="all counts")
    total = sum(map(len, passed.values()))
    # the longest time that one gateway went without an answer, and what passed in any such time
    calls = collections.defaultdict(list)
    begun = min(times[0] for times in passed.values())
    for at, sender, _ in registry.calls:
        calls[sender].append(at)
    gap = max(later - sooner for times in calls.values() for sooner, later in zip([begun, *times], times))
    worst = max(sum(1 for t in times if start <= t <= start + 2 * gap) for times in passed.values() for start in times)
    assert len(calls) == 3
    assert limit <= total <= limit + 2 * min(limit, worst), (total, worst, gap)


def test_without_the_registry_each_counts_alone_and_tells_later(upstream):
    enter_window(3600)
    with Registry() as registry:
        registry.is_down = True
        with sharing(upstream, registry, hour=5) as a:
            for _ in range(5):
                a.http.get("/", 200)
            a.http.get("/", 429)
            wait_for(lambda: "gateway_rate_limit_synced 0" in a.http.get("/metrics", 200).text, what="the metric")
            assert "rate limits are counted alone" in a.log_text()
            assert registry.total() == 0
            registry.is_down = False
            wait_for(lambda: registry.total() == 5, what="what was counted meanwhile")
            wait_for(lambda: "gateway_rate_limit_synced 1" in a.http.get("/metrics", 200).text, what="the metric")


def test_counts_are_told_at_the_end(upstream, registry):
    enter_window(3600)
    with sharing(upstream, registry, sync_ms=60000, hour=50) as a:
        for _ in range(3):
            a.http.get("/", 200)
    assert registry.total() == 3


def test_with_the_real_store(upstream, registry_service):
    enter_window(3600)
    with sharing(upstream, registry_service, hour=6) as a, sharing(upstream, registry_service, hour=6) as b:
        for _ in range(6):
            a.http.get("/", 200)
        a.http.get("/", 429)
        wait_for(lambda: "gateway_rate_limit_sync_seconds_count" in a.http.get("/metrics", 200).text, what="a sync")
        wait_for(lambda: b.http.get("/").status_code == 429, what="the other's knowledge")


@pytest.fixture
def registry_service(infra):
    with Service("registry-service", infra.database("limits")) as program:
        program.address = f"127.0.0.1:{program.port}"
        yield program
