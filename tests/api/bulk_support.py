"""What the suites of bulk changes and of jobs share: orders, tickets made without the program, ways to wait."""
import itertools
import uuid

import psycopg2
import pytest

from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, OTHER_COORDINATOR, OTHER_EMPLOYEE, PROCESS_QUEUE, REVIEWER,
                              TTS_ADMIN)
from lib import tokens
from lib.amqp import Amqp
from lib.wait import wait_for

BULK, JOBS = "/api/v1/tickets/bulk", "/api/v1/jobs"
NO_JOB = f"{JOBS}/00000000-0000-4000-8000-000000000000"
HIGH = [{"op": "set_priority", "priority": "High"}]
ROLES = [(EMPLOYEE, tokens.EMPLOYEE), (OTHER_EMPLOYEE, tokens.EMPLOYEE), (COORDINATOR, tokens.COORDINATOR),
         (OTHER_COORDINATOR, tokens.COORDINATOR), (REVIEWER, tokens.REVIEWER), (ADMIN, tokens.ADMIN),
         (TTS_ADMIN, [("tts", "Admin")])]
PROGRAM = "helpdesk-service"
sequence = itertools.count(1)


def grant(db, user_id, roles):
    """What role.assigned and role.revoked would leave."""
    db.query("DELETE FROM person_role WHERE person_id = %s", user_id, program=PROGRAM)
    for number, (system, role) in enumerate(roles, 1):
        db.query("INSERT INTO person_role VALUES (%s, %s, %s, %s)", user_id, system, role, number, program=PROGRAM)


@pytest.fixture(scope="module", autouse=True)
def everything(helpdesk, broker, db):
    """A queue that gets every message, and people with their roles."""
    for user_id, roles in ROLES:
        grant(db, user_id, roles)
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


def some_tickets(db, count, owner=COORDINATOR, priority="Low"):
    """Numbers of so many new tickets of an owner, made without the program."""
    first = next(sequence) * 100000
    db.query("INSERT INTO ticket (id, number, subject, description, category, department, priority, requester_id,"
             " requester_name, requester_email, owner_id, owner_name, created_at, updated_at)"
             " SELECT 1000000000 + n, 'TX20200101' || n, 'Bulk', 'Text', 'IT Support', 'IT Department',"
             " %s::ticket_priority, %s, 'John Doe', 'john.doe@company.com', %s, 'Jane Smith', now(), now()"
             " FROM generate_series(%s, %s) n", priority, EMPLOYEE, owner, 100000 + first, 100000 + first + count - 1,
             program=PROGRAM)
    for user, column in ((EMPLOYEE, "is_requester"), (owner, "is_owner")):
        db.query(f"INSERT INTO ticket_participant (user_id, ticket_id, created_at, {column}) SELECT %s, id, created_at,"
                 " true FROM ticket WHERE id BETWEEN %s AND %s", user, 1000100000 + first, 1000100000 + first + count - 1,
                 program=PROGRAM)
    return [f"TX20200101{100000 + first + n}" for n in range(count)]


def order(client, numbers, operations, expect=202, wait=None, key=None, **members):
    """The answer to a bulk change."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    if wait:
        headers["Prefer"] = f"wait={wait}"
    return client.post(BULK, {"select": {"numbers": numbers}, "operations": operations, **members}, expect=expect,
                       headers=headers)


def now(client, numbers, operations, **members):
    """The finished job of a bulk change, with its items."""
    job = order(client, numbers, operations, wait=10, expect=None, **members)
    assert job.status_code in (200, 202), job.text
    body = job.json()
    finished(client, body["id"])
    return {**client.get(f"{JOBS}/{body['id']}", expect=200).json(), "items": items(client, body["id"])}


def finished(client, job_id):
    """The job, once it has ended."""
    def ended():
        job = client.get(f"{JOBS}/{job_id}", expect=200).json()
        return job if job["finished_at"] else None
    return wait_for(ended, 120, "the end of the job", 0.05)


def items(client, job_id, query=""):
    return client.get(f"{JOBS}/{job_id}/items?page_size=100{query}", expect=200).json()["results"]


def counts(job):
    return job["state"], job["total"], job["done"], job["failed"], job["skipped"]


def changes(db, numbers, field="priority"):
    """How often the field of each ticket has changed, by the history."""
    rows = db.query("SELECT t.number, (SELECT count(*) FROM ticket_history h WHERE h.ticket_id = t.id"
                    " AND h.field_name = %s) FROM ticket t WHERE t.number = ANY(%s)", field, list(numbers),
                    program=PROGRAM)
    return dict(rows)


class Locked:
    """Holds a ticket's row, so that whoever changes it waits."""

    def __init__(self, db, number):
        self.connection = psycopg2.connect(db.url(PROGRAM))
        self.cursor = self.connection.cursor()
        self.cursor.execute("SELECT 1 FROM ticket WHERE number = %s FOR UPDATE", (number,))

    def __enter__(self):
        return self

    def release(self):
        self.connection.close()

    def __exit__(self, *_):
        self.release()
