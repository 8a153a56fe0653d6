"""What the suites of messaging-service share: people, a running program, tickets, sockets."""
import itertools
import uuid

from lib import tokens
from lib.amqp import Amqp
from lib.people import FakeAuth, person
from lib.wait import wait_for
from lib.ws import WebSocket

EMIL, EVE = 51, 52
CORA, COLE = 11, 12
RITA, ROLF = 21, 22
ADAM = 41

PEOPLE = {
    EMIL: ("Emil Employee", tokens.EMPLOYEE),
    EVE: ("Eve Employee", tokens.EMPLOYEE),
    CORA: ("Cora Coordinator", tokens.COORDINATOR),
    COLE: ("Cole Coordinator", tokens.COORDINATOR),
    RITA: ("Rita Reviewer", tokens.REVIEWER),
    ROLF: ("Rolf Reviewer", tokens.REVIEWER),
    ADAM: ("Adam Admin", tokens.ADMIN),
}


class World:
    """A running messaging-service; the test plays everybody else. env: further settings of the program."""

    def __init__(self, start_service, broker, env=None, ready=True):
        self.auth = FakeAuth([person(identity, *who) for identity, who in PEOPLE.items()])
        self.env = {"AUTH_SERVICE_URL": self.auth.url, **(env or {})}
        self.start_service = start_service
        self.service = start_service("messaging-service", env=self.env, ready=ready)
        self.amqp = Amqp(broker.url)
        self.sockets = []
        self.numbers = itertools.count(1)

    def replica(self, **env):
        """Another process of the same service."""
        return self.start_service("messaging-service", env={**self.env, **env})

    def close(self):
        self.close_sockets()
        self.amqp.close()
        self.auth.close()

    def close_sockets(self):
        while self.sockets:
            self.sockets.pop().close()

    # ---- people ---------------------------------------------------------------------------------

    def http(self, identity, service=None):
        name, roles = PEOPLE[identity]
        return (service or self.service).http.as_user(identity, roles, name=name)

    def socket(self, *args, **kwargs):
        """An open socket as open_socket makes it, closed at the end of the test."""
        self.sockets.append(self.open_socket(*args, **kwargs))
        return self.sockets[-1]

    def open_socket(self, identity, path="/ws/messages", service=None, **kwargs):
        """An open socket that has been greeted."""
        socket = self.connect(identity, path, service, **kwargs)
        assert socket.receive() == {"type": "connection_established", "user_id": identity}
        return socket

    def connect(self, identity, path, service=None, **kwargs):
        """An open socket, whatever it is told first."""
        name, roles = PEOPLE[identity]
        service = service or self.service
        kwargs.setdefault("token", tokens.mint(identity, roles, name=name))
        return WebSocket(service.url + path, program="messaging-service", **kwargs)

    def ticket_socket(self, identity, ticket, path="/ws/tickets/", service=None):
        """(socket, greeting) of a ticket's own socket, closed at the end of the test."""
        socket = self.connect(identity, path + ticket["ticket_number"], service)
        self.sockets.append(socket)
        return socket, socket.receive()

    # ---- tickets --------------------------------------------------------------------------------

    @staticmethod
    def ticket(**fields):
        return {"ticket_id": 1, "ticket_number": "TX" + uuid.uuid4().hex[:14].upper(), "subject": "VPN",
                "status": "Open", "requester_id": EMIL, "requester_name": "Emil Employee", **fields}

    def open_ticket(self, **fields):
        """A ticket Emil has opened and Cora owns; its conversation exists."""
        ticket = self.ticket(**fields)
        self.amqp.send_event("ticket.created", ticket, subject=ticket["ticket_number"])
        self.assign(ticket, CORA)
        return {**ticket, "conversation_id": self.conversation(CORA, ticket["ticket_number"])["id"]}

    def assign(self, ticket, owner, **extra):
        self.amqp.send_event("ticket.assigned", {**ticket, "owner_id": owner, "owner_name": PEOPLE[owner][0]},
                             subject=ticket["ticket_number"], **extra)

    def give_step(self, ticket, assignee, **extra):
        self.amqp.send_event("task.assigned", {
            "task_id": 5, "ticket_number": ticket["ticket_number"], "subject": ticket["subject"],
            "workflow_name": "IT Support", "step": "Review", "role": "Reviewer", "status": "active",
            "assignee_id": assignee, "requester_id": EMIL}, subject=ticket["ticket_number"], **extra)

    def conversation(self, identity, number):
        """The ticket's conversation, once the person sees it."""
        return wait_for(lambda: self.conversations(identity, ticket_number=number)[0], what=f"conversation of {number}")

    def conversations(self, identity, **params):
        return self.http(identity).get("/api/v1/conversations", params=params, expect=200).json()["results"]

    def say(self, identity, conversation_id, content, **fields):
        return self.http(identity).post(f"/api/v1/conversations/{conversation_id}/messages",
                                        {"content": str(content), **fields}, expect=201).json()

    def group(self, owner, *members, title="Group"):
        return self.http(owner).post("/api/v1/conversations", {"title": title, "participant_ids": list(members)},
                                     expect=201).json()

    def direct(self, identity, other):
        return self.http(identity).post("/api/v1/conversations/direct", {"recipient_id": other}, expect=200).json()

    def messages(self, identity, conversation_id, **params):
        """As everybody sees them: without whether they have been read."""
        page = self.http(identity).get(f"/api/v1/conversations/{conversation_id}/messages", params=params, expect=200).json()
        return [{key: value for key, value in message.items() if key != "is_read"} for message in page["results"]]


def contents(messages):
    return [message["content"] for message in messages]
