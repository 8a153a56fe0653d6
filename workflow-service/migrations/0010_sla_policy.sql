-- When clocks run: business hours, and policies that say which of them count, what pauses a clock, when
-- people are warned, and what a breach does.

CREATE TABLE calendar (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL CHECK (name <> ''),
    zone       text NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX calendar_by_name ON calendar (lower(name));

-- A day that differs from its weekday; without slots it is closed. Days are counted from 1970-01-01.
CREATE TABLE calendar_exception (
    calendar_id bigint NOT NULL REFERENCES calendar ON DELETE CASCADE,
    day         bigint NOT NULL,
    name        text NOT NULL,
    PRIMARY KEY (calendar_id, day)
);

-- Open hours of a weekday (0 Monday), or of the day of an exception.
CREATE TABLE calendar_slot (
    calendar_id bigint NOT NULL REFERENCES calendar ON DELETE CASCADE,
    weekday     bigint CHECK (weekday BETWEEN 0 AND 6),
    day         bigint,
    start_min   bigint NOT NULL CHECK (start_min >= 0),
    end_min     bigint NOT NULL CHECK (end_min <= 1440),
    CHECK (start_min < end_min),
    CHECK ((weekday IS NULL) <> (day IS NULL)),
    FOREIGN KEY (calendar_id, day) REFERENCES calendar_exception ON DELETE CASCADE
);

CREATE INDEX calendar_slot_by_calendar ON calendar_slot (calendar_id, weekday, start_min);
CREATE INDEX calendar_slot_by_day ON calendar_slot (calendar_id, day);

CREATE TABLE sla_policy (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text NOT NULL CHECK (name <> ''),
    calendar_id    bigint REFERENCES calendar, -- NULL: every moment counts
    warn_percents  bigint[] NOT NULL,
    pause_statuses text[] NOT NULL,
    reopen         text NOT NULL CHECK (reopen IN ('resume', 'new_cycle')),
    escalate_owner boolean NOT NULL,
    escalate_step  boolean NOT NULL,
    is_default     boolean NOT NULL,
    version        bigint NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);

CREATE UNIQUE INDEX sla_policy_by_name ON sla_policy (lower(name));
CREATE UNIQUE INDEX sla_policy_default ON sla_policy (is_default) WHERE is_default;
CREATE INDEX sla_policy_by_calendar ON sla_policy (calendar_id);

CREATE TABLE sla_response_target (
    policy_id      bigint NOT NULL REFERENCES sla_policy ON DELETE CASCADE,
    priority       text NOT NULL,
    target_minutes bigint NOT NULL CHECK (target_minutes > 0),
    PRIMARY KEY (policy_id, priority)
);

-- sla_version grows with every change that reaches the workflow's clocks; a clock with an older one is
-- computed anew. Without a policy the default one holds.
ALTER TABLE workflow ADD COLUMN sla_policy_id bigint REFERENCES sla_policy,
    ADD COLUMN sla_version bigint NOT NULL DEFAULT 1;

CREATE INDEX workflow_by_sla_policy ON workflow (sla_policy_id);
