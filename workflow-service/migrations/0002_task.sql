-- Tickets as the helpdesk told them, and the work on them.
--
-- Versions, steps and people are never deleted while work refers to them, and the records of what
-- happened are only ever added beside what they tell of. Neither carries foreign keys: each would lock
-- a row on every ticket, and the rows that all tickets share would be locked by all of them at once.

CREATE TABLE ticket (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number          text NOT NULL UNIQUE,
    subject         text NOT NULL,
    description     text NOT NULL,
    category        text NOT NULL,
    sub_category    text NOT NULL,
    department      text NOT NULL,
    priority        text NOT NULL,
    status          text NOT NULL,
    requester_id    bigint,
    requester_name  text NOT NULL,
    requester_email text NOT NULL,
    is_matched      boolean NOT NULL DEFAULT true,
    rating          bigint CHECK (rating BETWEEN 1 AND 5),
    feedback        text,
    submitted_at    timestamptz NOT NULL,
    completed_at    timestamptz,
    closed_at       timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);

CREATE INDEX ticket_unmatched ON ticket (created_at) WHERE NOT is_matched;
CREATE INDEX ticket_by_requester ON ticket (requester_id);

CREATE TABLE task (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id         bigint NOT NULL UNIQUE REFERENCES ticket,
    version_id        bigint NOT NULL,
    current_step_id   bigint,
    status            text NOT NULL CHECK (status IN
        ('active', 'in_progress', 'on_hold', 'resolved', 'rejected', 'completed', 'cancelled')),
    owner_id          bigint,
    target_resolution timestamptz,
    sla_breach_at     timestamptz,
    escalated_at      timestamptz,
    escalated_by      bigint,
    resolved_at       timestamptz,
    version           bigint NOT NULL DEFAULT 1,
    submitted_at      timestamptz NOT NULL, -- the ticket's, for lists in its order
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CHECK ((current_step_id IS NULL) = (status IN ('resolved', 'rejected', 'completed', 'cancelled')))
);

CREATE INDEX task_by_owner ON task (owner_id, submitted_at DESC, id DESC) INCLUDE (status);
CREATE INDEX task_without_owner ON task (id)
    WHERE owner_id IS NULL AND current_step_id IS NOT NULL;

-- One person's turn at a step. A pooled item waits for somebody to hold the step's role.
CREATE TABLE task_item (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id       bigint NOT NULL REFERENCES task,
    step_id       bigint NOT NULL,
    assignee_id   bigint,
    status        text NOT NULL CHECK (status IN
        ('pool', 'new', 'in_progress', 'resolved', 'reassigned', 'escalated', 'cancelled')),
    origin        text NOT NULL,
    notes         text NOT NULL DEFAULT '',
    transition_id bigint,
    assigned_on   timestamptz NOT NULL,
    acted_on      timestamptz,
    target_at     timestamptz,
    CHECK (status NOT IN ('new', 'in_progress') OR assignee_id IS NOT NULL),
    CHECK (status <> 'pool' OR assignee_id IS NULL)
);

-- A running task has one open item, never two.
CREATE UNIQUE INDEX task_item_open ON task_item (task_id) WHERE status IN ('pool', 'new', 'in_progress');
CREATE INDEX task_item_by_task ON task_item (task_id, id);
CREATE INDEX task_item_by_assignee ON task_item (assignee_id, id DESC);
CREATE INDEX task_item_pool ON task_item (assigned_on) WHERE status = 'pool';

CREATE TABLE task_item_history (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    task_item_id bigint NOT NULL,
    status       text NOT NULL,
    origin       text NOT NULL,
    notes        text NOT NULL,
    actor_id     bigint,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (task_item_id, id)
);

CREATE TABLE ownership_change (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    task_id      bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('assigned', 'escalated', 'transferred', 'released')),
    old_owner_id bigint,
    new_owner_id bigint,
    actor_id     bigint,
    reason       text NOT NULL,
    urgency      text,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (task_id, id)
);

-- Whose turn it is, per purpose and role: a sequence each. Unlike a locked row, which the next ticket
-- would have to wait for until this one is committed, a sequence gives every transaction a turn of its
-- own at once; a transaction that fails gives its turn away.
CREATE TABLE assignment_cursor (
    purpose     text NOT NULL CHECK (purpose IN ('owner', 'escalation', 'step')),
    role_system text NOT NULL,
    role_name   text NOT NULL,
    turns       regclass NOT NULL,
    PRIMARY KEY (purpose, role_system, role_name)
);

CREATE SEQUENCE assignment_cursor_number;

CREATE FUNCTION assignment_cursor_ensure(for_purpose text, for_system text, for_role text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sequence_name text;
BEGIN
    PERFORM FROM assignment_cursor
    WHERE purpose = for_purpose AND role_system = for_system AND role_name = for_role;
    IF FOUND THEN
        RETURN;
    END IF;
    sequence_name := 'assignment_turn_' || nextval('assignment_cursor_number');
    EXECUTE format('CREATE SEQUENCE %I MINVALUE 0', sequence_name);
    INSERT INTO assignment_cursor VALUES (for_purpose, for_system, for_role, sequence_name::regclass)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        EXECUTE format('DROP SEQUENCE %I', sequence_name);
    END IF;
END $$;

SELECT assignment_cursor_ensure('owner', 'hdts', 'Ticket Coordinator'),
       assignment_cursor_ensure('escalation', 'hdts', 'Admin'),
       assignment_cursor_ensure('escalation', 'tts', 'Admin');

CREATE TABLE assignment_decision (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    task_id      bigint NOT NULL,
    task_item_id bigint, -- NULL: of the owner
    role_system  text NOT NULL,
    role_name    text NOT NULL,
    candidates   bigint[] NOT NULL,
    chosen_id    bigint, -- NULL: pooled
    reason       text NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (task_id, id)
);
