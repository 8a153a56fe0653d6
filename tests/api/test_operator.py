"""What every program does on its command line: usage, migrations, the outbox."""
import concurrent.futures
import subprocess

import psycopg2
import pytest

from lib import command
from lib.amqp import Amqp
from lib.paths import PROGRAMS, SERVICES, binary, schema
from lib.service import Service
from lib.wait import wait_for

OUTBOX_ROW = ("INSERT INTO outbox (message_id, exchange, routing_key, body, key, attempts, last_error, retry_at)"
              " VALUES (%s, '', %s, '{}', %s, 5, 'no queue takes it', now() + interval '1 hour') RETURNING id")


@pytest.fixture(name="silent")
def _silent(infra):
    """silent(name): a program that is not started, on a database of its own."""
    databases = []

    def make(name, **kwargs):
        databases.append(infra.database("operator"))
        return Service(name, databases[-1], start=False, **kwargs)

    yield make
    for database in databases:
        database.drop()


@pytest.fixture(name="auth", scope="module")
def _auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


def migrations(service):
    return service.db.query("SELECT module, version FROM schema_migration ORDER BY 1, 2", program=service.name)


# ---- usage ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", PROGRAMS)
def test_help_names_what_there_is(name):
    done = subprocess.run([binary(name), "--help"], check=True, stdout=subprocess.PIPE, text=True, env={})
    named = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  --")}
    assert ("--migrate" in named) == (name != "gateway")
    assert ("--outbox" in named) == (name not in ("gateway", "registry-service"))
    for one in named - {"--help"}:
        told = subprocess.run([binary(name), one, "--help"], check=True, stdout=subprocess.PIPE, text=True, env={})
        assert told.stdout.startswith(f"usage: {name} {one}")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("args", [["--nonsense"], ["nonsense"], ["--version", "x"], ["--check-config", "--x"], [""]])
def test_what_is_no_command(name, args):
    done = subprocess.run([binary(name), *args], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env={}, timeout=60)
    assert done.returncode == 64 and done.stdout == "" and f"usage: {name}" in done.stderr


@pytest.mark.parametrize("args", [["--migrate", "now"], ["--migrate", "status", "--dry-run"], ["--migrate", "status", "x"],
                                  ["--outbox", "retry", "--id"], ["--outbox", "retry", "--id", "x"],
                                  ["--outbox", "--id", "1"], ["--outbox", "purge"],
                                  ["--outbox", "list", "--id", "1", "--id", "2"]])
def test_wrong_arguments(auth, args):
    told = command.run(auth, *args, status=64)
    assert told.stdout == "" and told.stderr.startswith(f"usage: auth-service {args[0]} ")


# ---- migrations -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", SERVICES)
def test_status_and_dry_run_of_a_new_database(silent, name):
    service = silent(name)
    before = command.lines(service, "--migrate", "status", status=1)
    assert before and {(one["state"], one["applied_at"]) for one in before} == {("pending", None)}
    planned = command.lines(service, "--migrate", "--dry-run")
    assert [one["name"] for one in planned] == [one["name"] for one in before]
    assert all(one["sql"].strip() for one in planned)
    assert service.db.query("SELECT count(*) FROM pg_tables WHERE schemaname = %s", schema(name)) == [(0,)]
    assert f"{len(before)} migrations applied" in command.run(service, "--migrate").stdout
    after = command.lines(service, "--migrate", "status")
    assert [(one["module"], one["version"]) for one in after] == [(one["module"], one["version"]) for one in before]
    assert all(one["state"] == "applied" and one["applied_at"].endswith("Z") for one in after)
    assert command.run(service, "--migrate", "--dry-run").stdout == ""
    assert command.run(service, "--migrate").stdout.startswith(f"{name}: 0 migrations applied")


def test_status_tells_how_schema_and_program_fit(silent):
    service = silent("registry-service")
    command.run(service, "--migrate")
    last = command.lines(service, "--migrate", "status")[-1]
    service.db.query("INSERT INTO schema_migration VALUES ('registry', 900, 'of tomorrow', 'x')", program=service.name)
    ahead = command.lines(service, "--migrate", "status", status=2)
    assert [(one["version"], one["state"]) for one in ahead if one["state"] != "applied"] == [(900, "unknown")]
    service.db.query("DELETE FROM schema_migration WHERE module = %s AND version = %s", last["module"], last["version"],
                     program=service.name)
    assert {one["state"] for one in command.lines(service, "--migrate", "status", status=3)} == {"applied", "pending",
                                                                                               "unknown"}
    service.db.query("UPDATE schema_migration SET fingerprint = 'edited' WHERE module = 'registry' AND version = 1",
                     program=service.name)
    told = command.run(service, "--migrate", "status", status=65)
    assert '"state":"changed"' in told.stdout and "was changed after it had been applied" in told.stderr
    assert "was changed" in command.run(service, "--migrate", status=69).stderr


def test_a_newer_schema_does_not_stop_an_older_program(silent):
    service = silent("registry-service")
    command.run(service, "--migrate")
    service.db.query("INSERT INTO schema_migration VALUES ('registry', 900, 'of tomorrow', 'x')", program=service.name)
    with service:
        service.start()
        service.http.get("/services", expect=200)


def test_a_database_that_is_away(silent):
    service = silent("auth-service", env={"DB_URL": "postgresql://x:x@127.0.0.1:1/x"})
    for args in (["--migrate"], ["--migrate", "status"], ["--migrate", "--dry-run"]):
        told = command.run(service, *args, status=69)
        assert told.stdout == "" and "connecting" in told.stderr and "x:x" not in told.stderr


def test_many_migrate_at_once(silent):
    service = silent("helpdesk-service")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: command.run(service, "--migrate").stdout, range(6)))
    applied = sorted(int(line.split()[1]) for line in told)
    assert applied[:5] == [0] * 5 and applied[5] == len(migrations(service)) > 0


def test_a_migration_does_not_queue_in_front_of_others(silent):
    """It waits for a table that somebody uses, but lets those pass that come after it."""
    service = silent("auth-service")
    command.run(service, "--migrate")
    url = service.db.url(service.name)
    service.db.query("DELETE FROM schema_migration WHERE module = 'mq' AND version = 3", program=service.name)
    service.db.query("ALTER TABLE outbox DROP COLUMN raw, DROP COLUMN content_encoding", program=service.name)
    with psycopg2.connect(url) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox")  # held until the end of the transaction
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            migrating = pool.submit(command.run, service, "--migrate")
            wait_for(lambda: service.db.query("SELECT count(*) FROM pg_stat_activity WHERE application_name ="
                                              " 'tts-migrate' AND wait_event_type = 'Lock'")[0][0] == 1,
                     what="a migration that waits")
            with psycopg2.connect(url, options="-c statement_timeout=20s") as other, other.cursor() as reading:
                reading.execute("SELECT count(*) FROM outbox")
            other.close()
            assert not migrating.done()
            holder.commit()
            assert ": 1 migrations applied" in migrating.result().stdout
    holder.close()


# ---- the outbox -------------------------------------------------------------------------------------------------

def everything(auth):
    *lanes, total = command.lines(auth, "--outbox")
    assert total["exchange"] is None and total["routing_key"] is None
    assert total["waiting"] == sum(lane["waiting"] for lane in lanes)
    return {lane["routing_key"]: lane for lane in lanes}, total


def test_what_waits_is_told_by_destination(silent):
    service = silent("auth-service")
    command.run(service, "--migrate")
    assert everything(service) == ({}, {"exchange": None, "routing_key": None, "waiting": 0, "failed": 0,
                                        "oldest_s": 0})
    service.db.query("INSERT INTO outbox (message_id, exchange, routing_key, body, created_at) SELECT 'm' || n,"
                     " 'tts.events', 'user.updated', '{}', now() - interval '90 seconds' FROM generate_series(1, 5) n",
                     program=service.name)
    service.db.query(OUTBOX_ROW, "stuck", "nowhere'; --", None, program=service.name)
    lanes, total = everything(service)
    assert (lanes["user.updated"]["waiting"], lanes["user.updated"]["failed"]) == (5, 0)
    assert 90 <= lanes["user.updated"]["oldest_s"] < 300 and total["oldest_s"] >= 90
    assert (lanes["nowhere'; --"]["waiting"], lanes["nowhere'; --"]["failed"], total["waiting"]) == (1, 1, 6)


def test_what_failed_is_listed_and_retried(auth, broker):
    queues = [f"operator-{n}" for n in (1, 2)]
    ids = [auth.db.query(OUTBOX_ROW, queue, queue, "K1", program=auth.name)[0][0] for queue in queues]
    auth.db.query("INSERT INTO outbox (message_id, routing_key, body, key) VALUES ('behind', %s, '{}', 'K1')", queues[0],
                  program=auth.name)
    found = command.lines(auth, "--outbox", "list")
    assert [one["id"] for one in found] == ids and [one["held"] for one in found] == [1, 0]
    assert found[0]["error"] == "no queue takes it" and found[0]["attempts"] == 5 and "body" not in found[0]
    assert [one["id"] for one in command.lines(auth, "--outbox", "list", "--routing-key", queues[1])] == ids[1:]
    assert command.lines(auth, "--outbox", "list", "--id", "1000000000") == []
    with Amqp(broker.url) as amqp:
        for queue in queues:
            amqp.declare(queue)
        assert command.run(auth, "--outbox", "retry", "--id", str(ids[0])).stdout == "1 retried\n"
        wait_for(lambda: amqp.count(queues[0]) == 2, what="the one that failed, and the one behind it")
        assert amqp.count(queues[1]) == 0
        assert command.run(auth, "--outbox", "retry").stdout == "1 retried\n"
        wait_for(lambda: amqp.count(queues[1]) == 1, what="the other one")
    wait_for(lambda: everything(auth)[1]["waiting"] == 0, what="an empty outbox")
    assert command.run(auth, "--outbox", "retry").stdout == "0 retried\n"


def test_the_outbox_of_a_database_that_is_away(auth):
    told = command.run(auth, "--outbox", status=69, env={"DB_URL": "postgresql://x:x@127.0.0.1:1/x"})
    assert told.stdout == "" and "the database is not reachable" in told.stderr
