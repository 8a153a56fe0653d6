-- What is open is a small part of all tickets, and what most lists and counters are about. The condition is
-- the one that is:open has.
CREATE INDEX ticket_open ON ticket (created_at, id) WHERE status IN ('Open', 'In Progress', 'On Hold');
CREATE INDEX ticket_open_by_owner ON ticket (owner_id, created_at, id)
    WHERE status IN ('Open', 'In Progress', 'On Hold');
