-- An erased person keeps the id, so that what refers to it stays whole, and nothing else.
ALTER TABLE user_account ADD COLUMN erased_at timestamptz;

-- Search by any part of a name or address; pages by name and time of creation.
CREATE INDEX user_account_name_search ON user_account USING gin (full_name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX user_account_email_search ON user_account USING gin (email gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX user_account_by_name ON user_account (lower(full_name), id);
CREATE INDEX user_account_by_creation ON user_account (created_at, id);

-- What a person has set for the screens of the fleet: one document, whose keys are theirs.
CREATE TABLE user_preference (
    user_id    bigint PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
    document   jsonb NOT NULL CHECK (jsonb_typeof(document) = 'object' AND length(document::text) <= 65536),
    version    bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
