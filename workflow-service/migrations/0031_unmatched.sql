-- Tickets that no workflow has taken are compared with the rules again when these have changed: what
-- changes them raises the epoch, and a ticket remembers the one whose rules did not fit it.

CREATE TABLE matching (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    epoch   bigint NOT NULL
);
INSERT INTO matching (epoch) VALUES (1);

ALTER TABLE ticket ADD COLUMN matched_epoch bigint NOT NULL DEFAULT 0;

DROP INDEX ticket_unmatched;
CREATE INDEX ticket_unmatched ON ticket (id)
    WHERE NOT is_matched AND status NOT IN ('Resolved', 'Rejected', 'Closed', 'Withdrawn');
CREATE INDEX ticket_to_match ON ticket (matched_epoch, id)
    WHERE NOT is_matched AND status NOT IN ('Resolved', 'Rejected', 'Closed', 'Withdrawn');
CREATE INDEX ticket_unmatched_by_category ON ticket (lower(category), id)
    WHERE NOT is_matched AND status NOT IN ('Resolved', 'Rejected', 'Closed', 'Withdrawn');
