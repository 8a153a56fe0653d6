"""Upstreams named like a registered service take their targets from the registry."""
import json
import statistics
import time

import pytest

from gateway_support import Gateway, Upstream, reply, route, service
from lib.ports import free_ports
from registry_support import register, status_of
from lib.wait import wait_for


def record(name, upstream, **fields):
    return {"name": name, "host": "127.0.0.1", "port": upstream.port, "status": "healthy", **fields}


class Registry(Upstream):
    """A registry without watches, with the records of a list."""

    def __init__(self, records=(), port=0):
        self.records = list(records)
        self.status = "200 OK"
        super().__init__(self.list, port=port)

    def list(self, request):
        if request.method != "GET":  # the gateway registers itself too
            return reply("{}", "201 Created")
        if request.target.startswith("/registry/watch"):
            return reply("{}", "404 Not Found")
        assert request.target == "/services"
        return reply(json.dumps({"count": len(self.records), "services": self.records}), self.status)

    def wait_for_looks(self):
        before = len(self.requests)
        wait_for(lambda: len(self.requests) > before + 2, what="more looks")


def named(name):
    return Upstream(lambda _: reply(name))


def test_look_up():
    with named("configured") as configured, named("one") as one, named("two") as two, Registry() as registry:
        upstreams = [{"name": "desk", "targets": [{"target": configured.address}]}]
        services = [service("desk", None, route("/"), host="desk")]
        with Gateway(upstreams=upstreams, services=services,
                     env={"REGISTRY_URL": f"http://127.0.0.1:{registry.port}", "REGISTRY_POLL_MS": "50"}) as program:
            def answers():
                return {program.http.get("/", 200).text for _ in range(6)}
            assert answers() == {"configured"}
            registry.records = [record("desk", one), record("other", two)]
            wait_for(lambda: answers() == {"one"}, what="the instance is used")
            registry.records = [record("desk", one), record("desk", two, port=str(two.port))]
            wait_for(lambda: answers() == {"one", "two"}, what="both instances are used")
            registry.records = [record("desk", one, status="unhealthy"), record("desk", two)]
            wait_for(lambda: answers() == {"two"}, what="the unhealthy one is left out")
            # broken answers change nothing
            registry.records = [{"name": "desk"}, 7, {"name": "desk", "host": "x", "port": "99999999", "status": "healthy"},
                                record("desk", two)]
            registry.wait_for_looks()
            assert answers() == {"two"}
            registry.status = "500 Internal Server Error"
            registry.records = []
            registry.wait_for_looks()
            assert answers() == {"two"}
            # while it is away the last known instances stay
            registry.close()
            wait_for(lambda: "the registry is away" in program.log_text(), what="it is noticed")
            assert answers() == {"two"}
            with Registry(port=registry.port):
                wait_for(lambda: answers() == {"configured"}, what="an empty registry means the configured address")


def test_a_registered_instance_that_dies_is_left_out():
    with named("one") as one, named("two") as two, Registry() as registry:
        registry.records = [record("desk", one), record("desk", two)]
        with Gateway(upstreams=[{"name": "desk", "targets": []}], services=[service("desk", None, route("/"), host="desk")],
                     env={"REGISTRY_URL": f"http://127.0.0.1:{registry.port}", "REGISTRY_POLL_MS": "50"}) as program:
            wait_for(lambda: {program.http.get("/").text for _ in range(6)} == {"one", "two"}, what="both are used")
            one.close()
            assert {program.http.get("/", 200).text for _ in range(10)} == {"two"}


def test_the_environment_gives_the_address_of_an_upstream():
    with named("file") as file, named("environment") as environment:
        port, = free_ports(1)
        upstreams = [{"name": "auth-service", "targets": [{"target": file.address}]},
                     {"name": "mine", "targets": [{"target": file.address}]}]
        services = [service("a", None, route("/a"), host="auth-service"), service("m", None, route("/m"), host="mine"),
                    service("h", None, route("/h"), host="helpdesk-service", port=port)]
        with Gateway(upstreams=upstreams, services=services,
                     env={"AUTH_SERVICE_URL": f"http://{environment.address}",
                          "HELPDESK_SERVICE_URL": f"http://{environment.address}/"}) as program:
            assert program.http.get("/a", 200).text == "environment"
            assert program.http.get("/m", 200).text == "file"
            assert program.http.get("/h", 200).text == "environment"


def test_an_upstream_without_targets_is_unavailable():
    with Gateway(upstreams=[{"name": "empty"}], services=[service("e", None, route("/"), host="empty")]) as program:
        answer = program.http.get("/", 503)
        assert answer.json()["message"] == "failure to get a peer from the ring-balancer"


# ---- with real registries -------------------------------------------------------------------------

# The upstreams here answer any path, so checks find them well; rare ones, so that only a report can be quick.
SLOW = {"CHECK_INTERVAL": "60s"}


@pytest.fixture(scope="module")
def registries(start_service):
    return [start_service("registry-service", SLOW) for _ in range(2)]


@pytest.fixture
def gateway(registries):
    urls = ", ".join(program.url for program in registries)
    with named("configured") as configured, \
            Gateway(upstreams=[{"name": "desk", "targets": [{"target": configured.address}]}],
                    services=[service("desk", None, route("/"), host="desk")],
                    env={"REGISTRY_URL": urls, "REGISTRY_POLL_MS": "60000"}) as program:
        yield program
    for one in registries:
        one.http.delete("/deregister/desk")


def watched(registries):
    return [program.http.get("/registry/status").json()["polls"] for program in registries]


def test_the_gateway_knows_of_a_change_at_another_replica_within_100_ms(gateway, registries):
    """The median, from the moment of the change to the first answer of the new instance; the hard bound is for a
    machine that is busy."""
    took = []
    wait_for(lambda: sum(watched(registries)) == 1)
    with named("one") as one, named("two") as two:
        changed = registries[watched(registries).index(0)]
        for number in range(20):
            upstream, name = ((one, "one"), (two, "two"))[number % 2]
            started = time.monotonic()
            register(changed, "desk", upstream.port, instance="i")
            wait_for(lambda: gateway.http.get("/", 200).text == name, interval=0.001)  # pylint: disable=cell-var-from-loop
            took.append(time.monotonic() - started)
    print(f"change to gateway: median {statistics.median(took) * 1000:.1f} ms, longest {max(took) * 1000:.1f} ms")
    assert statistics.median(took) < 0.1
    assert max(took) < 10


def test_a_registry_that_dies_is_replaced_by_another_and_with_none_the_last_instances_stay(gateway, registries):
    with named("one") as one, named("two") as two:
        register(registries[0], "desk", one.port, instance="i")
        wait_for(lambda: gateway.http.get("/", 200).text == "one")
        wait_for(lambda: sum(watched(registries)) == 1)
        used = watched(registries).index(1)
        dying, other = registries[used], registries[1 - used]
        dying.kill()
        try:
            register(other, "desk", two.port, instance="i")
            wait_for(lambda: gateway.http.get("/", 200).text == "two")
            wait_for(lambda: other.http.get("/registry/status").json()["polls"] == 1)
            other.kill()
            wait_for(lambda: "the registry is away" in gateway.log_text())
            assert {gateway.http.get("/", 200).text for _ in range(20)} == {"two"}
        finally:
            for program in (dying, other):
                if not program.is_running():
                    program.start()
        register(other, "desk", one.port, instance="i")
        wait_for(lambda: gateway.http.get("/", 200).text == "one")


def test_a_dead_instance_is_reported_and_comes_back_by_itself(gateway, registries):
    with named("one") as one, named("two") as two:
        register(registries[0], "desk", one.port, instance="one")
        register(registries[0], "desk", two.port, instance="two")
        wait_for(lambda: {gateway.http.get("/", 200).text for _ in range(6)} == {"one", "two"})
        # the first check that follows a registration is over, the next one far away
        wait_for(lambda: all(s["lastHealthCheck"] for s in registries[0].http.get("/services").json()["services"]))
        two.close()
        # no request fails for it, and all registries know of it soon
        assert {gateway.http.get("/", 200).text for _ in range(20)} == {"one"}

        def state(program):
            return {s["instance"]: s["status"] for s in program.http.get("/services").json()["services"]
                    if s["name"] == "desk"}

        for program in registries:
            wait_for(lambda: state(program) == {"one": "healthy", "two": "unhealthy"})  # pylint: disable=cell-var-from-loop
        with Upstream(lambda _: reply("two"), port=two.port):
            wait_for(lambda: {gateway.http.get("/", 200).text for _ in range(6)} == {"one", "two"})
            wait_for(lambda: status_of(registries[1], "desk") == "healthy")
