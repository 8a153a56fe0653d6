"""A fleet of several replicas of each program, gateways too, and a client of them all."""
import itertools
import threading

import requests
import urllib3

from .http import Client
from .paths import PROGRAMS, SERVICES
from .service import Service

COUNT = 3
# Long enough for a gateway to hear that a service leaves, and for a client to use each of its connections.
DRAIN_MS = 1000


class Replicas:
    """replicas["auth-service"] are the programs of that name; they share one database and virtual host."""

    def __init__(self, infra, count=COUNT, env=None):
        self.db, self.broker = infra.database("replicas"), infra.broker("replicas")
        self.programs = {name: [Service(name, self.db, self.broker, start=False) for _ in range(count)]
                         for name in PROGRAMS}
        registries = ",".join(one.url for one in self.programs["registry-service"])
        uploads = self.programs["helpdesk-service"][0].env["UPLOAD_DIR"]
        for number in range(count):
            urls = {name.upper().replace("-", "_") + "_URL": self.programs[name][number].url for name in SERVICES}
            for group in self.programs.values():
                for key, value in {**urls, "REGISTRY_URL": registries, "DRAIN_DELAY_MS": DRAIN_MS, "DB_POOL_SIZE": 4,
                                   "UPLOAD_DIR": uploads, **(env or {})}.items():
                    group[number].set_env(key, value)
        try:
            self.start()
        except BaseException:
            self.kill()
            raise

    def __getitem__(self, name):
        return self.programs[name]

    def all(self):
        return [one for group in self.programs.values() for one in group]

    def start(self):
        for program in self.all():
            program.start(ready=False)
        for program in self.all():
            program.wait_ready()

    def restart(self, *names):
        """A rolling one of these programs, or of all: of each, one replica at a time. From this thread alone, with which
        what it started would end."""
        groups = [self.programs[name] for name in names or self.programs]
        for turn in zip(*groups):
            for program in turn:
                program.terminate()
            for program in turn:
                program.stop()
                program.start(ready=False)
            for program in turn:
                program.wait_ready()

    def client(self, token=None):
        return Balanced([one.url for one in self.programs["gateway"]], token)

    def login(self, email, password="demo-pass-1"):
        answer = self.client().post("/token/", {"email": email, "password": password}, expect=200).json()
        return self.client(answer["access"])

    def stop(self):
        problems = []
        for program in self.all():
            program.terminate()
        for program in self.all():
            try:
                program.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        self._drop()
        assert not problems, "\n".join(problems)

    def kill(self):
        for program in self.all():
            program.kill()
        self._drop()

    def _drop(self):
        self.db.drop()
        self.broker.drop()


class Balanced(Client):
    """Asks several gateways in turn, as clients behind a balancer do. One that takes no connection is passed over:
    nothing was sent to it. What fails in any other way has failed."""

    def __init__(self, bases, token=None):
        super().__init__("gateway", bases[0], token)
        self.bases = bases
        self.turns = threading.local()

    def with_token(self, token):
        return Balanced(self.bases, token)

    def request(self, method, path, expect=None, headers=None, **kwargs):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        kwargs.setdefault("timeout", self.timeout)
        answer = self._send(method, path, headers=headers, **kwargs)
        if expect is not None:
            assert answer.status_code == expect, (
                f"{method} {path}: {answer.status_code} instead of {expect}: {answer.text[:2000]}")
        return answer

    def _send(self, method, path, **kwargs):
        if not hasattr(self.turns, "next"):
            self.turns.next = itertools.cycle(self.bases)
        for tried in range(1, len(self.bases) + 1):
            try:
                return self._session().request(method, next(self.turns.next) + path, allow_redirects=False, **kwargs)
            except requests.ConnectionError as problem:
                if tried == len(self.bases) or not is_refused(problem):
                    raise
        raise AssertionError("no gateway")


def is_refused(problem):
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
