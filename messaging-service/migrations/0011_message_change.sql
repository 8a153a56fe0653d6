-- What becomes of a message after it was sent.
ALTER TABLE message
    ADD COLUMN type        text NOT NULL DEFAULT 'text' CHECK (type IN ('text', 'image', 'file')),
    ADD COLUMN sender_role text NOT NULL DEFAULT '',
    ADD COLUMN attachments text,     -- a JSON array as clients see it
    ADD COLUMN reply_to_id bigint,
    ADD COLUMN mention_ids bigint[],
    ADD COLUMN version     bigint NOT NULL DEFAULT 1,
    ADD COLUMN edited_at   timestamptz,
    ADD COLUMN deleted_at  timestamptz,
    ADD COLUMN unsent_at   timestamptz;

-- The conversation stands among the words: a search in one's own conversations meets no others.
ALTER TABLE message ADD COLUMN words tsvector GENERATED ALWAYS AS (
    CASE WHEN deleted_at IS NULL AND unsent_at IS NULL
         THEN to_tsvector('simple', content) || array_to_tsvector(ARRAY['#' || conversation_id::text]) END) STORED;
CREATE INDEX message_words ON message USING gin (words);

-- What a message was before it was edited.
CREATE TABLE message_version (
    message_id bigint NOT NULL REFERENCES message ON DELETE CASCADE,
    version    bigint NOT NULL,
    content    text NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, version)
);

CREATE TABLE reaction (
    message_id bigint NOT NULL REFERENCES message ON DELETE CASCADE,
    user_id    bigint NOT NULL,
    emoji      text NOT NULL,
    user_name  text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, user_id, emoji)
);

-- What has happened in a conversation besides messages. Ids come from the sequence of messages and
-- are given under the conversation's row lock: together they are one order, so that a client that
-- knows the last id it has seen can be told everything behind it.
CREATE TABLE conversation_change (
    id              bigint PRIMARY KEY,
    conversation_id bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    kind            text NOT NULL,
    message_id      bigint REFERENCES message ON DELETE CASCADE,
    actor_id        bigint NOT NULL,
    actor_name      text NOT NULL,
    detail          text NOT NULL DEFAULT '', -- the reaction or the title
    user_ids        bigint[],                 -- who was added or removed
    happened_at     timestamptz NOT NULL
);
CREATE INDEX conversation_change_order ON conversation_change (conversation_id, id);
