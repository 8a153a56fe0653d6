"""A ticket of the main job, as another system is told of it."""
import pytest
from lib.fleet import Fleet
from lib.receiver import Receiver
from lib.wait import wait_for


@pytest.fixture(scope="module", name="fleet")
def _fleet(infra):
    programs = Fleet(infra, env_of={"notification-service": {"WEBHOOK_ALLOW": "127.0.0.1"}})
    yield programs
    programs.stop()


def test_another_system_hears_of_a_ticket(fleet):
    admin = fleet.login("admin@example.com")
    employee = fleet.login("employee@example.com")
    with Receiver() as receiver:
        hook = admin.post("/api/v1/webhooks", {"url": receiver.url, "event_types": ["ticket.*", "task.assigned"]},
                          expect=201).json()
        ticket = employee.post("/api/v1/tickets", {
            "subject": "No VPN", "description": "since this morning", "category": "IT Support",
            "department": "IT Department", "priority": "High"}, expect=201).json()
        number = ticket["ticket_number"]

        def told():
            return {call.json["type"] for call in receiver.about(number)}
        wait_for(lambda: {"ticket.created", "ticket.assigned", "task.assigned"} <= told(), what="three webhooks")
        for call in receiver.about(number):
            assert call.is_signed_with(hook["secret"])
            assert "No VPN" not in call.body.decode() and "this morning" not in call.body.decode()
        log = admin.get(f"/api/v1/webhooks/{hook['id']}/deliveries", expect=200).json()
        assert log["count"] >= 3
        employee.get("/api/v1/webhooks", expect=403)
        admin.delete(f"/api/v1/webhooks/{hook['id']}", expect=204)
