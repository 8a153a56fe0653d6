"""What the suites of notification-service share: people, a running program, events, sockets, mails."""
import email
import email.policy
import http.server
import itertools
import json
import threading
import urllib.parse
import uuid

from lib import tokens
from lib.amqp import Amqp
from lib.people import FakeAuth, person
from lib.wait import wait_for
from lib.ws import WebSocket

EMIL, EVE = 51, 52
CORA, RITA, ADAM = 11, 21, 41

PEOPLE = {
    EMIL: ("Emil Employee", tokens.EMPLOYEE),
    EVE: ("Eve Employee", tokens.EMPLOYEE),
    CORA: ("Cora Coordinator", tokens.COORDINATOR),
    RITA: ("Rita Reviewer", tokens.REVIEWER),
    ADAM: ("Adam Admin", tokens.ADMIN),
}


class World:
    """A running notification-service; the test plays everybody else. env: further settings of the program."""

    def __init__(self, start_service, broker, env=None, ready=True):
        self.auth = FakeAuth([person(identity, *who) for identity, who in PEOPLE.items()])
        self.env = {"AUTH_SERVICE_URL": self.auth.url, **(env or {})}
        self.start_service = start_service
        self.service = start_service("notification-service", env=self.env, ready=ready)
        self.amqp = Amqp(broker.url)
        self.sockets = []
        self.ids = itertools.count(1)

    def replica(self, **env):
        """Another process of the same service."""
        return self.start_service("notification-service", env={**self.env, **env})

    def close(self):
        self.close_sockets()
        self.amqp.close()
        self.auth.close()

    def close_sockets(self):
        while self.sockets:
            self.sockets.pop().close()

    # ---- people ---------------------------------------------------------------------------------

    def http(self, identity):
        name, roles = PEOPLE[identity]
        return self.service.http.as_user(identity, roles, name=name)

    def token(self, identity, **kwargs):
        name, roles = PEOPLE[identity]
        return tokens.mint(identity, roles, name=name, **kwargs)

    def socket(self, identity, path="/ws/notifications", service=None, **kwargs):
        """An open socket that has been greeted, closed at the end of the test."""
        kwargs.setdefault("token", self.token(identity))
        socket = WebSocket((service or self.service).url + path, program="notification-service", **kwargs)
        self.sockets.append(socket)
        assert socket.receive() == {"type": "connection_established", "user_id": identity}
        count = socket.receive()
        assert count["type"] == "count_update" and count["unread_count"] == self.unread(identity)
        return socket

    def unread(self, identity):
        return self.http(identity).get("/api/v1/notifications/unread-count", expect=200).json()["unread_count"]

    def notifications(self, identity, **params):
        return self.http(identity).get("/api/v1/notifications", params=params, expect=200).json()["notifications"]

    def about(self, identity, number):
        """What the person was told about a ticket, newest first."""
        return [one for one in self.notifications(identity, limit=100) if one["ticket_number"] == number]

    def told(self, identity, number, kind=None):
        """Waits until the person has been told of the ticket; the newest such notification."""
        return wait_for(lambda: next(one for one in self.about(identity, number) if kind in (None, one["type"])),
                        what=f"notification of {identity} about {number}")

    # ---- events ---------------------------------------------------------------------------------

    def ticket(self, **fields):
        number = next(self.ids)
        return {"ticket_id": number, "ticket_number": "TX" + uuid.uuid4().hex[:14].upper(), "subject": "VPN",
                "status": "Open", "requester_id": EMIL, "requester_name": "Emil Employee", "owner_id": CORA,
                "owner_name": "Cora Coordinator", **fields}

    @staticmethod
    def task(ticket, **fields):
        return {"task_id": 5, "ticket_number": ticket["ticket_number"], "subject": ticket["subject"],
                "workflow_name": "IT Support", "step": "Review", "role": "Reviewer", "status": "active",
                "assignee_id": RITA, "owner_id": CORA, "owner_name": "Cora Coordinator", "requester_id": EMIL, **fields}

    @staticmethod
    def job(identity, **fields):
        return {"job_id": str(uuid.uuid4()), "kind": "ticket.bulk", "state": "running", "dry_run": False, "total": 10,
                "done": 4, "failed": 1, "skipped": 0, "created_by": identity, "created_by_name": "Cora Coordinator",
                "created_at": "2026-01-12T10:30:00.000Z", **fields}

    def send(self, kind, data, **extra):
        return self.amqp.send_event(kind, data, subject=data.get("ticket_number"), **extra)

    def wish(self, identity, expect=200, **fields):
        """Changes what the person wants to be told."""
        return self.http(identity).put("/api/v1/notifications/preferences", fields, expect=expect).json()

    def deliveries(self, **params):
        """What goes or went out, newest first, as an administrator sees it."""
        return self.http(ADAM).get("/api/v1/notifications/deliveries", params={"page_size": 100, **params},
                                   expect=200).json()["results"]

    def delivery_of(self, title, **params):
        """The delivery of a notification of that title, once there is one."""
        return wait_for(lambda: next(one for one in self.deliveries(**params) if one["title"] == title),
                        what=f"a delivery of {title}")

    def notify(self, identity, **fields):
        """A notification that another program asks for."""
        service = self.service.http.with_token(tokens.mint_service())
        return service.post("/api/v1/notifications", {"user_id": identity, "type": "system", "title": "Hello",
                                                      "message": "How are you?", **fields}, expect=201).json()


class Provider:
    """A service for short or push messages. requests: [(path, headers, body)]; answer(path, body) may give another
    (status, object) or, for silence, None."""

    def __init__(self):
        self.requests = []
        self.answer = lambda path, body: (200, {"name": "x"})
        self.released = threading.Event()
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.requests.append((self.path, dict(self.headers), body))
                answer = provider.answer(self.path, body)
                if answer is None:
                    provider.released.wait(60)
                    return
                text = json.dumps(answer[1]).encode() if not isinstance(answer[1], bytes) else answer[1]
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forms(self):
        """The bodies so far, of a provider that takes forms."""
        return [dict(urllib.parse.parse_qsl(body)) for _, _, body in self.requests]

    def objects(self):
        return [json.loads(body)["message"] for _, _, body in self.requests]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def parse(text):
    """A mail as a mail program sees it."""
    return email.message_from_string(text, policy=email.policy.default)


def plain(mail):
    """The text of a mail for who does not want HTML."""
    return mail.get_body(("plain",)).get_content()


def html(mail):
    return mail.get_body(("html",)).get_content()


def mails_to(texts, address):
    return [mail for mail in map(parse, texts) if address in mail["To"]]
