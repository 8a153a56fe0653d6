-- How many unread notifications a person has: kept with them, so that nobody has to count. Who tells
-- a person something locks the row first, so that limits per person hold whoever else does.
CREATE TABLE mailbox (
    user_id bigint PRIMARY KEY,
    unread  bigint NOT NULL DEFAULT 0 CHECK (unread >= 0)
);

INSERT INTO mailbox
SELECT user_id, count(*) FILTER (WHERE NOT is_read AND channel = 'in_app') FROM notification
WHERE user_id IS NOT NULL GROUP BY user_id;

DROP INDEX notification_unread;
CREATE INDEX notification_unread ON notification (user_id, id DESC) WHERE NOT is_read AND channel = 'in_app';
CREATE INDEX notification_in_app ON notification (user_id, id DESC) WHERE channel = 'in_app';

-- What the texts of a notification were made of: template names them, facts fill them. Absent for what
-- was sent in words of its own.
ALTER TABLE notification
    ADD COLUMN template text,
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN language text,
    ADD COLUMN event_group text, -- of the matrix; absent for what was sent on purpose
    ADD COLUMN is_urgent boolean NOT NULL DEFAULT false;
