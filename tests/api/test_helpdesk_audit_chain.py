"""The chain of the audit trail: nobody can change it unnoticed, and what is dropped by age leaves an anchor."""
import hashlib
import json
import subprocess
import threading

import pytest

from audit_support import AUDIT, ZERO, event, found, listener, sealed, unsealed, verify  # noqa: F401
from helpdesk_support import create, helpdesk, People, people, start_helpdesk  # noqa: F401
from lib.http import check_error
from lib.service import Service
from lib.wait import wait_for


# ---- the chain ----------------------------------------------------------------------------------

def canonical(one, cursor):
    """What the hash covers, put together from the table by somebody else than the program."""
    cursor.execute("""SELECT e.seq::text, (extract(epoch FROM sealed_at) * 1000000)::bigint::text,
        (extract(epoch FROM at) * 1000000)::bigint::text, source, source_id, actor_kind, actor_id::text, actor,
        on_behalf_of::text, address, user_agent, trace_id, action, is_refused::int::text, object_type, object_id,
        object_number, changes::text, details::text, reason
        FROM audit_event e JOIN audit_kind k ON k.id = e.kind_id WHERE seq = %s""", (one,))
    parts = []
    for value in cursor.fetchone():
        data = None if value is None else value.encode()
        parts.append(b"-," if data is None else b"%d:%s," % (len(data), data))
    return b"".join(parts)


def test_the_hashes_are_what_the_documents_say(people, db):
    create(people.employee), create(people.employee)
    end = sealed(db)
    with db.cursor("helpdesk-service") as cursor:
        cursor.execute("SELECT seq, prev_hash, hash FROM audit_event ORDER BY seq")
        before, expected = bytes.fromhex(ZERO), 1
        for seq, prev_hash, digest in cursor.fetchall():
            assert seq == expected and bytes(prev_hash) == before
            before = hashlib.sha256(before + canonical(seq, cursor)).digest()
            assert bytes(digest) == before
            expected += 1
    assert expected > end
    report = verify(people.admin)
    assert report["valid"] and report["events"] >= end and report["first_broken"] is None and report["first"] == 1


def test_nobody_changes_the_trail(db):
    for sql in ("UPDATE audit_event SET reason = 'x'", "DELETE FROM audit_event WHERE seq = 1", "TRUNCATE audit_event",
                "UPDATE audit_kind SET action = 'x'", "DELETE FROM audit_kind", "UPDATE audit_checkpoint SET seq = 1",
                "UPDATE audit_pending SET reason = 'x'", "DELETE FROM audit_head"):
        with pytest.raises(Exception, match="neither changed nor removed"):
            db.query(sql, program="helpdesk-service")
    partition = db.query("SELECT tableoid::regclass::text FROM audit_event LIMIT 1", program="helpdesk-service")[0][0]
    for sql in (f"UPDATE {partition} SET reason = 'x'", f"DELETE FROM {partition}", f"TRUNCATE {partition}"):
        with pytest.raises(Exception, match="neither changed nor removed"):
            db.query(sql, program="helpdesk-service")


def test_many_writers_one_chain(people, db, start_service):
    """Two processes that seal, and many that write: every event once, in one chain."""
    start_helpdesk(start_service, db)
    numbers, lock = [], threading.Lock()

    def write():
        for _ in range(15):
            number = create(people.employee)["ticket_number"]
            with lock:
                numbers.append(number)
    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed(db)
    rows = db.query("SELECT object_number, count(*) FROM audit_event WHERE object_number = ANY (%s) GROUP BY 1", numbers,
                    program="helpdesk-service")
    assert len(rows) == len(numbers) == 120 and all(count == 1 for _, count in rows)
    assert verify(people.admin)["valid"]


def test_a_killed_process_breaks_nothing(people, db, start_service):
    victim = start_helpdesk(start_service, db)
    before = sealed(db)
    with db.cursor("helpdesk-service") as cursor:
        for _ in range(5):
            cursor.execute("INSERT INTO audit_pending (at, source, actor_kind, action) SELECT now(), 'test', 'system', "
                           "'test.fill' FROM generate_series(1, 3000)")
            wait_for(lambda: db.query("SELECT seq FROM audit_head", program="helpdesk-service")[0][0] > before)
            victim.restart(ready=False)
            before = db.query("SELECT seq FROM audit_head", program="helpdesk-service")[0][0]
    sealed(db)
    count = db.query("SELECT count(*) FROM audit_event JOIN audit_kind k ON k.id = kind_id WHERE action = 'test.fill'",
                     program="helpdesk-service")[0][0]
    assert count == 15000
    assert verify(people.admin)["valid"]


def test_a_late_commit_is_not_lost(people, db):
    """A row with an earlier id than sealed ones that commits after them."""
    with db.cursor("helpdesk-service") as cursor:
        cursor.connection.autocommit = False
        cursor.execute("INSERT INTO audit_pending (at, source, actor_kind, action) VALUES (now(), 'test', 'system', "
                       "'test.late')")
        number = create(people.employee)["ticket_number"]
        event(people.admin, "ticket.create", object=number)
        assert found(people.admin, action="test.late") == []
        cursor.connection.commit()
    assert event(people.admin, "test.late")
    assert verify(people.admin)["valid"]


def run_command(helpdesk, *args):
    return subprocess.run([helpdesk.process.args[0], "--verify-audit", *args], env=helpdesk.env, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command(helpdesk, people, db):
    sealed(db)
    done = run_command(helpdesk)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["valid"] and report["first_broken"] is None
    head = report["head"]
    assert run_command(helpdesk, f"{head['seq']}:{head['hash']}").returncode == 0
    other = run_command(helpdesk, f"{head['seq']}:{ZERO}")
    assert other.returncode == 1 and json.loads(other.stdout)["first_broken"] == head["seq"]
    ahead = run_command(helpdesk, f"{head['seq'] + 10 ** 6}:{ZERO}")
    assert ahead.returncode == 1 and "missing" in json.loads(ahead.stdout)["reason"]
    for bad in ("x", "1:2", f"0:{ZERO}", f"1:{'g' * 64}"):
        assert run_command(helpdesk, bad).returncode == 64
    assert people.admin.get(f"{AUDIT}/verify?seq={head['seq']}&hash={head['hash']}").json()["valid"]
    assert not people.admin.get(f"{AUDIT}/verify?seq={head['seq']}&hash={ZERO}").json()["valid"]
    for query in ("seq=5", f"hash={ZERO}", "seq=0", f"seq=1&hash={'g' * 64}", "seq=1&hash=12"):
        check_error(people.admin.get(f"{AUDIT}/verify?{query}"), 422, "VALIDATION_ERROR")


def test_checkpoints_are_logged(helpdesk, people, db):
    sealed(db)
    lines = [json.loads(line) for line in helpdesk.log_text().splitlines() if "audit checkpoint" in line]
    rows = db.query("SELECT seq, encode(hash, 'hex') FROM audit_checkpoint", program="helpdesk-service")
    assert rows and (lines[0]["seq"], lines[0]["hash"]) in rows
    assert people.admin.get(f"{AUDIT}/verify?seq={lines[0]['seq']}&hash={lines[0]['hash']}").json()["valid"]


TAMPERING = {
    "a value": "UPDATE audit_event SET reason = 'another' WHERE seq = %(seq)s",
    "a time": "UPDATE audit_event SET at = at + interval '1 microsecond' WHERE seq = %(seq)s",
    "who": "UPDATE audit_event SET actor_id = 1 WHERE seq = %(seq)s",
    "a kind": "UPDATE audit_event SET kind_id = (SELECT max(id) FROM audit_kind WHERE id <> kind_id) WHERE seq = %(seq)s",
    "no kind": "UPDATE audit_event SET kind_id = 0 WHERE seq = %(seq)s",
    "a hash": "UPDATE audit_event SET hash = prev_hash WHERE seq = %(seq)s",
    "a hash before": "UPDATE audit_event SET prev_hash = hash WHERE seq = %(seq)s",
    "one removed": "DELETE FROM audit_event WHERE seq = %(seq)s",
    "two swapped": "UPDATE audit_event SET seq = 2 * %(seq)s + 1 - seq WHERE seq IN (%(seq)s, %(seq)s + 1)",
    "one twice": "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = %(seq)s",
}


def as_intruder(db, cursor):
    cursor.execute("SET search_path TO helpdesk; SET session_replication_role = replica")


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_noticed(people, db, what):
    """By a superuser who has switched the triggers off; undone by copying the table back."""
    create(people.employee), create(people.employee)
    with unsealed(db) as end, db.cursor() as cursor:
        seq = end - 1
        as_intruder(db, cursor)
        cursor.execute("CREATE TABLE kept AS SELECT * FROM audit_event WHERE seq >= %s", (seq,))
        cursor.execute(TAMPERING[what], {"seq": seq})
        report = verify(people.admin)
        cursor.execute("DELETE FROM audit_event WHERE seq >= %s OR seq < 1", (seq,))
        cursor.execute("INSERT INTO audit_event SELECT * FROM kept")
        cursor.execute("DROP TABLE kept")
    assert not report["valid"] and report["reason"]
    assert report["first_broken"] in (seq, seq + 1)
    assert verify(people.admin)["valid"]


def test_a_renamed_kind_is_noticed(people, db):
    with unsealed(db), db.cursor() as cursor:
        as_intruder(db, cursor)
        cursor.execute("UPDATE audit_kind SET action = 'ticket.other' WHERE action = 'ticket.create'")
        report = verify(people.admin)
        cursor.execute("UPDATE audit_kind SET action = 'ticket.create' WHERE action = 'ticket.other'")
    assert not report["valid"] and verify(people.admin)["valid"]


def test_a_cut_tail_is_noticed(helpdesk, people, db):
    """Also with the end of the chain set back: then by a checkpoint."""
    create(people.employee), create(people.employee)
    with unsealed(db) as end, db.cursor() as cursor:
        known = verify(people.admin)["head"]
        as_intruder(db, cursor)
        cursor.execute("CREATE TABLE kept AS SELECT * FROM audit_event WHERE seq >= %s", (end - 1,))
        cursor.execute("DELETE FROM audit_event WHERE seq >= %s", (end - 1,))
        cut = verify(people.admin)
        cursor.execute("UPDATE audit_head SET seq = %s, hash = (SELECT prev_hash FROM kept WHERE seq = %s)",
                       (end - 2, end - 1))
        hidden = verify(people.admin)
        told = run_command(helpdesk, f"{known['seq']}:{known['hash']}")
        cursor.execute("INSERT INTO audit_checkpoint VALUES ('2000-01-01', %s, %s)",
                       (end, bytes.fromhex(known["hash"])))
        marked = verify(people.admin)
        cursor.execute("DELETE FROM audit_checkpoint WHERE day = '2000-01-01'")
        cursor.execute("INSERT INTO audit_event SELECT * FROM kept")
        beside = verify(people.admin)
        cursor.execute("UPDATE audit_head SET seq = %s, hash = %s", (end, bytes.fromhex(known["hash"])))
        cursor.execute("DROP TABLE kept")
    assert not cut["valid"] and cut["first_broken"] == end - 1
    assert hidden["valid"]
    assert told.returncode == 1 and json.loads(told.stdout)["first_broken"] == end - 1
    assert not marked["valid"] and marked["first_broken"] == end - 1
    assert not beside["valid"] and "beside" in beside["reason"]
    assert verify(people.admin)["valid"]


# ---- retention ----------------------------------------------------------------------------------

def test_old_months_are_dropped(infra, broker):
    """A trail of three months, of which the oldest two are over: what is left begins at an anchor."""
    database = infra.database("retention")
    service = Service("helpdesk-service", database, broker, ready=False, env={"AUDIT_RETENTION": "0s"})
    try:
        start = start_helpdesk(lambda *_, **__: service, database)
        people = People(start.http)
        for _ in range(3):
            create(people.employee)
        sealed(database)
        service.stop()
        with database.cursor() as cursor:
            cursor.execute("SET search_path TO helpdesk")
            cursor.execute("SET ROLE helpdesk; SELECT audit_make_month(now() - interval '100 days'), "
                           "audit_make_month(now() - interval '70 days'); RESET ROLE")
            # as if the first two had been sealed then: the hashes are made anew, as the program would have
            cursor.execute("SET session_replication_role = replica")
            before = bytes.fromhex(ZERO)
            for seq, days in ((1, 100), (2, 70)):
                cursor.execute("UPDATE audit_event SET sealed_at = sealed_at - %s * interval '1 day' WHERE seq = %s",
                               (days, seq))
            cursor.execute("SELECT seq FROM audit_event ORDER BY seq")
            for (seq,) in cursor.fetchall():
                digest = hashlib.sha256(before + canonical(seq, cursor)).digest()
                cursor.execute("UPDATE audit_event SET prev_hash = %s, hash = %s WHERE seq = %s", (before, digest, seq))
                before = digest
            cursor.execute("UPDATE audit_head SET hash = %s", (before,))
            cursor.execute("UPDATE audit_checkpoint SET hash = (SELECT hash FROM audit_event e WHERE e.seq = "
                           "audit_checkpoint.seq)")
        service.set_env("AUDIT_RETENTION", "1d")
        service.start()
        assert wait_for(lambda: len(found(people.admin, action="audit.drop")) == 2)
        report = verify(people.admin)
        assert report["valid"] and report["first"] == 3, report
        check_error(people.admin.get(f"{AUDIT}/1"), 404, "NOT_FOUND")
        people.admin.get(f"{AUDIT}/3", expect=200)
    finally:
        service.stop()
        database.drop()
