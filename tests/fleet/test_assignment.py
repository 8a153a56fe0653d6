"""Work waits while nobody is there, admins hear of it, and whoever comes back has it at once."""
from lib.wait import wait_for

TICKET = {"subject": "VPN", "description": "Unable to access VPN", "category": "IT Support",
          "department": "IT Department", "priority": "High"}
AGENTS = "/api/v1/assignment/agents"


def current(admin, number):
    found = admin.get(f"/api/v1/tasks?ticket_number={number}", expect=200).json()["results"]
    return found and found[0]["current_item"]


def test_the_pool_drains_when_presence_returns(fleet):
    admin = fleet.login("admin@example.com")
    found = wait_for(lambda: admin.get(AGENTS, params={"system": "tts", "role": "Reviewer"},
                                       expect=200).json()["results"], what="reviewers")
    reviewers = {a["user_id"]: fleet.login(a["email"]) for a in found}
    for identity, reviewer in reviewers.items():
        reviewer.patch(f"{AGENTS}/{identity}", {"presence": "away"}, expect=200)
    number = fleet.login("employee@example.com").post("/api/v1/tickets", TICKET, expect=201).json()["ticket_number"]
    waiting = wait_for(lambda: current(admin, number), what="the task")
    assert waiting["status"] == "pool" and waiting["assigned_to_id"] is None

    def told():
        page = admin.get("/api/v1/notifications", expect=200).json()
        return [n for n in page["notifications"] if n["type"] == "task_pooled" and n["ticket_number"] == number]
    note, = wait_for(told, what="the admin's notification")
    assert "nobody is available" in note["message"]

    back = max(reviewers)
    reviewers[back].patch(f"{AGENTS}/{back}", {"presence": "available"}, expect=200)
    item = wait_for(lambda: (i := current(admin, number))["assigned_to_id"] and i, what="somebody to have it")
    assert item["assigned_to_id"] == back and item["status"] == "new"
    mine = reviewers[back].get("/api/v1/tasks/mine", expect=200).json()["results"]
    assert number in [i["ticket_number"] for i in mine]
