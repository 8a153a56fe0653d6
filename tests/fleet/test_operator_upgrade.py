"""A fleet that had been running with an earlier schema is upgraded, with all it had stored."""
import concurrent.futures

from lib import command, upgrade
from lib.fleet import Fleet
from lib.paths import SERVICES
from lib.service import Service

TICKET = {"subject": "After the upgrade", "description": "d", "category": "IT Support", "priority": "High",
          "sub_category": "Technical Assistance", "department": "IT Department"}


def migrate(fleet):
    """Twice at once, as replicas that start together do: each is applied by one of them."""
    before = upgrade.previous()["points"]
    upgrade.build(fleet.db, before)
    upgrade.load(fleet.db)
    for name in SERVICES:
        service = Service(name, fleet.db, start=False)
        missing = len(command.lines(service, "--migrate", "--dry-run"))
        assert missing, f"the fixture is not older than {name}"
        command.run(service, "--migrate", "status", status=1)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            told = [one.stdout for one in pool.map(lambda _, s=service: command.run(s, "--migrate"), range(2))]
        assert sorted(int(line.split()[1]) for line in told) == [0, missing]
        command.run(service, "--migrate", "status")


def test_everything_is_still_there_and_goes_on(infra):
    fleet = Fleet(infra, before_start=migrate)
    try:
        then, now = upgrade.previous()["answers"], upgrade.questions(fleet)
        for told in then.pop("notifications"):  # deadlines that have passed since then have brought others
            now["notifications"].remove(told)
        del now["notifications"]
        assert now == then
        employee = fleet.login("employee@example.com")
        number = employee.post("/api/v1/tickets", TICKET, expect=201).json()["ticket_number"]
        assert employee.get(f"/api/v1/tickets/{number}", expect=200).json()["subject"] == TICKET["subject"]
        command.run(fleet["helpdesk-service"], "--verify-audit")
    finally:
        fleet.stop()
