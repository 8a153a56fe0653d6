-- Long operations: what was asked for, how far it is, and how each item ended.
CREATE TYPE job_state AS ENUM ('queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled');
CREATE TYPE job_item_state AS ENUM ('pending', 'done', 'failed', 'skipped');

-- position is how far the selection of items has come. turn_at is when a worker last took it in hand: the one
-- that has waited longest is next. roles are those of the person when they asked, for the record; scope is
-- what their API token was limited to.
CREATE TABLE job (
    seq             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id              uuid PRIMARY KEY,
    kind            text NOT NULL,
    state           job_state NOT NULL DEFAULT 'queued',
    is_atomic       boolean NOT NULL,
    is_dry_run      boolean NOT NULL,
    params          jsonb NOT NULL,
    is_planned      boolean NOT NULL DEFAULT false,
    position        text,
    total           bigint NOT NULL DEFAULT 0,
    done            bigint NOT NULL DEFAULT 0,
    failed          bigint NOT NULL DEFAULT 0,
    skipped         bigint NOT NULL DEFAULT 0,
    error           text,
    created_by      bigint NOT NULL,
    created_by_name text NOT NULL,
    roles           jsonb NOT NULL,
    scope           text,
    trace_id        text,
    request_id      text,
    created_at      timestamptz NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    expires_at      timestamptz,
    turn_at         timestamptz NOT NULL,
    progress_at     timestamptz
);
CREATE INDEX job_unfinished ON job (turn_at, seq) WHERE state IN ('queued', 'running');
CREATE INDEX job_by_person ON job (created_by, seq);
CREATE INDEX job_by_state ON job (state, seq);
CREATE INDEX job_by_expiry ON job (expires_at) WHERE expires_at IS NOT NULL;

-- subject is what the item is about: a ticket's number, once in a job.
CREATE TABLE job_item (
    job_id  uuid NOT NULL REFERENCES job ON DELETE CASCADE,
    ordinal bigint NOT NULL,
    subject text NOT NULL,
    state   job_item_state NOT NULL DEFAULT 'pending',
    code    text,
    message text,
    version bigint,
    changes jsonb,
    at      timestamptz,
    PRIMARY KEY (job_id, ordinal),
    UNIQUE (job_id, subject)
);
CREATE INDEX job_item_by_state ON job_item (job_id, state, ordinal);
