"""kill -9 under load: what was acknowledged is there, once, and everybody hears it in the same order."""
import threading
import uuid

import pytest
import requests
from lib.wait import wait_for
from messaging_support import CORA, EMIL, World

WRITERS, MESSAGES, KILLS = 4, 60, 3


@pytest.fixture(name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close_sockets()
    world.close()


class Writer(threading.Thread):
    """Says things until each is acknowledged, by either of two processes, repeating with the same client_id."""

    def __init__(self, world, services, ticket, number):
        super().__init__()
        self.services = services
        self.path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"
        self.clients = [world.http((EMIL, CORA)[number % 2], service) for service in services]
        self.number = number
        self.acknowledged = {}

    def run(self):
        for count in range(MESSAGES):
            key = str(uuid.uuid4())
            body = {"content": f"{self.number}/{count}", "client_id": key}
            for attempt in range(10000):
                try:
                    answer = self.clients[(attempt + count) % len(self.clients)].post(self.path, body)
                except requests.RequestException:
                    continue
                if answer.status_code == 201:
                    self.acknowledged[key] = answer.json()["id"]
                    break


def test_kill_9_under_load_loses_and_doubles_nothing(world):
    ticket = world.open_ticket()
    victim = world.replica()
    ear = world.socket(EMIL)
    writers = [Writer(world, [world.service, victim], ticket, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    total = WRITERS * MESSAGES
    for kill in range(1, KILLS + 1):
        wait_for(lambda kill=kill: sum(len(w.acknowledged) for w in writers) >= total * kill // (KILLS + 1), what="progress")
        victim.kill()
        victim.start()
    for writer in writers:
        writer.join()
    acknowledged = {key: identity for writer in writers for key, identity in writer.acknowledged.items()}
    assert len(acknowledged) == total
    stored, cursor = [], None
    while True:
        page = world.http(CORA).get(f"/api/v1/conversations/{ticket['conversation_id']}/messages",
                                    params={"limit": 200, **({"cursor": cursor} if cursor else {})}, expect=200).json()
        stored = page["results"] + stored
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert {m["client_id"]: m["id"] for m in stored} == acknowledged and len(stored) == total
    assert [ear.receive_type("message")["id"] for _ in range(total)] == [m["id"] for m in stored]
    back = world.socket(CORA, service=victim)
    back.send({"type": "subscribe", "conversation_id": ticket["conversation_id"], "after_id": stored[total // 2]["id"]})
    assert back.receive_type("subscribed")
    replayed = [back.receive_type("message")["id"] for _ in range(total - total // 2 - 1)]
    assert replayed == [m["id"] for m in stored[total // 2 + 1:]]
    unread = world.http(CORA).get("/api/v1/conversations/unread", expect=200).json()
    assert unread["unread_count"] == sum(1 for m in stored if m["id"] > max(
        (s["id"] for s in stored if s["sender_id"] == CORA), default=0))
