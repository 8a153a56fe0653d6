-- Groups, and what a person decides about a conversation.
ALTER TABLE conversation
    ADD COLUMN group_owner_id bigint, -- whose group it is; none once everybody has left
    ADD COLUMN version        bigint NOT NULL DEFAULT 1,
    ADD COLUMN message_count  bigint NOT NULL DEFAULT 0,
    ADD COLUMN ticket_status  text, -- the helpdesk's word, as far as events have told
    ADD COLUMN status_since   timestamptz;

-- The count of what is unread is a difference: messages there are less messages there were when
-- the person last read. has_unread finds the few conversations that have any.
ALTER TABLE participant
    ADD COLUMN is_muted       boolean NOT NULL DEFAULT false,
    ADD COLUMN is_archived    boolean NOT NULL DEFAULT false,
    ADD COLUMN has_unread     boolean NOT NULL DEFAULT false,
    ADD COLUMN read_number    bigint NOT NULL DEFAULT 0,
    ADD COLUMN read_change_id bigint, -- when last_read_id last moved, as a place among the changes
    ADD COLUMN active_at      timestamptz; -- the conversation's updated_at; none in a group

ALTER TABLE message ADD COLUMN number bigint NOT NULL DEFAULT 0; -- 1, 2, 3, … in its conversation

UPDATE message m SET number = n.number
FROM (SELECT id, row_number() OVER (PARTITION BY conversation_id ORDER BY id) AS number FROM message) n
WHERE n.id = m.id;

UPDATE conversation c SET message_count = n.number
FROM (SELECT conversation_id, max(number) AS number FROM message GROUP BY conversation_id) n
WHERE n.conversation_id = c.id;

UPDATE participant p SET
    read_number = coalesce((SELECT max(m.number) FROM message m
        WHERE m.conversation_id = p.conversation_id AND m.id <= p.last_read_id), 0),
    has_unread = EXISTS (SELECT FROM message m
        WHERE m.conversation_id = p.conversation_id AND m.id > p.last_read_id),
    active_at = (SELECT updated_at FROM conversation c WHERE c.id = p.conversation_id);

-- Groups may be large, and touching every member with every message is dear: a person's groups, of
-- which there are few, are sorted when they are listed; all others are in order here.
CREATE INDEX participant_latest ON participant (user_id, is_archived, active_at DESC, conversation_id DESC)
    WHERE active_at IS NOT NULL;
CREATE INDEX participant_group ON participant (user_id) WHERE active_at IS NULL;
CREATE INDEX participant_unread ON participant (user_id) WHERE has_unread;
CREATE INDEX participant_read ON participant (conversation_id, read_change_id) WHERE read_change_id IS NOT NULL;
CREATE INDEX participant_read_change ON participant (read_change_id) WHERE read_change_id IS NOT NULL;
