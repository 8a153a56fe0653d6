"""RabbitMQ as the tests see it: publish, read a queue, listen to events, send Celery tasks."""
import datetime
import json
import time
import uuid

import pika

from .wait import DEADLINE


class Amqp:
    """A connection to a Broker's virtual host; a context manager."""

    def __init__(self, url):
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 0  # a test that does something else for a while sends none
        parameters.socket_timeout = parameters.stack_timeout = DEADLINE
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection.is_open:
            self.connection.close()

    def declare(self, queue):
        """A plain durable classic queue, as Celery declares them."""
        self.channel.queue_declare(queue, durable=True)

    def listen(self, routing_key="#", exchange="tts.events"):
        """A temporary queue that receives events from now on; pass it to receive."""
        self.channel.exchange_declare(exchange, "topic", durable=True)
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(queue, exchange, routing_key)
        return queue

    def receive(self, queue, timeout=DEADLINE):
        """The next message as (properties, decoded body, routing key), acknowledged."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method:
                return properties, json.loads(body), method.routing_key
            self.connection.process_data_events(0.02)
        raise AssertionError(f"no message in {queue} within {timeout} s")

    def receive_dead(self, queue, count, timeout=DEADLINE):
        """{message id: reason} of so many dead letters of the queue."""
        deadline = time.monotonic() + timeout
        found = {}
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} dead letters within {timeout} s: {found}"
            method, properties, _ = self.channel.basic_get(f"{queue}.dead", auto_ack=True)
            if method:
                found[properties.message_id] = properties.headers["x-tts-reason"]
            else:
                self.connection.process_data_events(0.05)
        return found

    def receive_type(self, queue, kind, timeout=DEADLINE, where=None):
        """The next CloudEvent of that type, for which where(event) holds; others are skipped."""
        deadline = time.monotonic() + timeout
        while True:
            _, event, _ = self.receive(queue, max(0.05, deadline - time.monotonic()))
            if event.get("type") == kind and (where is None or where(event)):
                return event

    def count(self, queue):
        """Messages ready in the queue."""
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def publish(self, exchange, routing_key, body, **properties):
        """Confirmed and mandatory: raises when no queue takes it."""
        properties.setdefault("content_type", "application/json")
        properties.setdefault("delivery_mode", 2)
        properties.setdefault("message_id", str(uuid.uuid4()))
        self.channel.basic_publish(exchange, routing_key, body if isinstance(body, bytes) else json.dumps(body),
                                   pika.BasicProperties(**properties), mandatory=True)

    def send_event(self, kind, data, source="test", subject=None, **extra):
        """A CloudEvent on tts.events, as a program publishes it."""
        identity = str(uuid.uuid4())
        event = {"specversion": "1.0", "id": identity, "source": source, "type": kind,
                 "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds"),
                 "datacontenttype": "application/json", "data": data, **extra}
        if subject is not None:
            event["subject"] = subject
        self.publish("tts.events", kind, event, message_id=identity, content_type="application/cloudevents+json")
        return event

    def send_task(self, queue, task, args=(), kwargs=None, **headers):
        """A Celery protocol 2 message; returns the task id."""
        identity = str(uuid.uuid4())
        self.publish("", queue, [list(args), kwargs or {}, {"callbacks": None, "errbacks": None, "chain": None,
                                                            "chord": None}],
                     content_encoding="utf-8", correlation_id=identity, message_id=None,
                     headers={"lang": "py", "task": task, "id": identity, "root_id": identity, "parent_id": None,
                              "group": None, "retries": 0, "eta": None, "expires": None,
                              "argsrepr": repr(list(args)), "kwargsrepr": repr(kwargs or {}),
                              "origin": "test@localhost", **headers})
        return identity
