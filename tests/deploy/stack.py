"""The stack of deploy/compose.yaml on our engine, its ports moved by PORT_OFFSET."""
import os
import re
import signal
import time

import requests

from lib.fleet import OtherFleet
from lib.paths import PORT_OFFSET, PROGRAMS, ROOT
from lib.wait import wait_for

PROJECT = "ttsdeploy"
READY_SECONDS = 180


class Stack:
    """compose_file: what COMPOSE_FILE says; env: what the operator has set."""

    def __init__(self, engine, compose_file="deploy/compose.yaml", env=None):
        self.engine = engine
        table = (ROOT / ".env").read_text(encoding="utf-8")
        self.ports = {name: int(port) + int(PORT_OFFSET) for name, port in re.findall(r"^(\w+)_PORT=(\d+)$", table, re.M)}
        self.env = {f"{name}_PORT": str(port) for name, port in self.ports.items()}
        self.env.update(COMPOSE_FILE=compose_file, COMPOSE_PROJECT_NAME=PROJECT, **(env or {}))
        self.seconds = None
        self.fleet = OtherFleet({program: self.url(program) for program in PROGRAMS})

    def compose(self, *args, **kwargs):
        return self.engine.run("docker-compose", *args, env=self.env, **kwargs)

    def up(self, *args):
        """Returns when every program says that it is ready."""
        started = time.monotonic()
        try:
            self.compose("up", "-d", "--no-build", *args, timeout=READY_SECONDS)
            self.wait_ready()
        except AssertionError:
            print(self.compose("ps", check=False).stdout, self.compose("logs", "--tail=20", check=False).stdout)
            self.down()
            raise
        self.seconds = time.monotonic() - started

    def down(self):
        self.compose("down", "-v", "--remove-orphans", timeout=180)

    # ---- programs -------------------------------------------------------------------------------

    def port(self, program):
        return self.ports[program.upper().replace("-", "_")]

    def url(self, program="gateway"):
        return f"http://127.0.0.1:{self.port(program)}"

    def get(self, program, path):
        return requests.get(self.url(program) + path, timeout=10)

    def is_ready(self, program):
        answer = self.get(program, "/ready")
        assert answer.status_code == 200, f"{program}: {answer.text[:300]}"
        return True

    def says_ready(self, program):
        """Silence counts as no, as it does for a probe: packets to a cut-off server are lost without a word."""
        try:
            return requests.get(self.url(program) + "/ready", timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def wait_ready(self, programs=None):
        for program in programs or PROGRAMS:
            wait_for(lambda name=program: self.is_ready(name), READY_SECONDS, f"{program} /ready", 0.1)

    def container(self, service):
        return self.compose("ps", "-q", service).stdout.split()[-1]

    def kill(self, service):
        """kill -9 from outside: the engine sees a crash, not an order to stop."""
        container = self.container(service)
        os.kill(int(self.engine.inspect(container, "{{.State.Pid}}")), signal.SIGKILL)
        return container

    def cut_network(self, service):
        self.engine.docker("network", "disconnect", f"{PROJECT}_default", self.container(service))

    def mend_network(self, service):
        self.engine.docker("network", "connect", "--alias", service, f"{PROJECT}_default", self.container(service))

    # ---- people ---------------------------------------------------------------------------------

    def login(self, email):
        return self.fleet.login(email)

    def mails(self):
        return requests.get(f"http://127.0.0.1:{self.ports['MAIL_WEB']}/api/v1/messages?limit=1000", timeout=10).json()["messages"]
