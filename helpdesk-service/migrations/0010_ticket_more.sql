-- What tickets have beyond the integration document: approval, custom fields, tags, watchers, links.
CREATE TYPE ticket_approval AS ENUM ('pending', 'approved', 'rejected');

-- approval is NULL for tickets whose category asks for none. tags repeats ticket_tag for reading.
ALTER TABLE ticket
    ADD COLUMN approval      ticket_approval,
    ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN tags          text[] NOT NULL DEFAULT '{}';
CREATE INDEX ticket_pending ON ticket (created_at, id) WHERE approval = 'pending';
CREATE INDEX ticket_resolved ON ticket (updated_at, id) WHERE status = 'Resolved';

-- All in one direction, so that a row comparison continues a list sorted by them.
DROP INDEX ticket_by_status, ticket_by_priority;
CREATE INDEX ticket_by_status ON ticket (status, created_at, id);
CREATE INDEX ticket_by_priority ON ticket (priority, created_at, id);

-- created_at is the ticket's, so that the tickets of a tag come in order from the index.
CREATE TABLE ticket_tag (
    ticket_id  bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    tag        text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, tag)
);
CREATE INDEX ticket_tag_by_tag ON ticket_tag (tag, created_at, ticket_id);

ALTER TABLE ticket_participant ADD COLUMN is_watcher boolean NOT NULL DEFAULT false;

-- source is the parent of target, blocks it, or is a duplicate of it.
CREATE TYPE ticket_link_kind AS ENUM ('parent', 'blocks', 'duplicate');
CREATE TABLE ticket_link (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            ticket_link_kind NOT NULL,
    source_id       bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    target_id       bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    created_by      bigint,
    created_by_name text NOT NULL,
    created_at      timestamptz NOT NULL,
    CHECK (source_id <> target_id)
);
CREATE UNIQUE INDEX ticket_link_once
    ON ticket_link (kind, LEAST(source_id, target_id), GREATEST(source_id, target_id));
CREATE UNIQUE INDEX ticket_link_one_parent ON ticket_link (target_id) WHERE kind = 'parent';
CREATE INDEX ticket_link_by_source ON ticket_link (source_id);
CREATE INDEX ticket_link_by_target ON ticket_link (target_id);

ALTER TABLE ticket_comment
    ADD COLUMN version   bigint NOT NULL DEFAULT 1,
    ADD COLUMN edited_at timestamptz;

-- What only those may see who may see internal notes.
ALTER TABLE ticket_history ADD COLUMN is_internal boolean NOT NULL DEFAULT false;
UPDATE ticket_history SET is_internal = true WHERE field_name = 'comment' AND note = 'internal';

-- Mentions name people by their address.
CREATE INDEX person_by_email ON person (lower(email));
