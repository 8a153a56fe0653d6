-- Tokens that people make for their scripts. Only the hash of a token is kept; hint shows which one it is.
CREATE TABLE api_token (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id           bigint NOT NULL REFERENCES user_account ON DELETE CASCADE,
    name              text NOT NULL CHECK (name <> ''),
    hash              text NOT NULL CONSTRAINT api_token_hash_key UNIQUE,
    hint              text NOT NULL,
    scopes            text[] NOT NULL,
    version           bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    last_used_at      timestamptz,
    last_used_address text,
    revoked_at        timestamptz,
    revoked_reason    text
);
CREATE INDEX api_token_by_user ON api_token (user_id, id);
