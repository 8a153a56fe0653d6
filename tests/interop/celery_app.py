"""A Celery program as the Python systems run it: the helpdesk's tasks, or the workflow's, by TASKS.
Each call is appended to RESULTS as a line [task, args, kwargs]."""
import json
import os

from celery import Celery

app = Celery("python-side", broker=os.environ["CELERY_BROKER_URL"])
app.conf.update(
    task_serializer="json", accept_content=["json"], task_acks_late=True, worker_prefetch_multiplier=1,
    task_routes={
        "tts.tasks.receive_hdts_ticket_status": {"queue": "TICKET_TASKS_PRODUCTION"},
        "tts.tasks.process_ticket": {"queue": "TICKET_TASKS_PRODUCTION"},
        "update_ticket_owner": {"queue": "ticket_status-default"},
        "send_ticket_status": {"queue": "ticket_status-default"},
    })


def record(task, *args, **kwargs):
    with open(os.environ["RESULTS"], "a", encoding="utf-8") as out:
        out.write(json.dumps([task, args, kwargs]) + "\n")


@app.task(name="update_ticket_owner")
def update_ticket_owner(ticket_number, owner_id):
    record("update_ticket_owner", ticket_number, owner_id)


@app.task(name="send_ticket_status")
def send_ticket_status(ticket_number, status):
    record("send_ticket_status", ticket_number, status)


@app.task(name="tts.tasks.process_ticket")
def process_ticket(ticket_data):
    record("process_ticket", ticket_data)


@app.task(name="tts.tasks.receive_hdts_ticket_status")
def receive_hdts_ticket_status(data):
    record("receive_hdts_ticket_status", data)
