-- Running clocks. next_wake is when a warning or a breach is due; NULL when nothing more can happen.

CREATE TABLE sla_clock (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id      bigint NOT NULL,
    metric       text NOT NULL CHECK (metric IN ('resolution')),
    state        text NOT NULL CHECK (state IN ('running', 'met', 'breached', 'cancelled')),
    started_at   timestamptz NOT NULL,
    warn_at      timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    breach_at    timestamptz NOT NULL,
    warned_at    timestamptz,
    breached_at  timestamptz,
    stopped_at   timestamptz,
    next_wake    timestamptz,
    UNIQUE (task_id, metric),
    CHECK (state = 'running' OR next_wake IS NULL)
);

CREATE INDEX sla_clock_by_wake ON sla_clock (next_wake) WHERE next_wake IS NOT NULL;
