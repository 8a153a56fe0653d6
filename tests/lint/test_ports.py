"""One port table: the documented ports, PORTS.md, .env, the programs, the images, compose, Kubernetes and
the gateway's routes agree."""
import re

import pytest
import yaml

from csource import ROOT, programs

DOCUMENTED = {
    "GATEWAY": 8080, "GATEWAY_ADMIN": 8001, "GATEWAY_TLS": 8443, "REGISTRY_SERVICE": 3003, "AUTH_SERVICE": 8003,
    "HELPDESK_SERVICE": 5001, "WORKFLOW_SERVICE": 1001, "MESSAGING_SERVICE": 1002, "NOTIFICATION_SERVICE": 1003,
    "POSTGRES": 5433, "RABBITMQ": 5672, "RABBITMQ_MANAGEMENT": 15672, "SMTP": 1025, "MAIL_WEB": 8025,
    "PROMETHEUS": 9090, "GRAFANA": 3030,
    "HELPDESK_WEB": 5000, "WORKFLOW_WEB": 1000,
}
# What the documents of the replaced systems call which program by: deploy/ports.
LAYOUTS = {
    "integration": {"helpdesk-service": [8000], "workflow-service": [8002], "messaging-service": [8005],
                    "notification-service": [8006]},
    "ticketing": {"auth-service": [3001], "helpdesk-service": [3002, 3004, 3005, 3007, 3008],
                  "notification-service": [3006]},
    "platform": {"auth-service": [8081], "notification-service": [8085], "helpdesk-service": [8086, 8088],
                 "messaging-service": [8087]},
}
PROGRAMS = ["gateway", "registry-service", "auth-service", "helpdesk-service", "workflow-service",
            "messaging-service", "notification-service"]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def env_ports():
    return {name: int(port) for name, port in re.findall(r"^(\w+)_PORT=(\d+)$", read(".env"), re.MULTILINE)}


def port_of(program):
    return env_ports()[program.upper().replace("-", "_")]


def test_env_has_the_documented_ports():
    ports = env_ports()
    assert {name: ports.get(name) for name in DOCUMENTED} == DOCUMENTED


def test_no_port_twice():
    ports = list(env_ports().values())
    assert len(ports) == len(set(ports))


def test_ports_page():
    page = {name: int(port) for name, port in re.findall(r"\| `(\w+)_PORT` \| (\d+) \|", read("PORTS.md"))}
    assert page == env_ports()


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_default(program):
    source = read(f"{program}/main.c")
    assert re.search(r"\.default_port = (\d+)", source).group(1) == str(port_of(program))


def test_every_program_is_known():
    assert sorted(folder.name for folder in programs()) == sorted(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_image(program):
    stage = read("deploy/Dockerfile").split(f" AS {program}\n", 1)[1].split("\nFROM ", 1)[0]
    assert f"EXPOSE {port_of(program)}\n" in stage
    assert f"COPY {program} {program}\n" in read("deploy/Dockerfile")
    assert f'HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 CMD ["{program}", "--healthcheck"]' in stage


def compose():
    return yaml.safe_load(read("deploy/compose.yaml"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_compose_program(program):
    service = compose()["services"][program]
    port, name = port_of(program), program.upper().replace("-", "_")
    assert service["environment"]["PORT"] == port
    assert any(f"${{{name}_PORT:-{port}}}:{port}" in mapping for mapping in service["ports"])
    assert service["build"]["target"] == program
    for other in PROGRAMS[1:]:
        assert service["environment"][f"{other.upper().replace('-', '_')}_URL"] == f"http://{other}:{port_of(other)}"


@pytest.mark.parametrize("service, name, inside", [
    ("postgres", "POSTGRES", 5432), ("rabbitmq", "RABBITMQ", 5672), ("rabbitmq", "RABBITMQ_MANAGEMENT", 15672),
    ("mailpit", "SMTP", 1025), ("mailpit", "MAIL_WEB", 8025), ("gateway", "GATEWAY_ADMIN", 8001),
    ("prometheus", "PROMETHEUS", 9090), ("grafana", "GRAFANA", 3000)])
def test_compose_server(service, name, inside):
    wanted = f"127.0.0.1:${{{name}_PORT:-{env_ports()[name]}}}:{inside}"
    assert wanted in compose()["services"][service]["ports"]


def test_compose_publishes_the_gateway_alone_beyond_loopback():
    for name, service in compose()["services"].items():
        for mapping in service.get("ports", []):
            assert mapping.startswith("127.0.0.1:") or (name == "gateway" and mapping.endswith((":8080", ":8443"))), mapping


def test_compose_publishes_every_port_of_the_table():
    published = {name for service in compose()["services"].values() for mapping in service.get("ports", [])
                 for name in re.findall(r"\$\{(\w+)_PORT", mapping)}
    # Of the others, the inter-node ones stay inside a container, and the front ends are reserved.
    assert published == set(env_ports()) - {"RABBITMQ_DIST", "RABBITMQ_EPMD", "HELPDESK_WEB", "WORKFLOW_WEB"}


@pytest.mark.parametrize("layout", sorted(path.stem for path in (ROOT / "deploy" / "ports").glob("*.yaml")))
def test_layout(layout):
    services = yaml.safe_load(read(f"deploy/ports/{layout}.yaml"))["services"]
    assert {name: service["ports"] for name, service in services.items()} == {
        name: [f"127.0.0.1:{port}:{port_of(name)}" for port in ports] for name, ports in LAYOUTS[layout].items()}
    added = [port for ports in LAYOUTS[layout].values() for port in ports]
    assert not set(added) & set(env_ports().values())
    row = re.search(rf"^\| `deploy/ports/{layout}.yaml` \|(.*)$", read("PORTS.md"), re.MULTILINE).group(1)
    assert set(added) <= {int(port) for port in re.findall(r"\d{4}", row)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_kubernetes(program):
    deployment, service, *_ = yaml.safe_load_all(read(f"deploy/k8s/base/{program}.yaml"))
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    port = port_of(program)
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert {"name": "PORT", "value": str(port)} in container["env"]
    assert service["spec"]["ports"] == [{"name": "http", "port": port, "targetPort": "http"}]


def test_kubernetes_addresses():
    base = yaml.safe_load(read("deploy/k8s/base/kustomization.yaml"))
    literals = base["configMapGenerator"][0]["literals"]
    for program in PROGRAMS[1:]:
        assert f"{program.upper().replace('-', '_')}_URL=http://{program}:{port_of(program)}" in literals
    assert {f"{program}.yaml" for program in PROGRAMS} < set(base["resources"])


def test_gateway_routes_name_documented_ports():
    known = set(env_ports().values())
    ports = [int(port) for port in re.findall(r"https?://[\w.-]+:(\d+)|target:\s*[\w.-]+:(\d+)",
                                              read("deploy/gateway/kong.yml")) for port in port if port]
    assert ports and set(ports) <= known
