"""deploy/tools/load: figures of a fleet that works, and of one that does not."""
import json
import os
import subprocess

from lib.paths import ROOT

LOAD = ROOT / "deploy" / "tools" / "load"


def load(*args, env=None):
    return subprocess.run([LOAD, *args], env={"PATH": os.environ["PATH"], **(env or {})}, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def test_a_fleet_under_load(fleet):
    done = load("--url", fleet.url, "--rate", "10", "--seconds", "2", "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    told = json.loads(done.stdout)
    counts = {kind: row["count"] for kind, row in told["figures"].items()}
    assert counts == {"open": 20, "owner": 2, "comment": 20, "read": 20, "list": 20, "search": 20}
    assert not told["errors"] and all(0 < row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
                                      for row in told["figures"].values())
    made = fleet.db.query("SELECT count(*), count(DISTINCT requester_id) FROM ticket WHERE subject LIKE 'Load:%%'",
                          program="helpdesk-service")
    assert made == [(20, 14)]
    table = load("--url", fleet.url, "--rate", "5", "--seconds", "1")
    assert table.returncode == 0 and "p95 ms" in table.stdout and "owner" in table.stdout


def test_errors_are_counted_and_tell(fleet):
    fleet["helpdesk-service"].kill()
    done = load("--url", fleet.url, "--rate", "5", "--seconds", "1", "--json")
    fleet["helpdesk-service"].start()
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["error_share"] > 0.5 and told["errors"]


def test_nobody_to_be(fleet):
    done = load("--url", fleet.url, env={"PASSWORD": "wrong-one"})
    assert done.returncode == 1 and "cannot log in" in done.stderr and "wrong-one" not in done.stderr
    away = load("--url", "http://127.0.0.1:1", "--seconds", "1")
    assert away.returncode == 1 and "127.0.0.1:1" in away.stderr and "Traceback" not in away.stderr
