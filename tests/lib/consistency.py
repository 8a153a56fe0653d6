"""Whether what was acknowledged has happened once, everywhere."""
from .wait import wait_for


def check_consistency(fleet, numbers):
    """Every acknowledged ticket once in helpdesk, with one task and one owner everywhere, told once."""
    assert len(set(numbers)) == len(numbers)
    numbers = list(numbers)

    def arrived():
        (count,), = fleet.db.query(
            "SELECT count(*) FROM helpdesk.ticket h JOIN workflow.ticket k ON k.number = h.number"
            " JOIN workflow.task w ON w.ticket_id = k.id"
            " WHERE h.number = ANY(%s) AND h.owner_id = w.owner_id", numbers)
        return count == len(numbers)
    wait_for(arrived, 180, "every ticket to have its owner on both sides", 0.2)
    assert fleet.db.query("SELECT k.number FROM workflow.ticket k JOIN workflow.task t ON t.ticket_id = k.id"
                          " JOIN workflow.task_item i ON i.task_id = t.id WHERE k.number = ANY(%s)"
                          " GROUP BY 1 HAVING count(*) <> 1", numbers) == []

    def told():
        rows = fleet.db.query("SELECT ticket_number, count(*) FROM notification.notification"
                              " WHERE type = 'ticket_created' AND ticket_number = ANY(%s) GROUP BY 1", numbers)
        assert all(count == 1 for _, count in rows), [row for row in rows if row[1] != 1]
        return len(rows) == len(numbers)
    wait_for(told, 180, "every requester to be told", 0.2)
    dead = [queue for queue in fleet.broker.api("GET", f"/queues/{fleet.broker.name}")
            if queue["name"].endswith(".dead") and queue.get("messages")]
    assert not dead, [(queue["name"], queue["messages"]) for queue in dead]
    for schema in ("helpdesk", "workflow", "messaging", "notification"):
        kept = fleet.db.query(f"SELECT queue, reason FROM {schema}.dead_letter")
        assert not kept, (schema, kept)
