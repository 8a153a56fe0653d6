-- What people are told. event_id is the id of the event that caused it: with type and user it makes a
-- repeated event harmless. channel is where it is told first; only what is told in the app (in_app)
-- is listed there and counts as unread, though it may be mailed as well.
CREATE TABLE notification (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       bigint, -- absent: an address that belongs to nobody known
    type          text NOT NULL,
    title         text NOT NULL,
    message       text NOT NULL,
    ticket_id     bigint,
    ticket_number text,
    channel       text NOT NULL CHECK (channel IN ('in_app', 'email', 'sms', 'push')),
    data          jsonb NOT NULL DEFAULT '{}',
    is_read       boolean NOT NULL DEFAULT false,
    read_at       timestamptz,
    created_at    timestamptz NOT NULL,
    event_id      text,
    UNIQUE (user_id, type, event_id)
);

CREATE INDEX notification_newest ON notification (user_id, id DESC);
CREATE INDEX notification_unread ON notification (user_id) WHERE NOT is_read AND channel = 'in_app';

-- One chain of attempts on one channel beyond the screen.
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

-- No row: everything on. Applies to what events cause, not to what somebody sends on purpose.
CREATE TABLE preference (
    user_id       bigint PRIMARY KEY,
    email_enabled boolean NOT NULL DEFAULT true,
    sms_enabled   boolean NOT NULL DEFAULT true,
    push_enabled  boolean NOT NULL DEFAULT true,
    updated_at    timestamptz NOT NULL
);
