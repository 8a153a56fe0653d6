"""What has gathered on the queue while nobody listened: many tickets in one transaction."""
import collections

import pytest
from lib.wait import wait_for
from lib.workflow import EMIL, HELPDESK, TICKETS, World

DEAD = TICKETS + ".dead"
COUNT = 150


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


def tickets_of(world, numbers):
    return world.rows("SELECT k.number, t.owner_id, i.assignee_id FROM ticket k JOIN task t ON t.ticket_id = k.id "
                      "JOIN task_item i ON i.task_id = t.id WHERE k.number = ANY (%s)", list(numbers))


def clocks_of(world, numbers):
    return dict(world.rows("SELECT k.number, array_agg(c.metric ORDER BY c.metric) FROM ticket k "
                           "JOIN task t ON t.ticket_id = k.id JOIN sla_clock c ON c.task_id = t.id "
                           "WHERE k.number = ANY (%s) GROUP BY 1", list(numbers)))


def owners_told(world, numbers):
    """What the helpdesk is told of these tickets' owners, in whatever order they were taken in."""
    told = {}
    while not told.keys() >= set(numbers):
        properties, body, _ = world.amqp.receive(HELPDESK)
        if properties.headers["task"] == "update_ticket_owner":
            told[body[1]["ticket_number"]] = body[1]["owner_id"]
    return {number: told[number] for number in numbers}


def test_every_ticket_of_a_backlog_is_begun_once_and_in_turns(world):
    world.service.stop()
    numbers = [world.send_ticket() for _ in range(COUNT)]
    for number in numbers[:20]:
        world.send_ticket(ticket_number=number, subject="Told twice")
    world.service.start()
    rows = wait_for(lambda: len(found := tickets_of(world, numbers)) == COUNT and found, what="all tasks")
    assert sorted(row[0] for row in rows) == sorted(numbers)
    for column in (1, 2):
        assert set(collections.Counter(row[column] for row in rows).values()) == {COUNT // 2}
    assert set(map(tuple, clocks_of(world, numbers).values())) == {("resolution", "step")}
    assert owners_told(world, numbers) == {row[0]: row[1] for row in rows}


def test_one_bad_message_holds_up_none_of_those_beside_it(world):
    world.service.stop()
    good = [world.send_ticket() for _ in range(10)]
    world.amqp.send_task(TICKETS, "tts.tasks.no_such_task", [{"ticket_number": "TXUNKNOWN1"}])
    world.amqp.channel.basic_publish("", TICKETS, b"\xff\x00 not json")
    unmatched = world.send_ticket(category="Catering")
    nul = world.send_ticket(subject="a\x00b")
    good += [world.send_ticket() for _ in range(10)]
    world.service.start()
    wait_for(lambda: len(tickets_of(world, good)) == len(good), what="tasks of the good ones")
    wait_for(lambda: world.rows("SELECT is_matched FROM ticket WHERE number = %s", unmatched) == [(False,)])
    wait_for(lambda: world.amqp.count(DEAD) >= 1, what="a dead letter")
    assert tickets_of(world, [nul]) == []
    assert len(tickets_of(world, good)) == len(good)


def test_a_status_behind_its_ticket_is_heeded(world):
    world.service.stop()
    numbers = [world.send_ticket() for _ in range(12)]
    for number in numbers[::2]:
        world.status_task(number, "Withdrawn")
    world.service.start()
    statuses = wait_for(lambda: len(found := dict(world.rows(
        "SELECT k.number, t.status FROM ticket k JOIN task t ON t.ticket_id = k.id WHERE k.number = ANY (%s) "
        "AND (k.status = 'Withdrawn') = (k.number = ANY (%s))", numbers, numbers[::2]))) == 12 and found, what="all states")
    assert [statuses[number] for number in numbers] == ["cancelled", "active"] * 6


def test_killed_at_any_moment_nothing_is_lost_or_doubled(world):
    world.service.stop()
    numbers = [world.send_ticket() for _ in range(COUNT)]
    for wanted in (1, COUNT // 3, COUNT // 2):
        world.service.start(ready=False)
        wait_for(lambda n=wanted: len(tickets_of(world, numbers)) >= n, what="some tasks")
        world.service.kill()
    world.service.start()
    rows = wait_for(lambda: len(found := tickets_of(world, numbers)) >= COUNT and found, what="all tasks")
    assert sorted(row[0] for row in rows) == sorted(numbers)
    assert EMIL not in {row[1] for row in rows}
    assert world.rows("SELECT count(*) FROM ownership_change c JOIN task t ON t.id = c.task_id JOIN ticket k "
                      "ON k.id = t.ticket_id WHERE k.number = ANY (%s)", numbers) == [(COUNT,)]
