-- Messages written in the transaction that caused them; the relay publishes and deletes them.
-- Rows of one key and destination leave in the order of their ids.
CREATE TABLE outbox (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id     text NOT NULL,
    exchange       text NOT NULL DEFAULT '',
    routing_key    text NOT NULL,
    correlation_id text,
    type           text,
    content_type   text NOT NULL DEFAULT 'application/json',
    headers        jsonb, -- an object of strings, whole numbers, booleans and nulls
    body           text NOT NULL,
    key            text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    attempts       int NOT NULL DEFAULT 0,
    last_error     text,
    retry_at       timestamptz -- set once an attempt has failed
);

-- The few rows that failed: due ones are looked for, and others of their key must wait behind them.
CREATE INDEX outbox_failed ON outbox (key, id) WHERE retry_at IS NOT NULL;
CREATE INDEX outbox_fresh ON outbox (id) WHERE retry_at IS NULL;

-- Emptied all the time: vacuum early, or the relay reads through dead rows.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Messages already handled, by consumer (queue). processed_at is null while the handling of a
-- redelivered message has been begun (starts times) but never ended.
CREATE TABLE inbox (
    consumer     text NOT NULL,
    message_id   text NOT NULL,
    processed_at timestamptz,
    starts       int NOT NULL DEFAULT 0,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, message_id)
);

CREATE INDEX inbox_seen ON inbox (seen_at);
