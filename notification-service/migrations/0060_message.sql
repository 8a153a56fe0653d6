-- Of which message a notification tells, so that its words go when the message does. A message may
-- be gone before it is told of: those that are gone are remembered as long as notifications are kept.
ALTER TABLE notification ADD COLUMN message_id bigint;
CREATE INDEX notification_of_message ON notification (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE gone_message (
    message_id bigint PRIMARY KEY,
    gone_at    timestamptz NOT NULL
);
CREATE INDEX gone_message_oldest ON gone_message (gone_at);
