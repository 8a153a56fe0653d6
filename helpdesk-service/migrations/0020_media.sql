-- Files belong to a ticket or to something else that entity_type and entity_id name, which is
-- nothing the helpdesk knows.
ALTER TABLE ticket_attachment RENAME TO media_file;
ALTER TABLE media_file RENAME CONSTRAINT ticket_attachment_pkey TO media_file_pkey;
ALTER INDEX ticket_attachment_by_name RENAME TO media_file_by_name;
ALTER INDEX ticket_attachment_by_sha256 RENAME TO media_file_by_sha256;
ALTER TABLE media_file
    ALTER COLUMN ticket_id DROP NOT NULL,
    ALTER COLUMN url DROP NOT NULL,
    ADD COLUMN entity_type text,
    ADD COLUMN entity_id text,
    ADD COLUMN alt_text text,
    ADD COLUMN sort_order bigint NOT NULL DEFAULT 0,
    ADD COLUMN is_public boolean NOT NULL DEFAULT false,
    ADD COLUMN updated_at timestamptz;
UPDATE media_file SET updated_at = uploaded_at;
ALTER TABLE media_file
    ALTER COLUMN updated_at SET NOT NULL,
    ADD CHECK (ticket_id IS NULL OR entity_type IS NULL),
    ADD CHECK ((entity_type IS NULL) = (entity_id IS NULL));
CREATE INDEX media_file_by_uploader ON media_file (uploader_id, id);
CREATE INDEX media_file_by_entity ON media_file (entity_type, entity_id, id)
    WHERE entity_type IS NOT NULL;

-- A stored content. unused_since marks those that may have no file any more: the collector looks at
-- them some time later, and clears it or removes the content.
CREATE TABLE media_blob (
    sha256       text PRIMARY KEY,
    size         bigint NOT NULL,
    unused_since timestamptz
);
CREATE INDEX media_blob_unused ON media_blob (unused_since) WHERE unused_since IS NOT NULL;
INSERT INTO media_blob (sha256, size) SELECT DISTINCT ON (sha256) sha256, size FROM media_file;
ALTER TABLE media_file ADD FOREIGN KEY (sha256) REFERENCES media_blob;

-- An upload in parts; file_id is what became of it. claimed_until keeps two requests from putting
-- it together at the same time.
CREATE TABLE media_upload (
    id            text PRIMARY KEY,
    owner_id      bigint NOT NULL,
    filename      text NOT NULL,
    content_type  text,
    size          bigint NOT NULL,
    chunk_size    bigint NOT NULL,
    sha256        text,
    ticket_id     bigint REFERENCES ticket ON DELETE CASCADE,
    entity_type   text,
    entity_id     text,
    alt_text      text,
    is_public     boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    claimed_until timestamptz,
    file_id       bigint
);
CREATE INDEX media_upload_by_owner ON media_upload (owner_id);
CREATE INDEX media_upload_by_expiry ON media_upload (expires_at);
CREATE INDEX media_upload_by_ticket ON media_upload (ticket_id) WHERE ticket_id IS NOT NULL;

CREATE TABLE media_chunk (
    upload_id text NOT NULL REFERENCES media_upload ON DELETE CASCADE,
    index     bigint NOT NULL,
    PRIMARY KEY (upload_id, index)
);
