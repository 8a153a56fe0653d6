-- Requests counted by all gateways together, one row a key and window. A crash of the server may forget them:
-- limits are no record, and their writes must not wait for the disk.
CREATE UNLOGGED TABLE limit_counter (
    key          text COLLATE "C" NOT NULL,
    window_s     bigint NOT NULL,
    window_start bigint NOT NULL, -- s since 1970
    total        bigint NOT NULL,
    ends_at      bigint NOT NULL GENERATED ALWAYS AS (window_start + window_s) STORED,
    PRIMARY KEY (key, window_s, window_start)
) WITH (fillfactor = 70);
CREATE INDEX limit_counter_by_end ON limit_counter (ends_at);
