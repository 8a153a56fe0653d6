-- Answers to requests with an Idempotency-Key, kept for a day.
CREATE TABLE idempotency (
    principal    text NOT NULL,
    route        text NOT NULL,
    key          text NOT NULL,
    request_hash text NOT NULL,
    status       integer NOT NULL,
    location     text,
    etag         text,
    body         text NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
