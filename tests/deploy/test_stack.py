"""docker-compose up, and what happens to people's work when containers die and networks break."""
import json
import os
import re
import subprocess
import sys
import time

import pytest
import requests

from lib.paths import PROGRAMS, ROOT
from lib.wait import wait_for

NEW_TICKET = {"subject": "No connection", "description": "Since this morning", "category": "IT Support",
              "sub_category": "Network Connectivity Issue", "department": "IT Department", "priority": "High"}


def open_ticket(stack, expect=201):
    employee = stack.login("employee@example.com")
    return employee.post("/api/v1/tickets", NEW_TICKET, expect=expect).json()["ticket_number"]


def owner(stack, number):
    employee = stack.login("employee@example.com")
    return employee.get(f"/api/tickets/number/{number}/", expect=200).json()["ticket_owner_id"]


def wait_for_owner(stack, number):
    """The whole way through both queues."""
    return wait_for(lambda: owner(stack, number), 120, f"an owner of {number}", 0.3)


def test_everything_is_ready_on_its_own_port(stack):
    for program in PROGRAMS:
        assert stack.get(program, "/health").json()["service"] == program
        assert stack.get(program, "/version").json()["commit"] == "test"
    assert requests.get(f"http://127.0.0.1:{stack.ports['GATEWAY_ADMIN']}/services", timeout=10).json()["data"]
    for program in PROGRAMS:
        wait_for(lambda name=program: stack.engine.inspect(stack.container(name), "{{.State.Health.Status}}") == "healthy",
                 30, f"{program} is healthy")


def test_containers_are_confined(stack):
    for program in PROGRAMS:
        host = json.loads(stack.engine.inspect(stack.container(program), "{{json .HostConfig}}"))
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["Memory"] and not host["Privileged"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        pid = stack.engine.inspect(stack.container(program), "{{.State.Pid}}")
        status = open(f"/proc/{pid}/status", encoding="ascii").read()
        assert re.search(r"^Uid:\s+10001\s", status, re.M) and re.search(r"^CapEff:\s+0+$", status, re.M), status
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)


def test_the_walkthrough(stack, tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## A ticket's whole life", 1)[1].split("\n## ", 1)[0]
    script = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.S)).replace("http://localhost:8080", stack.url())
    script = script.replace("ls .run/mail | tail -n 3", "true")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in (r"TX\d{14}", r'"ticket_owner_name": "', r'"status": "Closed"', r'"csat_rating": 5', r"John Doe: Thank you!"):
        assert re.search(expected, done.stdout), f"{expected} is not in:\n{done.stdout}\n{done.stderr}"
    number = re.search(r"TX\d{14}", done.stdout).group(0)
    wait_for(lambda: any(number in mail["Subject"] for mail in stack.mails()), 60, f"a mail about {number}", 0.3)


@pytest.mark.parametrize("suite", ["surfaces", "conversations", "media", "knowledge_base", "assignment"])
def test_what_a_fleet_does(stack, suite):
    """The tests of a fleet, against containers."""
    urls = {program: stack.url(program) for program in PROGRAMS}
    done = subprocess.run([sys.executable, "-B", "-m", "pytest", "--tb=short", f"fleet/test_{suite}.py"], cwd=ROOT / "tests",
                          env={**os.environ, "TTS_FLEET_URLS": json.dumps(urls)}, capture_output=True, text=True,
                          timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_dies_comes_back(stack, program):
    container = stack.kill(program)
    wait_for(lambda: int(stack.engine.inspect(container, "{{.RestartCount}}")) > 0, 60, f"a new start of {program}", 0.1)
    stack.wait_ready()
    wait_for_owner(stack, open_ticket(stack))


def test_the_database_dies(stack):
    number = open_ticket(stack)
    stack.kill("postgres")
    stack.wait_ready()
    wait_for_owner(stack, number)


def test_the_broker_dies(stack):
    number = open_ticket(stack)
    stack.kill("rabbitmq")
    stack.wait_ready()
    wait_for_owner(stack, number)
    wait_for_owner(stack, open_ticket(stack))


def test_without_the_broker_tickets_are_taken_and_worked_on_later(stack):
    stack.cut_network("rabbitmq")
    try:
        wait_for(lambda: stack.get("helpdesk-service", "/ready").status_code == 503, 120, "helpdesk notices", 0.3)
        assert stack.get("helpdesk-service", "/health").status_code == 200
        numbers = [open_ticket(stack) for _ in range(3)]
        assert not any(owner(stack, number) for number in numbers)
    finally:
        stack.mend_network("rabbitmq")
    stack.wait_ready()
    for number in numbers:
        wait_for_owner(stack, number)


def test_without_the_database_requests_are_refused_for_the_time(stack):
    employee = stack.login("employee@example.com")
    stack.cut_network("postgres")
    try:
        wait_for(lambda: not stack.says_ready("helpdesk-service"), 120, "helpdesk notices", 0.3)
        answer = employee.post("/api/v1/tickets", NEW_TICKET)
        assert answer.status_code in (502, 503, 504), answer.text
        assert stack.get("helpdesk-service", "/health").status_code == 200
    finally:
        stack.mend_network("postgres")
    stack.wait_ready()
    wait_for_owner(stack, open_ticket(stack))


def test_a_stop_is_orderly_and_a_new_start_finds_everything(stack):
    number = open_ticket(stack)
    wait_for_owner(stack, number)
    started = time.monotonic()
    stack.compose("stop", timeout=180)
    print(f"\ndocker-compose stop: {time.monotonic() - started:.1f} s")
    for program in PROGRAMS:
        container = stack.compose("ps", "-q", "-a", program).stdout.split()[-1]
        assert stack.engine.inspect(container, "{{.State.ExitCode}}") == "0", program
    stack.compose("up", "-d", "--no-build", timeout=180)
    stack.wait_ready()
    assert owner(stack, number)


def test_nothing_is_left(stack):
    """Last: what "down" leaves of the project on the engine."""
    stack.compose("down", "-v", timeout=180)
    for kind in (["ps", "-aq"], ["network", "ls", "-q", "--filter", "label=com.docker.compose.project"],
                 ["volume", "ls", "-q", "--filter", "label=com.docker.compose.project"]):
        assert stack.engine.docker(*kind).stdout.split() == []
