-- How people prove who they are. Hashes stay out of user_account, so that no read of a person carries one.
CREATE TABLE credential (
    user_id       bigint PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
    password_hash text NOT NULL,
    changed_at    timestamptz NOT NULL
);

-- One row is one family of refresh tokens; generation is the only one that is still good.
CREATE TABLE session (
    id             uuid PRIMARY KEY,
    user_id        bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    generation     bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    last_used_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text,
    address        text NOT NULL DEFAULT '',
    user_agent     text NOT NULL DEFAULT ''
);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- Recent failed logins; the lock is computed from them. Unknown addresses and accounts have rows too.
CREATE TABLE login_guard (
    kind            text NOT NULL CHECK (kind IN ('account', 'address')),
    key             text NOT NULL,
    failures        bigint NOT NULL,
    last_failure_at timestamptz NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX login_guard_by_time ON login_guard (last_failure_at);
