-- What people are told. event_id is the id of the event that caused it: with type and user it makes a
-- repeated event harmless.
CREATE TABLE notification (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       bigint NOT NULL,
    type          text NOT NULL,
    title         text NOT NULL,
    message       text NOT NULL,
    ticket_number text,
    channel       text NOT NULL DEFAULT 'in_app' CHECK (channel IN ('in_app', 'email', 'sms', 'push')),
    data          jsonb NOT NULL DEFAULT '{}',
    is_read       boolean NOT NULL DEFAULT false,
    read_at       timestamptz,
    created_at    timestamptz NOT NULL,
    event_id      text,
    UNIQUE (user_id, type, event_id)
);

CREATE INDEX notification_newest ON notification (user_id, id DESC);
CREATE INDEX notification_unread ON notification (user_id) WHERE NOT is_read;

-- One attempt chain of one channel beyond the screen.
CREATE TABLE delivery (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification_id bigint NOT NULL REFERENCES notification ON DELETE CASCADE,
    channel         text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    recipient       text, -- absent: the person's address when it is sent
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
    attempts        int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_error      text,
    sent_at         timestamptz,
    created_at      timestamptz NOT NULL
);

CREATE INDEX delivery_due ON delivery (next_attempt_at) WHERE status = 'pending';
CREATE INDEX delivery_of_notification ON delivery (notification_id);

-- No row: everything on.
CREATE TABLE preference (
    user_id       bigint PRIMARY KEY,
    email_enabled boolean NOT NULL DEFAULT true,
    updated_at    timestamptz NOT NULL
);
