"""What the suites of webhooks share: a running notification-service with an administrator, and events."""
import itertools
import time
import uuid

from . import tokens
from .amqp import Amqp
from .people import FakeAuth, person
from .wait import wait_for

ADAM, EMIL = 41, 51
URL = "/api/v1/webhooks"
LOOPBACK = "127.0.0.0/8"


class Hooks:
    def __init__(self, start_service, broker, env=None):
        self.auth = FakeAuth([person(ADAM, "Adam Admin", tokens.ADMIN), person(EMIL, "Emil Employee", tokens.EMPLOYEE)])
        self.env = {"AUTH_SERVICE_URL": self.auth.url, "WEBHOOK_ALLOW": LOOPBACK, **(env or {})}
        self.start_service = start_service
        self.service = self.program()
        self.admin = self.service.http.as_user(ADAM, tokens.ADMIN)
        self.amqp = Amqp(broker.url)
        self.ids = itertools.count(1)

    def program(self, **env):
        """Another process of the same service."""
        return self.start_service("notification-service", env={**self.env, **env})

    def close(self):
        self.amqp.close()
        self.auth.close()

    # ---- endpoints ------------------------------------------------------------------------------

    def add(self, url, types=("*",), **fields):
        """A new endpoint, with its secret."""
        return self.admin.post(URL, {"url": getattr(url, "url", url), "event_types": list(types), **fields},
                               expect=201).json()

    def get(self, hook):
        return self.admin.get(f"{URL}/{hook['id']}", expect=200).json()

    def remove_all(self):
        for hook in self.admin.get(URL, params={"page_size": 100}, expect=200).json()["results"]:
            self.admin.delete(f"{URL}/{hook['id']}", expect=204)

    def act(self, hook, action, body=None, expect=200, **kwargs):
        return self.admin.post(f"{URL}/{hook['id']}/{action}", body, expect=expect, **kwargs).json()

    # ---- deliveries -----------------------------------------------------------------------------

    def deliveries(self, hook, **params):
        return self.admin.get(f"{URL}/{hook['id']}/deliveries", params={"page_size": 100, **params},
                              expect=200).json()["results"]

    def delivery(self, hook, identity):
        return self.admin.get(f"{URL}/{hook['id']}/deliveries/{identity}", expect=200).json()

    def wait_delivery(self, hook, where, identity=None, timeout=60):
        """The endpoint's only (or that) delivery, once where(delivery) holds."""
        def found():
            one = self.delivery(hook, identity or self.deliveries(hook)[0]["id"])
            return one if where(one) else None
        return wait_for(found, timeout, "the delivery")

    # ---- events ---------------------------------------------------------------------------------

    def ticket(self, **fields):
        return {"ticket_id": next(self.ids), "ticket_number": "TX" + uuid.uuid4().hex[:14].upper(),
                "subject": "a secret <subject>", "status": "Open", "priority": "High", "requester_id": EMIL,
                "requester_name": "Emil Employee", "requester_email": "emil@example.com", **fields}

    def handled(self):
        """How many events the program has handled."""
        lines = self.service.http.get("/metrics", expect=200).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith('amqp_handled_total{queue="notification.webhooks"'))

    def send(self, kind="ticket.created", data=None, message_id=None, **properties):
        """Publishes an event, as a program does; its data."""
        data = data or self.ticket()
        identity = message_id or str(uuid.uuid4())
        event = {"specversion": "1.0", "id": identity, "source": "test", "type": kind, "subject": data["ticket_number"],
                 "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "data": data}
        self.amqp.publish("tts.events", kind, event, message_id=identity, **properties)
        return data
