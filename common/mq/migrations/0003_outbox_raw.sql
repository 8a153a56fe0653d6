-- What is put back as it came need not be text, nor in an encoding of ours.
ALTER TABLE outbox ADD COLUMN raw bytea, ADD COLUMN content_encoding text;
