"""The schema and rows of an earlier fleet: see tests/upgrade/record."""
import json
import subprocess

from . import command
from .paths import ROOT, SERVICES
from .service import Service

PREVIOUS_SQL = ROOT / "tests" / "upgrade" / "previous.sql"
PREVIOUS_JSON = ROOT / "tests" / "upgrade" / "previous.json"


def previous():
    return json.loads(PREVIOUS_JSON.read_text(encoding="utf-8"))


def fingerprint(sql):
    """As common/db/migrate.c does it."""
    value = 0xcbf29ce484222325
    for byte in sql.encode():
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return f"{value:016x}"


def build(db, points):
    """All schemas, each module up to its point; modules without one as they are now."""
    for name in SERVICES:
        planned = command.lines(Service(name, db, start=False), "--migrate", "--dry-run")
        with db.cursor(name) as cursor:
            cursor.execute("CREATE TABLE schema_migration (module text NOT NULL, version int NOT NULL, name text NOT NULL,"
                           " fingerprint text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
                           " PRIMARY KEY (module, version))")
            for one in planned:
                if one["version"] <= points.get(one["module"], one["version"]):
                    cursor.execute(one["sql"])
                    cursor.execute("INSERT INTO schema_migration (module, version, name, fingerprint) VALUES"
                                   " (%s, %s, %s, %s)", (one["module"], one["version"], one["name"],
                                                         fingerprint(one["sql"])))


def load(db):
    """The rows of that time."""
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", db.admin_url, "-f", PREVIOUS_SQL], check=True,
                   stdout=subprocess.DEVNULL, timeout=120)


def questions(fleet):
    """What people see, without what the clocks change: they go on from the day of the recording."""
    employee, admin = fleet.login("employee@example.com"), fleet.login("admin@example.com")
    found = {"people": sorted((one["id"], one["email"], one["full_name"]) for one in admin.get(
        "/api/v1/users?page_size=100", expect=200).json()["results"])}
    tickets = employee.get("/api/v1/tickets?page_size=50", expect=200).json()["results"]
    for number in sorted(one["ticket_number"] for one in tickets):
        path = f"/api/v1/tickets/{number}"
        ticket = employee.get(path, expect=200).json()
        talk = employee.get(f"/api/v1/conversations?ticket_number={number}", expect=200).json()["results"][0]
        task = admin.get(f"/api/v1/tasks?ticket_number={number}", expect=200).json()["results"][0]
        found[number] = {
            "ticket": {key: ticket[key] for key in ("subject", "description", "priority", "status", "created_at")},
            "comments": [one["comment"] for one in employee.get(f"{path}/comments", expect=200).json()["results"]],
            "files": [(one["filename"], one["sha256"]) for one in employee.get(f"{path}/attachments", expect=200).json()[
                "results"]],
            "messages": [one["content"] for one in employee.get(f"/api/v1/conversations/{talk['id']}/messages",
                                                                expect=200).json()["results"]],
            "task": [task["task_id"], task["current_item"]["step"]]}
    found["notifications"] = sorted((one["type"], one["ticket_number"] or "") for one in employee.get(
        "/api/v1/notifications?page_size=100", expect=200).json()["notifications"])
    return json.loads(json.dumps(found))
