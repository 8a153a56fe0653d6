"""What the suites of helpdesk-service share: people, a running program, ticket bodies."""
import pytest

from lib import tokens
from lib.wait import wait_for

EMPLOYEE, OTHER_EMPLOYEE = 101, 102
COORDINATOR, OTHER_COORDINATOR = 456, 457
REVIEWER, ADMIN, TTS_ADMIN = 789, 900, 901

PEOPLE = [
    # id, name, email, department
    (EMPLOYEE, "John Doe", "john.doe@company.com", "Engineering"),
    (OTHER_EMPLOYEE, "Ann Other", "ann.other@company.com", "Sales"),
    (COORDINATOR, "Jane Smith", "jane.smith@company.com", "IT Department"),
    (OTHER_COORDINATOR, "Bob Johnson", "bob.johnson@company.com", "IT Department"),
    (REVIEWER, "Rita Reviewer", "rita@company.com", "IT Department"),
    (ADMIN, "Adam Admin", "adam@company.com", "IT Department"),
    (TTS_ADMIN, "Tina Tts", "tina@company.com", "IT Department"),
]

TICKET = {
    "subject": "Network connectivity issue",
    "description": "Unable to access VPN",
    "category": "IT Support",
    "sub_category": "Network Connectivity Issue",
    "department": "IT Department",
    "priority": "High",
}

# What libmagic needs to see in order to call it a picture.
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0"

PROCESS_QUEUE = "TICKET_TASKS_PRODUCTION"
STATUS_QUEUE = "ticket_status-default"


class People:
    """The program's clients, one for each role."""

    def __init__(self, http):
        self.nobody = http
        self.employee = self._client(http, EMPLOYEE, tokens.EMPLOYEE)
        self.other_employee = self._client(http, OTHER_EMPLOYEE, tokens.EMPLOYEE)
        self.coordinator = self._client(http, COORDINATOR, tokens.COORDINATOR)
        self.other_coordinator = self._client(http, OTHER_COORDINATOR, tokens.COORDINATOR)
        self.reviewer = self._client(http, REVIEWER, tokens.REVIEWER)
        self.admin = self._client(http, ADMIN, tokens.ADMIN)
        self.tts_admin = self._client(http, TTS_ADMIN, [("tts", "Admin")])
        self.service = http.with_token(tokens.mint_service("workflow-service"))

    @staticmethod
    def _client(http, user_id, roles):
        _, name, email, _ = next(person for person in PEOPLE if person[0] == user_id)
        return http.as_user(user_id, roles, name=name, email=email)


def add_people(db):
    """The rows that auth-service's snapshot would bring."""
    with db.cursor("helpdesk-service") as cursor:
        for user_id, name, email, department in PEOPLE:
            cursor.execute("INSERT INTO person (id, email, name, department, active, version) "
                           "VALUES (%s, %s, %s, %s, true, 1) ON CONFLICT DO NOTHING",
                           (user_id, email, name, department))


def start_helpdesk(start_service, db, **kwargs):
    """The program, once it knows people: there is no auth-service to ask."""
    ready = kwargs.pop("ready", True)
    service = start_service("helpdesk-service", ready=False, **kwargs)
    wait_for(lambda: db.query("SELECT to_regclass('helpdesk.idempotency')", program="helpdesk-service")[0][0],
             20, "migrations")
    add_people(db)
    if ready:
        service.wait_ready()
    return service


def history(db, number):
    """Field, old and new value of every history row of the ticket."""
    return db.query("SELECT h.field_name, h.old_value, h.new_value FROM ticket_history h "
                    "JOIN ticket t ON t.id = h.ticket_id WHERE t.number = %s ORDER BY h.id", number,
                    program="helpdesk-service")


def own(db, number, owner_id=COORDINATOR, name="Jane Smith"):
    """Makes a person the owner, as the queue would."""
    db.query("UPDATE ticket SET owner_id = %s, owner_name = %s, is_assigned = true WHERE number = %s",
             owner_id, name, number, program="helpdesk-service")
    db.query("INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_owner) "
             "SELECT %s, id, created_at, true FROM ticket WHERE number = %s "
             "ON CONFLICT (ticket_id, user_id) DO UPDATE SET is_owner = true",
             owner_id, number, program="helpdesk-service")


def create(client, **changes):
    """A new ticket's body, as answered."""
    return client.post("/api/v1/tickets", {**TICKET, **changes}, expect=201).json()


def post_file(client, name="a.png", data=PNG, kind="image/png", path="/api/v1/media", headers=None, expect=None,
              **fields):
    """One file in a form, with further fields."""
    return client.request("POST", path, files={"file": (name, data, kind)}, data=fields, headers=headers, expect=expect)


@pytest.fixture(scope="module")
def helpdesk(start_service, db):
    return start_helpdesk(start_service, db)


@pytest.fixture(scope="module")
def people(helpdesk):  # pylint: disable=redefined-outer-name
    return People(helpdesk.http)
