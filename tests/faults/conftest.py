"""Fault tests kill servers, so they have a PostgreSQL and a RabbitMQ of their own."""
import os
import signal
import subprocess
import urllib.parse

import pytest

from lib.fleet import Fleet
from lib.infra import Infra
from lib.paths import LOCAL, PORT_OFFSET, WORK
from lib.wait import wait_for

OWN_OFFSET = str(int(PORT_OFFSET) + 3000)
STATE = WORK / "faults"


def server(name, *command):
    env = dict(os.environ, PORT_OFFSET=OWN_OFFSET, STATE_DIR=str(STATE))
    return subprocess.run([LOCAL / name, *command], env=env, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


class OwnServers(Infra):
    def __init__(self):  # pylint: disable=super-init-not-called
        self._started = []
        for name in ("postgres", "rabbitmq"):
            server(name, "start")
            self._started.append(name)
        self.db_url, self.amqp_url = server("postgres", "url"), server("rabbitmq", "url")
        self.management_url = f"http://127.0.0.1:{urllib.parse.urlsplit(self.amqp_url).port + 10000}"

    def close(self):
        for name in reversed(self._started):
            subprocess.run([LOCAL / name, "stop"], check=False, stdout=subprocess.DEVNULL,
                           env=dict(os.environ, PORT_OFFSET=OWN_OFFSET, STATE_DIR=str(STATE)))

    def crash_broker(self):
        """kill -9 of the Erlang machine of this node, then a new start."""
        kill_where(lambda text: "beam.smp" in text and str(STATE) in text)
        server("rabbitmq", "start")

    def crash_database(self):
        """kill -9 of the postmaster; its children follow."""
        pid = int((STATE / "postgres" / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not processes(lambda text: f"{STATE}/postgres" in text), 20, "the old server to be gone")
        server("postgres", "start")


def processes(wanted):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if wanted(file.read().replace(b"\0", b" ").decode(errors="replace")):
                    found.append(int(entry))
        except OSError:
            continue
    return found


def kill_where(wanted):
    for pid in processes(wanted):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes(wanted), 20, "killed processes to be gone")


@pytest.fixture(scope="session")
def own_servers():
    servers = OwnServers()
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def fragile_fleet(own_servers):
    fleet = Fleet(own_servers)
    yield fleet
    fleet.stop()
