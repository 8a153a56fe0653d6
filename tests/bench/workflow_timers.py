#!/usr/bin/python3 -B
"""make bench: how late breaches are noticed while a million other clocks run.

Puts the clocks straight into the tables, lets some of them become due every second, and prints how long after its moment
each breach was recorded. Fails when the 99th percentile is over the goal.
  workflow_timers.py [--clocks 1000000] [--seconds 20] [--rate 100] [--goal-s 1]
"""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

# pylint: disable=wrong-import-position
from lib.infra import Infra
from lib.people import FakeAuth, person
from lib.service import Service
from lib.wait import wait_for
from lib.workflow import PEOPLE

TICKETS = """
INSERT INTO ticket (number, subject, description, category, sub_category, department, priority, status, requester_name,
    requester_email, submitted_at, created_at, updated_at)
SELECT 'BENCH' || n, 'Printer', '', 'IT Support', '', 'IT Department', 'High', 'Open', 'Emil', 'emil@example.com',
    now(), now(), now() FROM generate_series(1, %s) n"""
TASKS = """
INSERT INTO task (ticket_id, version_id, current_step_id, status, submitted_at, created_at, updated_at, owner_id)
SELECT k.id, s.version_id, s.id, 'active', now(), now(), now(), 11 FROM ticket k, step s
JOIN workflow_version v ON v.id = s.version_id JOIN workflow w ON w.id = v.workflow_id
WHERE w.name = 'IT Support Workflow' AND s.is_start AND k.number LIKE 'BENCH%%'"""
CLOCKS = """
INSERT INTO sla_clock (task_id, metric, cycle, state, started_at, workflow_id, sla_version, target_us, breach_us,
    consumed_us, anchor_at, due_at, breach_at, warn_percents, warned_percent, next_wake)
SELECT t.id, 'resolution', 1, 'running', now(), w.id, w.sla_version, 1, 1, 0, now(), now() + interval '1 year',
    now() + interval '1 year', '{}', 0, now() + interval '1 year' + t.id * interval '1 second'
FROM task t, workflow w WHERE w.name = 'IT Support Workflow'"""
# Some become due from five seconds from now on, so many a second.
DUE = """
UPDATE sla_clock c SET breach_at = x.at, due_at = x.at, next_wake = x.at FROM (
    SELECT id, now() + interval '5 seconds' + row_number() OVER () * interval '1 second' / %s AS at
    FROM (SELECT id FROM sla_clock ORDER BY id LIMIT %s) first) x WHERE c.id = x.id"""
LAGS = """
SELECT extract(epoch FROM e.created_at - c.next_due)::float8 FROM (SELECT id, breach_at AS next_due FROM sla_clock
    WHERE breached_at IS NOT NULL) c JOIN sla_event e ON e.clock_id = c.id WHERE e.kind = 'breach'"""


def measure(world_db, service, options):
    """Seconds between each breach and its record."""
    run = lambda sql, *args: world_db.query(sql, *args, program=service.name)  # noqa: E731
    wanted = options.rate * options.seconds
    run(TICKETS, options.clocks)
    run(TASKS)
    run(CLOCKS)
    world_db.query("VACUUM ANALYZE")
    run(DUE, options.rate, wanted)
    wait_for(lambda: run("SELECT count(*) FROM sla_clock WHERE breached_at IS NOT NULL")[0][0] == wanted,
             options.seconds + 120, f"{wanted} breaches")
    return sorted(lag for lag, in run(LAGS))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clocks", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--goal-s", type=float, default=1.0)
    options = parser.parse_args()
    infra = Infra()
    db, broker = infra.database("timers"), infra.broker("timers")
    auth = FakeAuth([person(i, *p) for i, p in PEOPLE.items()])
    try:
        with Service("workflow-service", db, broker, env={"AUTH_SERVICE_URL": auth.url}) as service:
            lags = measure(db, service, options)
            rss = next(line.split()[1] for line in pathlib.Path(f"/proc/{service.process.pid}/status").read_text(
                encoding="ascii").splitlines() if line.startswith("VmRSS"))
    finally:
        auth.close()
        broker.drop()
        db.drop()
        infra.close()
    assert len(lags) == options.rate * options.seconds, "a breach was recorded twice"
    worst = lags[int(len(lags) * 0.99)]
    print(f"{options.clocks} running clocks, {options.rate} breaches a second: noticed after"
          f" {lags[len(lags) // 2] * 1000:.0f} ms (median), {worst * 1000:.0f} ms (p99), {lags[-1] * 1000:.0f} ms (max);"
          f" RSS {int(rss) // 1024} MiB")
    sys.exit(worst > options.goal_s)


if __name__ == "__main__":
    main()
