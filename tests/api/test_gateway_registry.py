"""Upstreams named like a registered service take their targets from the registry."""
import json

from gateway_support import Gateway, Upstream, reply, route, service
from lib.ports import free_ports
from lib.wait import wait_for


def record(name, upstream, **fields):
    return {"name": name, "host": "127.0.0.1", "port": upstream.port, "status": "healthy", **fields}


class Registry(Upstream):
    """A registry with the records of a list."""

    def __init__(self, records=(), port=0):
        self.records = list(records)
        self.status = "200 OK"
        super().__init__(self.list, port=port)

    def list(self, request):
        if request.method != "GET":  # the gateway registers itself too
            return reply("{}", "201 Created")
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
