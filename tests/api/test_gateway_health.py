"""Targets leave the rotation when they fail and come back by themselves: by what requests meet, and by checks."""
import socket
import threading

import pytest

from gateway_support import Gateway, Scripted, Upstream, reply, route, service
from lib.http import Client
from lib.wait import wait_for


def named(name, **fields):
    return Upstream(lambda _: reply(name), **fields)


class Switched(Upstream):
    """An upstream whose health can be changed: status of its /health, or silence."""

    def __init__(self, name):
        self.status, self.is_silent, self.checks = "200 OK", False, []
        self.released = threading.Event()
        super().__init__(lambda request: self.respond(name, request))

    def respond(self, name, request):
        if request.target != "/health":
            return reply(name)
        self.checks.append(request)
        if self.is_silent:
            self.released.wait(20)
        return reply(status=self.status)


def pair(a, b, name="pair", **fields):
    return {"name": name, "targets": [{"target": u.address} for u in (a, b)], **fields}


def start(upstream, **fields):
    return Gateway(upstreams=[upstream], services=[service("pair", None, route("/"), host=upstream["name"], **fields)])


def answers(program, count=6):
    return {program.http.get("/", 200).text for _ in range(count)}


def health(program):
    """What the admin API says, by port."""
    data = Client("gateway", f"http://127.0.0.1:{program.admin_port}").get("/upstreams/pair/health", 200).json()["data"]
    return {entry["data"]["port"]: entry["health"] for entry in data}


def active(**fields):
    checks = {"type": "http", "http_path": "/health", "timeout": 10,
              "healthy": {"interval": 1, "successes": 1},
              "unhealthy": {"interval": 1, "http_failures": 1, "tcp_failures": 1, "timeouts": 1}}
    return {"active": {**checks, **fields}}


# ---- by what requests meet --------------------------------------------------------------------------

def test_a_dead_target_leaves_with_its_first_request_and_returns_by_itself():
    """No request pays for finding out: a check of the gateway's own brings it back."""
    with named("a") as a, named("b") as b, start(pair(a, b)) as program:
        assert answers(program) == {"a", "b"}
        a.close()
        for method in ("POST", "GET", "PUT", "POST"):
            assert program.http.request(method, "/", 200).text == "b"
        wait_for(lambda: program.http.get("/", 200).text and health(program)[a.port] == "UNHEALTHY", what="it is shown")
        assert health(program)[b.port] == "HEALTHY"
        with named("a", port=a.port):
            # not one request is sent meanwhile
            wait_for(lambda: health(program)[a.port] == "HEALTHY", what="it is back")
            assert answers(program) == {"a", "b"}


def test_the_last_target_left_is_always_tried():
    with named("a") as a, start({"name": "pair", "targets": [{"target": a.address}]}) as program:
        a.close()
        program.http.get("/", 503)
        with named("a", port=a.port):
            assert program.http.get("/", 200).text == "a"
            wait_for(lambda: health(program)[a.port] == "HEALTHY", what="a response says so too")


def test_passive_checks_count_statuses_and_let_one_request_find_out():
    bad = threading.Event()
    bad.set()
    with Upstream(lambda _: reply("a", "500 Internal Server Error" if bad.is_set() else "200 OK")) as a, named("b") as b:
        rules = {"passive": {"unhealthy": {"http_failures": 3}}}
        with start(pair(a, b, healthchecks=rules)) as program:
            statuses = [program.http.get("/").status_code for _ in range(12)]
            assert 3 <= statuses.count(500) < 6  # a slow run lets one more request find out
            assert health(program) == {a.port: "UNHEALTHY", b.port: "HEALTHY"}
            bad.clear()
            wait_for(lambda: program.http.get("/", 200).text == "a", what="a request finds it well")
            assert health(program)[a.port] == "HEALTHY" and answers(program) == {"a", "b"}


def test_a_success_between_two_failures_starts_the_count_again():
    count = iter(range(1000))
    with Upstream(lambda _: reply("a", "503 Service Unavailable" if next(count) % 2 else "200 OK")) as a:
        rules = {"passive": {"unhealthy": {"http_failures": 2}}}
        with start({"name": "pair", "targets": [{"target": a.address}], "healthchecks": rules}) as program:
            assert {program.http.get("/").text for _ in range(10)} == {"a"}


def test_passive_checks_count_timeouts():
    with Scripted() as a, named("b") as b:
        a.script = lambda connection: (connection.read_request(), connection.recv())
        rules = {"passive": {"unhealthy": {"timeouts": 1}}}
        with start(pair(a, b, healthchecks=rules), read_timeout=2500) as program:
            statuses = [program.http.get("/").status_code for _ in range(4)]
            assert 1 <= statuses.count(504) and statuses.count(200) >= 2
            assert health(program)[a.port] == "UNHEALTHY"


@pytest.mark.parametrize("kind", ["status", "listed"])
def test_which_statuses_count(kind):
    rules = {"passive": {"unhealthy": {"http_failures": 1, "http_statuses": [404] if kind == "listed" else [500]}}}
    with Upstream(lambda _: reply("a", "404 Not Found")) as a, named("b") as b:
        with start(pair(a, b, healthchecks=rules)) as program:
            statuses = [program.http.get("/").status_code for _ in range(8)]
            assert statuses.count(404) < 4 if kind == "listed" else statuses.count(404) == 4


# ---- by checks --------------------------------------------------------------------------------------

def test_active_checks_by_http():
    with Switched("a") as a, Switched("b") as b:
        with start(pair(a, b, healthchecks=active(), host_header="desk.example")) as program:
            wait_for(lambda: a.checks and b.checks, what="both are checked")
            assert a.checks[0].get("Host") == "desk.example" and a.checks[0].get("Connection") == "close"
            assert answers(program) == {"a", "b"}
            a.status = "503 Service Unavailable"
            wait_for(lambda: health(program)[a.port] == "UNHEALTHY", what="the check finds it")
            assert answers(program) == {"b"} and health(program)[b.port] == "HEALTHY"
            b.status = "404 Not Found"
            wait_for(lambda: health(program)[b.port] == "UNHEALTHY", what="the other too")
            answer = program.http.get("/", 503).json()
            assert answer["message"] == "failure to get a peer from the ring-balancer"
            a.status = b.status = "200 OK"
            wait_for(lambda: set(health(program).values()) == {"HEALTHY"}, what="both are back")
            assert answers(program) == {"a", "b"}


def test_the_states_are_metrics():
    with Switched("a") as a, Switched("b") as b, start(pair(a, b, healthchecks=active())) as program:
        def shown():
            lines = [line for line in program.http.get("/metrics", 200).text.splitlines() if "target_health{" in line]
            return {(line.split('target="')[1].split('"')[0], line.split('state="')[1].split('"')[0])
                    for line in lines if line.endswith(" 1")}
        assert shown() == {(a.address, "healthy"), (b.address, "healthy")}
        a.status = "500 Internal Server Error"
        wait_for(lambda: shown() == {(a.address, "unhealthy"), (b.address, "healthy")}, what="the state changes")
        program.write(upstreams=[{"name": "pair", "targets": [{"target": b.address}]}],
                      services=[service("pair", None, route("/"), host="pair")])
        program.process.send_signal(1)
        wait_for(lambda: shown() == {(b.address, "healthy")}, what="a target that has gone is in no state")


def test_a_silent_target_fails_its_check():
    with Switched("a") as a, Switched("b") as b:
        with start(pair(a, b, healthchecks=active(timeout=2))) as program:
            a.is_silent = True
            wait_for(lambda: health(program)[a.port] == "UNHEALTHY", what="the check's time passes")
            wait_for(lambda: answers(program) == {"b"}, what="only the other is used")
            a.released.set()


def test_active_checks_by_connection():
    with named("a") as a, named("b") as b:
        rules = active(type="tcp")
        with start(pair(a, b, healthchecks=rules)) as program:
            wait_for(lambda: a.connections and b.connections, what="both are checked")
            assert not a.requests
            a.close()
            wait_for(lambda: health(program)[a.port] == "UNHEALTHY", what="it is out before any request")
            assert answers(program) == {"b"}
            with named("a", port=a.port):
                wait_for(lambda: answers(program) == {"a", "b"}, what="it is back")


def test_several_results_are_needed():
    with Switched("a") as a, Switched("b") as b:
        rules = active(unhealthy={"interval": 1, "http_failures": 3}, healthy={"interval": 1, "successes": 2})
        with start(pair(a, b, healthchecks=rules)) as program:
            wait_for(lambda: a.checks, what="it is checked")
            a.status = "500 Internal Server Error"
            before = len(a.checks)
            wait_for(lambda: health(program)[a.port] == "UNHEALTHY", what="three failures")
            assert len(a.checks) - before >= 3
            a.status = "200 OK"
            before = len(a.checks)
            wait_for(lambda: health(program)[a.port] == "HEALTHY", what="two successes")
            assert len(a.checks) - before >= 2


def test_too_few_healthy_targets_are_none():
    with Switched("a") as a, Switched("b") as b:
        rules = {"threshold": 60, **active()}
        with start(pair(a, b, healthchecks=rules)) as program:
            program.http.get("/", 200)
            a.status = "500 Internal Server Error"
            wait_for(lambda: program.http.get("/").status_code == 503, what="half is less than 60 %")
            assert health(program)[b.port] == "HEALTHY"


def test_the_state_outlives_a_reload_and_the_checks_go_on():
    with Switched("a") as a, Switched("b") as b:
        upstream = pair(a, b, healthchecks=active())
        services = [service("pair", None, route("/"), host="pair")]
        with Gateway(upstreams=[upstream], services=services) as program:
            a.status = "500 Internal Server Error"
            wait_for(lambda: health(program)[a.port] == "UNHEALTHY", what="it is out")
            a.is_silent = True  # a check is under way while the configuration changes
            before = len(a.checks)
            wait_for(lambda: len(a.checks) > before, what="a check")
            program.write(upstreams=[upstream], services=services + [service("more", None, route("/more"), host="pair")])
            program.process.send_signal(1)
            wait_for(lambda: program.http.get("/more").status_code == 200, what="the new file")
            assert health(program)[a.port] == "UNHEALTHY"
            a.is_silent, a.status = False, "200 OK"
            a.released.set()
            wait_for(lambda: health(program)[a.port] == "HEALTHY", what="the checks go on")


def test_a_stop_waits_for_no_check():
    listener = socket.create_server(("127.0.0.1", 0))
    upstream = {"name": "pair", "targets": [{"target": f"127.0.0.1:{listener.getsockname()[1]}"}],
                "healthchecks": active(timeout=60)}
    with listener, start(upstream) as program:
        wait_for(lambda: listener.accept(), what="a check is under way")
        program.terminate()
        assert program.process.wait(10) == 0
