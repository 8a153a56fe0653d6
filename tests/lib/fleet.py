"""All seven programs on one fresh database and virtual host, wired to each other."""
from .http import Client
from .paths import PROGRAMS, SERVICES
from .service import Service

LOGIN = {"password": "demo-pass-1"}


def access_token(url, email, password):
    """A person's, obtained as people obtain it."""
    return Client("gateway", url).post("/token/", {"email": email, "password": password}, expect=200).json()["access"]


class Fleet:
    """fleet["auth-service"] is a program, fleet.http a client of the gateway. env holds settings for all;
    env_of those of single programs. programs: a smaller set. before_start(fleet) is called when all but the
    programs is there."""

    def __init__(self, infra, env=None, env_of=None, programs=None, variant=None, before_start=None):
        self.db = infra.database("fleet")
        self.broker = infra.broker("fleet")
        self.programs = {name: Service(name, self.db, self.broker, variant=variant, start=False)
                         for name in (programs or PROGRAMS)}
        for name, program in self.programs.items():
            self._introduce(program)
            for key, value in {**(env or {}), **(env_of or {}).get(name, {})}.items():
                program.set_env(key, value)
        try:
            if before_start:
                before_start(self)
            self.start()
        except BaseException:
            self.kill()
            raise

    def _introduce(self, program):
        for name in SERVICES:
            if name in self.programs:
                program.set_env(name.upper().replace("-", "_") + "_URL", self.programs[name].url)
        if "registry-service" in self.programs and program.name != "registry-service":
            program.set_env("REGISTRY_URL", self.programs["registry-service"].url)

    def start(self):
        """Starts what does not run: all at once, as a machine that boots would, then waits for all."""
        new = [program for program in self.programs.values() if not program.is_running()]
        for program in new:
            program.start(ready=False)
        for program in new:
            program.wait_ready()

    def __getitem__(self, name):
        return self.programs[name]

    @property
    def url(self):
        return self.programs["gateway"].url

    @property
    def http(self):
        return self.programs["gateway"].http

    def login(self, email, password=LOGIN["password"]):
        """A client of the gateway with a token of the person."""
        return Client("gateway", self.url, access_token(self.url, email, password))

    def stop(self):
        problems = []
        for name in reversed(list(self.programs)):
            try:
                self.programs[name].stop()
            except AssertionError as problem:
                problems.append(str(problem))
        self._drop()
        assert not problems, "\n".join(problems)

    def kill(self):
        for program in self.programs.values():
            program.kill()
        self._drop()

    def _drop(self):
        self.db.drop()
        self.broker.drop()


class OtherFleet:
    """One that somebody else has started, for tests that only talk to it: urls by program."""

    class Program:
        def __init__(self, name, url):
            self.name, self.url, self.http = name, url, Client(name, url)

    def __init__(self, urls):
        self.programs = {name: self.Program(name, url) for name, url in urls.items()}
        self.url, self.http = self["gateway"].url, self["gateway"].http
        self._tokens = {}

    def __getitem__(self, name):
        return self.programs[name]

    def login(self, email, password=LOGIN["password"]):
        """A new client, with the token of the person's first log-in: the gateway counts log-ins."""
        if email not in self._tokens:
            self._tokens[email] = access_token(self.url, email, password)
        return Client("gateway", self.url, self._tokens[email])
