-- What a person needs beside the password. A row without confirmed_at is being set up.
CREATE TABLE second_factor (
    user_id      bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('totp', 'email')),
    secret       bytea, -- of totp, sealed
    last_step    bigint NOT NULL DEFAULT 0, -- of totp: a code of this step or before was used
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (user_id, kind)
);

-- For whoever has lost the second factor. SHA-256 of 80 random bits.
CREATE TABLE recovery_code (
    user_id bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    hash    bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- The last code mailed to a person: its HMAC, absent until the mail is made.
CREATE TABLE email_code (
    user_id      bigint PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
    code         bytea,
    attempts     bigint NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);

-- A login that still wants its second step: what the intermediate token stands for.
CREATE TABLE login_challenge (
    id            uuid PRIMARY KEY,
    user_id       bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    proof_version bigint NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX login_challenge_by_expiry ON login_challenge (expires_at);
