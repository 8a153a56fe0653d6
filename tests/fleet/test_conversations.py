"""Conversations by way of the gateway: every path that leads to messaging-service, and who is let through."""
import pytest
from lib.http import check_error
from lib.wait import wait_for
from lib.ws import Refused, WebSocket

TICKET = {"subject": "No network", "description": "Since this morning", "category": "IT Support",
          "sub_category": "Network Connectivity Issue", "department": "IT Department", "priority": "High"}


@pytest.fixture(scope="module", name="people")
def _people(fleet):
    employee, stranger = fleet.login("employee@example.com"), fleet.login("employee2@example.com")
    number = employee.post("/api/v1/tickets", TICKET, expect=201).json()["ticket_number"]
    conversation = wait_for(lambda: employee.get("/api/v1/conversations", params={"ticket_number": number},
                                                 expect=200).json()["results"][0], what="the conversation")
    return employee, stranger, number, conversation["id"]


def test_paths_of_all_surfaces_lead_to_one_conversation(people):
    employee, stranger, number, conversation = people
    said = employee.post("/messaging/messages/", {"ticket_id": number, "message": "one"}, expect=201).json()["message_id"]
    employee.post(f"/api/messages/{said}/reactions", {"reaction": "👍"}, expect=200)
    employee.post("/messaging/comments/", {"ticket_id": number, "content": "two"}, expect=201)
    employee.post(f"/api/conversations/{conversation}/messages", {"content": "three"}, expect=201)
    listed = employee.get(f"/api/v1/conversations/{conversation}/messages", expect=200).json()["results"]
    assert [m["content"] for m in listed] == ["one", "two", "three"] and listed[0]["reaction_counts"] == {"👍": 1}
    found = employee.get("/api/v1/messages/search", params={"q": "two"}, expect=200).json()["results"]
    assert [m["content"] for m in found if m["conversation_id"] == conversation] == ["two"]
    check_error(stranger.get("/messaging/messages/", params={"ticket_id": number}), 404, "CONVERSATION_NOT_FOUND")
    check_error(stranger.get(f"/messaging/comments/by-ticket/{number}/"), 404, "CONVERSATION_NOT_FOUND")


@pytest.mark.parametrize("path", ["/ws/tickets/", "/messaging/ws/tickets/", "/ws/comments/", "/messaging/ws/comments/"])
def test_sockets_of_a_ticket(fleet, people, path):
    employee, stranger, number, conversation = people
    with WebSocket(f"{fleet.url}{path}{number}/?token={employee.token}") as socket:
        assert socket.receive()["ticket_id"] == number
        employee.post(f"/api/v1/conversations/{conversation}/messages", {"content": path}, expect=201)
        frame = socket.receive_type("comment_update" if "comments" in path else "message_sent")
        shown = frame["comment"]["content"] if "comments" in path else frame["message"]["message"]
        assert shown == path
    for token, status in (("nonsense", 401), (stranger.token, 404)):
        with pytest.raises(Refused) as refusal:
            WebSocket(f"{fleet.url}{path}{number}/?token={token}")
        assert refusal.value.status == status
