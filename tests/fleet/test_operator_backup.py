"""deploy/tools: a fleet is saved while people work with it, and brought back on other servers' ground."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

import psycopg2
import pytest

from lib.fleet import Fleet
from lib.paths import ROOT, SERVICES, binary
from lib.wait import wait_for

TOOLS = ROOT / "deploy" / "tools"
TICKET = {"subject": "Saved", "description": "While a backup runs", "category": "IT Support", "priority": "High",
          "sub_category": "Technical Assistance", "department": "IT Department"}


def settings(fleet):
    management = fleet.broker.management_url.replace("http://", "http://guest:guest@")
    return {"PATH": os.environ["PATH"], "DB_URL": fleet.db.admin_url, "MANAGEMENT_URL": f"{management}/{fleet.broker.name}",
            "UPLOAD_DIR": fleet["helpdesk-service"].env["UPLOAD_DIR"]}


def tool(name, env, *args, status=0):
    done = subprocess.run([TOOLS / name, *map(str, args)], env=env, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=300)
    assert done.returncode == status, (name, done.returncode, done.stdout, done.stderr)
    return done


class People:
    """Somebody who opens tickets with attachments until told to stop."""

    def __init__(self, fleet):
        self.client = fleet.login("employee@example.com")
        self.made, self.problems = [], []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        try:
            while not self.is_over.is_set():
                ticket = self.client.post("/api/v1/tickets", TICKET, expect=201).json()
                self.client.request("POST", f"/api/v1/tickets/{ticket['ticket_number']}/attachments", expect=201,
                                    files={"file": ("a.txt", os.urandom(500).hex().encode(), "text/plain")})
                self.made.append((time.time(), ticket["ticket_number"]))
        except BaseException as problem:  # pylint: disable=broad-exception-caught
            self.problems.append(problem)

    def stop(self):
        self.is_over.set()
        self.thread.join()
        assert not self.problems, self.problems


@pytest.fixture(scope="module", name="saved")
def _saved(fleet, tmp_path_factory):
    """A backup taken under load: its folder, when it began and ended, and what was made."""
    folder = tmp_path_factory.mktemp("backup") / "first"
    people = People(fleet)
    try:
        wait_for(lambda: len(people.made) >= 5 or people.problems, what="some tickets")
        began = time.time()
        told = tool("backup", settings(fleet), folder)
        ended = time.time()
        count = len(people.made)
        wait_for(lambda: len(people.made) > count or people.problems, what="a ticket after the backup")
    finally:
        people.stop()
    assert any(began < at < ended for at, _ in people.made), "nothing happened while the backup ran"
    return {"folder": folder, "began": began, "made": people.made, "told": json.loads(told.stdout),
            "manifest": json.loads((folder / "manifest.json").read_text(encoding="utf-8"))}


def test_a_backup_is_private_and_says_what_is_in_it(saved):
    manifest = saved["manifest"]
    assert saved["told"]["files"] == manifest["media"]["files"] > 0 and manifest["drained"]
    assert manifest["rows"]["helpdesk.ticket"] >= 5 and manifest["audit"]["seq"] > 0
    assert set(manifest["migrations"]) == {name.removesuffix("-service") for name in SERVICES}
    assert all(path.stat().st_mode & 0o077 == 0 for path in [saved["folder"], *saved["folder"].rglob("*")])
    assert not list(saved["folder"].parent.glob(".*"))


def test_it_comes_back_and_the_fleet_runs_on_it(infra, saved):
    told = {}

    def bring_back(other):
        done = tool("restore", settings(other), saved["folder"], "--helpdesk", binary("helpdesk-service"))
        told.update(json.loads(done.stdout))
        again = tool("restore", settings(other), saved["folder"], status=1)
        assert "not empty" in again.stderr

    other = Fleet(infra, before_start=bring_back)
    try:
        assert told["audit_verified"] is True and told["rows"] == saved["told"]["rows"]
        admin = other.login("admin@example.com")
        early = [number for at, number in saved["made"] if at < saved["began"]]
        assert early
        for number in early:  # what was acknowledged before
            ticket = admin.get(f"/api/tickets/number/{number}/", expect=200).json()
            assert ticket["subject"] == TICKET["subject"]
        # Every ticket becomes a task, once: what was under way at that moment is sent now.
        numbers = {number for (number,) in other.db.query("SELECT number FROM ticket WHERE subject = %s",
                                                          TICKET["subject"], program="helpdesk-service")}

        def tasks():
            rows = other.db.query("SELECT t.number, count(*) FROM task k JOIN ticket t ON t.id = k.ticket_id GROUP BY 1",
                                  program="workflow-service")
            return {number: count for number, count in rows if number in numbers}

        wait_for(lambda: tasks() == dict.fromkeys(numbers, 1), what="a task for every ticket")
        wait_for(lambda: not other.db.query("SELECT FROM ticket WHERE owner_id IS NULL AND subject = %s",
                                            TICKET["subject"], program="helpdesk-service"), what="owners")
        files = other.db.query("SELECT id, sha256 FROM media_file", program="helpdesk-service")
        assert files
        for file_id, digest in files[:20] + files[-20:]:
            content = admin.get(f"/api/v1/media/{file_id}", expect=200).content
            assert hashlib.sha256(content).hexdigest() == digest
        other.login("employee@example.com").post("/api/v1/tickets", TICKET, expect=201)
    finally:
        other.stop()


def test_nothing_is_overwritten(fleet, saved, tmp_path):
    assert "exists already" in tool("backup", settings(fleet), saved["folder"], status=1).stderr
    assert "not empty" in tool("restore", settings(fleet), saved["folder"], status=1).stderr
    stranger = tmp_path / "uploads"
    stranger.mkdir()
    (stranger / "something").write_bytes(b"x")
    assert tool("restore", {**settings(fleet), "UPLOAD_DIR": str(stranger)}, saved["folder"], status=1)
    assert list(stranger.iterdir()) == [stranger / "something"]


def test_an_empty_database_without_roles_is_refused(infra, saved, tmp_path):
    database = infra.database("bare")
    try:
        database.query("DROP SCHEMA workflow")
        env = {"PATH": os.environ["PATH"], "DB_URL": database.admin_url, "UPLOAD_DIR": str(tmp_path / "u")}
        assert "roles.sql" in tool("restore", env, saved["folder"], status=1).stderr
    finally:
        database.drop()


@pytest.mark.parametrize("damage", ["dump", "media", "missing", "manifest", "none"])
def test_damage_is_found(saved, tmp_path, damage):
    copy = tmp_path / "copy"
    shutil.copytree(saved["folder"], copy)
    media = next(path for path in sorted((copy / "media").rglob("*")) if path.is_file())
    if damage == "dump":
        with open(copy / "database.dump", "r+b") as file:
            file.seek(1000)
            file.write(b"\0damage\0")
    elif damage == "media":
        media.write_bytes(b"x" + media.read_bytes()[1:])
    elif damage == "missing":
        media.unlink()
    elif damage == "manifest":
        (copy / "manifest.json").unlink()
    tool("restore", {"PATH": os.environ["PATH"]}, copy, "--check", status=0 if damage == "none" else 1)


def test_a_backup_that_fails_leaves_nothing(fleet, tmp_path):
    folder = tmp_path / "broken"
    for wrong in ({"DB_URL": "postgresql://x:secret@127.0.0.1:1/x"}, {"UPLOAD_DIR": str(tmp_path / "none")},
                  {"MANAGEMENT_URL": "http://guest:secret@127.0.0.1:1/x"}, {"UPLOAD_DIR": str(tmp_path)}):
        told = tool("backup", {**settings(fleet), **wrong}, folder, status=1)
        assert told.stdout == "" and "secret" not in told.stderr
    assert not list(pathlib.Path(tmp_path).iterdir())


def test_no_file_is_removed_while_a_backup_copies(fleet):
    """The collector looks at what nobody has used for an hour, unless the lock of a backup is held."""
    helpdesk = fleet["helpdesk-service"]
    digest = hashlib.sha256(b"unused").hexdigest()
    path = pathlib.Path(helpdesk.env["UPLOAD_DIR"]) / digest[:2] / digest
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"unused")
    fleet.db.query("INSERT INTO media_blob VALUES (%s, 6, now() - interval '2 hours')", digest, program=helpdesk.name)
    with psycopg2.connect(fleet.db.admin_url) as holder:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('media-removal', 0))")
        helpdesk.restart()  # it collects when it starts
        assert path.exists()
    holder.close()
    helpdesk.restart()
    wait_for(lambda: not path.exists(), what="its removal, without a backup")
