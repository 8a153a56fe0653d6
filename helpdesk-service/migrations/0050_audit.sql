-- The audit trail. What is to be recorded is written to audit_pending by the transaction it is
-- about, in any order and without waiting for others; one process at a time moves what has
-- committed into audit_event, where each row gets its number and a hash over itself and the row
-- before it. Details and field values are JSON; people are named by id only.
CREATE TABLE audit_pending (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    at            timestamptz NOT NULL,
    source        text NOT NULL,
    source_id     text, -- the id of the message that told of it
    actor_kind    text NOT NULL CHECK (actor_kind IN ('person', 'service', 'system')),
    actor_id      bigint,
    actor         text NOT NULL DEFAULT '', -- the name of a program
    on_behalf_of  bigint,
    address       text,
    user_agent    text,
    trace_id      text,
    action        text NOT NULL,
    is_refused    boolean NOT NULL DEFAULT false,
    object_type   text NOT NULL DEFAULT '',
    object_id     text,
    object_number text,
    changes       jsonb, -- [{"field", "old", "new"}]
    details       jsonb,
    reason        text
);
-- Emptied all the time.
ALTER TABLE audit_pending
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What many events have in common. There are few of them, so that a list of the events of an action
-- or a program is merged from the lists of its kinds, each in the order of an index.
CREATE TABLE audit_kind (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    action      text NOT NULL,
    object_type text NOT NULL,
    is_refused  boolean NOT NULL,
    actor_kind  text NOT NULL,
    actor       text NOT NULL,
    UNIQUE (source, action, object_type, is_refused, actor_kind, actor)
);

-- By the month in which they were sealed: that way seq never goes back from one partition to the
-- next, and dropping the oldest ones leaves a chain.
CREATE TABLE audit_event (
    seq           bigint NOT NULL,
    sealed_at     timestamptz NOT NULL,
    kind_id       int NOT NULL,
    at            timestamptz NOT NULL,
    source_id     text,
    actor_id      bigint,
    on_behalf_of  bigint,
    address       text,
    user_agent    text,
    trace_id      text,
    object_id     text,
    object_number text,
    changes       jsonb,
    details       jsonb,
    reason        text,
    prev_hash     bytea NOT NULL,
    hash          bytea NOT NULL
) PARTITION BY RANGE (sealed_at);
CREATE INDEX audit_event_by_seq ON audit_event (seq);
-- For each way to ask there is exactly one index that has the order of time. Of two, the planner
-- would take the one that reads less at random, and walk through everything for a rare value: hence
-- no index of time alone, and the sum, which keeps the first index out of questions for the second.
CREATE INDEX audit_event_by_kind ON audit_event (kind_id, at, seq);
CREATE INDEX audit_event_by_actor ON audit_event (actor_id, (kind_id + 0), at, seq)
    WHERE actor_id IS NOT NULL;
CREATE INDEX audit_event_by_object ON audit_event (object_id, at, seq) WHERE object_id IS NOT NULL;
CREATE INDEX audit_event_by_number ON audit_event (object_number, at, seq)
    WHERE object_number IS NOT NULL;

-- Both ends of the chain: the last row sealed, and the last one dropped by age.
CREATE TABLE audit_head (
    is_only     boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    seq         bigint NOT NULL,
    hash        bytea NOT NULL,
    anchor_seq  bigint NOT NULL,
    anchor_hash bytea NOT NULL
);
INSERT INTO audit_head VALUES (true, 0, decode(repeat('00', 32), 'hex'), 0,
                               decode(repeat('00', 32), 'hex'));

-- The end of the chain as it was when the first row of each day had been sealed.
CREATE TABLE audit_checkpoint (
    day  date PRIMARY KEY,
    seq  bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is neither changed nor removed';
END
$$;
CREATE TRIGGER audit_event_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();
CREATE TRIGGER audit_kind_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_kind
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();
CREATE TRIGGER audit_checkpoint_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();
CREATE TRIGGER audit_pending_final BEFORE UPDATE OR TRUNCATE ON audit_pending
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();
CREATE TRIGGER audit_head_final BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();

-- Makes the partition of the month in which that moment lies, unless there is one. Attaching one
-- locks out neither readers nor writers of the others.
CREATE FUNCTION audit_make_month(moment timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz := date_trunc('month', moment, 'UTC');
    next timestamptz := (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    name text := 'audit_event_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_event INCLUDING ALL)', name);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final()', name || '_final', name);
    EXECUTE format('ALTER TABLE audit_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   name, first, next);
END
$$;

-- Drops the oldest month that ended before that moment, and keeps where the chain then begins.
-- NULL: there is none. Never the month of the last row: the chain goes on behind it.
CREATE FUNCTION audit_drop_month(before timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
    last record;
BEGIN
    SELECT c.relname INTO name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_event'::regclass
    AND (to_date(right(c.relname, 7), 'YYYY_MM')
         + interval '1 month') AT TIME ZONE 'UTC' <= before
    ORDER BY c.relname LIMIT 1;
    IF name IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT seq, hash FROM %I ORDER BY seq DESC LIMIT 1', name) INTO last;
    IF last.seq IS NOT NULL THEN
        IF last.seq = (SELECT seq FROM audit_head) THEN
            RETURN NULL;
        END IF;
        UPDATE audit_head SET anchor_seq = last.seq, anchor_hash = last.hash;
    END IF;
    EXECUTE format('DROP TABLE %I', name);
    RETURN name;
END
$$;
