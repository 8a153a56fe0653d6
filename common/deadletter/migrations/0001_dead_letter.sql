-- Deliveries that were given up, until somebody puts them back or removes them.
CREATE TABLE dead_letter (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stamp            text UNIQUE, -- of the copy; NULL for those that the broker itself gave up
    queue            text NOT NULL,
    message_id       text, -- by which the inbox knows it
    correlation_id   text,
    type             text, -- as a property
    kind             text NOT NULL, -- the event's type, or the name of the task
    content_type     text,
    content_encoding text,
    headers          jsonb NOT NULL, -- flat
    body             bytea NOT NULL,
    reason           text NOT NULL,
    attempts         bigint NOT NULL,
    failed_at        timestamptz NOT NULL
);

CREATE INDEX dead_letter_by_queue ON dead_letter (queue, id);

-- Queues of this program, whose dead letters are in "<name>.dead" until somebody asks for them.
CREATE TABLE dead_queue (
    name text PRIMARY KEY
);
