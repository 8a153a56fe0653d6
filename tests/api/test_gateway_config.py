"""Configurations given to a running gateway: POST /config and SIGHUP, and that a bad one changes nothing."""
import json
import signal
import threading

import pytest
import requests

from gateway_support import Gateway, Upstream, plugin, reply, route, service
from lib.http import Client, check_error
from lib.wait import wait_for


def answering(name):
    return Upstream(lambda request: reply(name))


@pytest.fixture(scope="module")
def one():
    with answering("one") as upstream:
        yield upstream


@pytest.fixture(scope="module")
def two():
    with answering("two") as upstream:
        yield upstream


@pytest.fixture
def gateway(one):
    with Gateway(services=[service("s", one, route("/"))]) as program:
        yield program


@pytest.fixture
def admin(gateway):
    return Client("gateway", f"http://127.0.0.1:{gateway.admin_port}")


def document(upstream, **more):
    return {"_format_version": "3.0", "services": [service("s", upstream, route("/"))], **more}


YAML = """
_format_version: "3.0"
services:
  - name: s
    url: http://127.0.0.1:{port}
    routes:
      - name: all
        paths: [/]
"""


@pytest.mark.parametrize("form", ["json", "kong", "yaml", "multipart", "urlencoded", "raw-urlencoded"])
def test_every_form_of_body(gateway, admin, two, form):
    text = YAML.format(port=two.port)
    arguments = {
        "json": {"json": document(two)},
        "kong": {"json": {"config": text}},
        "yaml": {"data": text, "headers": {"Content-Type": "text/yaml"}},
        "multipart": {"files": {"other": ("x", "y"), "config": ("kong.yml", text)}},
        "urlencoded": {"data": {"config": text}},
        "raw-urlencoded": {"data": text, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    }[form]
    assert gateway.http.get("/", 200).text == "one"
    answer = admin.request("POST", "/config", 201, **arguments)
    assert [s["name"] for s in answer.json()["services"]] == ["s"]
    assert answer.headers["X-Config-Hash"] == admin.get("/status", 200).json()["configuration_hash"]
    assert gateway.http.get("/", 200).text == "two"


def test_sighup_returns_to_the_file(gateway, admin, two):
    admin.post("/config", document(two), 201)
    assert gateway.http.get("/", 200).text == "two"
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: gateway.http.get("/", 200).text == "one", what="the file's upstream")


@pytest.mark.parametrize("text, problem", [
    ("_format_version: '3.0'\nservices:\n  - nam: x\n", 'config:3: services[0]: unknown key "nam"'),
    ("_format_version: '3.0'\nplugins:\n  - name: pre-function\n",
     "config:3: plugin pre-function is not supported; Lua is not run; the jwt plugin reads cookies itself"),
    ("_format_version: '3.0'\nplugins:\n  - name: rate-limiting\n    config: {minute: 5, policy: redis}\n",
     "config:4: rate-limiting.config.policy: must be one of local|cluster"),
    ("_format_version: '2.1'\n", "config:1: _format_version: must be one of 3.0"),
    ("services: [\n", "config:2: not valid YAML"),
    ("_format_version: '3.0'\nroutes:\n  - paths: ['~/(']\n    service: x\n", "config:3: "),
    ("{}", 'config:1: "_format_version" is required'),
])
def test_a_bad_configuration_names_its_line_and_changes_nothing(gateway, admin, text, problem):
    before = admin.get("/status", 200).json()["configuration_hash"]
    answer = admin.request("POST", "/config", json={"config": text})
    body = check_error(answer, 400, "INVALID_INPUT")
    assert body["message"] == "declarative config is invalid"
    assert any(line.startswith(problem) for line in body["details"]["problems"]), body
    assert admin.get("/status", 200).json()["configuration_hash"] == before
    assert gateway.http.get("/", 200).text == "one"


def test_a_file_with_an_error_keeps_what_was_posted(gateway, admin, two):
    admin.post("/config", document(two), 201)
    gateway.file.write_text("_format_version: '3.0'\nservices: 5\n", encoding="utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "services: must be a list" in gateway.log_text(), what="the refusal in the log")
    assert gateway.http.get("/", 200).text == "two"


@pytest.mark.parametrize("body", ["", "   "])
def test_nothing_is_no_configuration(admin, body):
    check_error(admin.request("POST", "/config", data=body), 400, "INVALID_INPUT")


def test_too_large_is_413(admin):
    check_error(admin.request("POST", "/config", data="#" * (8 * 1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("header", [{"Origin": "http://127.0.0.1:8001"}, {"Sec-Fetch-Site": "cross-site"}])
def test_browsers_may_not_post(gateway, admin, two, header):
    check_error(admin.request("POST", "/config", json=document(two), headers=header), 403, "FORBIDDEN")
    assert gateway.http.get("/", 200).text == "one"


def test_other_machines_may_not_post(gateway, admin, two):
    """A proxy on this machine that speaks for another one."""
    answer = admin.request("POST", "/config", json=document(two), headers={"X-Forwarded-For": "192.0.2.7"})
    check_error(answer, 403, "FORBIDDEN")
    assert gateway.http.get("/", 200).text == "one"


def test_no_request_is_dropped(gateway, admin, one, two):
    """Clients on kept-alive connections hammer while configurations alternate."""
    stop, failures, seen = threading.Event(), [], set()

    def hammer():
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    answer = session.get(gateway.url, timeout=20)
                    if answer.status_code != 200:
                        failures.append(answer.status_code)
                    seen.add(answer.text)
                except requests.RequestException as problem:
                    failures.append(problem)
    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for upstream in (two, one) * 15:
        admin.post("/config", document(upstream), 201)
    wait_for(lambda: len(seen) == 2 or failures, what="both upstreams")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures and seen == {"one", "two"}


def test_every_worker_gets_it(one, two):
    with Gateway(services=[service("s", one, route("/"))], env={"WORKERS": 3}) as program:
        def answers(count=40):
            return {requests.get(program.url, timeout=20).text for _ in range(count)}
        admin = f"http://127.0.0.1:{program.admin_port}"
        assert answers() == {"one"}
        assert requests.post(admin + "/config", json=document(two), timeout=20).status_code == 201
        wait_for(lambda: answers() == {"two"}, what="the new configuration in all processes")
        # one that is started again goes on with it
        children = open(f"/proc/{program.process.pid}/task/{program.process.pid}/children", encoding="ascii").read()
        import os
        os.kill(int(children.split()[0]), signal.SIGKILL)
        wait_for(lambda: "started again" in program.log_text(), what="another worker")
        wait_for(lambda: program.log_text().count('"ready"') >= 4, what="the new worker")
        assert answers() == {"two"}
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: answers() == {"one"}, what="the file again")


def test_lists_have_pages(one):
    routes = [route(f"/r{i}") for i in range(7)]
    with Gateway(services=[service("s", one, *routes)]) as program:
        admin = Client("gateway", f"http://127.0.0.1:{program.admin_port}")
        names, path = [], "/routes?size=3"
        while path:
            page = admin.get(path, 200).json()
            assert len(page["data"]) <= 3 and ("offset" in page) == bool(page["next"])
            names += [r["name"] for r in page["data"]]
            path = page["next"]
        assert names == [r["name"] for r in routes]
        assert admin.get("/services/s/routes?size=5", 200).json()["next"] == "/services/s/routes?offset=5&size=5"
        for bad in ("size=0", "size=1001", "size=x", "offset=-1", "offset=x"):
            check_error(admin.get(f"/routes?{bad}"), 400, "INVALID_INPUT")


def test_elements_and_nested_lists(one):
    services = [service("s", one, route("/r", plugins=[plugin("cors")]), plugins=[plugin("prometheus")])]
    people = {"username": "people", "plugins": [{"name": "rate-limiting", "instance_name": "few",
                                                 "config": {"minute": 5}}],
              "jwt_secrets": [{"key": "k", "secret": "s" * 32}]}
    with Gateway(services=services, consumers=[people]) as program:
        admin = Client("gateway", f"http://127.0.0.1:{program.admin_port}")
        assert admin.get("/routes/r/service", 200).json()["name"] == "s"
        assert [p["name"] for p in admin.get("/routes/r/plugins", 200).json()["data"]] == ["cors"]
        assert [p["name"] for p in admin.get("/services/s/plugins", 200).json()["data"]] == ["prometheus"]
        few = admin.get("/consumers/people/plugins", 200).json()["data"][0]
        assert admin.get("/plugins/few", 200).json() == admin.get(f"/plugins/{few['id']}", 200).json() == few
        assert admin.get("/jwts", 200).json()["data"][0]["secret"] == "***"
        for path in ("/services/x", "/routes/x", "/plugins/x", "/consumers/x", "/upstreams/x", "/schemas/x",
                     "/services/x/routes", "/services/x/plugins", "/routes/x/plugins", "/routes/x/service",
                     "/consumers/x/plugins", "/consumers/x/jwt", "/upstreams/x/targets", "/upstreams/x/health",
                     "/schemas/plugins/x"):
            check_error(admin.get(path), 404, "NOT_FOUND")


def test_schemas(gateway, admin):
    fields = {name: field for item in admin.get("/schemas/routes", 200).json()["fields"] for name, field in item.items()}
    assert fields["strip_path"] == {"type": "boolean", "required": False, "default": "true"}
    assert fields["paths"]["type"] == "array" and "snis" not in fields
    fields = {name: field for item in admin.get("/schemas/plugins/rate-limiting", 200).json()["fields"]
              for name, field in item.items()}
    assert "consumer" in fields["limit_by"]["one_of"]
    json.dumps(fields)
