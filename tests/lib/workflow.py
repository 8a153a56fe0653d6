"""workflow-service with people around it, and the helpdesk's side of its queues."""
import datetime
import itertools
import uuid

from . import tokens
from .amqp import Amqp
from .people import FakeAuth, person
from .wait import wait_for

TICKETS = "TICKET_TASKS_PRODUCTION"
HELPDESK = "ticket_status-default"

CORA, COLE = 11, 12
RITA, ROLF = 21, 22
ANNA = 31
ADAM, TINA = 41, 42
EMIL, EVE = 51, 52

PEOPLE = {
    CORA: ("Cora Coordinator", tokens.COORDINATOR),
    COLE: ("Cole Coordinator", tokens.COORDINATOR),
    RITA: ("Rita Reviewer", tokens.REVIEWER),
    ROLF: ("Rolf Reviewer", tokens.REVIEWER),
    ANNA: ("Anna Approver", tokens.APPROVER),
    ADAM: ("Adam Admin", [("hdts", "Admin")]),
    TINA: ("Tina Admin", [("tts", "Admin")]),
    EMIL: ("Emil Employee", tokens.EMPLOYEE),
    EVE: ("Eve Employee", tokens.EMPLOYEE),
}


class World:
    """A running workflow-service; the test plays auth-service, helpdesk-service and all people."""

    def __init__(self, start_service, db, broker, people=None, env=None):
        self.people = PEOPLE if people is None else people
        self.auth = FakeAuth([person(i, *p) for i, p in self.people.items()])
        self.db = db
        self.service = start_service("workflow-service", env={"AUTH_SERVICE_URL": self.auth.url, **(env or {})})
        self.http = self.service.http
        self.amqp = Amqp(broker.url)
        self.broker = broker
        self.versions = itertools.count(2)
        self.workflow_list = None

    def close(self):
        self.amqp.close()
        self.auth.close()

    # ---- people ---------------------------------------------------------------------------------

    def as_person(self, identity):
        name, roles = self.people[identity]
        return self.http.as_user(identity, roles, name=name)

    def tell_person(self, identity, name, roles, active=True):
        """An event of auth-service about a person."""
        self.amqp.send_event("user.updated", person(identity, name, roles, active=active, version=next(self.versions)),
                             source="auth-service", subject=str(identity))

    # ---- tickets --------------------------------------------------------------------------------

    @staticmethod
    def payload(**fields):
        """A ticket with the fields of the integration document."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        return {"ticket_number": "TX" + uuid.uuid4().hex[:14].upper(), "subject": "Network connectivity issue",
                "description": "Unable to access VPN", "category": "IT Support",
                "sub_category": "Network Connectivity Issue", "department": "IT Department", "priority": "High",
                "employee_id": EMIL, "employee_name": "Emil Employee", "employee_email": "user51@example.com",
                "status": "Open", "created_at": now.isoformat().replace("+00:00", "Z"), **fields}

    def send_ticket(self, task="tts.tasks.process_ticket", **fields):
        payload = self.payload(**fields)
        self.amqp.send_task(TICKETS, task, [payload])
        return payload["ticket_number"]

    def task_of(self, number):
        """The task of a ticket, as an admin sees it; None before it exists."""
        page = self.as_person(ADAM).get("/api/v1/tasks", params={"ticket_number": number}, expect=200).json()
        return page["results"][0] if page["results"] else None

    def open_ticket(self, **fields):
        number = self.send_ticket(**fields)
        return wait_for(lambda: self.task_of(number), what=f"task of {number}")

    def act(self, task, name, notes="Done", expect=200, **extra):
        """Its assignee executes a transition of a task; the answer and the task afterwards."""
        item = task["current_item"]
        transition = next(t for t in task["available_transitions"] if t["name"] == name)
        answer = self.as_person(item["assigned_to_id"]).post(
            "/transitions/", {"task_item_id": item["task_item_id"], "transition_id": transition["transition_id"],
                              "notes": notes, **extra}, expect=expect)
        return answer.json(), self.task_of(task["ticket_number"])

    def helpdesk_tasks(self, number, name, count=1):
        """The arguments of Celery tasks sent to the helpdesk about a ticket, in order; others are dropped."""
        found = []
        while len(found) < count:
            properties, body, _ = self.amqp.receive(HELPDESK)
            args, kwargs = body[0], body[1]
            if properties.headers["task"] == name and number in (kwargs.get("ticket_number"), *args[:1]):
                found.append((args, kwargs))
        return found

    def status_task(self, number, status, **fields):
        self.amqp.send_task(TICKETS, "tts.tasks.receive_hdts_ticket_status",
                            [{"ticket_number": number, "status": status, **fields}])

    def rows(self, sql, *args):
        return self.db.query(sql, *args, program="workflow-service")

    def metric(self, text):
        """The value of the metric line that starts with text, 0 when there is none."""
        lines = self.http.get("/metrics", expect=200).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(text))
