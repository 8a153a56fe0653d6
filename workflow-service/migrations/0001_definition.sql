-- Workflow definitions. A version never changes once it is published; running tasks stay on theirs.

CREATE TABLE workflow (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id   uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name        text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE UNIQUE INDEX workflow_by_name ON workflow (lower(name));

-- A NULL matching field accepts every ticket.
CREATE TABLE workflow_version (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow_id  bigint NOT NULL REFERENCES workflow ON DELETE CASCADE,
    version      int NOT NULL,
    state        text NOT NULL CHECK (state IN ('draft', 'published', 'retired')),
    department   text,
    category     text,
    sub_category text,
    priority     text,
    created_at   timestamptz NOT NULL,
    published_at timestamptz,
    UNIQUE (workflow_id, version)
);

CREATE UNIQUE INDEX workflow_version_live ON workflow_version (workflow_id) WHERE state = 'published';
CREATE UNIQUE INDEX workflow_version_draft ON workflow_version (workflow_id) WHERE state = 'draft';
CREATE INDEX workflow_version_by_match ON workflow_version (lower(category), lower(department))
    WHERE state = 'published';

CREATE TABLE sla_target (
    version_id     bigint NOT NULL REFERENCES workflow_version ON DELETE CASCADE,
    priority       text NOT NULL,
    target_minutes bigint NOT NULL CHECK (target_minutes > 0),
    breach_minutes bigint NOT NULL,
    PRIMARY KEY (version_id, priority),
    CHECK (breach_minutes >= target_minutes)
);

CREATE TABLE step (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id        bigint NOT NULL REFERENCES workflow_version ON DELETE CASCADE,
    position          int NOT NULL,
    name              text NOT NULL,
    role_system       text NOT NULL,
    role_name         text NOT NULL,
    escalation_system text,
    escalation_role   text,
    weight            float8 NOT NULL CHECK (weight > 0),
    instruction       text NOT NULL DEFAULT '',
    is_start          boolean NOT NULL,
    UNIQUE (version_id, position),
    UNIQUE (version_id, name)
);

CREATE UNIQUE INDEX step_start ON step (version_id) WHERE is_start;

-- A transition leads to another step, or ends the workflow with an outcome.
CREATE TABLE transition (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id   bigint NOT NULL REFERENCES workflow_version ON DELETE CASCADE,
    name         text NOT NULL,
    from_step_id bigint NOT NULL REFERENCES step ON DELETE CASCADE,
    to_step_id   bigint REFERENCES step ON DELETE CASCADE,
    outcome      text CHECK (outcome IN ('resolved', 'rejected')),
    UNIQUE (from_step_id, name),
    CHECK ((to_step_id IS NULL) <> (outcome IS NULL))
);
