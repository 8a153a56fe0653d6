-- Drafts are documents of their own, so that they may be incomplete and never touch what is live. A
-- version is written when it is published, and never changes after that but for being retired.

DELETE FROM workflow_version WHERE state = 'draft';
DROP INDEX workflow_version_draft;

ALTER TABLE workflow_version DROP CONSTRAINT workflow_version_state_check,
    ADD CHECK (state IN ('published', 'retired')),
    ADD COLUMN name text,
    ADD COLUMN description text,
    ADD COLUMN published_by bigint; -- NULL: the program itself

UPDATE workflow_version v SET name = w.name, description = w.description
FROM workflow w WHERE w.id = v.workflow_id;

ALTER TABLE workflow_version ALTER COLUMN name SET NOT NULL, ALTER COLUMN description SET NOT NULL;

-- revision grows with every change of the workflow or its draft. A deleted workflow stays for the
-- tasks that went by it, and gives its name away.
ALTER TABLE workflow ADD COLUMN revision bigint NOT NULL DEFAULT 1,
    ADD COLUMN deleted_at timestamptz;

DROP INDEX workflow_by_name;
CREATE UNIQUE INDEX workflow_by_name ON workflow (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE workflow_draft (
    workflow_id  bigint PRIMARY KEY REFERENCES workflow ON DELETE CASCADE,
    name         text NOT NULL CHECK (name <> ''),
    department   text,
    category     text,
    sub_category text,
    priority     text,
    doc          jsonb NOT NULL,
    edited_by    bigint,
    updated_at   timestamptz NOT NULL
);

CREATE UNIQUE INDEX workflow_draft_by_name ON workflow_draft (lower(name));

-- Tasks that still run on a version.
CREATE INDEX task_by_version ON task (version_id) WHERE current_step_id IS NOT NULL;
