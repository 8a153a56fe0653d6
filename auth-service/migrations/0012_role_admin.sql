-- Systems and roles are edited: versions for If-Match, and names that differ by more than case, because permissions are matched without it.
ALTER TABLE system ADD COLUMN is_custom boolean NOT NULL DEFAULT true, ADD COLUMN version bigint NOT NULL DEFAULT 1;
UPDATE system SET is_custom = false WHERE slug IN ('hdts', 'tts');
ALTER TABLE role ADD COLUMN version bigint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX system_slug_any_case ON system (lower(slug));
CREATE UNIQUE INDEX role_name_any_case ON role (system_id, lower(name));
