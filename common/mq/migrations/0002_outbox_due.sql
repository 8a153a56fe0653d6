-- Failed rows in the order in which they are tried again; without it that look reads the whole table.
CREATE INDEX outbox_due ON outbox (retry_at) WHERE retry_at IS NOT NULL;
