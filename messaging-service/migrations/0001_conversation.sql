-- A ticket has one conversation; its participants follow the ticket's people.
CREATE TABLE conversation (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type           text NOT NULL CHECK (type IN ('support', 'direct', 'group')),
    ticket_number  text UNIQUE,
    title          text NOT NULL DEFAULT '',
    direct_pair    bigint[] UNIQUE, -- the two people of a direct conversation, ascending
    -- Who the ticket's people are now, and since when, as events may come late.
    requester_id   bigint,
    owner_id       bigint,
    owner_since    timestamptz,
    assignee_id    bigint,
    assignee_since timestamptz,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CHECK ((type = 'support') = (ticket_number IS NOT NULL)),
    CHECK ((type = 'direct') = (direct_pair IS NOT NULL))
);

-- Who came by the ticket and is none of its people any more reads on, but writes nothing.
CREATE TABLE participant (
    conversation_id bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    user_id         bigint NOT NULL,
    by_ticket       boolean NOT NULL,
    joined_at       timestamptz NOT NULL,
    last_read_id    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation_id, user_id)
);

CREATE INDEX participant_of_person ON participant (user_id, conversation_id);

-- Ids grow in commit order within a conversation: the insert holds the conversation's row lock.
CREATE TABLE message (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation_id bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    sender_id       bigint NOT NULL,
    sender_name     text NOT NULL,
    content         text NOT NULL,
    client_id       text,
    created_at      timestamptz NOT NULL,
    UNIQUE (conversation_id, sender_id, client_id)
);

CREATE INDEX message_of_conversation ON message (conversation_id, id);
