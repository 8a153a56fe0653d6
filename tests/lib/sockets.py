"""The two programs with WebSockets, each by itself and behind the gateway."""
from . import tokens
from .people import FakeAuth, person

EMIL = 51
PATHS = {"messaging-service": "/ws/messages", "notification-service": "/ws/notifications"}
PLACES = [f"{program}{way}" for program in PATHS for way in ("", " behind the gateway")]
# What each says to a new socket.
GREETINGS = {"messaging-service": ["connection_established"],
             "notification-service": ["connection_established", "count_update"]}


class Sockets:
    """url("messaging-service behind the gateway") is where a WebSocket may be opened."""

    def __init__(self, start_service):
        self.auth = FakeAuth([person(EMIL, "Emil Employee", tokens.EMPLOYEE)])
        env = {"AUTH_SERVICE_URL": self.auth.url}
        self.programs = {program: start_service(program, env=env) for program in PATHS}
        self.gateway = start_service("gateway", env={
            program.upper().replace("-", "_") + "_URL": service.url for program, service in self.programs.items()})

    def url(self, place):
        program, is_behind = self._split(place)
        return (self.gateway if is_behind else self.programs[program]).url + PATHS[program]

    @staticmethod
    def _split(place):
        return place.split(" ")[0], place.endswith("gateway")

    def greetings(self, place):
        return GREETINGS[self._split(place)[0]]

    @staticmethod
    def token(**kwargs):
        return tokens.mint(EMIL, name="Emil Employee", **kwargs)

    def close(self):
        self.auth.close()
