"""What tests of the audit trail share."""
import contextlib

import pytest

from helpdesk_support import PROCESS_QUEUE
from lib.amqp import Amqp
from lib.wait import wait_for

AUDIT = "/api/v1/audit"
ZERO = "00" * 32


@pytest.fixture(scope="module", autouse=True)
def listener(helpdesk, broker):
    """Somebody wants every message from the beginning, so that none waits for a first subscriber."""
    with Amqp(broker.url) as connection:
        connection.declare(PROCESS_QUEUE)
        connection.declare("everything")
        connection.channel.queue_bind("everything", "tts.events", "#")
        yield connection


def found(client, **filters):
    query = "&".join(f"{name}={value}" for name, value in {"page_size": 100, **filters}.items())
    return client.get(f"{AUDIT}?{query}", expect=200).json()["results"]


def event(client, action, where=lambda e: True, **filters):
    """The newest sealed event of that action."""
    return wait_for(lambda: next((e for e in found(client, action=action, **filters) if where(e)), None),
                    what=f"{action} {filters}")


def sealed(db):
    """Waits until nothing waits to be sealed; the number of events."""
    wait_for(lambda: db.query("SELECT count(*) FROM audit_pending", program="helpdesk-service")[0][0] == 0)
    return db.query("SELECT seq FROM audit_head", program="helpdesk-service")[0][0]


@contextlib.contextmanager
def unsealed(db):
    """Nothing is sealed inside, whatever comes; the number of events."""
    sealed(db)
    with db.cursor("helpdesk-service") as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT seq FROM audit_head FOR KEY SHARE")
        yield cursor.fetchone()[0]


def verify(client):
    return client.get(f"{AUDIT}/verify", expect=200).json()
