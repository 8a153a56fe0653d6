"""All seven programs on one fresh database and virtual host, wired to each other."""
from .http import Client
from .paths import PROGRAMS, SERVICES
from .service import Service

LOGIN = {"password": "demo-pass-1"}


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
        """A client of the gateway with the tokens of a person, obtained as people obtain them."""
        client = Client("gateway", self.url)
        answer = client.post("/token/", {"email": email, "password": password}, expect=200).json()
        return client.with_token(answer["access"])

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
