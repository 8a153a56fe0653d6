-- Clocks carry what they have consumed. Durations are microseconds of business time; anchor_at is since
-- when a running one consumes more, NULL while it stands. A deadline that has passed stays what it was;
-- one to come is NULL while the clock is paused.

ALTER TABLE sla_clock DROP CONSTRAINT sla_clock_metric_check, DROP CONSTRAINT sla_clock_state_check,
    DROP CONSTRAINT sla_clock_task_id_metric_key, DROP CONSTRAINT sla_clock_check,
    ALTER COLUMN warn_at DROP NOT NULL, ALTER COLUMN due_at DROP NOT NULL,
    ALTER COLUMN breach_at DROP NOT NULL,
    ADD COLUMN cycle bigint NOT NULL DEFAULT 1,
    ADD COLUMN step_id bigint,
    ADD COLUMN workflow_id bigint,
    ADD COLUMN sla_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN target_us bigint,
    ADD COLUMN breach_us bigint,
    ADD COLUMN consumed_us bigint NOT NULL DEFAULT 0,
    ADD COLUMN anchor_at timestamptz,
    ADD COLUMN warn_percents bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN warned_percent bigint NOT NULL DEFAULT 0;

UPDATE sla_clock c SET
    workflow_id = v.workflow_id,
    target_us = (extract(epoch FROM c.due_at - c.started_at) * 1000000)::bigint,
    breach_us = (extract(epoch FROM c.breach_at - c.started_at) * 1000000)::bigint,
    consumed_us = CASE WHEN c.stopped_at IS NULL THEN 0
        ELSE greatest(0, (extract(epoch FROM c.stopped_at - c.started_at) * 1000000)::bigint) END,
    anchor_at = CASE WHEN c.stopped_at IS NULL THEN c.started_at END,
    warn_percents = ARRAY[round(extract(epoch FROM c.warn_at - c.started_at) * 100
                                / greatest(extract(epoch FROM c.due_at - c.started_at), 1))::bigint],
    warned_percent = CASE WHEN c.warned_at IS NULL THEN 0 ELSE 100 END
FROM task t JOIN workflow_version v ON v.id = t.version_id WHERE t.id = c.task_id;

DELETE FROM sla_clock WHERE workflow_id IS NULL;

ALTER TABLE sla_clock ALTER COLUMN workflow_id SET NOT NULL, ALTER COLUMN target_us SET NOT NULL,
    ALTER COLUMN breach_us SET NOT NULL, ALTER COLUMN cycle DROP DEFAULT,
    ALTER COLUMN consumed_us DROP DEFAULT, ALTER COLUMN warn_percents DROP DEFAULT,
    ALTER COLUMN sla_version DROP DEFAULT, ALTER COLUMN warned_percent DROP DEFAULT,
    ADD CHECK (metric IN ('resolution', 'step', 'first_response')),
    ADD CHECK (state IN ('running', 'paused', 'met', 'breached', 'cancelled')),
    ADD CHECK (state = 'running' OR next_wake IS NULL),
    ADD CHECK ((state = 'running') = (anchor_at IS NOT NULL)),
    ADD CHECK ((state IN ('running', 'paused')) = (stopped_at IS NULL)),
    ADD UNIQUE (task_id, metric, cycle);

-- Of a metric one clock goes on at a time.
CREATE UNIQUE INDEX sla_clock_open ON sla_clock (task_id, metric) WHERE stopped_at IS NULL;
CREATE INDEX sla_clock_by_version ON sla_clock (workflow_id, sla_version, id) WHERE stopped_at IS NULL;

-- What happened to a clock; only added to.
CREATE TABLE sla_event (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    clock_id    bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('activate', 'apply_policy', 'pause', 'resume', 'warn',
        'breach', 'fulfil', 'cancel', 'reopen', 'recompute')),
    detail      text NOT NULL,
    consumed_us bigint NOT NULL,
    due_at      timestamptz,
    breach_at   timestamptz,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (clock_id, id)
);

INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at)
SELECT id, 'activate', '', 0, due_at, breach_at, started_at FROM sla_clock;

-- When the present cycle's breach was noticed: it stays, whatever happens to the deadline.
ALTER TABLE task ADD COLUMN sla_breached_at timestamptz;

UPDATE task t SET sla_breached_at = c.breached_at FROM sla_clock c
WHERE c.task_id = t.id AND c.breached_at IS NOT NULL;
