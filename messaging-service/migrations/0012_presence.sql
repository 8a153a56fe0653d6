-- Who has open sockets, by process. A process renews its lease; one that dies stops doing so.
CREATE TABLE presence_process (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX presence_process_expiry ON presence_process (expires_at);

CREATE TABLE presence (
    user_id    bigint NOT NULL,
    process_id bigint NOT NULL REFERENCES presence_process ON DELETE CASCADE,
    PRIMARY KEY (user_id, process_id)
);
CREATE INDEX presence_of_process ON presence (process_id);

CREATE TABLE last_seen (
    user_id bigint PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
