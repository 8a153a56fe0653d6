"""The fleet's OpenAPI document at the gateway, the page that shows it, and the registry's list."""
import json
import os
import re
import subprocess

import pytest
import requests

from gateway_support import Gateway, Upstream, reply, route, service
from lib import tokens
from lib.http import check_error
from lib.paths import SERVICES, WORK, binary
from lib.service import Service
from lib.wait import wait_for

DOCUMENTS = {}


def document(name):
    """What a program says of itself."""
    if name not in DOCUMENTS:
        DOCUMENTS[name] = subprocess.run([binary(name), "--print-openapi"], capture_output=True, check=True, timeout=60).stdout
    return DOCUMENTS[name]


class Part(Upstream):
    """A service that only describes itself, and tells what else it was asked."""

    def __init__(self, name):
        self.name, self.text, self.is_down = name, document(name), False
        super().__init__(self._answer)

    def _answer(self, request):
        if self.is_down:
            return reply("{}", status="503 Service Unavailable")
        if request.line.startswith("GET /openapi.json"):
            return reply(self.text, headers=["Content-Type: application/json"])
        return reply(json.dumps({"service": self.name, "line": request.line, "body": request.body.decode(),
                                 "token": request.get("Authorization")}), headers=["Content-Type: application/json"])


@pytest.fixture(scope="module")
def parts():
    all_parts = {name: Part(name) for name in SERVICES}
    yield all_parts
    for part in all_parts.values():
        part.close()


@pytest.fixture(scope="module")
def gateway(parts):
    env = {name.upper().replace("-", "_") + "_URL": f"http://{part.address}" for name, part in parts.items()}
    env["REGISTRY_URL"] = env.pop("REGISTRY_SERVICE_URL")
    with Service("gateway", env=env) as program:
        yield program


@pytest.fixture(scope="module")
def merged(gateway):
    return gateway.http.get("/openapi.json", 200).json()


# ---- the document -----------------------------------------------------------------------------------

@pytest.mark.parametrize("path, method, owner", [
    ("/api/v1/tickets", "post", "helpdesk-service"), ("/api/v1/auth/login", "post", "auth-service"),
    ("/token", "post", "auth-service"), ("/tasks/owned-tickets", "get", "workflow-service"),
    ("/api/v1/conversations", "get", "messaging-service"), ("/api/v1/notifications", "get", "notification-service"),
    ("/tickets", "get", "helpdesk-service"),
])
def test_surfaces_are_described(merged, path, method, owner):
    assert merged["paths"][path]["x-service"] == owner and method in merged["paths"][path]


def test_every_described_path_leads_to_its_service(gateway, merged):
    assert len(merged["paths"]) > 100
    client = gateway.http.as_user(1)
    for path, item in merged["paths"].items():
        methods = [name for name in item if name != "x-service"]
        assert methods
        for method in methods:
            answer = client.request(method.upper(), re.sub(r"{[^}]*}", "1", path), headers={"Origin": gateway.url})
            assert answer.status_code == 200 and answer.json()["service"] == item["x-service"], (method, path)


def test_what_no_route_reaches_is_left_out(merged):
    for path in ("/register", "/services", "/discover/{name}", "/registry/limits/sync", "/health"):
        assert path not in merged["paths"]


def test_references_are_whole_and_ids_unique(merged):
    text = json.dumps(merged)
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in merged["components"]["schemas"]
    ids = [operation["operationId"] for item in merged["paths"].values() for operation in item.values()
           if isinstance(operation, dict) and "operationId" in operation]
    assert len(ids) > 100 and len(ids) == len(set(ids))
    assert "bearer" in merged["components"]["securitySchemes"]


def test_an_unchanged_document_is_not_sent_again(gateway, merged):
    assert merged
    etag = gateway.http.get("/openapi.json", 200).headers["ETag"]
    answer = gateway.http.get("/openapi.json", 304, headers={"If-None-Match": f'"other", W/{etag}'})
    assert answer.content == b"" and answer.headers["ETag"] == etag
    gateway.http.get("/openapi.json", 200, headers={"If-None-Match": '"other"'})


def test_a_service_that_is_down_leaves_its_last_known_part():
    with Part("registry-service") as part:
        small = {"openapi": "3.1.0", "paths": {"/api/v1/services": {"get": {"operationId": "one"}}}}
        part.text = json.dumps(small)
        with Gateway(services=[service("s", part, route("/api/v1/services", strip_path=False), host="registry-service")],
                     upstreams=[{"name": "registry-service", "targets": [{"target": part.address}]}],
                     env={"REGISTRY_URL": f"http://{part.address}"}) as program:
            def paths():
                return list(program.http.get("/openapi.json", 200).json()["paths"])
            assert paths() == ["/api/v1/services"]
            # the others never answered, so it is made anew every few seconds
            small["paths"]["/api/v1/services/new"] = {"get": {"operationId": "two"}}
            part.text = json.dumps(small)
            wait_for(lambda: len(paths()) == 2, what="the new path")
            part.is_down = True
            asked = len(part.requests)
            wait_for(lambda: paths() and len(part.requests) > asked + 1, what="another try")
            assert len(paths()) == 2
            # new routes show at once
            document_now = {"_format_version": "3.0", "services": [
                service("s", part, route("/moved", name="m", strip_path=True), host="registry-service", path="/api/v1/services")],
                            "upstreams": [{"name": "registry-service"}]}
            requests.post(f"http://127.0.0.1:{program.admin_port}/config", json=document_now, timeout=10).raise_for_status()
            wait_for(lambda: paths() == ["/moved", "/moved/new"], what="the paths of the new routes")


# ---- the registry's list ----------------------------------------------------------------------------

def test_the_registrys_list(gateway):
    body = gateway.http.get("/registry/services", 200).json()
    assert body["service"] == "registry-service" and body["line"] == "GET /services HTTP/1.1"
    gateway.http.post("/registry/services", {}, 405)


def test_the_registrys_list_without_the_registry(parts):
    with Service("gateway") as program:
        body = check_error(program.http.get("/registry/services"), 500, "INTERNAL_ERROR")
        assert body["error"] == "Failed to fetch services from registry" and body["details"]["reason"]
    part = parts["registry-service"]
    part.is_down = True
    try:
        with Service("gateway", env={"REGISTRY_URL": f"http://{part.address}"}) as program:
            body = check_error(program.http.get("/registry/services"), 500, "INTERNAL_ERROR")
            assert "503" in body["details"]["reason"]
    finally:
        part.is_down = False


# ---- the page ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, kind", [("/api/docs", "text/html"), ("/api/docs/", "text/html"),
                                        ("/api/docs/docs.js", "text/javascript"), ("/api/docs/docs.css", "text/css")])
def test_the_files_of_the_page(gateway, path, kind):
    answer = gateway.http.get(path, 200)
    assert answer.headers["Content-Type"].startswith(kind) and answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)
    gateway.http.get(path, 304, headers={"If-None-Match": answer.headers["ETag"]})


def test_no_other_files(gateway):
    for path in ("/api/docs/x", "/api/docs/../openapi", "/api/docs/index.html"):
        gateway.http.get(path, 404)


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="python3-selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
                     "--no-first-run", "--window-size=1200,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


def test_the_page_in_a_browser(gateway, browser, merged):
    def find(selector):
        return browser.find_elements("css selector", selector)

    def visible(selector):
        return [element for element in find(selector) if element.is_displayed()]
    browser.get(gateway.url + "/api/docs/")
    count = sum(len(item) - 1 for item in merged["paths"].values())
    wait_for(lambda: len(find("details.operation")) == count, what="all operations")
    assert find("nav h2") and find("nav a")
    assert browser.execute_script("return document.getElementById('state').textContent") == f"{count} operations"
    # search
    browser.find_element("id", "search").send_keys("post /api/v1/tickets open a ticket")
    wait_for(lambda: 0 < len(visible("details.operation")) < 10, what="those that are looked for")
    found = browser.find_element("id", "post/api/v1/tickets")
    found.find_element("css selector", "summary").click()
    wait_for(lambda: visible("details[open] textarea"), what="its form")
    text = visible("details[open]")[0].text
    for part in ("subject *", "application/json, required", "201", "VALIDATION_ERROR", "permission"):
        assert part in text, part
    # try it
    token = tokens.mint(7)
    browser.find_element("id", "token").send_keys(token)
    area = visible("details[open] textarea")[0]
    assert "subject" in json.loads(area.get_attribute("value"))
    area.clear()
    area.send_keys('{"subject": "from the page"}')
    visible("details[open] button")[0].click()
    answer = wait_for(lambda: visible("details[open] pre.answer"), what="the answer")[0]
    shown = json.loads(answer.text)
    assert shown["line"] == "POST /api/v1/tickets HTTP/1.1" and shown["token"] == f"Bearer {token}"
    assert json.loads(shown["body"]) == {"subject": "from the page"}
    (WORK / "screenshots").mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(os.fspath(WORK / "screenshots" / "docs.png"))
    # nothing was refused by the policy, nothing failed
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
