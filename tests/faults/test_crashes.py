"""Whatever is killed, at whatever moment: nothing acknowledged is lost, nothing is done twice."""
import threading
import uuid

import pytest
import requests

from lib.consistency import check_consistency
from lib.http import check_error
from lib.wait import wait_for

TICKET = {"subject": "Crash test", "description": "Does it survive?", "category": "IT Support",
          "sub_category": "Technical Assistance", "department": "IT Department", "priority": "Medium"}


class Load:
    """Opens tickets one after the other until told to stop. An Idempotency-Key makes repeating safe."""

    def __init__(self, fleet, token):
        self.url, self.token = fleet["helpdesk-service"].url, token
        self.numbers, self.problems = [], []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _open(self, key):
        while not self._stop.is_set() or not self.numbers:
            try:
                answer = requests.post(self.url + "/api/v1/tickets", json=TICKET, timeout=30, headers={
                    "Authorization": f"Bearer {self.token}", "Idempotency-Key": key})
            except requests.RequestException:
                self._stop.wait(0.05)
                continue
            if answer.status_code == 201:
                self.numbers.append(answer.json()["ticket_number"])
                return
            if answer.status_code not in (409, 500, 503, 504):
                self.problems.append(answer.text)
            self._stop.wait(0.05)

    def _run(self):
        while not self._stop.is_set():
            self._open(uuid.uuid4().hex)

    def __enter__(self):
        self._thread.start()
        return self

    def wait_for_more(self, count=5):
        wanted = len(self.numbers) + count
        wait_for(lambda: len(self.numbers) >= wanted, what=f"{count} more tickets")

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive() and not self.problems, self.problems[:3]


@pytest.fixture(scope="module")
def employee(fragile_fleet):
    return fragile_fleet.login("employee@example.com").token


@pytest.mark.parametrize("victim", ["workflow-service", "helpdesk-service", "notification-service", "auth-service",
                                    "registry-service", "messaging-service", "gateway"])
def test_a_killed_program_loses_and_doubles_nothing(fragile_fleet, employee, victim):
    with Load(fragile_fleet, employee) as load:
        load.wait_for_more()
        for _ in range(2):
            fragile_fleet[victim].kill()
            if victim != "helpdesk-service":
                load.wait_for_more(3)
            fragile_fleet[victim].start(ready=False)
            load.wait_for_more(3)
        fragile_fleet[victim].wait_ready()
    check_consistency(fragile_fleet, load.numbers)


def test_a_killed_broker_delays_only(own_servers, fragile_fleet, employee):
    with Load(fragile_fleet, employee) as load:
        load.wait_for_more()
        own_servers.kill("rabbitmq")
        load.wait_for_more(2)
        own_servers.start("rabbitmq")
        load.wait_for_more(3)
    for program in fragile_fleet.programs.values():
        program.wait_ready()
    check_consistency(fragile_fleet, load.numbers)


def helpdesk_list(fleet, token):
    """The first refused answer, once the loss has been noticed."""
    def refused():
        answer = fleet["helpdesk-service"].http.with_token(token).get("/api/v1/tickets")
        return [answer] if answer.status_code != 200 else None  # an error answer is false by itself
    return wait_for(refused, what="a refusal")[0]


def test_a_killed_database_is_said_so_and_comes_back(own_servers, fragile_fleet, employee):
    helpdesk = fragile_fleet["helpdesk-service"]
    with Load(fragile_fleet, employee) as load:
        load.wait_for_more()
        own_servers.kill("postgres")
        check_error(helpdesk_list(fragile_fleet, employee), 503, "SERVICE_UNAVAILABLE")
        own_servers.start("postgres")
        load.wait_for_more(3)
    for program in fragile_fleet.programs.values():
        program.wait_ready()
    assert helpdesk.is_running()
    check_consistency(fragile_fleet, load.numbers)


def test_without_a_database_requests_are_refused_at_once(infra, start_service):
    service = start_service("helpdesk-service", env={"DB_URL": "postgresql://x:x@127.0.0.1:1/x"}, ready=False)
    refused = service.http.as_user(1).get("/api/v1/tickets")
    check_error(refused, 503, "SERVICE_UNAVAILABLE")
    assert int(refused.headers["Retry-After"]) > 0
    ready = service.http.get("/ready")
    assert ready.status_code == 503 and ready.json()["checks"]["database"]["status"] == "failed"
    service.http.get("/health", expect=200)
