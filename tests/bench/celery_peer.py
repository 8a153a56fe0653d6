"""What workflow-service is compared with: a Celery task that writes the same rows for a ticket with psycopg2, one statement
each, in one transaction, and nothing else (no tables are searched for rules but the few a ticket needs)."""
import json
import os

import psycopg2
from celery import Celery
from celery.signals import worker_process_init

app = Celery("peer", broker=os.environ["CELERY_BROKER_URL"])
app.conf.update(task_serializer="json", accept_content=["json"], task_acks_late=True, task_ignore_result=True)
state = {"turn": 0}

STEP = """SELECT v.id, s.id, s.role_system, s.role_name, w.id FROM workflow_version v JOIN workflow w ON w.id = v.workflow_id
JOIN step s ON s.version_id = v.id AND s.is_start WHERE v.state = 'published' AND lower(v.category) = lower(%s)
AND lower(v.department) = lower(%s) LIMIT 1"""
HOLDERS = """SELECT p.id FROM person p JOIN person_role r ON r.person_id = p.id WHERE p.active AND r.system = %s AND r.role = %s
ORDER BY p.id"""
TICKET = """INSERT INTO ticket (number, subject, description, category, sub_category, department, priority, status, requester_id,
requester_name, requester_email, submitted_at, created_at, updated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now(), now()) RETURNING id"""
TASK = """INSERT INTO task (ticket_id, version_id, current_step_id, status, owner_id, submitted_at, created_at, updated_at,
target_resolution, sla_breach_at) VALUES (%s, %s, %s, 'active', %s, %s, now(), now(), now() + interval '8 hours',
now() + interval '1 day') RETURNING id"""
ITEM = """INSERT INTO task_item (task_id, step_id, assignee_id, status, origin, assigned_on)
VALUES (%s, %s, %s, 'new', 'System', now()) RETURNING id"""
HISTORY = """INSERT INTO task_item_history (task_item_id, status, origin, notes, created_at)
VALUES (%s, 'new', 'System', 'Task assigned', now())"""
OWNER = """INSERT INTO ownership_change (task_id, kind, new_owner_id, reason, created_at)
VALUES (%s, 'assigned', %s, 'round robin', now())"""
DECISION = """INSERT INTO assignment_decision (task_id, task_item_id, role_system, role_name, candidates, chosen_id, reason,
created_at) VALUES (%s, %s, %s, %s, %s, %s, 'round robin', now())"""
CLOCK = """INSERT INTO sla_clock (task_id, metric, cycle, state, started_at, workflow_id, sla_version, target_us, breach_us,
consumed_us, anchor_at, due_at, breach_at, warn_percents, warned_percent, next_wake) VALUES (%s, %s, 1, 'running', now(), %s, 1,
28800000000, 86400000000, 0, now(), now() + interval '8 hours', now() + interval '1 day', '{80}', 0,
now() + interval '6 hours') RETURNING id"""
EVENT = """INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at)
VALUES (%s, 'activate', '', 0, now() + interval '8 hours', now() + interval '1 day', now())"""


@worker_process_init.connect
def connect(**_):
    state["db"] = psycopg2.connect(os.environ["DB_URL"])


def pick(cursor, system, role):
    cursor.execute(HOLDERS, (system, role))
    holders = [i for i, in cursor.fetchall()]
    state["turn"] += 1
    return holders, holders[state["turn"] % len(holders)]


@app.task(name="tts.tasks.process_ticket")
def process_ticket(ticket):
    with state["db"] as connection, connection.cursor() as cursor:
        cursor.execute(STEP, (ticket["category"], ticket["department"]))
        version, step, system, role, workflow = cursor.fetchone()
        cursor.execute(TICKET, (*(ticket[key] for key in (
            "ticket_number", "subject", "description", "category", "sub_category", "department", "priority", "status",
            "employee_id", "employee_name", "employee_email", "created_at")),))
        ticket_id, = cursor.fetchone()
        coordinators, owner = pick(cursor, "hdts", "Ticket Coordinator")
        cursor.execute(TASK, (ticket_id, version, step, owner, ticket["created_at"]))
        task, = cursor.fetchone()
        holders, assignee = pick(cursor, system, role)
        cursor.execute(ITEM, (task, step, assignee))
        item, = cursor.fetchone()
        cursor.execute(HISTORY, (item,))
        cursor.execute(OWNER, (task, owner))
        cursor.execute(DECISION, (task, None, "hdts", "Ticket Coordinator", coordinators, owner))
        cursor.execute(DECISION, (task, item, system, role, holders, assignee))
        for metric in ("resolution", "step"):
            cursor.execute(CLOCK, (task, metric, workflow))
            cursor.execute(EVENT, cursor.fetchone())
        for routing_key, data in (("update_ticket_owner", {"ticket_number": ticket["ticket_number"], "owner_id": owner}),
                                  ("task.assigned", {"task_id": task, "user_id": assignee})):
            write_outbox(cursor, routing_key, data)


def write_outbox(cursor, routing_key, data):
    cursor.execute("INSERT INTO outbox (message_id, routing_key, headers, body) VALUES (gen_random_uuid(), %s, '{}', %s)",
                   (routing_key, json.dumps(data)))
