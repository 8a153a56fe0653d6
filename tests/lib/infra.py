"""The private PostgreSQL and RabbitMQ of a test run. tests/run starts them and names them in the
environment; without it they are started here and stopped at the end."""
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.parse
import uuid

import psycopg2
import requests

from .paths import LOCAL, PORT_OFFSET, ROOT, WORK, schema
from .wait import wait_for

ROLES_SQL = ROOT / "deploy" / "postgres" / "roles.sql"


# For servers that outlive no crash of the machine.
PASSING = "-c fsync=off -c full_page_writes=off"


def run_server(server, *command, offset=PORT_OFFSET, state=WORK / "state", options=""):
    """deploy/local/<server> for the test instance, or another one; options of a PostgreSQL that starts."""
    env = dict(os.environ, PORT_OFFSET=str(offset), STATE_DIR=str(state), POSTGRES_OPTIONS=options)
    return subprocess.run([LOCAL / server, *command], env=env, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def with_database(url, name, user=None):
    """The URL with another database, and another role whose password is its name."""
    parts = urllib.parse.urlsplit(url)
    place = f"{parts.hostname}:{parts.port}"
    login = f"{user}:{user}" if user else parts.netloc.rsplit("@", 1)[0]
    return parts._replace(netloc=f"{login}@{place}", path=f"/{name}").geturl()


class Database:
    """A fresh database with the roles and schemas of the services."""

    def __init__(self, admin_url, name):
        self.name = name
        self.admin_url = with_database(admin_url, name)
        self._server_url = admin_url
        with self._server() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
        with self.cursor() as cursor:
            cursor.execute(ROLES_SQL.read_text(encoding="utf-8"))

    def url(self, program):
        """DB_URL for a program, under its own role."""
        return with_database(self.admin_url, self.name, schema(program))

    def cursor(self, program=None):
        """A context manager: an autocommitting cursor, as superuser or as a program's role."""
        return _Cursor(self.url(program) if program else self.admin_url)

    def query(self, sql, *args, program=None):
        """All rows."""
        with self.cursor(program) as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall() if cursor.description else None

    def drop(self):
        with self._server() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def _server(self):
        return _Cursor(self._server_url)


class _Cursor:
    def __init__(self, url):
        self.url = url

    def __enter__(self):
        self.connection = psycopg2.connect(self.url)
        self.connection.autocommit = True
        return self.connection.cursor()

    def __exit__(self, *_):
        self.connection.close()


class Broker:
    """A fresh virtual host, so that suites running side by side have queues of their own."""

    def __init__(self, url, management_url, name):
        parts = urllib.parse.urlsplit(url)
        self.name = name
        self.url = parts._replace(path=f"/{name}").geturl()
        self.management_url = management_url
        self.api("PUT", f"/vhosts/{name}")

    def api(self, method, path, **kwargs):
        """The management API; /queues etc. of this virtual host are at /queues/<name>."""
        answer = requests.request(method, f"{self.management_url}/api{path}", auth=("guest", "guest"),
                                  timeout=60, **kwargs)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def drop(self):
        self.api("DELETE", f"/vhosts/{self.name}")


class Infra:
    """PostgreSQL and RabbitMQ, shared by the suites of a run."""

    def __init__(self, options=""):
        self._started = []
        self._options = options
        self.db_url = os.environ.get("TTS_TEST_DB_URL") or self._start("postgres")
        self.amqp_url = os.environ.get("TTS_TEST_AMQP_URL") or self._start("rabbitmq")

    @property
    def management_url(self):
        return f"http://127.0.0.1:{urllib.parse.urlsplit(self.amqp_url).port + 10000}"

    def _start(self, server):
        try:
            run_server(server, "status")
        except subprocess.CalledProcessError:
            run_server(server, "start", options=self._options)
            self._started.append(server)
        return run_server(server, "url")

    def database(self, hint="suite"):
        return Database(self.db_url, unique(hint))

    def broker(self, hint="suite"):
        return Broker(self.amqp_url, self.management_url, unique(hint))

    def close(self):
        for server in self._started:
            run_server(server, "stop")


class OwnServers(Infra):
    """A PostgreSQL and a RabbitMQ that a suite may stop and kill: "postgres" and "rabbitmq"."""

    SERVERS = ("postgres", "rabbitmq")
    WHERE = {"offset": int(PORT_OFFSET) + 1000, "state": WORK / "own-servers"}

    def __init__(self):  # pylint: disable=super-init-not-called
        for server in self.SERVERS:
            self.stop(server)
        shutil.rmtree(self.WHERE["state"], ignore_errors=True)
        for server in self.SERVERS:
            self.start(server)
        self.db_url = run_server("postgres", "url", **self.WHERE)
        self.amqp_url = run_server("rabbitmq", "url", **self.WHERE)

    def start(self, server):
        """Returns when it takes connections."""
        run_server(server, "start", **self.WHERE)

    def stop(self, server):
        """An orderly shutdown."""
        run_server(server, "stop", **self.WHERE)

    def kill(self, server):
        """kill -9."""
        pid = int((self.WHERE["state"] / "pid" / server).read_text(encoding="ascii").split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not pathlib.Path(f"/proc/{pid}/exe").exists(), what=f"the end of {server}")

    def close(self):
        for server in self.SERVERS:
            self.stop(server)


def unique(hint):
    return f"{hint}-{uuid.uuid4().hex[:8]}".replace("-", "_").lower()
