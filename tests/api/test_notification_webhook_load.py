"""Webhooks when endpoints hang, when there are thousands, when processes share them and when they die."""
import time

import pytest
from lib.hooks import ADAM, URL, Hooks
from lib.receiver import Receiver
from lib.wait import wait_for

TIMEOUT_S = 4


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = Hooks(start_service, broker, env={"WEBHOOK_TIMEOUT": str(TIMEOUT_S), "WEBHOOK_CONCURRENCY": "3"})
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _remove_all(world):
    yield
    world.remove_all()


@pytest.fixture(name="receiver")
def _receiver():
    with Receiver() as receiver:
        yield receiver


def slowly(seconds):
    def answer(_call):
        time.sleep(seconds)
        return 200
    return answer


def most_at_once(calls):
    """Of calls that nobody answered, each given up after TIMEOUT_S; half of that allows for a slow machine."""
    times = sorted(call.at for call in calls)
    return max(sum(at <= other < at + TIMEOUT_S / 2 for other in times) for at in times)


def test_endpoints_that_hang_delay_nobody(world, receiver):
    """Also when there are many of them, each with more than it can take."""
    hanging = [Receiver() for _ in range(20)]
    try:
        for one in hanging:
            one.answer = one.hang
            world.add(one)
        for _ in range(10):
            world.send()
        wait_for(lambda: all(len(one.calls) >= 3 for one in hanging), what="all of them to hang")
        world.add(receiver)
        # Some of the hanging ones have timed out meanwhile: those are asked one at a time.
        for _ in range(10):
            ticket = world.send()
            call = receiver.wait(1, ticket["ticket_number"], timeout=TIMEOUT_S * 5)[0]
            assert call.json["data"]["ticket_number"] == ticket["ticket_number"]
        assert max(most_at_once(one.calls) for one in hanging) <= 3
    finally:
        for one in hanging:
            one.close()


def test_a_backlog_delays_nobody(world, receiver):
    with Receiver(slowly(0.05)) as slow:
        hook = world.add(slow)
        for _ in range(400):
            world.send()
        slow.wait(10)
        world.add(receiver)
        ticket = world.send()
        receiver.wait(1, ticket["ticket_number"])
        waiting = world.admin.get(f"{URL}/{hook['id']}/deliveries", params={"status": "pending"}).json()["count"]
        assert waiting > 50 and len(slow.calls) < 400
        slow.wait(401)
        assert slow.most == 3
        assert len({call.id for call in slow.calls}) == len(slow.calls) == 401


def test_replicas_share_the_work(world, receiver):
    receiver.answer = slowly(0.02)
    world.add(receiver)
    others = [world.program(), world.program(WORKERS="2")]
    tickets = [world.send()["ticket_number"] for _ in range(300)]
    receiver.wait(300)
    for other in others:
        other.stop()
    assert sorted(call.json["data"]["ticket_number"] for call in receiver.calls) == sorted(tickets)
    # More at a time than one process would send.
    assert receiver.most > 3


def test_killed_while_it_sends(world, receiver):
    """What has not been answered comes again, under the same id."""
    receiver.answer = receiver.hang
    hook = world.add(receiver)
    world.send()
    first = receiver.wait(1)[0]
    world.service.kill()
    receiver.answer = lambda call: 200
    world.service.start()
    again = receiver.wait(2)[1]
    assert again.id == first.id and again.body == first.body and again.is_signed_with(hook["secret"])
    delivery = world.wait_delivery(hook, lambda d: d["status"] == "delivered")
    assert delivery["attempts"] == 2 and len(delivery["attempt_log"]) == 1


def test_killed_again_and_again(world, receiver):
    """Every event arrives, whatever happens to the program in between."""
    world.add(receiver)
    tickets = []
    for round_ in range(5):
        tickets += [world.send()["ticket_number"] for _ in range(40)]
        receiver.wait(1 + 30 * round_)
        world.service.kill()
        world.service.start()
    numbers = lambda: {call.json["data"]["ticket_number"] for call in list(receiver.calls)}  # noqa: E731
    wait_for(lambda: numbers() == set(tickets), 120, "every event")
    # At least once; and what comes twice can be told by its id.
    by_ticket = {}
    for call in receiver.calls:
        by_ticket.setdefault(call.json["data"]["ticket_number"], set()).add(call.id)
    assert all(len(ids) == 1 for ids in by_ticket.values())


def test_stopping_does_not_wait_for_who_hangs(world, receiver):
    other = world.program(WEBHOOK_TIMEOUT="120")
    world.service.stop()
    receiver.answer = receiver.hang
    admin = other.http.as_user(ADAM, [("hdts", "Admin"), ("tts", "Admin")])
    admin.post(URL, {"url": receiver.url, "event_types": ["*"]}, expect=201)
    world.send()
    receiver.wait(1)
    started = time.monotonic()
    other.stop()
    assert time.monotonic() - started < 40
    world.service.start()


def test_secrets_are_not_logged(world, receiver):
    receiver.answer = lambda call: 500
    hook = world.add(receiver.url + "?token=hidden", headers={"Authorization": "Bearer hidden"})
    world.act(hook, "ping", expect=202)
    world.wait_delivery(hook, lambda d: d["last_error"])
    log = world.service.log_text()
    assert "webhook not delivered" in log and "hidden" not in log and hook["secret"] not in log
